"""Callbacks of which it is not known when they are called, if at all: called once all else was."""

from __future__ import annotations

import re
from collections import deque
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
        # The functions are kept, so that no identity is used twice.
        self._known: dict[tuple[str, int, int], FunctionValue] = {}

    def remember(self, function: FunctionValue, node: Node) -> None:
        """Remember a callback of which it is not known when it is called, if at all; :meth:`run` calls it."""
        key = (function.node.file.path, function.node.start, id(function.scope))
        if key not in self._known:
            self._known[key] = function
            # What may concern the server comes first.
            queue = self._first if _SERVER_WORDS.search(function.node.text) else self._idle
            queue.append(_Callback(function, node, tuple(self._machine.conditions)))

    def run(self) -> None:
        """Call the callbacks that were remembered, and those that they lead to, as far as the limits allow.

        What may concern the server comes first. Each gets few steps; one that turns out to register, or all of them
        where nothing is registered yet, get as many as they need.
        """
        longer: list[_Callback] = []
        while self._first or longer:
            if not self._first:
                self._run_one(longer.pop(0), self._machine.limits.speculative_steps, is_last=True)
                continue
            callback = self._first.popleft()
            registrations = self._machine.registrations
            is_cut = self._run_one(callback, self._machine.limits.first_steps)
            if is_cut and (self._machine.registrations > registrations or not self._machine.has_routes()):
                longer.append(callback)
            elif is_cut:
                self._machine.problem(
                    callback.function.node, "a callback takes more steps than are spent on one", hides=False
                )
        spent = 0
        while self._idle and spent < self._machine.limits.idle_steps:
            before = self._machine.steps
            self._run_one(self._idle.popleft(), self._machine.limits.idle_steps // 20)
            spent += self._machine.steps - before
        if self._idle:
            reason = f"{len(self._idle)} callbacks, this one first, were not followed"
            self._machine.problem(self._idle[0].node, reason, hides=False)
        if self._first:
            # What was followed last may have led to more of the first kind.
            self.run()

    def _run_one(self, callback: _Callback, limit: int, *, is_last: bool = False) -> bool:
        self._machine.conditions = list(callback.conditions)
        is_cut = self._machine.call_unknowing(callback.function, callback.node, limit)
        self._machine.conditions = []
        if is_cut and is_last:
            name = callback.function.name or "here"
            self._machine.problem(callback.function.node, f"the callback {name} takes more steps than are spent on one")
        return is_cut
