"""Asks a live target about routes, in few rounds and within a budget, and changes nothing."""

from __future__ import annotations

import json as json_codec
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Final, TypeVar

from dtma_contract.agent import VALID, Agent
from dtma_contract.discovery.route_questions import Question, harmless_probe
from dtma_contract.discovery.target_evidence import Habits, Observed, asks_for_token, could_be_absent, is_doubtful
from dtma_contract.evidence import Exchange
from dtma_contract.judgement import ClauseViolatedError, NotJudgedError, TargetGoneError
from dtma_contract.mount_probes import MountProbes
from dtma_contract.mounting import BrokenEncoding, MountState, Probe, allowed_methods
from dtma_contract.run_identity import RunIdentity

__all__ = ["Budget", "RouteProbing"]

T = TypeVar("T")
R = TypeVar("R")

# A small droplet answers four at once without a wait; more would not be faster.
_AT_ONCE: Final = 4
# How many mounted routes show a habit of their server; one could be a handler's own way.
_WITNESSES: Final = 3

_REFUSING: Final = frozenset({401, 403})


class Budget:
    """Sends requests, and no more than so many.

    Args:
        agent: the client.
        most: how many.
        spent: how many were sent before.
        seconds: from now on, after which no more are sent; None for no such bound.

    Attributes:
        spent: how many were sent so far.
    """

    def __init__(self, agent: Agent, most: int, spent: int = 0, seconds: float | None = None) -> None:
        self.spent = spent
        self._agent = agent
        self._most = most
        self._began = time.monotonic()
        self._ends = float("inf") if seconds is None else self._began + seconds
        self._turn = threading.Lock()
        self._known: dict[tuple[str, str, str | None, bytes], Exchange] = {}

    def end_after(self, seconds: float) -> None:
        """Send no more than so many seconds after the beginning, where the bound was a later one."""
        self._ends = min(self._ends, self._began + seconds)

    def remember(self, exchanges: Iterable[Exchange]) -> None:
        """Take in proper answers that were seen before: each serves once in place of the same request, query apart."""
        for known in exchanges:
            path = known.target.partition("?")[0]
            self._known[known.method, path, known.request_headers.get("Authorization"), known.request_body] = known

    def send(self, method: str, path: str, /, *, auth: str | None = VALID, json: Any = ...) -> Exchange:
        """Send one request; arguments and errors as in :meth:`Agent.send`.

        Raises:
            NotJudgedError: the budget is spent.
        """
        body = b"" if json is ... else json_codec.dumps(json).encode()
        with self._turn:
            known = self._known.pop((method, path, auth, body), None)
        if known is not None:
            return known
        self._spend()
        return self._agent.send(method, path, auth=auth, json=json)

    def exchange(self, method: str, path: str, /, *, auth: str | None = VALID, json: Any = ...) -> Exchange:
        """Send one request and return whatever is answered; arguments and errors as in :meth:`Agent.exchange`.

        Raises:
            NotJudgedError: the budget is spent.
        """
        self._spend()
        return self._agent.exchange(method, path, auth=auth, json=json)

    def _spend(self) -> None:
        with self._turn:
            if self.spent >= self._most:
                raise NotJudgedError(f"the {self._most} requests that are sent at most were sent before it")
            if time.monotonic() > self._ends:
                raise NotJudgedError("the time in which requests are sent was over before it")
            self.spent += 1


