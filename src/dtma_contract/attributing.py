"""Brings together what a run knows of its target when it ends, so that its findings can be given their causes."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from dtma_contract.agent import Agent
from dtma_contract.clock import now
from dtma_contract.diagnosis.attribution import Attribution, attribute
from dtma_contract.diagnosis.code import CodeFacts
from dtma_contract.diagnosis.facts import Answer, AuthSent, Facts
from dtma_contract.errors import DtmaContractError
from dtma_contract.fence.record import RECORD_NAME
from dtma_contract.judgement import ClauseViolatedError, NotJudgedError
from dtma_contract.observation.questions import Asked, answer_of
from dtma_contract.observation.verified import further_questions, recorded_deploys, verified_facts
from dtma_contract.plan import Plan
from dtma_contract.preflight import PREFLIGHT_PATIENCE
from dtma_contract.survey import Survey
from dtma_contract.verdict import ClauseResult, Finding, Outcome

__all__ = ["ask_further", "attributed"]


def ask_further(base_url: str, plan: Plan, survey: Survey) -> tuple[Answer, ...]:
    """Ask a target with findings a few more questions, all at once; what gets no answer is left out.

    Args:
        base_url: the fence's URL.
        plan: of the run.
        survey: of the target.
    """
    agent = Agent(base_url, patience=PREFLIGHT_PATIENCE)
    wrong = f"Bearer {plan.identity.name('wrong')}"
    at = now()

    def ask(asked: Asked) -> Answer | None:
        try:
            auth = wrong if asked.auth is AuthSent.WRONG else None
            return answer_of(asked, at, agent.send(asked.method, asked.path, auth=auth))
        except (NotJudgedError, ClauseViolatedError):
            return None

    try:
        questions = further_questions(plan.identity, plan.contract, survey.states)
        with ThreadPoolExecutor(4) as pool:
            return tuple(answer for answer in pool.map(ask, questions) if answer is not None)
    finally:
        agent.close()


def attributed(
    plan: Plan,
    seen: Facts,
    answers: Iterable[Answer],
    survey: Survey,
    results: Iterable[ClauseResult],
    *,
    reads_code: bool,
) -> tuple[tuple[ClauseResult, ...], Attribution]:
    """Return results of which each finding has its cause, and the causes.

    Args:
        plan: of the run.
        seen: the facts of the preflight.
        answers: to what was asked further.
        survey: of the target.
        results: as judged, with the causes that the tests suggest.
        reads_code: whether there is time to read the source and the image that were given.
    """
    listed = tuple(results)
    violated = any(result.outcome is Outcome.VIOLATED for result in listed)
    facts = verified_facts(
        seen,
        (*answers, *_deploys(plan)),
        plan.contract,
        survey.mountings,
        listed,
        code=_code(plan) if violated and reads_code else None,
    )
    found = attribute([finding for result in listed for finding in result.findings], facts)

    def caused(finding: Finding) -> Finding:
        return replace(finding, cause=found.by_clause.get(finding.clause))

    return tuple(replace(result, findings=tuple(map(caused, result.findings))) for result in listed), found


def _deploys(plan: Plan) -> tuple[Answer, ...]:
    try:
        with (plan.folder / RECORD_NAME).open(encoding="utf-8", errors="replace") as lines:
            return recorded_deploys(lines, plan.settings.probe_image)
    except OSError:
        # A run without a target has no record.
        return ()


def _code(plan: Plan) -> CodeFacts | None:
    settings = plan.settings
    if settings.source is None and settings.image is None:
        return None
    from dtma_contract.diagnosis.code import code_facts  # noqa: PLC0415 - slow to import, and few runs compare code
    from dtma_contract.drift_run import DriftRequest, run_drift  # noqa: PLC0415 - as above

    at = now()
    request = DriftRequest(plan.contract, source=settings.source, image=settings.image, docker=settings.docker)
    try:
        report = run_drift(request)
    except DtmaContractError:
        # The clauses of drift say why it cannot be read.
        return None
    return code_facts(report, at, source=str(settings.source or ""), image=settings.image or "")
