"""A small access to a host's Docker Engine: which containers there are, and the removal of one."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from dtma_contract.errors import EngineError
from dtma_contract.probes.ssh_tunnel import SshTunnel

if TYPE_CHECKING:
    import docker

__all__ = ["ContainerFacts", "DockerHost", "DockerHostError", "sdk_errors"]

# A busy engine takes seconds to kill and remove a container.
_TIMEOUT_SECONDS = 60


class DockerHostError(EngineError):
    """The Docker Engine cannot be reached, or refuses."""


@dataclass(frozen=True, slots=True)
class ContainerFacts:
    """One container.

    Attributes:
        id: full id.
        name: without the slash in front.
        state: Docker's word, such as ``running``.
        image: reference that it was created from.
        exit_code: of its last run, or None while it never ended.
        labels: its labels.
        ports: published ports as ``8080/tcp`` → host ports.
    """

    id: str
    name: str
    state: str
    image: str
    exit_code: int | None
    labels: Mapping[str, str]
    ports: Mapping[str, tuple[int, ...]]

    @classmethod
    def from_inspection(cls, data: Mapping[str, Any]) -> Self:
        """Return the facts of what the engine answers to an inspection."""
        state, config = data["State"], data["Config"]
        published = (data.get("NetworkSettings") or {}).get("Ports") or {}
        return cls(
            id=data["Id"],
            name=data["Name"].removeprefix("/"),
            state=state["Status"],
            image=config["Image"],
            exit_code=state.get("ExitCode") if state["Status"] in {"exited", "dead"} else None,
            labels=dict(config.get("Labels") or {}),
            ports={
                port: tuple(sorted({int(place["HostPort"]) for place in places if place.get("HostPort")}))
                for port, places in published.items()
                if places
            },
        )


class DockerHost:
    """A Docker Engine.

    Args:
        client: of the Docker SDK.
        tunnel: that leads to it, and is closed with it.
    """

    def __init__(self, client: docker.DockerClient, tunnel: SshTunnel | None = None) -> None:
        self._client = client
        self._tunnel = tunnel

    @classmethod
    def connect(cls, url: str) -> Self:
        """Return the engine at an endpoint, such as ``unix:///var/run/docker.sock`` or ``ssh://user@host``.

        Raises:
            DockerHostError: it cannot be reached.
            SshTunnelError: the other host cannot be reached.
        """
        # The SDK takes a tenth of a second to import, which most runs need not spend.
        import docker  # noqa: PLC0415 - the SDK is slow to import and seldom needed

        client = None
        tunnel = SshTunnel.open(url) if url.startswith("ssh://") else None
        try:
            endpoint = tunnel.url if tunnel else url
            _knock(endpoint)
            client = docker.DockerClient(base_url=endpoint, timeout=_TIMEOUT_SECONDS, version="auto")
            client.ping()
        except sdk_errors() as problem:
            if client is not None:
                client.close()
            if tunnel is not None:
                tunnel.close()
            raise DockerHostError(
                f"The Docker Engine at {url} cannot be reached: {problem}.",
                "Check the endpoint, and that you may use it: `docker -H ENDPOINT ps`.",
            ) from None
        return cls(client, tunnel)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()
        if self._tunnel is not None:
            self._tunnel.close()

    def containers(self) -> tuple[ContainerFacts, ...]:
        """Return all containers, stopped ones too.

        Raises:
            DockerHostError: the engine refuses.
        """
        import docker.errors  # noqa: PLC0415 - the SDK is slow to import and seldom needed

        found = []
        try:
            for listed in self._client.api.containers(all=True):
                try:
                    found.append(ContainerFacts.from_inspection(self._client.api.inspect_container(listed["Id"])))
                except docker.errors.NotFound:
                    # It went away between the list and the look.
                    continue
        except sdk_errors() as problem:
            raise DockerHostError(f"The Docker Engine cannot list containers: {problem}.") from None
        return tuple(found)

    def remove(self, container_id: str) -> None:
        """Kill and remove a container; that it is gone already is success.

        Args:
            container_id: full id, so that it can never be taken for the beginning of another.

        Raises:
            DockerHostError: the engine refuses.
        """
        import docker.errors  # noqa: PLC0415 - the SDK is slow to import and seldom needed

        try:
            self._client.api.remove_container(container_id, force=True, v=True)
        except docker.errors.NotFound:
            return
        except sdk_errors() as problem:
            raise DockerHostError(f"The Docker Engine cannot remove {container_id[:12]}: {problem}.") from None

    def started_at(self, name: str) -> str:
        """Return when a container was last started, ISO 8601; empty where there is none of that name.

        Raises:
            DockerHostError: the engine refuses.
        """
        import docker.errors  # noqa: PLC0415 - the SDK is slow to import and seldom needed

        try:
            return str(self._client.api.inspect_container(name)["State"]["StartedAt"])
        except docker.errors.NotFound:
            return ""
        except sdk_errors() as problem:
            raise DockerHostError(f"The Docker Engine cannot inspect {name}: {problem}.") from None

    def restart(self, name: str) -> None:
        """Stop a container and start it again.

        Raises:
            DockerHostError: there is none of that name, or the engine refuses.
        """
        try:
            self._client.api.restart(name)
        except sdk_errors() as problem:
            raise DockerHostError(f"The Docker Engine cannot restart {name}: {problem}.") from None

    def remove_named(self, names: Iterable[str]) -> tuple[str, ...]:
        """Remove the containers of exactly these names; return the names that were there.

        Raises:
            DockerHostError: the engine refuses.
        """
        wanted = frozenset(names)
        found = [container for container in self.containers() if container.name in wanted]
        for container in found:
            self.remove(container.id)
        return tuple(container.name for container in found)


def _knock(url: str) -> None:
    # The SDK leaves its socket open when it cannot connect, so that is found out before.
    if url.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_TIMEOUT_SECONDS)
            connection.connect(url.removeprefix("unix://"))


def sdk_errors() -> tuple[type[Exception], ...]:
    """Return what the Docker SDK raises where an engine is away, refuses or answers nonsense."""
    import docker.errors  # noqa: PLC0415 - the SDK is slow to import and seldom needed
    import requests  # noqa: PLC0415 - the SDK is slow to import and seldom needed

    return docker.errors.DockerException, requests.RequestException, OSError, ValueError
