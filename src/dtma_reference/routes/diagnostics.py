"""Profile diagnostics: the engine, the host and the log, for whoever looks for a fault."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from dtma_reference import host, shapes
from dtma_reference.agent import Agent
from dtma_reference.answers import Answer, timestamp
from dtma_reference.routes.endpoint import Endpoint, blocking, number_in_query

__all__ = ["DiagnosticsRoutes"]

_DEFAULT_LINES = 100
_MOST_LINES = 10_000


class DiagnosticsRoutes:
    """The operations of the profile.

    Args:
        agent: whose they are.
    """

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Return the profile's operations."""
        return (
            Endpoint("diagnostics.docker", "GET", "/diagnostics/docker", "The container engine", self.docker),
            Endpoint("diagnostics.system", "GET", "/diagnostics/system", "The agent's host", self.system),
            Endpoint("diagnostics.logs", "GET", "/diagnostics/logs", "The last log lines", self.logs),
        )

    async def docker(self, _request: Request) -> Answer:
        """Tell what the engine is and which containers it has, the agent's and all others."""
        diagnostics = await blocking(self._describe_engine)
        return Answer(200, {"success": True, "diagnostics": diagnostics, "timestamp": timestamp()})

    async def system(self, _request: Request) -> Answer:
        """Tell what the agent runs on."""
        diagnostics = {**host.describe(), **await blocking(host.metrics)}
        return Answer(200, {"success": True, "diagnostics": diagnostics, "timestamp": timestamp()})

    async def logs(self, request: Request) -> Answer:
        """Return the last log lines; a number out of range is taken as the nearest in it."""
        count = number_in_query(request, "lines", _DEFAULT_LINES, _MOST_LINES)
        return Answer(200, {"success": True, "logs": self._agent.log.lines(count), "timestamp": timestamp()})

    def _describe_engine(self) -> dict[str, Any]:
        managed = {listed.container.id for listed in self._agent.instances.list()}
        containers = self._agent.engine.list()
        return {
            **self._agent.engine.describe(),
            "containers": [shapes.container(item, managed=item.id in managed) for item in containers],
        }
