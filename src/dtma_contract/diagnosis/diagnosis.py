"""Facts to ranked causes, each with its evidence and its remedy. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from dtma_contract.diagnosis.causes import CAUSES, Scenario
from dtma_contract.diagnosis.facts import Answer, DockerFacts, Facts, Question
from dtma_contract.diagnosis.reading import answered, is_agent
from dtma_contract.diagnosis.rules import RULES
from dtma_contract.diagnosis.suspicion import Evidence, Suspicion
from dtma_contract.errors import closest
from dtma_contract.verdict import ExitCode

__all__ = ["Diagnosis", "Remedy", "ToldCause", "diagnose", "suspicions", "told_cause"]

# The agent's container, as deployments call it.
_CONTAINER = "dtma_manager"
_DEFAULT_ENGINE = "unix:///var/run/docker.sock"
# How the choice of the agent's container says that there is none of the name that was given.
_MISNAMED = "no container is named "


@dataclass(frozen=True, slots=True)
class Remedy:
    """What repairs a cause. Nothing of it is ever carried out.

    Attributes:
        scenario: of the plan.
        text: what to do.
        commands: lines to paste, this target's names filled in, secrets as names of variables.
        verify: lines that show whether it is repaired.
    """

    scenario: Scenario
    text: str
    commands: tuple[str, ...]
    verify: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ToldCause:
    """One cause that holds.

    Attributes:
        id: of the catalogue.
        title: what is wrong here, one sentence.
        confidence: from 0 to 1.
        evidence: what it rests on, the strongest first.
        remedy: what repairs it.
        follows_from: id of the cause that it is a consequence of; empty for a root.
        would_tell: what further evidence would make it surer.
    """

    id: str
    title: str
    confidence: float
    evidence: tuple[Evidence, ...]
    remedy: Remedy
    follows_from: str = ""
    would_tell: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is wrong with a target, best first.

    Attributes:
        facts: what was observed.
        causes: roots before consequences, the surest first.
        notes: what could not be told, and what is odd and no cause, a sentence each.
    """

    facts: Facts
    causes: tuple[ToldCause, ...]
    notes: tuple[str, ...]

    @property
    def healthy(self) -> bool:
        """Whether a DTMA answers and nothing is wrong with it that was asked about."""
        return not self.causes and is_agent(self.facts) and not _failing(self.facts)

    @property
    def exit_code(self) -> ExitCode:
        """Healthy, ill, or nothing could be told."""
        if self.causes:
            return ExitCode.VIOLATED
        return ExitCode.KEPT if self.healthy else ExitCode.NOTHING_JUDGED

    def to_json(self) -> dict[str, Any]:
        """Return the documented JSON document."""
        return {
            "target": self.facts.target,
            "healthy": self.healthy,
            "exit_code": int(self.exit_code),
            "causes": [_cause_json(cause) for cause in self.causes],
            "notes": list(self.notes),
            "facts": asdict(self.facts),
        }


def _failing(facts: Facts) -> tuple[Answer, ...]:
    """Return what every agent answers with success, and this one with an error of its own."""
    asked = answered(facts, Question.ROOT, Question.STATUS, Question.TOOLS, Question.TOOLS_STATUS)
    return tuple(answer for answer in asked if answer.status >= 500)  # noqa: PLR2004 - RFC 9110 section 15.6


def _cause_json(cause: ToldCause) -> dict[str, Any]:
    return {
        "id": cause.id,
        "title": cause.title,
        "confidence": round(cause.confidence, 2),
        "evidence": [asdict(each) for each in cause.evidence],
        "remedy": asdict(cause.remedy),
        "follows_from": cause.follows_from or None,
        "would_tell": list(cause.would_tell),
    }


def diagnose(facts: Facts) -> Diagnosis:
    """Return which causes the facts show."""
    suspected = suspicions(facts)
    roots = {suspicion.cause: _root_of(suspicion, suspected) for suspicion in suspected}
    ranked = sorted(suspected, key=lambda suspicion: (_depth(suspicion.cause, roots), -suspicion.confidence))
    told = tuple(told_cause(suspicion, facts, roots[suspicion.cause]) for suspicion in ranked)
    return Diagnosis(facts, told, tuple(_notes(facts, told)))


def suspicions(facts: Facts) -> tuple[Suspicion, ...]:
    """Return what the rules suspect, one for each cause: the surest, with the evidence of all."""
    found: dict[str, Suspicion] = {}
    for rule in RULES:
        for suspicion in rule(facts):
            known = found.get(suspicion.cause)
            found[suspicion.cause] = suspicion if known is None else _merged(known, suspicion)
    return tuple(found.values())


