"""The agent's process: started by the supervisor, ends with it.

Standard input carries one line of settings and then nothing until the supervisor is gone, whatever ended it.
Standard output says ``ready`` once. The memory engine is reached over the inherited descriptor.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

import uvicorn

from dtma_reference.assembly import assemble
from dtma_reference.engines.remote import RemoteEngine
from dtma_reference.handshake import READY, RESTART_EXIT_CODE
from dtma_reference.settings import AgentSettings
from dtma_reference.tokens import Secrets

if TYPE_CHECKING:
    import socket

    from dtma_reference.engines.protocol import Engine

__all__ = ["main"]

# How long after its answer POST /restart ends the process, in seconds; the API promises one.
_RESTART_DELAY = 1.0
# Clients keep connections; one that is closed at the moment of reuse would look like a failure. In seconds.
_KEEP_ALIVE = 75
# How long running requests may go on once the process shall end, in seconds.
_SHUTDOWN_GRACE = 1


class _Server(uvicorn.Server):
    """A server that says when it listens, and can be told to restart."""

    exit_code = 0

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            sys.stdout.write(f"{READY}\n")
            sys.stdout.flush()

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
    threading.Thread(target=_end_with_supervisor, daemon=True).start()
    secrets = Secrets.from_environment(os.environ)

    def restart() -> None:
        server.restart()

    agent, app = assemble(settings, secrets, _engine(settings, descriptor), restart)
    logging.getLogger("dtma_reference").addHandler(agent.log)
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
    server = _Server(config)
    server.run()
    sys.stderr.flush()
    # Worker threads may still wait for an engine; the process shall not wait for them.
    os._exit(server.exit_code if server.started else 1)


def _engine(settings: AgentSettings, descriptor: int) -> Engine:
    if settings.docker is None:
        return RemoteEngine(Connection(descriptor))
    # The Docker SDK costs a third of a second to import.
    from dtma_reference.engines.docker import DockerEngine  # noqa: PLC0415 - the SDK is slow to import and seldom needed

    return DockerEngine(settings.docker)


def _end_with_supervisor() -> None:
    """Wait for the end of standard input, which the supervisor holds open as long as it lives."""
    while os.read(0, 1):
        pass
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
