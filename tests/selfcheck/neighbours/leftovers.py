"""What a Docker Engine leaves on its host when it, or whoever started it, is killed; and its removal."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from .processes import NeighbourError, wait_until

__all__ = ["named_for_this_process", "of_dead_processes", "orphaned_folders", "remove_folder"]

_OWN_PROGRAMS = ("dockerd", "containerd", "containerd-shim", "containerd-shim-runc-v2")
_PREFIX = "dtmac"


def named_for_this_process(serial: int) -> str:
    """Return a name that tells who made its bearer; short enough for a network interface (15 characters)."""
    return f"{_PREFIX}{os.getpid()}n{serial}"


def of_dead_processes(names: Iterable[str]) -> list[str]:
    """Return the names of the above form whose maker runs no more."""
    made = [match for name in names if (match := re.match(rf"{_PREFIX}(\d+)n\d+", name))]
    return [match.string for match in made if not _runs(int(match[1]))]


def orphaned_folders() -> list[Path]:
    """Return the folders of engines whose maker runs no more."""
    temporary = Path(tempfile.gettempdir())
    return [temporary / name for name in of_dead_processes(path.name for path in temporary.glob(f"{_PREFIX}*"))]


def remove_folder(folder: Path) -> None:
    """Remove an engine's folder, with whatever still runs from it or is mounted below it. Can run twice.

    Raises:
        NeighbourError: a process of the engine does not end.
    """
    remaining = list(_processes_of(folder))
    for process in [*remaining, *_children_of(remaining)]:
        _kill(process)
    wait_until(lambda: not list(_processes_of(folder)), f"the processes of {folder} gone", seconds=10)
    # Deepest first, or the outer ones are busy.
    for mount in sorted(_mounts_below(folder), key=len, reverse=True):
        done = subprocess.run(["umount", "--lazy", mount], check=False, capture_output=True, text=True)
        if done.returncode != 0:
            raise NeighbourError(f"umount {mount}: {done.stderr.strip()}")
    if folder.exists():
        shutil.rmtree(folder)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # another user's
    return True


def _processes_of(folder: Path) -> Iterator[int]:
    """Yield the engine's programs that were started with a path in the folder."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # it ended while we looked
        if Path(os.fsdecode(words[0])).name in _OWN_PROGRAMS and any(os.fsencode(folder) in word for word in words):
            yield int(entry.name)


def _children_of(parents: Iterable[int]) -> Iterator[int]:
    """Yield the containers' first processes: children of the shims. What runs in a container ends with its first."""
    known = set(parents)
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            after_name = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended while we looked
        if int(after_name[1]) in known:
            yield int(entry.name)


def _kill(process: int) -> None:
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return


def _mounts_below(folder: Path) -> list[str]:
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [point for line in lines if (point := line.split()[4]).startswith(f"{folder}/")]
