"""From a place in compiled code to the place in the source that it was compiled from.

Source maps: ECMA-426. Read are inline maps (``data:`` addresses) and maps beside the file; index maps (``sections``),
which bundlers hardly write, are passed over.
"""

from __future__ import annotations

import base64
import binascii
import bisect
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from posixpath import dirname, join
from typing import Any, Self
from urllib.parse import unquote, unquote_to_bytes

from dtma_contract.discovery.file_tree import FileTree, clean_path
from dtma_contract.routes import Location

__all__ = ["SourceMap", "SourceMaps"]

_COMMENT = re.compile(rb"^[ \t]*//[#@] ?sourceMappingURL=(\S+)[ \t]*$", re.MULTILINE)

# The comment is the last line, or nearly; inline maps may be as long as the code.
_TAIL_BYTES = 4096

_DIGITS = {
    character: value
    for value, character in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
}

# A segment without a source has one field, one with a source four, and five with a name.
_FIELDS = frozenset({4, 5})


@dataclass(frozen=True, slots=True)
class _Segment:
    column: int
    source: int
    line: int


class SourceMap:
    """One map.

    Args:
        sources: paths of the sources, as far as they can be told.
        lines: for each line of the compiled file its segments, in the order of their columns.
    """

    def __init__(self, sources: Sequence[str], lines: Sequence[Sequence[_Segment]]) -> None:
        self._sources = sources
        self._lines = lines

    @classmethod
    def from_json(cls, data: Any, folder: str) -> Self | None:
        """Return the map of a document, or None where it is none that can be read.

        Args:
            data: the document.
            folder: that its paths are relative to.
        """
        if not isinstance(data, dict) or not isinstance(data.get("mappings"), str):
            return None
        sources = data.get("sources")
        root = data.get("sourceRoot") if isinstance(data.get("sourceRoot"), str) else ""
        if not isinstance(sources, list):
            return None
        places = [_place(folder, str(root or ""), str(source or "")) for source in sources]
        lines = _decoded(data["mappings"], len(places))
        return cls(places, lines) if lines is not None else None

    def original(self, line: int, column: int | None = None) -> Location | None:
        """Return the place in the source, or None where the map does not know it.

        Args:
            line: in the compiled file, counted from 1.
            column: in characters, counted from 0; None for the first that the line has.
        """
        if not 1 <= line <= len(self._lines):
            return None
        segments = self._lines[line - 1]
        if not segments:
            return None
        place = 0
        if column is not None:
            place = max(0, bisect.bisect_right(segments, column, key=lambda segment: segment.column) - 1)
        found = segments[place]
        return Location(self._sources[found.source], found.line + 1)


class SourceMaps:
    """The maps of a tree, each read once, when it is asked for.

    Args:
        tree: with the compiled files.
    """

    def __init__(self, tree: FileTree) -> None:
        self._tree = tree
        self._maps: dict[str, SourceMap | None] = {}

    def original(self, file: str, line: int, column: int | None = None) -> Location | None:
        """Return the place in the source that a place in a compiled file comes from, or None.

        Args:
            file: path of the compiled file in the tree.
            line: counted from 1.
            column: in characters, counted from 0; None for the first that the line has.

        Returns:
            The source's path as the map names it, inside the tree; the source itself is often not there.
        """
        if file not in self._maps:
            self._maps[file] = self._read(file)
        known = self._maps[file]
        return known.original(line, column) if known else None

    def _read(self, file: str) -> SourceMap | None:
        code = self._tree.read(file)
        if code is None:
            return None
        comments = _COMMENT.findall(code, max(0, len(code) - _TAIL_BYTES)) or _COMMENT.findall(code)
        address = comments[-1].decode("utf-8", "replace") if comments else ""
        if address.startswith("data:"):
            return SourceMap.from_json(_json(_inline(address)), dirname(file))
        # Some builds leave the comment out and ship the map all the same.
        path = clean_path(join(dirname(file), unquote(address))) if address else f"{file}.map"
        content = self._tree.read(path) if path else None
        return SourceMap.from_json(_json(content), dirname(path)) if content is not None and path else None


def _inline(address: str) -> bytes | None:
    head, comma, body = address.partition(",")
    if not comma:
        return None
    if not head.endswith(";base64"):
        return unquote_to_bytes(body)
    try:
        return base64.b64decode(body)
    except (binascii.Error, ValueError):
        return None


def _json(content: bytes | None) -> Any:
    # The standard allows a first line that keeps browsers from running the file.
    if content is not None and content.startswith(b")]}'"):
        content = content.partition(b"\n")[2]
    try:
        return json.loads(content) if content is not None else None
    except (ValueError, RecursionError):
        return None


def _place(folder: str, root: str, source: str) -> str:
    # webpack:///./src/a.ts and the like: what is behind the scheme is a path of the project.
    bare = re.sub(r"^[a-z][a-z+.-]*://[^/]*/", "", source)
    path = bare if bare != source else join(folder, root, source)
    cleaned = clean_path(path)
    # A source outside of what was shipped keeps its name: ../../src/a.ts → src/a.ts.
    return cleaned if cleaned is not None else re.sub(r"^(?:\.\./)+", "", join(root, bare))


def _decoded(mappings: str, sources: int) -> list[list[_Segment]] | None:
    lines: list[list[_Segment]] = []
    source = line = 0
    for text in mappings.split(";"):
        column = 0
        segments: list[_Segment] = []
        for piece in text.split(",") if text else ():
            fields = _numbers(piece)
            if not fields:
                return None
            column += fields[0]
            if len(fields) in _FIELDS:
                source += fields[1]
                line += fields[2]
                if not 0 <= source < sources or line < 0:
                    return None
                segments.append(_Segment(column, source, line))
        # The standard asks for order; not every tool keeps it.
        segments.sort(key=lambda segment: segment.column)
        lines.append(segments)
    return lines


def _numbers(piece: str) -> list[int]:
    """Return the numbers of a segment (base 64 VLQ: five bits a digit, the lowest first, the first bit is the sign)."""
    numbers: list[int] = []
    value = shift = 0
    for character in piece:
        digit = _DIGITS.get(character)
        # Numbers have 32 bits.
        if digit is None or shift > 30:  # noqa: PLR2004 - said above
            return []
        value |= (digit & 31) << shift
        if digit & 32:
            shift += 5
            continue
        numbers.append(-(value >> 1) if value & 1 else value >> 1)
        value = shift = 0
    return numbers if not shift else []
