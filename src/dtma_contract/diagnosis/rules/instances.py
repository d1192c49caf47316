"""Rules on instances: the one that was asked about, and those that the agent has forgotten. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dtma_contract.diagnosis.deploy_log import failed_deploys
from dtma_contract.diagnosis.facts import Answer, ContainerState, Facts, Question
from dtma_contract.diagnosis.reading import answered, is_agent, telling_lines
from dtma_contract.diagnosis.suspicion import Evidence, Suspicion, of_answer, of_container, of_line

__all__ = ["container_name_taken", "instance_name_invalid", "instance_unknown", "state_lost"]

# A container's name, as Docker takes it.
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
_INVALID = re.compile(r"invalid container name|only \[a-zA-Z0-9\]", re.IGNORECASE)
_TAKEN = re.compile(
    r"container name \"?/?([\w.-]+)\"? is already in use|name '([\w.-]+)' is taken by a container", re.IGNORECASE
)
# What callers ask of one instance, as access logs write it: plain, as Apache does, and as JSON.
_ASKED = re.compile(r"/tools/([\w.-]+)(?:/(?:start|stop|execute))?[\s\"?]")
_UNMANAGED = re.compile(r"Tool instance '([\w.-]+)' not found or not managed")
_TOOL_POLICY = "unless-stopped"
_OF_OTHERS = "com.docker.compose."


def instance_name_invalid(facts: Facts) -> Iterator[Suspicion]:
    """The name is none that Docker takes."""
    if facts.instance and not _NAME.fullmatch(facts.instance):
        wrong = sorted(set(re.sub(r"[a-zA-Z0-9_.-]", "", facts.instance))) or [facts.instance[0]]
        shown = ", ".join("a space" if letter == " " else f"“{letter}”" for letter in wrong)
        said = f"“{facts.instance}” has {shown}, where a name matches [a-zA-Z0-9][a-zA-Z0-9_.-]+"
        lines = telling_lines(facts.log_lines, _INVALID, 1)
        yield Suspicion("instance-name-invalid", 0.98, (Evidence(said, "the name given"), *map(of_line, lines)))
    elif not facts.instance and (lines := failed_deploys(facts, _INVALID)):
        yield Suspicion("instance-name-invalid", 0.7, tuple(map(of_line, lines)))


def container_name_taken(facts: Facts) -> Iterator[Suspicion]:
    """A container of that name is there, and somebody else's."""
    for line in failed_deploys(facts, _TAKEN):
        match = _TAKEN.search(line.text)
        name = next(filter(None, match.groups())) if match else ""
        if name and (not facts.instance or name == facts.instance) and "dtmac-" not in name:
            yield Suspicion(
                "container-name-taken", 0.93, (of_line(line), *_foreign(name, facts)), fields={"instance": name}
            )
            return
    container, listed = _unmanaged(facts)
    if container is None or facts.docker is None or _is_agents(container, facts):
        return
    said = f"the container {container.name} is {container.state}, and the agent does not list it"
    yield Suspicion(
        "container-name-taken",
        0.85 if _known_foreign(container, facts) else 0.6,
        (of_container(container, facts.docker, said), *_foreign(container.name, facts), *listed),
    )


def _foreign(name: str, facts: Facts) -> Iterator[Evidence]:
    container = facts.docker.container(name) if facts.docker else None
    if container is None or facts.docker is None:
        return
    project = container.labels.get("com.docker.compose.project", "")
    by = f" by the Compose project {project}" if project else ""
    said = f"it was made{by} from {container.image} at {container.created_at[:19]}, without a label of the agent"
    yield of_container(container, facts.docker, said)


def _unmanaged(facts: Facts) -> tuple[ContainerState | None, tuple[Evidence, ...]]:
    """Return the container of the instance asked about where the agent does not list it."""
    listed = facts.listed_instances
    if not facts.instance or facts.docker is None or listed is None or facts.instance in listed:
        return None, ()
    evidence = tuple(of_answer(a, f"GET /tools lists {_few(listed)}") for a in answered(facts, Question.TOOLS))
    return facts.docker.container(facts.instance), evidence[:1]


