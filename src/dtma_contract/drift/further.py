"""Findings about authentication, routes that nobody promises, claims and callers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dtma_contract.drift.grouping import Judged
from dtma_contract.drift.matching import Key, covers_method, is_catch_all, is_full, segments
from dtma_contract.drift.problems import SERVERS, Problem, auth_problems, extras
from dtma_contract.drift.report import NEVER_BLOCKING, Row
from dtma_contract.drift.wording import agreeing, counted, fault_of, finding, followed, listed, place_of, the
from dtma_contract.routes import Cell, Corner, Location, path_covers
from dtma_contract.verdict import Level

__all__ = ["judge_authentication", "judge_callers", "judge_claims", "judge_extras", "judge_files"]

# A browser asks before it sends; to answer that is no route of an API.
_OF_BROWSERS = {"OPTIONS"}

# Where the agent lists its own routes.
_CLAIMING = ("GET", "/")


def judge_authentication(judged: Judged) -> None:
    """Find promised routes whose authentication is not the contract's."""
    groups: dict[tuple[Corner, bool], list[Problem]] = {}
    for problem in auth_problems(judged.rows, judged.crashed):
        if not judged.is_explained(problem):
            groups.setdefault((problem.corner, bool(problem.row.secured)), []).append(problem)
    for (corner, should_ask), group in groups.items():
        seen = Corner.TARGET in {corner, *(later for problem in group for later in problem.follows)}
        is_core = any(problem.row.profile == "core" for problem in group)
        middleware = listed(name for problem in group if (r := problem.cell.route) for name in r.middleware)
        runs = f" What runs before it: {middleware}." if middleware else ""
        judged.add(
            finding(
                "auth-differs",
                [problem.row for problem in group],
                corner,
                title=f"{counted(group)} {agreeing(group, 'lets', 'let')} everyone in, and should ask for a token."
                if should_ask
                else f"{counted(group)} {agreeing(group, 'asks', 'ask')} for a token, and should be open.",
                detail=f"Expected: {'a' if should_ask else 'no'} token is asked for, as the contract has it; "
                f"seen in {the(corner)}: {'none is' if should_ask else 'one is'}.{runs}{followed(group)}",
                # Code that seems to ask may let public paths through; only the target tells for sure.
                level=Level.MUST if should_ask or (seen and is_core) else Level.SHOULD,
                location=fault_of(group),
                places=map(place_of, group),
            )
        )


def judge_extras(judged: Judged) -> None:
    """Find routes that are served and not promised, one finding for each file."""
    promised = [row for row in judged.rows if row.is_promised]
    groups: dict[tuple[Corner, str], list[Problem]] = {}
    for problem in extras(judged.rows):
        row, place = problem.row, place_of(problem)
        if judged.is_explained(problem) or row.method in _OF_BROWSERS or _is_fallback(row, promised):
            continue
        groups.setdefault((problem.corner, place.file if place else ""), []).append(problem)
    for (corner, file), group in groups.items():
        rows = [problem.row for problem in group]
        called = [row.name for row in rows if row.state(Corner.CONSUMER) is Cell.MOUNTED]
        used = f" Callers use {listed(called)}." if called else ""
        lacking = [c for c in SERVERS if c is not corner and all(row.state(c) is Cell.ABSENT for row in rows)]
        only = f" {the(lacking[0]).capitalize()} does not have {agreeing(rows, 'it', 'them')}." if lacking else ""
        judged.add(
            finding(
                "undocumented",
                rows,
                corner,
                title=f"{the(corner).capitalize()} serves {counted(rows)} that the contract does not promise"
                f"{f', in {file}' if file else ''}.",
                detail=f"Expected: promised by the contract, or not served; seen: served.{used}{only}{followed(group)}",
                places=map(place_of, group),
            )
        )


def _is_fallback(row: Row, promised: Sequence[Row]) -> bool:
    """Return whether a route only answers what is left over below promised paths."""
    if is_full(row.path):
        return False
    if not is_catch_all(row.path):
        # Part of its path is unknown, or an expression: it may be anything, and is said to be unknown elsewhere.
        return True
    fixed = segments(row.path)[:-1]
    return any(segments(other.path)[: len(fixed)] == fixed for other in promised)


