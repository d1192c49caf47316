"""An engine that lives in another process, reached over one pair of connected sockets.

The supervisor holds the memory engine, so that containers outlive the agent's process as they do with Docker.
"""

from __future__ import annotations

import threading
from multiprocessing.connection import Connection
from typing import Any

from dtma_reference.engines.protocol import (
    Container,
    ContainerSpec,
    Engine,
    EngineError,
    EngineUnavailableError,
    ExecResult,
    Inspection,
)

__all__ = ["RemoteEngine", "serve_engine"]


def serve_engine(engine: Engine, connection: Connection) -> None:
    """Answer the calls of a :class:`RemoteEngine` until the other side is gone.

    Args:
        engine: the engine that does the work.
        connection: this side's end; closed on return.
    """
    with connection:
        while True:
            try:
                method, arguments = connection.recv()
                try:
                    answer = (True, getattr(engine, method)(*arguments))
                except EngineError as refusal:
                    answer = (False, refusal)
                connection.send(answer)
            except (EOFError, OSError):
                return


class RemoteEngine:
    """The agent's side: each call is sent, and its answer awaited, one at a time.

    Args:
        connection: this side's end.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def describe(self) -> dict[str, Any]:
        """Return the engine's kind and version."""
        described: dict[str, Any] = self._call("describe")
        return described

    def has_image(self, reference: str) -> bool:
        """Return whether the image is there."""
        return bool(self._call("has_image", reference))

    def pull(self, reference: str) -> None:
        """Pull the image."""
        self._call("pull", reference)

    def create(self, spec: ContainerSpec) -> str:
        """Create a container and return its id."""
        return str(self._call("create", spec))

    def start(self, container: str) -> None:
        """Start it."""
        self._call("start", container)

    def stop(self, container: str) -> None:
        """Stop it."""
        self._call("stop", container)

    def remove(self, container: str) -> None:
        """Remove it, also while it runs."""
        self._call("remove", container)

    def inspect(self, container: str) -> Inspection:
        """Return what there is to know about it."""
        inspection: Inspection = self._call("inspect", container)
        return inspection

    def list(self) -> tuple[Container, ...]:
        """Return all containers, newest first."""
        containers: tuple[Container, ...] = self._call("list")
        return containers

    def execute(self, container: str, command: tuple[str, ...]) -> ExecResult:
        """Run a command in it and wait for its end."""
        result: ExecResult = self._call("execute", container, command)
        return result

    def logs(self, container: str, tail: int | None = None, since: float | None = None) -> str:
        """Return what it has printed."""
        return str(self._call("logs", container, tail, since))

    def _call(self, method: str, *arguments: Any) -> Any:
        try:
            with self._lock:
                self._connection.send((method, arguments))
                succeeded, answer = self._connection.recv()
        except (EOFError, OSError) as problem:
            raise EngineUnavailableError("The supervisor that holds the engine is gone") from problem
        if succeeded:
            return answer
        raise answer
