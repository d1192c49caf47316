"""Which major versions a version range of package.json allows. Pure.

npm, package.json: dependencies; node-semver: ranges.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["MAJORS", "ExpressVersion", "majors_allowed"]

# The major versions of Express that anyone still runs.
MAJORS = (3, 4, 5)

_Version = tuple[int, int, int]

_NOTHING: _Version = (0, 0, 0)
_ENDLESS: _Version = (1 << 30, 0, 0)
_OPERATOR = re.compile(r"(\^|~>?|>=|<=|>|<|=)\s+")
_COMPARATOR = re.compile(r"(\^|~>?|>=|<=|>|<|=)?v?(\d+|[xX*])(?:\.(\d+|[xX*]))?(?:\.(\d+|[xX*]))?(?:[-+][\w.+-]*)?")


@dataclass(frozen=True, slots=True)
class ExpressVersion:
    """A major version of Express, and how sure it is.

    Attributes:
        major: what a service is read by.
        told_by: what says so, such as ``package-lock.json``.
        others: further majors that it may run with as well.
    """

    major: int
    told_by: str
    others: tuple[int, ...] = ()


def majors_allowed(asked: str) -> frozenset[int] | None:
    """Return the major versions among :data:`MAJORS` that a range allows, or None where it is no range.

    Args:
        asked: as package.json has it; an alias (``npm:express@4``) counts as the range in it. A tag such as ``latest``
            and an address are no ranges.
    """
    bare = asked.strip()
    alias = re.fullmatch(r"npm:(@?[^@]+)(?:@(.*))?", bare)
    if alias is not None:
        return majors_allowed(alias[2] or "*") if alias[1] == "express" else None
    found: set[int] = set()
    for part in bare.split("||"):
        span = _span(part.strip())
        if span is None:
            return None
        low, high = span
        found |= {major for major in MAJORS if max(low, (major, 0, 0)) < min(high, (major + 1, 0, 0))}
    return frozenset(found)


def _span(part: str) -> tuple[_Version, _Version] | None:
    """Return the first version that is allowed and the first that is not any more, or None for no range."""
    hyphen = re.fullmatch(r"(\S+)\s+-\s+(\S+)", part)
    text = f">={hyphen[1]} <={hyphen[2]}" if hyphen else part
    low, high = _NOTHING, _ENDLESS
    for word in _OPERATOR.sub(r"\1", text).split():
        comparator = _COMPARATOR.fullmatch(word)
        if comparator is None:
            return None
        lowest, beyond = _bounds(comparator)
        low, high = max(low, lowest), min(high, beyond)
    return low, high


def _bounds(comparator: re.Match[str]) -> tuple[_Version, _Version]:
    operator = comparator[1] or ""
    numbers = [int(text) for text in comparator.groups()[1:] if text and text.isdecimal()]
    if not numbers:
        return _NOTHING, _ENDLESS
    lowest = _padded(numbers)
    # What a version with missing parts stands for: `4.1` is every 4.1.x.
    behind = _padded([*numbers[:-1], numbers[-1] + 1])
    match operator:
        case "^":
            # The first part that is not zero stays.
            first = next((at for at, number in enumerate(numbers) if number), len(numbers) - 1)
            return lowest, _padded([*numbers[:first], numbers[first] + 1])
        case "~" | "~>":
            kept = numbers[:2]
            return lowest, _padded([*kept[:-1], kept[-1] + 1])
        case ">=":
            return lowest, _ENDLESS
        case ">":
            return behind, _ENDLESS
        case "<":
            return _NOTHING, lowest
        case "<=":
            return _NOTHING, behind
        case _:
            return lowest, behind


def _padded(numbers: list[int]) -> _Version:
    major, minor, patch = (*numbers, 0, 0)[:3]
    return major, minor, patch
