"""Read-only trees of files, as a folder of this machine or the inside of an image holds them.

Everything that reads code reads it through a :class:`FileTree`, so that one evaluator serves source and image.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from posixpath import normpath
from typing import Protocol

__all__ = ["MAX_FILE_BYTES", "FileTree", "FolderTree", "MemoryTree", "clean_path", "walk"]

# No hand-written or compiled program file is larger; a bundle of 50 MiB would not be read in seconds either.
MAX_FILE_BYTES = 32 * 1024 * 1024


class FileTree(Protocol):
    """Files and folders by their path from the tree's root: POSIX, no slash in front; the root is the empty path.

    Links are followed by the tree, and never lead out of it.
    """

    def read(self, path: str) -> bytes | None:
        """Return a file's content, or None where there is no such file, or it is larger than can be read."""

    def is_file(self, path: str) -> bool:
        """Return whether there is a regular file."""

    def is_folder(self, path: str) -> bool:
        """Return whether there is a folder."""

    def names(self, path: str) -> tuple[str, ...]:
        """Return the names in a folder, sorted; none where it is no folder."""


class FolderTree:
    """A folder of this machine.

    Args:
        root: the folder; links that lead out of it lead nowhere.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._root = str(self.root)

    def read(self, path: str) -> bytes | None:
        """Return a file's content, or None; see :class:`FileTree`."""
        place = self._place(path)
        try:
            status = os.stat(place) if place else None
            if status is None or place is None or not stat.S_ISREG(status.st_mode) or status.st_size > MAX_FILE_BYTES:
                return None
            return Path(place).read_bytes()
        except (OSError, ValueError):
            return None

    def is_file(self, path: str) -> bool:
        """Return whether there is a regular file."""
        place = self._place(path)
        return place is not None and os.path.isfile(place)

    def is_folder(self, path: str) -> bool:
        """Return whether there is a folder."""
        place = self._place(path)
        return place is not None and os.path.isdir(place)

    def names(self, path: str) -> tuple[str, ...]:
        """Return the names in a folder, sorted."""
        place = self._place(path)
        try:
            return tuple(sorted(os.listdir(place))) if place else ()
        except OSError:
            return ()

    def _place(self, path: str) -> str | None:
        if "\0" in path:
            return None
        place = os.path.realpath(os.path.join(self._root, path))
        inside = place == self._root or place.startswith(self._root.rstrip("/") + "/")
        return place if inside else None


class MemoryTree:
    """Files held in memory.

    Args:
        files: contents by path.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = dict(files)
        self._folders: dict[str, set[str]] = {"": set()}
        for path in self._files:
            self._add(path)

    def read(self, path: str) -> bytes | None:
        """Return a file's content, or None; see :class:`FileTree`."""
        return self._files.get(path)

    def is_file(self, path: str) -> bool:
        """Return whether there is such a file."""
        return path in self._files

    def is_folder(self, path: str) -> bool:
        """Return whether there is such a folder."""
        return path in self._folders

    def names(self, path: str) -> tuple[str, ...]:
        """Return the names in a folder, sorted."""
        return tuple(sorted(self._folders.get(path, ())))

    def _add(self, path: str) -> None:
        while path:
            folder, _, name = path.rpartition("/")
            self._folders.setdefault(folder, set()).add(name)
            path = folder


def clean_path(path: str) -> str | None:
    """Return a path without ``.``, ``..`` and slashes in front, or None where it leads out of the tree."""
    cleaned = normpath(path.lstrip("/") or ".")
    if cleaned == ".." or cleaned.startswith("../"):
        return None
    return "" if cleaned == "." else cleaned


def walk(tree: FileTree, folder: str = "", skipped: frozenset[str] = frozenset()) -> Iterator[str]:
    """Yield the paths of all files below a folder, sorted within each folder; links that go in circles end.

    Args:
        tree: the tree.
        folder: where to begin.
        skipped: names of folders that are not entered, such as ``node_modules``.
    """
    # No sane tree is deeper; a circle of links is as deep as one likes.
    deepest = 40
    if folder.count("/") > deepest:
        return
    for name in tree.names(folder):
        path = f"{folder}/{name}" if folder else name
        if tree.is_file(path):
            yield path
        elif name not in skipped and tree.is_folder(path):
            yield from walk(tree, path, skipped)
