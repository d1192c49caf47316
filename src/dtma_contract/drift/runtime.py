"""What was read of a program beside what its own runtime told: the one checks the other. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from dtma_contract.drift.matching import covers_method, is_full, key_of
from dtma_contract.routes import Cell, Corner, Route, RouteTable, Unknown, canonical_path

__all__ = ["cross_checked", "ending"]

_TOLD = "its own runtime tells it"
# In front of it stand the file and the lines of code, behind it the calls.
_ERROR = re.compile(r"(?:Uncaught )?(?:[A-Z]\w*)?(?:Error|Exception)\b.*:")
_DENIED = "the code mounts it, and its own runtime does not have it"


def cross_checked(table: RouteTable, told: Sequence[Route]) -> RouteTable:
    """Return a table that both the code and the runtime stand behind.

    What the runtime has and the code was not seen to have is added. What the code mounts and the runtime does not have
    is unknown: one of the two is wrong. What stood under a condition, and is not there, stays conditional. Since the
    runtime tells all routes, nothing that could not be resolved hides any more. A program that told its routes has
    loaded: that the code seems to end before is unknown likewise.

    Args:
        table: as the code was read.
        told: the routes that the runtime holds.
    """
    held = {key_of(route.method, route.path) for route in told}
    kept = tuple(_kept(route, told) for route in table.routes)
    known = {key_of(route.method, route.path) for route in table.routes if route.state is not Cell.DECLARED}
    added = tuple(
        replace(route, location=None, detail=_TOLD, secured=None)
        for route in told
        if route.state is Cell.MOUNTED and key_of(route.method, route.path) not in known
    )
    denied = [
        Unknown(
            Corner.IMAGE,
            route.location.file if route.location else "",
            route.location.line if route.location else 0,
            f"{route.method} {route.path}: {route.detail}",
            "",
        )
        for route in kept
        if route.detail == _DENIED
    ]
    if table.crash:
        place = table.crash_location
        file, line = (place.file, place.line) if place else ("", 0)
        denied.append(Unknown(Corner.IMAGE, file, line, f"{table.crash}; its own runtime does not end", ""))
    crosscheck = {
        "routes": len(held),
        "only_at_run_time": [f"{route.method} {route.path}" for route in added],
        "only_in_the_code": [f"{route.method} {route.path}" for route in kept if route.detail == _DENIED],
    }
    return replace(
        table,
        crash="",
        crash_location=None,
        routes=(*kept, *added),
        unknown=(*(replace(unknown, prefix="") for unknown in table.unknown), *denied),
        provenance={**table.provenance, "runtime": crosscheck},
    )


def ending(error: str) -> str:
    """Return the sentence of node's stack that says why a program ended, on one line."""
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    said = next((line for line in lines if _ERROR.match(line)), lines[0] if lines else "")
    return said.rstrip(".")


def _kept(route: Route, told: Sequence[Route]) -> Route:
    # A path that is known in part only confirms nothing anyway.
    if route.state is not Cell.MOUNTED or not is_full(route.path) or _is_held(route, told):
        return route
    return replace(route, state=Cell.UNKNOWN, detail=_DENIED)


def _is_held(route: Route, told: Sequence[Route]) -> bool:
    path = canonical_path(route.path)
    return any(
        canonical_path(other.path) == path
        and (covers_method(other.method, route.method) or covers_method(route.method, other.method))
        for other in told
    )