def _is_agents(container: ContainerState, facts: Facts) -> bool:
    """Return whether a container that the agent does not list was once made by it."""
    if any(label.startswith("dtma.") for label in container.labels):
        return True
    if _known_foreign(container, facts):
        return False
    agent = facts.docker.agent_container if facts.docker else None
    # Made by hand while the agent ran, it never was the agent's.
    older = agent is not None and bool(agent.started_at) and container.created_at < agent.started_at
    return older or any(_deployed(container.name, line.text) for line in facts.log_lines)


def _known_foreign(container: ContainerState, facts: Facts) -> bool:
    del facts
    return any(label.startswith(_OF_OTHERS) for label in container.labels)


def _deployed(name: str, text: str) -> bool:
    return bool(
        re.search(rf"(?:deploy|creat|start)\w*[^\n]*(?<![\w.-]){re.escape(name)}(?![\w.-])", text, re.IGNORECASE)
    )


def state_lost(facts: Facts) -> Iterator[Suspicion]:
    """Containers that the agent made run on, and it does not know them."""
    listed = facts.listed_instances
    if listed is None or not is_agent(facts):
        return
    container, evidence = _unmanaged(facts)
    if container is not None and facts.docker is not None and _is_agents(container, facts):
        said = f"the container {container.name} is {container.state}, and the agent does not list it"
        yield Suspicion(
            "state-lost",
            0.95,
            (of_container(container, facts.docker, said), *_restarted(container, facts), *evidence),
        )
        return
    denied = [answer for answer in answered(facts, Question.INSTANCE_LOGS) if _is_denied(answer)]
    if facts.instance in listed and denied:
        said = f"GET /tools lists {facts.instance}, and asked about it the agent says {denied[0].describe()}"
        yield Suspicion("state-lost", 0.8, (of_answer(denied[0], said),))
        return
    if facts.instance:
        named = [each for each in _forgotten_by_log(facts) if each.name == facts.instance]
        if named:
            yield _forgotten(named[0], facts)
            return
        seen = facts.seen_instances or frozenset()
        if facts.docker is None and facts.instance in seen and facts.instance not in listed:
            yield _listed_by_status((facts.instance,), facts)
        return
    lost = [
        each
        for each in (facts.docker.containers if facts.docker else ())
        if any(label.startswith("dtma.") for label in each.labels)
        and each.state == "running"
        and each.name not in listed
    ]
    asked = _forgotten_by_log(facts) or _forgotten_by_listing(facts)
    if lost and facts.docker:
        said = f"{_few([each.name for each in lost])} run with the agent's labels, and GET /tools does not list them"
        yield Suspicion(
            "state-lost",
            0.93,
            (of_container(lost[0], facts.docker, said), *_restarted(lost[0], facts)),
            fields={"instance": lost[0].name},
        )
    elif asked and facts.docker:
        yield _forgotten(asked[0], facts)
    elif not facts.docker and (hidden := _running_by_status(facts) - listed):
        yield _listed_by_status(tuple(sorted(hidden)), facts)


def _forgotten(container: ContainerState, facts: Facts) -> Suspicion:
    assert facts.docker is not None
    listed = container.name in (facts.listed_instances or ())
    how = "lists it and denies it when it is asked for" if listed else "does not list it"
    said = f"the container {container.name} is {container.state}, and the agent {how}"
    lines = [line for line in facts.log_lines if container.name in _denied_names(line.text)]
    return Suspicion(
        "state-lost",
        0.88,
        (of_container(container, facts.docker, said), *map(of_line, lines[-1:]), *_restarted(container, facts)),
        fields={"instance": container.name},
    )


def _forgotten_by_log(facts: Facts) -> tuple[ContainerState, ...]:
    """Return the containers that the agent made and that it last answered 404 for, since it was started.

    Without a label of the agent's, the restart policy that it gives tells its containers from those of others.
    """
    agent = facts.docker.agent_container if facts.docker else None
    if facts.docker is None or agent is None:
        return ()
    denied: dict[str, str] = {}
    for line in facts.log_lines:
        if line.at and line.at >= agent.started_at:
            names = _denied_names(line.text)
            denied |= dict.fromkeys((match[1] for match in _ASKED.finditer(line.text)), "")
            denied |= dict.fromkeys(names, line.at)
    listed = facts.listed_instances or frozenset()
    return tuple(
        each
        for each in facts.docker.containers
        if each.created_at < denied.get(each.name, "")
        and (each.restart_policy == _TOOL_POLICY or each.name in listed)
        and _is_agents(each, facts)
    )


