"""What answers prove of one route of a live target. Pure.

An absence must be certain. An answer in the shape of the fallback is none yet where the route has a parameter, because
a handler may answer an unknown name in that shape. Then a habit of the same server decides: where every mounted route
fails on broken percent-encoding (Express), or refuses OPTIONS with 405 (Starlette), a route that does neither is not
there. A server without habits leaves it unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dtma_contract.evidence import Exchange
from dtma_contract.mounting import BrokenEncoding, Mounting, MountState, Probe, allowed_methods
from dtma_contract.routes import Cell

__all__ = [
    "Habits",
    "Judged",
    "Observed",
    "asks_for_token",
    "could_be_absent",
    "is_doubtful",
    "judge_route",
    "judge_secured",
]

_REFUSING: Final = frozenset({401, 403})  # RFC 9110 sections 15.5.2 and 15.5.4
_METHOD_NOT_ALLOWED: Final = 405  # RFC 9110 section 15.5.6
_NOT_FOUND: Final = 404  # RFC 9110 section 15.5.5
# What a fallback answers: RFC 9110 sections 15.5.5, 15.5.6, 15.5.11 and 15.6.2. Any other answer that a path which
# does not exist gets as well (a refusal, a redirect, an error) comes from something before the routes.
_FALLBACKS: Final = frozenset({404, 405, 410, 501})
_GATEWAY_ERRORS: Final = frozenset({502, 503, 504})  # RFC 9110 sections 15.6.3 to 15.6.5


@dataclass(frozen=True, slots=True)
class Observed:
    """What was seen of one route.

    Attributes:
        probe: how it is asked for.
        answer: the answer to its own method, with the token where there is one; None where it was not asked for, or
            got no answer.
        look: that answer compared with those to paths that do not exist.
        fallback: status of the answer to such a path; 0 where there is none.
        documented: whether the answer is one that the contract documents for the operation.
        problem: why there is no answer, a sentence without a full stop; empty where there is one.
        bare: the answer without a token, where there is one beside ``answer``.
        bare_look: ``bare`` compared with answers, without a token, to paths that do not exist.
        options: that OPTIONS names the method, or None.
        options_answer: what OPTIONS was answered.
        options_look: that answer compared with the one of OPTIONS for a path that does not exist.
        broken: what broken percent-encoding in its parameter brought about, or None.
    """

    probe: Probe
    answer: Exchange | None = None
    look: Mounting | None = None
    fallback: int = 0
    documented: bool = False
    problem: str = ""
    bare: Exchange | None = None
    bare_look: Mounting | None = None
    options: Mounting | None = None
    options_answer: Exchange | None = None
    options_look: Mounting | None = None
    broken: BrokenEncoding | None = None


@dataclass(frozen=True, slots=True)
class Habits:
    """What every mounted route of the target was seen to do, one sentence each; empty for what not all of them do.

    Attributes:
        chokes: they fail on broken percent-encoding.
        refuses_methods: they refuse OPTIONS with 405 and name their methods.
        knows_names: they answer an unknown name in words of their own, and ask for a token before that.
    """

    chokes: str = ""
    refuses_methods: str = ""
    knows_names: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """What is known of one route.

    Attributes:
        cell: ``mounted``, ``absent`` or ``unknown``.
        detail: what that rests on.
    """

    cell: Cell
    detail: str


def is_doubtful(seen: Observed) -> bool:
    """Return whether the answers to the route's own method leave open whether it is there."""
    return _by_itself(seen) is None


def judge_route(seen: Observed, habits: Habits) -> Judged:
    """Say whether a route is mounted.

    Args:
        seen: what was seen of it.
        habits: of the same target.
    """
    return _by_itself(seen) or _by_further_proof(seen, habits) or _left_open(seen)


def _by_itself(seen: Observed) -> Judged | None:
    """Judge by the answer to the route's own method alone; None where that leaves it open."""
    answer, look = seen.answer, seen.look
    if answer is None or look is None or look.state is MountState.UNKNOWN:
        return None
    if answer.status == _METHOD_NOT_ALLOWED:
        # Where every path refuses the method, or the header names it, something before the routes may refuse it.
        # Nothing refuses to read: there another route took the path for its own, and its neighbour's too.
        allowed = allowed_methods(answer)
        refuses_reading = seen.probe.method == "GET" and bool(allowed)
        is_routes = (seen.fallback != _METHOD_NOT_ALLOWED or refuses_reading) and seen.probe.method not in allowed
        return Judged(Cell.ABSENT, look.evidence) if is_routes else None
    if look.state is MountState.MOUNTED:
        # A gateway's own page tells of what stands before the agent.
        return None if answer.status in _GATEWAY_ERRORS and answer.json is None else Judged(Cell.MOUNTED, look.evidence)
    if not seen.probe.has_parameter and _is_fallback(seen) and not asks_for_token(seen):
        return Judged(Cell.ABSENT, look.evidence) if seen.options is None else None
    return None


