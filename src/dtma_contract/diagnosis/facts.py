"""What was observed of a target and around it, each fact with its origin and its time. Pure.

Facts hold no secret: whoever collects them takes secrets out before. A probe that failed is a fact too, and what was
not asked for is ``None``, never an empty set.
"""

from __future__ import annotations

import enum
import json as json_codec
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from dtma_contract.diagnosis.code import CodeFacts
from dtma_contract.routes import Cell

__all__ = [
    "MOST_BODY",
    "UNASKED_SECONDS",
    "Answer",
    "AuthSent",
    "ContainerState",
    "DockerFacts",
    "Facts",
    "LogLine",
    "NetworkStep",
    "Origin",
    "Problem",
    "Question",
    "RouteState",
    "Shown",
    "StepName",
]

# Longer bodies are cut; the listing of a hundred instances fits.
MOST_BODY: Final = 65_536

# A request that ends a connection sooner than that is what ends it, where it stays open so long without one.
UNASKED_SECONDS: Final = 1.2

# An answer's headers that tell who gave it; all others are left out.
KEPT_HEADERS: Final = ("allow", "content-type", "location", "server", "via", "www-authenticate", "x-powered-by")


_REFUSED: Final = re.compile(r"surely does not exist: (?:40[13]|5\d\d)\b")


class Origin(enum.StrEnum):
    """Where a fact came from."""

    NETWORK = "network"
    HTTP = "http"
    DOCKER = "docker"
    LOG = "log"
    SOURCE = "source"
    IMAGE = "image"


