"""The verification run as one call: the suite under pytest, its own output kept in the run's folder."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import pytest
from rich.console import Console

from dtma_contract.errors import EngineError
from dtma_contract.plan import Plan
from dtma_contract.reporting.progress import RunDisplay
from dtma_contract.run import Run
from dtma_contract.run_report import RunReport
from dtma_contract.session_state import HandedRun
from dtma_contract.shipped import suite_folder

__all__ = ["verify"]

# As with the configuration file: options and plugins of the user's own suites have no part in this one.
_OF_THE_USER: Final = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")


def verify(plan: Plan, workers: int, progress: Console) -> RunReport:
    """Judge a target.

    Args:
        plan: what to judge.
        workers: how many processes judge side by side; 0 judges in this one.
        progress: where progress is shown.

    Returns:
        The report.

    Raises:
        UsageError: the token's variable is not set, the Docker Engine cannot be reached, or there is no place for
            reports.
        KeyboardInterrupt: the user did not even want to wait for the clean-up.
        EngineError: the fence, the embedded reference agent or pytest itself failed.
    """
    run = Run(plan)
    run.prepare()
    code = None
    with (
        RunDisplay(progress, len(plan.selected)) as display,
        (plan.folder / "pytest.log").open("w", encoding="utf-8") as log,
        contextlib.redirect_stdout(log),
        contextlib.redirect_stderr(log),
        _without(_OF_THE_USER),
    ):
        try:
            code = pytest.main(_arguments(workers, plan), plugins=[HandedRun(run), display])
        except KeyboardInterrupt:
            if display.report is None:
                raise
    report: RunReport | None = display.report
    if report is not None:
        return report
    if display.problem is not None:
        raise display.problem
    raise EngineError(
        f"pytest ended with code {code} before there was a report.",
        f"Its output is in {plan.folder / 'pytest.log'}.",
    )


@contextlib.contextmanager
def _without(names: Iterable[str]) -> Iterator[None]:
    """Take variables out of the environment, of workers too, while the block lasts."""
    taken = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(taken)


def _arguments(workers: int, plan: Plan) -> list[str]:
    suite = suite_folder()
    return [
        # The user's own pytest configuration has no part in this.
        "-c",
        os.devnull,
        f"--rootdir={suite}",
        "--import-mode=importlib",
        # The suite speaks through findings, and whatever other plugins are installed have no part in it either.
        "--assert=plain",
        "--disable-plugin-autoload",
        "-p",
        "allure_pytest.plugin",
        "-p",
        "xdist.plugin",
        "--strict-markers",
        "-p",
        "dtma_contract.plugin",
        "-p",
        "no:cacheprovider",
        # It would make a folder beside those of the user's own tests, and remove the oldest of theirs at the end.
        "-p",
        "no:tmpdir",
        "--durations=15",
        "-W",
        "error",
        *(["-n", str(workers)] if workers else []),
        *(str(folder) for folder in _folders(suite, plan)),
    ]


def _folders(suite: Path, plan: Plan) -> list[Path]:
    drift = [suite / "drift"] if plan.settings.compares else []
    return [suite / "contract", suite / "lifecycle", *drift]
