"""Which promised routes a router that nothing mounts would serve: its prefix is not known, and is inferred. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from dtma_contract.drift.matching import Key, segments
from dtma_contract.routes import ALL_METHODS, UNRESOLVED, Route

__all__ = ["declared_routes"]

# A prefix: the segments in front of what the file itself knows.
_Prefix = tuple[str, ...]

# The routes of one file, each with what it knows of its path.
_Declared = Sequence[tuple[Route, tuple[str, ...]]]


def declared_routes(routes: Iterable[Route], seats: Iterable[Key]) -> Mapping[Key, Route]:
    """Return by row the declared route that would serve it.

    The routes of one file are mounted together. So the prefix that makes most of them a row is taken for its own; where
    several do equally well, each is taken, but only for paths that have a word of their own: ``/{?}/{id}`` may be
    anything.

    Args:
        routes: declared, with an unresolved part in their paths.
        seats: the rows.
    """
    left = {(method, path): segments(path) for method, path in seats}
    files = [
        [(route, suffix) for route in group if (suffix := _suffix(route.path)) is not None]
        for _file, group in groupby(sorted(routes, key=_file_of), _file_of)
    ]
    found: dict[Key, Route] = {}
    # The clearest first, so that what is left to a doubtful one is what no other file serves.
    while files:
        clearest = min(files, key=lambda declared: _doubt(declared, left))
        files.remove(clearest)
        served = _served(clearest, left)
        found |= served
        left = {key: row for key, row in left.items() if key not in served}
    return found


def _doubt(declared: _Declared, rows: Mapping[Key, tuple[str, ...]]) -> tuple[int, int]:
    votes = _votes(declared, rows)
    best = max(votes.values(), default=0)
    return sum(count == best for count in votes.values()), -best


def _votes(declared: _Declared, rows: Mapping[Key, tuple[str, ...]]) -> Counter[_Prefix]:
    return Counter(
        prefix
        for route, suffix in declared
        for prefix in {_prefix(row, suffix) for (method, _), row in rows.items() if _same(route.method, method)}
        if prefix is not None
    )


def _served(declared: _Declared, rows: Mapping[Key, tuple[str, ...]]) -> dict[Key, Route]:
    votes = _votes(declared, rows)
    best = max(votes.values(), default=0)
    chosen = {prefix for prefix, count in votes.items() if count == best}
    served: dict[Key, Route] = {}
    for key, row in rows.items():
        for route, suffix in declared:
            is_clear = len(chosen) == 1 or any("{" not in part for part in suffix)
            if _same(route.method, key[0]) and is_clear and _prefix(row, suffix) in chosen:
                served.setdefault(key, route)
    return served


def _file_of(route: Route) -> str:
    return route.location.file if route.location else ""


def _same(method: str, asked: str) -> bool:
    return method in {asked, ALL_METHODS}


def _suffix(path: str) -> tuple[str, ...] | None:
    """Return what follows the unresolved part at the beginning; None where such a part stands elsewhere."""
    parts = segments(path)
    return parts[1:] if parts and parts[0] == UNRESOLVED and all(UNRESOLVED not in part for part in parts[1:]) else None


def _prefix(row: tuple[str, ...], suffix: tuple[str, ...]) -> _Prefix | None:
    """Return what stands in front of the suffix in a row, or None where the row ends otherwise."""
    cut = len(row) - len(suffix)
    return row[:cut] if cut >= 0 and row[cut:] == suffix else None
