"""The registry as the routes use it: every operation is an intent first, and a result afterwards.

An intent is written before the engine is asked, with who asked and which process does it. Where that process dies, or
where the result could not be written, the intent stays; whoever comes next settles it (``reconciler``).
"""

from __future__ import annotations

import dataclasses
import secrets
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from dtma_reference.actors import current_actor
from dtma_reference.engines.protocol import Container
from dtma_reference.registry.records import Entry, HistoryLine, Intent, ManagedInstance, Status, settled_status
from dtma_reference.registry.store import RowChangedError, Store

__all__ = ["OPERATIONS", "ContainerRegistryService", "Operation", "fresh_row_id"]

_TOKEN_BYTES = 8
# Nobody is kept waiting longer for what was interrupted before a restart to be settled, in seconds.
_SETTLING = 10.0

# What an operation is called in the audit trail, by what is under way.
OPERATIONS = {
    Status.DEPLOYING: "deploy",
    Status.STARTING: "start",
    Status.STOPPING: "stop",
    Status.RESTARTING: "restart",
    Status.DELETING: "delete",
}


class Operation:
    """Something under way with one instance.

    Attributes:
        instance: its row as it is now.

    Args:
        store: where the row is.
        instance: the row with the intent.
        before: the row before that, or None where there was none.
        entry: what the audit trail will say, where it succeeds.
    """

    def __init__(self, store: Store, instance: ManagedInstance, before: ManagedInstance | None, entry: Entry) -> None:
        self.instance = instance
        self._store = store
        self._before = before
        self._entry = entry

    def finish(self, container: Container, outcome: str = "done") -> ManagedInstance:
        """Write that the instance is now as its container is.

        Raises:
            RowChangedError: somebody took this process for dead, and has settled the row.
            StoreUnavailableError: it cannot be written.
        """
        after = dataclasses.replace(
            self.instance,
            container_id=container.id,
            status=settled_status(container),
            docker_status=container.status,
            engine_name=container.name,
            intent=None,
        )
        return self._put(after, dataclasses.replace(self._entry, outcome=outcome))

    def fail(self, reason: str) -> None:
        """Write that nothing has changed, and why."""
        if self._before is not None:
            after = dataclasses.replace(self._before, status=self._before.status, intent=None)
            self._put(after, dataclasses.replace(self._entry, outcome="failed", detail=reason))

    def lose(self) -> None:
        """Write that the container turned out to be gone."""
        self._put(
            dataclasses.replace(self.instance, status=Status.GONE, docker_status=None, intent=None),
            dataclasses.replace(self._entry, outcome="gone"),
        )

    def forget(self, outcome: str = "done", detail: str = "") -> None:
        """Remove the row."""
        entry = dataclasses.replace(self._entry, outcome=outcome, detail=detail or self._entry.detail)
        self._store.change(self.instance, None, entry)

    def leave_to_be_removed(self, container_id: str) -> None:
        """Write that the container has to be removed, which is not possible now; reconciliation will do it."""
        self.instance = self._put(
            dataclasses.replace(self.instance, container_id=container_id, status=Status.DELETING),
            dataclasses.replace(self._entry, outcome="failed", detail="The container could not be removed yet."),
        )

    def _put(self, after: ManagedInstance, entry: Entry | None) -> ManagedInstance:
        written = self._store.change(self.instance, after, entry)
        assert written is not None
        self.instance = written
        return written


