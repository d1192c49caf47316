"""Streams of bytes that are unpacked and verified while they are read; nothing is held but one chunk."""

from __future__ import annotations

import hashlib
import zlib
from typing import IO, cast

import zstandard

from dtma_contract.discovery.container_image.problems import GIB, MIB, ImageError, size_text
from dtma_contract.discovery.container_image.tar_stream import ByteSource

__all__ = ["BoundedSource", "Expansion", "VerifiedSource", "unpacked"]

_CHUNK = MIB

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"

# Layers are packed with windows of up to 8 MiB; zstandard's own bound for a decoder is 128 MiB.
_MAX_ZSTD_WINDOW = 128 * MIB

# Layers of code and programs unpack to three times their size, and hardly any to ten times. Zeros unpack to a thousand
# times theirs: more than a file or two of them is no file system, but something that is to keep its reader busy.
_USUAL_RATIO = 100
_MOST_BEYOND = GIB

# The algorithms that the OCI image specification registers.
_ALGORITHMS = {"sha256": 64, "sha512": 128}


class VerifiedSource:
    """A source whose bytes are summed up as they pass.

    Args:
        source: where they come from.
        digest: what they must be, such as ``sha256:…``.
        name: what they are called in messages.
        size: how many they must be, or None where nobody says.

    Raises:
        ImageError: the digest is malformed, or of an algorithm that is not known.
    """

    def __init__(self, source: ByteSource, digest: str, name: str, size: int | None = None) -> None:
        algorithm, _, self._expected = digest.partition(":")
        if len(self._expected) != _ALGORITHMS.get(algorithm):
            raise ImageError(f"{name} has the digest {digest[:80]!r}, which is neither sha256 nor sha512.")
        self._source = source
        self._name = name
        self._size = size
        self._passed = 0
        self._sum = hashlib.new(algorithm)

    def read(self, size: int, /) -> bytes:
        """Return at most so many bytes.

        Raises:
            ImageError: there are more than were announced.
        """
        piece = self._source.read(size)
        self._sum.update(piece)
        self._passed += len(piece)
        if self._size is not None and self._passed > self._size:
            raise ImageError(f"{self._name} has more than the {self._size} bytes that its manifest says.")
        return piece

    def verify(self) -> None:
        """Read the rest and compare.

        Raises:
            ImageError: the bytes are others.
        """
        while self.read(_CHUNK):
            pass
        if self._size is not None and self._passed < self._size:
            raise ImageError(
                f"{self._name} is truncated: {self._passed} of {self._size} bytes.", "Write or download it again."
            )
        if self._sum.hexdigest() != self._expected:
            raise ImageError(
                f"{self._name} is damaged: its content does not have the digest that names it.",
                "Write or download it again.",
            )


class BoundedSource:
    """A source that gives at most so many bytes: a piece of a file.

    Args:
        source: where they come from.
        size: how many.
    """

    def __init__(self, source: ByteSource, size: int) -> None:
        self._source = source
        self._left = size

    def read(self, size: int, /) -> bytes:
        """Return at most so many bytes."""
        # Nothing is not asked for: to some sources, zero bytes mean all of them.
        piece = self._source.read(min(size, self._left)) if self._left else b""
        self._left -= len(piece)
        return piece


class Expansion:
    """What was unpacked beyond the usual ratio, of all that belongs together: the layers of one image.

    Args:
        most: how many bytes that may be.
    """

    def __init__(self, most: int = _MOST_BEYOND) -> None:
        self._most = most
        self._beyond = 0

    def spend(self, packed: int, unpacked: int, name: str) -> None:
        """Count what a source gives.

        Args:
            packed: bytes that it took since the last time.
            unpacked: bytes that it gave since then.
            name: what it is called in messages.

        Raises:
            ImageError: it unpacks to far too much.
        """
        # What packs badly here makes up for what packs well there, within one source and in its order.
        self._beyond = max(0, self._beyond + unpacked - packed * _USUAL_RATIO)
        if self._beyond > self._most:
            raise ImageError(
                f"{name} unpacks to more than {_USUAL_RATIO} times its size, {size_text(self._most)} beyond that, "
                "which is not read: no code does.",
                "Look for a large file of zeros in it.",
            )


