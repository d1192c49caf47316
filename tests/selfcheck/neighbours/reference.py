"""The reference agent as a process of its own, with tokens that nobody else knows."""

from __future__ import annotations

import contextlib
import re
import secrets
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .processes import clean_environment, running

__all__ = ["Reference", "running_reference"]

_ANNOUNCEMENT = re.compile(r"^dtma-reference listening on (?P<url>http://\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Reference:
    """A running reference agent.

    Attributes:
        url: where it listens.
        token: its bearer token (``DTMA_BEARER_TOKEN``).
        api_key: the other secret that it accepts (``BACKEND_TO_DTMA_API_KEY``).
        process_id: its process.
        log: what it has written so far.
    """

    url: str
    token: str
    api_key: str
    process_id: int
    log: Path


@contextlib.contextmanager
def running_reference(*args: str, env: Mapping[str, str] | None = None) -> Iterator[Reference]:
    """Run ``dtma-reference serve --port 0 ARGS`` until the block ends.

    Args:
        args: further options, such as ``"--engine", "docker"``.
        env: variables on top of the two random secrets, which win over those.

    Raises:
        NeighbourError: it does not start; the message holds the end of its log.
    """
    given = {
        "DTMA_BEARER_TOKEN": secrets.token_urlsafe(32),
        "BACKEND_TO_DTMA_API_KEY": secrets.token_urlsafe(32),
        **(env or {}),
    }
    with tempfile.TemporaryDirectory(prefix="dtmac-reference-") as folder:
        log = Path(folder, "log")
        command = [sys.executable, "-m", "dtma_reference", "serve", "--port", "0", *args]
        environment = clean_environment({"PYTHONUNBUFFERED": "1", **given})
        with running(
            command, log=log, ready=lambda: _announced(log) is not None, env=environment, cwd=Path(folder)
        ) as process:
            url = _announced(log)
            assert url is not None
            yield Reference(url, given["DTMA_BEARER_TOKEN"], given["BACKEND_TO_DTMA_API_KEY"], process.pid, log)


def _announced(log: Path) -> str | None:
    match = _ANNOUNCEMENT.search(log.read_text(errors="replace"))
    return match["url"] if match else None
