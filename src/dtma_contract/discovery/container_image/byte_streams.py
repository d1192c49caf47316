"""Streams of bytes that are unpacked and verified while they are read; nothing is held but one chunk."""

from __future__ import annotations

import hashlib
import zlib
from typing import IO, cast

import zstandard

from dtma_contract.discovery.container_image.problems import MIB, ImageError
from dtma_contract.discovery.container_image.tar_stream import ByteSource

__all__ = ["BoundedSource", "VerifiedSource", "unpacked"]

_CHUNK = MIB

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"

# Layers are packed with windows of up to 8 MiB; zstandard's own bound for a decoder is 128 MiB.
_MAX_ZSTD_WINDOW = 128 * MIB

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


def unpacked(source: ByteSource, name: str) -> ByteSource:
    """Return the source unpacked: gzip and zstd are told by their first bytes, anything else is passed on.

    The media type is not asked, because tools label layers wrongly and Docker's own archives do not label them.
    """
    head = b""
    while len(head) < len(_ZSTD) and (piece := source.read(_CHUNK)):
        head += piece
    whole = _Prepended(head, source)
    if head.startswith(_GZIP):
        return _Gzip(whole, name)
    if head.startswith(_ZSTD):
        return _Zstd(whole, name)
    return whole


class _Prepended:
    def __init__(self, head: bytes, source: ByteSource) -> None:
        self._head = head
        self._source = source

    def read(self, size: int, /) -> bytes:
        if not self._head:
            return self._source.read(size)
        piece, self._head = self._head[:size], self._head[size:]
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
