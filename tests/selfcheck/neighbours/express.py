"""The Express agent as a process of its own, with tokens that nobody else knows."""

from __future__ import annotations

import contextlib
import secrets
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .express_build import Build
from .processes import clean_environment, free_port, is_listening, running
from .supervisor import RESTARTED
from .tools import path_of

__all__ = ["ExpressAgent", "crashing_express", "running_express"]

_SUPERVISOR = Path(__file__).with_name("supervisor.py")
# Node takes half a second, and much longer on a machine that is busy.
_START_SECONDS = 30
# Enough to tell a loop from a single crash.
_CRASHES = 2


@dataclass(frozen=True, slots=True)
class ExpressAgent:
    """An Express agent that was started.

    Attributes:
        url: where it listens, if it does.
        token: its bearer token (``DTMA_BEARER_TOKEN``).
        api_key: the other secret that it accepts (``BACKEND_TO_DTMA_API_KEY``).
        process_id: its supervisor, which starts it again whenever it ends.
        log: what it and its supervisor have written so far.
    """

    url: str
    token: str
    api_key: str
    process_id: int
    log: Path

    @property
    def restarts(self) -> int:
        """How often it was started again."""
        return self.log.read_text(errors="replace").count(RESTARTED)


@contextlib.contextmanager
def running_express(
    build: Build, *, endpoint: str | None = None, env: Mapping[str, str] | None = None
) -> Iterator[ExpressAgent]:
    """Run a build, and a supervisor over it, until the block ends.

    Args:
        build: the clean agent or a variant that comes up.
        endpoint: the Docker Engine that it manages; without one it finds none.
        env: variables on top of the two random secrets, which win over those.

    Raises:
        NeighbourError: it does not listen; the message holds the end of its log.
    """
    with _started(build, endpoint, env, lambda agent, port: is_listening(port)) as agent:
        yield agent


@contextlib.contextmanager
def crashing_express(build: Build, *, env: Mapping[str, str] | None = None) -> Iterator[ExpressAgent]:
    """Run a build that ends again and again; the block begins once it has been restarted twice."""
    with _started(build, None, env, lambda agent, port: agent.restarts >= _CRASHES) as agent:
        yield agent


@contextlib.contextmanager
def _started(build, endpoint, env, ready) -> Iterator[ExpressAgent]:
    given = {
        "DTMA_BEARER_TOKEN": secrets.token_urlsafe(32),
        "BACKEND_TO_DTMA_API_KEY": secrets.token_urlsafe(32),
        **(env or {}),
    }
    with tempfile.TemporaryDirectory(prefix="dtmac-express-") as name:
        folder, port = Path(name), free_port()
        places = {
            "HOST": "127.0.0.1",
            "PORT": str(port),
            # Never the machine's own engine or configuration.
            "DOCKER_HOST": endpoint or f"unix://{folder}/no-engine.sock",
            "DTMA_CONFIG_FILE": str(folder / "dtma.conf"),
        }
        log = folder / "log"
        log.touch()
        url = f"http://127.0.0.1:{port}"
        awaited = ExpressAgent(url, given["DTMA_BEARER_TOKEN"], given["BACKEND_TO_DTMA_API_KEY"], 0, log)
        with running(
            [sys.executable, _SUPERVISOR, path_of("node"), build.entry],
            log=log,
            ready=lambda: ready(awaited, port),
            seconds=_START_SECONDS,
            env=clean_environment({**places, **given}),
            cwd=build.folder,
        ) as process:
            yield ExpressAgent(url, awaited.token, awaited.api_key, process.pid, log)
