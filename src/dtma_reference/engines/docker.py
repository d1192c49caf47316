"""Docker itself, through its SDK."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import docker
import requests
from docker.errors import APIError, DockerException, ImageNotFound, NotFound

from dtma_reference.engines.protocol import (
    STOP_GRACE_SECONDS,
    Container,
    ContainerNotFoundError,
    ContainerNotRunningError,
    ContainerSpec,
    ContainerState,
    EngineError,
    EngineUnavailableError,
    ExecResult,
    ImageMissingError,
    Inspection,
    NameInvalidError,
    NameTakenError,
    Port,
    PortTakenError,
    PullFailedError,
)
from dtma_reference.plain_text import plain, storable

__all__ = ["DockerEngine"]

# How long one answer may take, in seconds. A pull streams its progress, so this bounds its pauses.
_TIMEOUT = 60
_CONFLICT = 409
_BAD_REQUEST = 400
# What Docker says where a host port is taken, by a container or by anything else.
_PORT_TAKEN = ("port is already allocated", "address already in use", "failed to bind port")
# How long what Docker says of a container may be: what a registry has room for, in characters.
_LONGEST_ID, _LONGEST_NAME, _LONGEST_IMAGE, _LONGEST_STATUS = 64, 255, 1024, 32


class DockerEngine:
    """A Docker Engine. The connection is made on first use, so that an agent starts without one.

    Args:
        url: such as ``unix:///var/run/docker.sock`` or ``tcp://127.0.0.1:2375``.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._connected: docker.APIClient | None = None

    def describe(self) -> dict[str, Any]:
        """Return the engine's kind and version."""
        with _translated(), _read():
            version = self._client().version()
            return {"engine": "docker", "version": version["Version"], "apiVersion": version["ApiVersion"]}

    def has_image(self, reference: str) -> bool:
        """Return whether the image is there."""
        try:
            with _translated():
                self._client().inspect_image(reference)  # type: ignore[no-untyped-call] # types-docker has no signature
        except ImageMissingError:
            return False
        return True

    def pull(self, reference: str) -> None:
        """Pull the image."""
        try:
            with _translated():
                for progress in self._client().pull(reference, stream=True, decode=True):
                    if "error" in progress:
                        raise PullFailedError(plain(str(progress["error"])))
        except EngineUnavailableError:
            raise
        except EngineError as problem:
            raise PullFailedError(str(problem)) from None

    def create(self, spec: ContainerSpec) -> str:
        """Create a container and return its id."""
        with _translated():
            client = self._client()
            created = client.create_container(
                spec.image,
                name=spec.name,
                environment=list(spec.environment),
                labels=dict(spec.labels),
                ports=[(binding.container_port, binding.protocol) for binding in spec.port_bindings],
                host_config=client.create_host_config(
                    port_bindings=_bindings(spec), restart_policy={"Name": "unless-stopped"}
                ),
            )
        return str(created["Id"])

    def start(self, container: str) -> None:
        """Start it; a running one stays as it is."""
        with _translated():
            self._client().start(container)

    def stop(self, container: str) -> None:
        """Stop it; one that does not run stays as it is."""
        with _translated():
            self._client().stop(container, timeout=STOP_GRACE_SECONDS)

    def remove(self, container: str) -> None:
        """Remove it, also while it runs."""
        with _translated():
            self._client().remove_container(container, force=True)

    def inspect(self, container: str) -> Inspection:
        """Return what there is to know about it."""
        with _translated(), _read():
            found = self._client().inspect_container(container)
            state = found["State"]
            return Inspection(
                container=_container(
                    found,
                    name=found["Name"],
                    image=found["Config"]["Image"],
                    status=state["Status"],
                    created=int(datetime.fromisoformat(found["Created"]).timestamp()),
                    ports=_inspected_ports(found["NetworkSettings"].get("Ports") or {}),
                    labels=found["Config"].get("Labels"),
                ),
                state=ContainerState(
                    status=_text(state["Status"], _LONGEST_STATUS),
                    pid=state["Pid"],
                    exit_code=state["ExitCode"],
                    error=state["Error"],
                    started_at=state["StartedAt"],
                    finished_at=state["FinishedAt"],
                ),
                environment=tuple(map(str, found["Config"].get("Env") or ())),
                restart_policy=found["HostConfig"]["RestartPolicy"]["Name"],
            )

    def list(self) -> tuple[Container, ...]:
        """Return all containers, newest first."""
        with _translated(), _read():
            return tuple(
                _container(
                    item,
                    name=(item["Names"] or [""])[0],
                    image=item["Image"],
                    status=item["State"],
                    created=int(item["Created"]),
                    ports=tuple(map(_listed_port, item["Ports"] or ())),
                    labels=item.get("Labels"),
                )
                for item in self._client().containers(all=True)
            )

    def execute(self, container: str, command: tuple[str, ...]) -> ExecResult:
        """Run a command in it and wait for its end."""
        with _translated():
            client = self._client()
            execution = client.exec_create(container, list(command))["Id"]
            output = client.exec_start(execution)
            exit_code = client.exec_inspect(execution)["ExitCode"]
        return ExecResult(exit_code, output.decode(errors="replace"))

    def logs(self, container: str, tail: int | None = None, since: float | None = None) -> str:
        """Return what it has printed."""
        with _translated():
            output = self._client().logs(
                container, tail="all" if tail is None else tail, since=None if since is None else int(since)
            )
        return str(output.decode(errors="replace"))

    def close(self) -> None:
        """Close the connection, if there is one."""
        with self._lock:
            if self._connected is not None:
                self._connected.close()
                self._connected = None

    def _client(self) -> docker.APIClient:
        with self._lock:
            if self._connected is None:
                try:
                    self._connected = docker.APIClient(base_url=self._url, version="auto", timeout=_TIMEOUT)
                except (ValueError, DockerException) as problem:
                    if isinstance(problem, DockerException) and self._url not in str(problem):
                        raise
                    # The SDK repeats an address that it does not take, and that may hold a password.
                    raise EngineUnavailableError("The address of the container engine is malformed.") from None
            return self._connected


