"""Which instances the agent manages. In memory: a restarted agent knows none of them."""

from __future__ import annotations

import threading
from dataclasses import dataclass

__all__ = ["InstanceRegistry", "ManagedInstance"]


@dataclass(frozen=True, slots=True)
class ManagedInstance:
    """One container that the agent deployed.

    Attributes:
        name: the instance's name, and its container's.
        container_id: the engine's id; a container that took the name later is another one.
        account_tool_instance_id: the backend's row, or None.
        image: image reference.
        group_id: the MCP group that it belongs to, or None.
    """

    name: str
    container_id: str
    account_tool_instance_id: str | None
    image: str
    group_id: str | None = None


class InstanceRegistry:
    """The managed instances by name, in the order of their deployment. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._instances: dict[str, ManagedInstance] = {}

    def add(self, instance: ManagedInstance) -> None:
        """Remember an instance, in place of one of the same name."""
        with self._lock:
            self._instances[instance.name] = instance

    def get(self, name: str) -> ManagedInstance | None:
        """Return the instance of that name, or None."""
        with self._lock:
            return self._instances.get(name)

    def remove(self, name: str) -> None:
        """Forget the instance of that name, if there is one."""
        with self._lock:
            self._instances.pop(name, None)

    def all(self) -> tuple[ManagedInstance, ...]:
        """Return all instances."""
        with self._lock:
            return tuple(self._instances.values())

    def of_group(self, group_id: str) -> tuple[ManagedInstance, ...]:
        """Return the instances of an MCP group; a group exists as long as it has one."""
        return tuple(instance for instance in self.all() if instance.group_id == group_id)
