"""The gate before a deploy: drift of source and image, then the image itself started, verified and removed."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from dtma_contract.contract import EffectLevel
from dtma_contract.drift.report import DriftReport
from dtma_contract.drift_run import DriftRequest, run_drift
from dtma_contract.errors import DtmaContractError, EngineError, TargetUnusableError, UsageError
from dtma_contract.places import Place, look_at
from dtma_contract.plan import Plan
from dtma_contract.reporting.drift_facts import verdict_of
from dtma_contract.routes import Corner
from dtma_contract.run_report import RunReport
from dtma_contract.settings import Settings
from dtma_contract.verdict import ExitCode

__all__ = ["EngineEndpoint", "GateReport", "Obstacle", "run_gate"]

# The worst first: what broke proves nothing, and what is proven outweighs what could not be asked.
_WORST = (
    ExitCode.INTERRUPTED, ExitCode.ENGINE_ERROR, ExitCode.VIOLATED, ExitCode.USAGE, ExitCode.TARGET_UNUSABLE,
    ExitCode.NOTHING_JUDGED, ExitCode.KEPT,
)  # fmt: skip

# The token that the started agent is given, for as long as the fence has not taken it.
_TOKEN_ENV = "DTMA_CONTRACT_GATE_TOKEN"  # noqa: S105 - the name of a variable

_UNIX = "unix://"


@dataclass(frozen=True, slots=True)
class EngineEndpoint:
    """The Docker Engine that runs the image.

    Attributes:
        url: its endpoint.
        named_by: the option or variable that names it; empty where it is the usual place.
    """

    url: str
    named_by: str = ""

    def check(self) -> None:
        """Refuse what can be no engine that runs an image.

        Raises:
            UsageError: it is no local endpoint, or nothing is where it was said to be.
        """
        if not self.url.startswith(_UNIX):
            raise UsageError(
                f"An image can be run on a local Docker Engine only, and {self.url} of {self.named_by} is none.",
                "Name its socket with --docker, such as unix:///var/run/docker.sock.",
            )
        if self.named_by and look_at(Path(self.url.removeprefix(_UNIX)), self.url) is not Place.SOCKET:
            raise UsageError(
                f"There is no Docker Engine at {self.url}, which {self.named_by} names.",
                "Name its socket with --docker; `docker context inspect` tells where it is.",
            )


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why the image could not be judged, or not to the end.

    Attributes:
        message: what stands in the way, one sentence.
        hint: what to do next; empty where nothing can be said.
        code: exit code of a gate that is blocked by nothing else.
        cause: stable cause id; empty where there is none.
    """

    message: str
    hint: str
    code: ExitCode
    cause: str = ""

    @classmethod
    def of(cls, problem: DtmaContractError, *, started: bool) -> Obstacle:
        """Return what an error means for the gate.

        Args:
            problem: the error.
            started: whether the agent was up: then it is no longer the image that is in the way.
        """
        from dtma_contract.probes.image_host import ProbeImageError  # noqa: PLC0415 - only the gate starts images

        code = ExitCode.TARGET_UNUSABLE
        if isinstance(problem, ProbeImageError) or (started and isinstance(problem, UsageError)):
            code = ExitCode.USAGE
        elif started and isinstance(problem, EngineError):
            code = ExitCode.ENGINE_ERROR
        return cls(problem.message, problem.hint, code, getattr(problem, "cause", ""))


