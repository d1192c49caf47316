"""Rule on routes that answer in another shape than the contract's. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from dtma_contract.diagnosis.facts import Facts, Question
from dtma_contract.diagnosis.reading import answered, is_agent, is_agents_health
from dtma_contract.diagnosis.suspicion import Evidence, Suspicion

__all__ = ["response_drift"]

_SHOWN = 4


def response_drift(facts: Facts) -> Iterator[Suspicion]:
    """Answers of mounted routes lack what callers read."""
    if not facts.broken_promises or not _is_there(facts):
        return
    evidence = [
        Evidence(said, f"http: {operation}, against the contract")
        for operation, said in list(facts.broken_promises.items())[:_SHOWN]
    ]
    core = any(operation.startswith("core.") for operation in facts.broken_promises)
    yield Suspicion("response-drift", 0.88 if core else 0.75, tuple(evidence))


def _is_there(facts: Facts) -> bool:
    return is_agent(facts) or any(is_agents_health(answer) for answer in answered(facts, Question.HEALTH))
