"""What the registry remembers of an instance, and of what was done with it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from dtma_reference.engines.protocol import Container, PortBinding

__all__ = [
    "ACCOUNT_LABEL",
    "GROUP_LABEL",
    "MANAGED_LABEL",
    "REGISTRY_LABEL",
    "ROW_LABEL",
    "Entry",
    "HistoryLine",
    "Intent",
    "ManagedInstance",
    "Status",
    "ports_overlap",
    "settled_status",
    "snapshot",
]

# The labels of a container that the agent made.
MANAGED_LABEL = "dtma.managed"
ACCOUNT_LABEL = "dtma.account-tool-instance-id"
GROUP_LABEL = "dtma.group"
# These two tie it to its row: the registry that holds the row, and the row's id.
REGISTRY_LABEL = "dtma.registry"
ROW_LABEL = "dtma.row"

_EVERYWHERE = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - compared, not bound


class Status(StrEnum):
    """The agent's own word for an instance; the first five say what is under way."""

    DEPLOYING = "deploying"
    STARTING = "starting"
    STOPPING = "stopping"
    RESTARTING = "restarting"
    DELETING = "deleting"
    RUNNING = "running"
    STOPPED = "stopped"
    GONE = "gone"

    @property
    def is_settled(self) -> bool:
        """Whether nothing is under way."""
        return self in {Status.RUNNING, Status.STOPPED, Status.GONE}

    @property
    def holds_ports(self) -> bool:
        """Whether the instance's host ports are its own: from before it starts until it is to stop.

        Until it has stopped, the engine refuses them to anybody else.
        """
        return self in {Status.DEPLOYING, Status.STARTING, Status.RESTARTING, Status.RUNNING}


@dataclass(frozen=True, slots=True)
class Intent:
    """Who is doing something with an instance: written before the engine is asked.

    Attributes:
        token: names this one operation.
        owner: the agent's process, as the store's liveness knows it.
        actor: on whose behalf.
    """

    token: str
    owner: int
    actor: str


@dataclass(frozen=True, slots=True)
class ManagedInstance:
    """One row of the registry.

    Attributes:
        row_id: a UUID.
        name: the instance's name, by which callers know it.
        account_tool_instance_id: the backend's row as it was sent, or None.
        image: image reference.
        container_id: the engine's id; None until the engine has told it.
        status: the agent's word for it.
        docker_status: the engine's word when it was last seen, or None.
        port_bindings: the host ports that were asked for.
        group_id: the MCP group that it belongs to, or None.
        engine_name: the name that its container was last seen under.
        adopted: whether it ran before the registry knew it.
        intent: who is doing something with it, or None.
        version: grows with every change.
    """

    row_id: str
    name: str
    account_tool_instance_id: str | None
    image: str
    container_id: str | None
    status: Status
    docker_status: str | None = None
    port_bindings: tuple[PortBinding, ...] = ()
    group_id: str | None = None
    engine_name: str = ""
    adopted: bool = False
    intent: Intent | None = None
    version: int = 0

    @property
    def held_ports(self) -> frozenset[PortBinding]:
        """The host ports that nobody else may have now; a port that the engine chooses is none of them."""
        if not self.status.holds_ports:
            return frozenset()
        return frozenset(binding for binding in self.port_bindings if binding.host_port)


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be written into the audit trail, with the change that it tells of.

    Attributes:
        actor: the name of the secret's variable, ``reconciliation`` or a command; never a secret.
        operation: such as ``deploy``.
        outcome: ``done``, ``failed`` or what reconciliation found.
        detail: a few words more, or empty.
        since: the status before the operation, of which this change is only the end; else None.
    """

    actor: str
    operation: str
    outcome: str = "done"
    detail: str = ""
    since: Status | None = None


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One line of the audit trail.

    Attributes:
        at: when, in UTC.
        name: the instance's name.
        row_id: the row that it tells of; the row itself may be gone.
        entry: who did what.
        before: the row's facts before, or None where there was none.
        after: and after.
    """

    at: datetime
    name: str
    row_id: str
    entry: Entry
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


def ports_overlap(one: PortBinding, other: PortBinding) -> bool:
    """Return whether two containers cannot have these at once."""
    return (
        one.host_port == other.host_port
        and one.protocol == other.protocol
        and (one.host_ip == other.host_ip or bool({one.host_ip, other.host_ip} & _EVERYWHERE))
    )


def settled_status(container: Container) -> Status:
    """Return the agent's word for an instance of which nothing is under way."""
    return Status.RUNNING if container.status in {"running", "paused", "restarting"} else Status.STOPPED


def snapshot(instance: ManagedInstance | None, since: Status | None = None) -> dict[str, Any] | None:
    """Return what the audit trail keeps of a row: no environment. What is only being deployed is nothing yet.

    Args:
        instance: the row.
        since: the status to be told in place of the one that says what is under way.
    """
    if instance is None or (since or instance.status) is Status.DEPLOYING:
        return None
    return {
        "status": str(since or instance.status),
        "docker_status": instance.docker_status,
        "container_id": instance.container_id,
        "image": instance.image,
        "group": instance.group_id,
    }
