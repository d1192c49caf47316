"""Where a route first goes wrong on its way from source to image to target. Pure.

What follows from that later on the way is no problem of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from dtma_contract.drift.report import Row, RowCell
from dtma_contract.routes import Cell, Corner

__all__ = ["SERVERS", "Problem", "auth_problems", "extras", "offers", "promised_problems", "shadowed_extras"]

# The corners that serve routes, each made from the one before.
SERVERS = (Corner.SOURCE, Corner.IMAGE, Corner.TARGET)

_GONE = {Cell.ABSENT, Cell.DECLARED, Cell.SHADOWED}
_BAD = {*_GONE, Cell.CONDITIONAL}


@dataclass(frozen=True, eq=False, slots=True)
class Problem:
    """A row that goes wrong at a corner, where the corner before was well.

    Attributes:
        row: the row.
        corner: where.
        follows: the later corners that show the consequence.
    """

    row: Row
    corner: Corner
    follows: tuple[Corner, ...] = ()

    @property
    def cell(self) -> RowCell:
        """What the corner says."""
        return self.row.cells[self.corner]


def promised_problems(rows: Sequence[Row], crashed: Collection[Corner]) -> Iterator[Problem]:
    """Yield the roots of what is wrong with promised routes.

    Args:
        rows: all rows.
        crashed: corners that serve nothing, which is a finding of its own.
    """
    for row in rows:
        if row.is_promised:
            yield from _roots(row, [corner for corner in SERVERS if row.state(corner)], crashed)


def _roots(row: Row, corners: Sequence[Corner], crashed: Collection[Corner]) -> Iterator[Problem]:
    roots: list[Problem] = []
    before: Cell | None = None
    for corner in corners:
        state = row.state(corner)
        if state is None or state is Cell.UNKNOWN:
            continue
        if state in _BAD and corner not in crashed and not _is_consequence(state, before, corner):
            roots.append(Problem(row, corner))
        elif state in _BAD and roots:
            root = roots.pop()
            roots.append(Problem(row, root.corner, (*root.follows, corner)))
        before = state
    yield from roots


def _is_consequence(state: Cell, before: Cell | None, corner: Corner) -> bool:
    if before is None or before is Cell.MOUNTED:
        return False
    return corner is Corner.TARGET or state is before or before in _GONE


def offers(rows: Sequence[Row], profile: str, corner: Corner) -> bool:
    """Return whether a corner has any route of a profile."""
    return any(row.profile == profile and (cell := row.cells.get(corner)) and cell.is_served for row in rows)


def extras(rows: Sequence[Row]) -> Iterator[Problem]:
    """Yield the rows that are served and not promised, each at the first corner that serves it."""
    for row in rows:
        serving = [c for c in SERVERS if (cell := row.cells.get(c)) and cell.state in {Cell.MOUNTED, Cell.CONDITIONAL}]
        if serving and not row.is_promised:
            yield Problem(row, serving[0], tuple(serving[1:]))


def shadowed_extras(rows: Sequence[Row]) -> Iterator[Problem]:
    """Yield the rows that are not promised, and shadowed at the first corner that has them."""
    for row in rows:
        known = [corner for corner in SERVERS if row.state(corner) not in {None, Cell.UNKNOWN, Cell.ABSENT}]
        if known and not row.is_promised and row.state(known[0]) is Cell.SHADOWED:
            yield Problem(row, known[0], tuple(c for c in known[1:] if row.state(c) is Cell.SHADOWED))


def auth_problems(rows: Sequence[Row], crashed: Collection[Corner]) -> Iterator[Problem]:
    """Yield the promised rows whose authentication is not the contract's, each at the first corner that differs.

    What the target was seen to do outweighs what code looks like: a name that was not recognised is no open door.
    """
    for row in rows:
        if row.secured is None:
            continue
        live = row.cells.get(Corner.TARGET)
        proven = live is not None and live.is_served and live.secured == row.secured
        differing = [
            corner
            for corner in SERVERS
            if (cell := row.cells.get(corner))
            and corner not in crashed
            and cell.is_served
            and cell.secured not in {None, row.secured}
        ]
        if differing and not proven:
            yield Problem(row, differing[0], tuple(differing[1:]))
