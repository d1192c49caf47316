"""The cause of each finding of a verification, by the rules of the diagnosis. Pure.

For each finding the rules are asked what they say of its own facts alone: its operation's route, its own answer, its
own experiment. What they are sure of, and what such a finding can come from, is its cause; where that follows from
another one, the root is. Where no rule is sure, a finding has no cause: one that is wrong costs more than none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Final

from dtma_contract.diagnosis.diagnosis import Diagnosis, ToldCause, diagnose
from dtma_contract.diagnosis.facts import Facts, Question, RouteState
from dtma_contract.routes import Cell
from dtma_contract.verdict import Finding, Outcome

__all__ = ["CERTAIN", "Attributed", "Attribution", "attribute", "is_shown"]

# Below this a rule says what is likely; from here on it has seen what tells its cause from others.
CERTAIN: Final = 0.75

_ROUTES: Final = ("stale-image", "route-not-mounted", "route-shadowed", "route-missing")
_AUTHENTICATION: Final = ("authentication-open", "route-shadowed", "response-drift")
_ENGINE: Final = ("engine-unavailable", "image-unpullable")

# What a finding of a clause can come from; the first pattern that fits counts.
_CANDIDATES: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("*/mounted", _ROUTES),
    ("*/requires-token", _AUTHENTICATION),
    ("*/rejects-*", _AUTHENTICATION),
    ("core.tools.deploy/*", ("stub-deployment", *_ENGINE, "response-drift")),
    ("lifecycle/deploy-creates-running", ("stub-deployment", *_ENGINE, "response-drift")),
    ("lifecycle/unknown-image-leaves-nothing", ("stub-deployment", "engine-unavailable", "response-drift")),
    ("lifecycle/restart-keeps-instances", ("state-lost", "engine-unavailable", "response-drift")),
    ("lifecycle/deploy-at-restart-*", ("state-lost", "engine-unavailable", "response-drift")),
    ("drift/every-route-is-on-the-target", _ROUTES),
    ("drift/*", ("agent-crash-loop", "route-not-mounted", "route-shadowed", "stale-image")),
    ("*", (*_ENGINE, "response-drift")),
)

# Clauses whose experiment shows a cause that looking at the target cannot.
_SHOWING: Final[tuple[tuple[str, frozenset[str]], ...]] = (
    ("lifecycle/deploy-creates-running", frozenset({"stub-deployment"})),
    ("lifecycle/restart-keeps-instances", frozenset({"state-lost"})),
    ("lifecycle/deploy-at-restart-*", frozenset({"state-lost"})),
    # Of the target, drift says that a route is missing; why is for the rules to say.
    ("drift/*", frozenset({"agent-crash-loop", "route-not-mounted", "route-shadowed", "stale-image"})),
)

_SERVER_ERROR = re.compile(r"\b50\d\b")
_SUCCESS = re.compile(r"(?:^|: )20\d\b")

# What a finding itself has to show beside what the rules say of the target.
_FITS: Final[Mapping[str, Callable[[Finding], bool]]] = {
    "authentication-open": lambda finding: finding.cause == "authentication-open",
    "engine-unavailable": lambda finding: bool(_SERVER_ERROR.match(finding.actual)),
    "image-unpullable": lambda finding: bool(_SERVER_ERROR.match(finding.actual)),
    "stub-deployment": lambda finding: finding.cause == "stub-deployment" or bool(_SUCCESS.search(finding.actual)),
}

# A cause of the whole agent: what it follows from is to be sought among all facts, not only those of one finding.
_OF_THE_AGENT: Final = frozenset({"stub-deployment"})

_WITHOUT_TOKEN: Final = ("requires-token", "rejects-malformed-header")


@dataclass(frozen=True, slots=True)
class Attributed:
    """A cause and the findings that come from it.

    Attributes:
        told: the cause, with its remedy.
        clauses: ids of their clauses; those that show the cause itself before those that show what follows from it.
    """

    told: ToldCause
    clauses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Attribution:
    """What the findings of a run come from.

    Attributes:
        causes: those that findings come from, the most telling first.
        by_clause: cause id of each finding that has one, by its clause.
    """

    causes: tuple[Attributed, ...]
    by_clause: Mapping[str, str]


def is_shown(finding: Finding) -> bool:
    """Return whether a clause's own experiment shows the cause that it names."""
    return any(fnmatchcase(finding.clause, pattern) and finding.cause in causes for pattern, causes in _SHOWING)


