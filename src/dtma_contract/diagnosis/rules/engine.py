"""Rules on the agent's Docker Engine: whether it has one, and why a deploy failed there. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from dtma_contract.diagnosis.deploy_log import failed_deploys, lines_while_asked
from dtma_contract.diagnosis.facts import Answer, ContainerState, Facts, LogLine, Question
from dtma_contract.diagnosis.reading import (
    NO_ENGINE,
    answered,
    is_agent,
    is_agents_health,
    proxy_of,
    says_not_configured,
    telling_lines,
)
from dtma_contract.diagnosis.suspicion import Evidence, Suspicion, of_answer, of_container, of_line

__all__ = ["engine_unavailable", "image_unpullable", "port_conflict"]

_SERVER_ERRORS = 500  # RFC 9110 section 15.6
_NOT_IMPLEMENTED = 501  # RFC 9110 section 15.6.2: what some agents answer for every path that they do not have
_GATEWAY_TIMEOUT = 504  # RFC 9110 section 15.6.5

# An agent may answer a listing all the same, and say so beside it.
_SAYS_NO_ENGINE = re.compile(
    r"cannot connect to the docker daemon|is the docker daemon running|"
    r"connect (?:ENOENT|ECONNREFUSED|EACCES) \S*\.sock|error while fetching server API version",
    re.IGNORECASE,
)
# A line may name the socket and mean well.
_FAILS = re.compile(
    r"error|fail|cannot|could not|unable|refused|denied|E[A-Z]{4,}|un(?:available|reachable)|no such|not "
)
_NO_STORE = re.compile(r"database|sqlite|postgres|registry of instances|instance registry|alembic", re.IGNORECASE)
_UNPULLABLE = re.compile(
    r"pull access denied|manifest[^\n]{0,80}(?:unknown|not found|unauthorized|denied|403)|"
    r"repository[^\n]{0,60}(?:does not exist|not found)|no matching manifest|failed to register layer|"
    r"failed to resolve reference|(?:cannot|could not|unable to|failed to|error)[^\n]{0,20}(?:be )?pull|"
    r"image[^\n]{0,80}(?:cannot be pulled|could not be pulled|not found|unavailable)|no such image|toomanyrequests|"
    r"unauthorized: authentication required|lookup [\w.-]+[^\n]{0,40}no such host|requested access to the resource|"
    r"error from registry|initializing source docker://|pull rate limit|invalid reference format|"
    r"does not match the specified platform|repository name must be lowercase|"
    # Whatever went wrong while a registry was asked (OCI distribution specification, section "Endpoints").
    r"(?:Get|Head|status code|status from (?:GET|HEAD) request to) \"?https?://[^\s\"]+/v2/",
    re.IGNORECASE,
)
_PORT_TAKEN = re.compile(
    r"port is already allocated|address already in use|failed to bind (?:host )?port", re.IGNORECASE
)
_PORT = re.compile(r"(?:0\.0\.0\.0|127\.0\.0\.1|\[::\]|::|[\d.]+|port):? ?(\d{2,5})\b")
# Node, Python and Go on a port of their own; the Engine never says it so.
_LISTENS = re.compile(r"EADDRINUSE|\[Errno 98\]|listen tcp", re.IGNORECASE)
_AGENT_PORT = 30000
_LISTING = (Question.TOOLS, Question.TOOLS_STATUS, Question.DIAGNOSTICS_DOCKER)


def engine_unavailable(facts: Facts) -> Iterator[Suspicion]:
    """Container operations fail while the agent itself is well."""
    well = [answer for answer in answered(facts, Question.HEALTH) if is_agents_health(answer)]
    if not well and not is_agent(facts):
        return
    confidence, evidence = _failing_operations(facts)
    # An agent may answer an empty list all the same, and write down why.
    lines = tuple(line for line in lines_while_asked(facts, NO_ENGINE) if _FAILS.search(line.text))
    container = facts.docker.agent_container if facts.docker else None
    # No container is given a socket while it runs, so that older lines of its log count then too.
    lacks = container is not None and not container.socket_mounted and "DOCKER_HOST" not in container.environment
    if lacks:
        lines = lines or telling_lines(facts.log_lines, NO_ENGINE, 2)
    if not confidence and not lines:
        return
    confidence = confidence or 0.9
    evidence += map(of_line, lines[-2:] or telling_lines(facts.log_lines, NO_ENGINE, 2))
    if facts.docker and container and lacks:
        said = f"the Docker socket is not mounted in the container {container.name}"
        evidence.insert(0, of_container(container, facts.docker, said))
        confidence = 0.98
    yield Suspicion(
        "engine-unavailable",
        confidence,
        (*evidence, *map(of_answer, well[:1])),
        would_tell=() if facts.docker else ("--docker would tell whether the socket is mounted in its container",),
    )


def _failing_operations(facts: Facts) -> tuple[float, list[Evidence]]:
    failing = [
        answer
        for answer in answered(facts, *_LISTING, Question.UNRESOLVABLE_DEPLOY, Question.STATUS, Question.MCP_STATUS)
        if answer.status >= _SERVER_ERRORS
        and not says_not_configured(answer)
        and not _NO_STORE.search(answer.body)
        and not _is_gateways(answer)
    ]
    saying = [answer for answer in failing if NO_ENGINE.search(answer.body)]
    if saying:
        return 0.95, [of_answer(saying[0])]
    listing = [a for a in failing if a.question in _LISTING and a.status != _NOT_IMPLEMENTED]
    if listing:
        return 0.8, [of_answer(answer) for answer in listing[:2]]
    beside = [a for a in answered(facts, *_LISTING, Question.STATUS) if _SAYS_NO_ENGINE.search(_besides(a))]
    if beside:
        return 0.9, [of_answer(beside[0])]
    hanging = [
        answer
        for answer in facts.answers_to(*_LISTING)
        if answer.failure == "response-timeout" or (answer.status == _GATEWAY_TIMEOUT and _is_gateways(answer))
    ]
    if hanging:
        said = f"{hanging[0].method} {hanging[0].path} is not answered, while other routes are"
        return 0.6, [of_answer(hanging[0], said)]
    return 0.0, []


def _besides(answer: Answer) -> str:
    """Return the texts of a document beside its instances."""
    document = answer.json
    if not isinstance(document, Mapping):
        return ""
    return json.dumps({name: value for name, value in document.items() if name not in {"tools", "tool_instances"}})


def _is_gateways(answer: Answer) -> bool:
    """Return whether a proxy in front gave up, in a page of its own."""
    return answer.status in {502, 503, _GATEWAY_TIMEOUT} and answer.json is None and bool(proxy_of(answer))


def image_unpullable(facts: Facts) -> Iterator[Suspicion]:
    """A deploy failed for want of its image: the answer says so, or the log does."""
    for answer in answered(facts, Question.PROBE_DEPLOY):
        says_why = _UNPULLABLE.search(answer.body) and not NO_ENGINE.search(answer.body)
        if answer.status >= _SERVER_ERRORS and says_why:
            yield Suspicion(
                "image-unpullable", 0.9, (of_answer(answer),), fields={"tool_image": _image_in(answer.body)}
            )
            return
    lines = failed_deploys(facts, _UNPULLABLE)
    if not lines or telling_lines(lines, NO_ENGINE, 1):
        return
    yield Suspicion(
        "image-unpullable",
        0.9 if facts.instance else 0.8,
        tuple(map(of_line, lines)),
        fields={"tool_image": _image_in(lines[-1].text)},
    )


def _image_in(text: str) -> str:
    image = re.search(r"[\w.-]+(?:[:/][\w./-]+)*:[\w.-]+|[\w.-]+\.[\w.-]+(?::\d+)?/[\w./-]+", text)
    return image[0].strip(".:") if image else "IMAGE"


def port_conflict(facts: Facts) -> Iterator[Suspicion]:
    """A container was made and could not start because its port is taken, or the log says so."""
    docker = facts.docker
    for container in docker.containers if docker else ():
        if docker and _is_tool(container, facts) and _PORT_TAKEN.search(container.error):
            said = f"the container {container.name} is {container.state}: {container.error}"
            yield Suspicion(
                "port-conflict",
                0.96,
                (of_container(container, docker, said), *_holders(container, facts)),
                fields={"instance": container.name},
            )
            return
    lines = tuple(line for line in failed_deploys(facts, _PORT_TAKEN) if not _is_own_port(line, facts))
    if lines:
        yield Suspicion("port-conflict", 0.85, (*map(of_line, lines), *_holders_of_line(lines[-1], facts)))


def _is_own_port(line: LogLine, facts: Facts) -> bool:
    """Return whether it is the agent itself that cannot listen: its own process says so, in its runtime's words."""
    container = facts.docker.agent_container if facts.docker else None
    inside = {int(port.partition("/")[0]) for port in container.ports} if container else set()
    ports = {int(text) for text in _PORT.findall(line.text)}
    return bool(_LISTENS.search(line.text)) and (not ports or bool(ports & {*inside, _AGENT_PORT, facts.port}))


