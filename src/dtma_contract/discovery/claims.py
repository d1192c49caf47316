"""The endpoints that an agent claims in ``GET /``, as routes, and how they differ from the truth. Pure.

Agents write them in many forms: ``GET /status - Health check``, ``{"/status": "Health check"}``,
``{"method": "GET", "path": "/tools/:name"}``, ``{"tools": ["GET /tools", …]}``, ``{"/tools": ["GET", "POST"]}``.
What is in none of these forms claims nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from dtma_contract.routes import ALL_METHODS, Cell, RouteTable, canonical_path, path_covers

__all__ = ["Claim", "ClaimDifferences", "claim_differences", "read_claims"]

Claim = tuple[str, str]

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "ALL", "ANY"})
_METHOD: Final = "|".join(sorted(_METHODS))
_CLAIM: Final = re.compile(
    rf"[\s`'\"*•-]*(?:\[?(?P<methods>(?:{_METHOD})(?:\s*[,|/&]\s*(?:{_METHOD}))*)\]?[\s:`]+)?(?P<path>(?:https?://[^\s/]+)?/\S*)",
    re.IGNORECASE,
)
_PATH_KEYS: Final = ("path", "url", "route", "endpoint", "uri", "pattern")
_METHOD_KEYS: Final = ("methods", "method", "verb", "verbs")
# Listings are flat or grouped once; deeper ones are no listing.
_DEEPEST: Final = 5
# Ten times what the agent has.
_MOST: Final = 300


def read_claims(endpoints: Any) -> tuple[Claim, ...]:
    """Return the routes that a decoded ``endpoints`` member claims, in its order, each once.

    Args:
        endpoints: any JSON value.

    Returns:
        Pairs of method (:data:`~dtma_contract.routes.ALL_METHODS` where none is named) and path template.
    """
    found: dict[Claim, None] = {}
    for claim in _claims(endpoints, _DEEPEST):
        found[claim] = None
        if len(found) >= _MOST:
            break
    return tuple(found)


def _claims(node: Any, depth: int) -> Iterator[Claim]:
    if not depth:
        return
    if isinstance(node, str):
        yield from _from_text(node)
    elif isinstance(node, list):
        for item in node:
            yield from _claims(item, depth - 1)
    elif isinstance(node, Mapping):
        yield from _from_mapping(node, depth)


def _from_text(text: str) -> Iterator[Claim]:
    match = _CLAIM.match(text)
    path = _template(match["path"]) if match else ""
    if match and path:
        for method in _methods(match["methods"]) or [ALL_METHODS]:
            yield method, path


def _from_mapping(node: Mapping[str, Any], depth: int) -> Iterator[Claim]:
    lowered = {str(key).lower(): value for key, value in node.items()}
    for key in _PATH_KEYS:
        path = lowered.get(key)
        if isinstance(path, str) and "/" in path:
            methods = [method for name in _METHOD_KEYS for method in _methods(lowered.get(name))]
            for method, template in _from_text(path):
                yield from ((each, template) for each in (methods or [method]))
            return
    for key, value in node.items():
        yield from _from_entry(str(key), value, depth)


def _from_entry(key: str, value: Any, depth: int) -> Iterator[Claim]:
    """Read one member: its key may be a route, a method, or the name of a route or group that the value holds."""
    if key.upper() in _METHODS:
        for _, path in _claims(value, depth - 1):
            yield from ((method, path) for method in _methods(key))
        return
    claimed = list(_from_text(key))
    if not claimed:
        yield from _claims(value, depth - 1)
        return
    for method, path in claimed:
        named = _methods(value) if method == ALL_METHODS else []
        yield from ((each, path) for each in (named or [method]))


def _methods(value: Any) -> list[str]:
    """Return the methods that a value names: text such as ``GET - Health``, a list, an object's keys."""
    if isinstance(value, str):
        words = re.match(rf"\s*((?:{_METHOD})\b(?:\s*[,|/&]\s*(?:{_METHOD})\b)*)", value, re.IGNORECASE)
        named = re.findall(r"[A-Z]+", words[1].upper()) if words else []
    elif isinstance(value, list | Mapping):
        named = [str(item).upper() for item in value if str(item).upper() in _METHODS]
        named += [
            method for item in value if isinstance(value, list) and isinstance(item, Mapping)
            for name in _METHOD_KEYS for method in _methods(item.get(name))
        ]  # fmt: skip
    else:
        named = []
    return [ALL_METHODS if method == "ANY" else method for method in dict.fromkeys(named)]


def _template(text: str) -> str:
    """Return a path as a template: ``:name``, ``<name>`` and ``{name}`` are parameters, ``?`` begins a query."""
    path = (urlsplit(text).path if "://" in text else text).rstrip("`'\",;:")
    path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path)
    path = re.sub(r":(\w+)(?:\([^)]*\))?\?(?=/|$)", r"{\1?}", path)
    path = re.sub(r":(\w+)(?:\([^)]*\))?", r"{\1}", path)
    # A question mark at the end of a parameter makes it optional; any other one begins a query.
    path = re.sub(r"\?(?!\}).*", "", path)
    path = path.rstrip(".)]")
    return path if re.fullmatch(r"/[\w\-.~{}?/*%+@$!]*", path) else ""


@dataclass(frozen=True, slots=True)
class ClaimDifferences:
    """How claims and truth differ.

    Attributes:
        absent: claimed, and surely not there.
        unclaimed: mounted, and not claimed.
    """

    absent: tuple[Claim, ...] = ()
    unclaimed: tuple[Claim, ...] = ()


def claim_differences(claims: Iterable[Claim], table: RouteTable) -> ClaimDifferences:
    """Compare what an agent claims with what it has.

    Args:
        claims: as :func:`read_claims` returns them; none claim nothing, so that nothing differs.
        table: the target's; a route that it does not hold was not asked for, and tells nothing.

    Returns:
        The differences; ``GET /`` itself need not be claimed.
    """
    claimed = tuple(claims)
    there = [(route.method, route.path) for route in table.routes if route.state is Cell.MOUNTED]
    return ClaimDifferences(
        absent=tuple(claim for claim in claimed if _is_absent(claim, table)),
        unclaimed=tuple(
            (method, path)
            for method, path in there
            if claimed and canonical_path(path) != "/" and not any(_covers(claim, (method, path)) for claim in claimed)
        ),
    )


def _is_absent(claim: Claim, table: RouteTable) -> bool:
    """Return whether all that was asked for of a claim, and something was, is surely not there."""
    told = {route.state for route in table.routes if _covers(claim, (route.method, route.path))}
    mounted = any(
        _covers((route.method, route.path), claim) for route in table.routes if route.state is not Cell.ABSENT
    )
    return told == {Cell.ABSENT} and not mounted


def _covers(one: Claim, other: Claim) -> bool:
    return one[0] in {other[0], ALL_METHODS} and path_covers(one[1], other[1])
