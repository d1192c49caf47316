"""Many rows, one root: which of the problems are explained by one thing that went wrong. Pure.

Each function takes the problems that are left, and returns groups; what is grouped is explained, and no other finding
speaks of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dtma_contract.drift.matching import Key, key_of, segments
from dtma_contract.drift.problems import Problem
from dtma_contract.drift.report import Row
from dtma_contract.routes import Cell, Corner, Location, Route, RouteTable

__all__ = ["Moved", "Stale", "moved", "renamed", "stale_rows", "stood_in_for"]

# With one route alone, two paths that end alike may be two routes.
_ENOUGH = 2


@dataclass(frozen=True, eq=False, slots=True)
class Moved:
    """Routes that are mounted under another prefix than the contract's.

    Attributes:
        expected: the contract's prefix.
        actual: the other one.
        problems: the promised rows that are missing.
        pairs: name of each promised route with the name under which it is served, and its place.
        explained: keys of all rows that have the same root.
        mount: the registration that gives them their prefix, or None where it is not known.
    """

    expected: str
    actual: str
    problems: tuple[Problem, ...]
    pairs: tuple[tuple[str, str, Location | None], ...]
    explained: frozenset[Key]
    mount: Location | None = None


def moved(problems: Sequence[Problem], table: RouteTable, rows: Sequence[Row]) -> Iterator[Moved]:
    """Yield the routers that one corner mounts under another prefix, the largest first.

    Args:
        problems: promised rows that are absent in the corner.
        table: the corner's.
        rows: all rows.
    """
    missing = {key_of(problem.row.method, problem.row.path): problem for problem in problems}
    promised = {key_of(row.method, row.path) for row in rows if row.is_promised}
    served = [route for route in table.routes if route.state in {Cell.MOUNTED, Cell.CONDITIONAL, Cell.SHADOWED}]
    extra = [route for route in served if key_of(route.method, route.path) not in promised]
    while missing:
        votes: Counter[tuple[tuple[str, ...], tuple[str, ...]]] = Counter()
        for method, path in missing:
            # A route counts once for a pair of prefixes, however often it is registered.
            votes.update({
                pair
                for route in extra
                if route.method == method and (pair := _prefixes(segments(path), segments(route.path))) is not None
            })  # fmt: skip
        # The most frequent pair; of equals the shortest, for it leaves the most to be the same.
        ranked = sorted(votes, key=lambda pair: (-votes[pair], len(pair[0]) + len(pair[1]), pair))
        groups = ((pair, _group(*pair, missing, served, extra)) for pair in ranked)
        group = next(
            (group for pair, group in groups if group and (votes[pair] >= _ENOUGH or _is_plain(*pair, group))), None
        )
        if group is None:
            return
        yield group
        for problem in group.problems:
            del missing[key_of(problem.row.method, problem.row.path)]
        extra = [route for route in extra if key_of(route.method, route.path) not in group.explained]


def _prefixes(wanted: tuple[str, ...], seen: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Return what is left of two paths without the end that they share; None where they share nothing that tells."""
    same = 0
    while same < min(len(wanted), len(seen)) and wanted[-1 - same] == seen[-1 - same]:
        same += 1
    expected, actual = wanted[: len(wanted) - same], seen[: len(seen) - same]
    if expected == actual or "{}" in (*expected, *actual):
        return None
    return expected, actual


def _is_plain(expected: tuple[str, ...], actual: tuple[str, ...], group: Moved) -> bool:
    """Return whether one route alone tells that it was moved: its end has a word, and only one prefix changed."""
    rest = segments(group.problems[0].row.path)[len(expected) :]
    return any("{" not in part for part in rest) and (not expected or not actual or len(expected) == len(actual))