class RouteProbing:
    """Asks in rounds, each question of a round at once.

    Args:
        budget: sends the requests.
        run: whose names are used.
        has_token: whether the fence has a token that the target accepts.
        at_once: how many questions are asked at the same time.
        sparing: whether one control alone is asked twice, to see what is volatile, and not one below each prefix.
    """

    def __init__(
        self, budget: Budget, run: RunIdentity, *, has_token: bool, at_once: int = _AT_ONCE, sparing: bool = False
    ) -> None:
        self._at_once = at_once
        self._sparing = sparing
        self._budget = budget
        self._token = VALID if has_token else None
        self._doubled: set[str] = set()
        self._doubling = threading.Lock()
        self._probes = MountProbes(budget.send, run.name("absent"), run.name("nowhere"), self._is_first_of_prefix)
        self._mounted: dict[Question, Observed] = {}
        # By whether OPTIONS asks in place of a route's own method: a server may do the one and not the other.
        self._chokes: dict[bool, str] = {}
        self._refuses: str | None = None

    def observe(self, questions: Iterable[Question]) -> list[tuple[Question, Observed]]:
        """Ask about routes.

        Args:
            questions: what to ask; those of an earlier call show the habits of the server to a later one.

        Raises:
            TargetGoneError: the target stopped answering.
        """
        asked = [question for question in questions if not question.unaskable]
        with ThreadPoolExecutor(self._at_once) as pool:
            seen = self._look(asked, pool)
            doubtful = [question for question in asked if is_doubtful(seen[question])]
            mounted = [question for question in asked if _is_mounted(seen[question])]
            for question, answer in zip(
                [*mounted, *doubtful], self._each(pool, self._ask_bare, [*mounted, *doubtful]), strict=True
            ):
                seen[question] = replace(seen[question], bare=answer)
            self._mounted |= {question: seen[question] for question in mounted}
            open_ones = [question for question in asked if question not in self._mounted]
            found = self._each(pool, lambda question: self._prove(question, seen[question]), open_ones)
            seen |= dict(zip(open_ones, found, strict=True))
            proven = [question for question in open_ones if seen[question].options or asks_for_token(seen[question])]
            self._mounted |= {question: seen[question] for question in proven if seen[question].answer is not None}
            open_ones = [question for question in open_ones if question not in proven and is_doubtful(seen[question])]
            self._learn_choking(open_ones)
            found = self._each(pool, lambda question: self._look_closer(question, seen[question]), open_ones)
            seen |= dict(zip(open_ones, found, strict=True))
        return [(question, seen[question]) for question in asked]

    def seems_mounted(self, question: Question) -> bool:
        """Return whether the route's own answer is unlike that for a path that does not exist, for two requests.

        Raises:
            TargetGoneError: the target stopped answering.
        """
        answer, _ = self._ask(question)
        if answer is None:
            return False
        # It is asked about as a whole later on.
        self._budget.remember([answer])
        self._probes.ask_controls([(question.probe, self._control_paths(question)[0], self._auth(question))])
        look = self._compared(question, Observed(question.probe, answer=answer), 1).look
        return look is not None and look.state is MountState.MOUNTED

    def habits_for(self, question: Question, seen: Observed) -> Habits:
        """Return what mounted routes of the target do, where that could prove that a route is not there.

        Args:
            question: the route.
            seen: what was seen of it; mounted ones are asked only where that leaves it open.

        Raises:
            TargetGoneError: the target stopped answering.
        """
        if not is_doubtful(seen) or seen.options is not None:
            return Habits()
        segment = _first_segment(question)
        if self._refuses is None:
            self._refuses = self._find_refusing(self._nearest(segment))
        chokes = self._chokes.get(bool(question.problem), "")
        return Habits(chokes, self._refuses, self._find_knowing(segment))

    def _nearest(self, segment: str) -> list[Question]:
        """Return mounted routes, those that begin with a segment first."""
        return sorted(self._mounted, key=lambda mounted: _first_segment(mounted) != segment)

    def _learn_choking(self, doubtful: Iterable[Question]) -> None:
        """Find out, once and where it matters, whether mounted routes fail on broken percent-encoding."""
        for by_options in (False, True):
            segments = [
                _first_segment(question)
                for question in doubtful
                if question.probe.has_parameter and bool(question.problem) is by_options
            ]
            if segments and by_options not in self._chokes:
                witnesses = [mounted for mounted in self._nearest(segments[0]) if mounted.probe.has_parameter]
                self._chokes[by_options] = self._find_choking(witnesses[:_WITNESSES], by_options=by_options)

    def _look(self, questions: Sequence[Question], pool: ThreadPoolExecutor) -> dict[Question, Observed]:
        seen = {question: Observed(question.probe, problem=question.problem) for question in questions}
        sent = [question for question in questions if not question.problem]
        for question, (answer, problem) in zip(sent, self._each(pool, self._ask, sent), strict=True):
            seen[question] = replace(
                seen[question], answer=answer, problem=problem, documented=_is_documented(question, answer)
            )
        answered = [question for question in sent if seen[question].answer is not None]
        # The nearest control first: it settles most, and the further ones are asked only for the rest.
        for number in (1, 2):
            wanted = [question for question in answered if number == 1 or not _is_settled(seen[question])]
            # What is answered like one path that does not exist is answered like such a path, whatever others say.
            wanted = [question for question in wanted if number == 1 or not _looks_missing(seen[question])]
            controls = [
                (question.probe, path, self._auth(question))
                for question in wanted
                for path in self._control_paths(question)[:number]
            ]
            self._probes.ask_controls(controls, lambda ask, keys: self._each(pool, ask, keys))
            for question in wanted:
                seen[question] = self._compared(question, seen[question], number)
        return seen

    def _compared(self, question: Question, seen: Observed, number: int) -> Observed:
        auth, paths = self._auth(question), self._control_paths(question)[:number]
        controls = [self._probes.control(question.probe, path, auth) for path in paths]
        known = [control for control in controls if control is not None]
        if len(known) < len(controls) or seen.answer is None:
            return replace(seen, look=None, problem="a path that surely does not exist got no answer to compare with")
        return replace(seen, look=self._probes.compare(seen.answer, known), fallback=known[0].status)

    def _prove(self, question: Question, seen: Observed) -> Observed:
        """Ask for what alone can prove a route that was not seen to answer: that OPTIONS names it, or a refusal."""
        probe, auth = question.probe, self._token
        answer = self._probes.options(probe.at(self._probes.absent), auth)
        seen = replace(seen, options=self._probes.by_options(probe, auth), options_answer=answer)
        refused = seen.bare is not None and seen.bare.status in _REFUSING
        return self._with_bare(question, seen) if refused and seen.options is None else seen

    def _look_closer(self, question: Question, seen: Observed) -> Observed:
        """Ask for what could prove that a route is not there, the surest first."""
        if not could_be_absent(seen):
            return seen
        probe, auth = question.probe, self._token
        if probe.has_parameter:
            seen = replace(seen, broken=self._probes.by_broken_encoding(harmless_probe(question), auth)[0])
            if self._chokes.get(bool(question.problem)) and seen.broken is not BrokenEncoding.TOLD_NOTHING:
                # Whichever it was, nothing is surer; the rest of the budget is for others.
                return seen
        control = self._probes.options(self._control_paths(question)[0], auth)
        if seen.options_answer is not None and control is not None:
            seen = replace(seen, options_look=self._probes.compare(seen.options_answer, [control]))
        return self._with_bare(question, seen)

    def _with_bare(self, question: Question, seen: Observed) -> Observed:
        """Compare the answer without a token, where there is one, with those to paths that do not exist."""
        if seen.bare is None or seen.bare_look is not None:
            return seen
        controls = [self._probes.control(question.probe, path, None) for path in self._control_paths(question)]
        known = [control for control in controls if control is not None]
        if len(known) < len(controls):
            return seen
        return replace(seen, bare_look=self._probes.compare(seen.bare, known))

    def _find_choking(self, witnesses: Iterable[Question], *, by_options: bool) -> str:
        """Return that mounted routes fail on broken percent-encoding, where all do of which it can be seen."""
        proof = ""
        for question in witnesses:
            probe = Probe("OPTIONS", question.probe.path) if by_options else question.probe
            broken, answer = self._probes.by_broken_encoding(probe, self._token)
            normal = self._mounted[question].answer
            if broken is BrokenEncoding.TOLD_NOTHING:
                continue
            # A handler that was given the name, broken as it is, did not fail on it.
            if broken is BrokenEncoding.FELL_THROUGH or answer is None or answer.status < 400:  # noqa: PLR2004 - RFC 9110 section 15.5
                return ""
            if normal is None or self._probes.alike(normal, answer):
                return ""
            proof = proof or f"{question.method} {question.path} and others fail ({answer.status})"
        return proof or self._by_name()

    def _by_name(self) -> str:
        """Return that the server calls itself Express, which fails on broken percent-encoding where a route matches."""
        names = {seen.answer.headers.get("x-powered-by", "") for seen in self._mounted.values() if seen.answer}
        return "Express, as which the server names itself, fails where a route matches" if names == {"Express"} else ""

    def _find_refusing(self, witnesses: Sequence[Question]) -> str:
        """Return that mounted routes refuse OPTIONS with 405, where all that were asked do."""
        asked = witnesses[:_WITNESSES]
        for question in asked:
            answer = self._probes.options(question.probe.at(self._probes.absent), self._token)
            refused = answer is not None and answer.status == 405  # noqa: PLR2004 - RFC 9110 section 15.5.6
            if answer is None or not refused or question.method not in allowed_methods(answer):
                return ""
        return f"mounted ones such as {asked[0].method} {asked[0].path} answer 405 with Allow" if asked else ""

    def _find_knowing(self, segment: str) -> str:
        """Return that routes below a prefix ask for a token, and then answer an unknown name in words of their own."""
        for question, seen in self._mounted.items():
            unknown = seen.answer is not None and seen.answer.status == 404  # noqa: PLR2004 - RFC 9110 section 15.5.5
            refuses = seen.bare is not None and seen.bare.status in _REFUSING
            if not (question.probe.has_parameter and _first_segment(question) == segment and unknown and refuses):
                continue
            look = self._with_bare(question, seen).bare_look
            if look is not None and look.state is MountState.MOUNTED:
                return f"{question.method} {question.path} asks for a token, and knows a name that does not exist"
        return ""

    def _control_paths(self, question: Question) -> tuple[str, ...]:
        return question.probe.controls(self._probes.absent, self._probes.nowhere)

    def _auth(self, question: Question) -> str | None:
        return self._token if question.auth else None

    def _ask(self, question: Question) -> tuple[Exchange | None, str]:
        probe, auth = question.probe, self._auth(question)
        path = probe.at(self._probes.absent)
        try:
            return self._budget.send(probe.method, path, auth=auth, json=probe.body), ""
        except TargetGoneError:
            raise
        except NotJudgedError as refused:
            return None, refused.reason
        except ClauseViolatedError as broken:
            return None, broken.actual

    def _ask_bare(self, question: Question) -> Exchange | None:
        probe = question.probe
        if self._auth(question) is None or question.problem:
            return None
        return self._probes.guarded(probe.method, probe.at(self._probes.absent), auth=None, json=probe.body)

    def _is_first_of_prefix(self, path: str) -> bool:
        """Return whether a control is the first below its prefix; the others need not be asked twice."""
        prefix = path.split("/")[1] if path.count("/") > 1 and not self._sparing else ""
        with self._doubling:
            first = prefix not in self._doubled
            self._doubled.add(prefix)
        return first

    @staticmethod
    def _each(pool: ThreadPoolExecutor, ask: Callable[[T], R], values: Iterable[T]) -> Iterator[R]:
        return pool.map(ask, values)


def _first_segment(question: Question) -> str:
    return question.path.split("/")[1]


def _is_mounted(seen: Observed) -> bool:
    return not is_doubtful(seen) and seen.look is not None and seen.look.state is MountState.MOUNTED


def _looks_missing(seen: Observed) -> bool:
    return seen.look is not None and seen.look.state is MountState.MISSING


def _is_documented(question: Question, answer: Exchange | None) -> bool:
    operation = question.operation
    if operation is None or answer is None or answer.status not in operation.statuses:
        return False
    return not operation.response_problems(answer.status, answer.media_type, answer.content)


def _is_settled(seen: Observed) -> bool:
    """Return whether an answer is one that the contract documents: then no further control is needed."""
    return (
        seen.documented
        and seen.answer is not None
        and seen.answer.status not in _REFUSING
        and seen.look is not None
        and seen.look.state is MountState.MOUNTED
    )
