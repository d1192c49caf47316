"""Addresses: a URL that is known in part, as the host's evidence and a path template. Pure.

``http://${ip}:30000/tools/${encodeURIComponent(name)}/start?x=1`` → host ``{ip}``, port ``30000``, path
``/tools/{name}/start``. The query and the fragment are left out.

* A hole that fills a segment is a parameter, called after the variable that fills it.
* A hole that can hold slashes is a part that could not be resolved, ``{?}``: one that touches the host or base without
  a slash (``${base}${path}``), one that touches another hole, and one whose name says that it is a path.
* A hole at the end that is named like a query (``/logs${query}``) is one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from dtma_contract.discovery.consumer.values import Hole, Text
from dtma_contract.routes import UNRESOLVED

__all__ = ["Address", "read_address", "words"]

# Names of variables that hold more than one segment.
_PATHS = {
    "path",
    "paths",
    "pathname",
    "endpoint",
    "route",
    "subpath",
    "suffix",
    "uri",
    "url",
    "resource",
    "rest",
    "href",
}
_QUERIES = {"query", "querystring", "qs", "search", "params", "parameters", "q", "querystr"}
_SCHEME = re.compile(r"^(?:https?:|wss?:)?//", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Address:
    """A URL.

    Attributes:
        host: known text of host and what is before it, holes written as ``{}``; empty where the URL is relative.
        port: the known port, empty where there is none or it is a hole.
        port_names: names of the hole that is the port.
        base_names: names of the holes in the host, or of the hole that the URL begins with.
        path: path template; begins with a slash.
        absolute: whether it has a host or begins with a hole that may hold one.
        marks: names of the base that stand for what some constructor was given (``Class::parameter``).
    """

    host: str
    port: str
    port_names: tuple[str, ...]
    base_names: tuple[str, ...]
    path: str
    absolute: bool
    marks: tuple[str, ...] = ()


@lru_cache(maxsize=10_000)
def words(name: str) -> tuple[str, ...]:
    """Return the words of an identifier in lower case: ``getDtmaURL`` → get, dtma, url."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    spaced = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", spaced)
    return tuple(word for word in re.split(r"[^A-Za-z0-9]+", spaced.lower()) if word)


def read_address(url: Text) -> Address:
    """Return the parts of a URL that is known in part.

    Args:
        url: the text.
    """
    address = _read(url)
    marks = tuple(name for name in address.base_names if "::" in name)
    names = tuple(name for name in address.base_names if "::" not in name)
    return replace(address, base_names=names or address.base_names[:1], marks=marks) if marks else address


def _read(url: Text) -> Address:
    parts = _without_query(list(url.parts))
    scheme = _SCHEME.match(parts[0]) if parts and isinstance(parts[0], str) else None
    if scheme:
        parts[0] = str(parts[0])[scheme.end() :]
        return _with_host([part for part in parts if part != ""])
    if len(parts) > 1 and isinstance(parts[0], Hole) and str(parts[1]).startswith("://"):
        # `${scheme}://host`
        parts[1] = str(parts[1])[3:]
        return _with_host([part for part in parts[1:] if part != ""])
    if parts and isinstance(parts[0], Hole):
        return _with_base(parts)
    return Address("", "", (), (), _path(parts), absolute=False)


def _without_query(parts: list[str | Hole]) -> list[str | Hole]:
    kept: list[str | Hole] = []
    for part in parts:
        if isinstance(part, str) and (cut := re.search(r"[?#]", part)):
            if part[: cut.start()]:
                kept.append(part[: cut.start()])
            return kept
        kept.append(part)
    return kept


def _with_host(parts: list[str | Hole]) -> Address:
    host, port = "", ""
    host_names: list[str] = []
    port_names: tuple[str, ...] = ()
    after_colon = False
    rest: list[str | Hole] = []
    for index, part in enumerate(parts):
        if isinstance(part, str):
            before, slash, after = part.partition("/")
            before = before.rpartition("@")[2]
            if after_colon or ":" in before:
                name, colon, digits = before.rpartition(":") if ":" in before else ("", ":", before)
                host, port, after_colon = host + name, port + digits, True
                if not colon:
                    host += before
            else:
                host += before
            if slash:
                rest = [f"/{after}", *parts[index + 1 :]]
                break
        elif after_colon and not port and not port_names:
            port_names = part.names or ("?",)
        elif (host or after_colon) and (not host.endswith(".") or port or port_names):
            # `http://${host}${path}`
            rest = list(parts[index:])
            break
        else:
            host += "{}"
            host_names.extend(part.names or ("?",))
    return Address(host.lower(), port, port_names, tuple(host_names), _path(rest, glued=True), absolute=True)


def _with_base(parts: list[str | Hole]) -> Address:
    base, rest = parts[0], parts[1:]
    names = base.names if isinstance(base, Hole) else ()
    port = ""
    port_names: tuple[str, ...] = ()
    if rest and isinstance(rest[0], str) and rest[0].startswith(":"):
        # `${base}:30000/tools`
        digits, slash, after = rest[0][1:].partition("/")
        if not digits and len(rest) > 1 and isinstance(rest[1], Hole):
            port_names, rest = rest[1].names, rest[2:]
        else:
            port, rest = digits, [*([f"/{after}"] if slash else []), *rest[1:]]
    path = _path(rest, glued=True)
    if not rest and not port:
        # The hole is the whole address: nothing is known of its path.
        path = f"/{UNRESOLVED}"
    return Address("{}", port, port_names, names or ("?",), path, absolute=True)


def _path(parts: list[str | Hole], *, glued: bool = False) -> str:
    """Return a path template; ``glued`` where it follows a host or base without anything between."""
    segments: list[list[str | Hole]] = [[]]
    for part in parts:
        if isinstance(part, Hole):
            segments[-1].append(part)
            continue
        first, *others = part.split("/")
        segments[-1].extend([first] if first else [])
        segments.extend([other] if other else [] for other in others)
    written = [
        UNRESOLVED if glued and not index and segment and isinstance(segment[0], Hole) else _segment(segment, last=last)
        for index, segment in enumerate(segments)
        for last in (index == len(segments) - 1,)
    ]
    # `:name` is what a path table has for a parameter that is filled in elsewhere.
    written = [re.sub(r"^:([A-Za-z_]\w*)$", r"{\1}", segment) for segment in written]
    return "/" + "/".join(segment for segment in written if segment)


def _segment(segment: list[str | Hole], *, last: bool) -> str:
    written = ""
    for index, piece in enumerate(segment):
        if isinstance(piece, str):
            written += piece
        elif index and last and index == len(segment) - 1 and _is_called(piece, _QUERIES):
            continue
        elif _is_called(piece, _PATHS) and last:
            written += UNRESOLVED
        elif written.endswith("}") or (
            written and not re.search(r"[-_.:~@,;=]$", written) and index == len(segment) - 1
        ):
            # Glued to what is before it: it may be more of the segment, or a slash and what follows.
            written += UNRESOLVED
        else:
            written += _parameter(piece)
    return written


def _is_called(part: Hole, known: set[str]) -> bool:
    if not part.names:
        return False
    last = words(part.names[0].replace("()", ""))
    return bool(last) and last[-1] in known


def _parameter(part: Hole) -> str:
    for name in part.names:
        if "::" in name:
            continue
        last = re.split(r"[.\[]", name.replace("()", ""))[-1]
        if re.fullmatch(r"[A-Za-z_$][\w$]*", last):
            return f"{{{last.lstrip('$_') or 'param'}}}"
    return "{param}"
