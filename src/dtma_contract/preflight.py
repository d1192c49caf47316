"""Whether a target can be judged at all: a dead one, a dead token or another service is one finding, not hundreds."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from dtma_contract.agent import Agent
from dtma_contract.contract import Contract
from dtma_contract.errors import TargetUnusableError
from dtma_contract.evidence import Exchange
from dtma_contract.judgement import ClauseViolatedError, NotJudgedError, TargetGoneError

__all__ = ["PREFLIGHT_PATIENCE", "Facts", "judge", "preflight"]

# The promise is one finding within 5 seconds, start-up included.
PREFLIGHT_PATIENCE = 3.0

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
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a few harmless requests showed.

    Attributes:
        root: answer of ``GET /``.
        status: answer of ``GET /status``.
        tools: answer of ``GET /tools`` with the token.
        tools_status: answer of ``GET /tools/status`` with the token.
    """

    root: Exchange
    status: Exchange
    tools: Exchange
    tools_status: Exchange

    @property
    def all(self) -> tuple[Exchange, ...]:
        """All answers."""
        return self.root, self.status, self.tools, self.tools_status


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
    agent = Agent(base_url, patience=PREFLIGHT_PATIENCE)
    try:
        facts = Facts(
            root=agent.call(contract.operation("core.service"), auth=None),
            status=agent.call(contract.operation("core.status"), auth=None),
            tools=agent.call(contract.operation("core.tools.list")),
            tools_status=agent.call(contract.operation("core.tools.status")),
        )
    except TargetGoneError as gone:
        # A client that ran out of patience saw a target that accepts and does not answer.
        failure = "response-timeout" if "Timeout" in gone.reason else gone.reason.partition(":")[0]
        cause = _CAUSE_OF_FAILURE.get(failure, "not-a-dtma")
        detail = f"no answer within {PREFLIGHT_PATIENCE:.0f} s" if "Timeout" in gone.reason else gone.reason
        raise TargetUnusableError(f"{target} does not answer: {detail}.", _HINTS[cause], cause=cause) from None
    except ClauseViolatedError as broken:
        failure = broken.exchange.headers["x-dtmac-fence"].partition(";")[2].strip() if broken.exchange else ""
        cause = _CAUSE_OF_FAILURE.get(failure, "not-a-dtma")
        raise TargetUnusableError(f"{target}: {broken.actual}.", _HINTS[cause], cause=cause) from None
    except NotJudgedError as refused:
        raise TargetUnusableError(refused.reason, cause="not-a-dtma") from None
    finally:
        agent.close()
    judge(facts, contract, target, token_env)
    return facts


def judge(facts: Facts, contract: Contract, target: str, token_env: str) -> None:
    """Raise when the facts show that the target cannot be judged. Pure; arguments as in :func:`preflight`.

    Raises:
        TargetUnusableError: with the cause id.
    """
    for answer in (facts.root, facts.status):
        if answer.status in _GATEWAY_ERRORS and answer.json is None:
            raise _unusable("proxy-no-upstream", f"{target} answers {answer.describe()}, which is a proxy's page.")
    for answer in facts.all:
        host = urlsplit(answer.headers.get("location", "")).hostname
        if 300 <= answer.status < 400 and host and host != urlsplit(target).hostname:  # noqa: PLR2004 - RFC 9110 section 15.4
            raise _unusable("not-a-dtma", f"{target} redirects to another host ({host}), which is not followed.")
    if not _is_dtma(facts):
        raise _unusable("not-a-dtma", f"{target} answers, but not as a DTMA: GET / is {facts.root.describe()}.")
    tools = contract.operation("core.tools.list")
    # One route that refuses a good token is that route's finding; all of them mean that the token is not good.
    if facts.tools.status in {401, 403} and facts.tools_status.status in {401, 403, 404}:
        raise _unusable(
            "token-rejected",
            f"{target} refuses the token in {token_env}: {tools.method} {tools.path} is {facts.tools.describe()}.",
        )
    if facts.tools.status >= 500 and "configuration error" in facts.tools.text.lower():  # noqa: PLR2004 - server errors
        raise _unusable("token-not-configured", f"{target} has no token configured: {facts.tools.describe()}.")


def _is_dtma(facts: Facts) -> bool:
    # Any one of these will do: an agent that breaks one promise is still the agent, and to be judged.
    return (
        facts.status.member("service") == "DTMA"
        or (facts.status.member("environment") is not None and facts.status.member("tool_instances") is not None)
        or (facts.root.member("service") is not None and facts.root.member("endpoints") is not None)
    )


def _unusable(cause: str, message: str) -> TargetUnusableError:
    return TargetUnusableError(message, _HINTS[cause], cause=cause)
