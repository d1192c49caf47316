"""The agent's process: started by the supervisor, ends with it.

Standard input carries one line of settings and then nothing until the supervisor is gone, whatever ended it.
Standard output says ``ready`` once. The memory engine is reached over the inherited descriptor.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from dtma_reference.assembly import assemble
from dtma_reference.engines.remote import RemoteEngine
from dtma_reference.handshake import READY, RESTART_EXIT_CODE
from dtma_reference.registry.environment import KeyProblemError, Vault
from dtma_reference.registry.location import RegistryLocation
from dtma_reference.registry.opening import agent_registry
from dtma_reference.registry.presence import AgentRunningError
from dtma_reference.registry.reconciler import Housekeeping, Reconciler
from dtma_reference.settings import AgentSettings
from dtma_reference.tokens import Secrets

if TYPE_CHECKING:
    import socket

    from dtma_reference.engines.protocol import Engine

__all__ = ["main", "serve"]

# How long after its answer POST /restart ends the process, in seconds; the API promises one.
_RESTART_DELAY = 1.0
# Clients keep connections; one that is closed at the moment of reuse would look like a failure. In seconds.
_KEEP_ALIVE = 75
# How long running requests may go on once the process shall end, in seconds.
_SHUTDOWN_GRACE = 1


class _Server(uvicorn.Server):
    """A server that says when it listens, and can be told to restart."""

    exit_code = 0

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    def restart(self) -> None:
        """End the process a moment later; called from a handler."""
        asyncio.get_running_loop().call_later(_RESTART_DELAY, self._end_for_restart)

    def _end_for_restart(self) -> None:
        self.exit_code = RESTART_EXIT_CODE
        self.should_exit = True
        self.force_exit = True


def main(descriptor: int) -> None:
    """Serve until told otherwise.

    Args:
        descriptor: the connection to the supervisor's engine, or -1 where the agent has its own.
    """
    settings = AgentSettings.from_json(sys.stdin.readline())
    threading.Thread(target=_end_with_supervisor, args=(settings.registry_folder,), daemon=True).start()

    def ready() -> None:
        sys.stdout.write(f"{READY}\n")
        sys.stdout.flush()

    try:
        code = serve(settings, Secrets.from_environment(os.environ), _engine(settings, descriptor), ready)
    except (AgentRunningError, KeyProblemError, OSError) as problem:
        sys.stderr.write(f"dtma-reference: {problem}\n")
        code = 1
    sys.stderr.flush()
    # Worker threads may still wait for an engine; the process shall not wait for them.
    os._exit(code)


def serve(settings: AgentSettings, secrets: Secrets, engine: Engine, on_ready: Callable[[], None]) -> int:
    """Serve until told otherwise, and return the process's exit code.

    Args:
        settings: what the agent is started with.
        secrets: the tokens that let a caller in.
        engine: runs the containers.
        on_ready: called once it listens.

    Raises:
        AgentRunningError: another agent works with the same SQLite registry.
        KeyProblemError: a key of the registry is malformed.
        OSError: the registry's folder cannot be used.
    """
    registry = agent_registry(RegistryLocation.parse(settings.registry), Vault.from_environment(os.environ))

    def restart() -> None:
        server.restart()

    agent, app = assemble(settings, secrets, engine, restart, registry)
    logging.getLogger("dtma_reference").addHandler(agent.log)
    # What a fault leaves behind stays so: nothing looks after it.
    if not settings.faults:
        Housekeeping(registry, Reconciler(registry, engine)).start()
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        headers=[("server", "dtma-reference")],
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=_SHUTDOWN_GRACE,
    )
    server = _Server(config, on_ready)
    server.run()
    return server.exit_code if server.started else 1


def _engine(settings: AgentSettings, descriptor: int) -> Engine:
    if settings.docker is None:
        return RemoteEngine(Connection(descriptor))
    # The Docker SDK costs a third of a second to import.
    from dtma_reference.engines.docker import DockerEngine  # noqa: PLC0415 - the SDK is slow to import and seldom needed

    return DockerEngine(settings.docker)


def _end_with_supervisor(folder: str) -> None:
    """Wait for the end of standard input, which the supervisor holds open as long as it lives.

    Args:
        folder: the temporary folder that a killed supervisor leaves, or empty.
    """
    while os.read(0, 1):
        pass
    if folder and Path(folder).is_dir():
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
