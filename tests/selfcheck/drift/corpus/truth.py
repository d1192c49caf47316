"""What runs of a case told, as the truth about it. Judges nothing but how they ended."""

from __future__ import annotations

from collections.abc import Sequence

from corpus.case import Endpoint
from corpus.runtime import Run

from dtma_contract.discovery.introspection.answer import RuntimeAnswer
from dtma_contract.routes import Cell

__all__ = ["told_routes", "unexpected_end"]


def told_routes(answers: Sequence[RuntimeAnswer]) -> list[Endpoint]:
    """Return the routes of all answers, each once, in the order in which the servers try them."""
    mounted = [
        (route.method, route.path)
        for answer in answers
        for route in answer.routes
        if route.state is Cell.MOUNTED and not answer.error
    ]
    return list(dict.fromkeys(mounted))


def unexpected_end(run: Run, answers: Sequence[RuntimeAnswer]) -> str:
    """Return what a run did other than its case says: it failed, or did not, or never listened; or nothing."""
    for answer in answers:
        if run.major in run.case.crash:
            if not answer.error:
                return "did not end while it loaded"
        elif answer.error:
            return answer.error
        elif not answer.listened:
            return "never listened"
    return ""
