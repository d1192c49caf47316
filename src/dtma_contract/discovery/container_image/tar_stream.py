"""A tar archive read from its beginning to its end, once, with bounds on all that its headers ask for.

``tarfile`` of the standard library holds whatever a header announces (an extended header of 10 GiB is read into
memory), and takes several times as long for each entry. Formats: ustar, GNU (long names, sparse files), pax.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from dtma_contract.discovery.container_image.problems import MIB, ImageError, size_text

__all__ = ["ByteSource", "EntryKind", "TarEntry", "TarStream"]

_BLOCK = 512

# How much is asked of the source at once: large enough that hashing and unpacking run outside Python.
_CHUNK = MIB

# A path and a link target together have a few KiB, and so have the attributes of a file.
_MAX_EXTENDED_HEADER = MIB

# One of pax, or a long name and a long link of GNU, and perhaps one for all entries.
_MAX_EXTENDED_HEADERS = 8


class ByteSource(Protocol):
    """Something that bytes come from."""

    def read(self, size: int, /) -> bytes:
        """Return at most so many bytes, and none only at the end."""


class EntryKind(enum.Enum):
    """What an entry of an archive is."""

    FILE = "file"
    FOLDER = "folder"
    SYMLINK = "symbolic link"
    HARDLINK = "hard link"
    SPARSE = "sparse file"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class TarEntry:
    """One entry.

    Attributes:
        path: as it stands in the archive.
        kind: what it is.
        size: of its content in the archive, in bytes; 0 for links and folders.
        target: what a link points to, as it stands there; empty for others.
    """

    path: str
    kind: EntryKind
    size: int
    target: str


_KINDS = {
    b"0": EntryKind.FILE,
    b"\0": EntryKind.FILE,
    b"7": EntryKind.FILE,
    b"1": EntryKind.HARDLINK,
    b"2": EntryKind.SYMLINK,
    b"5": EntryKind.FOLDER,
    b"S": EntryKind.SPARSE,
}
# Kinds that have no content, whatever their size field says.
_BARE = frozenset(b"123456")


class TarStream:
    """The entries of an archive, in its order.

    Args:
        source: where its bytes come from.
        name: what it is called in messages.
        skip: passes over so many bytes of the source without reading them, where it can; it raises
            :class:`ImageError` beyond the end.
        most: how many bytes are read at most.
    """

    def __init__(
        self, source: ByteSource, name: str, skip: Callable[[int], None] | None = None, most: int | None = None
    ) -> None:
        self._source = source
        self._name = name
        self._skip_source = skip
        self._most = most
        self._buffer = b""
        self._at = 0
        self._passed = 0
        self._content = 0
        self._padding = 0

    @property
    def offset(self) -> int:
        """How many bytes were read so far; at an entry, where its content begins."""
        return self._passed + self._at

    def __iter__(self) -> Iterator[TarEntry]:
        """Yield the entries; the content of the one that was yielded last can be read.

        Raises:
            ImageError: the archive ends early, or is none.
        """
        first = True
        while (header := self._header(first=first)) is not None:
            first = False
            yield header
            self._skip(self._content + self._padding)
            self._content = self._padding = 0

    def read(self) -> bytes:
        """Return the content of the entry at hand.

        Raises:
            ImageError: the archive ends within it.
        """
        content = self._take(self._content)
        self._content = 0
        return content

    def drain(self) -> None:
        """Read what lies behind the last entry, so that a digest covers all of the archive."""
        while self._fill(1):
            self._at = len(self._buffer)

    def _header(self, *, first: bool) -> TarEntry | None:
        records: dict[str, str] = {}
        for _ in range(_MAX_EXTENDED_HEADERS):
            if not self._fill(_BLOCK):
                if self._at < len(self._buffer) or records:
                    raise self._truncated()
                if first:
                    raise ImageError(f"{self._name} is empty, and no tar archive.")
                # The blocks of zeros at the end may be missing.
                return None
            block = self._buffer[self._at : self._at + _BLOCK]
            self._at += _BLOCK
            if not block.strip(b"\0"):
                return None
            self._check(block)
            kind = block[156:157]
            size = self._number(block[124:136])
            if kind not in b"xXgLK":
                return self._entry(block, kind, size, records)
            records |= self._extended(kind, size)
        raise ImageError(f"{self._name} is damaged: an entry has too many extended headers.")

    def _extended(self, kind: bytes, size: int) -> dict[str, str]:
        """Return what an extended header says of the entry behind it; what it says of all entries is of no interest."""
        if size > _MAX_EXTENDED_HEADER:
            raise ImageError(f"{self._name} has an extended header of {size_text(size)}, which no file needs.")
        extended = self._take(size)
        self._skip(-size % _BLOCK)
        if kind in b"xX":
            return self._records(extended)
        return {} if kind == b"g" else {"path" if kind == b"L" else "linkpath": _text(extended)}

    def _entry(self, block: bytes, kind: bytes, size: int, records: dict[str, str]) -> TarEntry:
        path = _text(block[:100])
        # The prefix is one in POSIX's format only; GNU keeps times there.
        if block[257:263] == b"ustar\0" and block[345]:
            path = f"{_text(block[345:500])}/{path}"
        path = records.get("GNU.sparse.name") or records.get("path") or path
        target = records.get("linkpath") or _text(block[157:257])
        if kind[0] in _BARE:
            size = 0
        elif "size" in records:
            size = self._decimal(records["size"])
        if kind == b"S":
            extended = block[482:483]
            while extended not in {b"\0", b""}:
                extended = self._take(_BLOCK)[504:505]
        known = _KINDS.get(kind, EntryKind.OTHER)
        if known is EntryKind.FILE:
            if any(name.startswith("GNU.sparse.") for name in records):
                known = EntryKind.SPARSE
            elif kind == b"\0" and path.endswith("/"):
                known = EntryKind.FOLDER
        self._content, self._padding = size, -size % _BLOCK
        return TarEntry(path, known, size, target)

    def _check(self, block: bytes) -> None:
        """Compare the header's checksum, which some old programs summed up over signed characters."""
        # The field itself counts as eight spaces.
        total = sum(block) - sum(block[148:156]) + 8 * 0x20
        try:
            expected = int(block[148:156].split(b"\0")[0].strip() or b"-1", 8)
        except ValueError:
            expected = -1
        if expected == total:
            return
        largest_signed = 127
        if expected != total - 256 * sum(byte > largest_signed for byte in block[:148] + block[156:]):
            raise ImageError(f"{self._name} is damaged, or no tar archive: a header's checksum does not hold.")

    def _number(self, field: bytes) -> int:
        if field[0] == 0x80:  # noqa: PLR2004 - the mark of a number in base 256
            return int.from_bytes(field[1:], "big")
        digits = field.split(b"\0")[0].strip()
        try:
            number = int(digits, 8) if digits else 0
        except ValueError:
            number = -1
        if number < 0:
            raise ImageError(f"{self._name} is damaged: a header's size is no number.")
        return number

    def _decimal(self, text: str) -> int:
        # Nothing has more than 19 digits of bytes.
        if not (text.isascii() and text.isdigit() and len(text) < 20):  # noqa: PLR2004 - said above
            raise ImageError(f"{self._name} is damaged: an extended header's size is no number.")
        return int(text)

    def _records(self, extended: bytes) -> dict[str, str]:
        """Return pax records: ``LENGTH KEY=VALUE`` and a line end, the length covering all of it."""
        found = {}
        at = 0
        while at < len(extended) and extended[at]:
            length_text, space, _ = extended[at : at + 20].partition(b" ")
            length = int(length_text) if space and length_text.isdigit() else 0
            record = extended[at + len(length_text) + 1 : at + length]
            key, equals, value = record.partition(b"=")
            if not equals or not record.endswith(b"\n") or at + length > len(extended):
                raise ImageError(f"{self._name} is damaged: an extended header is malformed.")
            found[_text(key)] = _text(value[:-1])
            at += length
        return found

    def _fill(self, size: int) -> bool:
        """Have at least so many bytes in the buffer; return whether there are as many."""
        if len(self._buffer) - self._at >= size:
            return True
        pieces = [self._buffer[self._at :]]
        had = len(pieces[0])
        self._passed += self._at
        if self._most is not None and self._passed > self._most:
            raise ImageError(f"{self._name} is larger than {size_text(self._most)} when unpacked, which is not read.")
        while had < size and (piece := self._source.read(max(_CHUNK, size - had))):
            pieces.append(piece)
            had += len(piece)
        self._buffer, self._at = b"".join(pieces), 0
        return had >= size

    def _take(self, size: int) -> bytes:
        if not self._fill(size):
            raise self._truncated()
        taken = self._buffer[self._at : self._at + size]
        self._at += size
        return taken

    def _skip(self, size: int) -> None:
        held = len(self._buffer) - self._at
        if self._skip_source and size > held:
            self._skip_source(size - held)
            self._passed += self._at + size
            self._buffer, self._at = b"", 0
            return
        while size:
            if not self._fill(1):
                raise self._truncated()
            step = min(size, len(self._buffer) - self._at)
            self._at += step
            size -= step

    def _truncated(self) -> ImageError:
        return ImageError(f"{self._name} is truncated: it ends within an entry.", "Write or download it again.")


def _text(field: bytes) -> str:
    return field.split(b"\0")[0].decode("utf-8", "replace")
