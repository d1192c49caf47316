"""Images in files: archives of ``docker save`` and of the OCI image layout, and folders of that layout."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from posixpath import join, normpath
from typing import Any, BinaryIO, Protocol

from dtma_contract.discovery.container_image.byte_streams import BoundedSource, Expansion, VerifiedSource, unpacked
from dtma_contract.discovery.container_image.manifests import Descriptor, json_object
from dtma_contract.discovery.container_image.problems import MIB, ImageError, Limits, size_text
from dtma_contract.discovery.container_image.tar_stream import ByteSource, EntryKind, TarStream

__all__ = ["ArchiveFile", "Blobs", "LayoutFolder", "open_archive", "verified_document"]

# An archive of an image has a few entries for each layer.
_MAX_MEMBERS = 20_000

# How many links lead from one layer to the other in archives of old engines.
_MAX_LINKS = 8

_STEP = MIB


class Blobs(Protocol):
    """Where the blobs of an image are."""

    def document(self, descriptor: Descriptor) -> bytes:
        """Return a small blob, verified.

        Raises:
            ImageError: it is not there, too large or damaged.
        """

    def layer(self, descriptor: Descriptor) -> contextlib.AbstractContextManager[ByteSource]:
        """Open a blob, whose digest is still to be verified.

        Raises:
            ImageError: it is not there.
        """

    def order(self, layers: Sequence[Descriptor]) -> list[int]:
        """Return the layers' numbers in the order in which they are best read."""


class LayoutFolder:
    """A folder of the OCI image layout.

    Args:
        folder: where ``index.json`` lies.
        limits: the bounds.
    """

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder = folder
        self._limits = limits

    def index(self) -> dict[str, Any]:
        """Return the layout's index.

        Raises:
            ImageError: it is not there, or damaged.
        """
        place = self._folder / "index.json"
        if not place.is_file():
            raise ImageError(f"{self._folder} is no image: it has no index.json.", "Name an OCI layout or an archive.")
        with place.open("rb") as file:
            return json_object(_bounded(file, self._limits.document_bytes, str(place)), str(place))

    def document(self, descriptor: Descriptor) -> bytes:
        """Return a small blob, verified; see :class:`Blobs`."""
        with self.layer(descriptor) as source:
            return verified_document(source, descriptor, self._limits)

    @contextlib.contextmanager
    def layer(self, descriptor: Descriptor) -> Iterator[ByteSource]:
        """Open a blob; see :class:`Blobs`."""
        algorithm, _, digits = descriptor.digest.partition(":")
        place = self._folder / "blobs" / algorithm / digits
        # A pipe or a device would be waited for.
        if not place.is_file():
            raise ImageError(f"The blob {descriptor} is missing in {self._folder}.", _COPY_AGAIN)
        with place.open("rb", buffering=0) as file:
            yield file

    def order(self, layers: Sequence[Descriptor]) -> list[int]:
        """Return the highest first: what it replaces need not be held."""
        return list(reversed(range(len(layers))))


