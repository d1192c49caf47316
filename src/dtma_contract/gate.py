"""The gate before a deploy: drift of source and image, then the image itself started, verified and removed."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from rich.console import Console

from dtma_contract.drift.report import DriftReport
from dtma_contract.drift_run import DriftRequest, run_drift
from dtma_contract.errors import TargetUnusableError
from dtma_contract.plan import Plan
from dtma_contract.routes import Corner
from dtma_contract.run_report import RunReport
from dtma_contract.settings import Settings
from dtma_contract.verdict import ExitCode

__all__ = ["GateReport", "run_gate"]

# The worst first: what broke proves nothing, and what is proven outweighs what could not be asked.
_WORST = (
    ExitCode.INTERRUPTED, ExitCode.ENGINE_ERROR, ExitCode.USAGE, ExitCode.VIOLATED, ExitCode.TARGET_UNUSABLE,
    ExitCode.NOTHING_JUDGED, ExitCode.KEPT,
)  # fmt: skip

# The token that the started agent is given, for as long as the fence has not taken it.
_TOKEN_ENV = "DTMA_CONTRACT_GATE_TOKEN"  # noqa: S105 - the name of a variable


@dataclass(frozen=True, eq=False, slots=True)
class GateReport:
    """What the gate found.

    Attributes:
        drift: the comparison.
        verified: the verification of the started image, or None where it could not be started.
        problem: why it was not verified, one sentence; empty where it was.
        unusable: whether the started image was no target that can be judged.
        strict: whether every deviation blocks.
    """

    drift: DriftReport
    verified: RunReport | None
    problem: str = ""
    unusable: bool = False
    strict: bool = False

    @property
    def exit_code(self) -> ExitCode:
        """The worst of both; an image that could not be read, or was not verified, is no pass."""
        codes = [self.drift.exit_code_if(strict=self.strict)]
        if Corner.IMAGE not in self.drift.compared or (self.verified is None and not self.unusable):
            codes.append(ExitCode.NOTHING_JUDGED)
        if self.unusable:
            codes.append(ExitCode.TARGET_UNUSABLE)
        if self.verified is not None:
            codes.append(self.verified.exit_code)
        return min(codes, key=_WORST.index)

    def to_json(self) -> dict[str, Any]:
        """Return both documents and the exit code as JSON data."""
        told = self.verified.to_json() if self.verified else {"outcome": "not-judged", "reason": self.problem}
        return {"drift": self.drift.to_json(), "verify": told, "exit_code": int(self.exit_code)}


def run_gate(
    request: DriftRequest, docker: str, settings: Callable[[str, str], Settings], progress: Console
) -> GateReport:
    """Compare, then start the image on a free port, verify it and remove it.

    Args:
        request: with an image, and a source as a rule.
        docker: endpoint of a local Docker Engine.
        settings: makes the settings of the verification from URL and token variable.
        progress: where progress is shown.

    Raises:
        UsageError: something that was named is wrong.
        EngineError: the Docker Engine refuses, or something could not be removed.
    """
    from dtma_contract.image_run import started_image  # noqa: PLC0415 - only the gate starts images
    from dtma_contract.verify import verify  # noqa: PLC0415 - as above: it imports pytest

    assert request.image is not None

    def say(line: str) -> None:
        progress.print(f"[dim]{line}[/]", highlight=False, soft_wrap=True)

    # What is wrong with them is told before anything is read or started.
    strict = Plan.make(settings("http://127.0.0.1:30000", _TOKEN_ENV)).settings.strict
    drift = run_drift(request, say)
    report = GateReport(drift, None, strict=strict)
    crash = next((found for found in drift.findings if found.kind == "crashes-at-load"), None)
    if crash is not None:
        return replace(report, problem=f"it was not started: {crash.title}")
    say(f"starting {request.image}")
    try:
        with started_image(docker, request.image) as agent:
            os.environ[_TOKEN_ENV] = agent.token
            return replace(report, verified=verify(Plan.make(settings(agent.url, _TOKEN_ENV)), 0, progress))
    except TargetUnusableError as problem:
        return replace(report, problem=f"{problem.cause}: {problem}", unusable=True)
    finally:
        os.environ.pop(_TOKEN_ENV, None)
