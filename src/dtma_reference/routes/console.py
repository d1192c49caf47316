"""Profile console: what the DTMA console page shows and asks for."""

from __future__ import annotations

from starlette.requests import Request

from dtma_reference import host
from dtma_reference.agent import Agent
from dtma_reference.answers import Answer, timestamp
from dtma_reference.routes.endpoint import Endpoint, blocking

__all__ = ["ConsoleRoutes"]


class ConsoleRoutes:
    """The operations of the profile.

    Args:
        agent: whose they are.
    """

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Return the profile's operations."""
        return (
            Endpoint("console.system", "GET", "/system", "Figures of the host", self.system),
            Endpoint("console.logs", "GET", "/logs", "Recent log lines", self.logs),
            Endpoint("console.restart", "POST", "/restart", "Restart the agent", self.restart),
            Endpoint("console.redeploy", "POST", "/redeploy", "Ask for a redeploy of the agent", self.redeploy),
        )

    async def system(self, _request: Request) -> Answer:
        """Tell load, memory and disk."""
        return Answer(200, await blocking(host.metrics))

    async def logs(self, _request: Request) -> Answer:
        """Return the recent log lines."""
        return Answer(200, {"logs": self._agent.log.lines(), "timestamp": timestamp()})

    async def restart(self, _request: Request) -> Answer:
        """Acknowledge; the process ends one second later."""
        self._agent.restart()
        return Answer(200, {"success": True, "message": "The agent restarts.", "timestamp": timestamp()})

    async def redeploy(self, _request: Request) -> Answer:
        """Acknowledge; whoever deploys the agent has to do the rest."""
        self._agent.log.add("INFO a redeploy was asked for")
        return Answer(200, {"success": True, "message": "The redeploy was asked for.", "timestamp": timestamp()})