def _is_fallback(seen: Observed) -> bool:
    """Return whether the answer is one of the end of the line, not of something that stands before the routes."""
    assert seen.answer is not None
    # Pages for every path answer 200; one that keeps the contract for this path, and is given for any, proves nothing.
    is_page = 200 <= seen.answer.status < 300 and not seen.documented and seen.probe.method != "OPTIONS"  # noqa: PLR2004 - RFC 9110 section 15.3
    return seen.answer.status in _FALLBACKS or is_page


def asks_for_token(seen: Observed) -> bool:
    """Return whether the route, unlike paths that do not exist, refuses without a token; then it is mounted."""
    return (
        seen.bare is not None
        and seen.bare.status in _REFUSING
        and seen.bare_look is not None
        and seen.bare_look.state is MountState.MOUNTED
    )


def _by_further_proof(seen: Observed, habits: Habits) -> Judged | None:
    if seen.options is not None:
        return Judged(Cell.MOUNTED, seen.options.evidence)
    if asks_for_token(seen):
        assert seen.bare_look is not None
        return Judged(Cell.MOUNTED, f"without a token, {seen.bare_look.evidence}")
    proof = _proof_of_absence(seen, habits) if could_be_absent(seen) else ""
    looks = f"{seen.look.evidence}; " if seen.look is not None and seen.look.state is MountState.MISSING else ""
    return Judged(Cell.ABSENT, f"{looks}{proof}") if proof else None


def _proof_of_absence(seen: Observed, habits: Habits) -> str:
    """Return by which habit of the server the route would have shown itself; empty where there is none."""
    if habits.chokes and seen.broken is BrokenEncoding.FELL_THROUGH:
        return f"broken percent-encoding in it is answered like that too, on which {habits.chokes}"
    if habits.refuses_methods and _options_find_nothing(seen):
        return f"OPTIONS finds no such path either, where {habits.refuses_methods}"
    lets_in = seen.bare is not None and seen.bare_look is not None and seen.bare_look.state is MountState.MISSING
    if habits.knows_names and lets_in and seen.look is not None and seen.broken is not BrokenEncoding.CHOKED:
        return f"so it is without a token, where {habits.knows_names}"
    return ""


def could_be_absent(seen: Observed) -> bool:
    """Return whether a further proof could make an absence certain: no refusal or error stands before the routes."""
    if seen.answer is None or seen.look is None:
        # It was not asked for with its own method; whatever else was asked must tell.
        return True
    return seen.look.state is MountState.MISSING and seen.answer.status != _METHOD_NOT_ALLOWED and _is_fallback(seen)


def _options_find_nothing(seen: Observed) -> bool:
    answer, look = seen.options_answer, seen.options_look
    return answer is not None and answer.status == _NOT_FOUND and look is not None and look.state is MountState.MISSING


def _left_open(seen: Observed) -> Judged:
    reasons = []
    if seen.problem:
        reasons.append(seen.problem)
    if seen.look is not None:
        reasons.append(seen.look.evidence)
    if seen.broken is BrokenEncoding.CHOKED:
        reasons.append("broken percent-encoding in it shows that the path is there, not with which method")
    elif seen.answer is not None and seen.probe.has_parameter and seen.look and seen.look.state is MountState.MISSING:
        reasons.append("an unknown name may be answered in that shape too")
    if seen.answer is not None and seen.answer.status in _REFUSING:
        reasons.append("what asks for the token stands before the routes")
    return Judged(Cell.UNKNOWN, "; ".join(reasons) or "nothing that is harmless to ask tells")


def judge_secured(seen: Observed, *, with_token: bool) -> bool | None:
    """Say whether a mounted route asks for a token; None where that cannot be told.

    Args:
        seen: what was seen of it.
        with_token: whether ``answer`` was asked for with a token.
    """
    answer, bare = seen.answer, seen.bare if with_token else seen.answer
    if bare is None or answer is None:
        return None
    if bare.status in _REFUSING:
        return True if not with_token or bare.status != answer.status else None
    # The handler itself spoke: it found what was asked for, missed it, or found fault with the request.
    spoke = bare.status // 100 in {2, 4} and (not with_token or bare.status == answer.status)
    if with_token and _is_hidden(answer, bare):
        return None
    return False if spoke else None


def _is_hidden(answer: Exchange, bare: Exchange) -> bool:
    """Return whether two 404 are of different makers: some agents hide what is there from who has no token."""
    return answer.status == bare.status == _NOT_FOUND and _members(answer) != _members(bare)


def _members(answer: Exchange) -> tuple[str, ...] | None:
    return tuple(sorted(answer.json)) if isinstance(answer.json, dict) else None
