"""What is not known of callers, as one row for what is the same of one file. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from dtma_contract.routes import Unknown

__all__ = ["DOUBTFUL", "folded"]

# How the reason of a request ends of which it is not known whether it is the agent's.
DOUBTFUL = "goes to a host that could be the agent or another service"

_SHOWN = 5


def folded(unknown: Iterable[Unknown]) -> tuple[Unknown, ...]:
    """Return the unknowns with those of one file and one reason as one, which has their number and their lines.

    Args:
        unknown: in the order of their places.
    """
    groups: dict[Unknown, list[Unknown]] = {}
    for one in unknown:
        same = "" if one.reason.endswith(DOUBTFUL) else one.reason
        groups.setdefault(replace(one, line=0, reason=same), []).append(one)
    return tuple(_one(group) for group in groups.values())


def _one(group: list[Unknown]) -> Unknown:
    first = group[0]
    if len(group) == 1:
        return first
    if not first.reason.endswith(DOUBTFUL):
        lines = _listed([str(one.line) for one in group])
        return replace(first, reason=f"{first.reason} ({len(group)} places, lines {lines})")
    asked = _listed([f"{one.reason.removesuffix(DOUBTFUL).rstrip()} (line {one.line})" for one in group])
    return replace(
        first, reason=f"{len(group)} requests go to a host that could be the agent or another service: {asked}"
    )


def _listed(words: list[str]) -> str:
    more = len(words) - _SHOWN
    return ", ".join(words[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
