"""All ways in which a server might read a request target. Pure.

Servers, proxies and frameworks disagree about percent-encoding, dot segments, repeated slashes, path parameters,
backslashes and more (RFC 3986 sections 3.3, 5.2.4 and 6.2). Whoever guards a server must not choose one reading;
this module returns them all.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote

__all__ = ["AmbiguousTargetError", "query_names", "readings"]

# A plain path has one reading: nothing encoded, no dot segment, no empty segment but the last.
_PLAIN: Final = re.compile(r"/(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*/)*(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*)?")

# An honest target has under ten readings; this many are made by someone who wants to hide something.
_MOST_READINGS: Final = 400

# Longer targets are refused by most servers anyway, and would make the readings expensive.
_LONGEST_TARGET: Final = 8192

# UTF-8 in more bytes than needed, which careless decoders accept (RFC 3629 section 10).
_OVERLONG: Final = (
    ("\xc0\xaf", "/"),
    ("\xc0\xae", "."),
    ("\xc1\x9c", "\\"),
    ("\xe0\x80\xaf", "/"),
    ("\xe0\x80\xae", "."),
)


class AmbiguousTargetError(ValueError):
    """The target can be read in ways that cannot be enumerated or judged."""


def readings(target: bytes) -> frozenset[tuple[str, ...]]:
    """Return every path that a server might see, as tuples of segments; an empty last segment does not count.

    Args:
        target: request target in origin form, as sent.

    Raises:
        AmbiguousTargetError: it is in another form, climbs above its root, or has too many readings.
    """
    text = target.decode("latin-1").partition("?")[0]
    if _PLAIN.fullmatch(text):
        return frozenset({_segments(text)})
    if not text.startswith("/"):
        raise AmbiguousTargetError("the request target is not a path")
    if len(target) > _LONGEST_TARGET:
        raise AmbiguousTargetError("the request target is too long")
    found = {text}
    fresh = [text]
    while fresh:
        reading = fresh.pop()
        for step in _STEPS:
            other = step(reading)
            if other not in found:
                found.add(other)
                fresh.append(other)
        if len(found) > _MOST_READINGS:
            raise AmbiguousTargetError("the request target can be read in too many ways")
    return frozenset(_segments(path) for path in found)


def query_names(target: bytes) -> dict[str, list[str]]:
    """Return the query's values by lower-case name, decoded twice, with ``&`` and ``;`` as separators."""
    values: dict[str, list[str]] = {}
    for text in {target.decode("latin-1"), unquote(target.decode("latin-1"), "latin-1")}:
        for pair in re.split(r"[&;?]", text.partition("?")[2]):
            name, _, value = (unquote(unquote(part, "latin-1"), "latin-1") for part in pair.partition("="))
            # Parsers of forms read `name[]` and `name[key]` as parts of `name`.
            values.setdefault(re.split(r"[\[.]", name.strip().lower())[0], []).append(value.strip())
    return values


def _segments(path: str) -> tuple[str, ...]:
    segments = path.split("/")[1:] if path.startswith("/") else path.split("/")
    while segments and not segments[-1]:
        segments.pop()
    return tuple(segments)


def _percent(text: str) -> str:
    return unquote(text, "latin-1") if "%" in text else text


def _percent_u(text: str) -> str:
    return re.sub(r"%u00([0-9A-Fa-f]{2})", lambda match: chr(int(match[1], 16)), text)


def _overlong(text: str) -> str:
    for long, short in _OVERLONG:
        text = text.replace(long, short)
    return text


def _unicode(text: str) -> str:
    # Full-width and other compatibility forms of "/" and "." become the plain ones where a server normalises.
    try:
        return unicodedata.normalize("NFKC", text.encode("latin-1").decode("utf-8"))
    except (UnicodeEncodeError, UnicodeDecodeError):
        return text


def _cut_at(*marks: str) -> Callable[[str], str]:
    def cut(text: str) -> str:
        return min((text.partition(mark)[0] for mark in marks), key=len)

    return cut


def _drop_controls(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f]", "", text)


def _dot_segments(path: str) -> str:
    if "/." not in path:
        return path
    resolved: list[str] = []
    for segment in path.split("/")[1:]:
        if segment == "..":
            if not resolved:
                raise AmbiguousTargetError("the path climbs above its root")
            resolved.pop()
        elif segment != ".":
            resolved.append(segment)
    return "/" + "/".join(resolved)


def _collapse(path: str) -> str:
    return re.sub(r"/{2,}", "/", path)


_STEPS: Final[tuple[Callable[[str], str], ...]] = (
    _percent,
    _percent_u,
    _overlong,
    _unicode,
    _cut_at("?", "#"),
    _cut_at("\x00"),
    _drop_controls,
    lambda text: text.replace("\\", "/"),
    lambda text: re.sub(r";[^/]*", "", text),
    _dot_segments,
    _collapse,
)
