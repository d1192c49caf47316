"""Profile execute: a command inside a tool instance."""

from __future__ import annotations

from starlette.requests import Request

from dtma_reference.agent import Agent
from dtma_reference.answers import Answer
from dtma_reference.bodies import ExecuteRequest
from dtma_reference.routes.endpoint import Endpoint, blocking, body_of, path_value

__all__ = ["ExecuteRoutes"]


class ExecuteRoutes:
    """The operations of the profile.

    Args:
        agent: whose they are.
    """

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Return the profile's operations."""
        path = "/tools/{instanceNameOnToolbox}/execute"
        return (Endpoint("execute.tools.execute", "POST", path, "Run a command in an instance", self.execute),)

    async def execute(self, request: Request) -> Answer:
        """Run a command in an instance; that it fails is a result, and no failure of the agent."""
        name = path_value(request, "instanceNameOnToolbox")
        wanted = self._agent.bodies.read(await body_of(request), ExecuteRequest)
        result = await blocking(self._agent.instances.execute, name, wanted.command, wanted.account_tool_instance_id)
        return Answer(
            200,
            {
                "success": True,
                "message": f"'{wanted.capability_name}' was run in '{name}'.",
                "data": {"output": result.output, "exitCode": result.exit_code},
            },
        )
