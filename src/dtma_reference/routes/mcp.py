"""Profile mcp: groups of tool instances that serve the Model Context Protocol."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request

from dtma_reference import shapes
from dtma_reference.agent import Agent
from dtma_reference.answers import Answer, timestamp
from dtma_reference.bodies import GroupRequest, ServerRequest, ValidateRequest, problems
from dtma_reference.errors import BadRequestError
from dtma_reference.naming import is_name
from dtma_reference.routes.endpoint import Endpoint, blocking, body_of, number_in_query, path_value

__all__ = ["McpRoutes"]

_MOST_LINES = 10_000

TEMPLATES = (
    {
        "name": "http-server",
        "description": "A server that answers over HTTP on a published port.",
        "resources": {"memory": "256m", "cpu": "0.5"},
    },
    {
        "name": "stdio-server",
        "description": "A server that is spoken to by running commands in its container.",
        "resources": {"memory": "128m", "cpu": "0.25"},
    },
)


class McpRoutes:
    """The operations of the profile.

    Args:
        agent: whose they are.
    """

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Return the profile's operations."""
        server, credentials = "/mcp/servers/{instanceName}", "/mcp/credentials/refresh/{instanceName}"
        return (
            Endpoint("mcp.groups.deploy", "POST", "/mcp/groups", "Deploy a group", self.deploy),
            Endpoint("mcp.groups.remove", "DELETE", "/mcp/groups/{groupId}", "Remove a group", self.remove),
            Endpoint("mcp.status", "GET", "/mcp/status", "All groups", self.status),
            Endpoint("mcp.servers.restart", "POST", f"{server}/restart", "Restart a server", self.restart),
            Endpoint("mcp.servers.logs", "GET", f"{server}/logs", "What a server printed", self.logs),
            Endpoint("mcp.health", "GET", "/mcp/health/{groupId}", "Health of a group", self.health),
            Endpoint("mcp.credentials.refresh", "POST", credentials, "Refresh credentials", self.refresh),
            Endpoint("mcp.templates", "GET", "/mcp/templates", "Templates for servers", self.templates),
            Endpoint("mcp.validate", "POST", "/mcp/validate", "Check servers without deploying", self.validate),
        )

    async def deploy(self, request: Request) -> Answer:
        """Deploy a group; servers that could not be deployed are told with the reason."""
        wanted = self._agent.bodies.read(await body_of(request), GroupRequest)
        result = await blocking(self._agent.groups.deploy, wanted)
        data = {
            "groupId": wanted.group_id,
            "deployedServers": [
                {
                    "instanceName": deployed.instance.name,
                    "containerId": deployed.instance.container_id,
                    "status": deployed.inspection.state.status,
                }
                for deployed in result.deployed
            ],
            "errors": [{"instanceName": name, "error": reason} for name, reason in result.failed],
            "totalServers": len(wanted.servers),
            "successfulDeployments": len(result.deployed),
        }
        return Answer(201, {"success": True, "message": f"MCP group '{wanted.group_id}' was deployed.", "data": data})

    async def remove(self, request: Request) -> Answer:
        """Remove a group with its servers."""
        group_id = path_value(request, "groupId")
        removed = await blocking(self._agent.groups.remove, group_id)
        answer = shapes.done(f"MCP group '{group_id}' was removed.")
        return Answer(200, {**answer, "data": {"groupId": group_id, "removedServers": list(removed)}})

    async def status(self, _request: Request) -> Answer:
        """List all groups."""
        groups = await blocking(self._agent.groups.all)
        servers = [listed for members in groups.values() for listed in members]
        data = {
            "summary": {
                "totalGroups": len(groups),
                "totalServers": len(servers),
                "runningServers": sum(listed.container.status == "running" for listed in servers),
            },
            "groups": [
                {"groupId": group_id, "servers": [shapes.server(listed) for listed in members]}
                for group_id, members in groups.items()
            ],
        }
        return Answer(200, {"success": True, "data": data})

    async def restart(self, request: Request) -> Answer:
        """Restart a server's container."""
        name = path_value(request, "instanceName")
        if not is_name(name):
            raise BadRequestError(f"'{name}' is no instance name.")
        await blocking(self._agent.instances.restart, name)
        return Answer(200, shapes.done(f"MCP server '{name}' was restarted."))

    async def logs(self, request: Request) -> Answer:
        """Return what a server has printed."""
        name = path_value(request, "instanceName")
        tail = number_in_query(request, "tail", _MOST_LINES, _MOST_LINES)
        text = await blocking(self._agent.instances.logs, name, tail, _moment(request.query_params.get("since", "")))
        logs = self._agent.secrets.scrub(text).splitlines()
        return Answer(200, {"success": True, "data": {"instanceName": name, "logs": logs, "timestamp": timestamp()}})

    async def health(self, request: Request) -> Answer:
        """Tell how many of a group's servers run."""
        group_id = path_value(request, "groupId")
        members = await blocking(self._agent.groups.members, group_id)
        running = sum(listed.container.status == "running" for listed in members)
        status = "healthy" if running == len(members) else "degraded" if running else "unhealthy"
        data = {"groupId": group_id, "status": status, "servers": [shapes.server(listed) for listed in members]}
        return Answer(200, {"success": True, "data": data})

    async def refresh(self, request: Request) -> Answer:
        """Acknowledge: a server of this agent reads its credentials whenever it needs them."""
        name = path_value(request, "instanceName")
        await blocking(self._agent.instances.get, name)
        return Answer(200, shapes.done(f"The credentials of '{name}' were refreshed."))

    async def templates(self, _request: Request) -> Answer:
        """List the templates."""
        return Answer(200, {"success": True, "data": {"templates": list(TEMPLATES)}})

    async def validate(self, request: Request) -> Answer:
        """Judge servers as a deployment would, one by one."""
        wanted = self._agent.bodies.read(await body_of(request), ValidateRequest)
        results = [_judged(server) for server in wanted.servers]
        valid = sum(result["valid"] for result in results)
        summary = {"total": len(results), "valid": valid, "invalid": len(results) - valid}
        data = {"valid": valid == len(results), "results": results, "summary": summary}
        return Answer(200, {"success": True, "data": data})


def _judged(server: Any) -> dict[str, Any]:
    errors = problems(ServerRequest, server)
    result: dict[str, Any] = {"valid": not errors, "errors": list(errors)}
    if isinstance(server, dict) and isinstance(server.get("instanceName"), str):
        result["instanceName"] = server["instanceName"]
    return result


def _moment(text: str) -> float | None:
    """Return a point in time, ISO 8601 or seconds since the epoch, as seconds; None for anything else."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=datetime.fromisoformat(text).tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        return float(text) if text.isascii() and text.isdecimal() else None
