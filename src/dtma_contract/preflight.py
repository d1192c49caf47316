"""Whether a target can be judged at all: a dead one, a dead token or another service is one finding, not hundreds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from dtma_contract.agent import VALID, Agent
from dtma_contract.clock import now
from dtma_contract.contract import Contract, Operation
from dtma_contract.diagnosis import facts as observed
from dtma_contract.diagnosis.facts import AuthSent, NetworkStep, Question, StepName
from dtma_contract.diagnosis.reading import is_agent
from dtma_contract.diagnosis.usability import hint_of, message_of, why_unusable
from dtma_contract.errors import TargetUnusableError
from dtma_contract.evidence import Exchange
from dtma_contract.judgement import ClauseViolatedError, NotJudgedError, RateLimitedError, TargetGoneError
from dtma_contract.observation.questions import Asked, answer_of, unanswered

__all__ = [
    "PREFLIGHT_PATIENCE",
    "Facts",
    "Silence",
    "gone_facts",
    "is_dtma",
    "judge",
    "judge_observed",
    "look",
    "observed_facts",
]

# The promise is one finding within 5 seconds, start-up included.
PREFLIGHT_PATIENCE = 2.5

# Nothing is wrong with the agent then, so that this is no cause of the diagnosis.
_RATE_LIMITED = "rate-limited"
_RATE_LIMITED_HINT = (
    "Something counts its callers, mostly a proxy in front of the agent: ask again when the time is over, or ask the "
    "agent's own port, 30000."
)

# What the fence says of a connection that did not come about, as the step at which it ended.
_STEPS = {
    "name-unresolvable": StepName.RESOLVE,
    "connection-refused": StepName.CONNECT,
    "connection-timeout": StepName.CONNECT,
    "tls-failure": StepName.TLS,
}


@dataclass(frozen=True, slots=True)
class Silence:
    """A request that got no proper answer.

    Attributes:
        failure: the fence's id of what went wrong; ``response-timeout`` where patience ended first.
        detail: what was seen, without a full stop.
    """

    failure: str
    detail: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What a few harmless requests showed.

    Attributes:
        root: answer of ``GET /``.
        status: answer of ``GET /status``.
        tools: answer of ``GET /tools`` with the token.
        tools_status: answer of ``GET /tools/status`` with the token.
    """

    root: Exchange | Silence
    status: Exchange | Silence
    tools: Exchange | Silence
    tools_status: Exchange | Silence

    @property
    def answers(self) -> tuple[Exchange, ...]:
        """All proper answers."""
        asked = (self.root, self.status, self.tools, self.tools_status)
        return tuple(answer for answer in asked if isinstance(answer, Exchange))


def look(base_url: str, contract: Contract, auth: str | None = VALID) -> Facts:
    """Ask a target a few harmless questions, and judge nothing.

    Args:
        base_url: the fence's URL.
        contract: the contract.
        auth: value of the Authorization header for what asks for a token; None where there is no token.
    """
    agent = Agent(base_url, patience=PREFLIGHT_PATIENCE)
    try:
        # At once, so that a target which answers none of them takes no more time than for one.
        with ThreadPoolExecutor(4) as pool:
            root = pool.submit(_ask, agent, contract.operation("core.service"), None)
            status = pool.submit(_ask, agent, contract.operation("core.status"), None)
            tools = pool.submit(_ask, agent, contract.operation("core.tools.list"), auth)
            tools_status = pool.submit(_ask, agent, contract.operation("core.tools.status"), auth)
            return Facts(root.result(), status.result(), tools.result(), tools_status.result())
    finally:
        agent.close()


