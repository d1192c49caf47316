"""The accuracy of a diagnosis is counted as it is: nothing wrong passes for right."""

from __future__ import annotations

import pytest
from diagnosis.incidents.accuracy import Outcome, accuracy, confusion_matrix, failures, slowest
from diagnosis.incidents.incident import Incident


def incident(*expected, or_first=(), gives="url", name="one"):
    return Incident(name, "Something.", expected, frozenset(gives.split()), None, None, frozenset(or_first))


@pytest.mark.parametrize(
    ("expected", "or_first", "told", "right"),
    [
        (("a",), (), ("a",), True),
        (("a",), (), ("a", "b"), True),
        (("a",), (), ("b", "a"), False),
        (("a",), (), (), False),
        (("a", "b"), (), ("a", "b"), True),
        (("a", "b"), (), ("a",), False),
        (("a", "b"), (), ("b", "a"), False),
        (("a", "b"), ("b",), ("b", "a"), True),
        (("a", "b"), ("b",), ("b",), False),
        (("a", "b"), ("c",), ("c", "b"), True),
        (("a", "b"), ("c",), ("c",), False),
        ((), (), (), True),
        ((), (), ("a",), False),
    ],
)
def test_causes_are_right_where_the_first_is_and_all_expected_are_told(expected, or_first, told, right):
    """More may be told of what is wrong, and nothing of what is healthy."""
    assert incident(*expected, or_first=or_first).right(told) is right


def test_the_matrix_counts_what_was_expected_and_told_first():
    """Rows are what was expected, columns what was told; what was never expected has a column too."""
    outcomes = [
        Outcome(incident("a"), ("a",)),
        Outcome(incident("a"), ("c",)),
        Outcome(incident("b", or_first=("a",)), ("a",)),
        Outcome(incident(), ()),
        Outcome(incident("b"), broken="no Engine"),
    ]

    assert confusion_matrix(outcomes).splitlines() == [
        "              1   2   3   4   5",
        " 1 a          2   ·   ·   ·   1",
        " 2 b          ·   ·   ·   1   ·",
        " 3 none       ·   ·   1   ·   ·",
        " 4 (broken) (told, never expected)",
        " 5 c        (told, never expected)",
    ]
    assert accuracy(outcomes) == (3, 5)


def test_whatever_is_wrong_is_a_line():
    """Causes, time, requests, secrets, and what broke."""
    outcomes = [
        Outcome(incident("a", name="good"), ("a",), seconds=2.9, requests=60),
        Outcome(incident("a", name="late"), ("a",), seconds=3.1, requests=61, shown_secrets=1),
        Outcome(incident(name="healthy"), ("a",)),
        Outcome(incident("a", name="broken"), broken="no Engine"),
    ]

    assert failures(outcomes) == [
        "late: took 3.1 s, more than 3 s",
        "late: sent 61 requests, more than 60",
        "late: showed 1 secrets",
        "healthy: expected none, told a",
        "broken: there was no diagnosis: no Engine",
    ]
    assert slowest(outcomes, 1) == ["  3.1 s of 3 s, 61 requests: late"]


@pytest.mark.parametrize(
    ("gives", "slow", "seconds"),
    [
        ("url", False, 3),
        ("url instance", False, 3),
        ("url docker", False, 6),
        ("url docker source", False, 10),
        ("url", True, 12),
    ],
)
def test_the_time_that_a_diagnosis_may_take_follows_what_it_is_given(gives, slow, seconds):
    """Three seconds by the URL, six with Docker, ten with code, twelve where packets are dropped."""
    made = Incident("one", "Something.", ("a",), frozenset(gives.split()), None, None, slow=slow)

    assert made.seconds == seconds
