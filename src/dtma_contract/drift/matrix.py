"""Route tables become rows: one for each method and path, with what each corner says of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from dtma_contract.contract import Contract
from dtma_contract.drift.declared import declared_routes
from dtma_contract.drift.matching import (
    Key,
    covers_method,
    hides,
    is_catch_all,
    is_expression,
    is_fallback_expression,
    is_full,
    is_wildcard,
    key_of,
    may_be,
    variants,
)
from dtma_contract.drift.report import Row, RowCell
from dtma_contract.routes import (
    ALL_METHODS,
    Cell,
    Corner,
    Route,
    RouteTable,
    Unknown,
    canonical_path,
    is_partial,
    path_covers,
)

__all__ = ["contract_table", "rows_of", "unresolved_cells"]

# Several registrations of one route: the first of these words that one of them has is the cell's.
_ORDER = (Cell.MOUNTED, Cell.CONDITIONAL, Cell.UNKNOWN, Cell.SHADOWED, Cell.DECLARED, Cell.ABSENT)


def contract_table(contract: Contract) -> RouteTable:
    """Return the contract's operations as a route table."""
    return RouteTable(
        Corner.CONTRACT,
        tuple(Route(operation.method, operation.path, secured=operation.secured) for operation in contract.operations),
        provenance={"version": contract.version, "operations": len(contract.operations)},
    )


def rows_of(contract: Contract, tables: Iterable[RouteTable]) -> tuple[Row, ...]:
    """Return the rows of a comparison: the contract's first, then what else the corners have, in their order.

    Args:
        contract: the contract.
        tables: of the other corners that were asked for, one each.
    """
    given = {table.corner: table for table in sorted(tables, key=lambda table: list(Corner).index(table.corner))}
    seats = _seats(contract, list(given.values()))
    promised = {key_of(operation.method, operation.path): operation for operation in contract.operations}
    readers = {corner: _Reader(table, seats, promised.keys()) for corner, table in given.items()}
    rows = []
    for key, template in seats.items():
        operation = promised.get(key)
        contracted = RowCell(Cell.MOUNTED if operation else Cell.ABSENT)
        cells = {Corner.CONTRACT: contracted} | {corner: reader.cell(key) for corner, reader in readers.items()}
        profile, secured = (operation.profile, operation.secured) if operation else ("", None)
        rows.append(Row(key[0], template, cells, profile, secured))
    return tuple(rows)


def _seats(contract: Contract, tables: Sequence[RouteTable]) -> Mapping[Key, str]:
    """Return each row's key with the template that it is shown with."""
    seats = {key_of(operation.method, operation.path): operation.path for operation in contract.operations}
    # What a target was asked about and lacks has a row too: it is what the target claims, or others have.
    servers = [route for table in tables if table.corner is not Corner.CONSUMER for route in table.routes]
    calls = [route for table in tables if table.corner is Corner.CONSUMER for route in table.routes]
    passes = (
        [route for route in servers if is_full(route.path) and route.method != ALL_METHODS],
        [route for route in calls if is_full(route.path)],
        [route for route in servers if is_full(route.path) and route.method == ALL_METHODS],
        [route for route in (*servers, *calls) if not is_full(route.path)],
    )
    called = {id(route) for route in calls}
    for routes in passes:
        for route in routes:
            if not _is_seated(route, seats, is_call=id(route) in called):
                seats[key_of(route.method, route.path)] = route.path
    return seats


def _is_seated(route: Route, seats: Mapping[Key, str], *, is_call: bool) -> bool:
    """Return whether a row shows the route already."""
    wanted = set(variants(route.path))
    if any((route.method, path) in seats for path in wanted):
        return True
    if is_full(route.path) and not is_call and route.method != ALL_METHODS:
        return False
    for (method, path), template in seats.items():
        if route.method not in {method, ALL_METHODS}:
            continue
        if path in wanted or (not is_full(route.path) and not is_wildcard(route.path) and may_be(route, method, path)):
            return True
        if is_call and is_full(template) and (path_covers(template, route.path) or path_covers(route.path, template)):
            return True
    return False


