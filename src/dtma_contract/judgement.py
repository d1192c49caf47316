"""How a response is judged against the contract, and the three ways in which judging ends early. Pure.

* ClauseViolatedError   the target breaks the clause
* NotJudgedError        nothing can be said, with the reason; never a pass
  x NotOfferedError     the target lacks an optional profile
  x NotAskedError       the run's own limits leave it out
  x TargetGoneError     the target stopped answering
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from dtma_contract.contract import Operation
from dtma_contract.evidence import Exchange

__all__ = [
    "ClauseViolatedError",
    "NotAskedError",
    "NotJudgedError",
    "NotOfferedError",
    "RateLimitedError",
    "TargetGoneError",
    "conforms",
    "require",
    "require_refusal",
    "require_succeeded",
    "require_success",
]

_SHOWN_PROBLEMS = 5


class ClauseViolatedError(AssertionError):
    """The target breaks the clause that is being judged.

    Args:
        actual: what was seen, one sentence.
        expected: what would have been right; any one of them.
        exchange: the request that shows it.
        cause: stable cause id where it is known.
        left: name of a container that the target left behind and does not know of.
        before: requests that have to be sent first to see the same.
    """

    def __init__(
        self,
        actual: str,
        *,
        expected: Iterable[str] = (),
        exchange: Exchange | None = None,
        cause: str | None = None,
        left: str | None = None,
        before: Iterable[Exchange] = (),
    ) -> None:
        self.actual = actual
        self.expected = tuple(expected)
        self.exchange = exchange
        self.cause = cause
        self.left = left
        self.before = tuple(before)
        super().__init__(f"expected {' or '.join(self.expected)}; got {actual}" if self.expected else actual)


class NotJudgedError(Exception):
    """Nothing can be said of the clause.

    Args:
        reason: why, one sentence.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotOfferedError(NotJudgedError):
    """The target lacks the optional profile that the clause belongs to."""


class NotAskedError(NotJudgedError):
    """The run's own limits (effects, depth) leave the clause out."""


class RateLimitedError(NotJudgedError):
    """The target, or what stands in front of it, answers that there were too many requests."""


class TargetGoneError(NotJudgedError):
    """The target stopped answering; the reason begins with the cause id."""


def require(
    held: bool,  # noqa: FBT001 - reads as a sentence: require(status == 200, …)
    actual: str,
    *,
    expected: Iterable[str] = (),
    exchange: Exchange | None = None,
    cause: str | None = None,
) -> None:
    """Raise ClauseViolatedError unless the condition held."""
    if not held:
        raise ClauseViolatedError(actual, expected=expected, exchange=exchange, cause=cause)


def conforms(operation: Operation, exchange: Exchange) -> tuple[str, ...]:
    """Return how an answer deviates from what the contract documents for its status; empty when it does not."""
    if exchange.status not in operation.statuses:
        documented = ", ".join(map(str, sorted(operation.statuses)))
        return (f"status {exchange.status} is not documented (documented: {documented})",)
    if exchange.media_type.endswith("json") and exchange.json is None and exchange.body.strip() != b"null":
        return ("the body is no valid JSON",)
    return operation.response_problems(exchange.status, exchange.media_type, exchange.content)


def _require_status(
    operation: Operation, exchange: Exchange, statuses: Collection[int], cause: str | None = None
) -> None:
    """Raise unless the answer has one of the statuses and keeps its schema."""
    expected = [f"{status} as documented for {operation.id}" for status in sorted(statuses)]
    if cause is None and 200 <= exchange.status < 300 and operation.success in statuses:  # noqa: PLR2004 - RFC 9110 15.3
        cause = "response-drift"
    require(exchange.status in statuses, exchange.describe(), expected=expected, exchange=exchange, cause=cause)
    problems = conforms(operation, exchange)
    shown = "; ".join(problems[:_SHOWN_PROBLEMS])
    require(
        not problems, f"{exchange.status}, but {shown}", expected=expected, exchange=exchange, cause="response-drift"
    )


def require_succeeded(operation: Operation, exchange: Exchange) -> None:
    """Raise unless the answer is some success; which one, and its schema, is the business of the success clause."""
    expected = [f"{operation.success} as documented for {operation.id}"]
    succeeded = 200 <= exchange.status < 300  # noqa: PLR2004 - RFC 9110 section 15.3
    require(succeeded, exchange.describe(), expected=expected, exchange=exchange)


def require_success(operation: Operation, exchange: Exchange, cause: str | None = None) -> None:
    """Raise unless the answer is the documented success, schema included."""
    _require_status(operation, exchange, {operation.success}, cause)


def require_refusal(operation: Operation, exchange: Exchange, *statuses: int, cause: str | None = None) -> None:
    """Raise unless the answer is one of these documented refusals, schema included."""
    _require_status(operation, exchange, statuses, cause)
