"""The drift report for people: what was compared, the routes that differ, what is wrong, what is not known."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from dtma_contract.drift.report import NEVER_BLOCKING, DriftFinding, DriftReport, Row
from dtma_contract.reporting.drift_facts import (
    CORNER_NAMES,
    agreement_of,
    corner_facts,
    differing_rows,
    token_word,
    verdict_of,
)
from dtma_contract.routes import Cell, Corner
from dtma_contract.verdict import ExitCode, Level

__all__ = ["print_drift"]

_STYLES = {
    Cell.MOUNTED: "green",
    Cell.ABSENT: "red",
    Cell.DECLARED: "bold red",
    Cell.SHADOWED: "bold red",
    Cell.CONDITIONAL: "yellow",
    Cell.UNKNOWN: "magenta",
}

# The contract promises and callers call; only servers mount.
_WORDS = {
    Corner.CONTRACT: {Cell.MOUNTED: "promised", Cell.ABSENT: "-"},
    Corner.CONSUMER: {Cell.MOUNTED: "called", Cell.ABSENT: "-"},
}

# The matrix has them all.
_SHOWN_ROUTES = 4

# A budget that was spent leaves hundreds; the first ones tell why.
_SHOWN_UNKNOWN = 8


def print_drift(report: DriftReport, console: Console, *, everything: bool = False) -> None:
    """Print a report.

    Args:
        report: the finished comparison.
        console: where to; it decides on colour and width.
        everything: whether routes on which all corners agree are shown too.
    """
    for name, facts in corner_facts(report):
        _say(console, f"[bold]{name:<10}[/]{escape(facts)}")
    rows = report.rows if everything else differing_rows(report)
    if rows:
        console.print()
        console.print(_matrix(report, rows))
    hidden = len(report.rows) - len(rows)
    if hidden:
        _say(console, f"[dim]{hidden} {'routes' if hidden > 1 else 'route'} on which all agree: --all shows them[/]")
    for finding in report.findings:
        console.print()
        for line in _finding_lines(finding):
            _say(console, line)
    console.print()
    for line in _closing_lines(report):
        _say(console, line)


def _say(console: Console, line: str) -> None:
    console.print(line, highlight=False, soft_wrap=True)


def _matrix(report: DriftReport, rows: tuple[Row, ...]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", padding=(0, 1))
    table.add_column("route", overflow="fold")
    for corner in report.corners:
        table.add_column(CORNER_NAMES[corner], no_wrap=True)
    for row in rows:
        table.add_row(Text(row.name), *(_cell(report, row, corner) for corner in report.corners))
    return table


def _cell(report: DriftReport, row: Row, corner: Corner) -> Text:
    state = row.cells[corner].state
    word = _WORDS.get(corner, {}).get(state, str(state))
    is_plain = corner in _WORDS and state is Cell.ABSENT
    token = token_word(report, row, corner)
    if token:
        return Text(f"{word}, {token}", style="bold red")
    return Text(word, style="dim" if is_plain else _STYLES[state])


def _finding_lines(finding: DriftFinding) -> Iterator[str]:
    is_quiet = finding.kind == NEVER_BLOCKING
    style = "bold red" if finding.level is Level.MUST else "dim" if is_quiet else "yellow"
    place = f"  [cyan]{escape(str(finding.location))}[/]" if finding.location else ""
    yield f"[{style}]{finding.level}[/]  [bold]{finding.kind}[/]  [dim]in {CORNER_NAMES[finding.where]}[/]{place}"
    yield f"  {escape(finding.title)}"
    yield f"  [dim]{escape(finding.said)}[/]"
    if finding.listing:
        more = len(finding.listing) - _SHOWN_ROUTES
        rest = f" and {more} more" if more > 0 else ""
        yield f"  [dim]routes[/]  {escape(', '.join(finding.listing[:_SHOWN_ROUTES]))}[dim]{rest}[/]"
    if not is_quiet:
        yield f"  [bold]remedy[/]  {escape(finding.remedy)}"


def _closing_lines(report: DriftReport) -> Iterator[str]:
    style = {ExitCode.VIOLATED: "bold red", ExitCode.KEPT: "bold green"}.get(report.exit_code, "bold yellow")
    yield f"[{style}]{verdict_of(report)}[/]  {agreement_of(report)}"
    told = [
        f"{unknown.where}{f' {unknown.file}:{unknown.line}' if unknown.file else ''}: {unknown.reason}"
        for unknown in report.unknown
    ]
    if not told:
        yield "[bold]unknown[/]  nothing"
        return
    yield f"[bold]unknown[/]  {len(told)}, so that not every absence is sure"
    yield from (f"  [magenta]{escape(line)}[/]" for line in told[:_SHOWN_UNKNOWN])
    if len(told) > _SHOWN_UNKNOWN:
        yield f"  [dim]and {len(told) - _SHOWN_UNKNOWN} more in --format json[/]"
