"""What the sides of a branch write is undone and joined; what calls gave is kept while nothing changed. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from dtma_contract.discovery.express.values import BIRTHS, ObjectValue, Value, either

__all__ = ["Memory", "Side", "call_key"]

_MISSING: Any = object()


@dataclass(frozen=True, slots=True)
class _Entry:
    """A place that was written to: a key of a container with its number, and the value of before."""

    container: dict[Any, Any]
    born: int
    key: Any
    old: Any


@dataclass(slots=True)
class Side:
    """What one side of a branch wrote to what was there before it.

    Attributes:
        condition: under which it runs, or empty.
        born: everything with a lower number was there before.
        entries: what was written to, by place.
        after: what stood there in the end, by place.
        has_left: whether control does not come back behind the branch.
    """

    condition: str
    born: int
    entries: dict[tuple[int, Any], _Entry] = field(default_factory=dict)
    after: dict[tuple[int, Any], Any] = field(default_factory=dict)
    has_left: bool = False


class Memory:
    """The writes of the branches under way, and the results of calls that had no effect."""

    def __init__(self) -> None:
        self._sides: list[Side] = []
        self._results: dict[Any, tuple[Any, ...]] = {}
        self._kept_since: list[tuple[int, Any]] = []

    def store(self, container: dict[Any, Value], born: int, key: Any, value: Value) -> None:
        """Store a value, so that the branch under way can take it back.

        Args:
            container: the members or names.
            born: the number of what has them.
            key: the name.
            value: the value.
        """
        if container.get(key, _MISSING) is not value:
            self.forget(born)
        # What was made inside of a branch is not there without it.
        if self._sides and born < self._sides[-1].born:
            self._sides[-1].entries.setdefault(
                (id(container), key), _Entry(container, born, key, container.get(key, _MISSING))
            )
        container[key] = value

    # -- branches

    def begin(self, condition: str) -> Side:
        """Begin a side of a branch; :meth:`end` must follow, whatever comes between."""
        side = Side(condition, next(BIRTHS))
        self._sides.append(side)
        return side

    def end(self) -> None:
        """End the innermost side."""
        self._sides.pop()

    def undo(self, side: Side) -> None:
        """Put back what was there before a side that has ended."""
        side.after = {place: entry.container.get(entry.key, _MISSING) for place, entry in side.entries.items()}
        for entry in side.entries.values():
            if entry.old is _MISSING:
                entry.container.pop(entry.key, None)
            else:
                entry.container[entry.key] = entry.old
            self.forget(entry.born)

    def join(self, sides: Sequence[Side]) -> None:
        """Store what the sides of a branch wrote, as choices between them, where control comes back behind it."""
        places = {place: entry for side in sides for place, entry in side.entries.items()}
        for place, entry in places.items():
            values = [(side.condition, side.after.get(place, entry.old)) for side in sides if not side.has_left]
            kept = [(condition, value) for condition, value in values if value is not _MISSING]
            if kept:
                value = either(*kept) if len(values) > 1 else kept[0][1]
                self.store(entry.container, entry.born, entry.key, value)

    # -- what calls gave

    def recall(self, key: Any) -> tuple[Any, ...] | None:
        """Return the result of a call that would do and give the same again, with what it was made with, or None."""
        return self._results.get(key)

    def keep(self, key: Any, result: Value, *made_with: Any) -> None:
        """Keep what a call without effect gave, and what it was made with, so that no identity is used twice."""
        self._results[key] = (result, *made_with)
        self._kept_since.append((next(BIRTHS), key))

    def forget(self, born: int) -> None:
        """Forget what calls gave that may have read what changes now: it was there before they were made."""
        while self._kept_since and self._kept_since[-1][0] > born:
            self._results.pop(self._kept_since.pop()[1], None)


def call_key(place: tuple[str, int], scope: object, this: Value, arguments: Sequence[Value] | None) -> Any:
    """Return what tells a call from others: the function's place and scope, and what it is given."""
    given = tuple(map(_identity, arguments)) if arguments is not None else None
    return (place, id(scope), _identity(this), given)


def _identity(value: Value) -> Any:
    if isinstance(value, str | int | float | bool):
        return value
    return id(value) if isinstance(value, ObjectValue) else type(value).__name__
