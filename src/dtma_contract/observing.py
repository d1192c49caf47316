"""What a target shows over the network and over HTTP, for a diagnosis. Nothing on its host is changed.

Every request passes the fence at the effect level ``read``.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import random
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from dtma_contract.agent import VALID, Agent
from dtma_contract.clock import now
from dtma_contract.contract import Contract, EffectLevel
from dtma_contract.diagnosis.facts import Answer, AuthSent, NetworkStep, Origin, Problem, Question, RouteState, StepName
from dtma_contract.discovery.route_probing import Budget, RouteProbing
from dtma_contract.errors import EngineError, TargetUnusableError
from dtma_contract.evidence import Exchange
from dtma_contract.fence.limits import Limits
from dtma_contract.fence.process import FenceProcess
from dtma_contract.fence.service import check_token
from dtma_contract.fence.settings import FenceSettings
from dtma_contract.judgement import NotJudgedError, TargetGoneError
from dtma_contract.observation.promises import broken_promises
from dtma_contract.observation.questions import (
    Asked,
    answer_of,
    distinct,
    first_questions,
    further_questions,
    prefixed_questions,
    unanswered,
    unresolvable_deploy,
)
from dtma_contract.observation.route_states import observe_routes
from dtma_contract.preflight import Facts, Silence, is_dtma, judge
from dtma_contract.probes.network import observe_network, speaks_tls, stays_open
from dtma_contract.run_identity import RunIdentity

__all__ = ["MOST_REQUESTS", "HttpFacts", "observe_http"]

# All that a target gets, the clean-up's look for what it may have made among them.
MOST_REQUESTS: Final = 60
_CLEANING_REQUESTS: Final = 6

# The first questions go out at once, so that a target which answers none takes no longer than for one.
_AT_ONCE: Final = 10
# A resolver that answers slowly holds a real agent's refusal up; a stub says yes at once.
_LIMITS: Final = Limits(
    connect_seconds=3.0,
    response_seconds=3.0,
    read_seconds=3.0,
    create_seconds=1.5,
    idle_seconds=2.0,
    concurrency=_AT_ONCE,
)
# Longer than the fence's bounds, so that it is the fence that says what went wrong.
_PATIENCE: Final = 9.0
# No question is begun later than that after the first one.
_ASKING_SECONDS: Final = 4.0
# The same for optional routes, of which few faults are faults of the agent.
_OPTIONAL_SECONDS: Final = 1.2

_REFUSING: Final = frozenset({401, 403})
_UNAVAILABLE: Final = 503  # RFC 9110 section 15.6.4; what nginx answers beyond its limits
# How a server of TLS ends a connection on which plain HTTP is spoken.
_BROKEN: Final = frozenset({"connection-reset", "response-malformed"})


@dataclass(frozen=True, slots=True)
class HttpFacts:
    """What a target shows over HTTP.

    Attributes:
        network: the steps below HTTP, up to the first that failed; then there is nothing else.
        answers: the questions in the order in which they were asked.
        routes: what is known of the contract's routes; empty where no agent answers.
        broken_promises: what answers of mounted operations lack, a sentence without a full stop, by operation id.
        problems: probes that failed.
        requests: how many requests the target got.
    """

    network: tuple[NetworkStep, ...] = ()
    answers: tuple[Answer, ...] = ()
    routes: tuple[RouteState, ...] = ()
    broken_promises: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    requests: int = 0


def observe_http(
    target: str,
    contract: Contract,
    token: str | None,
    *,
    token_env: str = "DTMA_BEARER_TOKEN",  # noqa: S107 - the name of a variable
    instance: str = "",
    folder: Path | None = None,
    patience: float = 3.0,
) -> HttpFacts:
    """Return what a target shows below HTTP and, where it accepts connections, over HTTP.

    Args:
        target: its URL.
        contract: the contract.
        token: the secret, or None.
        token_env: name of the variable that it came from.
        instance: name of the instance that is asked about; empty for none.
        folder: for the fence's record of all exchanges; a temporary one by default.
        patience: seconds that each step below HTTP may take.

    Raises:
        UsageError: the token is unusable.
    """
    check_token(token, token_env)
    # The fence takes half a second to start, which the steps below HTTP may take anyway.
    with _fence_starting(target, contract, token, token_env, folder) as starting:
        steps = observe_network(target, patience=patience)
        if any(step.failure or _is_foreign(step.greeting) for step in steps):
            return HttpFacts(steps)
        found = _observe(starting, token_env=token_env if token else "", instance=instance)
        broken = found.answers and all(answer.failure in _BROKEN for answer in found.answers)
        return replace(found, network=_looked_into(target, steps) if broken and target.startswith("http:") else steps)


def _looked_into(target: str, steps: tuple[NetworkStep, ...]) -> tuple[NetworkStep, ...]:
    """Return the steps with what else tells why every request breaks the connection."""
    with ThreadPoolExecutor(2) as beside:
        secure, waits = beside.submit(speaks_tls, target), beside.submit(stays_open, target)
    *earlier, last = steps
    seen = (*earlier, replace(last, stays_open=waits.result()) if last.name is StepName.CONNECT else last)
    lacked = secure.result()
    return (*seen, lacked) if lacked else seen


def _is_foreign(greeting: str) -> bool:
    """Return whether what was said unasked is another protocol's; then there is nobody to ask over HTTP."""
    return bool(greeting) and not greeting.startswith("HTTP/")


