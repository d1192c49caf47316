"""How a mounted route is told from one that is not, without side effects. Pure; ``mount_probes`` asks.

* **Sibling control**: the same method on a path that surely does not exist below the same prefix must be answered in
  another shape. Each control is asked twice: where two answers to one path differ, a difference tells nothing.
* **OPTIONS**: a router that holds the route answers ``Allow`` with its method. Only a positive is proof, because a
  fallback of the app swallows OPTIONS of routes on the app itself.
* **Broken percent-encoding** in a path parameter: Express decodes it only where a pattern matches, and then fails. It
  proves the path, of whatever method.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from typing import Any

from dtma_contract.contract import Operation
from dtma_contract.evidence import Exchange

__all__ = [
    "DECODED",
    "BrokenEncoding",
    "MountState",
    "Mounting",
    "Probe",
    "allowed_methods",
    "compare",
    "differences",
]

_METHOD_NOT_ALLOWED = 405  # RFC 9110 section 15.5.6

_PARAMETER = re.compile(r"\{[^{}]*\}")

# Valid percent-encoding of a byte that no UTF-8 has (RFC 3629 section 3), so that proxies pass it on.
_BROKEN = "%FF"
# The same, and what lenient decoders make of it and then repeat.
DECODED = (_BROKEN, "\ufffd", "\u00ff")


class MountState(enum.StrEnum):
    """What is known of one operation on the target."""

    MOUNTED = "mounted"
    MISSING = "missing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Mounting:
    """What a target shows of one operation.

    Attributes:
        state: mounted, missing or unknown.
        evidence: what that rests on, one sentence.
        exchange: the probe, where one decided.
    """

    state: MountState
    evidence: str
    exchange: Exchange | None = None


class BrokenEncoding(enum.StrEnum):
    """What broken percent-encoding in a route's parameter brought about."""

    CHOKED = "choked"
    FELL_THROUGH = "fell-through"
    TOLD_NOTHING = "told-nothing"


@dataclass(frozen=True, slots=True)
class Probe:
    """A route as it is asked for.

    Attributes:
        method: upper case.
        path: path template with parameters in braces, percent-encoded but for them.
        body: JSON body to send; ``...`` for none.
    """

    method: str
    path: str
    body: Any = ...

    @classmethod
    def of(cls, operation: Operation) -> Probe:
        """Return the probe of an operation; an empty object asks it to validate, and can create nothing."""
        return cls(operation.method, operation.path, {} if operation.request_schema is not None else ...)

    @property
    def has_parameter(self) -> bool:
        """Whether the path has a parameter."""
        return "{" in self.path

    def at(self, name: str) -> str:
        """Return the path with a name, percent-encoded, in place of each parameter."""
        return _PARAMETER.sub(lambda _: name, self.path)

    def controls(self, name: str, nowhere: str) -> tuple[str, ...]:
        """Return paths below the same prefix that surely do not exist: a sibling, and a child.

        Args:
            name: what stands in place of each parameter.
            nowhere: a segment that surely names nothing.
        """
        return self._beside(self.at(name), nowhere)

    def broken(self, name: str) -> str:
        """Return the path with broken percent-encoding behind the name in its last parameter."""
        before, last = self.path[: self._last], self.path[self._last :]
        return _PARAMETER.sub(lambda _: name, before) + _PARAMETER.sub(lambda _: f"{name}{_BROKEN}", last)

    def broken_control(self, name: str, nowhere: str) -> str:
        """Return a path below the same prefix, the same parameter broken, that surely does not exist."""
        return self._beside(self.broken(name), nowhere)[0]

    @property
    def _last(self) -> int:
        return max(match.start() for match in _PARAMETER.finditer(self.path))

    def _beside(self, path: str, nowhere: str) -> tuple[str, ...]:
        sibling = f"{path.rpartition('/')[0]}/{nowhere}"
        child = f"{path.rstrip('/')}/{nowhere}"
        # A parameter at the end matches any sibling, so that only a path below it surely does not exist.
        return (child,) if self.path.endswith("}") else tuple(dict.fromkeys([sibling, child]))


def compare(
    probe: Exchange,
    controls: Iterable[Exchange],
    names: Iterable[str] = (),
    volatile: Collection[str] = (),
) -> Mounting:
    """Tell from a probe and its controls whether a route is mounted.

    Args:
        probe: the answer of the operation.
        controls: answers to the same method on paths that surely do not exist below the same prefix.
        names: what the answers may repeat.
        volatile: fields of a fingerprint in which two answers to one such path differ, so that they tell nothing.
    """
    listed = tuple(names)
    if probe.status == _METHOD_NOT_ALLOWED:
        allowed = probe.headers.get("allow", "none")
        return Mounting(MountState.MISSING, f"the path exists, the method does not: 405, Allow: {allowed}", probe)
    for control in controls:
        if not differences(probe, control, listed) - set(volatile):
            return Mounting(
                MountState.MISSING,
                f"{probe.method} {probe.target} is answered like {control.target}, which surely does not exist: "
                f"{probe.describe()}",
                probe,
            )
    return Mounting(
        MountState.MOUNTED,
        f"{probe.method} {probe.target} is answered with {probe.status}, unlike paths that do not exist",
        probe,
    )


def allowed_methods(answer: Exchange) -> frozenset[str]:
    """Return the methods that the header Allow names, upper case (RFC 9110 section 10.2.1)."""
    methods = (method.strip().upper() for method in answer.headers.get("allow", "").split(","))
    return frozenset(method for method in methods if method)


def differences(one: Exchange, other: Exchange, names: Iterable[str]) -> set[str]:
    """Return the fields in which the fingerprints of two answers differ.

    Args:
        one: an answer.
        other: another one.
        names: what the answers may repeat of their requests.
    """
    # A segment may be a word of the answer's own, such as `status` in `statusCode`: it is taken out of both or of none.
    listed = (*names, *one.repeatable, *other.repeatable)
    first, second = one.fingerprint(listed), other.fingerprint(listed)
    return {field.name for field in fields(first) if getattr(first, field.name) != getattr(second, field.name)}
