"""Rows in this process's memory: they end with it."""

from __future__ import annotations

import dataclasses
import threading
import uuid
from datetime import UTC, datetime

from dtma_reference.registry.records import Entry, HistoryLine, ManagedInstance, Status, ports_overlap, snapshot
from dtma_reference.registry.store import NameHeldError, PortHeldError, RowChangedError

__all__ = ["MemoryStore"]


class MemoryStore:
    """A registry that a restart loses. Environments are not kept."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: dict[str, ManagedInstance] = {}
        self._names: dict[str, str] = {}
        self._history: list[HistoryLine] = []
        self._identity = str(uuid.uuid4())

    @property
    def identity(self) -> str:
        """A UUID of this registry."""
        return self._identity

    @property
    def owner(self) -> int:
        """The one process that there can be."""
        return 0

    def is_alive(self, owner: int) -> bool:
        """Return whether it is this process."""
        return owner == self.owner

    def get(self, name: str) -> ManagedInstance | None:
        """Return the row of that name."""
        with self._lock:
            row_id = self._names.get(name)
            return None if row_id is None else self._rows[row_id]

    def row(self, row_id: str) -> ManagedInstance | None:
        """Return a row."""
        with self._lock:
            return self._rows.get(row_id)

    def all(self) -> tuple[ManagedInstance, ...]:
        """Return all rows."""
        with self._lock:
            return tuple(self._rows.values())

    def insert(
        self,
        instance: ManagedInstance,
        environment: tuple[str, ...] = (),  # noqa: ARG002 - secrets that nobody reads back are not kept
        entry: Entry | None = None,
    ) -> ManagedInstance:
        """Add a row."""
        with self._lock:
            if instance.row_id in self._rows:
                raise RowChangedError(instance.name)
            self._place(instance)
            self._write_down(None, instance, entry)
            return instance

    def change(
        self, before: ManagedInstance, after: ManagedInstance | None, entry: Entry | None = None
    ) -> ManagedInstance | None:
        """Replace or remove a row."""
        with self._lock:
            if self._rows.get(before.row_id) != before:
                raise RowChangedError(before.name)
            if after is None:
                del self._rows[before.row_id]
                self._names = {name: row for name, row in self._names.items() if row != before.row_id}
            else:
                after = dataclasses.replace(after, version=before.version + 1)
                self._place(after)
            self._write_down(before, after, entry)
            return after

    def note(self, instance: ManagedInstance, entry: Entry) -> None:
        """Write into the audit trail."""
        with self._lock:
            self._write_down(instance, instance, entry)

    def history(self, name: str | None = None, limit: int | None = None) -> tuple[HistoryLine, ...]:
        """Return the audit trail."""
        with self._lock:
            lines = [line for line in self._history if name in {None, line.name}]
        return tuple(lines if limit is None else lines[len(lines) - min(limit, len(lines)) :])

    def _place(self, instance: ManagedInstance) -> None:
        if instance.status is Status.GONE:
            self._names = {name: row for name, row in self._names.items() if row != instance.row_id}
        else:
            holder = self._names.get(instance.name, instance.row_id)
            if holder != instance.row_id:
                raise NameHeldError(self._rows[holder])
            for wanted in instance.held_ports:
                for other in self._rows.values():
                    if other.row_id != instance.row_id and any(ports_overlap(wanted, it) for it in other.held_ports):
                        raise PortHeldError(wanted.host_port, other)
            self._names[instance.name] = instance.row_id
        self._rows[instance.row_id] = instance

    def _write_down(self, before: ManagedInstance | None, after: ManagedInstance | None, entry: Entry | None) -> None:
        row = after or before
        if entry is not None and row is not None:
            now = datetime.now(UTC)
            self._history.append(
                HistoryLine(now, row.name, row.row_id, entry, snapshot(before, entry.since), snapshot(after))
            )
