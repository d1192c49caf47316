"""The file system of an image: its layers put on top of each other, as a tree of files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from dtma_contract.discovery.container_image.layers import Change
from dtma_contract.discovery.container_image.tar_stream import EntryKind

__all__ = ["RootTree"]

# What Linux allows (path_resolution(7)).
_MAX_LINKS = 40


@dataclass(slots=True)
class _File:
    content: bytes | None


@dataclass(frozen=True, slots=True)
class _Link:
    target: str


_Folder: TypeAlias = "dict[str, _Node]"
_Node: TypeAlias = "_File | _Link | _Folder"


class RootTree:
    """A file tree from the changes of layers, the lowest first.

    Symbolic links are followed as a process inside would: from the image's own root, never out of it.

    Args:
        layers: the changes of each layer.
    """

    def __init__(self, layers: Iterable[Iterable[Change]]) -> None:
        self._root: _Folder = {}
        self._lacking: set[str] = set()
        for changes in layers:
            self._apply(list(changes))

    @property
    def lacking(self) -> frozenset[str]:
        """Targets of hard links that no layer was kept for."""
        return frozenset(self._lacking)

    def read(self, path: str) -> bytes | None:
        """Return a file's content, or None where there is no such file, or its content was not kept."""
        node = self._find(path)
        return node.content if isinstance(node, _File) else None

    def is_file(self, path: str) -> bool:
        """Return whether there is a regular file."""
        return isinstance(self._find(path), _File)

    def is_folder(self, path: str) -> bool:
        """Return whether there is a folder."""
        return isinstance(self._find(path), dict)

    def names(self, path: str) -> tuple[str, ...]:
        """Return the names in a folder, sorted."""
        node = self._find(path)
        return tuple(sorted(node)) if isinstance(node, dict) else ()

    def real_path(self, path: str) -> str | None:
        """Return the path without links, or None where nothing is there."""
        found = self._resolve(path)
        return found[0] if found else None

    def links(self) -> Iterator[tuple[str, str]]:
        """Yield every symbolic link, as its path and the path that it points to, whether that exists or not."""
        stack: list[tuple[str, _Folder]] = [("", self._root)]
        while stack:
            folder, names = stack.pop()
            for name, node in names.items():
                path = f"{folder}/{name}" if folder else name
                if isinstance(node, dict):
                    stack.append((path, node))
                elif isinstance(node, _Link):
                    yield path, "/".join(_joined(folder.split("/") if folder else [], node.target))

    def target_of(self, path: str) -> str:
        """Return the path that the link at a path points to, whether anything is there."""
        return dict(self.links())[path]

    def _find(self, path: str) -> _Node | None:
        found = self._resolve(path)
        return found[1] if found else None

    def _resolve(self, path: str) -> tuple[str, _Node] | None:
        links = 0
        rest = [part for part in reversed(path.split("/")) if part not in {"", "."}]
        done: list[str] = []
        nodes: list[_Node] = [self._root]
        while rest:
            part = rest.pop()
            if part == "..":
                if done:
                    done.pop()
                    nodes.pop()
                continue
            folder = nodes[-1]
            node = folder.get(part) if isinstance(folder, dict) else None
            if node is None:
                return None
            if isinstance(node, _Link):
                links += 1
                if links > _MAX_LINKS:
                    return None
                if node.target.startswith("/"):
                    done, nodes = [], [self._root]
                rest += [piece for piece in reversed(node.target.split("/")) if piece not in {"", "."}]
                continue
            done.append(part)
            nodes.append(node)
        return "/".join(done), nodes[-1]

    def _apply(self, changes: list[Change]) -> None:
        # Whiteouts speak of lower layers only, whatever place they have in their own (OCI image layer specification).
        for change in changes:
            if change.removed or change.opaque:
                self._remove(change)
        for change in changes:
            if not change.removed:
                self._put(change)

    def _remove(self, change: Change) -> None:
        if change.opaque:
            folder = self._find(change.path)
            if isinstance(folder, dict):
                folder.clear()
            return
        parent_path, _, name = change.path.rpartition("/")
        parent = self._find(parent_path)
        if isinstance(parent, dict):
            parent.pop(name, None)

    def _put(self, change: Change) -> None:
        parent_path, _, name = change.path.rpartition("/")
        if not name:
            return
        parent = self._made(parent_path)
        if change.kind is EntryKind.FOLDER:
            if not isinstance(parent.get(name), dict):
                parent[name] = {}
        elif change.kind is EntryKind.SYMLINK:
            parent[name] = _Link(change.target)
        elif change.kind is EntryKind.HARDLINK:
            target = self._find(change.target)
            if isinstance(target, _File):
                parent[name] = target
            else:
                parent[name] = _File(None)
            if change.wanted and (not isinstance(target, _File) or target.content is None):
                self._lacking.add(change.target)
        elif change.kind is EntryKind.FILE:
            parent[name] = _File(change.content)
        else:
            parent.pop(name, None)

    def _made(self, path: str) -> _Folder:
        """Return a folder, made where it is missing: layers need not name the folders that their files lie in."""
        folder = self._root
        done = ""
        for part in path.split("/") if path else []:
            done = f"{done}/{part}" if done else part
            node = folder.get(part)
            if isinstance(node, _Link):
                node = self._find(done)
            if not isinstance(node, dict):
                node = folder[part] = {}
            folder = node
        return folder


def _joined(folder: list[str], target: str) -> list[str]:
    parts = [] if target.startswith("/") else list(folder)
    for part in target.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in {"", "."}:
            parts.append(part)
    return parts
