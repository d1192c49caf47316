"""What is to be done where registry and engine tell different stories. Pure: rows and containers in, actions out.

| found | outcome |
|---|---|
| a deployment was interrupted, and its container runs | it is completed |
| a deployment was interrupted before that | what there is of a container is removed, and the row too |
| a deletion was interrupted | it is completed |
| a start or stop was interrupted | the row says what the container does |
| a restart was interrupted while the container was down | it is started |
| a row's container is gone | the row is kept as ``gone``: unknown to callers, its name and ports free |
| a container that was gone is back | its row is back |
| a container was stopped or started by hand | the row says so |
| a container was renamed | it is the same instance, under the name that callers know |
| another container has the name of one that is gone | it is not ours, and not touched |
| a container was made anew with the labels of a row | it is that row's container |
| a container has our labels and no row | one that has run gets its row back; one that never ran is removed |
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from dtma_reference.engines.protocol import Container
from dtma_reference.registry.records import (
    ACCOUNT_LABEL,
    GROUP_LABEL,
    REGISTRY_LABEL,
    ROW_LABEL,
    ManagedInstance,
    Status,
    settled_status,
)

__all__ = ["Action", "Kind", "judge", "recorded"]

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ANY_UUID = re.compile(_UUID.pattern, re.IGNORECASE)


class Kind(Enum):
    """What an action asks for."""

    CHANGE = auto()  # write ``after`` in the row's place
    DISCARD = auto()  # remove the container, if there is one, then the row
    START = auto()  # start the container, then settle the row
    RECORD = auto()  # write a row for the container
    REMOVE = auto()  # remove the container, which has no row


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do.

    Attributes:
        kind: what.
        outcome: its word in the audit trail.
        before: the row as it was judged, or None where there is none.
        after: the row as it shall be, for CHANGE and RECORD.
        container: the container that it is about, or None where there is none.
        detail: a few words more.
    """

    kind: Kind
    outcome: str
    before: ManagedInstance | None = None
    after: ManagedInstance | None = None
    container: Container | None = None
    detail: str = ""


def judge(
    rows: Iterable[ManagedInstance], containers: Iterable[Container], registry: str, busy: Collection[str] = ()
) -> tuple[Action, ...]:
    """Return what is to be done, at most one thing for each row and for each container.

    Args:
        rows: what the registry says, read before the containers were.
        containers: what the engine says.
        registry: the identity of the registry, which its containers bear.
        busy: rows that somebody is doing something with; they are left to them.
    """
    all_rows, all_containers = tuple(rows), tuple(containers)
    by_id = {container.id: container for container in all_containers}
    by_row = _by_row(all_containers, registry)
    names = {container.name for container in all_containers}
    held = {row.name for row in all_rows if row.status is not Status.GONE}
    taken = {row.container_id for row in all_rows if row.container_id in by_id}
    actions = []
    for row in all_rows:
        if row.row_id in busy:
            continue
        container = by_id.get(row.container_id or "")
        if container is None:
            made_anew = by_row.get(row.row_id)
            container = made_anew if made_anew is not None and made_anew.id not in taken else None
        action = _of_row(row, container, held, names)
        if action is not None:
            actions.append(action)
    known = {row.row_id for row in all_rows}
    for row_id, container in by_row.items():
        if row_id not in known and container.id not in taken:
            action = _of_stray(row_id, container, held)
            if action is not None:
                actions.append(action)
    # What gives host ports and names back comes before what takes them.
    return tuple(sorted(actions, key=lambda action: action.after is not None and action.after.status.holds_ports))


def recorded(container: Container, row_id: str) -> ManagedInstance:
    """Return the row of a container that has none."""
    account = container.labels.get(ACCOUNT_LABEL, "")
    return ManagedInstance(
        row_id=row_id,
        name=container.name,
        account_tool_instance_id=account if _ANY_UUID.fullmatch(account) else None,
        image=container.image,
        container_id=container.id,
        status=settled_status(container),
        docker_status=container.status,
        group_id=container.labels.get(GROUP_LABEL) or None,
        engine_name=container.name,
    )


def _by_row(containers: tuple[Container, ...], registry: str) -> Mapping[str, Container]:
    """Return the containers that bear this registry's labels, by row; of several of one row the newest."""
    found: dict[str, Container] = {}
    for container in containers:
        row_id = container.labels.get(ROW_LABEL, "")
        if container.labels.get(REGISTRY_LABEL) == registry and _UUID.fullmatch(row_id):
            found.setdefault(row_id, container)
    return found


def _of_row(
    row: ManagedInstance, container: Container | None, held: Collection[str], names: Collection[str]
) -> Action | None:
    by = f"begun by {row.intent.actor}" if row.intent is not None else ""
    if row.status is Status.DELETING:
        return Action(Kind.DISCARD, "completed", row, None, container, by)
    if row.status is Status.DEPLOYING:
        if container is None or settled_status(container) is not Status.RUNNING:
            return Action(Kind.DISCARD, "rolled-back", row, None, container, by)
        return _change(row, container, "completed", by)
    if container is None:
        return _without_container(row, "another container has its name" if row.name in names else by)
    if row.status is Status.GONE:
        # Another instance may have the name by now; then this one stays away.
        return None if row.name in held else _change(row, container, "returned")
    return _of_settled(row, container) if row.status.is_settled else _of_interrupted(row, container, by)


def _without_container(row: ManagedInstance, detail: str) -> Action | None:
    if row.status is Status.GONE:
        return None
    after = dataclasses.replace(row, status=Status.GONE, docker_status=None, intent=None)
    return Action(Kind.CHANGE, "gone", row, after, None, detail)


def _of_interrupted(row: ManagedInstance, container: Container, by: str) -> Action:
    if row.status is Status.RESTARTING and settled_status(container) is not Status.RUNNING:
        return Action(Kind.START, "completed", row, None, container, by)
    return _change(row, container, "interrupted", by)


def _of_settled(row: ManagedInstance, container: Container) -> Action | None:
    if container.id != row.container_id:
        return _change(row, container, "made-anew")
    if settled_status(container) is not row.status:
        return _change(row, container, f"{settled_status(container)}-by-hand")
    if container.name != row.engine_name:
        return _change(row, container, "renamed", f"its container is called {container.name} now")
    if container.status != row.docker_status:
        return _change(row, container, "state-changed")
    return None


def _of_stray(row_id: str, container: Container, held: Collection[str]) -> Action | None:
    if container.status == "created":
        return Action(Kind.REMOVE, "orphan-removed", None, recorded(container, row_id), container)
    if container.name in held:
        return None
    return Action(Kind.RECORD, "recorded", None, recorded(container, row_id), container)


def _change(row: ManagedInstance, container: Container, outcome: str, detail: str = "") -> Action:
    after = dataclasses.replace(
        row,
        container_id=container.id,
        status=settled_status(container),
        docker_status=container.status,
        engine_name=container.name,
        intent=None,
    )
    return Action(Kind.CHANGE, outcome, row, after, container, detail)
