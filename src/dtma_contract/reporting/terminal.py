"""The report for people: findings by their cause, and the three lines that always end a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from rich.console import Console
from rich.markup import escape

from dtma_contract.run_report import RunReport
from dtma_contract.verdict import ClauseResult, Finding, Outcome

__all__ = ["print_report"]

# A root cause shows as many findings; the first ones tell it, the rest are named.
_SHOWN_PER_CAUSE = 3

# Further reasons are consequences of the first ones, as a rule.
_SHOWN_REASONS = 4

_STYLES = {
    "kept": "bold green",
    "violated": "bold red",
    "not-judged": "bold red",
    "interrupted": "bold yellow",
    "error": "bold magenta",
    "nothing-judged": "bold yellow",
    "target-unusable": "bold red",
}


def print_report(report: RunReport, console: Console) -> None:
    """Print a report.

    Args:
        report: the finished run.
        console: where to; it decides on colour and width.
    """
    for line in _lines(report):
        console.print(line, highlight=False, soft_wrap=True)


def _lines(report: RunReport) -> Iterator[str]:
    yield ""
    if report.unusable:
        yield f"[bold red]target unusable[/]  {escape(report.unusable.cause)}"
        yield f"  {escape(report.unusable.message)}"
        yield f"  [bold]next[/]  {escape(report.unusable.hint)}"
    for findings in _by_cause(report):
        yield from _cause_lines(report, findings)
    if report.baseline.fixed:
        yield f"[green]fixed[/]  the baseline still accepts what is kept now: {', '.join(report.baseline.fixed)}"
    yield ""
    yield from _closing_lines(report)


def _by_cause(report: RunReport) -> list[list[Finding]]:
    def key(finding: Finding) -> str:
        return finding.cause or finding.clause

    order = {key(finding): number for number, finding in reversed(list(enumerate(report.findings)))}
    ranked = sorted(report.findings, key=lambda finding: order[key(finding)])
    return [list(findings) for _cause, findings in groupby(ranked, key)]


def _cause_lines(report: RunReport, findings: list[Finding]) -> Iterator[str]:
    caused = findings[0].cause
    if caused:
        count = f"{len(findings)} finding{'s' * (len(findings) > 1)}"
        yield f"[bold]cause[/]  [bold red]{escape(caused)}[/]  [dim]{count}[/]"
    for finding in findings[:_SHOWN_PER_CAUSE]:
        yield from _finding_lines(report, finding)
    more = [finding.clause for finding in findings[_SHOWN_PER_CAUSE:]]
    if more:
        yield f"  [dim]and {len(more)} more of the same cause:[/] {escape(', '.join(more))}"
    yield ""


def _finding_lines(report: RunReport, finding: Finding) -> Iterator[str]:
    known = finding.clause in report.baseline.known
    word = "known" if known else "expired" if finding.clause in report.baseline.expired else str(finding.outcome)
    style = "yellow" if known else "bold magenta" if finding.outcome == Outcome.ERROR else "bold red"
    yield f"[{style}]{word}[/]  [bold]{escape(finding.clause)}[/]  [dim]{finding.level}[/]"
    yield f"  required   {escape(finding.title)}"
    if finding.expected:
        yield f"  expected   {escape(' or '.join(finding.expected))}"
    yield f"  actual     {escape(finding.actual)}"
    if finding.reproduce:
        yield f"  reproduce  [cyan]{escape(finding.reproduce)}[/]"


def _closing_lines(report: RunReport) -> Iterator[str]:
    counts = report.clause_counts
    judged = counts[Outcome.KEPT] + counts[Outcome.VIOLATED]
    style = _STYLES[report.outcome]
    yield (
        f"[{style}]{report.outcome}[/]  judged {report.operations_judged} of {report.operations_total} operations, "
        f"{judged} of {len(report.results)} clauses: {counts[Outcome.KEPT]} kept, {counts[Outcome.VIOLATED]} violated"
        f"{f', {counts[Outcome.ERROR]} broken' if counts[Outcome.ERROR] else ''}"
        f"  [dim]{report.duration_seconds:.1f} s, seed {report.seed}, run {report.run}[/]"
    )
    unjudged = "; ".join(_reasons(report.results)) if report.results else "everything: the run ended before it began"
    yield f"[bold]not judged[/]  {escape(unjudged or 'nothing')}"
    left = "; ".join(
        f"{item.kind} {item.name} ({item.reason}; remove it with: {item.command})" for item in report.left_behind
    )
    yield f"[bold]left behind[/]  {escape(left or 'nothing')}"


def _reasons(results: Iterable[ClauseResult]) -> list[str]:
    """Return how many clauses were not judged for which reason, the most frequent first."""
    reasons: dict[str, list[str]] = {}
    for result in results:
        if result.outcome in {Outcome.NOT_JUDGED, Outcome.NOT_OFFERED}:
            reasons.setdefault(result.reason, []).append(result.clause.id)
    ranked = sorted(reasons.items(), key=lambda item: -len(item[1]))
    shown = [
        f"{len(clauses)} clauses: {reason}" if len(clauses) > 1 else f"{clauses[0]}: {reason}"
        for reason, clauses in ranked[:_SHOWN_REASONS]
    ]
    more = sum(len(clauses) for _reason, clauses in ranked[_SHOWN_REASONS:])
    return [*shown, f"{more} more in report.json"] if more else shown
