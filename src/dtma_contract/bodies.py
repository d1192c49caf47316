"""The request bodies of scripted cases. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from dtma_contract.contract import Operation

__all__ = ["UNRESOLVABLE_IMAGE", "account_id", "deploy_body", "execute_body", "group_body", "valid_body"]

# RFC 2606 reserves .invalid: no name server answers it, so no engine can pull it.
UNRESOLVABLE_IMAGE = "registry.invalid/dtmac/absent:none"


def account_id(name: str) -> str:
    """Return the account tool instance id that goes with an instance name; the same name gives the same id."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))


def deploy_body(name: str, image: str, ports: Sequence[tuple[str, int]] = ()) -> dict[str, Any]:
    """Return a deploy request.

    Args:
        name: instance name.
        image: image reference.
        ports: pairs of container port with protocol (``80/tcp``) and host port.
    """
    body: dict[str, Any] = {
        "dockerImageUrl": image,
        "instanceNameOnToolbox": name,
        "accountToolInstanceId": account_id(name),
    }
    if ports:
        bindings = {private: [{"HostPort": str(public)}] for private, public in ports}
        body["baseConfigOverrideJson"] = {"HostConfig": {"PortBindings": bindings}}
    return body


def execute_body(name: str, command: str = "true", *args: str) -> dict[str, Any]:
    """Return a request to run a command in an instance."""
    body: dict[str, Any] = {
        "agentId": "dtmac",
        "capabilityName": command,
        "accountToolInstanceId": account_id(name),
    }
    return body | ({"payload": {"args": list(args)}} if args else {})


def group_body(group: str, names: Sequence[str], image: str) -> dict[str, Any]:
    """Return a request to deploy a group of servers of one image."""
    servers = [
        {"instanceName": name, "dockerImageUrl": image, "accountToolInstanceId": account_id(name)} for name in names
    ]
    return {"groupId": group, "servers": servers}


def valid_body(operation: Operation, name: str, image: str) -> Any:
    """Return a valid body for an operation, or ``...`` where it takes none.

    Args:
        operation: the operation.
        name: the name of what it makes or acts on.
        image: the image of what it makes.
    """
    if operation.request_schema is None:
        return ...
    made: dict[str, Any] = {
        "core.tools.deploy": deploy_body(name, image),
        "execute.tools.execute": execute_body(name),
        "mcp.groups.deploy": group_body(name, [f"{name}-server"], image),
        "mcp.validate": {"servers": group_body(name, [f"{name}-server"], image)["servers"]},
        "ssh.execute": {"command": "true"},
    }
    return made.get(operation.id, operation.example)
