"""Unknowns of callers are one row for each file and reason, so that a large code base leaves a list that is read."""

from __future__ import annotations

from dtma_contract.discovery.consumer.folding import DOUBTFUL, folded
from dtma_contract.routes import Corner, Unknown


def unknown(file, line, reason, prefix=""):
    """Return an unknown of callers."""
    return Unknown(Corner.CONSUMER, file, line, reason, prefix)


def test_doubtful_requests_of_a_file_are_one_row():
    """It has their number, the first ones with their lines, and hides as little as each of them."""
    given = [unknown("a.ts", line, f"GET /x{line} {DOUBTFUL}") for line in range(1, 9)]
    other = unknown("b.ts", 3, f"GET /y {DOUBTFUL}")

    assert folded([*given, other]) == (
        unknown(
            "a.ts", 1,
            "8 requests go to a host that could be the agent or another service: GET /x1 (line 1), GET /x2 (line 2), "
            "GET /x3 (line 3), GET /x4 (line 4), GET /x5 (line 5) and 3 more",
        ),
        other,
    )  # fmt: skip


def test_the_same_reason_in_a_file_is_one_row():
    """Other reasons, and what hides other routes, stay rows of their own."""
    same = [unknown("a.ts", 1, "it is computed", "/"), unknown("a.ts", 5, "it is computed", "/")]
    others = (unknown("a.ts", 6, "it is computed", "/tools"), unknown("a.ts", 7, "it is too much", "/"))

    assert folded([*same, *others]) == (unknown("a.ts", 1, "it is computed (2 places, lines 1, 5)", "/"), *others)
