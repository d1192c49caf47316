"""The operations of the API, one module a profile."""

from __future__ import annotations

from dtma_reference.agent import Agent
from dtma_reference.answers import Answer
from dtma_reference.routes.console import ConsoleRoutes
from dtma_reference.routes.core import CoreRoutes
from dtma_reference.routes.diagnostics import DiagnosticsRoutes
from dtma_reference.routes.endpoint import Endpoint
from dtma_reference.routes.execute import ExecuteRoutes
from dtma_reference.routes.mcp import McpRoutes
from dtma_reference.routes.ssh import SshRoutes

__all__ = ["Endpoint", "all_endpoints", "service_information"]

_PROFILES = (CoreRoutes, ExecuteRoutes, ConsoleRoutes, DiagnosticsRoutes, SshRoutes, McpRoutes)


def all_endpoints(agent: Agent) -> tuple[Endpoint, ...]:
    """Return every operation of the agent but the service information, which lists them."""
    return tuple(endpoint for profile in _PROFILES for endpoint in profile(agent).endpoints())


def service_information(agent: Agent, endpoints: tuple[Endpoint, ...]) -> Endpoint:
    """Return the operation that tells what the service is and what it offers."""
    content = {
        "service": "DTMA",
        "version": agent.settings.version,
        "status": "running",
        "endpoints": [
            "GET / - Service information",
            *(f"{endpoint.method} {endpoint.path} - {endpoint.summary}" for endpoint in endpoints),
        ],
    }

    async def answer(_request: object) -> Answer:
        return Answer(200, content)

    return Endpoint("core.service", "GET", "/", "Service information", answer, secured=False)