def attribute(findings: Iterable[Finding], facts: Facts) -> Attribution:
    """Return what findings come from.

    Args:
        findings: of a verification, each with the cause that its test suggests, or None; a suggestion counts as
            what the test saw, never as a cause by itself.
        facts: what the run has seen of its target.
    """
    whole = diagnose(facts)
    found = {
        finding.clause: cause
        for finding in findings
        if finding.outcome is Outcome.VIOLATED and (cause := _cause_of(finding, facts, whole)) is not None
    }
    told = {cause.id: cause for cause in whole.causes}
    for _direct, root in found.values():
        told.setdefault(root.id, root)
    causes = (Attributed(cause, _clauses_of(cause, found)) for cause in told.values())
    return Attribution(
        tuple(each for each in causes if each.clauses), {clause: root.id for clause, (_, root) in found.items()}
    )


def _clauses_of(cause: ToldCause, found: Mapping[str, tuple[str, ToldCause]]) -> tuple[str, ...]:
    clauses = [clause for clause, (_, root) in found.items() if root.id == cause.id]
    # Those that show the cause itself come before those that show what follows from it.
    return tuple(sorted(clauses, key=lambda clause: found[clause][0] != cause.id))


def _cause_of(finding: Finding, facts: Facts, whole: Diagnosis) -> tuple[str, ToldCause] | None:
    """Return the id of the cause that a finding shows, and the root that it follows from."""
    candidates = next(causes for pattern, causes in _CANDIDATES if fnmatchcase(finding.clause, pattern))
    own = diagnose(_narrowed(facts, finding))
    found = [
        cause
        for cause in own.causes
        if cause.id in candidates and cause.confidence >= CERTAIN and _FITS.get(cause.id, _always)(finding)
    ]
    if not found or (finding.operation is None and len(found) > 1):
        # What speaks of several routes, each with a cause of its own, has none.
        return None
    direct = found[0]
    return direct.id, _root(direct, whole if direct.id in _OF_THE_AGENT else own)


def _always(_finding: Finding) -> bool:
    return True


def _root(cause: ToldCause, diagnosis: Diagnosis) -> ToldCause:
    by_id = {each.id: each for each in diagnosis.causes}
    seen = {cause.id}
    root = by_id.get(cause.id, cause)
    while (above := by_id.get(root.follows_from)) and above.id not in seen and above.confidence >= CERTAIN:
        seen.add(above.id)
        root = above
    return root


def _narrowed(facts: Facts, finding: Finding) -> Facts:
    """Return the facts that speak of one finding."""
    own = next((route for route in facts.routes if route.operation == finding.operation), None)
    aspect = finding.clause.rpartition("/")[2]
    left_out: set[Question] = {Question.TOOLS_WRONG_TOKEN} if aspect in _WITHOUT_TOKEN else set()
    return replace(
        facts,
        routes=tuple(_others(facts.routes, own)) if finding.operation else facts.routes,
        answers=tuple(
            answer
            for answer in facts.answers
            if answer.question not in left_out
            and not (answer.question is Question.STRIPPED_HEALTH and own and not _is_below(own, answer.path))
        ),
        broken_promises=_broken(finding),
        shown=tuple(shown for shown in facts.shown if shown.clause == finding.clause),
    )


def _others(routes: Iterable[RouteState], own: RouteState | None) -> Iterable[RouteState]:
    """Yield the routes, the others without what is wrong with them."""
    for route in routes:
        if route is own:
            yield route
        elif route.state is not Cell.ABSENT:
            yield replace(route, secured=route.secured or None)


def _is_below(route: RouteState, asked: str) -> bool:
    return route.path.startswith(asked.rpartition("/")[0] + "/")


def _broken(finding: Finding) -> Mapping[str, str]:
    if finding.cause != "response-drift":
        return {}
    return {finding.operation or finding.clause: f"{finding.clause}: {finding.actual}"}
