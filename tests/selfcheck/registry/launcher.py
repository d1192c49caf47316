"""Starts agents by forking, so that a hundred starts do not load a hundred times what an agent needs.

A program: it reads lines of JSON and answers each with one. ``{"start": SETTINGS, "engine": SOCKET or null}`` answers
with the process id, at once; ``{"wait": true}`` when the agent listens or has ended; ``{"kill": PID}`` when it is gone.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys

import psycopg
import sqlalchemy.dialects.postgresql.psycopg
import sqlalchemy.dialects.sqlite
import uvicorn.logging
import uvicorn.loops.asyncio
import uvicorn.protocols.http.h11_impl
from registry.engine_process import connect

from dtma_reference import agent_process
from dtma_reference.assembly import assemble
from dtma_reference.engines.docker import DockerEngine
from dtma_reference.engines.memory import MemoryEngine
from dtma_reference.registry import database_store
from dtma_reference.settings import AgentSettings
from dtma_reference.tokens import Secrets

__all__: list[str] = []

# Loaded here for the agents: what they would load, and compile, themselves.
_LOADED = (sqlalchemy.dialects, database_store, uvicorn.protocols, uvicorn.logging, uvicorn.loops, psycopg)
assemble(AgentSettings(), Secrets(), MemoryEngine(), int)


class _Launcher:
    """The agents that were started."""

    def __init__(self) -> None:
        self._ready = -1

    def answer(self, line: str) -> object:
        """Do what a line says, and return what it is answered with."""
        asked = json.loads(line)
        if "start" in asked:
            return self._start(asked["start"], asked["engine"])
        if "wait" in asked:
            select.select([self._ready], [], [])
            return os.read(self._ready, 1) == b"!"
        os.kill(asked["kill"], signal.SIGKILL)
        return os.waitpid(asked["kill"], 0)[1]

    def _start(self, settings: str, engine: str | None) -> int:
        if self._ready >= 0:
            os.close(self._ready)
        self._ready, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(self._ready)
            _serve(AgentSettings.from_json(settings), engine, write)
        os.close(write)
        return child


def _serve(settings: AgentSettings, engine: str | None, ready: int) -> None:
    code = 1
    try:
        used = connect(engine) if engine else DockerEngine(settings.docker or "")
        code = agent_process.serve(
            settings, Secrets.from_environment(os.environ), used, lambda: os.write(ready, b"!") and None
        )
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    launcher = _Launcher()
    for line in sys.stdin:
        print(json.dumps(launcher.answer(line)), flush=True)  # noqa: T201 - its answer
