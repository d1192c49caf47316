"""Tool instances: deploy, delete, start, stop, execute, list. The one place that joins registry and engine."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from dtma_reference.bodies import DeployRequest, ServerRequest
from dtma_reference.engines.protocol import (
    Container,
    ContainerNotFoundError,
    ContainerSpec,
    Engine,
    EngineError,
    EngineUnavailableError,
    ExecResult,
    Inspection,
    NameTakenError,
    PortTakenError,
)
from dtma_reference.errors import AgentError, BadRequestError, ConflictError, InstanceUnknownError
from dtma_reference.locks import NameLocks
from dtma_reference.registry.reconciler import Reconciler
from dtma_reference.registry.records import (
    ACCOUNT_LABEL,
    GROUP_LABEL,
    MANAGED_LABEL,
    REGISTRY_LABEL,
    ROW_LABEL,
    ManagedInstance,
    Status,
)
from dtma_reference.registry.service import ContainerRegistryService, Operation, fresh_row_id
from dtma_reference.registry.store import (
    NameHeldError,
    PortHeldError,
    RowChangedError,
    StoreError,
    StoreUnavailableError,
)

__all__ = ["Deployed", "Instances", "Listed"]

# How often what seems to hold a name or a port is looked at again, before the caller is told.
_ATTEMPTS = 5
# How long operations of other agents on the same instance are waited for, and how often they are looked at, in seconds.
_OTHERS_WAIT = 30.0
_OTHERS_POLL = 0.02
# Not promised to callers: under way, or about to be removed.
_UNLISTED = frozenset({Status.DEPLOYING, Status.DELETING, Status.GONE})

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Deployed:
    """An instance and the state that it was last seen in."""

    instance: ManagedInstance
    inspection: Inspection


@dataclass(frozen=True, slots=True)
class Listed:
    """An instance and its line in the engine's list."""

    instance: ManagedInstance
    container: Container


