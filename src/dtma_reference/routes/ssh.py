"""Profile ssh: a shell command on the agent's own host."""

from __future__ import annotations

from starlette.requests import Request

from dtma_reference import shell
from dtma_reference.agent import Agent
from dtma_reference.answers import Answer, timestamp
from dtma_reference.bodies import ShellRequest
from dtma_reference.errors import ForbiddenError
from dtma_reference.routes.endpoint import Endpoint, blocking, body_of

__all__ = ["SshRoutes"]


class SshRoutes:
    """The operations of the profile.

    Args:
        agent: whose they are.
    """

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Return the profile's operations."""
        return (Endpoint("ssh.execute", "POST", "/ssh/execute", "Run a shell command on the host", self.execute),)

    async def execute(self, request: Request) -> Answer:
        """Run a command; that it fails is a result, and no failure of the agent."""
        if not self._agent.settings.allow_ssh:
            raise ForbiddenError("shell commands are switched off.")
        wanted = self._agent.bodies.read(await body_of(request), ShellRequest)
        shell.refuse_blocked(wanted.command)
        result = await blocking(shell.run, wanted.command, wanted.timeout)
        scrub = self._agent.secrets.scrub
        return Answer(
            200,
            {
                "success": True,
                "command": scrub(wanted.command),
                "stdout": scrub(result.stdout),
                "stderr": scrub(result.stderr),
                "exitCode": result.exit_code,
                "timestamp": timestamp(),
            },
        )
