"""The embedded reference agent as a target: a process of its own, with a token that only this run knows."""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from dtma_contract.errors import EngineError
from dtma_contract.settings import REFERENCE

__all__ = ["ReferenceTarget", "reached"]

_READY = "dtma-reference listening on "


@dataclass(frozen=True)
class ReferenceTarget:
    """A running reference agent on the memory engine.

    Attributes:
        url: where it listens.
        token: its bearer token.
    """

    url: str
    token: str
    _process: subprocess.Popen[str]

    @classmethod
    def start(cls, probe_image: str) -> ReferenceTarget:
        """Start an agent on a free loopback port.

        Args:
            probe_image: the image that its engine can pull.

        Raises:
            EngineError: it did not come up.
        """
        token = secrets.token_urlsafe(24)
        options = ["--port", "0", "--allow-ssh", "--until-stdin-ends", "--image", probe_image]
        process = subprocess.Popen(
            [sys.executable, "-m", "dtma_reference", "serve", *options],
            env=_environment() | {"DTMA_BEARER_TOKEN": token, "BACKEND_TO_DTMA_API_KEY": secrets.token_urlsafe(24)},
            # Held open as long as this process lives: where that is killed, the agent ends too.
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            # Ctrl-C goes to the run, which removes what it made before its target ends.
            start_new_session=True,
        )
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line.startswith(_READY):
            cls("", token, process).stop()
            raise EngineError(
                "The embedded reference agent did not start.",
                "Run `dtma-reference serve` by hand to see why.",
            )
        return cls(line.removeprefix(_READY).strip(), token, process)

    def stop(self) -> None:
        """End the agent; safe to call twice."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()


def _environment() -> dict[str, str]:
    """Return the environment without whatever configures another agent or coverage of this one."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("DTMA_", "BACKEND_", "AGENTOPIA_"))
    }


@contextlib.contextmanager
def reached(target: str, token: str | None) -> Iterator[tuple[str, str | None]]:
    """Give URL and token of a target; the embedded reference agent runs as long as the block does.

    Args:
        target: URL, or ``reference``.
        token: the target's, or None; the embedded agent has its own.

    Raises:
        EngineError: the embedded agent did not come up.
    """
    if target != REFERENCE:
        yield target, token
        return
    reference = ReferenceTarget.start("nginx:latest")
    try:
        yield reference.url, reference.token
    finally:
        reference.stop()
