"""Facts without secrets that one probe saw and only another one knows for secrets. Pure."""

from __future__ import annotations

from dataclasses import replace

from dtma_contract.diagnosis.facts import Answer, Facts
from dtma_contract.log_redaction import Redactor

__all__ = ["cleaned"]


def cleaned(facts: Facts, redactor: Redactor) -> Facts:
    """Return facts of which no text holds a secret: an agent may repeat its variables in any answer.

    What the Engine says was cleaned where it was read; code is read without its environment.

    Args:
        facts: as they were observed.
        redactor: takes the secrets out of text.
    """
    text = redactor.text
    return replace(
        facts,
        network=tuple(replace(step, detail=text(step.detail), greeting=text(step.greeting)) for step in facts.network),
        answers=tuple(_answer(answer, redactor) for answer in facts.answers),
        routes=tuple(replace(route, detail=text(route.detail)) for route in facts.routes),
        broken_promises={operation: text(said) for operation, said in facts.broken_promises.items()},
        problems=tuple(replace(problem, detail=text(problem.detail)) for problem in facts.problems),
    )


def _answer(answer: Answer, redactor: Redactor) -> Answer:
    return replace(
        answer,
        headers={name: redactor.text(value) for name, value in answer.headers.items()},
        body=redactor.body(answer.body),
        detail=redactor.text(answer.detail),
    )
