"""Flaws of what the agent does with instances and groups."""

from __future__ import annotations

import dataclasses
import secrets
import time
from datetime import UTC, datetime

from dtma_reference.bodies import DeployRequest, ServerRequest
from dtma_reference.engines.protocol import (
    Container,
    ContainerState,
    Engine,
    ExecResult,
    Inspection,
    PullFailedError,
)
from dtma_reference.errors import ConflictError, FailureError
from dtma_reference.groups import Groups
from dtma_reference.instances import Deployed, Instances, Listed
from dtma_reference.registry.records import ManagedInstance, Status
from dtma_reference.registry.service import ContainerRegistryService, fresh_row_id

__all__ = ["FaultyGroups", "FaultyInstances"]

# The container id of an instance that has no container.
_NO_CONTAINER = "0" * 64
# With these, what the registry knows of host ports would undo the fault.
_PORTS_UNKNOWN = frozenset({"failed-start-left-behind", "port-conflict-undetected", "overrides-ignored"})
_FAILED = "The container engine refused or failed."


class FaultyInstances(Instances):
    """Instances that are handled wrongly in the respects that were asked for.

    Args:
        engine: runs the containers.
        registry: remembers which of them are the agent's.
        faults: the faults that are on.
    """

    def __init__(self, engine: Engine, registry: ContainerRegistryService, faults: frozenset[str]) -> None:
        super().__init__(engine, registry)
        self._faults = faults
        self._deleted: dict[str, Listed] = {}
        self._ghosts: dict[str, ManagedInstance] = {}

    def deploy(self, request: DeployRequest | ServerRequest, group_id: str | None = None) -> Deployed:
        """Deploy an instance."""
        if "name-conflict-undetected" in self._faults and self._registry.get(request.name) is not None:
            super().delete(request.name)
        if "deploy-creates-nothing" in self._faults:
            self._refuse_taken_name(request.name)
            self._pull_if_absent(request.image)
            return _pretended(request)
        if request.name in self._ghosts:
            raise ConflictError(f"Tool instance '{request.name}' exists already.")
        try:
            deployed = super().deploy(request, group_id)
        except PullFailedError:
            if "unknown-image-is-201" in self._faults:
                return _pretended(request)
            if "failed-pull-left-behind" in self._faults:
                self._ghosts[request.name] = _unrecorded(
                    request.name, _NO_CONTAINER, request.image, request.account_tool_instance_id or None, group_id
                )
            raise
        except ConflictError as conflict:
            kind = "port-conflict-is-500" if "port" in conflict.error else "name-conflict-is-500"
            if kind in self._faults:
                raise FailureError(_FAILED, conflict.error) from None
            raise
        self._deleted.pop(request.name, None)
        return deployed

    def start(self, name: str) -> Inspection:
        """Start an instance."""
        if "case-insensitive-names" in self._faults:
            known = {instance.name.lower(): instance.name for instance in self._registry.all()}
            name = name if self._registry.get(name) else known.get(name.lower(), name)
        name = self._meant(name)
        if (foreign := self._foreign(name)) is not None:
            self._engine.start(foreign)
            return self._engine.inspect(foreign)
        if {"start-does-nothing", "start-running-is-500"} & self._faults:
            inspection = self._inspected(name)
            if "start-does-nothing" in self._faults:
                return inspection
            if inspection.state.running:
                raise FailureError(_FAILED, f"container {name} is already started")
        return super().start(name)

    def stop(self, name: str) -> Inspection:
        """Stop an instance."""
        name = self._meant(name)
        if (foreign := self._foreign(name)) is not None:
            self._engine.stop(foreign)
            return self._engine.inspect(foreign)
        if {"stop-does-nothing", "stop-stopped-is-500"} & self._faults:
            inspection = self._inspected(name)
            if "stop-does-nothing" in self._faults:
                return inspection
            if not inspection.state.running:
                raise FailureError(_FAILED, f"container {name} is already stopped")
        inspection = super().stop(name)
        if "acts-on-another" in self._faults:
            others = [listed.container for listed in self.list() if listed.instance.name != name]
            running = [container.id for container in others if container.status == "running"]
            for container_id in running[:1]:
                self._engine.stop(container_id)
        return inspection

    def delete(self, name: str) -> None:
        """Remove an instance."""
        if self._ghosts.pop(name, None) is not None:
            return
        name = self._meant(name)
        if (foreign := self._foreign(name)) is not None:
            self._engine.remove(foreign)
            return
        if "delete-unknown-is-200" in self._faults and self._find(name) is None:
            return
        if "delete-does-nothing" in self._faults:
            self._inspected(name)
            return
        if "delete-running-is-500" in self._faults and self._inspected(name).state.running:
            raise FailureError(_FAILED, "You cannot remove a running container. Stop the container before removal.")
        if "delete-leaves-container" in self._faults:
            self._inspected(name)
            self.forget(name)
            return
        if "deleted-still-listed" in self._faults:
            self._deleted.update(
                {listed.instance.name: listed for listed in self.list() if listed.instance.name == name}
            )
        super().delete(name)

    def execute(self, name: str, command: tuple[str, ...], account_tool_instance_id: str = "") -> ExecResult:
        """Run a command in an instance."""
        result = super().execute(name, command, account_tool_instance_id)
        if "execute-ignores-exit-code" in self._faults:
            return dataclasses.replace(result, exit_code=0)
        return result

    def list(self) -> tuple[Listed, ...]:
        """Return all instances."""
        listed = super().list()
        if "listing-forgets-stopped" in self._faults:
            listed = tuple(item for item in listed if item.container.status == "running")
        if "deleted-still-listed" in self._faults:
            listed = (*listed, *self._deleted.values())
        if "failed-pull-left-behind" in self._faults:
            listed = (*listed, *(Listed(it, _container_of(it, "created")) for it in self._ghosts.values()))
        if "listing-shows-foreign" in self._faults:
            known = {item.container.id for item in listed}
            foreign = (container for container in self._engine.list() if container.id not in known)
            listed = (*listed, *(Listed(_adopted(container), container) for container in foreign))
        return listed

    def forget(self, name: str) -> None:
        """Forget an instance and leave its container."""
        with self._registry.operation(self._settled(name), Status.DELETING) as operation:
            operation.forget()

    def _inspected(self, name: str) -> Inspection:
        with self._managed(name) as (_, container_id):
            return self._engine.inspect(container_id)

    def _meant(self, name: str) -> str:
        """Return the name of the instance that is meant."""
        if "container-ids-accepted" in self._faults and name and super()._find(name) is None:
            rows = self._registry.all()
            return next((row.name for row in rows if (row.container_id or "").startswith(name)), name)
        return name

    def _foreign(self, name: str) -> str | None:
        """Return the id of a foreign container that is taken for an instance."""
        if "acts-on-foreign" not in self._faults or super()._find(name) is not None:
            return None
        return next((container.id for container in self._engine.list() if container.name == name), None)

    def _find(self, name: str) -> ManagedInstance | None:
        found = super()._find(name)
        if found is None and "unknown-instance-is-500" in self._faults:
            raise FailureError(_FAILED, f"No such container: {name}")
        return found

    def _refuse_taken_name(self, name: str) -> None:
        # What a fault leaves without a row stays so: no look at it brings the row back.
        if self._holder_of(name) is not None:
            raise ConflictError(f"The name '{name}' is taken by a container that this DTMA does not manage.")

    def _row(self, request: DeployRequest | ServerRequest, group_id: str | None) -> ManagedInstance:
        row = super()._row(request, group_id)
        return dataclasses.replace(row, port_bindings=()) if _PORTS_UNKNOWN & self._faults else row

    def _create(self, request: DeployRequest | ServerRequest, row: ManagedInstance) -> str:
        if "overrides-ignored" in self._faults:
            request = request.model_copy(update={"overrides": type(request.overrides)()})
        return super()._create(request, row)

    def _start(self, container_id: str) -> None:
        if "deploy-does-not-start" in self._faults:
            return
        try:
            super()._start(container_id)
        except ConflictError:
            if "port-conflict-undetected" not in self._faults:
                raise

    def _discarded(self, container_id: str) -> bool:
        return "failed-start-left-behind" in self._faults or super()._discarded(container_id)


