"""A container engine that is only bookkeeping, with Docker's rules. Thread-safe."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from dtma_reference.engines import memory_shell
from dtma_reference.engines.protocol import (
    Container,
    ContainerNotFoundError,
    ContainerNotRunningError,
    ContainerSpec,
    ContainerState,
    ExecResult,
    ImageMissingError,
    Inspection,
    NameInvalidError,
    NameTakenError,
    Port,
    PortBinding,
    PortTakenError,
    PullFailedError,
)
from dtma_reference.naming import familiar_image, is_name

__all__ = ["DEFAULT_IMAGE", "ForeignContainer", "MemoryEngine"]

DEFAULT_IMAGE = "nginx:latest"

# What Docker reports where something has not happened yet.
_ZERO_TIME = "0001-01-01T00:00:00Z"
# Where Docker's exit code of a container that could not be started stands (moby, daemon/start.go).
_START_FAILED = 128
# The range that Linux takes host ports from when none is named.
_EPHEMERAL_PORTS = range(32768, 61000)


@dataclass(frozen=True, slots=True)
class ForeignContainer:
    """A container that exists before the agent does, and that is not the agent's.

    Attributes:
        name: its name.
        running: whether it runs.
    """

    name: str
    running: bool = True


@dataclass(slots=True)
class _Record:
    """One container's bookkeeping."""

    id: str
    spec: ContainerSpec
    created: float
    status: str = "created"
    pid: int = 0
    exit_code: int = 0
    error: str = ""
    started_at: str = _ZERO_TIME
    finished_at: str = _ZERO_TIME
    published: tuple[PortBinding, ...] = ()
    log: list[tuple[float, str]] = field(default_factory=list)


