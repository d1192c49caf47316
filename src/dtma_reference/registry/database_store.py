"""Rows in a database: each call is one transaction."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from dtma_reference.engines.protocol import PortBinding
from dtma_reference.plain_text import storable
from dtma_reference.registry import statements
from dtma_reference.registry.database import Database
from dtma_reference.registry.environment import Vault
from dtma_reference.registry.records import (
    Entry,
    HistoryLine,
    Intent,
    ManagedInstance,
    Status,
    ports_overlap,
    snapshot,
)
from dtma_reference.registry.store import NameHeldError, PortHeldError, RowChangedError, StoreUnavailableError

__all__ = ["DatabaseStore"]

# Stands in a column that must not be null, where the backend's row is not known.
_NOBODY = uuid.UUID(int=0)
_STATUSES = frozenset(map(str, Status))
# No limit, for a database.
_ALL = 2**31 - 1


class DatabaseStore:
    """The registry in a database.

    Args:
        database: open, at the newest revision.
        vault: encrypts environments.
    """

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        with database.reading() as connection:
            identities = connection.scalars(statements.IDENTITY).all()
        if len(identities) != 1:
            raise StoreUnavailableError(f"it has {len(identities)} identities in place of one; restore a backup")
        self._identity = str(identities[0])

    @property
    def identity(self) -> str:
        """A UUID of this registry."""
        return self._identity

    @property
    def owner(self) -> int:
        """What this process writes into its intents."""
        with self._database.translated():
            return self._database.presence.owner

    def is_alive(self, owner: int) -> bool:
        """Return whether the process of an intent may still act on it."""
        with self._database.translated():
            return self._database.presence.is_alive(owner)

    def get(self, name: str) -> ManagedInstance | None:
        """Return the row of that name."""
        with self._database.reading() as connection:
            return _by_name(connection, name)

    def row(self, row_id: str) -> ManagedInstance | None:
        """Return a row."""
        with self._database.reading() as connection:
            return _by_id(connection, uuid.UUID(row_id))

    def all(self) -> tuple[ManagedInstance, ...]:
        """Return all rows."""
        with self._database.reading() as connection:
            return tuple(map(_instance, connection.execute(statements.ALL_ROWS).all()))

    def insert(
        self, instance: ManagedInstance, environment: tuple[str, ...] = (), entry: Entry | None = None
    ) -> ManagedInstance:
        """Add a row."""
        now = datetime.now(UTC)
        row_id = uuid.UUID(instance.row_id)
        account = uuid.UUID(instance.account_tool_instance_id) if instance.account_tool_instance_id else _NOBODY
        row = {
            **_row_values(instance, now),
            "id": row_id,
            "account_tool_instance_id": account,
            "container_name": instance.name,
            "docker_image_url": instance.image,
            "port_bindings": _docker_bindings(instance.port_bindings),
            "environment_variables": self._vault.seal(environment),
            "created_at": now,
        }
        management = {
            **_management_values(instance),
            "row_id": row_id,
            "account_as_sent": instance.account_tool_instance_id,
            "group_id": instance.group_id,
            "adopted": instance.adopted,
        }
        with self._database.writing() as connection:
            self._database.serialise(connection)
            if _require_free(connection, instance, instance.held_ports):
                # What the same backend's row once had under that name is gone, and its unique key is needed.
                gone = {"of_account_tool_instance_id": account, "of_container_name": instance.name}
                connection.execute(statements.FORGET_GONE, gone)
            connection.execute(statements.ADD_ROW, row)
            connection.execute(statements.ADD_MANAGEMENT, management)
            _hold(connection, row_id, instance.held_ports)
            _write_down(connection, now, None, instance, entry)
        return instance

    def change(
        self, before: ManagedInstance, after: ManagedInstance | None, entry: Entry | None = None
    ) -> ManagedInstance | None:
        """Replace or remove a row."""
        now = datetime.now(UTC)
        row_id = uuid.UUID(before.row_id)
        as_it_was = {"of_row_id": row_id, "of_version": before.version}
        with self._database.writing() as connection:
            if after is None:
                _require_one(connection.execute(statements.REMOVE_MANAGEMENT, as_it_was), before)
                connection.execute(statements.REMOVE_ROW, {"of_id": row_id})
            else:
                after = dataclasses.replace(after, version=before.version + 1)
                taken = after.held_ports - before.held_ports
                if taken or (before.status is Status.GONE and after.status is not Status.GONE):
                    self._database.serialise(connection)
                    _require_free(connection, after, taken)
                values = {**_management_values(after), **as_it_was}
                _require_one(connection.execute(statements.CHANGE_MANAGEMENT, values), before)
                connection.execute(statements.CHANGE_ROW, {**_row_values(after, now), "of_id": row_id})
                _let_go(connection, row_id, before.held_ports - after.held_ports)
                _hold(connection, row_id, taken)
            _write_down(connection, now, before, after, entry)
        return after

    def note(self, instance: ManagedInstance, entry: Entry) -> None:
        """Write into the audit trail."""
        with self._database.writing() as connection:
            _write_down(connection, datetime.now(UTC), instance, instance, entry)

    def history(self, name: str | None = None, limit: int | None = None) -> tuple[HistoryLine, ...]:
        """Return the audit trail."""
        most = {"most": _ALL if limit is None else limit}
        with self._database.reading() as connection:
            if name is None:
                found = connection.execute(statements.HISTORY, most).all()
            else:
                found = connection.execute(statements.HISTORY_OF_NAME, {**most, "of_container_name": name}).all()
            return tuple(_history_line(row) for row in reversed(found))

    def reseal(self) -> int:
        """Encrypt every environment with the first of the vault's keys, and return how many values there are.

        Raises:
            KeyProblemError: a value is encrypted with none of the keys; nothing is changed then.
        """
        count = 0
        with self._database.writing() as connection:
            for row_id, environment in connection.execute(statements.ENVIRONMENTS).all():
                sealed = self._vault.reseal(environment or [])
                count += sum(item["value"] is not None for item in sealed)
                if sealed:
                    values = {"of_id": row_id, "environment_variables": sealed}
                    connection.execute(statements.WRITE_ENVIRONMENT, values)
        return count

    def environment(self, row_id: str) -> tuple[str, ...]:
        """Return the environment entries of a row whose values were kept.

        Raises:
            KeyProblemError: a value is encrypted with none of the keys.
        """
        with self._database.reading() as connection:
            return self._vault.open(connection.scalar(statements.ENVIRONMENT, {"of_id": uuid.UUID(row_id)}) or [])

    def close(self) -> None:
        """Close all connections, and let other agents have the registry."""
        self._database.close()
        self._database.presence.close()


def _by_name(connection: sa.Connection, name: str) -> ManagedInstance | None:
    found = connection.execute(statements.ROW_BY_NAME, {"of_held_name": name}).one_or_none()
    return None if found is None else _instance(found)


def _by_id(connection: sa.Connection, row_id: uuid.UUID) -> ManagedInstance | None:
    found = connection.execute(statements.ROW_BY_ID, {"of_id": row_id}).one_or_none()
    return None if found is None else _instance(found)


def _require_free(connection: sa.Connection, instance: ManagedInstance, wanted: frozenset[PortBinding]) -> bool:
    """Raise where another row has the name or one of these host ports; return whether one once had the name."""
    found = connection.execute(statements.ROWS_OF_NAME, {"of_container_name": instance.name}).all()
    others = [row for row in map(_instance, found) if row.row_id != instance.row_id]
    for other_row in others:
        if other_row.status is not Status.GONE:
            raise NameHeldError(other_row)
    for binding in wanted:
        where = {"of_host_port": binding.host_port, "of_protocol": binding.protocol}
        for other in connection.execute(statements.PORT_HOLDERS, where).all():
            its = PortBinding(0, other.protocol, other.host_port, other.host_ip)
            if str(other.row_id) != instance.row_id and ports_overlap(binding, its):
                holder = _by_id(connection, other.row_id)
                assert holder is not None
                raise PortHeldError(binding.host_port, holder)
    return bool(others)


def _hold(connection: sa.Connection, row_id: uuid.UUID, taken: frozenset[PortBinding]) -> None:
    # Several container ports can be asked for on one host port; the engine refuses that, and one row is enough.
    unique = {(binding.host_port, binding.protocol, binding.host_ip) for binding in taken}
    for port, protocol, ip in unique:
        values = {"host_port": port, "protocol": protocol, "host_ip": ip, "row_id": row_id}
        connection.execute(statements.ADD_PORT, values)


def _let_go(connection: sa.Connection, row_id: uuid.UUID, given: frozenset[PortBinding]) -> None:
    for binding in given:
        where = {"of_host_port": binding.host_port, "of_protocol": binding.protocol, "of_host_ip": binding.host_ip}
        connection.execute(statements.REMOVE_PORT, {**where, "of_row_id": row_id})


def _require_one(result: sa.CursorResult[Any], before: ManagedInstance) -> None:
    if result.rowcount != 1:
        raise RowChangedError(before.name)


def _row_values(instance: ManagedInstance, now: datetime) -> dict[str, Any]:
    return {
        "container_id": instance.container_id,
        "dtma_status": str(instance.status),
        "docker_status": instance.docker_status,
        "updated_at": now,
    }


def _management_values(instance: ManagedInstance) -> dict[str, Any]:
    intent = instance.intent
    return {
        "held_name": None if instance.status is Status.GONE else instance.name,
        "engine_name": instance.engine_name or instance.name,
        "intent_token": intent.token if intent else None,
        "intent_owner": intent.owner if intent else None,
        "intent_actor": intent.actor if intent else None,
        "version": instance.version,
    }


def _instance(row: Any) -> ManagedInstance:
    intent = None
    if row.intent_token is not None:
        intent = Intent(row.intent_token, row.intent_owner or 0, row.intent_actor or "")
    return ManagedInstance(
        row_id=str(row.id),
        name=row.container_name,
        account_tool_instance_id=row.account_as_sent,
        image=row.docker_image_url,
        container_id=row.container_id,
        # A row of an older revision may have another word, or none: what its container does will tell.
        status=Status(row.dtma_status) if row.dtma_status in _STATUSES else Status.STOPPED,
        docker_status=row.docker_status,
        port_bindings=_bindings(row.port_bindings) if row.port_bindings else (),
        group_id=row.group_id,
        engine_name=row.engine_name,
        adopted=row.adopted,
        intent=intent,
        version=row.version,
    )


def _docker_bindings(bindings: tuple[PortBinding, ...]) -> dict[str, list[dict[str, str]]]:
    """Return the bindings in Docker's own form."""
    found: dict[str, list[dict[str, str]]] = {}
    for binding in bindings:
        published = found.setdefault(f"{binding.container_port}/{binding.protocol}", [])
        published.append({"HostIp": binding.host_ip, "HostPort": str(binding.host_port)})
    return found


def _bindings(docker: Mapping[str, list[dict[str, str]]]) -> tuple[PortBinding, ...]:
    return tuple(
        PortBinding(int(port.partition("/")[0]), port.partition("/")[2], int(item["HostPort"]), item.get("HostIp", ""))
        for port, published in docker.items()
        for item in published
    )


def _write_down(
    connection: sa.Connection,
    now: datetime,
    before: ManagedInstance | None,
    after: ManagedInstance | None,
    entry: Entry | None,
) -> None:
    row = after or before
    if entry is None or row is None:
        return
    values = {
        "at": now,
        "actor": entry.actor,
        "operation": entry.operation,
        "outcome": entry.outcome,
        "detail": storable(entry.detail),
        "row_id": uuid.UUID(row.row_id),
        "container_name": row.name,
        "before": snapshot(before, entry.since),
        "after": snapshot(after),
    }
    connection.execute(statements.ADD_AUDIT, values)


def _history_line(row: Any) -> HistoryLine:
    entry = Entry(row.actor, row.operation, row.outcome, row.detail)
    at = row.at if row.at.tzinfo else row.at.replace(tzinfo=UTC)
    return HistoryLine(at.astimezone(UTC), row.container_name, str(row.row_id), entry, row.before, row.after)
