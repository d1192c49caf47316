"""What every format of a drift report says of the things that were compared. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dtma_contract.drift.problems import SERVERS
from dtma_contract.drift.report import NEVER_BLOCKING, DriftReport, Row
from dtma_contract.drift.wording import the
from dtma_contract.routes import Cell, Corner, Route
from dtma_contract.verdict import Level

__all__ = [
    "CORNER_NAMES",
    "agreement_of",
    "corner_facts",
    "differing_rows",
    "further_answers",
    "token_word",
    "verdict_of",
]

CORNER_NAMES: Mapping[Corner, str] = {
    Corner.CONTRACT: "contract",
    Corner.SOURCE: "source",
    Corner.IMAGE: "image",
    Corner.TARGET: "target",
    Corner.CONSUMER: "callers",
}

# As much of a digest or a commit as people compare.
_SHORT = 12

# Keys of the provenance in the order in which they are said, with the word in front.
_SAID = {
    "folder": "", "folders": "", "reference": "", "target": "", "service": "", "version": "version",
    "operations": "operations", "calls": "calls", "digest": "", "image_id": "", "revision": "revision",
    "created": "built", "commit": "commit", "commits_behind": "commits behind", "entry": "entry", "express": "Express",
}  # fmt: skip
_SHORTENED = {"revision", "commit", "digest", "image_id"}


def corner_facts(report: DriftReport) -> Iterator[tuple[str, str]]:
    """Yield each corner's name and what is known of the thing that was read, in one line."""
    for corner in report.corners:
        told = report.provenance.get(str(corner), {})
        words = [_said(key, told[key]) for key in _SAID if told.get(key) not in (None, "", [], {})]
        read = [] if corner in report.compared else ["could not be read"]
        yield CORNER_NAMES[corner], ", ".join([*dict.fromkeys(words), *read]) or "read"


def _said(key: str, value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    if key in _SHORTENED:
        head, colon, digest = text.rpartition(":")
        text = f"{head}{colon}{digest[:_SHORT]}"
    if key in {"operations", "calls", "commits_behind"}:
        return f"{text} {_SAID[key]}"
    return f"{_SAID[key]} {text}".strip()


def differing_rows(report: DriftReport) -> tuple[Row, ...]:
    """Return the rows that a reader has to see: the corners differ, a finding speaks of it, or it is unknown."""
    spoken = _spoken(report)
    return tuple(
        row
        for row in report.rows
        if not row.agrees or row.name in spoken or any(cell.state is Cell.UNKNOWN for cell in row.cells.values())
    )


def _spoken(report: DriftReport) -> set[str]:
    return {name for found in report.findings if found.kind != NEVER_BLOCKING for name in found.routes}


def further_answers(report: DriftReport) -> Iterator[str]:
    """Yield, for each registration of every method or of an expression, which promised routes it takes, in one line."""
    taken: dict[tuple[Corner, Route], list[str]] = {}
    for row in report.rows:
        for corner, cell in row.cells.items():
            for route in cell.also if row.is_promised else ():
                taken.setdefault((corner, route), []).append(row.name)
    for (corner, route), names in taken.items():
        place = f" ({route.location})" if route.location else ""
        yield f"{CORNER_NAMES[corner]}: {route.method} {route.path}{place} takes {', '.join(names)}"


def agreement_of(report: DriftReport) -> str:
    """Return how many routes agree: the corners say the same, and no finding speaks of them."""
    spoken = _spoken(report)
    agreeing = [row for row in report.rows if row.agrees and row.name not in spoken]
    # A build may lack an optional profile: its routes differ from the contract, and are no finding.
    lacking = [row for row in report.rows if _is_left_out(row) and row.name not in spoken]
    are = "routes of optional profiles are" if len(lacking) > 1 else "route of an optional profile is"
    absent = f", {len(lacking)} {are} absent everywhere" if lacking else ""
    return f"{len(agreeing)} of {len(report.rows)} routes agree{absent}"


def _is_left_out(row: Row) -> bool:
    states = {row.state(corner) for corner in SERVERS if corner in row.cells}
    return row.profile not in {"", "core"} and states == {Cell.ABSENT}


def token_word(report: DriftReport, row: Row, corner: Corner) -> str:
    """Return what is wrong with a route's authentication at a corner, in a word; empty where no finding says so."""
    cell = row.cells[corner]
    is_named = any(found.kind == "auth-differs" and row.name in found.routes for found in report.findings)
    if not is_named or corner not in SERVERS or not cell.is_served or cell.secured in {None, row.secured}:
        return ""
    return "token" if cell.secured else "open"


def verdict_of(report: DriftReport) -> str:
    """Return the outcome in one line."""
    musts = sum(found.level is Level.MUST for found in report.findings)
    shoulds = len(report.findings) - musts
    if len(report.compared) <= 1:
        return "nothing could be compared"
    unread = " and ".join(the(corner) for corner in report.unread)
    said = [f"{count} {word}" for count, word in ((musts, "must"), (shoulds, "should")) if count]
    if unread and not said:
        return f"{unread} could not be compared"
    beside = f", and {unread} could not be compared" if unread else ""
    return f"drift: {' and '.join(said)}{beside}" if said else "no drift"
