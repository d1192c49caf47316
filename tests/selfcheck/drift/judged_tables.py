"""Route tables of an agent that keeps the contract, and ways to break them: what the judgement is shown."""

from __future__ import annotations

from dataclasses import replace

from dtma_contract.drift.comparison import compare
from dtma_contract.drift.matching import key_of
from dtma_contract.routes import Cell, Corner, Location, Route, RouteTable, Unknown
from dtma_contract.shipped import load_contract

__all__ = [
    "CONTRACT",
    "add",
    "called",
    "change",
    "clean",
    "drift",
    "drop",
    "file_of",
    "kinds",
    "lacking",
    "move",
    "route",
    "states",
    "unread",
]

CONTRACT = load_contract()
_FILES = {"core": "src/routes/tools.ts"}


def file_of(path: str, profile: str) -> str:
    """Return the router's file of a route of the clean agent."""
    if profile in {"core", "execute"}:
        return "src/routes/tools.ts" if path.startswith("/tools") else "src/routes/service.ts"
    return f"src/routes/{profile}.ts"


def clean(corner: Corner = Corner.SOURCE, **changes) -> RouteTable:
    """Return the table of an agent that has every promised route, and no other."""
    routes = tuple(
        Route(
            operation.method,
            operation.path,
            location=None if corner is Corner.TARGET else Location(file_of(operation.path, operation.profile), line),
            middleware=("authenticate",) if operation.secured else (),
            secured=operation.secured,
        )
        for line, operation in enumerate(CONTRACT.operations, 10)
    )
    given = {"provenance": {"entry": "src/index.ts"} if corner is not Corner.TARGET else {}} | changes
    return RouteTable(corner, routes, **given)


def change(table: RouteTable, *names: str, **changes) -> RouteTable:
    """Return the table with some routes (names such as ``GET /tools``, ``/mcp*`` for all below) changed."""
    routes = tuple(replace(route, **changes) if _is_named(route, names) else route for route in table.routes)
    assert routes != table.routes
    return replace(table, routes=routes)


def drop(table: RouteTable, *names: str) -> RouteTable:
    """Return the table without some routes; a target says that it does not have them."""
    if table.corner is Corner.TARGET:
        return change(table, *names, state=Cell.ABSENT)
    routes = tuple(route for route in table.routes if not _is_named(route, names))
    assert len(routes) < len(table.routes)
    return replace(table, routes=routes)


def move(table: RouteTable, old: str, new: str) -> RouteTable:
    """Return the table with all routes below a prefix under another one."""
    moved = tuple(
        replace(route, path=(new + route.path.removeprefix(old)) or "/")
        if route.path == old or route.path.startswith(f"{old.rstrip('/')}/")
        else route
        for route in table.routes
    )
    return replace(table, routes=moved)


def add(table: RouteTable, *routes: Route, first: bool = False, **changes) -> RouteTable:
    """Return the table with further routes, and with other fields."""
    return replace(table, routes=(*routes, *table.routes) if first else (*table.routes, *routes), **changes)


def lacking(image: RouteTable, *paths: str) -> RouteTable:
    """Return an image's table that says which files are not in it."""
    files = [{"path": path, "variable": "", "file": "src/index.ts", "line": 14} for path in paths]
    return replace(image, provenance={"lacks_files": files})


def route(name: str, state: Cell = Cell.MOUNTED, place: str = "src/other.ts:7", **fields) -> Route:
    """Return a route by its name; an empty place is none."""
    method, path = name.split(" ")
    file, _, line = place.rpartition(":")
    return Route(method, path, state, Location(file, int(line)) if place else None, **fields)


def called(*names: str, unknown: tuple[Unknown, ...] = ()) -> RouteTable:
    """Return the table of a caller."""
    routes = tuple(route(name, place=f"src/client.ts:{line}") for line, name in enumerate(names, 1))
    return RouteTable(Corner.CONSUMER, routes, unknown)


def unread(corner: Corner, reason: str = "it could not be read") -> RouteTable:
    """Return the table of a corner that could not be read."""
    return RouteTable(corner, (), (Unknown(corner, "", 0, reason),))


def drift(*tables: RouteTable):
    """Return the report of some corners."""
    return compare(CONTRACT, tables)


def kinds(report) -> list[tuple[str, str, str]]:
    """Return kind, level and corner of each finding."""
    return [(found.kind, str(found.level), str(found.where)) for found in report.findings]


def states(report, name: str) -> dict[str, str]:
    """Return the words of one row by corner, without those that were not asked for."""
    (row,) = (row for row in report.rows if key_of(row.method, row.path) == key_of(*name.split(" ")))
    return {str(corner): str(cell.state) for corner, cell in row.cells.items()}


def _is_named(route: Route, names) -> bool:
    return any(
        route.path.startswith(name[:-1]) if name.endswith("*") else f"{route.method} {route.path}" == name
        for name in names
    )
