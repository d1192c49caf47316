"""Turns between workers: what restarts the agent runs alone, and after everything else.

All other items hold a shared lock while they run and are counted when they end; an item that restarts waits for the
count of all others, then takes the lock for itself alone. Items that restart are last in every worker's order, so
that nobody waits for somebody who waits.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from dtma_contract.judgement import NotJudgedError

__all__ = ["Turns"]

# Without any item ending for so long, a worker has died: the longest one (the model, deep, on a real engine) takes
# minutes.
_PATIENCE = 900.0
_POLL = 0.02


class Turns:
    """The turns of one run.

    Args:
        folder: a folder that all workers of the run share.
        others: how many items do not restart the agent.
    """

    def __init__(self, folder: Path, others: int) -> None:
        self._lock = folder / ".turn"
        self._ended = folder / ".ended"
        self._others = others

    @contextlib.contextmanager
    def shared(self) -> Iterator[None]:
        """Run side by side with others."""
        with self._locked(fcntl.LOCK_SH):
            try:
                yield
            finally:
                with self._ended.open("ab", buffering=0) as file:
                    file.write(b".")

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Run when all others have ended, and alone.

        Raises:
            NotJudgedError: the others did not end.
        """
        last, deadline = -1, time.monotonic() + _PATIENCE
        while (ended := self._count()) < self._others:
            if ended != last:
                last, deadline = ended, time.monotonic() + _PATIENCE
            if time.monotonic() > deadline:
                raise NotJudgedError("it would have had to run alone, and other items did not end")
            time.sleep(_POLL)
        with self._locked(fcntl.LOCK_EX):
            yield

    def _count(self) -> int:
        try:
            return self._ended.stat().st_size
        except FileNotFoundError:
            return 0

    @contextlib.contextmanager
    def _locked(self, kind: int) -> Iterator[None]:
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, kind)
            yield
        finally:
            os.close(descriptor)
