"""Facts as they are observed of a healthy agent, and what changes them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from dtma_contract.diagnosis.code import CodeFacts, CodeFinding, CodeRoute
from dtma_contract.diagnosis.facts import (
    Answer,
    AuthSent,
    ContainerState,
    DockerFacts,
    Facts,
    LogLine,
    NetworkStep,
    Question,
    RouteState,
    StepName,
)
from dtma_contract.routes import Cell
from dtma_contract.shipped import load_contract

AT = "2026-03-01T03:00:00.000Z"
TARGET = "http://agent.example:30000"
NOT_FOUND = {"error": "Not Found"}

PATHS = {
    Question.ROOT: ("GET", "/", AuthSent.NONE),
    Question.HEALTH: ("GET", "/health", AuthSent.NONE),
    Question.STATUS: ("GET", "/status", AuthSent.NONE),
    Question.TOOLS: ("GET", "/tools", AuthSent.VALID),
    Question.TOOLS_STATUS: ("GET", "/tools/status", AuthSent.VALID),
    Question.TOOLS_WITHOUT_TOKEN: ("GET", "/tools", AuthSent.NONE),
    Question.TOOLS_WRONG_TOKEN: ("GET", "/tools", AuthSent.WRONG),
    Question.NOWHERE: ("GET", "/dtmac-nowhere", AuthSent.VALID),
    Question.UNRESOLVABLE_DEPLOY: ("POST", "/tools", AuthSent.VALID),
    Question.STRIPPED_HEALTH: ("GET", "/tools/health", AuthSent.NONE),
    Question.PREFIXED_HEALTH: ("GET", "/dtma/health", AuthSent.NONE),
    Question.LOGS: ("GET", "/logs", AuthSent.VALID),
    Question.DIAGNOSTICS_DOCKER: ("GET", "/diagnostics/docker", AuthSent.VALID),
    Question.MCP_STATUS_WITHOUT_TOKEN: ("GET", "/mcp/status", AuthSent.NONE),
    Question.INSTANCE_LOGS: ("GET", "/mcp/servers/web/logs?tail=1", AuthSent.VALID),
}

PUBLIC = {"core.service", "core.health", "core.status"}


def answer(question: Question, status: int, body: Any = None, **headers: str) -> Answer:
    """Return an answer; what is no text is JSON."""
    method, path, auth = PATHS[question]
    text = body if isinstance(body, str) else json.dumps(body)
    media_type = "text/plain" if isinstance(body, str) else "application/json"
    named = {"content-type": media_type, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return Answer(question, method, path, auth, AT, status, named, text)


def silence(question: Question, failure: str, detail: str = "") -> Answer:
    method, path, auth = PATHS[question]
    return Answer(question, method, path, auth, AT, failure=failure, detail=detail)


def step(name: StepName, failure: str = "") -> NetworkStep:
    return NetworkStep(name, failure, failure or "done", AT)


def instance(name: str, status: str = "running") -> dict[str, Any]:
    return {"instance_name_on_toolbox": name, "status": status}


def status_body(*names: str, **environment: bool) -> dict[str, Any]:
    said = {"hasAuthToken": True, "hasApiKey": True, **environment}
    return {"service": "DTMA", "environment": said, "tool_instances": [instance(name) for name in names]}


ANSWERS = (
    answer(Question.ROOT, 200, {"service": "DTMA", "endpoints": ["GET /status"]}),
    answer(Question.HEALTH, 200, "OK"),
    answer(Question.STATUS, 200, status_body()),
    answer(Question.TOOLS, 200, {"tools": []}),
    answer(Question.TOOLS_STATUS, 200, status_body()),
    answer(Question.TOOLS_WITHOUT_TOKEN, 401, {"error": "Unauthorized"}),
    answer(Question.TOOLS_WRONG_TOKEN, 403, {"error": "Forbidden"}),
    answer(Question.NOWHERE, 404, NOT_FOUND),
    answer(Question.UNRESOLVABLE_DEPLOY, 500, {"success": False, "error": "The image cannot be pulled."}),
)
ROUTES = tuple(
    RouteState(operation.id, operation.method, operation.path, Cell.MOUNTED, operation.id not in PUBLIC, "seen")
    for operation in load_contract().operations
    if operation.id.startswith(("core.", "mcp."))
)
HEALTHY = Facts(
    TARGET,
    AT,
    has_token=True,
    network=(step(StepName.RESOLVE), step(StepName.CONNECT)),
    answers=ANSWERS,
    routes=ROUTES,
)


def answering(*answers: Answer, facts: Facts = HEALTHY, **changes: Any) -> Facts:
    """Return facts with some answers in place of those to the same questions."""
    asked = {each.question for each in answers}
    kept = tuple(each for each in facts.answers if each.question not in asked)
    return replace(facts, answers=(*kept, *answers), **changes)


def all_answering(status: int, body: Any, facts: Facts = HEALTHY, **headers: str) -> Facts:
    """Return facts of a target that answers everything in one way, and has no route."""
    answers = tuple(answer(each.question, status, body, **headers) for each in facts.answers)
    return replace(facts, answers=answers, routes=tuple(replace(route, state=Cell.ABSENT) for route in facts.routes))


def lacking(*names: str, facts: Facts = HEALTHY, **changes: Any) -> Facts:
    """Return facts of a target that lacks some routes, by operation id or ``METHOD /path``."""
    routes = tuple(
        replace(route, state=Cell.ABSENT, secured=None) if {route.operation, route.name} & {*names} else route
        for route in facts.routes
    )
    return replace(facts, routes=routes, **changes)


def silent(failure: str, detail: str = "", **changes: Any) -> Facts:
    """Return facts of a target that takes connections and answers nothing properly."""
    return replace(
        HEALTHY,
        answers=tuple(silence(each.question, failure, detail) for each in ANSWERS),
        routes=(),
        **changes,
    )


def unreachable(failure: str, **changes: Any) -> Facts:
    """Return facts of a target of which a step below HTTP fails."""
    steps = (step(StepName.RESOLVE), step(StepName.CONNECT, failure))
    if failure == "name-unresolvable":
        steps = (step(StepName.RESOLVE, failure),)
    if failure == "tls-failure":
        steps = (step(StepName.RESOLVE), step(StepName.CONNECT), step(StepName.TLS, failure))
    return replace(HEALTHY, network=steps, answers=(), routes=(), **changes)


def container(name: str = "dtma_manager", state: str = "running", **changes: Any) -> ContainerState:
    """Return a container of an hour's age that publishes the target's port where it is the agent's."""
    given: dict[str, Any] = {
        "image": "dtma:latest",
        "image_id": "sha256:aaaa",
        "created_at": "2026-03-01T02:00:00Z",
        "started_at": "2026-03-01T02:00:01Z",
        "socket_mounted": True,
        "ports": {"30000/tcp": (30000,)} if name == "dtma_manager" else {},
        "environment": {"DTMA_BEARER_TOKEN": False, "BACKEND_TO_DTMA_API_KEY": False},
    }
    return ContainerState("f" * 64, name, state, **(given | changes))


def docker(*others: ContainerState, agent: ContainerState | None = None, log: Iterable[str] = ()) -> DockerFacts:
    """Return what an Engine says on whose host the agent runs."""
    own = agent or container()
    lines = tuple(LogLine(line.split()[0] if line[:2] == "20" else AT, line) for line in log)
    return DockerFacts("unix:///x.sock", AT, agent=own.name, chosen_by="x", containers=(own, *others), log=lines)


def code(
    cells: Mapping[str, tuple[Cell | None, Cell | None]] | None = None, *findings: CodeFinding, **changes: Any
) -> CodeFacts:
    """Return what code says: every route mounted in the source, but for the given ones (source, image)."""
    given = cells or {}
    routes = []
    for route in ROUTES:
        source, image = given.get(route.operation, (Cell.MOUNTED, None))
        routes.append(CodeRoute(route.method, route.path, source, image, "src/routes/tools.ts:7", "dist/tools.js:9"))
    return CodeFacts(AT, tuple(routes), findings, **({"source": "dtma", "source_commit": "c" * 40} | changes))


def drift(kind: str, *routes: str, where: str = "source") -> CodeFinding:
    return CodeFinding(kind, where, f"{kind} it is.", "seen so", "src/app.ts:3", routes, "Mend it.")
