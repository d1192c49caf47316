"""The report for people: findings by their cause, and the three lines that always end a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.markup import escape

from dtma_contract.diagnosis.attribution import Attributed
from dtma_contract.diagnosis.causes import Scenario
from dtma_contract.reporting.plain import plain
from dtma_contract.run_report import RunReport
from dtma_contract.verdict import ClauseResult, Finding, Outcome

__all__ = ["print_report"]

# Of what a cause rests on, the strongest; `diagnose` tells all of it.
_SHOWN_EVIDENCE = 3

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
        console.print(plain(line), highlight=False, soft_wrap=True)


def _lines(report: RunReport) -> Iterator[str]:
    yield ""
    if report.unusable:
        yield f"[bold red]target unusable[/]  {escape(report.unusable.cause)}"
        yield f"  {escape(report.unusable.message)}"
        yield f"  [bold]next[/]  {escape(report.unusable.hint)}"
    for caused, findings in _blocks(report):
        yield from _cause_lines(report, caused, findings) if caused else _finding_lines(report, findings[0])
        yield ""
    if report.baseline.fixed:
        yield f"[green]fixed[/]  the baseline still accepts what is kept now: {', '.join(report.baseline.fixed)}"
    yield ""
    yield from _closing_lines(report)


def _blocks(report: RunReport) -> Iterator[tuple[Attributed | None, list[Finding]]]:
    """Yield each cause with all of its findings, and each finding that has none, in the order of the findings."""
    told = {clause: cause for cause in report.causes for clause in cause.clauses}
    shown: set[str] = set()
    for finding in report.findings:
        cause = told.get(finding.clause)
        if cause is None:
            yield None, [finding]
        elif cause.told.id not in shown:
            shown.add(cause.told.id)
            yield (
                cause,
                sorted(
                    (each for each in report.findings if each.clause in cause.clauses),
                    key=lambda each: cause.clauses.index(each.clause),
                ),
            )


def _cause_lines(report: RunReport, caused: Attributed, findings: list[Finding]) -> Iterator[str]:
    told, remedy = caused.told, caused.told.remedy
    operations = len({finding.operation for finding in findings if finding.operation})
    count = _number(len(findings), "clause") + (f" of {_number(operations, 'operation')}" if operations else "")
    yield f"[bold]cause[/]  [bold red]{escape(told.id)}[/]  [bold]{escape(told.title)}[/]  [dim]{count}[/]"
    for number, evidence in enumerate(told.evidence[:_SHOWN_EVIDENCE]):
        yield f"  {'evidence ' if number == 0 else ' ' * 9}  {escape(evidence.observed)}"
    reproduce = next((finding.reproduce for finding in findings if finding.reproduce), "")
    if reproduce:
        yield f"  reproduce  [cyan]{escape(reproduce)}[/]"
    scenario = "" if remedy.scenario is Scenario.OUTSIDE else f"{remedy.scenario}: "
    yield f"  remedy     {escape(scenario + remedy.text)}"
    yield f"  next       [cyan]dtma-contract diagnose --target {escape(report.target)}[/]"
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in findings:
        key = (_marked(report, finding), str(finding.level), finding.clause.rpartition("/")[2])
        groups.setdefault(key, []).append(finding)
    for (marked, level, aspect), members in groups.items():
        subjects = ", ".join(finding.clause.rpartition("/")[0] for finding in members)
        named = members[0].clause if len(members) == 1 else f"{aspect}[/] of [bold]{subjects}"
        yield f"  {marked}  [bold]{named}[/]  [dim]{level}[/]"


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"


def _marked(report: RunReport, finding: Finding) -> str:
    """Return the word for a finding, in its colour."""
    known = finding.clause in report.baseline.known
    word = "known" if known else "expired" if finding.clause in report.baseline.expired else str(finding.outcome)
    style = "yellow" if known else "bold magenta" if finding.outcome == Outcome.ERROR else "bold red"
    return f"[{style}]{word}[/]"


def _finding_lines(report: RunReport, finding: Finding) -> Iterator[str]:
    yield f"{_marked(report, finding)}  [bold]{escape(finding.clause)}[/]  [dim]{finding.level}[/]"
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
        f"{item.kind} {item.name} ({item.reason.rstrip('.')}; remove it with: {item.command})"
        for item in report.left_behind
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
