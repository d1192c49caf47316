"""Findings about routes that the contract promises, one for each root. Pure."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from dtma_contract.drift.freshness import Freshness
from dtma_contract.drift.matching import Key, key_of
from dtma_contract.drift.problems import SERVERS, Problem, offers, promised_problems, shadowed_extras
from dtma_contract.drift.report import DriftFinding, Row
from dtma_contract.drift.roots import Moved, Stale, moved, renamed, stale_rows, stood_in_for
from dtma_contract.drift.wording import agreeing, counted, fault_of, finding, followed, listed, place_of, the
from dtma_contract.routes import Cell, Corner, Location, RouteTable
from dtma_contract.verdict import Level

__all__ = ["Judged", "judge_promises"]

# More files than these are counted in a title; the remedy names them all.
_NAMED_FILES = 2

_MISSING = {Corner.SOURCE: "missing-in-source", Corner.IMAGE: "missing-in-image", Corner.TARGET: "missing-on-target"}
_VERBS = {Corner.SOURCE: "does not register", Corner.IMAGE: "does not have", Corner.TARGET: "does not answer on"}


class Judged:
    """What has been found so far, and which rows it explains.

    Args:
        rows: all rows.
        tables: by corner.
    """

    def __init__(self, rows: Sequence[Row], tables: Mapping[Corner, RouteTable]) -> None:
        self.rows = rows
        self.tables = tables
        self.crashed = frozenset(corner for corner, table in tables.items() if table.crash)
        self.findings: list[DriftFinding] = []
        self._explained: dict[Corner, set[Key]] = {}

    def add(self, found: DriftFinding) -> None:
        """Note a finding."""
        self.findings.append(found)

    def explain(self, corner: Corner, keys: Iterable[Key]) -> None:
        """Note that whatever is odd about these routes, at this corner and after it, has its finding."""
        for later in SERVERS[SERVERS.index(corner) :]:
            self._explained.setdefault(later, set()).update(keys)

    def is_explained(self, problem: Problem) -> bool:
        """Return whether a problem has its finding."""
        return key_of(problem.row.method, problem.row.path) in self._explained.get(problem.corner, ())


def judge_promises(judged: Judged, freshness: Freshness) -> None:
    """Find what is wrong with promised routes in source, image and target.

    Args:
        judged: takes the findings.
        freshness: how the image's commit stands to the source's.
    """
    _crashes(judged)
    problems = list(promised_problems(judged.rows, judged.crashed))
    _stale(judged, freshness)
    problems = [problem for problem in problems if not judged.is_explained(problem)]
    for corner in SERVERS:
        if corner in judged.tables:
            _moved(judged, [p for p in problems if p.corner is corner and p.cell.state is Cell.ABSENT])
    _declared(judged, _left(judged, problems, Cell.DECLARED))
    _shadowed(judged, [*_left(judged, problems, Cell.SHADOWED), *_left_extras(judged)])
    _conditional(judged, _left(judged, problems, Cell.CONDITIONAL))
    _missing(judged, _left(judged, problems, Cell.ABSENT))
    _missing_extras(judged)


def _left(judged: Judged, problems: Sequence[Problem], state: Cell) -> list[Problem]:
    return [problem for problem in problems if problem.cell.state is state and not judged.is_explained(problem)]


def _left_extras(judged: Judged) -> list[Problem]:
    return [problem for problem in shadowed_extras(judged.rows) if not judged.is_explained(problem)]


def _grouped(problems: Iterable[Problem], key: Callable[[Problem], Hashable]) -> Iterator[list[Problem]]:
    groups: dict[Hashable, list[Problem]] = {}
    for problem in problems:
        groups.setdefault((problem.corner, key(problem)), []).append(problem)
    yield from groups.values()


def _crashes(judged: Judged) -> None:
    corners = [corner for corner in SERVERS if corner in judged.crashed]
    if not corners:
        return
    corner, *also = corners
    table = judged.tables[corner]
    more = f" {the(also[0]).capitalize()} ends likewise." if also else ""
    served = [row for row in judged.rows if row.is_promised and row.state(corner) is Cell.DECLARED]
    lost = f" It has {counted(served)} of the contract." if served else ""
    judged.add(
        finding(
            "crashes-at-load",
            [],
            corner,
            title=f"The service ends while it loads, so that {the(corner)} serves no route at all.",
            detail=f"{table.crash.rstrip('.')}.{lost}{more}",
            location=table.crash_location,
        )
    )


def _stale(judged: Judged, freshness: Freshness) -> None:
    differing = stale_rows(judged.rows)
    both_ways = differing.missing and differing.extra
    if not {Corner.SOURCE, Corner.IMAGE} <= judged.tables.keys() or not (freshness.is_behind or both_ways):
        return
    if judged.crashed and not freshness.is_behind:
        return
    rows = [*differing.missing, *differing.extra]
    places = [cell.route.location for row in differing.missing if (cell := row.cells[Corner.SOURCE]).route]
    judged.add(
        finding(
            "stale-image",
            rows,
            Corner.IMAGE,
            title=freshness.title or "The image was built from another state of the source: routes differ both ways.",
            detail=_stale_detail(differing, freshness),
            places=places,
            placed_in=Corner.SOURCE,
            lists_routes=False,
        )
    )
    # Whatever else differs between the two has this one root.
    judged.explain(Corner.IMAGE, (key_of(row.method, row.path) for row in rows))
    judged.explain(Corner.IMAGE, (key_of(r.method, r.path) for r in judged.rows if _differs_from_source(r)))


def _stale_detail(differing: Stale, freshness: Freshness) -> str:
    said = [freshness.detail] if freshness.detail else []
    for rows, words in ((differing.missing, "lacks"), (differing.extra, "still has")):
        if rows:
            said.append(f"The image {words} {listed(row.name for row in rows)}.")
    if not differing.missing and not differing.extra:
        said.append("Their routes are the same; what else differs was not compared.")
    return " ".join(said)


def _differs_from_source(row: Row) -> bool:
    source, image = row.cells.get(Corner.SOURCE), row.cells.get(Corner.IMAGE)
    return source is not None and image is not None and (
        source.state is not image.state or source.secured != image.secured
    )  # fmt: skip


def _moved(judged: Judged, problems: Sequence[Problem]) -> None:
    if not problems:
        return
    corner = problems[0].corner
    for group in moved(problems, judged.tables[corner], judged.rows):
        judged.add(_moved_finding(group, corner))
        judged.explain(corner, group.explained)


def _moved_finding(group: Moved, corner: Corner) -> DriftFinding:
    pairs = "; ".join(f"{seen} in place of {wanted}" for wanted, seen, _place in group.pairs)
    places = [place for _wanted, _seen, place in group.pairs]
    count = counted(group.pairs)
    file = next((place.file for place in places if place), "")
    return finding(
        "prefix-differs",
        [problem.row for problem in group.problems],
        corner,
        title=f"{count}{f' of {file}' if file else ''} {agreeing(group.pairs, 'is', 'are')} mounted under "
        f"{group.actual} in place of {group.expected}.",
        detail=f"Expected below {group.expected}, as the contract has it; seen: {pairs}.{followed(group.problems)}",
        location=group.mount,
        places=places,
        lists_routes=False,
        remedy=f"Mount {file or 'the router'} so that its routes begin with {group.expected}, or change contract and "
        "callers together.",
    )


def _declared(judged: Judged, problems: Sequence[Problem]) -> None:
    for corner in SERVERS:
        groups = list(_grouped((p for p in problems if p.corner is corner), _file))
        if len(groups) > 1 and _is_stub(judged, corner, groups):
            groups = [[problem for group in groups for problem in group]]
        for group in groups:
            _declared_finding(judged, corner, group)


def _file(problem: Problem) -> str:
    place = place_of(problem)
    return place.file if place else ""


def _is_stub(judged: Judged, corner: Corner, groups: Sequence[Sequence[Problem]]) -> bool:
    """Return whether whatever is mounted stands in one file, and none of it in the files that are not mounted."""
    table = judged.tables[corner]
    serving = {
        route.location.file
        for route in table.routes
        if route.location and route.state in {Cell.MOUNTED, Cell.CONDITIONAL}
    }
    return len(serving) <= 1 and serving.isdisjoint(_file(problem) for group in groups for problem in group)


def _declared_finding(judged: Judged, corner: Corner, group: Sequence[Problem]) -> None:
    files = list(dict.fromkeys(map(_file, group)))
    stand_ins = stood_in_for(judged.rows, corner, frozenset(files))
    entry = str(judged.tables[corner].provenance.get("entry") or "the entry point")
    named = listed(file or "a file that is not known" for file in files)
    title = named if len(files) <= _NAMED_FILES else f"{len(files)} files"
    answered = f"{listed(row.name for row in stand_ins)} {agreeing(stand_ins, 'is', 'are')} answered"
    instead = f" {answered} by another handler in the meantime." if stand_ins else ""
    # Routers of several files at once are those of a stub, which is started in place of the right entry point.
    if len(files) == 1 and _is_of_other_source(judged, corner, group):
        judged.add(
            finding(
                "missing-in-image",
                [problem.row for problem in group],
                corner,
                title=f"The image does not mount {counted(group)} that its source mounts.",
                detail="Expected: mounted, as the contract promises and the source has it; seen: declared, and reached "
                f"by no mount: the image was built from another state of the source.{instead}{followed(group)}",
                places=map(place_of, group),
                remedy="Build the image again from this source.",
            )
        )
        judged.explain(corner, (key_of(row.method, row.path) for row in stand_ins))
        return
    is_doubtful = all(problem.cell.is_doubtful for problem in group)
    doubt = " Whether that code runs could not be told for sure." if is_doubtful else ""
    judged.add(
        finding(
            "declared-not-mounted",
            [problem.row for problem in group],
            corner,
            title=f"{title} {agreeing(files, 'declares', 'declare')} {counted(group)} that {entry} mounts nowhere.",
            detail="Expected: mounted, as the contract promises; seen: declared, and reached by no mount."
            f"{doubt}{instead}{followed(group)}",
            level=Level.SHOULD if is_doubtful else Level.MUST,
            places=map(place_of, group),
            remedy=f"Mount {named} in {entry}, or start the entry point that does.",
        )
    )
    judged.explain(corner, (key_of(row.method, row.path) for row in stand_ins))


def _is_of_other_source(judged: Judged, corner: Corner, group: Sequence[Problem]) -> bool:
    """Return whether the source mounts what the image does not, both from the same entry point."""
    if corner is not Corner.IMAGE or any(problem.row.state(Corner.SOURCE) is not Cell.MOUNTED for problem in group):
        return False
    entries = [str(judged.tables[where].provenance.get("entry") or "") for where in (Corner.SOURCE, corner)]
    # Compiled, the entry has another folder and suffix. Another name: the entry point is the fault.
    source, image = (PurePosixPath(entry).stem for entry in entries)
    return bool(source) and source == image


def _shadowed(judged: Judged, problems: Sequence[Problem]) -> None:
    for unordered in _grouped(problems, lambda problem: problem.cell.detail):
        group = sorted(unordered, key=lambda problem: not problem.row.is_promised)
        promised = [problem.row for problem in group if problem.row.is_promised]
        # A fallback that never runs is missed by nobody.
        if not promised and all("*" in problem.row.path for problem in group):
            continue
        detail = group[0].cell.detail.rstrip(".") or "an earlier route answers first"
        opened = [
            problem.row
            for problem in group
            if (route := problem.cell.route) and route.secured and problem.cell.secured is False
        ]
        lost = f" What answers asks for no token: {listed(row.name for row in opened)}." if opened else ""
        judged.add(
            finding(
                "shadowed",
                [problem.row for problem in group],
                group[0].corner,
                title=f"{counted(group)} never answer{'s' * (len(group) == 1)}: {detail}.",
                detail=f"Expected: the handler that was written for it answers; seen: {detail}.{lost}{followed(group)}",
                level=Level.MUST if promised else Level.SHOULD,
                location=fault_of(group),
                places=map(place_of, group),
            )
        )
        judged.explain(group[0].corner, (key_of(p.row.method, p.row.path) for p in group))


def _conditional(judged: Judged, problems: Sequence[Problem]) -> None:
    for group in _grouped(problems, lambda problem: problem.cell.detail):
        detail = group[0].cell.detail.rstrip(".") or "under a condition that is not known"
        condition = detail if detail.startswith(("only if ", "under ")) else f"only if {detail}"
        is_core = any(problem.row.profile == "core" for problem in group)
        is_old = group[0].corner is Corner.IMAGE and all(p.row.state(Corner.SOURCE) is Cell.MOUNTED for p in group)
        judged.add(
            finding(
                "conditional",
                [problem.row for problem in group],
                group[0].corner,
                title=f"{counted(group)} {agreeing(group, 'is', 'are')} mounted {condition}.",
                detail=f"Expected: mounted always, as the contract promises; seen in {the(group[0].corner)}: "
                f"mounted {condition}.{followed(group)}",
                level=Level.MUST if is_core else Level.SHOULD,
                location=fault_of(group),
                remedy="Build the image again from this source, which mounts it always." if is_old else "",
                places=map(place_of, group),
            )
        )


def _missing(judged: Judged, problems: Sequence[Problem]) -> None:
    for group in _grouped(problems, lambda problem: problem.row.profile):
        corner, profile = group[0].corner, group[0].row.profile
        level = _weight(judged, profile, corner)
        if level is None:
            continue
        rows = [problem.row for problem in group]
        in_place = renamed([problem for problem in problems if problem.corner is corner], judged.rows, corner)
        in_place = {key: row for key, row in in_place.items() if any(key == _key(one) for one in rows)}
        neighbour = _neighbour(judged.tables[corner], rows[0])
        beside = f" Routes beside it are registered at {neighbour}." if neighbour else ""
        instead = listed(problem.cell.detail for problem in group if problem.cell.detail)
        judged.add(
            finding(
                _MISSING[corner],
                rows,
                corner,
                title=f"{the(corner).capitalize()} {_VERBS[corner]} {counted(rows)} of the profile {profile}.",
                detail=f"Expected: mounted, as {_expected_by(rows[0], corner)}; seen: absent"
                f"{f', {instead}' if instead else ''}.{_in_place_of(rows, in_place)}{beside}{followed(group)}",
                level=level,
                location=_only_place(rows, in_place, corner) or neighbour,
            )
        )
        # A route that was renamed is one thing that is wrong, not two.
        judged.explain(corner, map(_key, in_place.values()))


def _key(row: Row) -> Key:
    return key_of(row.method, row.path)


def _in_place_of(rows: Sequence[Row], in_place: Mapping[Key, Row]) -> str:
    told = listed(f"{other.name} in place of {row.name}" for row in rows if (other := in_place.get(_key(row))))
    return f" Served there, as if renamed: {told}." if told else ""


def _only_place(rows: Sequence[Row], in_place: Mapping[Key, Row], corner: Corner) -> Location | None:
    """Return where the one route that is missing is registered under another name."""
    other = in_place.get(_key(rows[0])) if len(rows) == 1 else None
    route = other.cells[corner].route if other else None
    return route.location if route else None


def _weight(judged: Judged, profile: str, corner: Corner) -> Level | None:
    """Return how much a missing route weighs; None where a build may lack its whole profile."""
    if profile == "core" or offers(judged.rows, profile, corner):
        return Level.MUST
    return Level.SHOULD if any(offers(judged.rows, profile, other) for other in SERVERS) else None


def _expected_by(row: Row, corner: Corner) -> str:
    having = [
        the(other)
        for other in (Corner.CONTRACT, *SERVERS)
        if other is not corner and (cell := row.cells.get(other)) and cell.is_served
    ]
    return f"{' and '.join(having)} {'have' if len(having) > 1 else 'has'} it"


def _neighbour(table: RouteTable, row: Row) -> Location | None:
    """Return where the route that has the most of its path in common is registered."""
    wanted = [part for part in row.path.split("/") if part]

    def shared(path: str) -> int:
        parts = [part for part in path.split("/") if part]
        return next((i for i, pair in enumerate(zip(wanted, parts, strict=False)) if pair[0] != pair[1]), len(parts))

    placed = [(shared(route.path), route.location) for route in table.routes if route.location]
    return max(placed, key=lambda pair: pair[0], default=(0, None))[1]


def _missing_extras(judged: Judged) -> None:
    """Find what image or target lack that the contract does not promise, but the source has."""
    rows = [
        Problem(row, Corner.IMAGE)
        for row in judged.rows
        if not row.is_promised
        and (source := row.cells.get(Corner.SOURCE))
        and source.state is Cell.MOUNTED
        and "*" not in row.path
        and row.state(Corner.IMAGE) is Cell.ABSENT
        and Corner.IMAGE not in judged.crashed
    ]
    left = [problem.row for problem in rows if not judged.is_explained(problem)]
    if left:
        places = [cell.route.location for row in left if (cell := row.cells[Corner.SOURCE]).route]
        judged.add(
            finding(
                "missing-in-image",
                left,
                Corner.IMAGE,
                title=f"The image does not have {counted(left)} that its source has.",
                detail="Expected: mounted, as the source has it; seen: absent. The contract promises none of them.",
                level=Level.SHOULD,
                places=places,
                placed_in=Corner.SOURCE,
            )
        )
