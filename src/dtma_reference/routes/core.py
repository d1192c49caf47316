"""Profile core: what the backend needs of an agent."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from dtma_reference import shapes
from dtma_reference.agent import Agent
from dtma_reference.answers import Answer, timestamp
from dtma_reference.bodies import DeployRequest
from dtma_reference.routes.endpoint import Endpoint, blocking, body_of, path_value

__all__ = ["CoreRoutes"]

_INSTANCE = "/tools/{instanceNameOnToolbox}"


class CoreRoutes:
    """The operations of the profile.

    Args:
        agent: whose they are.
    """

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Return the profile's operations."""
        return (
            Endpoint("core.health", "GET", "/health", "Liveness check", self.health, secured=False),
            Endpoint("core.status", "GET", "/status", "Health check", self.status, secured=False),
            Endpoint("core.tools.list", "GET", "/tools", "List tool instances", self.tools),
            Endpoint("core.tools.status", "GET", "/tools/status", "Agent status", self.status),
            Endpoint("core.tools.deploy", "POST", "/tools", "Deploy a tool instance", self.deploy),
            Endpoint("core.tools.delete", "DELETE", _INSTANCE, "Remove a tool instance", self.delete),
            Endpoint("core.tools.start", "POST", f"{_INSTANCE}/start", "Start a tool instance", self.start),
            Endpoint("core.tools.stop", "POST", f"{_INSTANCE}/stop", "Stop a tool instance", self.stop),
        )

    async def health(self, _request: Request) -> Answer:
        """Answer ``OK``."""
        return Answer(200, "OK", "text/plain")

    async def status(self, _request: Request) -> Answer:
        """Tell how the agent is, and which instances it has. No secret values: booleans only."""
        settings, secrets = self._agent.settings, self._agent.secrets
        return Answer(
            200,
            {
                "status": "healthy",
                "timestamp": timestamp(),
                "version": settings.version,
                "service": "DTMA",
                "environment": {
                    "hasAuthToken": bool(secrets.bearer_token),
                    "hasApiKey": bool(secrets.api_key),
                    "hasApiBaseUrl": settings.has_api_base_url,
                    "port": str(settings.port),
                },
                "tool_instances": await self._listing(),
            },
        )

    async def tools(self, _request: Request) -> Answer:
        """List the tool instances."""
        return Answer(200, {"tools": await self._listing()})

    async def deploy(self, request: Request) -> Answer:
        """Deploy a tool instance."""
        wanted = self._agent.bodies.read(await body_of(request), DeployRequest)
        return Answer(201, shapes.deployed(await blocking(self._agent.instances.deploy, wanted)))

    async def delete(self, request: Request) -> Answer:
        """Remove a tool instance."""
        name = path_value(request, "instanceNameOnToolbox")
        await blocking(self._agent.instances.delete, name)
        return Answer(200, shapes.done(f"Tool instance '{name}' was removed."))

    async def start(self, request: Request) -> Answer:
        """Start a tool instance."""
        name = path_value(request, "instanceNameOnToolbox")
        inspection = await blocking(self._agent.instances.start, name)
        return Answer(200, shapes.done(f"Tool instance '{name}' was started.", inspection))

    async def stop(self, request: Request) -> Answer:
        """Stop a tool instance."""
        name = path_value(request, "instanceNameOnToolbox")
        inspection = await blocking(self._agent.instances.stop, name)
        return Answer(200, shapes.done(f"Tool instance '{name}' was stopped.", inspection))

    async def _listing(self) -> list[dict[str, Any]]:
        return shapes.listing(await blocking(self._agent.instances.list))
