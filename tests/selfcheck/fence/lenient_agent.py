"""An agent that reads requests as leniently as any server in the field, in many ways at once.

It is written apart from the policy on purpose: it decodes first and asks later, in any order of steps, and says on
which names it would act. If the policy lets a request pass, none of its ways may act on a foreign name.
"""

from __future__ import annotations

import itertools
import json
import posixpath
import re
from urllib.parse import parse_qsl, unquote, unquote_to_bytes, urlsplit

_ROUTES = (
    ("DELETE", re.compile(r"/tools/([^/]+)/?", re.IGNORECASE)),
    ("POST", re.compile(r"/tools/([^/]+)/(?:start|stop|execute)/?", re.IGNORECASE)),
    ("DELETE", re.compile(r"/mcp/groups/([^/]+)/?", re.IGNORECASE)),
    ("POST", re.compile(r"/mcp/servers/([^/]+)/restart/?", re.IGNORECASE)),
    ("POST", re.compile(r"/mcp/credentials/refresh/([^/]+)/?", re.IGNORECASE)),
)
_READS = {"GET", "HEAD", "OPTIONS", "TRACE"}


def acts_on(method: str, target: bytes, headers: dict[str, str], body: bytes) -> set[str]:
    """Return every name that some server might act on for this request."""
    names: set[str] = set()
    for verb in _methods(method, target, headers):
        for path in _paths(target):
            for route_method, pattern in _ROUTES:
                match = pattern.fullmatch(path)
                if match and verb == route_method:
                    names |= {match[1], unquote(match[1]), match[1].split("\x00")[0]}
            if verb == "POST" and path.rstrip("/").lower() == "/tools":
                names |= _deployed(body)
    return names


def _methods(method: str, target: bytes, headers: dict[str, str]) -> set[str]:
    verbs = {method.upper()}
    for name, value in headers.items():
        if name.lower().replace("_", "-") in {"x-http-method-override", "x-http-method", "x-method-override"}:
            verbs.add(value.strip().upper())
    query = target.decode("latin-1").partition("?")[2]
    verbs |= {value.upper() for name, value in parse_qsl(query) if name.lower() == "_method"}
    return verbs


def _paths(target: bytes) -> set[str]:
    raw = target.decode("latin-1")
    if "://" in raw:
        raw = urlsplit(raw).path
    paths: set[str] = set()
    for count in range(4):
        for steps in itertools.permutations(_STEPS, count):
            path = raw.partition("?")[0]
            for step in steps:
                path = step(path)
            paths.add(path)
    return paths


_STEPS = (
    unquote,
    lambda path: unquote_to_bytes(path).decode("utf-8", "replace"),
    lambda path: posixpath.normpath(path) if path.startswith("/") else path,
    lambda path: re.sub("/+", "/", path),
    lambda path: path.replace("\\", "/"),
    lambda path: re.sub(";[^/]*", "", path),
    lambda path: path.split("#")[0],
    lambda path: path.split("\x00")[0],
)


def _deployed(body: bytes) -> set[str]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return set()
    if not isinstance(data, dict):
        return set()
    return {str(value) for key, value in data.items() if key.lower() == "instancenameontoolbox" and value}