class _Reader:
    """Reads one corner's table row by row.

    Args:
        table: the table.
        seats: all rows.
        promised: the keys of the contract's rows; only for them it is worth while to infer a prefix.
    """

    def __init__(self, table: RouteTable, seats: Mapping[Key, str], promised: Iterable[Key]) -> None:
        self._table = table
        self._promised = set(promised)
        self._templates = seats
        self._exact: dict[str, list[Route]] = {}
        for route in table.routes:
            for path in variants(route.path):
                self._exact.setdefault(path, []).append(route)
        unresolved = [route for route in table.routes if is_partial(route.path) or is_expression(route.path)]
        self._unresolved = [route for route in unresolved if route.state is not Cell.DECLARED]
        self._declared = declared_routes([route for route in unresolved if route.state is Cell.DECLARED], promised)
        self._patterns = [
            route
            for route in table.routes
            if is_full(route.path) and "{" in route.path and route.state in {Cell.MOUNTED, Cell.CONDITIONAL}
        ]
        self._expressions = [
            route
            for route in self._unresolved
            if is_expression(route.path) and not is_partial(route.path) and not is_fallback_expression(route.path)
        ]
        self._catch_alls = [
            route for route in table.routes if is_catch_all(route.path) and route.state is not Cell.DECLARED
        ]

    def cell(self, key: Key) -> RowCell:
        """Return what the corner says of a row."""
        if self._table.corner is Corner.CONSUMER:
            return self._called(key)
        exact = [route for route in self._exact.get(key[1], ()) if covers_method(route.method, key[0])]
        # A file that declares the same again is worth knowing of, where another one answers in its place.
        unmounted = self._declared.get(key)
        if self._table.crash:
            return self._crashed(key, [*exact, *([unmounted] if unmounted else [])])
        if exact:
            told = self._with_others(_told(exact, unmounted), key)
            declared = told.state is Cell.DECLARED and told.route is not None
            return replace(told, is_doubtful=self._is_doubtful(told.route)) if declared else told
        return self._not_found(key, unmounted)

    def _with_others(self, told: RowCell, key: Key) -> RowCell:
        """Return the cell with what takes its requests under another name: every method, or an expression."""
        if not told.is_served or self._table.corner is Corner.TARGET:
            return told
        every = [told.route] if told.route and told.route.method == ALL_METHODS != key[0] else []
        taking = [route for route in self._expressions if may_be(route, *key)]
        said = [
            *(f"{_named(route)} answers every method" for route in every),
            *(f"{_named(route)} takes it too" for route in taking),
        ]
        return replace(told, also=(*every, *taking), detail=told.detail or "; ".join(said))

    def _crashed(self, key: Key, declared: Sequence[Route]) -> RowCell:
        if declared:
            return RowCell(Cell.DECLARED, declared[0], f"the process ends while it loads: {self._table.crash}")
        hidden = self._hidden(key)
        return RowCell(Cell.UNKNOWN, detail=_reason(hidden)) if hidden else RowCell(Cell.ABSENT)

    def _hidden(self, key: Key) -> Unknown | None:
        """Return what may hide a row, or None where its absence is sure."""
        return next((unknown for unknown in self._table.unknown if hides(unknown, *key)), None)

    def _not_found(self, key: Key, unmounted: Route | None) -> RowCell:
        method, path = key
        template = self._templates[key]
        possible = next((route for route in self._unresolved if may_be(route, method, path)), None)
        if possible is not None:
            return RowCell(Cell.UNKNOWN, possible, f"{_named(possible)} may be it")
        if unmounted is not None:
            return RowCell(Cell.DECLARED, unmounted, unmounted.detail, is_doubtful=self._is_doubtful(unmounted))
        hidden = self._hidden(key)
        if hidden is not None:
            return RowCell(Cell.UNKNOWN, detail=_reason(hidden))
        pattern = next((route for route in self._patterns if self._stands_for(route, method, template)), None)
        if pattern is not None:
            return RowCell(Cell.UNKNOWN, pattern, f"{_named(pattern)} answers, and may stand for it")
        for route in self._catch_alls:
            if covers_method(route.method, method) and path_covers(route.path, template) and is_full(template):
                return RowCell(Cell.ABSENT, detail=f"{_named(route)} answers in its place")
        # A live agent is asked about one route after the other; code was read as a whole.
        is_live = self._table.corner is Corner.TARGET
        return RowCell(Cell.UNKNOWN, detail="it was not asked about") if is_live else RowCell(Cell.ABSENT)

    def _is_doubtful(self, route: Route | None) -> bool:
        """Return whether the reader could not tell whether the code that declares a route runs."""
        place = route.location if route else None
        return place is not None and any(
            unknown.prefix and (unknown.file, unknown.line) == (place.file, place.line)
            for unknown in self._table.unknown
        )

    def _stands_for(self, route: Route, method: str, template: str) -> bool:
        """Return whether a route with parameters takes the path of another one, and is none of the contract's."""
        return (
            covers_method(route.method, method)
            and is_full(template)
            and path_covers(route.path, template)
            and key_of(method, route.path) not in self._promised
        )

    def _called(self, key: Key) -> RowCell:
        method, path = key
        template = self._templates[key]
        sure = [
            route
            for route in self._table.routes
            if route.state is Cell.MOUNTED
            and covers_method(route.method, method)
            and (canonical_path(route.path) == path or (is_full(route.path) and path_covers(template, route.path)))
        ]
        if sure:
            return RowCell(Cell.MOUNTED, sure[0], ", ".join(dict.fromkeys(_place(route) for route in sure)))
        maybe = [
            route
            for route in self._table.routes
            if covers_method(route.method, method) and path_covers(route.path, template)
        ]
        if maybe:
            return RowCell(Cell.UNKNOWN, maybe[0], f"{_named(maybe[0])} may be it")
        hidden = self._hidden(key)
        return RowCell(Cell.UNKNOWN, detail=_reason(hidden)) if hidden else RowCell(Cell.ABSENT)