class ArchiveFile:
    """An archive, packed or not.

    Args:
        file: open for reading.
        name: what it is called in messages.
        limits: the bounds.

    Raises:
        ImageError: it is no archive, or damaged.
    """

    def __init__(self, file: BinaryIO, name: str, limits: Limits) -> None:
        self._file = file
        self._name = name
        self._limits = limits
        self._size = file.seek(0, os.SEEK_END)
        self._members: dict[str, tuple[int, int]] = {}
        self._links: dict[str, str] = {}
        self._source, self._at = self._begin()
        # Anything but the file itself can be read forward only.
        self._packed = self._source is not file
        self._find_members()

    def holds(self, name: str) -> bool:
        """Return whether there is a file of this name."""
        return self._member(name) is not None

    def text(self, name: str) -> bytes:
        """Return a small file.

        Raises:
            ImageError: it is not there or too large.
        """
        with self.open(name) as source:
            return _bounded(source, self._limits.document_bytes, f"{name} in {self._name}")

    def document(self, descriptor: Descriptor) -> bytes:
        """Return a small blob, verified; see :class:`Blobs`."""
        with self.layer(descriptor) as source:
            return verified_document(source, descriptor, self._limits)

    def layer(self, descriptor: Descriptor) -> contextlib.AbstractContextManager[ByteSource]:
        """Open a blob; see :class:`Blobs`."""
        return self.open(descriptor.name or f"blobs/{descriptor.digest.replace(':', '/', 1)}")

    def order(self, layers: Sequence[Descriptor]) -> list[int]:
        """Return the highest first, or where the archive is packed, the order in which they lie in it."""
        highest_first = list(reversed(range(len(layers))))
        if not self._packed:
            return highest_first
        places = [self._member(layer.name or f"blobs/{layer.digest.replace(':', '/', 1)}") for layer in layers]
        return sorted(highest_first, key=lambda number: places[number] or (0, 0))

    @contextlib.contextmanager
    def open(self, name: str) -> Iterator[ByteSource]:
        """Open a file of the archive; one at a time.

        Raises:
            ImageError: it is not there.
        """
        member = self._member(name)
        if member is None:
            raise ImageError(f"{name[:200]} is missing in {self._name}.", _COPY_AGAIN)
        offset, size = member
        self._go(offset)
        yield BoundedSource(self, size)

    def read(self, size: int, /) -> bytes:
        """Return at most so many bytes from where the archive was read last."""
        piece = self._source.read(size)
        self._at += len(piece)
        return piece

    def _go(self, offset: int) -> None:
        if not self._packed:
            self._at = self._file.seek(offset)
            return
        if offset < self._at:
            self._source, self._at = self._begin()
        while self._at < offset and self.read(min(_STEP, offset - self._at)):
            pass

    def _begin(self) -> tuple[ByteSource, int]:
        self._file.seek(0)
        head = self._file.read(6)
        self._file.seek(0)
        if head.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd")):
            return unpacked(self._file, self._name, Expansion()), 0
        if head.startswith((b"\xfd7zXZ\0", b"BZh", b"PK\x03\x04")):
            raise ImageError(f"{self._name} is packed in a way that is not read.", "Unpack it, or pack it with gzip.")
        return self._file, 0

    def _skip(self, size: int) -> None:
        if self._at + size > self._size:
            raise ImageError(f"{self._name} is truncated: it ends within an entry.", _COPY_AGAIN)
        self._at = self._file.seek(size, os.SEEK_CUR)

    def _find_members(self) -> None:
        stream = TarStream(self, self._name, None if self._packed else self._skip)
        for number, entry in enumerate(stream):
            if number >= _MAX_MEMBERS:
                raise ImageError(
                    f"{self._name} holds more than {_MAX_MEMBERS:,} entries, and is no image.", _NOT_EXPORTED
                )
            name = normpath(entry.path)
            self._members.pop(name, None)
            self._links.pop(name, None)
            if entry.kind is EntryKind.FILE:
                self._members[name] = (stream.offset, entry.size)
            elif entry.kind is EntryKind.SYMLINK:
                self._links[name] = normpath(join(name.rpartition("/")[0], entry.target))
            elif entry.kind is EntryKind.HARDLINK:
                self._links[name] = normpath(entry.target)
            if self._packed and stream.offset > self._limits.unpacked_bytes:
                raise ImageError(f"{self._name} is larger than {size_text(self._limits.unpacked_bytes)}.")
        if not self._packed and any(offset + size > self._size for offset, size in self._members.values()):
            raise ImageError(f"{self._name} is truncated: it ends within an entry.", _COPY_AGAIN)

    def _member(self, name: str) -> tuple[int, int] | None:
        path = normpath(name)
        for _ in range(_MAX_LINKS):
            if path not in self._links:
                break
            path = self._links[path]
        return self._members.get(path)


_COPY_AGAIN = "Write or download it again."
_NOT_EXPORTED = "`docker save` and `docker buildx build --output type=oci` write images; `docker export` does not."


@contextlib.contextmanager
def open_archive(path: Path, limits: Limits) -> Iterator[ArchiveFile]:
    """Open an archive.

    Raises:
        ImageError: it cannot be read, or is none.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ImageError(f"{path} is neither a file nor a folder.")
        file = path.open("rb", buffering=0)
    except OSError as problem:
        raise ImageError(f"{path} cannot be read: {problem.strerror}.") from None
    with file:
        archive = ArchiveFile(file, str(path), limits)
        if not archive.holds("manifest.json") and not archive.holds("index.json"):
            raise ImageError(
                f"{path} is no image: it has neither a manifest.json (docker save) nor an index.json (OCI).",
                _NOT_EXPORTED,
            )
        yield archive


def verified_document(source: ByteSource, descriptor: Descriptor, limits: Limits) -> bytes:
    """Return a small blob.

    Raises:
        ImageError: it is too large or damaged.
    """
    what = f"The blob {descriptor}"
    verified = VerifiedSource(source, descriptor.digest, what, descriptor.size)
    content = _bounded(verified, limits.document_bytes, what)
    verified.verify()
    return content


def _bounded(source: ByteSource, most: int, what: str) -> bytes:
    pieces: list[bytes] = []
    had = 0
    while piece := source.read(_STEP):
        had += len(piece)
        if had > most:
            raise ImageError(f"{what} is larger than {size_text(most)}, and no document of an image.")
        pieces.append(piece)
    return b"".join(pieces)
