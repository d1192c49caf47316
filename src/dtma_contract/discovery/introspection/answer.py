"""The hook's line as routes. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

from dtma_contract.discovery.express.paths import join_paths, matches_nothing, regex_template, template_of
from dtma_contract.routes import Cell, Route

__all__ = ["MARK", "RuntimeAnswer", "read_answer"]

# What the hook's line begins with.
MARK = "DTMA-CONTRACT-ROUTES "

# Where the hook could not tell the version there is no app either.
_DEFAULT_MAJOR = 4


@dataclass(frozen=True, slots=True)
class RuntimeAnswer:
    """What one node process told.

    Attributes:
        express: version of Express, or its major version alone where it is bundled; empty where none was loaded.
        listened: whether a server listened; if not, the routes are those of the apps that nothing mounts.
        routes: in the order in which the server tries them; ``declared`` where the path can match no request.
        unmounted: routes of apps and routers that no listening app holds, ``declared``, without their prefixes.
        exit_code: the process's own; 0 where the hook ended it.
        error: why the process failed or never listened, with node's stack; empty where it did not.
    """

    express: str
    listened: bool
    routes: tuple[Route, ...]
    unmounted: tuple[Route, ...]
    exit_code: int
    error: str


def read_answer(output: str) -> RuntimeAnswer | None:
    """Return what the hook told in a process's output, or None where it told nothing that can be read.

    Where several processes told, as under ``npm start``, the one with the most routes counts.
    """
    answers = [answer for line in output.splitlines() if (answer := _answer(line))]
    return max(answers, key=lambda answer: (len(answer.routes), bool(answer.express)), default=None)


def _answer(line: str) -> RuntimeAnswer | None:
    _, mark, text = line.partition(MARK)
    if not mark:
        return None
    try:
        told = json.loads(text)
        major = int(told.get("major") or _DEFAULT_MAJOR)
        return RuntimeAnswer(
            express=str(told.get("express", "")),
            listened=bool(told.get("listened")),
            routes=_routes(told["routes"], major),
            unmounted=tuple(
                _route(route, major, declared=True) for held in told.get("unmounted", ()) for route in held["routes"]
            ),
            exit_code=int(told.get("exit_code") or 0),
            error=str(told.get("error", "")),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _routes(told: Iterable[Mapping[str, Any]], major: int) -> tuple[Route, ...]:
    return tuple(_route(route, major, declared=False) for route in told)


def _route(told: Mapping[str, Any], major: int, *, declared: bool) -> Route:
    parts = told["parts"]
    dead = any(isinstance(part, str) and matches_nothing(part, major) for part in parts)
    return Route(
        method=told["method"],
        path=reduce(join_paths, (_template(part, major) for part in parts), ""),
        state=Cell.DECLARED if dead or declared else Cell.MOUNTED,
        raw=told["path"],
        middleware=tuple(told["middleware"]),
        detail="its path does not begin with a slash, so that no request matches it" if dead else "",
    )


def _template(part: str | Mapping[str, str], major: int) -> str:
    return template_of(part, major) if isinstance(part, str) else regex_template(part["regex"])
