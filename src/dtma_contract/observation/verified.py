"""What a verification run has seen of its target, as a diagnosis reads it. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from dtma_contract.bodies import UNRESOLVABLE_IMAGE
from dtma_contract.clauses import aspect_of
from dtma_contract.contract import Contract
from dtma_contract.diagnosis.attribution import is_shown
from dtma_contract.diagnosis.code import CodeFacts
from dtma_contract.diagnosis.facts import Answer, AuthSent, Facts, Question, RouteState, Shown
from dtma_contract.evidence import TOKEN_PLACEHOLDER
from dtma_contract.mounting import MountState
from dtma_contract.observation.questions import Asked
from dtma_contract.routes import Cell
from dtma_contract.run_identity import RunIdentity
from dtma_contract.verdict import ClauseResult, Finding, Outcome

__all__ = ["further_questions", "recorded_deploys", "verified_facts"]

_CELLS: Final = {MountState.MOUNTED: Cell.MOUNTED, MountState.MISSING: Cell.ABSENT, MountState.UNKNOWN: Cell.UNKNOWN}
_DEPLOY: Final = "core.tools.deploy"
_FIELDS: Final = ("dockerImageUrl", "instanceNameOnToolbox", "accountToolInstanceId")
_KEPT_HEADERS: Final = ("content-type", "server", "via", "x-powered-by")


def further_questions(run: RunIdentity, contract: Contract, states: Mapping[str, MountState]) -> tuple[Asked, ...]:
    """Return what is asked of a target with findings, beyond the preflight; all of it is GET.

    Args:
        run: whose names are used.
        contract: the contract.
        states: which operations are mounted, by id.
    """
    missing = {
        operation.path.split("/")[1]
        for operation in contract.operations
        if states.get(operation.id) is MountState.MISSING and operation.path.count("/") > 1
    }
    return (
        Asked(Question.HEALTH, "/health"),
        Asked(Question.NOWHERE, f"/{run.name('nowhere')}"),
        Asked(Question.TOOLS_WITHOUT_TOKEN, "/tools"),
        Asked(Question.TOOLS_WRONG_TOKEN, "/tools", AuthSent.WRONG),
        # Where routes below a prefix do not answer, something in front may take that prefix off.
        *(Asked(Question.STRIPPED_HEALTH, f"/{prefix}/health") for prefix in sorted(missing)),
    )


def recorded_deploys(lines: Iterable[str], probe_image: str) -> tuple[Answer, ...]:
    """Return the first answers to complete deploys of the image that cannot resolve, and of the probe image.

    Args:
        lines: of the fence's record.
        probe_image: image that the run deploys.
    """
    found: dict[Question, Answer] = {}
    questions = {UNRESOLVABLE_IMAGE: Question.UNRESOLVABLE_DEPLOY, probe_image: Question.PROBE_DEPLOY}
    for line in lines:
        # Most of a record is something else, which need not be decoded.
        if f'"operation": "{_DEPLOY}"' not in line:
            continue
        try:
            exchange = json.loads(line)
            body = json.loads(exchange["request"]["body"])
        except (ValueError, KeyError, RecursionError):
            # The last line of a run that was killed, or a body that is no JSON on purpose.
            continue
        question = questions.get(_image_of(body))
        if question is not None and exchange["decision"] == "sent" and _has_token(exchange):
            found.setdefault(question, _answer(question, exchange))
    return tuple(found.values())


def _image_of(body: Any) -> str:
    """Return the image of a complete deploy; empty where a field is missing or odd."""
    if not isinstance(body, Mapping) or not all(isinstance(body.get(name), str) and body[name] for name in _FIELDS):
        return ""
    return str(body["dockerImageUrl"])


def _has_token(exchange: Mapping[str, Any]) -> bool:
    sent = [value for name, value in exchange["request"]["headers"] if name.lower() == "authorization"]
    return sent == [f"Bearer {TOKEN_PLACEHOLDER}"]


def _answer(question: Question, exchange: Mapping[str, Any]) -> Answer:
    headers = {name.lower(): value for name, value in exchange["response"]["headers"]}
    return Answer(
        question,
        exchange["method"],
        exchange["target"],
        AuthSent.VALID,
        exchange["at"],
        status=exchange["status"],
        headers={name: headers[name] for name in _KEPT_HEADERS if name in headers},
        body=exchange["response"]["body"],
        milliseconds=exchange["milliseconds"],
    )


def verified_facts(
    seen: Facts,
    answers: Iterable[Answer],
    contract: Contract,
    mountings: Mapping[str, tuple[MountState, str]],
    results: Iterable[ClauseResult],
    *,
    code: CodeFacts | None,
) -> Facts:
    """Return all that a run knows of its target.

    Args:
        seen: the facts of the preflight.
        answers: further ones.
        contract: the contract.
        mountings: which operations are mounted, and what that rests on, by id.
        results: of the clauses; each finding with the cause that its test suggests.
        code: what source and image say, or None where none was given.
    """
    judged = list(results)
    findings = [finding for result in judged for finding in result.findings if finding.outcome is Outcome.VIOLATED]
    secured = _secured(judged)
    return replace(
        seen,
        answers=(*seen.answers, *answers),
        routes=tuple(
            RouteState(
                operation.id,
                operation.method,
                operation.path,
                _CELLS[mountings[operation.id][0]],
                secured.get(operation.id),
                mountings[operation.id][1].rstrip("."),
            )
            for operation in contract.operations
            if operation.id in mountings
        ),
        broken_promises=_broken_promises(findings),
        code=code,
        shown=tuple(
            Shown(finding.clause, finding.cause, finding.actual.rstrip("."))
            for finding in findings
            if finding.cause is not None and is_shown(finding)
        ),
    )


def _secured(results: Iterable[ClauseResult]) -> dict[str, bool]:
    """Return which operations were seen to ask for a token, and which to let in whoever has none."""
    found: dict[str, bool] = {}
    for result in results:
        if aspect_of(result.clause) != "requires-token" or result.clause.operation is None:
            continue
        if result.outcome is Outcome.KEPT:
            found[result.clause.operation] = True
        elif any(finding.cause == "authentication-open" for finding in result.findings):
            found[result.clause.operation] = False
    return found


def _broken_promises(findings: Iterable[Finding]) -> dict[str, str]:
    found: dict[str, str] = {}
    for finding in findings:
        if finding.cause == "response-drift":
            found.setdefault(finding.operation or finding.clause, f"{finding.clause}: {finding.actual}")
    return found
