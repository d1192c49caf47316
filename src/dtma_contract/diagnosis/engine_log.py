"""A container's log as a Docker Engine sends it, read as lines with their times. Pure.

Two streams come in frames, a terminal's one stream as it is. What a program writes in one line comes in pieces of
16 KiB, each with a time of its own, so that a secret may be cut in two: lines are put together before they are cleaned.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from dtma_contract.diagnosis.facts import LogLine

__all__ = ["log_lines", "log_messages"]

_LONGEST_LINE: Final = 300
# Of a longer line only the beginning is cleaned, and the end of that is never shown: a secret may be cut there.
_CLEANED: Final = 4_000
_UNSURE: Final = 2_000

_STAMP: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)) ")
_LONGEST_STAMP: Final = 64
_HEADER_BYTES: Final = 8
_PIECE_BYTES: Final = 16 * 1024
_STREAMS: Final = frozenset({0, 1, 2})


def log_messages(data: bytes, *, is_raw: bool, asked: int) -> list[tuple[str, str]]:
    """Return the lines of a log with their times, oldest first.

    Args:
        data: what the engine sends, with time stamps.
        is_raw: whether the container has a terminal; else the two streams come in frames.
        asked: how many lines the engine was asked for. Where it has more, the first line of each stream may be the end
            of a longer one, and is left out.
    """
    pieces = list(_raw_pieces(data) if is_raw or not _is_framed(data) else _framed_pieces(data))
    unsure = {stream for stream, _, _ in pieces} if len(pieces) >= asked else set()
    lines = []
    for stream, at, text in _joined(pieces):
        if stream in unsure:
            unsure.discard(stream)
        else:
            lines.append((at, text.decode("utf-8", "replace").rstrip("\r\n")))
    return lines


def log_lines(messages: Iterable[tuple[str, str]], clean: Callable[[list[str]], list[str]]) -> tuple[LogLine, ...]:
    """Return lines of a log without secrets, long ones cut.

    Args:
        messages: times and texts.
        clean: takes secrets out of lines, and gives as many.
    """
    kept = list(messages)
    texts = clean([text[:_CLEANED] for _, text in kept])
    return tuple(
        LogLine(at, _cut(text, is_whole=len(raw) <= _CLEANED)) for (at, raw), text in zip(kept, texts, strict=True)
    )


def _cut(text: str, *, is_whole: bool) -> str:
    shown = text.rstrip() if is_whole else text[: max(0, len(text) - _UNSURE)]
    return shown if is_whole and len(shown) <= _LONGEST_LINE else shown[: _LONGEST_LINE - 1] + "…"


def _is_framed(data: bytes) -> bool:
    return len(data) >= _HEADER_BYTES and data[0] in _STREAMS and data[1:4] == b"\0\0\0"


def _framed_pieces(data: bytes) -> Iterator[tuple[int, str, bytes]]:
    place = 0
    while place + _HEADER_BYTES <= len(data):
        stream, size = data[place], int.from_bytes(data[place + 4 : place + _HEADER_BYTES])
        if stream not in _STREAMS or data[place + 1 : place + 4] != b"\0\0\0":
            return
        begin = place + _HEADER_BYTES
        place = begin + size
        if place > len(data):
            # The other side stopped in the middle, perhaps of a secret.
            return
        yield (stream, *_stamped(data[begin:place]))


def _raw_pieces(data: bytes) -> Iterator[tuple[int, str, bytes]]:
    for line in re.findall(rb"[^\n]*\n|[^\n]+\Z", data):
        at, rest = _stamped(line)
        # The pieces of a long line follow each other without an end of line between.
        while len(rest) > _PIECE_BYTES and _STAMP.match(_ascii(rest[_PIECE_BYTES:])):
            yield 0, at, rest[:_PIECE_BYTES]
            at, rest = _stamped(rest[_PIECE_BYTES:])
        yield 0, at, rest


def _joined(pieces: Iterable[tuple[int, str, bytes]]) -> Iterator[tuple[int, str, bytes]]:
    """Put pieces together to lines; of a piece without an end of line the next of its stream is the rest."""
    pending: dict[int, tuple[str, bytes]] = {}
    for stream, at, text in pieces:
        begun, before = pending.pop(stream, (at, b""))
        if text.endswith(b"\n"):
            yield stream, begun, before + text
        else:
            pending[stream] = (begun, before + text)
    for stream, (begun, text) in pending.items():
        yield stream, begun, text


def _stamped(message: bytes) -> tuple[str, bytes]:
    match = _STAMP.match(_ascii(message))
    return (match[1], message[match.end() :]) if match else ("", message)


def _ascii(message: bytes) -> str:
    return message[:_LONGEST_STAMP].decode("ascii", "replace")
