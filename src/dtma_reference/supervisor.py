"""Keeps an agent's process running, as ``docker run --restart always`` does, and holds what must outlive it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from types import FrameType

from dtma_reference.engines.protocol import Engine
from dtma_reference.engines.remote import serve_engine
from dtma_reference.handshake import READY, RESTART_EXIT_CODE
from dtma_reference.settings import AgentSettings

__all__ = ["Supervisor", "end_with_standard_input", "reserve_port"]

# How long the agent's process may take to end once it was told to, in seconds; then it is killed.
_END_GRACE = 3.0


def end_with_standard_input() -> None:
    """Have this process told to end when its standard input does: whoever holds the other end is gone then."""

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="parent-watch", daemon=True).start()


def reserve_port(host: str, port: int) -> socket.socket:
    """Bind a port without listening on it.

    While the socket lives nobody is given the port by chance; the agent, which sets SO_REUSEADDR as this
    does, can listen on it, and while no agent runs a connection is refused.

    Args:
        host: address or name.
        port: the port, or 0 for any free one.

    Raises:
        OSError: the address is taken, or is not this host's.
    """
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    reserved = socket.socket(family, socket.SOCK_STREAM)
    try:
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind(address)
    except OSError:
        reserved.close()
        raise
    return reserved


class Supervisor:
    """Runs the agent's process, again and again.

    Args:
        settings: what each process is started with.
        engine: the memory engine, which stays here; None where the agent has an engine of its own.
        on_ready: called once, when the agent listens for the first time.
    """

    def __init__(self, settings: AgentSettings, engine: Engine | None, on_ready: Callable[[], None]) -> None:
        self._settings = settings
        self._engine = engine
        self._on_ready: Callable[[], None] | None = on_ready
        self._process: subprocess.Popen[str] | None = None
        self._ending = False

    def run(self) -> int:
        """Run until a signal ends it, and return the exit code: 0, or 1 where the agent ended by itself."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        while not self._ending:
            code = self._run_once()
            if code != RESTART_EXIT_CODE and not self._ending:
                sys.stderr.write(f"dtma-reference: the agent's process ended by itself, with exit code {code}.\n")
                return 1
        return 0

    def _run_once(self) -> int:
        ours, theirs = socket.socketpair()
        with theirs:
            descriptor = theirs.fileno()
            self._process = process = subprocess.Popen(
                [sys.executable, "-m", "dtma_reference.agent_process", str(descriptor)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                pass_fds=[descriptor],
            )
        if self._engine is None:
            ours.close()
        else:
            # It ends with the agent's end of the pair.
            threading.Thread(target=serve_engine, args=(self._engine, Connection(ours.detach())), daemon=True).start()
        # Standard input stays open: its end tells the agent that this process is gone.
        with process:
            try:
                return self._watch(process)
            finally:
                process.kill()

    def _watch(self, process: subprocess.Popen[str]) -> int:
        assert process.stdin is not None
        assert process.stdout is not None
        if self._ending:
            process.terminate()
        try:
            process.stdin.write(self._settings.to_json() + "\n")
            process.stdin.flush()
        except BrokenPipeError:
            return process.wait()
        if process.stdout.readline().strip() == READY and self._on_ready is not None:
            self._on_ready()
            self._on_ready = None
        return process.wait()

    def _end(self, _number: int, _frame: FrameType | None) -> None:
        """Handle the signal that ends both processes."""
        self._ending = True
        process = self._process
        if process is not None and process.poll() is None:
            process.terminate()
            killer = threading.Timer(_END_GRACE, process.kill)
            killer.daemon = True
            killer.start()