def _is_tool(container: ContainerState, facts: Facts) -> bool:
    """Return whether a container is one of the agent's: named by who asks, labelled, or in the agent's log."""
    if facts.instance:
        return container.name == facts.instance
    if any(label.startswith("dtma.") for label in container.labels):
        return True
    return container.name in (facts.listed_instances or ()) or any(
        re.search(rf"(?<![\w.-]){re.escape(container.name)}(?![\w.-])", line.text) for line in facts.log_lines
    )


def _holders(container: ContainerState, facts: Facts) -> Iterator[Evidence]:
    wanted = container.host_ports
    found = False
    for other in facts.docker.containers if facts.docker else ():
        if other.name != container.name and other.state == "running" and (shared := wanted & other.host_ports):
            found = True
            ports = ", ".join(map(str, sorted(shared)))
            yield Evidence(f"port {ports} is published by the container {other.name}", "docker: list of containers")
    if not found and facts.docker:
        ports = ", ".join(map(str, sorted(wanted)))
        yield Evidence(
            f"no container publishes port {ports}: a process of the host holds it", "docker: list of containers"
        )


def _holders_of_line(line: LogLine, facts: Facts) -> Iterator[Evidence]:
    for text in _PORT.findall(line.text):
        for other in facts.docker.containers if facts.docker else ():
            if other.state == "running" and int(text) in other.host_ports:
                yield Evidence(f"port {text} is published by the container {other.name}", "docker: list of containers")
                return
