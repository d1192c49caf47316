"""What the agent's values look like in JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dtma_reference.engines.protocol import Container, Inspection, Port
from dtma_reference.instances import Deployed, Listed

__all__ = ["container", "deployed", "done", "listing", "port", "server", "tool"]


def tool(listed: Listed) -> dict[str, Any]:
    """Return a tool instance, as the callers read it."""
    return {
        "account_tool_instance_id": listed.instance.account_tool_instance_id,
        "instance_name_on_toolbox": listed.instance.name,
        "container_id": listed.container.id,
        "status": listed.container.status,
        "image": listed.container.image,
        "ports": [port(item) for item in listed.container.ports],
        "created": listed.container.created,
    }


def listing(instances: Iterable[Listed]) -> list[dict[str, Any]]:
    """Return all tool instances."""
    return [tool(listed) for listed in instances]


def port(item: Port) -> dict[str, Any]:
    """Return a port; what is not published has neither address nor host port."""
    shape: dict[str, Any] = {"private_port": item.private_port, "type": item.type}
    if item.ip is not None:
        shape["ip"] = item.ip
    if item.public_port is not None:
        shape["public_port"] = item.public_port
    return shape


def deployed(result: Deployed) -> dict[str, Any]:
    """Return the answer to a deployment."""
    instance = result.instance
    return {
        "success": True,
        "message": f"Tool instance '{instance.name}' was deployed.",
        "data": {
            "container_id": instance.container_id,
            "instance_name_on_toolbox": instance.name,
            "account_tool_instance_id": instance.account_tool_instance_id,
            "image": instance.image,
            "ports": [port(item) for item in result.inspection.container.ports],
            "state": result.inspection.state.to_docker(),
        },
    }


def done(message: str, inspection: Inspection | None = None) -> dict[str, Any]:
    """Return the answer to something that was done, with the state that it led to."""
    shape: dict[str, Any] = {"success": True, "message": message}
    if inspection is not None:
        shape["data"] = {"state": inspection.state.to_docker()}
    return shape


def server(listed: Listed) -> dict[str, Any]:
    """Return one server of an MCP group."""
    return {
        "instanceName": listed.instance.name,
        "containerId": listed.container.id,
        "status": listed.container.status,
    }


def container(item: Container, *, managed: bool) -> dict[str, Any]:
    """Return any container of the engine, for diagnostics."""
    return {
        "id": item.id,
        "name": item.name,
        "image": item.image,
        "state": item.status,
        "created": item.created,
        "ports": [port(published) for published in item.ports],
        "managed": managed,
    }