def _bindings(spec: ContainerSpec) -> dict[int | str, Any]:
    """Return the published ports as the SDK takes them: host addresses by container port."""
    bindings: dict[int | str, Any] = {}
    for binding in spec.port_bindings:
        published = bindings.setdefault(f"{binding.container_port}/{binding.protocol}", [])
        published.append((binding.host_ip, str(binding.host_port)))
    return bindings


def _inspected_ports(ports: dict[str, Any]) -> tuple[Port, ...]:
    """Return the ports of an inspection in the form of a listing."""
    found = []
    for name, bindings in ports.items():
        number, _, kind = name.partition("/")
        if not bindings:
            found.append(Port(int(number), kind))
        found.extend(Port(int(number), kind, int(binding["HostPort"]), binding["HostIp"]) for binding in bindings or ())
    return tuple(found)


def _container(
    found: Mapping[str, Any],
    *,
    name: str,
    image: str,
    status: str,
    created: int,
    ports: tuple[Port, ...],
    labels: Mapping[str, str] | None,
) -> Container:
    return Container(
        id=_text(found["Id"], _LONGEST_ID),
        name=_text(name, _LONGEST_NAME).removeprefix("/"),
        image=_text(image, _LONGEST_IMAGE),
        status=_text(status, _LONGEST_STATUS),
        created=created,
        ports=ports,
        labels={storable(str(label)): storable(str(value)) for label, value in (labels or {}).items()},
    )


def _listed_port(port: Mapping[str, Any]) -> Port:
    public = port.get("PublicPort")
    return Port(int(port["PrivatePort"]), str(port["Type"]), None if public is None else int(public), port.get("IP"))


def _text(found: object, most: int) -> str:
    if not isinstance(found, str):
        raise TypeError("That is no text.")
    return storable(found)[:most]


@contextmanager
def _read() -> Iterator[None]:
    """Raise this package's error where an answer is not as the Engine API has it."""
    try:
        yield
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        raise EngineError("The container engine's answer cannot be read: it is not as Docker's API has it.") from None


@contextmanager
def _translated() -> Iterator[None]:
    """Raise this package's errors in place of the SDK's."""
    try:
        yield
    except ImageNotFound as problem:
        raise ImageMissingError(_explanation(problem)) from None
    except APIError as problem:
        raise _error_of(problem) from None
    except (DockerException, requests.exceptions.RequestException) as problem:
        raise EngineUnavailableError(f"The container engine does not answer: {_in_words(problem)}") from None


def _in_words(problem: Exception) -> str:
    """Return what the system said, where it stands within the libraries' wrappings; else what they say."""
    found: list[BaseException] = [problem]
    # It grows while it is walked through.
    for each in found:
        if isinstance(each, TimeoutError | requests.exceptions.Timeout):
            return _no_daemon("it took too long")
        if isinstance(each, OSError) and each.strerror:
            return _no_daemon(plain(each.strerror))
        inner = (*each.args, getattr(each, "reason", None), each.__cause__, each.__context__)
        found += [one for one in inner if isinstance(one, BaseException) and one not in found]
    if any(isinstance(each, http.client.HTTPException | ValueError) for each in found):
        return _no_daemon("what is there does not speak as it does")
    return plain(str(problem))


def _no_daemon(words: str) -> str:
    # As Docker's own command says it, so that whoever reads logs knows it.
    return f"cannot connect to the Docker daemon ({words})"


def _error_of(problem: APIError) -> EngineError:
    text = _explanation(problem)
    lowered = text.lower()
    if any(sign in lowered for sign in _PORT_TAKEN):
        return PortTakenError(text)
    if isinstance(problem, NotFound):
        # Docker answers 404 for a container, an image and a program alike.
        return ImageMissingError(text) if "no such image" in lowered else ContainerNotFoundError(text)
    if problem.status_code == _CONFLICT and "is already in use by container" in lowered:
        return NameTakenError(text)
    if problem.status_code == _CONFLICT and "is not running" in lowered:
        return ContainerNotRunningError(text)
    if problem.status_code == _BAD_REQUEST and "invalid container name" in lowered:
        return NameInvalidError(text)
    return EngineError(text)


def _explanation(problem: APIError) -> str:
    return plain(str(problem.explanation or problem))
