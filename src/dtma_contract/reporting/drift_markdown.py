"""The drift report as Markdown, for a comment on a pull request. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from dtma_contract.drift.report import DriftFinding, DriftReport, Row
from dtma_contract.reporting.drift_facts import (
    CORNER_NAMES,
    agreement_of,
    corner_facts,
    differing_rows,
    further_answers,
    token_word,
    verdict_of,
)
from dtma_contract.reporting.plain import plain
from dtma_contract.routes import Cell, Corner, Unknown
from dtma_contract.verdict import ExitCode, Level

__all__ = ["drift_markdown"]

# Comments have a limit of 65,536 letters at the usual hosts.
_MOST_LINES = 200

# More routes than these are folded away.
_UNFOLDED = 6

_SIGNS = {
    Cell.MOUNTED: "✅",
    Cell.ABSENT: "❌ absent",
    Cell.DECLARED: "❌ declared",
    Cell.SHADOWED: "❌ shadowed",
    Cell.CONDITIONAL: "⚠️ conditional",
    Cell.UNKNOWN: "❔ unknown",
}


def drift_markdown(report: DriftReport, *, everything: bool = False) -> str:
    """Return the report as a Markdown document.

    Args:
        report: the finished comparison.
        everything: whether routes on which all corners agree are shown too.
    """
    return "\n".join(_lines(report, everything=everything)) + "\n"


def _lines(report: DriftReport, *, everything: bool) -> Iterator[str]:
    sign = {ExitCode.VIOLATED: "❌", ExitCode.KEPT: "✅"}.get(report.exit_code, "❔")
    yield f"### {sign} {verdict_of(report)[0].upper()}{verdict_of(report)[1:]}"
    yield ""
    yield f"{agreement_of(report)}. {_sureness(report)}"
    for finding in report.findings:
        yield ""
        yield from _finding_lines(finding)
    rows = report.rows if everything else differing_rows(report)
    if rows:
        yield ""
        yield from _folded(f"{len(rows)} routes", _matrix(report, rows))
    further = list(further_answers(report))
    if further:
        yield ""
        yield from (f"- {_text(line)}" for line in further)
    yield ""
    facts = ["| | |", "|---|---|", *(f"| {name} | {_text(told)} |" for name, told in corner_facts(report))]
    yield from _folded("What was compared", facts)
    if report.unknown:
        yield ""
        yield from _folded(f"{len(report.unknown)} unknown", map(_unknown_line, report.unknown))


def _unknown_line(unknown: Unknown) -> str:
    place = f" {_code(f'{unknown.file}:{unknown.line}')}" if unknown.file else ""
    return f"- {unknown.where}{place}: {_text(unknown.reason)}"


def _sureness(report: DriftReport) -> str:
    if report.complete:
        return "Everything was resolved."
    return f"{len(report.unknown)} could not be resolved, so that not every absence is sure."


def _finding_lines(finding: DriftFinding) -> Iterator[str]:
    sign = "🔴" if finding.level is Level.MUST else "🟡"
    place = f" in {_code(str(finding.location))}" if finding.location else ""
    yield f"{sign} **{finding.kind}** ({finding.level}, {CORNER_NAMES[finding.where]}){place}: {_text(finding.title)}"
    yield ""
    for line in _explained(finding):
        yield f"> {line}".rstrip()


def _explained(finding: DriftFinding) -> Iterator[str]:
    yield _text(finding.said)
    yield ""
    routes = [f"- {_text(route)}" for route in finding.listing]
    if len(routes) > _UNFOLDED:
        yield from _folded(f"{len(routes)} routes", routes)
        yield ""
    elif routes:
        yield from routes
        yield ""
    yield f"**Remedy:** {_text(finding.remedy)}"


def _matrix(report: DriftReport, rows: Iterable[Row]) -> Iterator[str]:
    yield f"| route | {' | '.join(CORNER_NAMES[corner] for corner in report.corners)} |"
    yield f"|---|{'---|' * len(report.corners)}"
    for row in rows:
        cells = " | ".join(_cell(report, row, corner) for corner in report.corners)
        yield f"| {_code(row.name)} | {cells} |"


def _cell(report: DriftReport, row: Row, corner: Corner) -> str:
    state = row.cells[corner].state
    token = token_word(report, row, corner)
    if token:
        return f"{_SIGNS[state]}, {token}"
    return "" if state is Cell.ABSENT and corner in {Corner.CONTRACT, Corner.CONSUMER} else _SIGNS[state]


def _folded(title: str, lines: Iterable[str]) -> Iterator[str]:
    shown = list(lines)
    yield f"<details><summary>{title}</summary>"
    yield ""
    yield from shown[:_MOST_LINES]
    yield ""
    if len(shown) > _MOST_LINES:
        yield f"… and {len(shown) - _MOST_LINES} more"
    yield "</details>"


def _text(text: str) -> str:
    """Return text whose signs mean nothing in Markdown, on one line."""
    return re.sub(r"([\\`*_{}\[\]<>|#~])", r"\\\1", " ".join(plain(text).split()))


def _code(text: str) -> str:
    """Return text as code, in a table too: a longer fence than any run of backticks in it."""
    text = plain(text)
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    space = " " if longest else ""
    return f"{fence}{space}{text.replace('|', chr(92) + '|')}{space}{fence}"
