"""How the findings of a comparison become outcomes of clauses, and never a pass where nothing was compared."""

from collections.abc import Callable

import pytest

from dtma_contract.drift.kinds import KINDS
from dtma_contract.drift.report import NEVER_BLOCKING, DriftFinding, DriftReport
from dtma_contract.judgement import ClauseViolatedError, NotAskedError, NotJudgedError
from dtma_contract.routes import Corner
from dtma_contract.verdict import Clause, Level

Judge = Callable[..., None]

_OPTIONS = {
    Corner.SOURCE: "--source",
    Corner.IMAGE: "--image",
    Corner.TARGET: "--target",
    Corner.CONSUMER: "--consumer",
}


@pytest.fixture
def judge(clause: Clause, drift_report: DriftReport) -> Judge:
    """Judge the clause by its findings; `all_of` and `any_of` are the corners that have to be compared for it."""

    def judged(*, all_of: tuple[Corner, ...] = (), any_of: tuple[Corner, ...] = ()) -> None:
        violating = [found for found in drift_report.findings if _violates(found, clause)]
        if violating:
            raise ClauseViolatedError(
                " ".join(f"{found.title} {found.detail}" for found in violating),
                expected=[violating[0].remedy],
                cause=KINDS[violating[0].kind].cause or None,
            )
        for corner in all_of:
            _require(drift_report, [corner])
        if any_of:
            _require(drift_report, any_of)
        untold = [row.name for row in drift_report.untold]
        if untold and clause.level == Level.MUST:
            raise NotJudgedError(f"no corner could tell of {', '.join(untold)}: {drift_report.unknown[0].reason}")

    return judged


def _violates(found: DriftFinding, clause: Clause) -> bool:
    kind = KINDS[found.kind]
    if found.kind == NEVER_BLOCKING:
        return False
    # What weighs less than its kind does is the business of one clause that weighs as little.
    lesser = found.level == Level.SHOULD and kind.level == Level.MUST
    return clause.id == ("drift/nothing-else-differs" if lesser else kind.clause)


def _require(report: DriftReport, corners: tuple[Corner, ...] | list[Corner]) -> None:
    """Raise unless one of the corners was compared."""
    given = [corner for corner in corners if corner in report.corners]
    if not given:
        options = " or ".join(_OPTIONS[corner] for corner in corners)
        raise NotAskedError(f"nothing was given to compare: no {options}")
    if not set(given) & report.compared:
        reasons = [unknown.reason for unknown in report.unknown if unknown.where in given]
        raise NotJudgedError(f"the {given[0]} could not be read: {reasons[0] if reasons else 'it tells of no route'}")