def _group(
    expected: tuple[str, ...],
    actual: tuple[str, ...],
    missing: Mapping[Key, Problem],
    served: Sequence[Route],
    extra: Sequence[Route],
) -> Moved | None:
    def elsewhere(path: str, old: tuple[str, ...], new: tuple[str, ...]) -> str | None:
        parts = segments(path)
        return "/" + "/".join((*new, *parts[len(old) :])) if parts[: len(old)] == old else None

    by_key: dict[Key, list[Route]] = {}
    for route in served:
        by_key.setdefault(key_of(route.method, route.path), []).append(route)
    surely = {key_of(route.method, route.path) for route in extra}
    counterparts = {
        key: by_key[method, target]
        for key in missing
        for method, path in [key]
        if (target := elsewhere(path, expected, actual)) is not None and (method, target) in by_key
    }
    files = {
        route.location.file
        for routes in counterparts.values()
        for route in routes
        if route.location and key_of(route.method, route.path) in surely
    }
    chosen = {
        key: next((r for r in routes if r.location and r.location.file in files), routes[0])
        for key, routes in counterparts.items()
        if not files or any(r.location and r.location.file in files for r in routes)
    }
    if not chosen:
        return None
    below = {
        key_of(route.method, route.path)
        for route in served
        if elsewhere(route.path, actual, expected) is not None and route.location and route.location.file in files
    }
    return Moved(
        "/" + "/".join(expected),
        "/" + "/".join(actual),
        tuple(missing[key] for key in chosen),
        tuple((missing[key].row.name, f"{route.method} {route.path}", route.location) for key, route in chosen.items()),
        frozenset({*chosen, *(key_of(route.method, route.path) for route in chosen.values()), *below}),
        next((route.via for route in chosen.values() if route.via), None),
    )


def renamed(problems: Sequence[Problem], rows: Sequence[Row], corner: Corner) -> Mapping[Key, Row]:
    """Return what a corner serves in the place of missing routes, by the key of each: the same but for its last word.

    Only what is certain enough: of one method, below one parameter (so that both act on the same thing), and neither of
    the two could as well be paired with another route.

    Args:
        problems: promised rows that are absent in the corner.
        rows: all rows.
        corner: the corner.
    """
    extra: dict[Key, list[Row]] = {}
    for row in rows:
        cell = row.cells.get(corner)
        if not row.is_promised and cell is not None and cell.state in {Cell.MOUNTED, Cell.CONDITIONAL}:
            extra.setdefault(_without_last_word(row), []).append(row)
    missing: dict[Key, list[Row]] = {}
    for problem in problems:
        missing.setdefault(_without_last_word(problem.row), []).append(problem.row)
    return {
        key_of(wanted[0].method, wanted[0].path): extra[place][0]
        for place, wanted in missing.items()
        if place[1] and len(wanted) == 1 and len(extra.get(place, ())) == 1
    }


def _without_last_word(row: Row) -> Key:
    """Return method and path without the last segment; no path where that says nothing of what is acted on."""
    *before, last = segments(row.path) or ("",)
    return row.method, "/" + "/".join(before) if "{}" in before and not set("{*^") & set(last) else ""


@dataclass(frozen=True, eq=False, slots=True)
class Stale:
    """How the routes of an image differ from those of its source.

    Attributes:
        missing: rows that the source serves and the image does not.
        extra: rows that the image serves and the source does not.
    """

    missing: tuple[Row, ...]
    extra: tuple[Row, ...]


def stale_rows(rows: Sequence[Row]) -> Stale:
    """Return the rows in which image and source surely differ."""
    missing, extra = [], []
    for row in rows:
        source, image = row.cells.get(Corner.SOURCE), row.cells.get(Corner.IMAGE)
        if source is None or image is None or Cell.UNKNOWN in {source.state, image.state}:
            continue
        if source.state in {Cell.MOUNTED, Cell.CONDITIONAL} and image.state in {Cell.ABSENT, Cell.DECLARED}:
            missing.append(row)
        if image.state in {Cell.MOUNTED, Cell.CONDITIONAL} and source.state in {Cell.ABSENT, Cell.DECLARED}:
            extra.append(row)
    return Stale(tuple(missing), tuple(extra))


def stood_in_for(rows: Sequence[Row], corner: Corner, files: frozenset[str]) -> tuple[Row, ...]:
    """Return the promised rows that another handler answers while their own file is mounted by nothing."""
    cells = [cell for row in rows if row.is_promised and (cell := row.cells.get(corner)) is not None]
    # A registration that is missed already is that route; that another path ends like it is no answer to it.
    missed = {cell.route for cell in cells if cell.state is Cell.DECLARED and cell.route}
    return tuple(
        row
        for row in rows
        if row.is_promised
        and (cell := row.cells.get(corner)) is not None
        and any(route.location and route.location.file in files and route not in missed for route in cell.others)
    )
