"""A memory engine as a process of its own, which outlives every agent that uses it.

A program: ``python engine_process.py SOCKET SEED``. It takes a moment for what changes a container, as Docker does, so
that an agent can be killed in the midst of it.
"""

from __future__ import annotations

import random
import sys
import threading
import time
from multiprocessing.connection import Client, Listener

from dtma_reference.engines.memory import DEFAULT_IMAGE, MemoryEngine
from dtma_reference.engines.protocol import ContainerSpec
from dtma_reference.engines.remote import RemoteEngine, serve_engine

__all__ = ["EngineClient", "connect"]

# The longest that a change takes, in seconds.
_SLOWEST = 0.004


class SlowEngine(MemoryEngine):
    """A memory engine whose changes take a moment, and that knows who is connected."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._random = random.Random(seed)  # noqa: S311 - to be replayed, not to be guessed
        self._connections = 0
        self.pull(DEFAULT_IMAGE)

    def serve(self, connection) -> None:
        """Answer one client until it is gone and what it asked for is done."""
        self._connections += 1
        try:
            serve_engine(self, connection)
        finally:
            self._connections -= 1

    def connections(self) -> int:
        """Return how many clients there are."""
        return self._connections

    def create(self, spec: ContainerSpec) -> str:
        """Create a container."""
        self._linger()
        created = super().create(spec)
        self._linger()
        return created

    def start(self, container: str) -> None:
        """Start a container."""
        self._linger()
        super().start(container)
        self._linger()

    def stop(self, container: str) -> None:
        """Stop a container."""
        self._linger()
        super().stop(container)
        self._linger()

    def remove(self, container: str) -> None:
        """Remove a container."""
        self._linger()
        super().remove(container)
        self._linger()

    def _linger(self) -> None:
        time.sleep(self._random.uniform(0, _SLOWEST / 2))


class EngineClient(RemoteEngine):
    """A client of such an engine."""

    def connections(self) -> int:
        """Return how many clients it has, this one included."""
        return self._call("connections")


def connect(address: str) -> EngineClient:
    """Return a client of the engine at that socket."""
    return EngineClient(Client(address, "AF_UNIX"))


def _main(address: str, seed: int) -> None:
    engine = SlowEngine(seed)
    with Listener(address, "AF_UNIX", backlog=64) as listener:
        while True:
            threading.Thread(target=engine.serve, args=(listener.accept(),), daemon=True).start()


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]))
