"""Brings registry and engine together, as ``reconciliation`` says."""

from __future__ import annotations

import logging
import threading

from dtma_reference.actors import RECONCILIATION
from dtma_reference.engines.protocol import Container, ContainerNotFoundError, Engine, EngineError
from dtma_reference.registry.reconciliation import Action, Kind, judge
from dtma_reference.registry.records import Entry, ManagedInstance, Status
from dtma_reference.registry.service import OPERATIONS, ContainerRegistryService
from dtma_reference.registry.store import (
    NameHeldError,
    PortHeldError,
    RowChangedError,
    StoreUnavailableError,
)

__all__ = ["Housekeeping", "Reconciler"]

# How often registry and engine are compared, and how soon again where that failed, in seconds.
_INTERVAL = 60.0
_RETRY = 2.0

_log = logging.getLogger(__name__)


class Reconciler:
    """Carries out what :func:`judge` says, each action only if its row is still as it was judged.

    Args:
        registry: the rows.
        engine: the containers.
    """

    def __init__(self, registry: ContainerRegistryService, engine: Engine) -> None:
        self._registry = registry
        self._engine = engine

    def run(self) -> int:
        """Settle everything, and return how many things were done.

        Raises:
            StoreUnavailableError: the registry cannot be used.
            EngineError: the engine cannot be asked.
        """
        if self._registry.is_empty:
            return 0
        rows = self._registry.all()
        return self._carry_out(rows, self._engine.list())

    def settle(self, row: ManagedInstance) -> bool:
        """Settle one row, and return whether there was anything to do."""
        return bool(self._carry_out((row,), self._engine.list(), only=row.row_id))

    def settle_stray(self, container: Container) -> bool:
        """Settle one container of ours that has no row, and return whether it was one."""
        return bool(self._carry_out(self._registry.all(), (container,), only=container.id))

    def _carry_out(
        self, rows: tuple[ManagedInstance, ...], containers: tuple[Container, ...], only: str | None = None
    ) -> int:
        actions = judge(rows, containers, self._registry.store.identity, self._registry.busy(rows))
        done = 0
        for action in actions:
            subjects = (
                action.before.row_id if action.before is not None else None,
                action.container.id if action.before is None and action.container is not None else None,
            )
            if only is None or only in subjects:
                done += self._try(action)
        return done

    def _try(self, action: Action) -> bool:
        try:
            done = self._do(action)
        except (RowChangedError, NameHeldError, PortHeldError):
            return False  # somebody was faster; the next look tells more
        except EngineError as problem:
            _log.warning("reconciliation: %s", problem)
            return False
        if done:
            row = action.before or action.after
            _log.warning("reconciliation: %s is %s", row.name if row else "?", action.outcome)
        return done

    def _do(self, action: Action) -> bool:
        match action:
            case Action(kind=Kind.CHANGE, before=ManagedInstance() as before, after=ManagedInstance() as after):
                return self._registry.change(before, after, _entry(action, before))
            case Action(kind=Kind.DISCARD, before=ManagedInstance() as before, container=container):
                with self._registry.operation(before, Status.DELETING, RECONCILIATION) as operation:
                    if container is not None:
                        self._remove(container.id)
                    operation.forget(action.outcome, action.detail)
                return True
            case Action(kind=Kind.START, before=ManagedInstance() as before, container=Container() as container):
                with self._registry.operation(before, Status.RESTARTING, RECONCILIATION) as operation:
                    self._engine.start(container.id)
                    operation.finish(self._engine.inspect(container.id).container, action.outcome)
                return True
            case Action(after=ManagedInstance() as after, container=Container() as container):
                return self._settle_stray(action, after, container)
        return False

    def _settle_stray(self, action: Action, row: ManagedInstance, container: Container) -> bool:
        if self._registry.row(row.row_id) is not None:
            return False
        if action.kind is Kind.REMOVE:
            self._remove(container.id)
            self._registry.note(row, _entry(action, row))
            return True
        with self._registry.deploying(row, ()) as operation:
            try:
                operation.finish(self._engine.inspect(container.id).container, action.outcome)
            except ContainerNotFoundError:
                operation.forget("gone")
        return True

    def _remove(self, container_id: str) -> None:
        try:
            self._engine.remove(container_id)
        except ContainerNotFoundError:
            return


class Housekeeping:
    """Reconciles at once, and then every minute, in a thread of its own.

    Args:
        registry: whose users wait for the first time.
        reconciler: does it.
    """

    def __init__(self, registry: ContainerRegistryService, reconciler: Reconciler) -> None:
        self._registry = registry
        self._reconciler = reconciler
        self._ended = threading.Event()

    def start(self) -> None:
        """Begin; what was interrupted is settled before the routes see it."""
        begun = threading.Event()

        def keep() -> None:
            with self._registry.settling():
                begun.set()
                delay = self._once()
            while not self._ended.wait(delay):
                delay = self._once()

        threading.Thread(target=keep, name="housekeeping", daemon=True).start()
        begun.wait()

    def end(self) -> None:
        """Reconcile no more."""
        self._ended.set()

    def _once(self) -> float:
        try:
            self._reconciler.run()
        except (StoreUnavailableError, EngineError) as problem:
            _log.warning("reconciliation is not possible: %s", problem)
            return _RETRY
        except Exception as problem:  # noqa: BLE001 - a defect in one look must not end all the looks after it
            _log.error("reconciliation: internal error: %s", type(problem).__name__)
            return _INTERVAL
        return _INTERVAL


def _entry(action: Action, row: ManagedInstance) -> Entry:
    return Entry(RECONCILIATION, OPERATIONS.get(row.status, "notice"), action.outcome, action.detail)