class MemoryEngine:
    """Containers in memory.

    It knows the host ports of its own containers, and nothing of the real host.

    Args:
        images: references that a pull finds.
        foreign: containers that are there from the start.
    """

    def __init__(self, images: Iterable[str] = (DEFAULT_IMAGE,), foreign: Iterable[ForeignContainer] = ()) -> None:
        self._lock = threading.RLock()
        self._pullable = frozenset(familiar_image(image) for image in images)
        self._present: set[str] = set()
        self._records: dict[str, _Record] = {}
        self._next_pid = 1000
        for container in foreign:
            self._present.add(DEFAULT_IMAGE)
            container_id = self.create(ContainerSpec(name=container.name, image=DEFAULT_IMAGE))
            self.start(container_id)
            if not container.running:
                self.stop(container_id)

    def describe(self) -> dict[str, Any]:
        """Return the engine's kind and version."""
        with self._lock:
            return {"engine": "memory", "version": "1", "images": sorted(self._present)}

    def has_image(self, reference: str) -> bool:
        """Return whether the image has been pulled."""
        with self._lock:
            return familiar_image(reference) in self._present

    def pull(self, reference: str) -> None:
        """Pull one of the images that were declared."""
        image = familiar_image(reference)
        if image not in self._pullable:
            raise PullFailedError(f"pull access denied for {reference}, repository does not exist")
        with self._lock:
            self._present.add(image)

    def create(self, spec: ContainerSpec) -> str:
        """Create a container and return its id."""
        if not is_name(spec.name):
            raise NameInvalidError(f"Invalid container name ({spec.name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed")
        with self._lock:
            if familiar_image(spec.image) not in self._present:
                raise ImageMissingError(f"No such image: {spec.image}")
            holder = self._named(spec.name)
            if holder is not None:
                raise NameTakenError(
                    f'Conflict. The container name "/{spec.name}" is already in use by container "{holder.id}".'
                )
            record = _Record(id=secrets.token_hex(32), spec=spec, created=time.time())
            self._records[record.id] = record
            return record.id

    def start(self, container: str) -> None:
        """Start it; a running one stays as it is."""
        with self._lock:
            record = self._find(container)
            if record.status == "running":
                return
            try:
                record.published = self._publish(record)
            except PortTakenError as problem:
                record.error, record.exit_code = str(problem), _START_FAILED
                raise
            self._next_pid += 1
            record.status, record.pid, record.exit_code, record.error = "running", self._next_pid, 0, ""
            record.started_at = _now()
            record.log.append((time.time(), "started"))

    def stop(self, container: str) -> None:
        """Stop it; one that does not run stays as it is."""
        with self._lock:
            record = self._find(container)
            if record.status != "running":
                return
            record.status, record.pid, record.published = "exited", 0, ()
            record.finished_at = _now()
            record.log.append((time.time(), "stopped"))

    def remove(self, container: str) -> None:
        """Remove it, also while it runs."""
        with self._lock:
            del self._records[self._find(container).id]

    def inspect(self, container: str) -> Inspection:
        """Return what there is to know about it."""
        with self._lock:
            record = self._find(container)
            state = ContainerState(
                status=record.status,
                pid=record.pid,
                exit_code=record.exit_code,
                error=record.error,
                started_at=record.started_at,
                finished_at=record.finished_at,
            )
            return Inspection(
                container=_listed(record),
                state=state,
                environment=(*record.spec.environment, memory_shell.IMAGE_ENVIRONMENT),
                restart_policy="unless-stopped",
            )

    def list(self) -> tuple[Container, ...]:
        """Return all containers, newest first."""
        with self._lock:
            return tuple(_listed(record) for record in reversed(self._records.values()))

    def execute(self, container: str, command: tuple[str, ...]) -> ExecResult:
        """Run one of the few commands that every container here has."""
        with self._lock:
            record = self._find(container)
            if record.status != "running":
                raise ContainerNotRunningError(f"Container {record.id} is not running")
        return memory_shell.run(command, record.spec.environment, hostname=record.id[:12])

    def logs(self, container: str, tail: int | None = None, since: float | None = None) -> str:
        """Return one line for each start and stop."""
        with self._lock:
            lines = [text for moment, text in self._find(container).log if since is None or moment >= since]
        kept = lines if tail is None else lines[-tail:]
        return "".join(f"{line}\n" for line in kept)

    def _named(self, name: str) -> _Record | None:
        return next((record for record in self._records.values() if record.spec.name == name), None)

    def _find(self, container: str) -> _Record:
        """Return a container by id, name or unique prefix of its id: Docker's order."""
        found = self._records.get(container) or self._named(container)
        if found is None and container:
            matches = [record for record in self._records.values() if record.id.startswith(container)]
            found = matches[0] if len(matches) == 1 else None
        if found is None:
            raise ContainerNotFoundError(f"No such container: {container}")
        return found

    def _publish(self, record: _Record) -> tuple[PortBinding, ...]:
        taken = [binding for other in self._records.values() for binding in other.published]
        published: list[PortBinding] = []
        for wanted in record.spec.port_bindings:
            binding = wanted if wanted.host_port else _with_free_port(wanted, [*taken, *published])
            if _clash(binding, [*taken, *published]):
                raise PortTakenError(
                    f"Bind for {binding.host_ip or '0.0.0.0'}:{binding.host_port} failed: port is already allocated"  # noqa: S104 - Docker's text
                )
            published.append(binding)
        return tuple(published)


def _clash(wanted: PortBinding, taken: Iterable[PortBinding]) -> bool:
    return any(
        wanted.host_port == other.host_port
        and wanted.protocol == other.protocol
        and (wanted.host_ip == other.host_ip or _everywhere(wanted.host_ip) or _everywhere(other.host_ip))
        for other in taken
    )


def _everywhere(ip: str) -> bool:
    return ip in {"", "0.0.0.0", "::"}  # noqa: S104 - compared, not bound


def _with_free_port(wanted: PortBinding, taken: list[PortBinding]) -> PortBinding:
    for port in _EPHEMERAL_PORTS:
        binding = PortBinding(wanted.container_port, wanted.protocol, port, wanted.host_ip)
        if not _clash(binding, taken):
            return binding
    raise PortTakenError("No host port is free")


def _listed(record: _Record) -> Container:
    return Container(
        id=record.id,
        name=record.spec.name,
        image=record.spec.image,
        status=record.status,
        created=int(record.created),
        ports=tuple(
            Port(
                private_port=binding.container_port,
                type=binding.protocol,
                public_port=binding.host_port,
                ip=binding.host_ip or "0.0.0.0",  # noqa: S104 - what Docker shows for all addresses
            )
            for binding in record.published
        ),
        labels=dict(record.spec.labels),
    )


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