class FaultyGroups(Groups):
    """Groups that are handled wrongly in the respects that were asked for.

    Args:
        instances: where the servers are deployed.
        faults: the faults that are on.
    """

    def __init__(self, instances: FaultyInstances, faults: frozenset[str]) -> None:
        super().__init__(instances)
        self._faulty = instances
        self._faults = faults

    def _remove_server(self, name: str) -> None:
        if "mcp-group-servers-left" in self._faults:
            self._faulty.forget(name)
        else:
            super()._remove_server(name)


def _adopted(container: Container) -> ManagedInstance:
    """Return an instance for a container that is not the agent's."""
    return _unrecorded(container.name, container.id, container.image)


def _unrecorded(
    name: str, container_id: str, image: str, account: str | None = None, group_id: str | None = None
) -> ManagedInstance:
    return ManagedInstance(fresh_row_id(), name, account, image, container_id, Status.RUNNING, group_id=group_id)


def _container_of(instance: ManagedInstance, status: str) -> Container:
    return Container(instance.container_id or _NO_CONTAINER, instance.name, instance.image, status, int(time.time()))


def _pretended(request: DeployRequest | ServerRequest) -> Deployed:
    """Return a deployment that never happened."""
    account = request.account_tool_instance_id or None
    instance = _unrecorded(request.name, secrets.token_hex(32), request.image, account)
    now = datetime.now(UTC).isoformat()
    state = ContainerState("running", pid=4242, exit_code=0, error="", started_at=now, finished_at=now)
    return Deployed(instance, Inspection(_container_of(instance, "running"), state, (), "unless-stopped"))