def _told(routes: Sequence[Route], unmounted: Route | None) -> RowCell:
    """Return the cell of a route that is registered at least once."""
    first = {state: next((route for route in routes if route.state is state), None) for state in _ORDER}
    answering = first[Cell.MOUNTED] or first[Cell.CONDITIONAL]
    standing = {route.location for route in routes if route.state is Cell.MOUNTED}
    # The same line, mounted twice, hides nothing.
    shadowed = next((r for r in routes if r.state is Cell.SHADOWED and r.location not in standing), None)
    if first[Cell.MOUNTED] and shadowed and shadowed.location is not None:
        return RowCell(Cell.SHADOWED, shadowed, shadowed.detail, answers=first[Cell.MOUNTED])
    chosen = answering or next(route for state in _ORDER if (route := first[state]) is not None)
    others = (*(route for route in routes if route.state is Cell.DECLARED), *([unmounted] if unmounted else []))
    return RowCell(chosen.state, chosen, chosen.detail, others=others if chosen.state is not Cell.DECLARED else ())


def _named(route: Route) -> str:
    return f"{route.method} {route.path}{f' ({route.location})' if route.location else ''}"


def _place(route: Route) -> str:
    return str(route.location) if route.location else route.raw or route.path


def _reason(unknown: Unknown) -> str:
    return f"{unknown.reason} ({unknown.file}:{unknown.line})" if unknown.file else unknown.reason


def unresolved_cells(rows: Iterable[Row]) -> Iterator[tuple[Corner, RowCell]]:
    """Yield the cells of promised rows that a route of unknown path makes unknown."""
    for row in rows:
        for corner, cell in row.cells.items():
            if row.is_promised and cell.state is Cell.UNKNOWN and cell.route is not None:
                yield corner, cell
