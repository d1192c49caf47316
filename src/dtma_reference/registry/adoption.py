"""Which running containers a registry takes in, and why not the others. Pure: rows and containers in, lines out."""

from __future__ import annotations

import dataclasses
import fnmatch
from collections.abc import Iterable
from dataclasses import dataclass

from dtma_reference.engines.protocol import Container, PortBinding
from dtma_reference.naming import is_name
from dtma_reference.registry.reconciliation import recorded
from dtma_reference.registry.records import REGISTRY_LABEL, ManagedInstance, Status, ports_overlap, settled_status

__all__ = ["Line", "adoptions", "undoings"]

# The name under which the agent itself is deployed.
_AGENT = "dtma_manager"


@dataclass(frozen=True, slots=True)
class Line:
    """What adoption does with one container, or its undoing with one row.

    Attributes:
        name: the container's name.
        container_id: the engine's id.
        image: image reference.
        account: the backend's row, where the container's labels tell it.
        verdict: ``adopt``, ``known``, ``skip`` or ``undo``.
        reason: why, or empty.
        row: the row to be written, or to be removed; None for the other verdicts.
    """

    name: str
    container_id: str
    image: str
    account: str | None
    verdict: str
    reason: str = ""
    row: ManagedInstance | None = None


def adoptions(
    rows: Iterable[ManagedInstance],
    containers: Iterable[tuple[Container, str]],
    registry: str,
    patterns: tuple[str, ...] = (),
) -> tuple[Line, ...]:
    """Return a line for each running container whose name is asked for, by name.

    Args:
        rows: what the registry has.
        containers: what the engine has, each with the id for the row that it would get.
        registry: the identity of the registry.
        patterns: names or shell patterns; all where there are none.
    """
    kept = [row for row in rows if row.status is not Status.GONE]
    lines = []
    for container, row_id in sorted(containers, key=lambda pair: pair[0].name):
        if settled_status(container) is not Status.RUNNING or not _is_asked_for(container.name, patterns):
            continue
        row = dataclasses.replace(recorded(container, row_id), port_bindings=_ports(container), adopted=True)
        verdict, reason = _judged(row, container, kept, registry)
        adopted = row if verdict == "adopt" else None
        lines.append(Line(row.name, container.id, row.image, row.account_tool_instance_id, verdict, reason, adopted))
        if adopted is not None:
            kept.append(adopted)
    return tuple(lines)


def undoings(rows: Iterable[ManagedInstance], patterns: tuple[str, ...] = ()) -> tuple[Line, ...]:
    """Return a line for each row that adoption has made and whose name is asked for, by name."""
    return tuple(
        Line(row.name, row.container_id or "", row.image, row.account_tool_instance_id, "undo", "", row)
        for row in sorted(rows, key=lambda row: row.name)
        if row.adopted and row.intent is None and _is_asked_for(row.name, patterns)
    )


def _judged(row: ManagedInstance, container: Container, kept: list[ManagedInstance], registry: str) -> tuple[str, str]:
    if any(other.container_id == container.id for other in kept):
        return "known", "the registry has it"
    owner = container.labels.get(REGISTRY_LABEL, registry)
    refusals = (
        (container.name == _AGENT, "it is the agent"),
        (not is_name(container.name), "its name cannot be an instance's"),
        (owner != registry, "it belongs to another registry"),
        (any(other.name == container.name for other in kept), "another instance has its name"),
        (
            any(ports_overlap(one, it) for other in kept for it in other.held_ports for one in row.held_ports),
            "another instance has one of its host ports",
        ),
    )
    reason = next((words for holds, words in refusals if holds), "")
    return ("skip", reason) if reason else ("adopt", "")


def _ports(container: Container) -> tuple[PortBinding, ...]:
    return tuple(
        PortBinding(port.private_port, port.type, port.public_port, port.ip or "")
        for port in container.ports
        if port.public_port is not None
    )


def _is_asked_for(name: str, patterns: tuple[str, ...]) -> bool:
    return not patterns or any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
