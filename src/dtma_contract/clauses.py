"""The clauses of a contract: the document's operations times the aspects, and the scripted ones. Pure."""

from __future__ import annotations

import fnmatch
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from dtma_contract.contract import Contract, Effect, EffectLevel, Operation
from dtma_contract.errors import UsageError, closest
from dtma_contract.verdict import Clause, Level

__all__ = ["above", "aspect_of", "clauses_of", "names", "select"]

# What the word behind `applies` means.
_APPLIES: Mapping[str, Callable[[Operation], bool]] = {
    "all": lambda _operation: True,
    # Further requests to restart or redeploy only do the same again.
    "repeatable": lambda operation: operation.effect not in {Effect.RESTART, Effect.REDEPLOY},
    "secured": lambda operation: operation.secured,
    "instance": lambda operation: operation.subject is not None and operation.subject.kind == "instance",
    "group": lambda operation: operation.subject is not None and operation.subject.kind == "group",
    "body": lambda operation: operation.request_schema is not None,
    "fields": lambda operation: bool(operation.required_fields),
}


# The clauses that speak of code, and of no operation in particular.
_OF_CODE = "drift/"


def clauses_of(contract: Contract, document: Any, origin: str = "the list of clauses") -> tuple[Clause, ...]:
    """Return all clauses, those of the operations first, in the order of the documents.

    Args:
        contract: the contract.
        document: the decoded list of aspects and clauses.
        origin: how error messages name the list, such as its path.

    Raises:
        UsageError: the list is malformed, or names what the contract does not have.
    """
    try:
        aspects, scripted = document["aspects"], document["clauses"]
        clauses = (
            *(
                Clause(
                    id=f"{operation.id}/{name}",
                    level=Level(aspect["level"]),
                    text=aspect["text"],
                    reason=aspect["reason"],
                    operations=(operation.id,),
                    needs=_needs(aspect, (operation,)),
                )
                for operation in contract.operations
                for name, aspect in aspects.items()
                if _APPLIES[aspect["applies"]](operation)
            ),
            *(_scripted(name, clause, contract) for name, clause in scripted.items()),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise UsageError(
            f"{origin} cannot be read: {type(problem).__name__}: {problem}.",
            "Compare it with the contracts/dtma.clauses.yaml that this version ships.",
        ) from problem
    twice = [name for name, times in Counter(clause.id for clause in clauses).items() if times > 1]
    if twice:
        raise UsageError(f'{origin} has the clause "{twice[0]}" twice.', "Give one of them another id.")
    return clauses


def aspect_of(clause: Clause) -> str:
    """Return what stands behind the slash of the clause's id."""
    return clause.id.rpartition("/")[2]


def select(clauses: Iterable[Clause], selectors: Iterable[str]) -> tuple[Clause, ...]:
    """Return the clauses that the selectors name.

    Args:
        clauses: all clauses.
        selectors: clause ids, ids of operations or profiles (all of their clauses), or patterns with ``*`` and ``?``;
            none selects all.

    Raises:
        UsageError: a selector names nothing.
    """
    known = tuple(clauses)
    wanted = tuple(selectors)
    if not wanted:
        return known
    chosen: set[str] = set()
    for selector in wanted:
        hits = {clause.id for clause in known if names(selector, clause)}
        if not hits:
            words = {word for clause in known for word in (clause.id, *above(clause.id))}
            raise UsageError(
                f'No clause is called "{selector}".',
                closest(selector.lower(), sorted(words)) or "List them with `dtma-contract explain --list`.",
            )
        chosen |= hits
    return tuple(clause for clause in known if clause.id in chosen)


def _scripted(name: str, clause: Mapping[str, Any], contract: Contract) -> Clause:
    operations = tuple(contract.operation(operation) for operation in clause["operations"])
    if not operations and not name.startswith(_OF_CODE):
        raise ValueError(f"{name} speaks of no operation")
    return Clause(
        id=name,
        level=Level(clause["level"]),
        text=clause["text"],
        reason=clause["reason"],
        operations=tuple(operation.id for operation in operations),
        needs=_needs(clause, operations),
    )


def _needs(declared: Mapping[str, Any], operations: Iterable[Operation]) -> EffectLevel:
    # A clause of no operation is judged without asking anyone.
    highest = max((operation.effect.level for operation in operations), default=EffectLevel.READ)
    if highest == EffectLevel.RESTART or "effects" not in declared:
        return highest
    return EffectLevel.from_text(declared["effects"])


def above(clause_id: str) -> tuple[str, ...]:
    """Return what selects a clause among others: its operation, and what that stands under."""
    parts = clause_id.rpartition("/")[0].split(".")
    return tuple(".".join(parts[:length]) for length in range(1, len(parts) + 1))


def names(selector: str, clause: Clause) -> bool:
    """Return whether a selector names a clause: its id, what it stands under, or a pattern."""
    prefix = selector.rstrip("/")
    return (
        clause.id == selector
        or clause.id.startswith((f"{prefix}/", f"{prefix}."))
        or (any(sign in selector for sign in "*?[") and fnmatch.fnmatchcase(clause.id, selector))
    )