class StepName(enum.StrEnum):
    """The steps below HTTP, in their order."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    TLS = "tls"


@dataclass(frozen=True, slots=True)
class NetworkStep:
    """One step below HTTP.

    Attributes:
        name: of the step.
        failure: empty where it succeeded; else ``name-unresolvable``, ``connection-refused``, ``connection-timeout``
            or ``tls-failure``.
        detail: what was seen, one sentence without a full stop: the addresses, the operating system's error, what is
            wrong with the certificate.
        at: when, ISO 8601, UTC.
        milliseconds: how long it took.
        greeting: what the other side said before it was asked; no HTTP server does.
        stays_open: whether a connection on which nothing is said stays open for ``UNASKED_SECONDS``; None where that
            was not seen.
    """

    name: StepName
    failure: str
    detail: str
    at: str
    milliseconds: float = 0.0
    greeting: str = ""
    stays_open: bool | None = None


class AuthSent(enum.StrEnum):
    """Which Authorization header a question had."""

    NONE = "none"
    VALID = "valid"
    WRONG = "wrong"


class Question(enum.StrEnum):
    """What was asked over HTTP beyond the routes; each changes nothing."""

    ROOT = "root"
    HEALTH = "health"
    STATUS = "status"
    TOOLS = "tools"
    TOOLS_STATUS = "tools-status"
    TOOLS_WITHOUT_TOKEN = "tools-without-token"  # noqa: S105 - the name of a question
    TOOLS_WRONG_TOKEN = "tools-wrong-token"  # noqa: S105 - the name of a question
    # A path that surely does not exist.
    NOWHERE = "nowhere"
    # A deploy of an image that cannot resolve: a real agent refuses it, a stub accepts it.
    UNRESOLVABLE_DEPLOY = "unresolvable-deploy"
    # A deploy of the probe image; only a verification sends it.
    PROBE_DEPLOY = "probe-deploy"
    # `/health` below a prefix of the routes: answered like /health only where something strips that prefix.
    STRIPPED_HEALTH = "stripped-health"
    # `/health` below a prefix that deployments use: answered like /health where the agent lives below that prefix.
    PREFIXED_HEALTH = "prefixed-health"
    # Further listings, where the target has them.
    SYSTEM = "system"
    LOGS = "logs"
    DIAGNOSTICS_DOCKER = "diagnostics-docker"
    DIAGNOSTICS_LOGS = "diagnostics-logs"
    MCP_STATUS = "mcp-status"
    MCP_STATUS_WITHOUT_TOKEN = "mcp-status-without-token"  # noqa: S105 - the name of a question
    # What the agent says of the one instance that was asked about.
    INSTANCE_LOGS = "instance-logs"


@dataclass(frozen=True, slots=True)
class Answer:
    """One question over HTTP and what came of it.

    Attributes:
        question: which.
        method: upper case.
        path: as sent, percent-encoded.
        auth: which Authorization header it had.
        at: when it was sent, ISO 8601, UTC.
        status: status code; 0 where there was no proper answer.
        headers: those of ``KEPT_HEADERS``, names in lower case.
        body: its beginning, without secrets.
        failure: empty where there was a proper answer; else the fence's id, such as ``connection-reset`` or
            ``response-timeout``, or ``refused-by-fence``.
        detail: of the failure, without a full stop.
        milliseconds: how long it took.
    """

    question: Question
    method: str
    path: str
    auth: AuthSent
    at: str
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    failure: str = ""
    detail: str = ""
    milliseconds: float = 0.0

    @property
    def media_type(self) -> str:
        """Without parameters, lower case."""
        return self.headers.get("content-type", "").split(";")[0].strip().lower()

    @property
    def json(self) -> Any:
        """The decoded body, or None where it is no JSON."""
        try:
            return json_codec.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def member(self, *path: str) -> Any:
        """Return a nested member of the decoded body, or None where the path leads nowhere."""
        node = self.json
        for key in path:
            node = node.get(key) if isinstance(node, Mapping) else None
        return node

    def describe(self, longest: int = 160) -> str:
        """Return the answer in one line."""
        if self.failure:
            return f"no answer ({self.failure}{f': {self.detail}' if self.detail else ''})"
        text = " ".join(self.body.split())
        shown = text if len(text) <= longest else text[:longest] + "…"
        return f"{self.status} {self.media_type or 'without a media type'} {shown}".strip()


@dataclass(frozen=True, slots=True)
class RouteState:
    """What the target shows of one route.

    Attributes:
        operation: the contract's id of it, or empty.
        method: upper case.
        path: OpenAPI path template.
        state: mounted, absent or unknown.
        secured: whether it asks for a token; None where that is not known.
        detail: the evidence, one sentence without a full stop.
    """

    operation: str
    method: str
    path: str
    state: Cell
    secured: bool | None
    detail: str

    @property
    def name(self) -> str:
        """Method and path."""
        return f"{self.method} {self.path}"

    @property
    def seems_absent(self) -> bool:
        """Whether it answers like a path that does not exist, as it might an unknown name too.

        A refusal or an error that stands before the routes tells nothing of them.
        """
        looks_it = " is answered like " in self.detail and not _REFUSED.search(self.detail)
        return self.state is Cell.UNKNOWN and looks_it


@dataclass(frozen=True, slots=True)
class ContainerState:
    """One container of the target's Docker Engine.

    Attributes:
        id: full id.
        name: without the slash in front.
        state: Docker's word: created, running, paused, restarting, removing, exited, dead.
        image: reference that it was created from.
        image_id: of the image.
        created_at: ISO 8601.
        started_at: of its last start, ISO 8601; empty where it never started.
        finished_at: of its last end, ISO 8601; empty where it never ended. The engine stamps a start late, so that a
            container that ends at once may have ended milliseconds before it started.
        exit_code: of its last run; None where it never ended.
        error: what the Engine said when it last could not start it; empty where it could.
        out_of_memory: whether the kernel ended it for want of memory.
        restart_count: how often the Engine has started it again.
        restart_policy: such as ``always``; empty where there is none.
        health: Docker's word (healthy, unhealthy, starting); empty without a health check.
        ports: those that are or will be published, ``8080/tcp`` → host ports; on the host's network, what it exposes.
        labels: those of OCI (``org.opencontainers.image.*``), of Compose projects and the agent's own (``dtma.*``).
        socket_mounted: whether the Engine's socket is in it.
        environment: names of its variables → whether the value is empty. Never a value.
        revision: of its image, from the label; empty where it has none.
        image_created: when its image was built, ISO 8601; empty where that is not known.
        image_digests: ``repository@sha256:…`` of its image.
    """

    id: str
    name: str
    state: str
    image: str
    image_id: str = ""
    created_at: str = ""
    started_at: str = ""
    finished_at: str = ""
    exit_code: int | None = None
    error: str = ""
    out_of_memory: bool = False
    restart_count: int = 0
    restart_policy: str = ""
    health: str = ""
    ports: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    socket_mounted: bool = False
    environment: Mapping[str, bool] = field(default_factory=dict)
    revision: str = ""
    image_created: str = ""
    image_digests: tuple[str, ...] = ()

    @property
    def host_ports(self) -> frozenset[int]:
        """All host ports that it publishes, or is to publish when it starts."""
        return frozenset(port for ports in self.ports.values() for port in ports)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the agent's log.

    Attributes:
        at: when, ISO 8601; empty where it is not known.
        text: without secrets, at most some hundred characters.
    """

    at: str
    text: str


@dataclass(frozen=True, slots=True)
class DockerFacts:
    """What the Docker Engine of the target's host says.

    Attributes:
        endpoint: where it was asked.
        at: when, ISO 8601, UTC.
        problem: why it could not be asked; empty where it could.
        agent: name of the agent's container; empty where none was recognised.
        chosen_by: how it was recognised, such as ``it publishes port 30000``; where none was, why not.
        containers: all of the host, the agent's own among them.
        log: last lines of the agent's container, oldest first.
        log_problem: why its log could not be read; empty where it could.
    """

    endpoint: str
    at: str
    problem: str = ""
    agent: str = ""
    chosen_by: str = ""
    containers: tuple[ContainerState, ...] = ()
    log: tuple[LogLine, ...] = ()
    log_problem: str = ""

    def container(self, name: str) -> ContainerState | None:
        """Return the container of a name."""
        return next((container for container in self.containers if container.name == name), None)

    @property
    def agent_container(self) -> ContainerState | None:
        """The agent's container."""
        return self.container(self.agent) if self.agent else None