def _merged(one: Suspicion, other: Suspicion) -> Suspicion:
    first, second = (one, other) if one.confidence >= other.confidence else (other, one)
    return replace(
        first,
        evidence=tuple(dict.fromkeys((*first.evidence, *second.evidence))),
        title=first.title or second.title,
        explains=(*first.explains, *second.explains),
        fields={**second.fields, **first.fields},
    )


def _explains(suspicion: Suspicion) -> frozenset[str]:
    return frozenset((*CAUSES[suspicion.cause].explains, *suspicion.explains))


def _root_of(suspicion: Suspicion, suspected: Iterable[Suspicion]) -> str:
    """Return which of the others explains a cause best; empty for none, and where both explain each other."""
    candidates = [
        other for other in suspected if suspicion.cause in _explains(other) and other.cause not in _explains(suspicion)
    ]
    return max(candidates, key=lambda other: other.confidence).cause if candidates else ""


def _depth(cause: str, roots: Mapping[str, str]) -> int:
    depth, seen = 0, {cause}
    while (cause := roots[cause]) and cause not in seen:
        depth += 1
        seen.add(cause)
    return depth


def told_cause(suspicion: Suspicion, facts: Facts, root: str = "") -> ToldCause:
    """Return a suspicion as it is told, with its remedy.

    Args:
        suspicion: what a rule says.
        facts: of the target, whose names are filled in.
        root: id of the cause that it follows from; empty for a root.
    """
    cause = CAUSES[suspicion.cause]
    fields = _fields(facts) | {name: shlex.quote(value) for name, value in suspicion.fields.items()}
    return ToldCause(
        id=cause.id,
        title=suspicion.title or cause.title,
        confidence=suspicion.confidence,
        evidence=suspicion.evidence,
        remedy=Remedy(
            suspicion.scenario or cause.scenario,
            suspicion.remedy or cause.remedy,
            tuple(
                command.format_map(fields)
                for command in (cause.commands if suspicion.commands is None else suspicion.commands)
            ),
            tuple(command.format_map(fields) for command in cause.verify),
        ),
        follows_from=root,
        would_tell=suspicion.would_tell,
    )


def _fields(facts: Facts) -> dict[str, str]:
    docker, code = facts.docker, facts.code
    container = docker.agent_container if docker else None
    # A path to an archive is nothing that an Engine can run.
    reference = code.image if code and code.image and "/" not in code.image[:1] and ".tar" not in code.image else ""
    values = {
        "target": facts.target,
        "host": facts.host,
        "port": str(facts.port),
        "container": container.name if container else _CONTAINER,
        "image": reference or (container.image if container else "") or "IMAGE",
        "source": code.source if code and code.source else "DIR",
        "instance": facts.instance or "NAME",
        "tool_image": "IMAGE",
    }
    fields = {name: shlex.quote(value) for name, value in values.items()}
    endpoint = docker.endpoint if docker else ""
    fields["docker"] = f"docker -H {shlex.quote(endpoint)}" if endpoint not in {"", _DEFAULT_ENGINE} else "docker"
    fields["token_env"] = facts.token_env
    return fields


def _notes(facts: Facts, told: tuple[ToldCause, ...]) -> Iterable[str]:
    for answer in _failing(facts) if not told else ():
        yield f"no cause is known for this: {answer.method} {answer.path} is answered {answer.describe()}."
    for problem in facts.problems:
        yield f"not told: {problem.asked}: {problem.detail}."
    yield from _untold_of_docker(facts.docker)
    for reason in facts.code.problems if facts.code else ():
        yield f"not told: {reason.rstrip('.')}."
    if not facts.has_token and not facts.token_problem and is_agent(facts):
        yield f"not told: what needs a token; set {facts.token_env}."
    if facts.instance and facts.listed_instances is not None and facts.instance in facts.listed_instances:
        yield f"the instance {facts.instance} is there: the agent lists it."
    if not told and facts.code is not None:
        for finding in facts.code.findings:
            yield f"drift in the {finding.where}, which the target does not show: {finding.title}"


def _untold_of_docker(docker: DockerFacts | None) -> Iterator[str]:
    if docker is None:
        return
    if docker.problem:
        yield f"not told: what the Docker Engine says: {docker.problem.rstrip('.')}."
    elif not docker.agent and docker.chosen_by.startswith(_MISNAMED):
        names = sorted(each.name for each in docker.containers)
        near = closest(docker.chosen_by.removeprefix(_MISNAMED), names)
        yield f"not told: what the agent's container says: {docker.chosen_by.rstrip('.')}. {near}".strip()
    elif not docker.agent:
        why = docker.chosen_by or "none was recognised"
        yield f"not told: which of the host's containers is the agent's ({why.rstrip('.')}); name it with --container."
    elif docker.log_problem:
        yield f"not told: the agent's log: {docker.log_problem.rstrip('.')}."