class ContainerRegistryService:
    """Which instances the agent manages. Thread-safe; holds no instance itself.

    Args:
        open_store: opens where rows are kept; called on first use, and again until it succeeds.
        is_untouched: whether nothing has ever been written there, so that it need not be opened to be read.
    """

    def __init__(self, open_store: Callable[[], Store], is_untouched: Callable[[], bool] = bool) -> None:
        self._open_store = open_store
        self._is_untouched = is_untouched
        self._opening = threading.Lock()
        self._opened: Store | None = None
        # The tokens of what this very process is doing.
        self._running: set[str] = set()
        self._settled = threading.Event()
        self._settled.set()

    @property
    def store(self) -> Store:
        """Where rows are kept, opened where it is not.

        Raises:
            StoreUnavailableError: it cannot be opened.
        """
        with self._opening:
            if self._opened is None:
                self._opened = self._open_store()
            return self._opened

    @property
    def is_empty(self) -> bool:
        """Whether nothing has ever been written."""
        return self._opened is None and self._is_untouched()

    @contextmanager
    def settling(self) -> Iterator[None]:
        """Keep the routes waiting for the duration of the block: interrupted operations are being settled."""
        self._settled.clear()
        try:
            yield
        finally:
            self._settled.set()

    def wait_until_settled(self) -> None:
        """Return when nothing is being settled, or after a while."""
        self._settled.wait(_SETTLING)

    def get(self, name: str) -> ManagedInstance | None:
        """Return the instance of that name, or None."""
        return None if self.is_empty else self.store.get(name)

    def row(self, row_id: str) -> ManagedInstance | None:
        """Return a row, whatever its status."""
        return None if self.is_empty else self.store.row(row_id)

    def all(self) -> tuple[ManagedInstance, ...]:
        """Return all rows, whatever their status."""
        return () if self.is_empty else self.store.all()

    def is_busy(self, instance: ManagedInstance) -> bool:
        """Return whether somebody who lives is doing something with it."""
        intent = instance.intent
        if intent is None or intent.token in self._running:
            return intent is not None
        return intent.owner != self.store.owner and self.store.is_alive(intent.owner)

    def busy(self, instances: Iterable[ManagedInstance]) -> frozenset[str]:
        """Return the rows of those that somebody is busy with."""
        return frozenset(instance.row_id for instance in instances if self.is_busy(instance))

    @contextmanager
    def deploying(self, instance: ManagedInstance, environment: tuple[str, ...]) -> Iterator[Operation]:
        """Claim an instance's name and host ports for the duration of a deployment.

        Args:
            instance: the row to be.
            environment: the container's ``K=V`` entries.

        Raises:
            NameHeldError: another instance has the name.
            PortHeldError: another instance has one of the host ports.
        """
        with self._intent() as (intent, entry):
            wanted = dataclasses.replace(instance, status=Status.DEPLOYING, intent=intent)
            made = self.store.insert(wanted, environment)
            yield Operation(self.store, made, None, dataclasses.replace(entry, operation="deploy"))

    @contextmanager
    def operation(self, instance: ManagedInstance, status: Status, actor: str | None = None) -> Iterator[Operation]:
        """Write what is about to be done with an instance; the caller says in the block how it ended.

        Args:
            instance: the row as it is thought to be.
            status: what is under way.
            actor: on whose behalf; else the caller's of the request.

        Raises:
            RowChangedError: the row is another by now.
            PortHeldError: another instance has one of its host ports.
        """
        with self._intent(actor) as (intent, entry):
            begun = self.store.change(instance, dataclasses.replace(instance, status=status, intent=intent))
            assert begun is not None
            # What was under way before is what is told, where this only brings it to its end.
            operation = OPERATIONS.get(instance.status, OPERATIONS[status])
            yield Operation(
                self.store, begun, instance, dataclasses.replace(entry, operation=operation, since=instance.status)
            )

    def change(self, before: ManagedInstance, after: ManagedInstance, entry: Entry) -> bool:
        """Write what was found to be so; return whether the row was still what it was thought to be."""
        try:
            self.store.change(before, after, entry)
        except RowChangedError:
            return False
        return True

    def lost(self, instance: ManagedInstance) -> bool:
        """Write that an instance's container is gone."""
        after = dataclasses.replace(instance, status=Status.GONE, docker_status=None, intent=None)
        return self.change(instance, after, Entry(current_actor.get(), "notice", "gone"))

    def note(self, instance: ManagedInstance, entry: Entry) -> None:
        """Write into the audit trail what changed no row."""
        self.store.note(instance, entry)

    def history(self, name: str | None = None, limit: int | None = None) -> tuple[HistoryLine, ...]:
        """Return the audit trail, oldest first."""
        return () if self.is_empty else self.store.history(name, limit)

    @contextmanager
    def _intent(self, actor: str | None = None) -> Iterator[tuple[Intent, Entry]]:
        who = actor or current_actor.get()
        intent = Intent(secrets.token_hex(_TOKEN_BYTES), self.store.owner, who)
        self._running.add(intent.token)
        try:
            yield intent, Entry(who, "")
        finally:
            self._running.discard(intent.token)


def fresh_row_id() -> str:
    """Return an id that no row has."""
    return str(uuid.uuid4())