@dataclass(frozen=True, slots=True)
class Shown:
    """A cause that an experiment of a verification has shown, such as a restart after which an instance is forgotten.

    Attributes:
        clause: id of the clause that was judged by it.
        cause: id of the cause.
        observed: what was seen, without a full stop.
    """

    clause: str
    cause: str
    observed: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A probe that failed.

    Attributes:
        origin: which kind of probe.
        asked: what it was to tell.
        detail: why it failed, without a full stop.
        at: when, ISO 8601, UTC.
    """

    origin: Origin
    asked: str
    detail: str
    at: str


@dataclass(frozen=True, slots=True)
class Facts:
    """All that was observed of one target.

    Attributes:
        target: its URL.
        at: when observing began, ISO 8601, UTC.
        has_token: whether a token was at hand.
        token_problem: why the one that was given could not be sent, one sentence or two; empty where it could.
        token_env: name of the variable that it came from.
        instance: name of the instance that was asked about; empty for none.
        network: the steps below HTTP.
        answers: the questions over HTTP, in the order in which they were asked.
        routes: what the target shows of the contract's routes; empty where it could not be asked.
        broken_promises: what answers of mounted operations lack of the contract's shape, by operation id.
        docker: what the Engine says, or None where it was not named.
        code: what source and image say, or None where none was named.
        shown: what experiments of a verification have shown.
        problems: probes that failed.
        requests: how many requests the target got.
        seconds: how long observing took.
    """

    target: str
    at: str
    has_token: bool = False
    token_problem: str = ""
    token_env: str = "DTMA_BEARER_TOKEN"  # noqa: S105 - the name of a variable
    instance: str = ""
    network: tuple[NetworkStep, ...] = ()
    answers: tuple[Answer, ...] = ()
    routes: tuple[RouteState, ...] = ()
    broken_promises: Mapping[str, str] = field(default_factory=dict)
    docker: DockerFacts | None = None
    code: CodeFacts | None = None
    shown: tuple[Shown, ...] = ()
    problems: tuple[Problem, ...] = ()
    requests: int = 0
    seconds: float = 0.0

    def answer(self, question: Question) -> Answer | None:
        """Return the first answer to a question, or None where it was not asked."""
        return next(iter(self.answers_to(question)), None)

    def answers_to(self, *questions: Question) -> tuple[Answer, ...]:
        """Return the answers to some questions."""
        return tuple(answer for answer in self.answers if answer.question in questions)

    def routes_in(self, state: Cell) -> tuple[RouteState, ...]:
        """Return the routes in a state."""
        return tuple(route for route in self.routes if route.state is state)

    def step(self, name: StepName) -> NetworkStep | None:
        """Return a step below HTTP, or None where it was not taken."""
        return next((step for step in self.network if step.name is name), None)

    @property
    def host(self) -> str:
        """The target's host name or address; empty where the URL is none, as a bundle may have it."""
        try:
            return urlsplit(self.target).hostname or ""
        except ValueError:
            return ""

    @property
    def port(self) -> int:
        """The target's port; 0 where the URL is none."""
        try:
            port = urlsplit(self.target).port
        except ValueError:
            return 0
        return port or (443 if self.target.startswith("https:") else 80)

    @property
    def log_lines(self) -> tuple[LogLine, ...]:
        """The agent's own log, from the Engine or, where that was not asked, as the agent tells it."""
        if self.docker is not None and self.docker.log:
            return self.docker.log
        told: list[LogLine] = []
        for answer in self.answers_to(Question.LOGS, Question.DIAGNOSTICS_LOGS):
            lines = answer.member("logs")
            if isinstance(lines, str):
                lines = lines.splitlines()
            told += [LogLine("", line) for line in lines or () if isinstance(line, str)]
        return tuple(dict.fromkeys(told))

    @property
    def listed_instances(self) -> frozenset[str] | None:
        """Names of the instances that the agent manages, by GET /tools; None where it did not tell."""
        return _names(answer.member("tools") for answer in self.answers_to(Question.TOOLS) if answer.status)

    @property
    def seen_instances(self) -> frozenset[str] | None:
        """Names of the instances that the agent status lists; None where it did not tell."""
        asked = self.answers_to(Question.STATUS, Question.TOOLS_STATUS)
        return _names(answer.member("tool_instances") for answer in asked if answer.status)


def _names(listings: Iterable[Any]) -> frozenset[str] | None:
    found: set[str] = set()
    told = False
    for listing in listings:
        if not isinstance(listing, list):
            continue
        told = True
        for item in listing:
            found |= set(_names_of(item))
    return frozenset(found) if told else None


def _names_of(item: Any) -> Iterable[str]:
    if not isinstance(item, Mapping):
        return
    # Builds have been seen that send Docker's own fields.
    names = [item.get("instance_name_on_toolbox"), *(item.get("names") or item.get("Names") or ())]
    yield from (name.removeprefix("/") for name in names if isinstance(name, str) and name)