@contextlib.contextmanager
def _fence_starting(
    target: str, contract: Contract, token: str | None, token_env: str, folder: Path | None
) -> Iterator[Future[FenceProcess]]:
    with tempfile.TemporaryDirectory(prefix="dtmac-observing-") as temporary, ThreadPoolExecutor(1) as pool:
        settings = FenceSettings(
            target=target,
            identity=RunIdentity.new(dt.datetime.now(tz=dt.UTC), random.SystemRandom()),
            contract=contract,
            folder=folder or Path(temporary),
            effects=EffectLevel.READ,
            probe_image="",
            token_env=token_env,
            limits=_LIMITS,
            # Where this process is killed, the fence is there still.
            is_temporary=folder is None,
        )
        starting = pool.submit(FenceProcess.start, settings, token)
        try:
            yield starting
        finally:
            # An interrupt may come while it starts; it must not be left behind.
            if starting.exception() is None:
                starting.result().close()


def _observe(starting: Future[FenceProcess], *, token_env: str, instance: str) -> HttpFacts:
    try:
        fence = starting.result()
    except EngineError as problem:
        return HttpFacts(problems=(Problem(Origin.HTTP, "everything over HTTP", str(problem).rstrip("."), now()),))
    observer = _Observer(fence, token_env)
    try:
        observer.run(instance)
    except Exception as problem:  # noqa: BLE001 - a probe that breaks is a fact too, and what was seen before it stays
        observer.problem("the rest over HTTP", f"{type(problem).__name__}: {problem}")
    finally:
        observer.close()
    requests = observer.spent
    # Cleaning up may ask the target once more.
    with contextlib.suppress(EngineError):
        fence.finish()
        status = fence.status()
        requests = status.exchanges - sum(status.refused.values())
    fence.close()
    return observer.facts(requests)


