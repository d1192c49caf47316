"""Tool instances: deploy, delete, start, stop, execute, list. The one place that joins registry and engine."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from dtma_reference.bodies import DeployRequest, ServerRequest
from dtma_reference.engines.protocol import (
    Container,
    ContainerNotFoundError,
    ContainerSpec,
    Engine,
    EngineError,
    ExecResult,
    Inspection,
    NameTakenError,
    PortTakenError,
)
from dtma_reference.errors import BadRequestError, ConflictError, InstanceUnknownError
from dtma_reference.locks import NameLocks
from dtma_reference.registry import InstanceRegistry, ManagedInstance

__all__ = ["Deployed", "Instances", "Listed"]

MANAGED_LABEL = "dtma.managed"
ROW_LABEL = "dtma.account-tool-instance-id"

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

    def __init__(self, engine: Engine, registry: InstanceRegistry) -> None:
        self._engine = engine
        self._registry = registry
        self._locks = NameLocks()

    def deploy(self, request: DeployRequest | ServerRequest, group_id: str | None = None) -> Deployed:
        """Create and start a container; where that fails, nothing is left behind.

        Args:
            request: what to deploy.
            group_id: the MCP group that it belongs to, or None.

        Raises:
            ConflictError: the name or a host port is taken.
            EngineError: the image cannot be pulled, or the engine failed.
        """
        with self._locks.hold(request.name):
            self._refuse_taken_name(request.name)
            self._pull_if_absent(request.image)
            container_id = self._create(request)
            self._start_or_remove(container_id)
            instance = ManagedInstance(
                name=request.name,
                container_id=container_id,
                account_tool_instance_id=request.account_tool_instance_id or None,
                image=request.image,
                group_id=group_id,
            )
            self._registry.add(instance)
            return Deployed(instance, self._engine.inspect(container_id))

    def start(self, name: str) -> Inspection:
        """Start an instance; a running one stays as it is."""
        with self._locks.hold(name), self._managed(name) as instance:
            self._engine.start(instance.container_id)
            return self._engine.inspect(instance.container_id)

    def stop(self, name: str) -> Inspection:
        """Stop an instance; one that does not run stays as it is."""
        with self._locks.hold(name), self._managed(name) as instance:
            self._engine.stop(instance.container_id)
            return self._engine.inspect(instance.container_id)

    def restart(self, name: str) -> Inspection:
        """Stop and start an instance."""
        with self._locks.hold(name), self._managed(name) as instance:
            self._engine.stop(instance.container_id)
            self._engine.start(instance.container_id)
            return self._engine.inspect(instance.container_id)

    def delete(self, name: str) -> None:
        """Remove an instance and its container, also while it runs."""
        with self._locks.hold(name), self._managed(name) as instance:
            self._engine.remove(instance.container_id)
            self._registry.remove(name)

    def execute(self, name: str, command: tuple[str, ...], account_tool_instance_id: str = "") -> ExecResult:
        """Run a command in an instance.

        Args:
            name: the instance.
            command: program and arguments.
            account_tool_instance_id: must be the instance's, where it is not empty.
        """
        # Not under the name's lock: a long command must not keep its instance from being stopped.
        with self._managed(name) as instance:
            if account_tool_instance_id not in {"", instance.account_tool_instance_id}:
                raise BadRequestError("Bad request: 'accountToolInstanceId' is not this instance's.")
            return self._engine.execute(instance.container_id, command)

    def logs(self, name: str, tail: int | None = None, since: float | None = None) -> str:
        """Return what an instance has printed."""
        with self._managed(name) as instance:
            return self._engine.logs(instance.container_id, tail, since)

    def get(self, name: str) -> ManagedInstance:
        """Return an instance that exists."""
        with self._managed(name) as instance:
            self._engine.inspect(instance.container_id)
            return instance

    def list(self) -> tuple[Listed, ...]:
        """Return all instances whose containers exist, in the state that the engine tells."""
        instances = self._registry.all()
        containers = {container.id: container for container in self._engine.list()}
        return tuple(
            Listed(instance, containers[instance.container_id])
            for instance in instances
            if instance.container_id in containers
        )

    @contextmanager
    def _managed(self, name: str) -> Iterator[ManagedInstance]:
        """Lend the instance of that name; forget it when its container turns out to be gone."""
        instance = self._find(name)
        if instance is None:
            raise InstanceUnknownError(name)
        try:
            yield instance
        except ContainerNotFoundError:
            self._registry.remove(instance.name)
            raise InstanceUnknownError(name) from None

    def _find(self, name: str) -> ManagedInstance | None:
        return self._registry.get(name)

    def _refuse_taken_name(self, name: str) -> None:
        try:
            self.get(name)
        except InstanceUnknownError:
            taken = any(container.name == name for container in self._engine.list())
        else:
            raise ConflictError(f"Tool instance '{name}' exists already.")
        if taken:
            raise ConflictError(f"The name '{name}' is taken by a container that this DTMA does not manage.")

    def _pull_if_absent(self, image: str) -> None:
        if not self._engine.has_image(image):
            self._engine.pull(image)

    def _create(self, request: DeployRequest | ServerRequest) -> str:
        spec = ContainerSpec(
            name=request.name,
            image=request.image,
            environment=request.environment,
            port_bindings=request.port_bindings,
            labels={MANAGED_LABEL: "true", ROW_LABEL: request.account_tool_instance_id},
        )
        try:
            return self._engine.create(spec)
        except NameTakenError as problem:
            raise ConflictError(f"The name '{request.name}' is taken.", str(problem)) from None

    def _start_or_remove(self, container_id: str) -> None:
        try:
            self._engine.start(container_id)
        except EngineError as problem:
            self._discard(container_id)
            if isinstance(problem, PortTakenError):
                raise ConflictError("A host port is already taken.", str(problem)) from None
            raise

    def _discard(self, container_id: str) -> None:
        """Remove a container that could not be started; the caller is told why it could not."""
        try:
            self._engine.remove(container_id)
        except EngineError as problem:
            _log.warning("the container %s is left behind: %s", container_id, problem)
