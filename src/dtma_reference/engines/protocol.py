"""The seam to a container engine: its values, its errors, and what it can do.

The words and rules are Docker's (Engine API 1.41), so that the two engines can be held to one test-suite.

* EngineError                   the engine failed, or refused
  x EngineUnavailableError      nobody answers on its socket
  x ContainerNotFoundError      no container of that name or id
  x ContainerNotRunningError    a command can only run in a running container
  x NameInvalidError            Docker's name rule refuses the name
  x NameTakenError              another container has the name
  x PortTakenError              another container, or the host, has the host port
  x ImageMissingError           the image has not been pulled
  x PullFailedError             the registry does not give the image
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

__all__ = [
    "Container",
    "ContainerNotFoundError",
    "ContainerNotRunningError",
    "ContainerSpec",
    "ContainerState",
    "Engine",
    "EngineError",
    "EngineUnavailableError",
    "ExecResult",
    "ImageMissingError",
    "Inspection",
    "NameInvalidError",
    "NameTakenError",
    "Port",
    "PortBinding",
    "PortTakenError",
    "PullFailedError",
]

# How long a stopped container may take to end by itself: Docker's own default, in seconds.
STOP_GRACE_SECONDS = 10


class EngineError(Exception):
    """The engine failed, or refused what it was asked for; the message is the engine's."""


class EngineUnavailableError(EngineError):
    """Nobody answers on the engine's socket."""


class ContainerNotFoundError(EngineError):
    """There is no container of that name or id."""


class ContainerNotRunningError(EngineError):
    """A command was to run in a container that does not run."""


class NameInvalidError(EngineError):
    """Docker's name rule refuses the container's name."""


class NameTakenError(EngineError):
    """Another container has the name."""


class PortTakenError(EngineError):
    """A host port is taken, by another container or by the host; the container stays ``created``."""


class ImageMissingError(EngineError):
    """The image is not there; it would have to be pulled."""


class PullFailedError(EngineError):
    """The image cannot be pulled."""


@dataclass(frozen=True, slots=True)
class PortBinding:
    """A container port that is to be published.

    Attributes:
        container_port: 1 to 65535.
        protocol: ``tcp``, ``udp`` or ``sctp``.
        host_port: 1 to 65535, or 0 for any free one.
        host_ip: address to publish on; empty for all.
    """

    container_port: int
    protocol: str
    host_port: int
    host_ip: str = ""


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """What a container is created from.

    Attributes:
        name: the container's name.
        image: image reference, as the caller wrote it.
        environment: ``K=V`` each.
        port_bindings: the published ports.
        labels: the container's labels.
    """

    name: str
    image: str
    environment: tuple[str, ...] = ()
    port_bindings: tuple[PortBinding, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Port:
    """A port as a container listing shows it.

    Attributes:
        private_port: the port inside the container.
        type: ``tcp``, ``udp`` or ``sctp``.
        public_port: the host port, or None where it is not published.
        ip: the address that it is published on, or None.
    """

    private_port: int
    type: str
    public_port: int | None = None
    ip: str | None = None


@dataclass(frozen=True, slots=True)
class Container:
    """One line of the engine's list of containers.

    Attributes:
        id: 64 hexadecimal digits.
        name: without Docker's leading slash.
        image: image reference.
        status: Docker's state word: created, running, paused, restarting, removing, exited or dead.
        created: seconds since the epoch.
        ports: ports of a running container; empty otherwise.
        labels: the container's labels.
    """

    id: str
    name: str
    image: str
    status: str
    created: int
    ports: tuple[Port, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ContainerState:
    """The ``State`` block of Docker's inspection.

    Attributes:
        status: Docker's state word.
        pid: process id on the host, 0 where it does not run.
        exit_code: of the last run.
        error: why the last start failed, or empty.
        started_at: RFC 3339, Docker's zero time before the first start.
        finished_at: RFC 3339, Docker's zero time before the first end.
    """

    status: str
    pid: int
    exit_code: int
    error: str
    started_at: str
    finished_at: str

    @property
    def running(self) -> bool:
        """Whether its process runs."""
        return self.status in {"running", "paused", "restarting"}

    def to_docker(self) -> dict[str, Any]:
        """Return it in Docker's own field names."""
        return {
            "Status": self.status,
            "Running": self.running,
            "Paused": self.status == "paused",
            "Restarting": self.status == "restarting",
            "Dead": self.status == "dead",
            "Pid": self.pid,
            "ExitCode": self.exit_code,
            "Error": self.error,
            "StartedAt": self.started_at,
            "FinishedAt": self.finished_at,
        }


@dataclass(frozen=True, slots=True)
class Inspection:
    """Everything that the agent asks about one container.

    Attributes:
        container: as the listing shows it.
        state: its state in detail.
        environment: ``K=V`` each, those of the image included.
        restart_policy: such as ``unless-stopped``.
    """

    container: Container
    state: ContainerState
    environment: tuple[str, ...]
    restart_policy: str


@dataclass(frozen=True, slots=True)
class ExecResult:
    """How a command inside a container ended.

    Attributes:
        exit_code: 126 or 127 where it could not be run at all.
        output: standard output and standard error together.
    """

    exit_code: int
    output: str


class Engine(Protocol):
    """A container engine. Containers are named by name or id; every method may raise :class:`EngineError`."""

    def describe(self) -> dict[str, Any]:
        """Return the engine's kind and version."""

    def has_image(self, reference: str) -> bool:
        """Return whether the image is there."""

    def pull(self, reference: str) -> None:
        """Pull the image; :class:`PullFailedError` where the registry does not give it."""

    def create(self, spec: ContainerSpec) -> str:
        """Create a container with the restart policy ``unless-stopped`` and return its id."""

    def start(self, container: str) -> None:
        """Start it; a running one stays as it is."""

    def stop(self, container: str) -> None:
        """Stop it; one that does not run stays as it is."""

    def remove(self, container: str) -> None:
        """Remove it, also while it runs."""

    def inspect(self, container: str) -> Inspection:
        """Return what there is to know about it."""

    def list(self) -> tuple[Container, ...]:
        """Return all containers, in any state, newest first."""

    def execute(self, container: str, command: tuple[str, ...]) -> ExecResult:
        """Run a command in it and wait for its end."""

    def logs(self, container: str, tail: int | None = None, since: float | None = None) -> str:
        """Return what it has printed: the last ``tail`` lines, not before ``since`` (seconds since the epoch)."""
