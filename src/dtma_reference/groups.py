"""MCP groups: several instances that are deployed, watched and removed together."""

from __future__ import annotations

from dataclasses import dataclass

from dtma_reference.bodies import GroupRequest
from dtma_reference.engines.protocol import EngineError
from dtma_reference.errors import (
    AgentError,
    BadRequestError,
    FailureError,
    GroupUnknownError,
    InstanceUnknownError,
    from_engine,
)
from dtma_reference.instances import Deployed, Instances, Listed
from dtma_reference.locks import NameLocks
from dtma_reference.registry.store import StoreUnavailableError

__all__ = ["GroupDeployment", "Groups"]


@dataclass(frozen=True, slots=True)
class GroupDeployment:
    """How a group's deployment went.

    Attributes:
        deployed: the servers that run.
        failed: name and reason of the others.
    """

    deployed: tuple[Deployed, ...]
    failed: tuple[tuple[str, str], ...]


class Groups:
    """What the agent does with MCP groups. A group exists as long as one of its servers does.

    Args:
        instances: where the servers are deployed.
    """

    def __init__(self, instances: Instances) -> None:
        self._instances = instances
        self._locks = NameLocks()

    def deploy(self, request: GroupRequest) -> GroupDeployment:
        """Deploy all servers of a group, those that can be.

        Raises:
            BadRequestError: the group exists.
            FailureError: not one server could be deployed.
        """
        with self._locks.hold(request.group_id):
            if self._members(request.group_id):
                raise BadRequestError(f"MCP group '{request.group_id}' exists already.")
            deployed: list[Deployed] = []
            failed: list[tuple[str, str]] = []
            for server in request.servers:
                try:
                    deployed.append(self._instances.deploy(server, request.group_id))
                except AgentError as problem:
                    failed.append((server.name, f"{problem.error} {problem.message}".strip()))
                except EngineError as problem:
                    refusal = from_engine(problem)
                    failed.append((server.name, f"{refusal.error} {refusal.message}"))
                except StoreUnavailableError as problem:
                    if not deployed:
                        raise
                    failed.append((server.name, f"The registry: {problem}."))
            if not deployed:
                raise FailureError("No server of the group could be deployed.", "; ".join(why for _, why in failed))
            return GroupDeployment(tuple(deployed), tuple(failed))

    def remove(self, group_id: str) -> tuple[str, ...]:
        """Remove a group with its servers, and return their names."""
        with self._locks.hold(group_id):
            names = tuple(member.instance.name for member in self.members(group_id))
            for name in names:
                self._remove_server(name)
            return names

    def members(self, group_id: str) -> tuple[Listed, ...]:
        """Return the servers of a group.

        Raises:
            GroupUnknownError: there is no such group.
        """
        members = self._members(group_id)
        if not members:
            raise GroupUnknownError(group_id)
        return members

    def all(self) -> dict[str, tuple[Listed, ...]]:
        """Return all groups with their servers."""
        groups: dict[str, tuple[Listed, ...]] = {}
        for listed in self._instances.list():
            if listed.instance.group_id is not None:
                groups[listed.instance.group_id] = (*groups.get(listed.instance.group_id, ()), listed)
        return groups

    def _members(self, group_id: str) -> tuple[Listed, ...]:
        return self.all().get(group_id, ())

    def _remove_server(self, name: str) -> None:
        try:
            self._instances.delete(name)
        except InstanceUnknownError:
            return  # somebody else has deleted it meanwhile