@dataclass(frozen=True, eq=False, slots=True)
class GateReport:
    """What the gate found.

    Attributes:
        drift: the comparison.
        verified: the verification of the started image, or None where there was none.
        obstacle: why it was not verified, or what went wrong behind the verification; None where nothing did.
        again: shell commands that start the same agent again, so that the lines that reproduce a finding work.
        strict: whether every deviation blocks.
    """

    drift: DriftReport
    verified: RunReport | None
    obstacle: Obstacle | None = None
    again: tuple[str, ...] = ()
    strict: bool = False

    @property
    def exit_code(self) -> ExitCode:
        """The worst of all; an image that could not be read, or was not verified, is no pass."""
        codes = [self.drift.exit_code_if(strict=self.strict)]
        if Corner.IMAGE not in self.drift.compared or self.verified is None:
            codes.append(ExitCode.NOTHING_JUDGED)
        if self.obstacle is not None:
            codes.append(self.obstacle.code)
        if self.verified is not None:
            codes.append(self.verified.exit_code)
        return min(codes, key=_WORST.index)

    @property
    def blocked_by(self) -> tuple[str, ...]:
        """What keeps the image from being deployed, a few words each; empty where nothing does."""
        reasons = []
        if self.drift.exit_code_if(strict=self.strict) != ExitCode.KEPT:
            said = verdict_of(self.drift)
            reasons.append("drift: not everything could be told" if said == "no drift" else said)
        if self.verified is not None and self.verified.exit_code != ExitCode.KEPT:
            count = len(self.verified.blocking)
            said = f"{count} {'clauses' if count > 1 else 'clause'} violated" if count else self.verified.outcome
            reasons.append(f"the started image: {said}")
        if self.verified is None:
            reasons.append("the image was not verified")
        elif self.obstacle is not None:
            reasons.append("not all that was started is gone")
        return tuple(reasons)

    def to_json(self) -> dict[str, Any]:
        """Return both documents, the verdict and the exit code as JSON data."""
        obstacle = self.obstacle
        said = {"reason": obstacle.message, "hint": obstacle.hint, "cause": obstacle.cause} if obstacle else {}
        told = self.verified.to_json() if self.verified else {"outcome": "not-judged", **said}
        return {
            "drift": self.drift.to_json(),
            "verify": told,
            "again": list(self.again),
            "passed": self.exit_code == ExitCode.KEPT,
            "blocked_by": list(self.blocked_by),
            "exit_code": int(self.exit_code),
        }


def run_gate(
    request: DriftRequest, engine: EngineEndpoint, settings: Callable[[str, str], Settings], progress: Console
) -> GateReport:
    """Compare, then start the image on a free port, verify it and remove it; whatever fails then, drift is told.

    Args:
        request: with an image, and a source as a rule.
        engine: the Docker Engine that runs the image.
        settings: makes the settings of the verification from URL and token variable.
        progress: where progress is shown.

    Raises:
        UsageError: something that was named is wrong, but for the engine.
    """
    assert request.image is not None

    def say(line: str) -> None:
        progress.print(Text(line, "dim"), highlight=False, soft_wrap=True)

    # What is wrong with them is told before anything is read or started.
    strict = Plan.make(settings("http://127.0.0.1:30000", _TOKEN_ENV)).settings.strict
    report = GateReport(run_drift(request, say), None, strict=strict)
    crash = next((found for found in report.drift.findings if found.kind == "crashes-at-load"), None)
    if crash is not None:
        return replace(
            report, obstacle=Obstacle(f"It was not started: {crash.title}", crash.remedy, ExitCode.NOTHING_JUDGED)
        )
    say(f"starting {request.image}")
    try:
        engine.check()
    except UsageError as problem:
        return replace(report, obstacle=Obstacle(problem.message, problem.hint, ExitCode.USAGE))
    return _verified(report, request.image, engine.url, settings, progress)


def _verified(
    report: GateReport, image: str, docker: str, settings: Callable[[str, str], Settings], progress: Console
) -> GateReport:
    """Return the report with the verification of the started image, or with what was in the way."""
    from dtma_contract.image_run import started_again, started_image  # noqa: PLC0415 - only the gate starts images
    from dtma_contract.verify import verify  # noqa: PLC0415 - as above: it imports pytest

    asked = settings("http://127.0.0.1:30000", _TOKEN_ENV)
    probe_image = asked.probe_image if asked.effects >= EffectLevel.LIFECYCLE else ""
    started = False
    try:
        with started_image(docker, image, probe_image=probe_image) as agent:
            started = True
            os.environ[_TOKEN_ENV] = agent.token
            verified = verify(Plan.make(settings(agent.url, _TOKEN_ENV)), 0, progress)
            again = started_again(agent, docker, image, _TOKEN_ENV)
            has_lines = any(finding.reproduce for finding in verified.findings)
            report = replace(report, verified=verified, again=again if has_lines else ())
    except (UsageError, TargetUnusableError, EngineError) as problem:
        return replace(report, obstacle=Obstacle.of(problem, started=started))
    except KeyboardInterrupt:
        words = "The run was interrupted before the image was verified."
        return replace(report, obstacle=Obstacle(words, "Run the gate again.", ExitCode.INTERRUPTED))
    finally:
        os.environ.pop(_TOKEN_ENV, None)
    return report