def unpacked(source: ByteSource, name: str, expansion: Expansion) -> ByteSource:
    """Return the source unpacked: gzip and zstd are told by their first bytes, anything else is passed on.

    The media type is not asked, because tools label layers wrongly and Docker's own archives do not label them.

    Args:
        source: the packed bytes, or plain ones.
        name: what it is called in messages.
        expansion: on whose account it unpacks.
    """
    head = b""
    while len(head) < len(_ZSTD) and (piece := source.read(_CHUNK)):
        head += piece
    whole = _Counted(head, source)
    if head.startswith(_GZIP):
        return _Watched(_Gzip(whole, name), whole, name, expansion)
    if head.startswith(_ZSTD):
        return _Watched(_Zstd(whole, name), whole, name, expansion)
    return whole


class _Watched:
    """What is unpacked, with an eye on how much it becomes."""

    def __init__(self, unpacking: ByteSource, packed: _Counted, name: str, expansion: Expansion) -> None:
        self._unpacking = unpacking
        self._packed = packed
        self._name = name
        self._expansion = expansion
        self._seen = 0

    def read(self, size: int, /) -> bytes:
        piece = self._unpacking.read(size)
        passed, self._seen = self._packed.passed - self._seen, self._packed.passed
        self._expansion.spend(passed, len(piece), self._name)
        return piece


class _Counted:
    """A source of which the beginning was read already, counted as it passes."""

    def __init__(self, head: bytes, source: ByteSource) -> None:
        self._head = head
        self._source = source
        self.passed = 0

    def read(self, size: int, /) -> bytes:
        if self._head:
            piece, self._head = self._head[:size], self._head[size:]
        else:
            piece = self._source.read(size)
        self.passed += len(piece)
        return piece


class _Gzip:
    """Gzip in any number of members, as pigz and estargz write it."""

    def __init__(self, source: ByteSource, name: str) -> None:
        self._source = source
        self._name = name
        self._packed = b""
        self._member = zlib.decompressobj(wbits=31)
        self._begun = False

    def read(self, size: int, /) -> bytes:
        while True:
            if not self._packed:
                self._packed = self._source.read(_CHUNK)
            if self._member.eof:
                # Zeros behind the last member are padding.
                self._packed = self._packed.lstrip(b"\0")
                if not self._packed:
                    rest = self._source.read(_CHUNK)
                    if not rest:
                        return b""
                    self._packed = rest
                    continue
                self._member, self._begun = zlib.decompressobj(wbits=31), False
            if not self._packed and not self._begun:
                return b""
            try:
                piece = self._member.decompress(self._packed, size)
            except zlib.error:
                raise ImageError(f"{self._name} is damaged: its gzip data is broken.") from None
            ended = not self._packed
            self._begun = True
            self._packed = self._member.unconsumed_tail or self._member.unused_data
            if piece:
                return piece
            if ended and not self._member.eof:
                raise ImageError(f"{self._name} is truncated: its gzip data ends early.", "Write or download it again.")


class _Zstd:
    """Zstandard in any number of frames."""

    def __init__(self, source: ByteSource, name: str) -> None:
        self._name = name
        self._reader = zstandard.ZstdDecompressor(max_window_size=_MAX_ZSTD_WINDOW).stream_reader(
            cast("IO[bytes]", source), read_across_frames=True, read_size=_CHUNK
        )

    def read(self, size: int, /) -> bytes:
        try:
            return self._reader.read(size)
        except zstandard.ZstdError:
            raise ImageError(f"{self._name} is damaged: its zstd data is broken.") from None
