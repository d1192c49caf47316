"""The state of an evaluation: the calls under way, and variables whose changes a branch can take back. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from dtma_contract.discovery.consumer.values import FunctionValue, Module, Plain, Value, choose, new_number

__all__ = ["JUMPED", "LEFT", "ON", "Exhausted", "Frame", "Site", "State"]

# How a statement ends: it goes on, it leaves the function, it leaves the loop or case.
ON = "on"
LEFT = "left"
JUMPED = "jumped"
_MISSING = Plain(value=None)


class Exhausted(Exception):  # noqa: N818 - it ends an evaluation, it reports no error
    """The budget of steps is spent."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where a call stands; ``call`` tells several on one line apart."""

    file: str
    line: int
    call: int = 0


@dataclass(slots=True, eq=False)
class Frame:
    """One call under way.

    Attributes:
        module: the file of the function.
        function: the function, or None at a file's top level.
        stack: the calls that led here, outermost first.
        returns: what it has returned so far.
        made: functions that were made in it.
    """

    module: Module
    function: FunctionValue | None = None
    stack: tuple[Site, ...] = ()
    returns: list[Value] = field(default_factory=list)
    active: bool = True


class State:
    """Variables and fields, whose changes are written down while a branch is followed."""

    def __init__(self) -> None:
        self.journals: list[dict[tuple[int, str], tuple[dict[str, Value], Value]]] = []

    def write(self, container: dict[str, Value], key: str, value: Value) -> None:
        """Set a variable or field, so that it can be taken back at the end of a branch."""
        if self.journals:
            self.journals[-1].setdefault((id(container), key), (container, container.get(key, _MISSING)))
        container[key] = value

    def branches(self, bodies: Iterable[Callable[[], str]], condition: int = 0) -> str:
        """Follow each body from the present state, and join the states of those that go on.

        Args:
            bodies: what may happen, in the order of the condition's outcomes.
            condition: its number, where it is one that others may depend on.
        """
        ends: list[str] = []
        states: list[dict[tuple[int, str], Value]] = []
        containers: dict[tuple[int, str], dict[str, Value]] = {}
        for body in bodies:
            self.journals.append({})
            try:
                ends.append(body())
            finally:
                journal = self.journals.pop()
                states.append({slot: container.get(slot[1], _MISSING) for slot, (container, _) in journal.items()})
                for slot, (container, before) in journal.items():
                    containers[slot] = container
                    _restore(container, slot[1], before)
        live = [state for state, end in zip(states, ends, strict=True) if end != LEFT]
        if not live:
            return LEFT
        number = condition if condition and len(live) == len(ends) else new_number()
        for slot in {slot for state in live for slot in state}:
            container = containers[slot]
            before = container.get(slot[1], _MISSING)
            options = [state.get(slot, before) for state in live]
            self.write(container, slot[1], choose(number, options))
        return ON if any(end == ON for end in ends) else JUMPED


def _restore(container: dict[str, Value], key: str, before: Value) -> None:
    if before is _MISSING:
        container.pop(key, None)
    else:
        container[key] = before
