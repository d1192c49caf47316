"""One layer of an image as a list of changes: what it brings and what it takes away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from dtma_contract.discovery.container_image.kept_files import KeptFiles, package_folder
from dtma_contract.discovery.container_image.problems import ImageError, Limits, size_text
from dtma_contract.discovery.container_image.tar_stream import ByteSource, EntryKind, TarEntry, TarStream
from dtma_contract.discovery.file_tree import MAX_FILE_BYTES, clean_path

__all__ = ["Budget", "Change", "read_layer"]

# The names by which a layer takes away what lies below it (OCI image layer specification, "Whiteouts").
_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"

# PATH_MAX of Linux.
_MAX_PATH = 4096


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the file system.

    Attributes:
        path: from the image's root, without a slash in front.
        kind: ``FILE``, ``FOLDER``, ``SYMLINK`` or ``HARDLINK``; ``OTHER`` for a device and the like.
        content: of a file whose content matters, else None.
        target: of a link, as it stands there; of a hard link a path from the root.
        removed: the path is taken away.
        opaque: what lower layers have in this folder is taken away.
        wanted: of a hard link: the content of what it points to matters.
    """

    path: str
    kind: EntryKind = EntryKind.OTHER
    content: bytes | None = None
    target: str = ""
    removed: bool = False
    opaque: bool = False
    wanted: bool = False


class Budget:
    """What may still be spent on one image.

    Args:
        limits: the bounds.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._entries = limits.entries
        self._unpacked = limits.unpacked_bytes
        self._kept = limits.kept_bytes

    @property
    def unpacked(self) -> int:
        """How many bytes may still be unpacked."""
        return self._unpacked

    def spend_entry(self, name: str) -> None:
        """Count one entry.

        Raises:
            ImageError: there are more than are read.
        """
        self._entries -= 1
        if self._entries < 0:
            raise ImageError(f"The image holds more than {self._limits.entries:,} files and folders (in {name}).")

    def check_unpacked(self, unpacked: int, entry: TarEntry, name: str) -> None:
        """Look ahead at what an entry's content adds.

        Raises:
            ImageError: that is more than is read.
        """
        if unpacked + entry.size > self._unpacked:
            raise ImageError(
                f"The image is larger than {size_text(self._limits.unpacked_bytes)} when unpacked, which is not read: "
                f"{name} has {entry.path[:200]!r} with {size_text(entry.size)}."
            )

    def spend_unpacked(self, unpacked: int) -> None:
        """Count the bytes of a layer that was read."""
        self._unpacked -= unpacked

    def spend_kept(self, size: int) -> bool:
        """Count the content of a file; return whether it may be kept."""
        if size > min(MAX_FILE_BYTES, self._kept):
            return False
        self._kept -= size
        return True


def read_layer(
    source: ByteSource, name: str, *, kept: KeptFiles, budget: Budget, hidden: Callable[[str], bool], folder: str = ""
) -> tuple[list[Change], list[str]]:
    """Read a layer to its end.

    Args:
        source: its bytes, unpacked.
        name: what it is called in messages.
        kept: which files matter.
        budget: what may be spent on the image, of which this spends.
        hidden: whether a file is replaced by a layer above, so that its content matters to nobody.
        folder: where the archive's root lies in the image.

    Returns:
        The changes, in the layer's order, and the paths of files that matter and are too large to be held.

    Raises:
        ImageError: the layer is damaged, leads out of the image, or is larger than is read.
    """
    changes, unread = [], []
    stream = TarStream(source, name, most=budget.unpacked)
    for entry in stream:
        budget.spend_entry(name)
        budget.check_unpacked(stream.offset, entry, name)
        change = _change(entry, name, folder)
        if change is None:
            continue
        if entry.kind in {EntryKind.FILE, EntryKind.SPARSE, EntryKind.HARDLINK} and not change.removed:
            if not kept.names(change.path):
                continue
            most = kept.content_bytes(change.path)
            if entry.kind is EntryKind.HARDLINK:
                change = replace(change, wanted=most != 0)
            elif (most is None or entry.size <= most) and not hidden(change.path):
                if entry.kind is EntryKind.FILE and budget.spend_kept(entry.size):
                    change = replace(change, content=stream.read())
                else:
                    unread.append(change.path)
        elif entry.kind is EntryKind.FOLDER and not change.opaque and package_folder(f"{change.path}/"):
            # Folders inside packages come with the files that are kept of them.
            continue
        changes.append(change)
    stream.drain()
    budget.spend_unpacked(stream.offset)
    return changes, unread


def _change(entry: TarEntry, name: str, folder: str) -> Change | None:
    path = _path(entry.path, name, folder)
    parent, slash, last = path.rpartition("/")
    if last == _OPAQUE:
        return Change(parent, EntryKind.FOLDER, opaque=True)
    # Names that begin with the mark twice are notes of the AUFS storage driver.
    if last.startswith(_WHITEOUT * 2):
        return None
    if last.startswith(_WHITEOUT):
        return Change(f"{parent}{slash}{last.removeprefix(_WHITEOUT)}", removed=True)
    if not path:
        return None
    kind = EntryKind.FILE if entry.kind is EntryKind.SPARSE else entry.kind
    if kind is EntryKind.SYMLINK and len(entry.target) > _MAX_PATH:
        raise ImageError(f"{name} holds a link to a path of {len(entry.target)} characters, which no system can use.")
    target = _path(entry.target, name, folder) if kind is EntryKind.HARDLINK else entry.target
    return Change(path, kind, target=target)


def _path(path: str, name: str, folder: str) -> str:
    cleaned = clean_path(path)
    # Engines refuse such a layer too. A path with a slash in front is one inside the image for them, and so it is here.
    if cleaned is None or ".." in path.split("/"):
        raise ImageError(f"{name} holds the path {path[:200]!r}, which leads out of the image.")
    if len(path) > _MAX_PATH:
        raise ImageError(f"{name} holds a path of {len(path)} characters, which no system can use.")
    return f"{folder}/{cleaned}".strip("/")
