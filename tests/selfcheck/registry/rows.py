"""Rows and containers to judge by."""

from __future__ import annotations

import dataclasses
import uuid
from typing import Any

from dtma_reference.engines.protocol import Container, PortBinding
from dtma_reference.registry.records import REGISTRY_LABEL, ROW_LABEL, Intent, ManagedInstance, Status

__all__ = ["ACCOUNT", "REGISTRY", "a_container", "a_row", "binding"]

REGISTRY = str(uuid.UUID(int=7))
ACCOUNT = "3F0C8F6E-6a0e-4b44-9d5b-2f7f1c1f8a11"


def a_row(name: str = "web", **changes: Any) -> ManagedInstance:
    """Return the row of an instance that runs."""
    row = ManagedInstance(
        row_id=str(uuid.uuid5(uuid.UUID(REGISTRY), name)),
        name=name,
        account_tool_instance_id=ACCOUNT,
        image="nginx:latest",
        container_id=f"{name}-container",
        status=Status.RUNNING,
        docker_status="running",
        engine_name=name,
    )
    row = dataclasses.replace(row, **changes)
    return row if row.status.is_settled or row.intent else dataclasses.replace(row, intent=Intent("t", 9, "SOMEBODY"))


def a_container(row: ManagedInstance, status: str = "running", *, labelled: bool = True, **changes: Any) -> Container:
    """Return the container of a row."""
    labels = {REGISTRY_LABEL: REGISTRY, ROW_LABEL: row.row_id} if labelled else {}
    fields = {"id": row.container_id or f"{row.name}-container", "name": row.engine_name, "status": status}
    return Container(**{**fields, "image": row.image, "created": 1, "labels": labels, **changes})


def binding(host_port: int, host_ip: str = "", protocol: str = "tcp") -> PortBinding:
    """Return a published port."""
    return PortBinding(80, protocol, host_port, host_ip)
