"""How a finding is put into words: one title, every route concerned, and what to do. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import zip_longest

from dtma_contract.drift.kinds import KINDS
from dtma_contract.drift.problems import Problem
from dtma_contract.drift.report import DriftFinding, Row
from dtma_contract.routes import Corner, Location
from dtma_contract.verdict import Level

__all__ = ["agreeing", "counted", "fault_of", "finding", "followed", "listed", "place_of", "the"]

_NAMES = {
    Corner.CONTRACT: "the contract",
    Corner.SOURCE: "the source",
    Corner.IMAGE: "the image",
    Corner.TARGET: "the target",
    Corner.CONSUMER: "the callers",
}


def the(corner: Corner) -> str:
    """Return a corner's name in a sentence."""
    return _NAMES[corner]


def counted(names: Sequence[object], noun: str = "route") -> str:
    """Return ``1 route`` or ``5 routes``."""
    return f"{len(names)} {noun}{'s' * (len(names) != 1)}"


def agreeing(items: Sequence[object], one: str, several: str) -> str:
    """Return the form of a verb that agrees with the number of items."""
    return one if len(items) == 1 else several


def listed(items: Iterable[str]) -> str:
    """Return the items of a sentence: with commas."""
    return ", ".join(dict.fromkeys(items))


def place_of(problem: Problem) -> Location | None:
    """Return where the route stands at the problem's corner, or where its name stands."""
    route = problem.cell.route
    return route.location if route else None


def fault_of(problems: Iterable[Problem]) -> Location | None:
    """Return where the fault of routes that share one is: the registration that decides for most of them."""
    routes = [problem.cell.route for problem in problems]
    places = Counter(place for route in routes if route and (place := route.via or route.location))
    return places.most_common(1)[0][0] if places else None


def followed(problems: Sequence[Problem]) -> str:
    """Return the sentence that names the corners in which the same shows; empty where there is none."""
    shared = [corner for corner in Corner if problems and all(corner in problem.follows for problem in problems)]
    if not shared:
        return ""
    names = " and ".join(map(the, shared))
    verbs = agreeing(shared, "shows the same, and needs no change of its", "show the same, and need no change of their")
    return f" {names[0].upper()}{names[1:]} {verbs} own."


def finding(
    kind: str,
    rows: Sequence[Row],
    where: Corner,
    *,
    title: str,
    detail: str,
    level: Level | None = None,
    location: Location | None = None,
    places: Iterable[Location | None] = (),
    remedy: str = "",
    lists_routes: bool = True,
    placed_in: Corner | None = None,
) -> DriftFinding:
    """Return a finding of some rows.

    Args:
        kind: id of its kind.
        rows: the rows concerned, the first one first; none for a finding of the whole corner.
        where: the corner that has to be mended.
        title: one sentence.
        detail: what was expected and seen; the routes are added.
        level: where it is not that of the kind.
        location: where; the first of the places, where it is not given.
        places: of the routes, in the same order.
        remedy: where the kind's own says too little.
        lists_routes: whether the detail ends with all routes; where it has them already it need not.
        placed_in: the corner whose files the places are in, where it is another one.
    """
    standing = list(places)
    known = [place for place in standing if place is not None]
    names = [row.name for row in rows]
    placed = (f"{name} ({place})" if place else name for name, place in zip_longest(names, standing[: len(names)]))
    return DriftFinding(
        kind=kind,
        level=KINDS[kind].level if level is None else level,
        where=where,
        method=rows[0].method if rows else "",
        path=rows[0].path if rows else "",
        title=title,
        said=detail,
        remedy=remedy or KINDS[kind].remedy,
        location=location or (known[0] if known else None),
        routes=tuple(names),
        places=tuple(known),
        listing=tuple(dict.fromkeys(placed)) if lists_routes else (),
        placed_in=placed_in,
    )