class _Observer:
    """Asks one target, and keeps what it showed so far."""

    def __init__(self, fence: FenceProcess, token_env: str) -> None:
        self._contract = fence.settings.contract
        self._target = fence.settings.target
        self._run = fence.settings.identity
        self._token_env = token_env
        self._token = AuthSent.VALID if token_env else AuthSent.NONE
        self._agent = Agent(fence.base_url, patience=_PATIENCE)
        self._budget = Budget(self._agent, MOST_REQUESTS - _CLEANING_REQUESTS, seconds=_ASKING_SECONDS)
        self._pool = ThreadPoolExecutor(_AT_ONCE)
        self._at_once = _AT_ONCE
        self._answers: list[Answer] = []
        self._exchanges: list[Exchange] = []
        self._routes: list[RouteState] = []
        self._problems: list[Problem] = []

    @property
    def spent(self) -> int:
        """How many requests it sent."""
        return self._budget.spent

    def close(self) -> None:
        """Wait for what was asked, and close all connections."""
        self._pool.shutdown(cancel_futures=True)
        self._agent.close()

    def problem(self, asked: str, detail: str) -> None:
        """Take in that a probe failed."""
        self._problems.append(Problem(Origin.HTTP, asked, detail.rstrip("."), now()))

    def facts(self, requests: int) -> HttpFacts:
        """Return what is known."""
        lacking = broken_promises(self._contract, self._exchanges, self._routes) if self._routes else {}
        return HttpFacts(
            answers=tuple(self._answers),
            routes=tuple(self._routes),
            broken_promises=lacking,
            problems=tuple(self._problems),
            requests=requests,
        )

    def run(self, instance: str) -> None:
        """Ask everything."""
        first = self._ask(first_questions(self._run, self._token))
        if not self._exchanges:
            return
        first = self._again(first)
        facts = Facts(
            root=_seen(first[Question.ROOT]),
            status=_seen(first[Question.STATUS]),
            tools=_seen(first[Question.TOOLS]),
            tools_status=_seen(first[Question.TOOLS_STATUS]),
        )
        lists = isinstance(facts.tools, Exchange) and isinstance(facts.tools.member("tools"), list)
        if not is_dtma(facts) and not lists:
            self._ask(prefixed_questions())
            return
        # Only to an agent is anything but GET sent. It may take long, and runs beside the rest.
        deploying = self._pool.submit(self._ask_one, unresolvable_deploy(self._run, self._token))
        health, bare = first[Question.HEALTH][1], first[Question.TOOLS_WITHOUT_TOKEN][1]
        has_health = health is not None and health.status == self._contract.operation("core.health").success
        is_closed = bare is not None and bare.status in _REFUSING
        try:
            self._ask(further_questions(self._token, instance, has_health=has_health, is_closed=is_closed))
            self._ask_routes(has_token=self._accepts_token(facts))
        except TargetGoneError as gone:
            self.problem("the rest of the routes", gone.reason)
        finally:
            answer, exchange = deploying.result()
            self._take_in([answer], exchange)

    def _ask_routes(self, *, has_token: bool) -> None:
        self._budget.remember(self._exchanges)
        probing = RouteProbing(self._budget, self._run, has_token=has_token, at_once=self._at_once, sparing=True)
        observe_routes(
            self._contract,
            probing,
            self._run,
            self._exchanges,
            has_token=has_token,
            note=self._routes.extend,
            hurry=lambda: self._budget.end_after(_OPTIONAL_SECONDS),
        )

    def _accepts_token(self, facts: Facts) -> bool:
        """Return whether a token reaches what is behind it, as far as the agent has one."""
        if not self._token_env:
            return False
        try:
            judge(facts, self._contract, self._target, self._token_env)
        except TargetUnusableError as problem:
            return problem.cause == "token-not-configured"
        return True

    def _again(
        self, first: dict[Question, tuple[Answer, Exchange | None]]
    ) -> dict[Question, tuple[Answer, Exchange | None]]:
        """Return the first answers; where a proxy refused some for their number, all of them asked one by one."""
        refused = [
            exchange for exchange in self._exchanges if exchange.status == _UNAVAILABLE and exchange.json is None
        ]
        if not refused or len(refused) == len(self._exchanges):
            return first
        self._at_once = 1
        self._answers.clear()
        self._exchanges.clear()
        return self._ask(first_questions(self._run, self._token))

    def _ask(self, questions: Iterable[Asked]) -> dict[Question, tuple[Answer, Exchange | None]]:
        """Ask all at once; return the first answer to each question, and what it was made of."""
        groups = list(distinct(questions).values())
        found: dict[Question, tuple[Answer, Exchange | None]] = {}
        ask = self._pool.map if self._at_once > 1 else map
        sent = ask(lambda group: self._ask_one(group[0]), groups)
        for group, (answer, exchange) in zip(groups, sent, strict=True):
            answers = [_answer_to(asked, answer) for asked in group]
            self._take_in(answers, exchange)
            for same in answers:
                found.setdefault(same.question, (same, exchange))
        return found

    def _take_in(self, answers: Iterable[Answer], exchange: Exchange | None) -> None:
        self._answers.extend(answers)
        if exchange is not None:
            self._exchanges.append(exchange)

    def _ask_one(self, asked: Asked) -> tuple[Answer, Exchange | None]:
        headers = {AuthSent.NONE: None, AuthSent.VALID: VALID, AuthSent.WRONG: f"Bearer {self._run.name('wrong')}"}
        at = now()
        try:
            exchange = self._budget.exchange(asked.method, asked.path, auth=headers[asked.auth], json=asked.body)
        except TargetGoneError as gone:
            timed_out = "Timeout" in gone.reason
            return unanswered(asked, at, "response-timeout" if timed_out else "fence-unreachable", gone.reason), None
        except NotJudgedError as refused:
            return unanswered(asked, at, "not-asked", refused.reason), None
        answer = answer_of(asked, at, exchange)
        return answer, None if answer.failure else exchange


def _answer_to(asked: Asked, answer: Answer) -> Answer:
    return replace(answer, question=asked.question)


def _seen(told: tuple[Answer, Exchange | None]) -> Exchange | Silence:
    answer, exchange = told
    return exchange if exchange is not None else Silence(answer.failure, answer.detail)
