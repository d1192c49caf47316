"""Findings are sorted into new, known, expired and fixed by the day."""

from __future__ import annotations

import datetime as dt

import pytest
from pure.shipped_contract import BY_ID

from dtma_contract.baseline import Accepted, BaselineComparison, compare, read_baseline
from dtma_contract.errors import UsageError
from dtma_contract.verdict import ClauseResult, Finding, Level, Outcome

START = "core.tools.start/mounted"
STOP = "core.tools.stop/mounted"
LAST_DAY = dt.date(2027, 1, 31)
ONE = dt.timedelta(days=1)


def result(name, outcome):
    return ClauseResult(BY_ID[name], outcome)


@pytest.mark.parametrize(
    ("today", "expires", "expected"),
    [
        (LAST_DAY - ONE, LAST_DAY, "known"),
        (LAST_DAY, LAST_DAY, "known"),
        (LAST_DAY + ONE, LAST_DAY, "expired"),
        (dt.date(2999, 1, 1), None, "known"),
    ],
)
def test_an_entry_holds_until_its_last_day(today, expires, expected):
    """A finding is known before and on the day of expiry, and expired on the day after; no date is no end."""
    compared = compare([result(START, Outcome.VIOLATED)], [Accepted(START, "known", expires)], today)

    assert BaselineComparison(**{expected: (START,)}) == compared


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome.KEPT, "fixed"),
        (Outcome.VIOLATED, "known"),
        (Outcome.NOT_JUDGED, None),
        (Outcome.NOT_OFFERED, None),
        (Outcome.ERROR, None),
    ],
)
def test_only_a_kept_clause_is_fixed(outcome, expected):
    """An entry whose clause was not judged, or whose judging broke, says nothing: it stays."""
    compared = compare([result(START, outcome)], [Accepted(START, "known", None)], LAST_DAY)

    assert (BaselineComparison(**{expected: (START,)}) if expected else BaselineComparison()) == compared


@pytest.mark.parametrize("today", [LAST_DAY, LAST_DAY + ONE])
def test_a_kept_clause_is_fixed_whatever_the_day(today):
    """An entry that has expired and is kept can go as well, and does not block."""
    compared = compare([result(START, Outcome.KEPT)], [Accepted(START, "known", LAST_DAY)], today)

    assert BaselineComparison(fixed=(START,)) == compared


@pytest.mark.parametrize(
    ("comparison", "expected"),
    [
        (BaselineComparison(known=(START,)), False),
        (BaselineComparison(new=(START,)), True),
        (BaselineComparison(expired=(START,)), True),
        (BaselineComparison(known=(STOP,)), True),
        (BaselineComparison(), True),
    ],
)
def test_only_a_known_finding_does_not_block(comparison, expected):
    """New and expired findings block, and those of clauses that the baseline does not name."""
    finding = Finding(START, Level.MUST, Outcome.VIOLATED, "core.tools.start", "t", (), "a")

    assert expected == comparison.blocks(finding)


def test_findings_without_an_entry_are_new():
    """Each finding is sorted on its own."""
    results = [result(START, Outcome.VIOLATED), result(STOP, Outcome.VIOLATED)]

    compared = compare(results, [Accepted(STOP, "known", None)], LAST_DAY)

    assert BaselineComparison(new=(START,), known=(STOP,)) == compared


@pytest.mark.parametrize(
    ("expires", "expected"),
    [
        (dt.date(2027, 1, 31), LAST_DAY),
        ("2027-01-31", LAST_DAY),
        (dt.datetime(2027, 1, 31, 23, 59, tzinfo=dt.UTC), LAST_DAY),
        (None, None),
    ],
)
def test_expiry_is_read_as_yaml_gives_it(expires, expected):
    """YAML gives a date, a time or a quoted text; null is no end."""
    document = {"accepted": [{"clause": START, "reason": "known", "expires": expires}]}

    assert (Accepted(START, "known", expected),) == read_baseline(document, BY_ID, "b.yaml")


def test_an_empty_list_accepts_nothing():
    """A baseline may be empty."""
    assert read_baseline({"accepted": []}, BY_ID, "b.yaml") == ()


ENTRY = {"clause": START, "reason": "known"}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (None, "b.yaml is no baseline"),
        ([], "b.yaml is no baseline"),
        ("text", "b.yaml is no baseline"),
        ({}, "b.yaml is no baseline"),
        ({"accepted": None}, "b.yaml is no baseline"),
        ({"accepted": {"clause": START}}, "b.yaml is no baseline"),
        ({"accepted": [ENTRY], "acepted": []}, 'b.yaml: unknown key "acepted"'),
        ({"accepted": ["text"]}, "entry 1 lacks a clause or a reason"),
        ({"accepted": [{"clause": START}]}, "entry 1 lacks a clause or a reason"),
        ({"accepted": [{"reason": "known"}]}, "entry 1 lacks a clause or a reason"),
        ({"accepted": [{"clause": START, "reason": ""}]}, "entry 1 lacks a clause or a reason"),
        ({"accepted": [{"clause": START, "reason": "  "}]}, "entry 1 lacks a clause or a reason"),
        ({"accepted": [{"clause": [START], "reason": "known"}]}, "entry 1 lacks a clause or a reason"),
        ({"accepted": [ENTRY, ENTRY]}, f'entry 2: "{START}" is accepted twice'),
        ({"accepted": [ENTRY | {"expire": "2027-01-31"}]}, 'unknown key "expire". Did you mean "expires"?'),
        ({"accepted": [ENTRY | {1: 2}]}, 'unknown key "1"'),
        ({"accepted": [ENTRY, ENTRY | {"clause": "core.tools.strat/mounted"}]}, f'Did you mean "{START}"?'),
        ({"accepted": [ENTRY | {"expires": "tomorrow"}]}, '"tomorrow" is no date. Write it as 2027-01-31.'),
        ({"accepted": [ENTRY | {"expires": "2027-02-30"}]}, '"2027-02-30" is no date.'),
        ({"accepted": [ENTRY | {"expires": 20270131}]}, '"20270131" is no date.'),
        ({"accepted": [ENTRY | {"expires": True}]}, '"True" is no date.'),
        ({"accepted": [ENTRY | {"expires": ""}]}, '"" is no date.'),
    ],
)
def test_a_bad_baseline_is_one_message(document, expected):
    """What is malformed, misspelt or unknown is told with the entry, and never accepted."""
    with pytest.raises(UsageError) as caught:
        read_baseline(document, BY_ID, "b.yaml")

    assert expected in str(caught.value)


def test_a_comparison_is_json():
    """The four lists stand under their names."""
    assert BaselineComparison(new=("a",), fixed=("b",)).to_json() == {
        "new": ["a"],
        "known": [],
        "expired": [],
        "fixed": ["b"],
    }
