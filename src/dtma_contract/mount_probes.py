"""Asks a target in the ways of ``mounting``, which tell a mounted route without side effects."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

from dtma_contract.agent import VALID
from dtma_contract.evidence import Exchange
from dtma_contract.judgement import ClauseViolatedError, NotJudgedError, TargetGoneError
from dtma_contract.mounting import (
    DECODED,
    BrokenEncoding,
    Mounting,
    MountState,
    Probe,
    allowed_methods,
    compare,
    differences,
)

__all__ = ["Each", "MountProbes", "Send"]


class Send(Protocol):
    """Sends one request through the fence; arguments and errors as in :meth:`dtma_contract.agent.Agent.send`."""

    def __call__(self, method: str, path: str, /, *, auth: str | None = VALID, json: Any = ...) -> Exchange:
        """Return the exchange."""


_NOT_FOUND = 404  # RFC 9110 section 15.5.5

# Method and path of a question, value of its Authorization header, and whether it has a body.
_Key = tuple[str, str, str | None, bool]


class Each(Protocol):
    """Calls a function for each of many values, and yields the results in their order, as ``map`` does."""

    def __call__(
        self, ask: Callable[[_Key], list[Exchange | None]], keys: Iterable[_Key], /
    ) -> Iterator[list[Exchange | None]]:
        """Return the results."""


class MountProbes:
    """The ways of telling, with the controls that were asked so far.

    Args:
        send: sends one request.
        absent: a name of the run that names nothing.
        nowhere: a segment of the run that is in no path.
        twice: says of a control's path whether it is asked twice, to see what is volatile; each is by default.
    """

    def __init__(self, send: Send, absent: str, nowhere: str, twice: Callable[[str], bool] = bool) -> None:
        self.absent = absent
        self.nowhere = nowhere
        self._twice = twice
        self._send = send
        self._asked: dict[_Key, Exchange | None] = {}
        self._volatile: set[str] = set()
        self._servers: set[tuple[str, ...]] = set()
        self._turn = threading.Lock()

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

    def ask_controls(self, probes: Iterable[tuple[Probe, str, str | None]], each: Each = map) -> None:
        """Ask controls that have no answer yet.

        Args:
            probes: probes, paths of their controls, and values of the Authorization header.
            each: calls a function for each of many values, such as the ``map`` of a pool.

        Raises:
            TargetGoneError: the target does not answer any more.
        """

        def ask(key: _Key) -> list[Exchange | None]:
            method, path, auth, has_body = key
            body: Any = {} if has_body else ...
            return [self.guarded(method, path, auth=auth, json=body) for _ in range(2 if self._twice(path) else 1)]

        keys = [(probe.method, path, auth, probe.body is not ...) for probe, path, auth in probes]
        fresh = [key for key in dict.fromkeys(keys) if self._asked.get(key) is None]
        for key, answers in zip(fresh, each(ask, fresh), strict=True):
            self._asked[key] = answers[0] if all(answers) else None
            self._learn([answer for answer in answers if answer is not None])

    def _learn(self, answers: Sequence[Exchange]) -> None:
        for other in answers[1:]:
            self._volatile |= differences(answers[0], other, [self.absent, self.nowhere])
        self._servers |= {answer.fingerprint().server for answer in answers}
        if len(self._servers) > 1:
            # Several processes answer, or proxies: who it was tells nothing of the route.
            self._volatile.add("server")

    def control(self, probe: Probe, path: str, auth: str | None = VALID) -> Exchange | None:
        """Return the answer to one control of a probe, None where there is none; it is asked where it was not.

        Raises:
            TargetGoneError: the target does not answer any more.
        """
        with self._turn:
            # Else several threads would ask for the same at once.
            self.ask_controls([(probe, path, auth)])
        return self._asked[probe.method, path, auth, probe.body is not ...]

    def compare(self, answer: Exchange, controls: Iterable[Exchange], name: str = "") -> Mounting:
        """Compare an answer with controls, without what is volatile on this target.

        Args:
            answer: of the probe.
            controls: of the same probe.
            name: what stood in place of its parameters, where it was not the absent name.
        """
        return compare(answer, controls, [name or self.absent, self.nowhere], self._volatile)

    def compare_with_controls(self, probe: Probe, answer: Exchange, name: str = "") -> Mounting:
        """Compare an answer of a probe with those of all its controls, which were asked with a valid token.

        Args:
            probe: the probe.
            answer: its answer.
            name: what stood in place of its parameters, where it was not the absent name.

        Raises:
            TargetGoneError: the target does not answer any more.
        """
        controls = [self.control(probe, path) for path in probe.controls(name or self.absent, self.nowhere)]
        known = [control for control in controls if control is not None]
        if len(known) < len(controls):
            return Mounting(MountState.UNKNOWN, "a path that surely does not exist got no answer to compare with")
        return self.compare(answer, known, name)

    def options(self, path: str, auth: str | None = VALID) -> Exchange | None:
        """Return the answer to OPTIONS for a path, asked once; None where there is none.

        Raises:
            TargetGoneError: the target does not answer any more.
        """
        key: _Key = ("OPTIONS", path, auth, False)
        with self._turn:
            if self._asked.get(key) is None:
                self._asked[key] = self.guarded("OPTIONS", path, auth=auth)
        return self._asked[key]

    def by_options(self, probe: Probe, auth: str | None = VALID) -> Mounting | None:
        """Return that a probe's route is mounted, where OPTIONS names its method for its path and for no other.

        Raises:
            TargetGoneError: the target does not answer any more.
        """
        path = probe.at(self.absent)
        answer = self.options(path, auth)
        # Only a positive is proof: a fallback of the app swallows OPTIONS of routes on the app itself.
        if answer is None or probe.method not in allowed_methods(answer):
            return None
        # What stands before all paths of a prefix, such as CORS, allows the same for one that does not exist.
        control = self.options(probe.controls(self.absent, self.nowhere)[0], auth)
        if control is not None and allowed_methods(control) == allowed_methods(answer):
            return None
        return Mounting(MountState.MOUNTED, f"OPTIONS {path} answers Allow: {answer.headers['allow']}", answer)

    def by_broken_encoding(self, probe: Probe, auth: str | None = VALID) -> tuple[BrokenEncoding, Exchange | None]:
        """Say what broken percent-encoding in the last parameter of a probe's path brings about.

        Args:
            probe: the probe; its path has a parameter. Its method may be another than the route's.
            auth: value of the Authorization header, None for no such header.

        Raises:
            TargetGoneError: the target does not answer any more.
        """
        answer = self.guarded(probe.method, probe.broken(self.absent), auth=auth, json=probe.body)
        fallback = self.control(probe, probe.controls(self.absent, self.nowhere)[0], auth)
        control = self.control(probe, probe.broken_control(self.absent, self.nowhere), auth)
        if answer is None or control is None or fallback is None:
            return BrokenEncoding.TOLD_NOTHING, answer
        if control.status != _NOT_FOUND or not self.alike(control, fallback):
            # Something before the routes answers: CORS, authentication, or whatever looks at encodings.
            return BrokenEncoding.TOLD_NOTHING, answer
        return BrokenEncoding.FELL_THROUGH if self.alike(answer, control) else BrokenEncoding.CHOKED, answer

    def alike(self, one: Exchange, other: Exchange) -> bool:
        """Return whether two answers have the same shape, however they repeat broken percent-encoding."""
        names = [self.absent, self.nowhere, *DECODED]
        return not differences(one, other, names) - self._volatile
