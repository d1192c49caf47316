"""Start a program, wait for a condition instead of a while, and end it again."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

__all__ = [
    "NeighbourError",
    "clean_environment",
    "free_port",
    "is_listening",
    "run",
    "running",
    "stop",
    "wait_until",
]

# Looked at often enough that a start is never late by more than a frame, seldom enough to cost nothing.
_POLL_SECONDS = 0.02

# Long enough for a run that was interrupted to remove what it made.
_INTERRUPTED_GRACE_SECONDS = 30

# What a program needs to find itself, its files and its language; anything else would leak the caller's settings in.
_KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")


class NeighbourError(Exception):
    """A neighbour did not come up, or did not go away."""


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment that holds nothing of the caller's settings but ``extra``."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return {**kept, **(extra or {})}


def free_port() -> int:
    """Return a loopback TCP port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_listening(port: int) -> bool:
    """Tell whether something accepts connections on the loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition: Callable[[], bool], what: str, *, seconds: float) -> None:
    """Return as soon as the condition holds.

    Raises:
        NeighbourError: it did not hold within ``seconds``; the message names ``what`` was waited for.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise NeighbourError(f"Waited {seconds:g} seconds in vain: {what}.")
        time.sleep(_POLL_SECONDS)


def stop(process: subprocess.Popen[bytes], *, grace: float) -> None:
    """End the process: asked first, and killed when it has not gone within ``grace`` seconds. Can run twice."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


@contextlib.contextmanager
def running(
    command: Sequence[str | Path],
    *,
    log: Path,
    ready: Callable[[], bool],
    seconds: float = 15,
    grace: float = 10,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program until the block ends, from the moment that ``ready`` holds.

    The program gets a session of its own, so that Ctrl-C in a terminal reaches only the caller, who
    ends things in order. Should the caller be killed, the kernel ends the program (where setpriv is).

    Args:
        command: program and arguments; never a shell.
        log: where its output goes.
        ready: holds once the program can be used.
        seconds: how long to wait for that.
        grace: how long it may take to end by itself.
        env: its whole environment; clean by default.
        cwd: its working directory.

    Raises:
        NeighbourError: the program ended before it was ready, or was not ready in time.
    """
    words = [str(word) for word in command]
    if setpriv := shutil.which("setpriv"):
        words = [setpriv, "--pdeathsig", "TERM", *words]
    with log.open("wb") as output:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(clean_environment() if env is None else env),
            cwd=cwd,
            start_new_session=True,
        )
    try:
        try:
            wait_until(lambda: process.poll() is not None or ready(), f"{command[0]} ready", seconds=seconds)
        except NeighbourError as error:
            raise NeighbourError(f"{error}\n{_tail(log)}") from None
        if process.poll() is not None:
            raise NeighbourError(f"{command[0]} ended with exit code {process.returncode}:\n{_tail(log)}")
        yield process
    finally:
        stop(process, grace=grace)


def run(command: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> int:
    """Run a program in the foreground and return its exit code. Where this process is interrupted, it ends first."""
    process = subprocess.Popen(command, env=env, cwd=cwd)
    try:
        return process.wait()
    except KeyboardInterrupt:
        # The terminal has interrupted the program too: it is removing what it made, and needs no second signal.
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_INTERRUPTED_GRACE_SECONDS)
        raise
    finally:
        stop(process, grace=_INTERRUPTED_GRACE_SECONDS)


def _tail(log: Path, lines: int = 15) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
