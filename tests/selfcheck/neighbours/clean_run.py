"""Run the command line as its user would: a process of its own, and no variable but what is given."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .processes import clean_environment

__all__ = ["Finished", "run_contract", "run_module"]


@dataclass(frozen=True, slots=True)
class Finished:
    """How a program ended."""

    exit_code: int
    stdout: str
    stderr: str


def run_contract(*args: str, cwd: Path, env: Mapping[str, str] | None = None, seconds: float = 120) -> Finished:
    """Run ``dtma-contract ARGS`` and wait for its end.

    Args:
        args: the arguments.
        cwd: the working directory, in which it makes ``reports/``.
        env: variables on top of a clean environment, such as the token.
        seconds: how long it may take.

    Raises:
        subprocess.TimeoutExpired: it took longer; it was killed.
    """
    return run_module("dtma_contract", *args, cwd=cwd, env=env, seconds=seconds)


def run_module(
    module: str, *args: str, cwd: Path, env: Mapping[str, str] | None = None, seconds: float = 120
) -> Finished:
    """Run ``python -m MODULE ARGS`` in the same way."""
    done = subprocess.run(
        [sys.executable, "-m", module, *args],
        check=False,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        errors="replace",
        cwd=cwd,
        env=clean_environment(env),
        timeout=seconds,
    )
    return Finished(done.returncode, done.stdout, done.stderr)