def _ask(agent: Agent, operation: Operation, auth: str | None) -> Exchange | Silence:
    try:
        return agent.call(operation, auth=auth)
    except TargetGoneError as gone:
        if "Timeout" in gone.reason:
            return Silence("response-timeout", f"no answer within {PREFLIGHT_PATIENCE:g} s")
        failure, _, detail = gone.reason.partition(": ")
        return Silence(failure, detail.rstrip("."))
    except ClauseViolatedError as broken:
        if broken.exchange is None:
            return Silence("", broken.actual)
        failure = broken.exchange.headers["x-dtmac-fence"].partition(";")[2].strip()
        return Silence(failure, str(broken.exchange.member("detail") or broken.actual))
    except NotJudgedError as refused:
        return Silence(_RATE_LIMITED if isinstance(refused, RateLimitedError) else "refused", refused.reason)


def judge(facts: Facts, contract: Contract, target: str, token_env: str) -> None:
    """Raise when the facts show that the target cannot be judged.

    Args:
        facts: what a few harmless requests showed.
        contract: the contract.
        target: the target's URL, for messages.
        token_env: name of the variable that holds the token, for messages.

    Without a name of a variable nothing is said of the token: none was sent.

    Raises:
        TargetUnusableError: with the cause id.
    """
    del contract
    judge_observed(observed_facts(facts, target, token_env))


def judge_observed(facts: observed.Facts) -> None:
    """Raise when what was observed shows that the target cannot be judged.

    Args:
        facts: as a diagnosis reads them.

    Raises:
        TargetUnusableError: with the cause id, and the remedy as its hint.
    """
    if facts.answers and all(answer.failure == _RATE_LIMITED for answer in facts.answers):
        said = f"{facts.target} cannot be asked: {facts.answers[0].detail}."
        raise TargetUnusableError(said, _RATE_LIMITED_HINT, cause=_RATE_LIMITED)
    told = why_unusable(facts)
    if told is not None:
        raise TargetUnusableError(message_of(told, facts.target), hint_of(told, facts), cause=told.id)


def observed_facts(facts: Facts, target: str, token_env: str) -> observed.Facts:
    """Return the answers as a diagnosis reads them; arguments as in :func:`judge`."""
    at = now()
    token = AuthSent.VALID if token_env else AuthSent.NONE
    asked = (
        (Asked(Question.ROOT, "/"), facts.root),
        (Asked(Question.STATUS, "/status"), facts.status),
        (Asked(Question.TOOLS, "/tools", token), facts.tools),
        (Asked(Question.TOOLS_STATUS, "/tools/status", token), facts.tools_status),
    )
    if not facts.answers and isinstance(facts.root, Silence) and facts.root.failure in _STEPS:
        # All four failed, mostly in the same way; the first question is the plainest.
        return _unanswering(facts.root, target, token_env, at)
    answers = tuple(
        answer_of(question, at, seen)
        if isinstance(seen, Exchange)
        else unanswered(question, at, seen.failure, seen.detail.rstrip("."))
        for question, seen in asked
    )
    return observed.Facts(target, at, **_token(token_env), answers=answers)


def gone_facts(reason: str, target: str, token_env: str) -> observed.Facts:
    """Return what is known of a target that stopped answering.

    Args:
        reason: the fence's id of the failure, and behind a colon what was seen.
        target: as in :func:`judge`.
        token_env: likewise.
    """
    failure, _, detail = reason.partition(": ")
    silence = Silence("response-timeout" if "Timeout" in reason else failure, detail.rstrip(".") or failure)
    at = now()
    if silence.failure in _STEPS:
        return _unanswering(silence, target, token_env, at)
    answer = unanswered(Asked(Question.ROOT, "/"), at, silence.failure, silence.detail)
    return observed.Facts(target, at, **_token(token_env), answers=(answer,))


def _unanswering(silence: Silence, target: str, token_env: str, at: str) -> observed.Facts:
    step = NetworkStep(_STEPS[silence.failure], silence.failure, silence.detail.rstrip("."), at)
    return observed.Facts(target, at, **_token(token_env), network=(step,))


def _token(token_env: str) -> dict[str, Any]:
    return {"has_token": True, "token_env": token_env} if token_env else {}


def is_dtma(facts: Facts) -> bool:
    """Return whether a DTMA answers: an agent that breaks one promise is still the agent, and to be judged."""
    return is_agent(observed_facts(facts, "", ""))