def _forgotten_by_listing(facts: Facts) -> tuple[ContainerState, ...]:
    """Return the containers that the agent status lists and GET /tools does not, of the agent's own policy."""
    hidden = _running_by_status(facts) - (facts.listed_instances or frozenset())
    return tuple(
        each
        for each in (facts.docker.containers if facts.docker else ())
        if each.name in hidden and each.restart_policy == _TOOL_POLICY and _is_agents(each, facts)
    )


def _denied_names(text: str) -> frozenset[str]:
    found = [match[1] for match in _ASKED.finditer(text)] if re.search(r"\b404\b", text) else []
    found += _UNMANAGED.findall(text)
    return frozenset(found)


def _is_denied(answer: Answer) -> bool:
    """Return whether the agent says of an instance that it manages none of that name."""
    return answer.status == 404 and "Tool instance" in answer.body and "not managed" in answer.body  # noqa: PLR2004 - RFC 9110 section 15.5.5


def _listed_by_status(names: tuple[str, ...], facts: Facts) -> Suspicion:
    asked = answered(facts, Question.STATUS, Question.TOOLS_STATUS)
    said = f"the agent status lists {_few(names)}, and GET /tools does not"
    return Suspicion(
        "state-lost",
        0.8,
        tuple(of_answer(answer, said) for answer in asked[:1]),
        fields={"instance": names[0]},
        would_tell=("--docker would show the containers and when the agent was started",),
    )


def _running_by_status(facts: Facts) -> frozenset[str]:
    names: set[str] = set()
    for answer in answered(facts, Question.STATUS, Question.TOOLS_STATUS):
        listing = answer.member("tool_instances")
        for item in listing if isinstance(listing, list) else ():
            if isinstance(item, dict) and item.get("status") == "running":
                name = item.get("instance_name_on_toolbox")
                names |= {name} if isinstance(name, str) else set()
    return frozenset(names)


def _restarted(container: ContainerState, facts: Facts) -> Iterator[Evidence]:
    agent = facts.docker.agent_container if facts.docker else None
    if facts.docker and agent and agent.started_at and container.created_at and container.created_at < agent.started_at:
        said = f"it was made at {container.created_at[:19]}, the agent was started later, at {agent.started_at[:19]}"
        yield of_container(agent, facts.docker, said)


def instance_unknown(facts: Facts) -> Iterator[Suspicion]:
    """Neither the agent nor the Engine has it."""
    listed = facts.listed_instances
    name = facts.instance
    if not _NAME.fullmatch(name) or not is_agent(facts) or listed is None:
        return
    if name in listed or name in (facts.seen_instances or ()):
        return
    docker = facts.docker if facts.docker and not facts.docker.problem else None
    if docker and docker.container(name):
        return
    evidence = [of_answer(a, f"GET /tools lists {_few(listed)}") for a in answered(facts, Question.TOOLS)[:1]]
    evidence += [of_answer(a) for a in answered(facts, Question.INSTANCE_LOGS) if a.status == 404]  # noqa: PLR2004 - RFC 9110 section 15.5.5
    if docker:
        evidence.append(Evidence(f"the Engine has no container {name} either", f"docker: list of {docker.endpoint}"))
    similar = [each for each in listed if each.lower() == name.lower()]
    if similar:
        evidence.append(Evidence(f"{similar[0]} is there, which differs in letter case", "http: GET /tools"))
    yield Suspicion(
        "instance-unknown",
        0.93 if docker else 0.8,
        tuple(evidence),
        would_tell=() if docker else ("--docker would tell it from a container that the agent has forgotten",),
    )


def _few(names: frozenset[str] | list[str] | tuple[str, ...], most: int = 5) -> str:
    ordered = sorted(names)
    if not ordered:
        return "no instance"
    return ", ".join(ordered[:most]) + (f" and {len(ordered) - most} more" if len(ordered) > most else "")
