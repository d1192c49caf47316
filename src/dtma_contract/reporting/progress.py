"""What is shown while a run goes on: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

from collections import Counter
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from dtma_contract.errors import DtmaContractError
from dtma_contract.plan import RunInfo
from dtma_contract.run_report import RunReport
from dtma_contract.verdict import ClauseResult, Outcome

__all__ = ["RunDisplay"]

# Where nobody watches, a log of a few lines: one for each tenth of the run.
_LINES = 10


class RunDisplay:
    """A pytest plugin that shows a run and keeps its report.

    Args:
        console: where progress is shown; standard error when standard output carries a document.
        total: how many clauses are selected.
    """

    def __init__(self, console: Console, total: int) -> None:
        self.report: RunReport | None = None
        self.problem: DtmaContractError | None = None
        self._console = console
        self._total = total
        self._counts: Counter[Outcome] = Counter()
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[clause]}", style="dim"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("looking at the target", total=total, clause="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._progress.stop()

    def pytest_dtma_started(self, info: RunInfo) -> None:
        """Say what is judged."""
        settings = info.settings
        self._console.print(
            f"[bold]judging[/] {info.target}  [dim]effects {settings['effects']}, depth {settings['depth']}, "
            f"seed {settings['seed']}[/]",
            highlight=False,
            soft_wrap=True,
        )
        self._progress.update(self._task, description="judging")

    def pytest_dtma_judged(self, result: ClauseResult) -> None:
        """Count a clause, and show the first sign of trouble at once."""
        self._counts[result.outcome] += 1
        done = self._counts.total()
        self._progress.update(self._task, completed=done, clause=result.clause.id)
        if result.outcome in {Outcome.VIOLATED, Outcome.ERROR}:
            self._console.print(f"[red]{result.outcome}[/]  {result.clause.id}", highlight=False, soft_wrap=True)
        if not self._console.is_terminal and done * _LINES // self._total > (done - 1) * _LINES // self._total:
            self._console.print(f"{done} of {self._total} clauses", highlight=False)

    def pytest_dtma_refused(self, problem: DtmaContractError) -> None:
        """Keep why the run could not begin."""
        self.problem = problem

    def pytest_dtma_reported(self, report: RunReport) -> None:
        """Keep the report."""
        self.report = report
