"""The ASGI application: endpoints mounted, everything else answered as Express answers it."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import compile_path

from dtma_reference.actors import current_actor
from dtma_reference.agent import Agent
from dtma_reference.answers import Answer, render
from dtma_reference.asgi import RawPath, RequestLogging
from dtma_reference.engines.protocol import EngineError
from dtma_reference.errors import AgentError, BadRequestError, from_engine, from_store
from dtma_reference.registry.store import StoreUnavailableError
from dtma_reference.routes import Endpoint, all_endpoints, service_information

__all__ = ["UNDECLARED_METHOD", "UNKNOWN_PATH", "create_app"]

# Chooses which endpoints are mounted.
Selection = Callable[[tuple[Endpoint, ...]], tuple[Endpoint, ...]]
# Has the last word on an answer: gets the operation's id, the request and the answer.
Finish = Callable[[str, Request, Answer], Answer]

# Stand for an operation's id where no endpoint takes a request.
UNKNOWN_PATH = "unknown-path"
UNDECLARED_METHOD = "undeclared-method"

_NOT_FOUND = {"error": "Not Found"}
_MCP = "/mcp"
_METHOD_NOT_ALLOWED = 405

_log = logging.getLogger(__name__)


def _as_it_is(_operation: str, _request: Request, answer: Answer) -> Answer:
    return answer


def create_app(agent: Agent, select: Selection = tuple, finish: Finish = _as_it_is) -> Starlette:
    """Return the application of an agent.

    Args:
        agent: whose application it is.
        select: chooses which endpoints are mounted; all by default.
        finish: has the last word on each answer.
    """
    endpoints = select(all_endpoints(agent))
    endpoints = (service_information(agent, endpoints), *endpoints)
    return _Mounted(agent, endpoints, finish).app()


class _Mounted:
    """Endpoints of an agent, and the answers to requests that none of them takes."""

    def __init__(self, agent: Agent, endpoints: tuple[Endpoint, ...], finish: Finish) -> None:
        self._agent = agent
        self._finish = finish
        self._endpoints = endpoints
        self._patterns: list[tuple[re.Pattern[str], Endpoint]] = [
            (compile_path(endpoint.path)[0], endpoint) for endpoint in endpoints
        ]

    def app(self) -> Starlette:
        app = Starlette()
        # Express serves no other path in place of the one that was asked for.
        app.router.redirect_slashes = False
        for endpoint in self._endpoints:
            # A plain route: requests are read and answered by hand, because error bodies and paths are Express's.
            app.add_route(endpoint.path, self._route(endpoint), list(endpoint.methods), name=endpoint.operation)
        # Starlette raises for an unknown path (404) and for an undeclared method (405).
        app.add_exception_handler(HTTPException, self._unmounted)
        app.add_exception_handler(Exception, self._broken)
        app.add_middleware(RawPath, refusal=self._malformed)
        app.add_middleware(RequestLogging, log=self._agent.log)
        return app

    def _route(self, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        async def route(request: Request) -> Response:
            try:
                if endpoint.secured:
                    self._authenticate(endpoint.operation, request)
                answer = await endpoint.handler(request)
            except AgentError as refusal:
                answer = refusal.answer()
            except EngineError as failure:
                _log.warning("%s: %s", endpoint.operation, failure)
                answer = from_engine(failure).answer()
            except StoreUnavailableError as failure:
                _log.warning("%s: the registry: %s", endpoint.operation, failure)
                answer = from_store(failure).answer()
            except ClientDisconnect:
                answer = BadRequestError("The request body ended early.").answer()
            return render(self._finish(endpoint.operation, request, answer))

        return route

    def _authenticate(self, operation: str, request: Request) -> None:
        header = next((value for name, value in request.scope["headers"] if name == b"authorization"), None)
        current_actor.set(self._agent.authentication.check(operation, header))

    def _matching(self, path: str) -> list[Endpoint]:
        return [endpoint for pattern, endpoint in self._patterns if pattern.match(path)]

    def _malformed(self, path: str) -> Response | None:
        """Return the refusal of a path whose percent-encoding is broken; Express decodes only where a route matches."""
        if not self._matching(path):
            return None
        return render(BadRequestError("The path is not properly percent-encoded.").answer())

    async def _unmounted(self, request: Request, problem: Exception) -> Response:
        """Answer a request that no endpoint takes: 404 also for a method that the path does not have."""
        undeclared = isinstance(problem, HTTPException) and problem.status_code == _METHOD_NOT_ALLOWED
        operation = UNDECLARED_METHOD if undeclared else UNKNOWN_PATH
        return render(self._finish(operation, request, self._fallback(request)))

    def _fallback(self, request: Request) -> Answer:
        path: str = request.scope["path"]
        methods = dict.fromkeys(method for endpoint in self._matching(path) for method in endpoint.methods)
        if request.method == "OPTIONS" and methods:
            allowed = ",".join(methods)
            return Answer(200, allowed, "text/plain", {"Allow": allowed})
        if path == _MCP or path.startswith(f"{_MCP}/"):
            return self._unmounted_mcp(request)
        return Answer(404, _NOT_FOUND)

    def _unmounted_mcp(self, request: Request) -> Answer:
        """Answer for the /mcp router, which has an authentication and a fallback of its own."""
        try:
            self._authenticate("mcp", request)
        except AgentError as refusal:
            return refusal.answer()
        available = [f"{item.method} {item.path}" for item in self._endpoints if item.path.startswith(_MCP)]
        return Answer(404, {"success": False, "error": "MCP endpoint not found", "availableEndpoints": available})

    async def _broken(self, _request: Request, problem: Exception) -> Response:
        """Answer for a defect of the agent; the server logs the traceback."""
        _log.error("internal error: %s", type(problem).__name__)
        return render(Answer(500, {"success": False, "error": "Internal server error"}))
