"""The drift report for people: what was compared, the routes that differ, what is wrong, what is not known."""

from __future__ import annotations

import re
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
    further_answers,
    token_word,
    verdict_of,
)
from dtma_contract.reporting.folding import fold
from dtma_contract.reporting.plain import plain
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

# What follows the word at the beginning of a line.
_HANG = 10
# Below that, folding helps nobody.
_NARROWEST = 20

_LABEL = re.compile(r"  (?:\[\w+\](?:routes|remedy)\[/\]| {6})  ")
_PARAMETER = re.compile(r"\{[A-Za-z_]\w*\}")

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
        _say(console, f"[bold]{name:<10}[/]{escape(facts)}", hang=10)
    rows = report.rows if everything else differing_rows(report)
    if rows:
        console.print()
        _print_matrix(report, rows, console)
    hidden = len(report.rows) - len(rows)
    if hidden:
        _say(console, f"[dim]{hidden} {'routes' if hidden > 1 else 'route'} on which all agree: --all shows them[/]")
    for line in further_answers(report):
        _say(console, f"[dim]{escape(line)}[/]", hang=4)
    for finding in report.findings:
        console.print()
        for line in _finding_lines(finding):
            # What has no word in front stands under itself.
            _say(console, line, hang=_HANG if _LABEL.match(line) else 2)
    console.print()
    for line in _closing_lines(report):
        _say(console, line, hang=4)


def _say(console: Console, line: str, hang: int = 0) -> None:
    """Print a line, folded between words where the console is narrower; what goes on stands under ``hang`` letters."""
    text = Text.from_markup(plain(line))
    head, body = text[:hang], text[hang:]
    for number, piece in enumerate(fold(body, max(console.width - hang, _NARROWEST))):
        begin = Text(" " * hang) if number else head
        console.print(begin + piece, highlight=False, soft_wrap=True)


def _print_matrix(report: DriftReport, rows: tuple[Row, ...], console: Console) -> None:
    table = _matrix(report, rows, is_narrow=False)
    if console.measure(table).maximum >= console.width and any("{" in row.path for row in rows):
        # The names of parameters say little, and are what makes paths long.
        table = _matrix(report, rows, is_narrow=True)
        _say(console, "[dim]{} stands for a parameter[/]")
    # Blanks behind the last column are of no use to anyone.
    for parts in console.render_lines(table, pad=False):
        line = Text.assemble(*((part.text, part.style or "") for part in parts))
        line.rstrip()
        console.print(line, soft_wrap=True, highlight=False)


def _matrix(report: DriftReport, rows: tuple[Row, ...], *, is_narrow: bool) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0) if is_narrow else (0, 1)
    )
    table.add_column("route", overflow="fold")
    for corner in report.corners:
        table.add_column(CORNER_NAMES[corner], no_wrap=not is_narrow)
    for row in rows:
        name = _PARAMETER.sub("{}", row.name) if is_narrow else row.name
        table.add_row(Text(plain(name)), *(_cell(report, row, corner) for corner in report.corners))
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
    for number, listed in enumerate(finding.listing[:_SHOWN_ROUTES]):
        yield f"  {'      ' if number else '[dim]routes[/]'}  {escape(listed)}"
    more = len(finding.listing) - _SHOWN_ROUTES
    if more > 0:
        yield f"{' ' * _HANG}[dim]and {more} more[/]"
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
