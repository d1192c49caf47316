"""What a comparison's exit code says: drift, nothing that could be compared, or no drift."""

from __future__ import annotations

from dataclasses import replace

import pytest
from drift.judged_tables import add, called, clean, drift, drop, kinds, route, unread

from dtma_contract.routes import Corner, Unknown
from dtma_contract.verdict import ExitCode

SOURCE, IMAGE, TARGET = Corner.SOURCE, Corner.IMAGE, Corner.TARGET
START = "POST /tools/{instanceNameOnToolbox}/start"
HIDDEN = Unknown(SOURCE, "src/index.ts", 3, "a package registers routes here", "/tools")
S = clean(SOURCE)


def test_what_nobody_calls_never_blocks():
    """Not even a strict run: callers that were not given may use it."""
    report = drift(S, called(START))

    assert kinds(report) == [("promised-but-not-called", "should", "consumer")]
    assert (report.exit_code, report.exit_code_if(strict=True)) == (ExitCode.KEPT, ExitCode.KEPT)


def test_strict_blocks_on_should():
    """A finding of the lesser level fails a strict run alone."""
    report = drift(add(S, route("GET /x")))

    assert (report.exit_code, report.exit_code_if(strict=True)) == (ExitCode.KEPT, ExitCode.VIOLATED)


def test_strict_blocks_on_core_that_nobody_could_tell_of():
    """As a strict verify does."""
    report = drift(replace(drop(S, START), unknown=(HIDDEN,)))

    assert (report.exit_code, report.exit_code_if(strict=True)) == (ExitCode.KEPT, ExitCode.VIOLATED)
    assert [row.name for row in report.untold] == [START]


def test_a_strict_run_with_anything_left_open_is_no_pass():
    """What could not be resolved may be what differs."""
    report = drift(replace(S, unknown=(HIDDEN,)))

    assert (report.complete, report.exit_code, report.exit_code_if(strict=True)) == (
        False,
        ExitCode.KEPT,
        ExitCode.NOTHING_JUDGED,
    )


def test_a_corner_that_told_of_no_promised_route_was_not_compared():
    """What it has besides is not what was asked."""
    report = drift(replace(S, routes=(route("GET /x"),), unknown=(replace(HIDDEN, prefix="/"),)))

    assert (report.exit_code, report.unread) == (ExitCode.NOTHING_JUDGED, (SOURCE,))


def test_strict_blocks_on_a_corner_that_could_not_be_read():
    """It was asked for; without --strict it is no pass either, for the others say nothing of it."""
    report = drift(S, unread(IMAGE))

    assert (report.exit_code, report.exit_code_if(strict=True)) == (ExitCode.NOTHING_JUDGED, ExitCode.VIOLATED)


@pytest.mark.parametrize(
    "tables", [[unread(SOURCE)], [unread(SOURCE), unread(IMAGE), unread(TARGET)], []], ids=["one", "three", "none"]
)
def test_nothing_that_could_be_compared_is_exit_code_5(tables):
    """A contract alone is compared with nothing."""
    assert drift(*tables).exit_code == ExitCode.NOTHING_JUDGED
