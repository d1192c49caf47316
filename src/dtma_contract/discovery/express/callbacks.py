"""Callbacks of which it is not known when they are called, if at all: called once all else was."""

from __future__ import annotations

import re
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dtma_contract.discovery.express.syntax import Node
from dtma_contract.discovery.express.values import FunctionValue

if TYPE_CHECKING:
    from dtma_contract.discovery.express.machine import Machine

__all__ = ["Callbacks"]

# What a callback mentions that registers routes, or leads to it.
_SERVER_WORDS = re.compile(
    r"(?i:app|router|route|express|server|mount|regist|start|init|boot|listen|setup|load|middleware|\.use)"
)


# What registers routes itself, if it comes to that.
_REGISTERS = re.compile(
    r"(?i:app|router|routes?|server|api|express)\s*\.\s*(?:get|post|put|delete|patch|all|use|route)\("
)
# Callbacks that call for callbacks make the same one again and again, each time with another scope. What registered
# nothing so often is not expected to.
_FRUITLESS_CALLS = 24
# A call of a short function costs as much as so many steps.
_LEAST_STEPS = 20

# Where a function stands: its file, and the offset in it.
_Place = tuple[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class _Callback:
    """A callback to be called later."""

    function: FunctionValue
    node: Node
    conditions: tuple[str, ...]


class Callbacks:
    """The callbacks that wait to be called.

    Args:
        machine: the evaluation.
    """

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._first: deque[_Callback] = deque()
        self._idle: deque[_Callback] = deque()
        self._fruitless: deque[_Callback] = deque()
        # The functions are kept, so that no identity is used twice.
        self._known: dict[tuple[_Place, int], FunctionValue] = {}
        self._concerns_server: dict[_Place, bool] = {}
        self._settled: dict[int, FunctionValue] = {}
        # How often the function at a place was called and registered nothing.
        self._in_vain: Counter[_Place] = Counter()

    def remember(self, function: FunctionValue, node: Node) -> None:
        """Remember a callback of which it is not known when it is called, if at all; :meth:`run` calls it."""
        place = _place(function)
        key = (place, id(function.scope))
        if key in self._known:
            return
        self._known[key] = function
        if place not in self._concerns_server:
            self._concerns_server[place] = bool(_SERVER_WORDS.search(function.node.text))
        queue = self._first if self._concerns_server[place] else self._idle
        queue.append(_Callback(function, node, tuple(self._machine.conditions)))

    def settle(self, function: FunctionValue) -> None:
        """Forget a callback: it was seen to be called, and with what."""
        self._settled[id(function)] = function

    def run(self) -> None:
        """Call the callbacks that were remembered, and those that they lead to, as far as the limits allow.

        What may concern the server comes first. Each gets few steps; one that turns out to register, or all of them
        where nothing is registered yet, get as many as they need.
        """
        spent = 0
        while True:
            self._run_first()
            others = self._idle or self._fruitless
            if not others or spent >= self._machine.limits.idle_steps:
                break
            callback = others.popleft()
            if others is self._idle and self._is_fruitless(callback):
                continue
            before = self._machine.steps
            self._run_one(callback, self._machine.limits.idle_steps // 20)
            spent += max(self._machine.steps - before, _LEAST_STEPS)
        if others:
            reason = f"{len(self._idle) + len(self._fruitless)} callbacks, this one first, were not followed"
            self._machine.problem(others[0].node, reason, hides=False)

    def _run_first(self) -> None:
        longer: list[_Callback] = []
        while self._first or longer:
            if not self._first:
                self._run_one(longer.pop(0), self._machine.limits.speculative_steps, is_last=True)
                continue
            callback = self._first.popleft()
            if self._is_fruitless(callback):
                continue
            registrations = self._machine.registrations
            is_cut = self._run_one(callback, self._machine.limits.first_steps)
            if is_cut and (self._machine.registrations > registrations or not self._machine.has_routes()):
                longer.append(callback)
            elif is_cut:
                self._machine.problem(
                    callback.function.node, "a callback takes more steps than are spent on one", hides=False
                )

    def _is_fruitless(self, callback: _Callback) -> bool:
        """Return whether a callback must wait for all others, because its like registered nothing so often."""
        is_promising = self._in_vain[_place(callback.function)] < _FRUITLESS_CALLS
        if is_promising or _REGISTERS.search(callback.function.node.text):
            return False
        self._fruitless.append(callback)
        return True

    def _run_one(self, callback: _Callback, limit: int, *, is_last: bool = False) -> bool:
        if id(callback.function) in self._settled:
            return False
        self._machine.conditions = list(callback.conditions)
        registrations = self._machine.registrations
        is_cut = self._machine.call_unknowing(callback.function, callback.node, limit) is None
        self._machine.conditions = []
        place = _place(callback.function)
        self._in_vain[place] = 0 if self._machine.registrations > registrations else self._in_vain[place] + 1
        if is_cut and is_last:
            name = callback.function.name or "here"
            self._machine.problem(callback.function.node, f"the callback {name} takes more steps than are spent on one")
        return is_cut


def _place(function: FunctionValue) -> _Place:
    return function.node.file.path, function.node.start
