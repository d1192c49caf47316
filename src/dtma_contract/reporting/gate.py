"""The gate's report for people: the comparison, the verification, and one verdict at the end."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from dtma_contract.gate import GateReport
from dtma_contract.reporting.drift_table import print_drift
from dtma_contract.reporting.plain import plain
from dtma_contract.reporting.terminal import print_report
from dtma_contract.verdict import ExitCode

__all__ = ["print_gate"]


def print_gate(report: GateReport, console: Console) -> None:
    """Print a report.

    Args:
        report: what the gate found.
        console: where to; it decides on colour and width.
    """

    def say(line: str) -> None:
        console.print(plain(line), highlight=False, soft_wrap=True)

    print_drift(report.drift, console)
    if report.verified is not None:
        print_report(report.verified, console)
    if report.again:
        say("")
        say("[bold]reproduce[/]  the agent is gone, and with it its address and its token; this starts it again:")
        for line in report.again:
            say(f"  [cyan]{escape(line)}[/]")
    obstacle = report.obstacle
    if obstacle is not None:
        word = "not verified" if report.verified is None else "left behind"
        cause = f"{escape(obstacle.cause)}: " if obstacle.cause else ""
        say(f"\n[bold red]{word}[/]  {cause}{escape(obstacle.message)}")
        if obstacle.hint:
            say(f"  [bold]next[/]  {escape(obstacle.hint)}")
    say("")
    if report.exit_code == ExitCode.KEPT:
        say("[bold green]gate: passed[/]  no drift that blocks, and the started image keeps its contract")
    else:
        say(f"[bold red]gate: blocked[/]  {escape('; '.join(report.blocked_by))}")
