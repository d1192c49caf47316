"""Whether a route of one corner is, or may be, a route that another corner names. Pure."""

from __future__ import annotations

import re
from functools import cache

from dtma_contract.routes import ALL_METHODS, Route, Unknown, canonical_path, is_partial, path_covers

__all__ = [
    "Key",
    "covers_method",
    "hides",
    "is_catch_all",
    "is_expression",
    "is_fallback_expression",
    "is_full",
    "is_wildcard",
    "key_of",
    "may_be",
    "segments",
    "variants",
]

# Method and canonical path: what makes two routes the same.
Key = tuple[str, str]


def key_of(method: str, path: str) -> Key:
    """Return what makes two routes the same."""
    return method, canonical_path(path)


def segments(path: str) -> tuple[str, ...]:
    """Return the segments of a canonical path."""
    return tuple(part for part in canonical_path(path).split("/") if part)


@cache
def variants(path: str) -> tuple[str, ...]:
    """Return the canonical paths that a path stands for: with and without each optional parameter."""
    optional = re.search(r"/\{[^{}?]+\?\}", path)
    if optional is None:
        return (canonical_path(path),)
    kept = optional.group()[:-2] + "}"
    head, tail = path[: optional.start()], path[optional.end() :]
    return tuple(dict.fromkeys((*variants(head + kept + tail), *variants(head + tail))))


def covers_method(method: str, asked: str) -> bool:
    """Return whether a route of one method answers another; Express answers HEAD with what GET registers."""
    return method in {asked, ALL_METHODS} or (asked == "HEAD" and method == "GET")


def is_expression(path: str) -> bool:
    """Return whether the path is, or ends in, a regular expression."""
    return bool(re.search(r"/\^.*/$", path))


def is_fallback_expression(path: str) -> bool:
    """Return whether a regular expression takes paths that no service has, so that it answers what is left over."""
    return _expression_takes(path, path[: path.index("/^")].rstrip("/") + "/no-service/has/this-path")


def is_wildcard(path: str) -> bool:
    """Return whether the path takes any text at some place."""
    return "*" in path and not is_expression(path)


def is_full(path: str) -> bool:
    """Return whether the path is known in full and names one route: no wildcard, no expression, no unknown part."""
    return not (is_partial(path) or is_wildcard(path) or is_expression(path))


def is_catch_all(path: str) -> bool:
    """Return whether the path ends in a wildcard, as fallbacks have it."""
    return is_wildcard(path) and canonical_path(path).endswith("*")


def may_be(route: Route, method: str, path: str) -> bool:
    """Return whether a route whose path is not known in full may be the route that is asked for.

    Args:
        route: with an unknown part or a regular expression in its path.
        method: of the route that is asked for.
        path: likewise, as a template.
    """
    if not covers_method(route.method, method):
        return False
    if is_expression(route.path):
        return _expression_takes(route.path, canonical_path(path))
    return is_partial(route.path) and path_covers(route.path, path)


@cache
def _expression_takes(expression: str, path: str) -> bool:
    start = expression.index("/^")
    prefix, source = expression[:start].rstrip("/"), expression[start + 1 : -1]
    if not path.startswith(prefix):
        return False
    # A parameter stands for some name.
    rest = path.removeprefix(prefix).replace("{}", "x1") or "/"
    try:
        return re.match(re.sub(r"\(\?<([A-Za-z_]\w*)>", r"(?P<\1>", source).replace(r"\/", "/"), rest) is not None
    except re.error:
        # JavaScript's syntax is not Python's in every point; what cannot be tried may well match.
        return True


def hides(unknown: Unknown, method: str, path: str) -> bool:
    """Return whether something unresolved may hold the route, so that its absence is not sure."""
    if not unknown.prefix or not (covers_method(unknown.method, method) or method == ALL_METHODS):
        return False
    asked = segments(path)
    if is_partial(unknown.prefix) or is_wildcard(unknown.prefix):
        # What it hides begins with one of the paths that the pattern stands for.
        return any(path_covers(unknown.prefix, "/" + "/".join(asked[:length])) for length in range(len(asked) + 1))
    below = segments(unknown.prefix)
    return len(below) <= len(asked) and all(
        part == other or "{}" in {part, other} for part, other in zip(below, asked, strict=False)
    )
