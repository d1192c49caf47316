"""An agent whose answers are written down: a transport in place of the loopback."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
from pure.shipped_contract import CONTRACT

from dtma_contract.agent import Agent
from dtma_contract.contract import Operation

__all__ = ["FALLBACK", "ScriptedAgent", "json_answer", "unknown"]

Answer = tuple[int, dict[str, str], bytes]
Handler = Callable[["ScriptedAgent", Operation, tuple[str, ...], Any], Answer]


def json_answer(status: int, body: Any, **headers: str) -> Answer:
    """Return an answer of JSON."""
    return status, {"content-type": "application/json", **headers}, json.dumps(body).encode()


FALLBACK = json_answer(404, {"error": "Not Found"})


def unknown(name: str) -> Answer:
    """Return the documented 404 of an unknown name."""
    return json_answer(
        404, {"success": False, "error": f"Tool instance '{name}' not found or not managed by this DTMA."}
    )


class ScriptedAgent:
    """Implements just enough of the contract in memory to be surveyed; a test replaces what it is about.

    Args:
        missing: ids of operations that no entry point mounts.
        handlers: answers of operations by id, in place of the honest ones.
        fallback: the answer to what is not mounted.
        before: asked first for every request; None lets it through.
        options: the methods that OPTIONS allows, by path.

    Attributes:
        instances: names of what was made.
        asked: methods, paths and the statuses of their answers, in order.
    """

    def __init__(
        self,
        *,
        missing: tuple[str, ...] = (),
        handlers: dict[str, Handler] | None = None,
        fallback: Callable[[str, str], Answer] = lambda _method, _path: FALLBACK,
        before: Callable[[str, str], Answer | None] = lambda _method, _path: None,
        options: Callable[[str], str | None] = lambda _path: None,
    ) -> None:
        self.instances: set[str] = set()
        self.groups: set[str] = set()
        self.asked: list[tuple[str, str, int]] = []
        self._handlers = handlers or {}
        self._fallback = fallback
        self._before = before
        self._options = options
        self._routes = [
            (operation, re.compile(re.sub(r"\{[^}]+\}", "([^/]+)", operation.path)))
            for operation in CONTRACT.operations
            if operation.id not in missing
        ]

    def client(self) -> Agent:
        """Return the suite's client with this agent behind it."""
        return Agent("http://scripted", transport=httpx.MockTransport(self._handle))

    @property
    def made(self) -> list[str]:
        """The paths of all creates that were carried out."""
        return [path for method, path, status in self.asked if method == "POST" and status == 201]

    def _handle(self, request: httpx.Request) -> httpx.Response:
        path = unquote(urlsplit(request.extensions["target"].decode()).path)
        status, headers, content = self._answer(request.method, path, request.content)
        self.asked.append((request.method, path, status))
        # As one that comes from a wire: not read yet.
        return httpx.Response(status, headers=headers, stream=httpx.ByteStream(content))

    def _answer(self, method: str, path: str, content: bytes) -> Answer:
        early = self._before(method, path)
        if early is not None:
            return early
        if method == "OPTIONS":
            allowed = self._options(path)
            return self._fallback(method, path) if allowed is None else (200, {"allow": allowed}, b"")
        for operation, pattern in self._routes:
            match = pattern.fullmatch(path)
            if match and operation.method == method:
                body = json.loads(content) if content else None
                return self._handlers.get(operation.id, honest)(self, operation, match.groups(), body)
        return self._fallback(method, path)


def honest(agent: ScriptedAgent, operation: Operation, names: tuple[str, ...], body: Any) -> Answer:
    """Answer as the contract has it, as far as a survey looks."""
    if operation.creates:
        return _create(agent, operation, body or {})
    if operation.subject is not None:
        things = agent.instances if operation.subject.kind == "instance" else agent.groups
        if names[0] not in things:
            return unknown(names[0])
        if operation.effect == "remove":
            things.discard(names[0])
    elif operation.request_schema is not None and operation.request_problems(body):
        return json_answer(400, {"success": False, "error": "Bad Request"})
    return json_answer(operation.success, {"success": True, "of": operation.id})


def _create(agent: ScriptedAgent, operation: Operation, body: dict[str, Any]) -> Answer:
    key, things = (
        ("instanceNameOnToolbox", agent.instances) if operation.creates == "instance" else ("groupId", agent.groups)
    )
    if key not in body:
        return json_answer(400, {"success": False, "error": f"Missing required field: {key}"})
    if ".invalid/" in str(body.get("dockerImageUrl")):
        return json_answer(502, {"success": False, "error": "no such image"})
    if body[key] in things:
        return json_answer(409, {"success": False, "error": "taken"})
    things.add(body[key])
    return json_answer(201, {"success": True})
