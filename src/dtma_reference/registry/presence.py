"""Whether the process that began something still lives: what it holds is let go by the system when it ends.

An intent whose owner is dead was interrupted, and may be settled by somebody else. Judging by time could not tell a
slow pull from a dead agent; a lock that the kernel or the database server drops can.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import stat
from pathlib import Path
from typing import Protocol

__all__ = ["HIGHEST_OWNER", "AgentRunningError", "Bystander", "FileLock", "Presence"]

# What fits into half a key of a PostgreSQL lock.
HIGHEST_OWNER = 2**31 - 1


class AgentRunningError(Exception):
    """Another agent works with this registry, where none may or one only."""


class Presence(Protocol):
    """This process among those that work with a registry."""

    @property
    def owner(self) -> int:
        """What this process writes into its intents."""

    def hold(self) -> None:
        """Be seen by others from now on."""

    def is_alive(self, owner: int) -> bool:
        """Return whether the process of an intent may still act on it."""

    def close(self) -> None:
        """Act no more: what this process has begun and not ended was interrupted."""


class Bystander:
    """A command that looks, or writes whole changes: it begins nothing, and takes every owner for alive."""

    owner = 0

    def hold(self) -> None:
        """Do nothing: nobody need see it."""

    def is_alive(self, owner: int) -> bool:
        """Return that it may be."""
        return owner != self.owner

    def close(self) -> None:
        """Do nothing: nothing was begun."""


class FileLock:
    """The one agent of a SQLite registry, by a lock on a file beside it.

    Args:
        path: the registry's file.

    Raises:
        AgentRunningError: another process holds the lock.
        OSError: the file cannot be made, or the registry's is none that has one lock and one journal.
    """

    def __init__(self, path: str) -> None:
        _require_single(path)
        self.owner = 1 + secrets.randbelow(HIGHEST_OWNER)
        # Whatever name leads to the file, its lock is one.
        self._descriptor = os.open(f"{os.path.realpath(path)}-agent", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            raise AgentRunningError(f"Another agent works with the registry {path}; end it first.") from None

    def hold(self) -> None:
        """Do nothing: the lock was taken when this was made."""

    def is_alive(self, owner: int) -> bool:
        """Return whether it is this process: there is no other."""
        return owner == self.owner

    def close(self) -> None:
        """Let another agent have the registry. Can run twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _require_single(path: str) -> None:
    """Raise for what can be no registry's file: beside each of its names there would be a lock and a journal."""
    try:
        found = Path(path).stat()
    except FileNotFoundError:
        return
    if stat.S_ISDIR(found.st_mode):
        raise OSError(errno.EISDIR, "it is a folder")
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is no file")
    if found.st_nlink > 1:
        raise OSError(errno.EMLINK, "it has a second name (a hard link), and can have one only")
