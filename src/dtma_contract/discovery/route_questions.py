"""How a route is asked about without harm: which request is sent for it, and which never is. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from dtma_contract.contract import EffectLevel, Operation
from dtma_contract.mounting import Probe
from dtma_contract.routes import ALL_METHODS

__all__ = ["Question", "harmless_probe", "question_of_operation", "question_of_route"]

_SENT_AS_SUCH: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_METHOD: Final = re.compile(r"[A-Z]{3,10}")

# Literals and parameters; no wildcard, no regular expression, no part that could not be resolved.
_ASKABLE: Final = re.compile(r"(?:/(?:[^/{}*?#\s^$\\|()\[\]]|\{[^{}?/]+\})*)+")

# RFC 9110 section 9.2.1 has GET change nothing, and services break that: where a word of an undocumented path is one of
# these, nothing but OPTIONS is sent to it.
_EFFECTS: Final = frozenset(
    re.findall(
        r"\w+",
        """
        add apply cancel clean clear close cleanup create delete deploy destroy disable disconnect down drop enable exec
        execute flush halt import init install invalidate invoke kill logout migrate off on pause poweroff prune pull
        purge push quit reboot rebuild recreate redeploy refresh register reload remove renew rename reset restart
        restore resume revoke rollback rotate run send set shutdown signal start stop suspend sync terminate toggle
        trigger uninstall unregister unset up update upgrade wipe write
        """,
    )
)


@dataclass(frozen=True, eq=False, slots=True)
class Question:
    """One route to be asked about.

    Attributes:
        method: upper case.
        path: path template as it was given.
        probe: how it is asked for; its method is a harmless one where the route's own is not sent.
        operation: the contract's operation, or None.
        auth: whether its own method is asked for with a token.
        problem: why its own method is never sent; empty where it is.
        unaskable: why nothing at all is asked; empty where something is.
    """

    method: str
    path: str
    probe: Probe
    operation: Operation | None = None
    auth: bool = True
    problem: str = ""
    unaskable: str = ""


def question_of_operation(operation: Operation) -> Question:
    """Return how an operation of the contract is asked about."""
    problem = (
        f"it cannot be asked for without its effect ({operation.effect})"
        if operation.effect.level is EffectLevel.RESTART
        else ""
    )
    probe = Probe.of(operation)
    return Question(operation.method, operation.path, probe, operation, operation.secured, problem)


def question_of_route(method: str, path: str) -> Question:
    """Return how a route that the contract does not have is asked about.

    Its own method is sent only where that is GET, HEAD or OPTIONS and no word of the path speaks of an effect.

    Args:
        method: upper case, or :data:`~dtma_contract.routes.ALL_METHODS`.
        path: path template.
    """
    asked = re.sub(r"\{([^{}?]+)\?\}", r"{\1}", path)
    probe = Probe(method, _quoted(asked))
    if not _METHOD.fullmatch(method) or method == ALL_METHODS:
        return Question(
            method, path, probe, unaskable="it answers every method, and what that brings about is not known"
        )
    if not _ASKABLE.fullmatch(asked) or {".", ".."} & set(asked.split("/")):
        return Question(method, path, probe, unaskable="its path is a pattern, of which no request can be made")
    words = {word for part in asked.split("/") for word in _words(part)}
    if words & _EFFECTS:
        effects = ", ".join(sorted(words & _EFFECTS))
        return Question(method, path, probe, problem=f"it may have an effect, as its path says ({effects})")
    if method not in _SENT_AS_SUCH:
        return Question(method, path, probe, problem=f"it may have an effect, and {method} of it is not documented")
    return Question(method, path, probe)


def _words(part: str) -> list[str]:
    """Return the words of a literal segment, lower case: ``restartAll`` has two."""
    literal = re.sub(r"\{[^{}]*\}", " ", part)
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", literal)]


def _quoted(path: str) -> str:
    return re.sub(
        r"\{[^{}]*\}|[^{}]+",
        lambda match: match[0] if match[0].startswith("{") else quote(match[0], safe="/~!$&'()+,;=:@%"),
        path,
    )


def harmless_probe(question: Question) -> Probe:
    """Return the probe by which broken percent-encoding is asked: of a documented route with its own method.

    The name in it is the run's own, and names nothing. On Express any method tells the same of the path.
    """
    if not question.problem:
        return question.probe
    return Probe("OPTIONS", question.probe.path)