def judge_files(judged: Judged) -> None:
    """Find files that the program needs and its image lacks."""
    image = judged.tables.get(Corner.IMAGE)
    # A program that ends before reads nothing.
    lacking = list(image.provenance.get("lacks_files", ())) if image and not image.crash else []
    if not lacking:
        return
    paths = listed(needed["path"] for needed in lacking)
    variables = listed(needed["variable"] for needed in lacking if needed["variable"])
    named = f" The image does not set {variables}, which may name another." if variables else ""
    judged.add(
        finding(
            "missing-configuration",
            [],
            Corner.IMAGE,
            title=f"The program ends where it cannot read {paths}, and the image has no such file.",
            detail=f"Expected: {paths} in the image, or a program that does without; seen: it is read, and a failure "
            f"ends the process.{named}",
            places=[Location(needed["file"], needed["line"]) for needed in lacking],
        )
    )


def judge_claims(judged: Judged) -> None:
    """Find where the list that the target gives of its own routes is wrong."""
    target = judged.tables.get(Corner.TARGET)
    claims = _claims(target.provenance if target else {})
    rows = [row for row in judged.rows if is_full(row.path)]
    claimed = {claim: [row for row in rows if _claims_row(claim, row)] for claim in claims}
    wrong = [
        row
        for named in claimed.values()
        if named and {row.state(Corner.TARGET) for row in named} == {Cell.ABSENT}
        for row in named
        if not _has_finding(judged, row)
    ]
    silent = [
        row
        for row in rows
        if row.is_promised
        and row.state(Corner.TARGET) is Cell.MOUNTED
        and (row.method, row.path) != _CLAIMING
        and not any(_claims_row(claim, row) for claim in claims)
    ]
    if not claims or not (wrong or silent):
        return
    said = [
        *([f"It claims {listed(row.name for row in wrong)}, absent on the target."] if wrong else []),
        *([f"It does not name {listed(row.name for row in silent)}, mounted on the target."] if silent else []),
    ]
    judged.add(
        finding(
            "claims-differ",
            [*wrong, *silent],
            Corner.TARGET,
            title=f"GET / is wrong about {counted([*wrong, *silent])} of the target.",
            detail=f"Expected: the routes that are mounted; seen: {' '.join(said)}",
        )
    )


def _claims(provenance: Mapping[str, Any]) -> tuple[Key, ...]:
    """Return method and path template of each route that the target claims."""
    claims = provenance.get("claims")
    return tuple(dict.fromkeys((str(method), str(path)) for method, path in claims)) if claims else ()


def _claims_row(claim: Key, row: Row) -> bool:
    return covers_method(claim[0], row.method) and path_covers(claim[1], row.path)


def _has_finding(judged: Judged, row: Row) -> bool:
    """Return whether a finding speaks of the row already."""
    return any(row.name in found.routes for found in judged.findings)


def judge_callers(judged: Judged) -> None:
    """Find calls that nobody answers, and say what nobody calls."""
    if Corner.CONSUMER not in judged.tables:
        return
    for row in judged.rows:
        if row.state(Corner.CONSUMER) is Cell.MOUNTED and is_full(row.path) and not _has_finding(judged, row):
            _called(judged, row)
    unused = [row for row in judged.rows if row.is_promised and row.state(Corner.CONSUMER) is Cell.ABSENT]
    if unused:
        judged.add(
            finding(
                NEVER_BLOCKING,
                unused,
                Corner.CONSUMER,
                title=f"{counted(unused)} of the contract {agreeing(unused, 'is', 'are')} used by none of the "
                "callers given.",
                detail="Said for completeness.",
            )
        )


def _called(judged: Judged, row: Row) -> None:
    states = [state for corner in SERVERS if (state := row.state(corner)) is not None]
    if any(state in {Cell.MOUNTED, Cell.CONDITIONAL, Cell.SHADOWED} for state in states):
        return
    # What is promised is a finding only where it is known that nobody serves it.
    if row.is_promised and (not states or Cell.UNKNOWN in states):
        return
    call = row.cells[Corner.CONSUMER]
    nobody = "is promised, and served by nobody" if row.is_promised else "nobody promises"
    # A corner that surely lacks it is enough: a target is not asked about everything.
    is_unsure = bool(states) and set(states) == {Cell.UNKNOWN}
    judged.add(
        finding(
            "called-but-absent",
            [row],
            Corner.CONSUMER,
            title=f"A caller uses {row.name}, which {nobody}.",
            detail=f"Called at {call.detail or 'a place that is not known'}; "
            f"{_served(states)}; expected: a route of the contract that is served.",
            level=Level.SHOULD if is_unsure else Level.MUST,
            places=_places([call.route.location] if call.route else ()),
        )
    )


def _served(states: Iterable[Cell]) -> str:
    known = list(states)
    if not known:
        return "no server was looked at"
    return "whether it is served could not be told" if set(known) == {Cell.UNKNOWN} else "nobody was seen to serve it"


def _places(places: Iterable[Any]) -> list[Any]:
    return [place for place in places if place is not None]
