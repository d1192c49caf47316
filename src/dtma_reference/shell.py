"""Shell commands on the agent's own host, for ``POST /ssh/execute``; off unless it was asked for."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from dataclasses import dataclass

from dtma_reference.errors import FailureError, ForbiddenError
from dtma_reference.tokens import PRIVATE_VARIABLES

__all__ = ["ShellResult", "refuse_blocked", "run"]

# What no caller may run here, whatever the token. A net against accidents; it does not stop an attacker.
_BLOCKED = re.compile(
    r"""
    \brm\s+(?:-\S+\s+)*(?:--\s+)?/(?:\*|\s|;|&|\||$)   # the whole file system
    | \b(?:shutdown|reboot|halt|poweroff|mkfs(?:\.\w+)?|fdisk|parted|wipefs)\b
    | \binit\s+[06]\b
    | \bsystemctl\s+(?:reboot|poweroff|halt)\b
    | \bdd\b[^;|&]*\b(?:if|of)=
    | >\s*/dev/(?:sd|hd|vd|xvd|nvme)
    | :\s*\(\s*\)\s*\{.*\}                              # the fork bomb
    """,
    re.VERBOSE,
)
# A caller who wants more should redirect into a file.
_OUTPUT_LIMIT = 1_000_000


@dataclass(frozen=True, slots=True)
class ShellResult:
    """How a command ended."""

    stdout: str
    stderr: str
    exit_code: int


def refuse_blocked(command: str) -> None:
    """Raise ForbiddenError for a command on the block list."""
    if _BLOCKED.search(command):
        raise ForbiddenError("this command is blocked.")


def run(command: str, timeout_ms: int) -> ShellResult:
    """Run a command with ``/bin/sh -c``, without the agent's tokens in its environment.

    Args:
        command: the command line.
        timeout_ms: when to kill it and everything that it started, in milliseconds.

    Raises:
        FailureError: it could not be run, or took too long.
    """
    environment = {name: value for name, value in os.environ.items() if name not in PRIVATE_VARIABLES}
    try:
        process = subprocess.Popen(
            ["/bin/sh", "-c", command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
    except OSError as problem:
        raise FailureError("The command could not be run.", str(problem)) from None
    try:
        stdout, stderr = process.communicate(timeout=timeout_ms / 1000)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise FailureError(f"The command took longer than {timeout_ms} ms.") from None
    return ShellResult(_text(stdout), _text(stderr), process.returncode)


def _text(output: bytes) -> str:
    return output[:_OUTPUT_LIMIT].decode(errors="replace")
