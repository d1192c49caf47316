"""What a rule says: a cause that may hold, how surely, and on what that rests. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dtma_contract.diagnosis.causes import Scenario
from dtma_contract.diagnosis.facts import Answer, AuthSent, ContainerState, DockerFacts, LogLine, NetworkStep

__all__ = ["Evidence", "Suspicion", "of_answer", "of_container", "of_line", "of_step", "of_steps"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One observation that speaks for a cause.

    Attributes:
        observed: what was seen, without a full stop.
        source: where and when.
    """

    observed: str
    source: str


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A cause that may hold.

    Attributes:
        cause: id.
        confidence: from 0 to 1.
        evidence: what speaks for it, the strongest first.
        title: what is wrong here, one sentence; the catalogue's where it is empty.
        scenario: of the remedy; the catalogue's where it is None.
        remedy: what to do here, one or two sentences; the catalogue's where it is empty.
        commands: of the remedy; the catalogue's where they are None.
        fields: values for the remedy's commands.
        would_tell: what further evidence would make it surer, or tell it from another cause.
        explains: further causes that follow from it here.
    """

    cause: str
    confidence: float
    evidence: tuple[Evidence, ...]
    title: str = ""
    scenario: Scenario | None = None
    remedy: str = ""
    commands: tuple[str, ...] | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    would_tell: tuple[str, ...] = ()
    explains: tuple[str, ...] = ()


_AUTH = {AuthSent.NONE: "", AuthSent.VALID: " with the token", AuthSent.WRONG: " with a wrong token"}


def of_answer(answer: Answer, observed: str = "") -> Evidence:
    """Return the evidence of an answer, in its own words where no others are given."""
    asked = f"{answer.method} {answer.path}{_AUTH[answer.auth]}"
    said = f"{asked} {'gets' if answer.failure else 'is answered'} {answer.describe()}"
    return Evidence(observed or said, f"http: {asked}, {_clock(answer.at)}")


def of_step(step: NetworkStep) -> Evidence:
    """Return the evidence of a step below HTTP."""
    return Evidence(step.detail, f"network: {step.name}, {_clock(step.at)}")


def of_steps(steps: tuple[NetworkStep, ...]) -> tuple[Evidence, ...]:
    """Return the evidence of several steps."""
    return tuple(of_step(step) for step in steps)


def of_container(container: ContainerState, docker: DockerFacts, observed: str) -> Evidence:
    """Return the evidence of a container's state."""
    return Evidence(observed, f"docker: inspection of {container.name} at {docker.endpoint}, {_clock(docker.at)}")


def of_line(line: LogLine) -> Evidence:
    """Return the evidence of a line of the agent's log."""
    return Evidence(f"log: {line.text.strip()}", f"log: of the agent{', ' + _clock(line.at) if line.at else ''}")


def _clock(at: str) -> str:
    return at[:19].replace("T", " ") + "Z" if at else "time unknown"
