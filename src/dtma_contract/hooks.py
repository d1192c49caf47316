"""Hooks of the pytest plugin, for whoever shows a run while it goes on."""

from __future__ import annotations

from dtma_contract.errors import DtmaContractError
from dtma_contract.plan import RunInfo
from dtma_contract.run_report import RunReport
from dtma_contract.verdict import ClauseResult


def pytest_dtma_started(info: RunInfo) -> None:
    """The target can be judged, and judging begins."""


def pytest_dtma_refused(problem: DtmaContractError) -> None:
    """The run could not begin: something is wrong with what was asked for, or with this machine."""


def pytest_dtma_judged(result: ClauseResult) -> None:
    """A clause has been judged; called in the process that shows the run."""


def pytest_dtma_reported(report: RunReport) -> None:
    """The run has ended, and everything that it made has been removed as far as possible."""
