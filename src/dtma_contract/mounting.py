"""How a mounted route is told from one that is not, without side effects.

* **Sibling control**: the same method on a path that surely does not exist below the same prefix must be answered in
  another shape. Each control is asked twice: where two answers to one path differ, a difference tells nothing.
* **OPTIONS**: a router that holds the route answers ``Allow`` with its method. Only a positive is proof, because a
  fallback of the app swallows OPTIONS of routes on the app itself.
* **Broken percent-encoding** in a path parameter: Express decodes it only where a pattern matches, and then fails. It
  proves the path, of whatever method.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from typing import Any, Protocol

from dtma_contract.agent import VALID
from dtma_contract.contract import Operation
from dtma_contract.evidence import Exchange
from dtma_contract.judgement import ClauseViolatedError, NotJudgedError, TargetGoneError

__all__ = ["BrokenEncoding", "MountProbes", "MountState", "Mounting", "Probe", "Send", "allowed_methods", "compare"]

_METHOD_NOT_ALLOWED = 405  # RFC 9110 section 15.5.6

# Valid percent-encoding of a byte that no UTF-8 has (RFC 3629 section 3), so that proxies pass it on.
_BROKEN = "%FF"
# What lenient decoders make of it, and then repeat.
_DECODED = ("\ufffd", "\u00ff")


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
        path: path template, every parameter of which is a segment of its own.
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
        return "/".join(name if part.startswith("{") else part for part in self.path.split("/"))

    def controls(self, name: str, nowhere: str) -> tuple[str, ...]:
        """Return paths below the same prefix that surely do not exist: a sibling, and a child.

        Args:
            name: what stands in place of each parameter.
            nowhere: a segment that surely names nothing.
        """
        parts = self.at(name).split("/")
        sibling = "/".join([*parts[:-1], nowhere])
        child = "/".join([*parts, nowhere]).replace("//", "/")
        # A parameter at the end matches any sibling, so that only a path below it surely does not exist.
        return (child,) if self.path.endswith("}") else tuple(dict.fromkeys([sibling, child]))

    def broken(self, name: str) -> str:
        """Return the path with broken percent-encoding behind the name in its last parameter."""
        parts = self.path.split("/")
        last = max(index for index, part in enumerate(parts) if part.startswith("{"))
        return "/".join(
            f"{name}{_BROKEN if index == last else ''}" if part.startswith("{") else part
            for index, part in enumerate(parts)
        )


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
        if not _differences(probe, control, listed) - set(volatile):
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


def _differences(one: Exchange, other: Exchange, names: Iterable[str]) -> set[str]:
    """Return the fields in which the fingerprints of two answers differ."""
    listed = tuple(names)
    first, second = one.fingerprint(listed), other.fingerprint(listed)
    return {field.name for field in fields(first) if getattr(first, field.name) != getattr(second, field.name)}


class Send(Protocol):
    """Sends one request through the fence; arguments and errors as in :meth:`dtma_contract.agent.Agent.send`."""

    def __call__(self, method: str, path: str, /, *, auth: str | None = VALID, json: Any = ...) -> Exchange:
        """Return the exchange."""


class MountProbes:
    """The ways of telling, with the controls that were asked so far.

    Args:
        send: sends one request.
        absent: a name of the run that names nothing.
        nowhere: a segment of the run that is in no path.
    """

    def __init__(self, send: Send, absent: str, nowhere: str) -> None:
        self.absent = absent
        self.nowhere = nowhere
        self._send = send
        self._controls: dict[tuple[str, str, str | None], Exchange] = {}
        self._volatile: set[str] = set()
        self._servers: set[tuple[str, ...]] = set()

    def guarded(self, method: str, path: str, *, auth: str | None = VALID, json: Any = ...) -> Exchange | None:
        """Send a request; None where it may not be sent, or got no complete answer.

        Raises:
            TargetGoneError: the target does not answer any more.
        """
        try:
            return self._send(method, path, auth=auth, json=json)
        except TargetGoneError:
            raise
        except (NotJudgedError, ClauseViolatedError):
            return None

    def controls_of(self, probe: Probe, name: str, auth: str | None = VALID) -> tuple[Exchange, ...]:
        """Return the answers to all controls of a probe.

        Args:
            probe: the probe.
            name: what stands in place of its parameters.
            auth: value of the Authorization header, None for no such header.

        Raises:
            NotJudgedError: a control may not be sent, or the target is gone.
            ClauseViolatedError: the target broke off its answer.
        """
        return tuple(self.control(probe, path, auth) for path in probe.controls(name, self.nowhere))

    def control(self, probe: Probe, path: str, auth: str | None = VALID) -> Exchange:
        """Return the answer to one control, which is asked twice in all; arguments and errors as in controls_of."""
        key = probe.method, path, auth
        if key not in self._controls:
            first, second = (self._send(probe.method, path, auth=auth, json=probe.body) for _ in range(2))
            self._controls[key] = first
            self._volatile |= _differences(first, second, [self.absent, self.nowhere])
            self._servers |= {first.fingerprint().server, second.fingerprint().server}
            if len(self._servers) > 1:
                # Several processes answer, or proxies: who it was tells nothing of the route.
                self._volatile.add("server")
        return self._controls[key]

    def compare(self, answer: Exchange, controls: Iterable[Exchange], name: str = "") -> Mounting:
        """Compare an answer with controls, without what is volatile on this target.

        Args:
            answer: of the probe.
            controls: of the same probe.
            name: what stood in place of its parameters, where it was not the absent name.
        """
        return compare(answer, controls, [name or self.absent, self.nowhere], self._volatile)

    def by_options(self, probe: Probe, auth: str | None = VALID) -> Mounting | None:
        """Return that a probe's route is mounted, where OPTIONS names its method for its path and for no other.

        Raises:
            TargetGoneError: the target does not answer any more.
        """
        path = probe.at(self.absent)
        answer = self.guarded("OPTIONS", path, auth=auth)
        # Only a positive is proof: a fallback of the app swallows OPTIONS of routes on the app itself.
        if answer is None or probe.method not in allowed_methods(answer):
            return None
        # What stands before all paths of a prefix, such as CORS, allows the same for one that does not exist.
        control = self.guarded("OPTIONS", probe.controls(self.absent, self.nowhere)[0], auth=auth)
        if control is not None and allowed_methods(control) == allowed_methods(answer):
            return None
        return Mounting(MountState.MOUNTED, f"OPTIONS {path} answers Allow: {answer.headers['allow']}", answer)

    def by_broken_encoding(
        self, probe: Probe, method: str, auth: str | None = VALID
    ) -> tuple[BrokenEncoding, Exchange | None]:
        """Say what broken percent-encoding in the last parameter of a probe's path brings about.

        Args:
            probe: the probe; its path has a parameter.
            method: the method to ask with; on Express any one tells the same of the path.
            auth: value of the Authorization header, None for no such header.

        Raises:
            TargetGoneError: the target does not answer any more.
        """
        broken = Probe(method, probe.broken(self.absent), probe.body if method == probe.method else ...)
        body = broken.body
        answer = self.guarded(method, broken.path, auth=auth, json=body)
        last = probe.path.rpartition("/")[2]
        segments = broken.path.split("/")
        control_path = "/".join([*segments, self.nowhere] if last.startswith("{") else [*segments[:-1], self.nowhere])
        control = self.guarded(method, control_path, auth=auth, json=body) if answer is not None else None
        if answer is None or control is None:
            return BrokenEncoding.TOLD_NOTHING, answer
        fallback = self.guarded_controls(Probe(method, probe.path, body), auth)
        if not fallback or not self._alike(control, fallback[:1]):
            # Whatever looks at encodings does so for paths that do not exist as well.
            return BrokenEncoding.TOLD_NOTHING, answer
        if self._alike(answer, [control]):
            return BrokenEncoding.FELL_THROUGH, answer
        return BrokenEncoding.CHOKED, answer

    def guarded_controls(self, probe: Probe, auth: str | None = VALID) -> tuple[Exchange, ...]:
        """Return the controls of a probe; none where they could not be asked.

        Raises:
            TargetGoneError: the target does not answer any more.
        """
        try:
            return self.controls_of(probe, self.absent, auth)
        except TargetGoneError:
            raise
        except (NotJudgedError, ClauseViolatedError):
            return ()

    def _alike(self, answer: Exchange, others: Iterable[Exchange]) -> bool:
        names = [self.absent, self.nowhere, _BROKEN, *_DECODED]
        return any(not _differences(answer, other, names) - self._volatile for other in others)
