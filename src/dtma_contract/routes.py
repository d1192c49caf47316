"""Routes and route tables: what one corner (contract, source, image, target, callers) holds, as values. Pure.

A path is written as an OpenAPI path template, so that the corners can be compared. What OpenAPI has no word for is
shown in place:

* ``{name}`` a parameter; its name does not count when paths are compared;
* ``{name?}`` an optional parameter, together with its slash (Express 4 ``/:name?``, Express 5 ``{/:name}``);
* ``*`` a wildcard: any text, slashes included (Express 4 ``*``, Express 5 ``*splat``);
* ``{?}`` a part that could not be resolved: any text, slashes included;
* ``/^…$/`` a regular expression, as it was written, behind the prefix that it is mounted under.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any

__all__ = [
    "ALL_METHODS",
    "UNRESOLVED",
    "Cell",
    "Corner",
    "Location",
    "Route",
    "RouteTable",
    "Unknown",
    "canonical_path",
    "is_partial",
    "path_covers",
]

# The method of a route that answers every method (`app.all`).
ALL_METHODS = "ALL"

# A part of a path that could not be resolved.
UNRESOLVED = "{?}"


class Corner(enum.StrEnum):
    """Where a route table comes from."""

    CONTRACT = "contract"
    SOURCE = "source"
    IMAGE = "image"
    TARGET = "target"
    CONSUMER = "consumer"


class Cell(enum.StrEnum):
    """What one corner says of one route; the contract's and the callers' routes are ``mounted`` where they name it."""

    MOUNTED = "mounted"
    ABSENT = "absent"
    DECLARED = "declared"
    SHADOWED = "shadowed"
    CONDITIONAL = "conditional"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a file.

    Attributes:
        file: path relative to the folder or the image that was read, with ``/`` between its parts.
        line: counted from 1.
    """

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Route:
    """One route of one corner.

    Attributes:
        method: upper case, or :data:`ALL_METHODS`.
        path: full path template from the root of the server, as this module's docstring writes it.
        state: ``mounted``, ``declared``, ``shadowed``, ``conditional`` or ``unknown``; an absent route is none, but for
            the target's, which are asked about one by one and are ``absent`` with their evidence.
        location: where it is registered or called, or None where there is no file.
        raw: the full path in the framework's own syntax, such as ``/tools/:name/start``; empty where there is none.
        middleware: names of the handlers that run before it, outermost first.
        secured: whether it asks for a token, or None where that could not be told.
        detail: what it is conditional on, what shadows it, what proves it: one sentence; empty for nothing to say.
        via: the registration that decides: the mount of its router, the conditional one, or what shadows it; None where
            that is its own.
    """

    method: str
    path: str
    state: Cell = Cell.MOUNTED
    location: Location | None = None
    raw: str = ""
    middleware: tuple[str, ...] = ()
    secured: bool | None = None
    detail: str = ""
    via: Location | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the route as JSON data."""
        return asdict(self) | {"state": str(self.state), "middleware": list(self.middleware)}


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that could not be resolved or asked, so that what it may hide is not absent but unknown.

    Attributes:
        where: the corner.
        file: path of the file; empty where there is none.
        line: counted from 1; 0 where there is none.
        reason: why, one sentence without a full stop.
        prefix: path template below which absences are unknown; ``/`` for everywhere, empty where it hides nothing.
        method: the only method that it may hide, or :data:`ALL_METHODS`.
    """

    where: Corner
    file: str
    line: int
    reason: str
    prefix: str = "/"
    method: str = ALL_METHODS

    def to_json(self) -> dict[str, Any]:
        """Return what the JSON report says of it."""
        return {"where": str(self.where), "file": self.file, "line": self.line, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class RouteTable:
    """All routes of one corner.

    Attributes:
        corner: where they come from.
        routes: in the order in which the server tries them, where it has one.
        unknown: what could not be resolved; without any the table is complete, and an absence in it is sure.
        provenance: what is known of the thing read, as JSON data: entry point, digest, labels, commit …
        crash: why the process ends while it loads, so that none of its routes is served; empty where it does not.
        crash_location: the place in the file that makes it end.
    """

    corner: Corner
    routes: tuple[Route, ...]
    unknown: tuple[Unknown, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)
    crash: str = ""
    crash_location: Location | None = None

    @property
    def complete(self) -> bool:
        """Whether everything was resolved."""
        return not self.unknown


def is_partial(path: str) -> bool:
    """Return whether a part of the path could not be resolved; such a path never confirms another one."""
    return UNRESOLVED in path


@cache
def canonical_path(path: str) -> str:
    """Return the path as it is compared: parameters without names, no slash at the end, no empty segment.

    ``/tools/{name}/start/`` → ``/tools/{}/start``. Express and Starlette tell ``/tools`` from ``/tools/`` in no case
    that matters to a caller (Express: ``strict`` routing is off; Starlette redirects).
    """
    bare = re.sub(r"\{(?!\?\})[^{}]*\}", "{}", path)
    bare = re.sub(r"/{2,}", "/", f"/{bare}")
    return bare.rstrip("/") or "/"


def path_covers(pattern: str, path: str) -> bool:
    """Return whether every path that ``path`` stands for is matched by ``pattern``, both as templates.

    A parameter covers one segment, a wildcard and an unresolved part cover everything, an optional parameter covers its
    absence. A regular expression covers only itself.
    """
    return canonical_path(pattern) == canonical_path(path) or bool(_expression(pattern).fullmatch(canonical_path(path)))


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    pieces = re.split(r"(/?\{\?\}|/\{[^{}]*\?\}|\{[^{}]*\}|/?\*)", "/" + pattern.strip("/"))
    return re.compile("".join(map(_piece, pieces)))


def _piece(piece: str) -> str:
    if piece.endswith((UNRESOLVED, "*")):
        return ".*"
    if piece.startswith("/{") and piece.endswith("?}"):
        return "(?:/[^/]+)?"
    # A parameter takes at least one character of its segment (`{}` in the covered path stands for some).
    return "[^/]+" if piece.startswith("{") else re.escape(piece)
