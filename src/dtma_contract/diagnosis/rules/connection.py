"""Rules on what stands between a caller and the agent: name, port, TLS, and an agent that does not stay up. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dtma_contract.diagnosis.agent_choice import AGENT_NAME, GIVEN
from dtma_contract.diagnosis.causes import Scenario
from dtma_contract.diagnosis.facts import (
    ContainerState,
    DockerFacts,
    Facts,
    LogLine,
    NetworkStep,
    Question,
    StepName,
)
from dtma_contract.diagnosis.reading import (
    all_failed,
    answered,
    closes_when_asked,
    is_agent,
    seconds_between,
    telling_lines,
)
from dtma_contract.diagnosis.suspicion import (
    Evidence,
    Suspicion,
    of_answer,
    of_container,
    of_line,
    of_step,
)

__all__ = ["agent_crash_loop", "connection_timeout", "name_unresolvable", "port_refuses", "tls_failure"]

# An agent is up within seconds; what ends sooner than this has ended while it started.
_STARTING_SECONDS = 30.0
# So many restarts by themselves are no accident.
_MANY_RESTARTS = 5
# The Engine waits no longer before it starts a container again (`docker run --restart`), and the end comes before that.
_LONGEST_PAUSE = 90.0
# A process that begins so often within ten minutes does not stay up.
_MANY_BEGINNINGS = 3
_LATELY_SECONDS = 600.0
# Ended from outside: by hand (SIGTERM, SIGKILL), not by itself.
_ENDED_BY_HAND = {0, 130, 137, 143}
_REQUEST = re.compile(r"\b(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\b")

# RFC 9110 sections 15.6.3 to 15.6.5.
_REACHES_NOBODY = {502, 503, 504}

_PLAIN_ON_TLS = re.compile(
    r"plain HTTP request was sent to HTTPS port|HTTP request to an HTTPS server|speaking plain HTTP to an SSL",
    re.IGNORECASE,
)
# A record's type and version stand at the very beginning (RFC 8446 section 5.1).
_TLS_RECORD = re.compile(r"b'\\x1[56]\\x03|wrong version number|TLS|SSL", re.IGNORECASE)

_CONFIGURATION = re.compile(
    r"ENOENT[^\n]*(?:\.conf|\.env|\.ya?ml|\.json|config)|(?:config|\.conf)[^\n]*(?:not found|no such file|missing"
    r"|cannot|could not|unable)"
    r"|(?:missing|required|must be set|not set)[^\n]*(?:environment|variable|env\b|[A-Z]{3,}_[A-Z_]+)"
    r"|DTMA_AUTH_TOKEN[^\n]*(?:not|missing)|FATAL[^\n]*conf",
    re.IGNORECASE,
)
_ENDING = re.compile(
    r"does not provide an export|cannot find (?:module|package)|ERR_[A-Z_]+|(?:Syntax|Type|Reference|Range)Error"
    r"|unhandled|uncaught|Traceback|ModuleNotFoundError|ImportError|EADDRINUSE|panic:|FATAL|Error:|exec format error"
    r"|no such file or directory|ENOENT|EACCES",
    re.IGNORECASE,
)
# The Engine has no process of it: the image's program is not there, is for another machine, or lacks what it mounts.
_NO_START = re.compile(r"OCI runtime|runc create|executable file not found|exec format error|shim task", re.IGNORECASE)


def name_unresolvable(facts: Facts) -> Iterator[Suspicion]:
    """The name has no address."""
    step = facts.step(StepName.RESOLVE)
    if step is not None and step.failure:
        yield Suspicion("name-unresolvable", 0.97, (of_step(step),))


def port_refuses(facts: Facts) -> Iterator[Suspicion]:
    """Nothing listens: refused outright, or taken and closed again, as a published port with nothing behind it does."""
    step = facts.step(StepName.CONNECT)
    evidence: tuple[Evidence, ...] = ()
    confidence = 0.0
    if step is not None and step.failure == "connection-refused":
        evidence, confidence = (of_step(step),), 0.95
    elif closes_when_asked(facts):
        # Something listens, which is no agent.
        return
    elif broken := all_failed(facts, {"connection-reset", "connection-refused"}):
        said = f"the connection is taken and closed again without an answer, {len(facts.answers)} times"
        evidence, confidence = (of_answer(broken, said),), 0.8
    if not evidence:
        return
    evidence += tuple(_about_port(facts))
    container = facts.docker.agent_container if facts.docker else None
    stopped = container is not None and container.state in {"exited", "created", "dead", "paused"}
    yield Suspicion(
        "connection-refused",
        confidence,
        evidence,
        title=f"The agent's container does not run: it is {container.state}." if container and stopped else "",
        would_tell=()
        if facts.docker
        else ("--docker would tell a stopped container from a crash loop and from an agent on another port",),
    )


def _about_port(facts: Facts) -> Iterator[Evidence]:
    docker = facts.docker
    if docker is None or docker.problem:
        return
    container = docker.agent_container
    if container is None:
        yield Evidence(
            f"no container of the host publishes port {facts.port}, and none is called like an agent",
            f"docker: list of {docker.endpoint}",
        )
        return
    state = container.state
    ended = f" with exit code {container.exit_code}" if state == "exited" and container.exit_code is not None else ""
    why = f": {container.error}" if container.error and state != "running" else ""
    yield of_container(container, docker, f"its container {container.name} is {state}{ended}{why}")
    if container.host_ports and facts.port not in container.host_ports:
        ports = ", ".join(map(str, sorted(container.host_ports)))
        yield of_container(container, docker, f"it publishes port {ports}, not {facts.port}")
    elif not container.host_ports:
        yield of_container(container, docker, "it publishes no port")


def connection_timeout(facts: Facts) -> Iterator[Suspicion]:
    """Packets are dropped, or whoever takes the connection never answers."""
    step = facts.step(StepName.CONNECT)
    if step is not None and step.failure == "connection-timeout":
        yield Suspicion(
            "connection-timeout",
            0.95,
            (of_step(step), *_about_port(facts)),
            would_tell=("--docker would tell whether the agent runs behind what drops the packets",)
            if facts.docker is None
            else (),
        )
    elif silent := all_failed(facts, {"response-timeout", "connection-timeout"}):
        said = f"the connection is taken and no answer comes within {silent.milliseconds / 1000:.1f} s"
        yield Suspicion(
            "connection-timeout",
            0.85,
            (of_answer(silent, said), *_about_port(facts)),
            title="Whatever listens there takes connections and never answers.",
            remedy="Start the agent's container again; before that, look at its log and at the load of the host.",
        )


def tls_failure(facts: Facts) -> Iterator[Suspicion]:
    """The handshake fails, or plain HTTP is spoken to a port that wants TLS."""
    step = facts.step(StepName.TLS)
    if step is not None and step.failure:
        if facts.target.startswith("http:"):
            yield _plain_on_tls(facts, of_step(step))
        else:
            yield _failed_handshake(facts, step)
        return
    for answer in answered(facts, Question.ROOT, Question.HEALTH):
        if _PLAIN_ON_TLS.search(answer.body):
            yield _plain_on_tls(facts, of_answer(answer))
            return
    broken = all_failed(facts, {"tls-failure", "response-malformed"})
    if broken and (broken.failure == "tls-failure" or _TLS_RECORD.search(broken.detail)):
        yield Suspicion("tls-failure", 0.85, (of_answer(broken),))


def _failed_handshake(facts: Facts, step: NetworkStep) -> Suspicion:
    if "speaks no TLS" not in step.detail:
        return Suspicion("tls-failure", 0.95, (of_step(step),))
    plain = facts.target.replace("https://", "http://", 1)
    return Suspicion(
        "tls-failure",
        0.95,
        (of_step(step),),
        title="The port speaks no TLS, and https was asked for.",
        remedy=f"Name the target as {plain}.",
        commands=(f"dtma-contract diagnose --target {plain}",),
    )


def _plain_on_tls(facts: Facts, evidence: Evidence) -> Suspicion:
    return Suspicion(
        "tls-failure",
        0.95,
        (evidence,),
        title="The port wants TLS, and plain HTTP was spoken.",
        remedy=f"Name the target as {facts.target.replace('http://', 'https://', 1)}.",
        explains=("connection-refused", "not-a-dtma"),
    )


def agent_crash_loop(facts: Facts) -> Iterator[Suspicion]:
    """The container is started again and again, or ended while it started; or the code shows that it must."""
    found = _container_ends(facts)
    code = [finding for finding in (facts.code.findings if facts.code else ()) if finding.kind in _ENDING_KINDS]
    if found is None and code and not is_agent(facts) and (_is_unreachable(facts) or _is_behind_nobody(facts)):
        finding = code[0]
        place = f" ({finding.place})" if finding.place else ""
        yield Suspicion(
            "agent-crash-loop",
            0.9 if finding.kind == "crashes-at-load" else 0.8,
            (Evidence(f"{finding.title.rstrip('.')}{place}: {finding.detail}".rstrip("."), f"{finding.where}: drift"),),
            remedy=finding.remedy,
            scenario=Scenario.REDEPLOY if finding.kind == "crashes-at-load" else Scenario.ENVIRONMENT,
            would_tell=() if facts.docker else ("--docker would show the restarts and the log",),
            explains=("connection-refused",),
        )
    if found is None:
        return
    confidence, evidence = found
    lines = facts.docker.log if facts.docker else ()
    told = telling_lines(lines, _CONFIGURATION, 2) or telling_lines(lines, _ENDING)
    is_configuration = bool(telling_lines(lines, _CONFIGURATION, 1))
    by_code = tuple(
        Evidence(f"{finding.title.rstrip('.')} ({finding.place})", f"{finding.where}: drift") for finding in code
    )
    # Without a network path there is no telling whether the port is refused for this reason.
    yield Suspicion(
        "agent-crash-loop",
        confidence,
        (evidence, *map(of_line, told), *by_code),
        title="The agent ends while it starts: its configuration is missing." if is_configuration else "",
        scenario=Scenario.ENVIRONMENT if is_configuration else None,
        remedy="Give the container the configuration that the log names, and start it again."
        if is_configuration
        else "",
    )


_ENDING_KINDS = {"crashes-at-load", "missing-configuration"}


def _container_ends(facts: Facts) -> tuple[float, Evidence] | None:
    docker = facts.docker
    container = docker.agent_container if docker else None
    if docker is None or container is None:
        return None
    often = f", started again {container.restart_count} times" if container.restart_count else ""
    code = f", exit code {container.exit_code}" if container.exit_code is not None else ""
    memory = ", for want of memory" if container.out_of_memory else ""
    said = of_container(container, docker, f"{container.name} is {container.state}{often}{code}{memory}")
    if is_agent(facts) and not _may_answer(container, docker, facts):
        return None
    if container.state == "restarting":
        return 0.97, said
    if container.state == "running":
        return (0.9, said) if _runs_again(container, docker, facts) else None
    if container.state in {"created", "exited"} and _NO_START.search(container.error):
        return 0.93, of_container(container, docker, f"{container.name} is {container.state}: {container.error}")
    by_hand = container.exit_code in _ENDED_BY_HAND and not container.out_of_memory
    if container.exit_code == 0 and _says_why(container, docker):
        by_hand = False
    ended = container.state in {"exited", "dead"} and not by_hand and _ended_early(container)
    return (0.9, said) if ended else None


def _may_answer(container: ContainerState, docker: DockerFacts, facts: Facts) -> bool:
    """Return whether it may be this container that answers: it has not ended for good before it was asked.

    Where nothing but a word in its name tells that it is the agent's, one that does not stay up is another.
    """
    if container.state in {"created", "exited", "dead"}:
        since = seconds_between(facts.at, container.finished_at)
        return since is not None and since >= 0
    is_named = container.name == AGENT_NAME or docker.chosen_by == GIVEN
    return is_named or facts.port in container.host_ports


def _says_why(container: ContainerState, docker: DockerFacts) -> bool:
    """Return whether the last run wrote down what it ended of."""
    during = [line for line in docker.log if container.started_at <= line.at]
    return bool(telling_lines(during, _CONFIGURATION, 1) or telling_lines(during, _ENDING, 1))


def _runs_again(container: ContainerState, docker: DockerFacts, facts: Facts) -> bool:
    """Return whether a container that runs has just been started again: often, or while no agent answers."""
    lived = seconds_between(container.started_at, docker.at)
    if lived is None or lived >= _STARTING_SECONDS:
        return False
    # What runs has no exit code; its log shows how the run before it ended.
    ends = telling_lines((line for line in docker.log if _is_shortly_before(line, container)), _ENDING, 1)
    if container.restart_count >= _MANY_RESTARTS and (container.exit_code or ends or _begins_often(container, docker)):
        return True
    return bool(container.restart_count) and not is_agent(facts)


def _begins_often(container: ContainerState, docker: DockerFacts) -> bool:
    """Return whether what this run began its log with stands there again and again of late."""
    since = next((line for line in docker.log if line.at >= container.started_at and line.text.strip()), None)
    if since is None or _REQUEST.search(since.text):
        return False
    begun = 0
    for line in docker.log:
        age = seconds_between(line.at, docker.at)
        same = re.sub(r"\d+", "0", line.text) == re.sub(r"\d+", "0", since.text)
        begun += same and age is not None and age < _LATELY_SECONDS
    return begun >= _MANY_BEGINNINGS


def _is_shortly_before(line: LogLine, container: ContainerState) -> bool:
    before = seconds_between(line.at, container.started_at)
    return before is not None and 0 <= before < _LONGEST_PAUSE


def _ended_early(container: ContainerState) -> bool:
    lived = seconds_between(container.started_at, container.finished_at)
    return lived is not None and lived < _STARTING_SECONDS


def _is_behind_nobody(facts: Facts) -> bool:
    """Return whether a gateway says at every public path that it reaches nobody."""
    public = answered(facts, Question.ROOT, Question.STATUS, Question.HEALTH)
    return bool(public) and all(answer.status in _REACHES_NOBODY for answer in public)


def _is_unreachable(facts: Facts) -> bool:
    step: NetworkStep | None = facts.step(StepName.CONNECT)
    return (step is not None and bool(step.failure)) or not answered(facts)
