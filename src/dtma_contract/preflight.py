"""Whether a target can be judged at all: a dead one, a dead token or another service is one finding, not hundreds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

from dtma_contract.agent import VALID, Agent
from dtma_contract.contract import Contract, Operation
from dtma_contract.errors import TargetUnusableError
from dtma_contract.evidence import Exchange
from dtma_contract.judgement import ClauseViolatedError, NotJudgedError, RateLimitedError, TargetGoneError

__all__ = ["PREFLIGHT_PATIENCE", "Facts", "Silence", "is_dtma", "judge", "look", "preflight"]

# The promise is one finding within 5 seconds, start-up included.
PREFLIGHT_PATIENCE = 2.5

_REFUSING = {401, 403, 404}
_GATEWAY_ERRORS = {502, 503, 504}  # RFC 9110 sections 15.6.3 to 15.6.5

_HINTS = {
    "name-unresolvable": "Check the host name for a typing error, or use the droplet's IP address.",
    "connection-refused": "Check `docker ps -a --filter name=dtma_manager` and `docker logs dtma_manager` on the host; "
    "the agent listens on port 30000.",
    "connection-timeout": "A firewall may drop the packets, or the host hangs; check `ufw status` there, and that port "
    "30000 is open.",
    "tls-failure": "The agent speaks plain HTTP: try http://; behind a proxy, check its certificate.",
    "not-a-dtma": "Check host and port; the agent listens on port 30000.",
    "proxy-no-upstream": "Something in front of the agent answers; check that the agent runs and that the proxy's "
    "upstream points to it.",
    "token-rejected": "Use this droplet's own token: the value of DTMA_BEARER_TOKEN or BACKEND_TO_DTMA_API_KEY in the "
    "agent's environment.",
    "rate-limited": "Something counts its callers, mostly a proxy in front of the agent: ask again when the time is "
    "over, or ask the agent's own port, 30000.",
    "token-not-configured": "Set DTMA_BEARER_TOKEN (or BACKEND_TO_DTMA_API_KEY) in the agent's environment and start "
    "its container again.",
}

# What the fence reports, as a cause. A port that accepts and closes is a published port with nothing behind it.
_CAUSE_OF_FAILURE = {
    "name-unresolvable": "name-unresolvable",
    "connection-refused": "connection-refused",
    "connection-reset": "connection-refused",
    "connection-timeout": "connection-timeout",
    "response-timeout": "connection-timeout",
    "tls-failure": "tls-failure",
    "rate-limited": "rate-limited",
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


def preflight(base_url: str, contract: Contract, target: str, token_env: str) -> Facts:
    """Ask a target a few harmless questions and refuse it when it cannot be judged.

    Args:
        base_url: the fence's URL.
        contract: the contract.
        target: the target's URL, for messages.
        token_env: name of the variable that holds the token, for messages.

    Raises:
        TargetUnusableError: it is dead, no DTMA, or refuses the token; with the cause id.
    """
    facts = look(base_url, contract)
    judge(facts, contract, target, token_env)
    return facts


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
        failure = broken.exchange.headers["x-dtmac-fence"].partition(";")[2].strip() if broken.exchange else ""
        return Silence(failure, broken.actual)
    except RateLimitedError as limited:
        return Silence("rate-limited", limited.reason)
    except NotJudgedError as refused:
        return Silence("refused", refused.reason)


def judge(facts: Facts, contract: Contract, target: str, token_env: str) -> None:
    """Raise when the facts show that the target cannot be judged. Pure; arguments as in :func:`preflight`.

    Without a name of a variable nothing is said of the token: none was sent.

    Raises:
        TargetUnusableError: with the cause id.
    """
    if not is_dtma(facts):
        raise _no_dtma(facts, target)
    tools, tools_status = facts.tools, facts.tools_status
    if not token_env or not isinstance(tools, Exchange):
        # A route that does not answer is the finding of its clauses.
        return
    # One route that refuses a good token is that route's finding; all of them mean that the token is not good.
    if tools.status in {401, 403} and not (isinstance(tools_status, Exchange) and tools_status.status not in _REFUSING):
        operation = contract.operation("core.tools.list")
        raise _unusable(
            "token-rejected",
            f"{target} refuses the token in {token_env}: {operation.method} {operation.path} is {tools.describe()}.",
        )
    if tools.status >= 500 and "configuration error" in tools.text.lower():  # noqa: PLR2004 - server errors
        raise _unusable("token-not-configured", f"{target} has no token configured: {tools.describe()}.")


def _no_dtma(facts: Facts, target: str) -> TargetUnusableError:
    if not facts.answers:
        # All four failed, mostly in the same way; the first question is the plainest.
        assert isinstance(facts.root, Silence)
        cause = _CAUSE_OF_FAILURE.get(facts.root.failure, "not-a-dtma")
        said = "cannot be asked" if cause == "rate-limited" else "does not answer"
        return _unusable(cause, f"{target} {said}: {facts.root.detail}.")
    for answer in (facts.root, facts.status):
        if isinstance(answer, Exchange) and answer.status in _GATEWAY_ERRORS and answer.json is None:
            return _unusable("proxy-no-upstream", f"{target} answers {answer.describe()}, which is a proxy's page.")
    for answer in facts.answers:
        host = urlsplit(answer.headers.get("location", "")).hostname
        if 300 <= answer.status < 400 and host and host != urlsplit(target).hostname:  # noqa: PLR2004 - RFC 9110 section 15.4
            return _unusable("not-a-dtma", f"{target} redirects to another host ({host}), which is not followed.")
    shown = facts.answers[0]
    return _unusable("not-a-dtma", f"{target} answers, but not as a DTMA: GET {shown.target} is {shown.describe()}.")


def is_dtma(facts: Facts) -> bool:
    """Return whether an agent answered, however well. Pure."""
    # Any one of these will do: an agent that breaks one promise is still the agent, and to be judged.
    root, status = (answer if isinstance(answer, Exchange) else None for answer in (facts.root, facts.status))
    return (
        (root is not None and root.member("service") is not None and root.member("endpoints") is not None)
        or (status is not None and status.member("service") == "DTMA")
        or (
            status is not None
            and status.member("environment") is not None
            and status.member("tool_instances") is not None
        )
    )


def _unusable(cause: str, message: str) -> TargetUnusableError:
    return TargetUnusableError(message, _HINTS[cause], cause=cause)
