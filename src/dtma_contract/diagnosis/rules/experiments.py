"""Rule on what a verification has tried: its experiments change things, and so show more than looking does. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from dtma_contract.diagnosis.facts import Facts
from dtma_contract.diagnosis.suspicion import Evidence, Suspicion

__all__ = ["shown_by_experiment"]


def shown_by_experiment(facts: Facts) -> Iterator[Suspicion]:
    """Each cause that an experiment was made to show."""
    for shown in facts.shown:
        yield Suspicion(shown.cause, 0.96, (Evidence(shown.observed, f"verify: {shown.clause}"),))