class Instances:
    """What the agent does with tool instances. Thread-safe; requests for one name take turns.

    An instance whose container was removed behind the agent's back is forgotten as soon as that is noticed.

    Args:
        engine: runs the containers.
        registry: remembers which of them are the agent's.
    """

    def __init__(self, engine: Engine, registry: ContainerRegistryService) -> None:
        self._engine = engine
        self._registry = registry
        self._reconciler = Reconciler(registry, engine)
        self._locks = NameLocks()

    def deploy(self, request: DeployRequest | ServerRequest, group_id: str | None = None) -> Deployed:
        """Create and start a container; where that fails, nothing is left behind.

        Args:
            request: what to deploy.
            group_id: the MCP group that it belongs to, or None.

        Raises:
            ConflictError: the name or a host port is taken.
            EngineError: the image cannot be pulled, or the engine failed.
            StoreUnavailableError: the registry cannot be written; the container was removed again.
        """
        with self._locks.hold(request.name), self._claimed(request, group_id) as operation:
            container_id = None
            try:
                self._refuse_taken_name(request.name)
                self._pull_if_absent(request.image)
                container_id = self._create(request, operation.instance)
                self._start(container_id)
                inspection = self._engine.inspect(container_id)
                instance = operation.finish(inspection.container)
            except Exception as problem:
                self._undo(operation, container_id, problem)
                raise
            return Deployed(instance, inspection)

    def start(self, name: str) -> Inspection:
        """Start an instance; a running one stays as it is."""
        return self._act(name, Status.STARTING, self._engine.start)

    def stop(self, name: str) -> Inspection:
        """Stop an instance; one that does not run stays as it is."""
        return self._act(name, Status.STOPPING, self._engine.stop)

    def restart(self, name: str) -> Inspection:
        """Stop and start an instance."""

        def stop_and_start(container_id: str) -> None:
            self._engine.stop(container_id)
            self._engine.start(container_id)

        return self._act(name, Status.RESTARTING, stop_and_start)

    def delete(self, name: str) -> None:
        """Remove an instance and its container, also while it runs."""
        with self._under_way(name, Status.DELETING) as (operation, container_id):
            self._engine.remove(container_id)
            operation.forget()

    def execute(self, name: str, command: tuple[str, ...], account_tool_instance_id: str = "") -> ExecResult:
        """Run a command in an instance.

        Args:
            name: the instance.
            command: program and arguments.
            account_tool_instance_id: must be the instance's, where it is not empty.
        """
        # Not under the name's lock: a long command must not keep its instance from being stopped.
        with self._managed(name) as (instance, container_id):
            if account_tool_instance_id not in {"", instance.account_tool_instance_id}:
                raise BadRequestError("Bad request: 'accountToolInstanceId' is not this instance's.")
            return self._engine.execute(container_id, command)

    def logs(self, name: str, tail: int | None = None, since: float | None = None) -> str:
        """Return what an instance has printed."""
        with self._managed(name) as (_, container_id):
            return self._engine.logs(container_id, tail, since)

    def get(self, name: str) -> ManagedInstance:
        """Return an instance that exists."""
        with self._managed(name) as (instance, container_id):
            self._engine.inspect(container_id)
            return instance

    def list(self) -> tuple[Listed, ...]:
        """Return all instances whose containers exist, in the state that the engine tells."""
        self._registry.wait_until_settled()
        rows = self._registry.all()
        containers = {container.id: container for container in self._engine.list()}
        return tuple(
            Listed(row, containers[row.container_id])
            for row in rows
            if row.status not in _UNLISTED and row.container_id in containers
        )

    # ------------------------------------------------------------------ finding an instance

    @contextmanager
    def _managed(self, name: str) -> Iterator[tuple[ManagedInstance, str]]:
        """Lend the instance of that name and its container; forget it when that turns out to be gone."""
        instance = self._find(name)
        if instance is None or instance.status in _UNLISTED or instance.container_id is None:
            raise InstanceUnknownError(name)
        try:
            yield instance, instance.container_id
        except ContainerNotFoundError:
            self._registry.lost(instance)
            raise InstanceUnknownError(name) from None

    def _find(self, name: str) -> ManagedInstance | None:
        self._registry.wait_until_settled()
        return self._registry.get(name)

    def _settled(self, name: str, deadline: float | None = None) -> ManagedInstance:
        """Return the instance of that name once nothing is under way with it."""
        if deadline is None:
            deadline = time.monotonic() + _OTHERS_WAIT
        while True:
            instance = self._find(name)
            if instance is None:
                raise InstanceUnknownError(name)
            if instance.status.is_settled and instance.intent is None:
                return instance
            if not self._registry.is_busy(instance):
                if self._reconciler.settle(instance):
                    continue
                if instance.status in _UNLISTED:
                    raise InstanceUnknownError(name)
            if time.monotonic() > deadline:
                raise StoreUnavailableError("another agent is busy with this instance")
            time.sleep(_OTHERS_POLL)

    # ------------------------------------------------------------------ doing something with one

    def _act(self, name: str, status: Status, act: Callable[[str], None]) -> Inspection:
        with self._under_way(name, status) as (operation, container_id):
            act(container_id)
            inspection = self._engine.inspect(container_id)
            operation.finish(inspection.container)
            return inspection

    @contextmanager
    def _under_way(self, name: str, status: Status) -> Iterator[tuple[Operation, str]]:
        """Write the intent, lend operation and container, and write how it ended where the block does not."""
        with self._locks.hold(name), self._begun(name, status) as operation:
            container_id = operation.instance.container_id
            assert container_id is not None
            try:
                yield operation, container_id
            except ContainerNotFoundError:
                operation.lose()
                raise InstanceUnknownError(name) from None
            except EngineUnavailableError:
                raise  # what it did is not known; whoever reaches it again settles that
            except EngineError as problem:
                # Where even this cannot be written, the intent stays, and is settled by whoever comes next.
                with contextlib.suppress(StoreError):
                    operation.fail(str(problem))
                raise
            except RowChangedError:
                raise StoreUnavailableError("another agent took this one for dead") from None
            except PortHeldError as clash:
                raise StoreUnavailableError(f"another instance is about to have host port {clash.port}") from None

    @contextmanager
    def _begun(self, name: str, status: Status) -> Iterator[Operation]:
        # Each time that another agent was faster it got something done, but how often that happens is a matter of luck:
        # only time limits it.
        deadline = time.monotonic() + _OTHERS_WAIT
        looks = _ATTEMPTS
        with contextlib.ExitStack() as held:
            while True:
                instance = self._settled(name, deadline)
                try:
                    operation = held.enter_context(self._registry.operation(instance, status))
                except RowChangedError:
                    if time.monotonic() > deadline:
                        raise StoreUnavailableError("other agents keep changing this instance") from None
                    continue
                except PortHeldError as clash:
                    looks -= 1
                    if looks and self._was_settled(clash.holder):
                        continue
                    # In Docker's words: the engine would say the same.
                    raise PortTakenError(f"Bind for port {clash.port} failed: port is already allocated") from None
                yield operation
                return

    @contextmanager
    def _claimed(self, request: DeployRequest | ServerRequest, group_id: str | None) -> Iterator[Operation]:
        """Hold name and host ports of an instance to be; who seems to hold them is looked at before it is believed."""
        self._registry.wait_until_settled()
        with contextlib.ExitStack() as held:
            for attempt in range(_ATTEMPTS):
                try:
                    operation = held.enter_context(
                        self._registry.deploying(self._row(request, group_id), request.environment)
                    )
                except (NameHeldError, PortHeldError) as clash:
                    if attempt + 1 < _ATTEMPTS and self._was_settled(clash.holder):
                        continue
                    raise _conflict(clash) from None
                yield operation
                return

    def _row(self, request: DeployRequest | ServerRequest, group_id: str | None) -> ManagedInstance:
        return ManagedInstance(
            row_id=fresh_row_id(),
            name=request.name,
            account_tool_instance_id=request.account_tool_instance_id or None,
            image=request.image,
            container_id=None,
            status=Status.DEPLOYING,
            port_bindings=request.port_bindings,
            group_id=group_id,
        )

    def _was_settled(self, holder: ManagedInstance) -> bool:
        return not self._registry.is_busy(holder) and self._reconciler.settle(holder)

    # ------------------------------------------------------------------ the steps of a deployment

    def _refuse_taken_name(self, name: str) -> None:
        holder = self._holder_of(name)
        if holder is not None and self._reconciler.settle_stray(holder):
            holder = self._holder_of(name)
        if holder is not None:
            raise ConflictError(f"The name '{name}' is taken by a container that this DTMA does not manage.")

    def _holder_of(self, name: str) -> Container | None:
        return next((container for container in self._engine.list() if container.name == name), None)

    def _pull_if_absent(self, image: str) -> None:
        if not self._engine.has_image(image):
            self._engine.pull(image)

    def _create(self, request: DeployRequest | ServerRequest, row: ManagedInstance) -> str:
        spec = ContainerSpec(
            name=request.name,
            image=request.image,
            environment=request.environment,
            port_bindings=request.port_bindings,
            labels={
                MANAGED_LABEL: "true",
                ACCOUNT_LABEL: request.account_tool_instance_id,
                GROUP_LABEL: row.group_id or "",
                REGISTRY_LABEL: self._registry.store.identity,
                ROW_LABEL: row.row_id,
            },
        )
        try:
            return self._engine.create(spec)
        except NameTakenError as problem:
            raise ConflictError(f"The name '{request.name}' is taken.", str(problem)) from None

    def _start(self, container_id: str) -> None:
        try:
            self._engine.start(container_id)
        except PortTakenError as problem:
            raise ConflictError("A host port is already taken.", str(problem)) from None

    def _undo(self, operation: Operation, container_id: str | None, problem: Exception) -> None:
        """Take back what a failed deployment has done; what cannot be taken back now is left to reconciliation."""
        if container_id is None and isinstance(problem, EngineUnavailableError):
            return  # the engine may have made a container all the same; it bears the row's label
        left = container_id if container_id is not None and not self._discarded(container_id) else None
        try:
            if left is None:
                operation.forget("failed", _words(problem))
            else:
                operation.leave_to_be_removed(left)
        except StoreError as trouble:
            _log.warning("the row of a failed deployment is left to reconciliation: %s", trouble)
        if isinstance(problem, RowChangedError):
            raise StoreUnavailableError("another agent took this one for dead") from None

    def _discarded(self, container_id: str) -> bool:
        """Remove a container, and return whether it is gone; the caller is told why it had to go."""
        try:
            self._engine.remove(container_id)
        except ContainerNotFoundError:
            return True
        except EngineError as problem:
            _log.warning("the container %s is left behind: %s", container_id, problem)
            return False
        return True


def _conflict(clash: NameHeldError | PortHeldError) -> ConflictError:
    if isinstance(clash, NameHeldError):
        return ConflictError(f"Tool instance '{clash.holder.name}' exists already.")
    return ConflictError("A host port is already taken.", f"Port {clash.port} is the host port of another instance.")


def _words(problem: Exception) -> str:
    return problem.error if isinstance(problem, AgentError) else str(problem)
