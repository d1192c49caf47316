"""Whether a target can be judged at all, by the rules of the diagnosis: one cause, or none. Pure."""

from __future__ import annotations

from typing import Final

from dtma_contract.diagnosis.diagnosis import ToldCause, diagnose, told_cause
from dtma_contract.diagnosis.facts import Facts, Question
from dtma_contract.diagnosis.reading import is_agent
from dtma_contract.diagnosis.suspicion import Suspicion, of_answer

__all__ = ["hint_of", "message_of", "why_unusable"]

_REFUSING: Final = frozenset({401, 403})
_SERVER_ERRORS: Final = 500  # RFC 9110 section 15.6

# With one of these an agent answers, and nothing that needs the token can be judged.
_NO_TOKEN: Final = frozenset({"token-rejected", "token-not-configured"})


def why_unusable(facts: Facts) -> ToldCause | None:
    """Return why a target cannot be judged; None where it can.

    Args:
        facts: at least the answers to the questions of the preflight, or the step below HTTP that failed.
    """
    causes = diagnose(facts).causes
    if not is_agent(facts):
        # What no rule knows answers in a way that no agent does.
        return causes[0] if causes else _stranger(facts)
    listing = facts.answer(Question.TOOLS) if facts.has_token else None
    if listing is None or not (listing.status in _REFUSING or listing.status >= _SERVER_ERRORS):
        # A route that does not answer, or is not there, is the finding of its clauses.
        return None
    return next((cause for cause in causes if cause.id in _NO_TOKEN), None)


def _stranger(facts: Facts) -> ToldCause:
    return told_cause(Suspicion("not-a-dtma", 0.5, tuple(of_answer(answer) for answer in facts.answers[:1])), facts)


def message_of(told: ToldCause, target: str) -> str:
    """Return what was observed, in one or two sentences that name the target."""
    seen = f" {told.evidence[0].observed.rstrip('.')}." if told.evidence else ""
    return f"{target}: {told.title}{seen}"


def hint_of(told: ToldCause, facts: Facts) -> str:
    """Return what to do next, in one line."""
    first = f" Begin with `{told.remedy.commands[0].partition('   #')[0]}`." if told.remedy.commands else ""
    return f"{told.remedy.text}{first} `dtma-contract diagnose --target {facts.target}` looks further."
