"""What a run came to: exit code, counts and the documented JSON."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from pure.shipped_contract import BY_ID, CLAUSES, CONTRACT
from rich.console import Console

from dtma_contract.baseline import BaselineComparison
from dtma_contract.cleanup import LeftBehind
from dtma_contract.reporting.terminal import print_report
from dtma_contract.run_report import RunReport, Unusable
from dtma_contract.verdict import ClauseResult, ExitCode, Finding, Level, Outcome

MUST = "core.tools.start/mounted"
SHOULD = "core.fallback/undeclared-method-is-404"
OPTIONAL = "mcp.status/success"
OTHER = "core.health/mounted"
LEFT = LeftBehind("instance", "dtmac-x-a", "the agent refuses it", "docker rm -f dtmac-x-a")
DEAD = Unusable("connection-refused", "Nothing listens there.", "Start it.")


def result(name, outcome=Outcome.KEPT, *, chosen=False):
    clause = BY_ID[name]
    findings = ()
    if outcome in {Outcome.VIOLATED, Outcome.ERROR}:
        findings = (Finding(name, clause.level, outcome, clause.operation, clause.text, ("one", "two"), "seen"),)
    reason = "why" if outcome in {Outcome.NOT_JUDGED, Outcome.NOT_OFFERED} else ""
    return ClauseResult(clause, outcome, reason, chosen, findings)


def report(*results, **changes):
    values = {
        "run": "20261123-145530-k3f9x2ab",
        "target": "http://host:30000",
        "contract": CONTRACT,
        "seed": 7,
        "results": results,
        "baseline": BaselineComparison(),
        "left_behind": (),
        "unusable": None,
        "interrupted": False,
        "strict": False,
        "duration_seconds": 1.23456,
    }
    return RunReport(**values | changes)


KEPT = result(OTHER)
VIOLATED = result(MUST, Outcome.VIOLATED)
BROKEN = result(MUST, Outcome.ERROR)
WEAK = result(SHOULD, Outcome.VIOLATED)
UNJUDGED = result(MUST, Outcome.NOT_JUDGED)
CHOSEN = result(MUST, Outcome.NOT_JUDGED, chosen=True)
WEAK_UNJUDGED = result(SHOULD, Outcome.NOT_JUDGED)
OPTIONAL_UNJUDGED = result(OPTIONAL, Outcome.NOT_JUDGED)
UNOFFERED = result(OPTIONAL, Outcome.NOT_OFFERED)
KNOWN = BaselineComparison(known=(MUST,))
EXPIRED = BaselineComparison(expired=(MUST,))

# results, changes, exit code, outcome
TABLE = {
    "kept": ((KEPT,), {}, 0, "kept"),
    "kept, strict": ((KEPT,), {"strict": True}, 0, "kept"),
    "must violated": ((KEPT, VIOLATED), {}, 1, "violated"),
    "only violated": ((VIOLATED,), {}, 1, "violated"),
    "should violated": ((KEPT, WEAK), {}, 0, "kept"),
    "only should violated": ((WEAK,), {}, 0, "kept"),
    "should violated, strict": ((KEPT, WEAK), {"strict": True}, 1, "violated"),
    "known": ((KEPT, VIOLATED), {"baseline": KNOWN}, 0, "kept"),
    "known, strict": ((KEPT, VIOLATED), {"baseline": KNOWN, "strict": True}, 0, "kept"),
    "only known": ((VIOLATED,), {"baseline": KNOWN}, 0, "kept"),
    "expired": ((KEPT, VIOLATED), {"baseline": EXPIRED}, 1, "violated"),
    "known and new": ((VIOLATED, result(OTHER, Outcome.VIOLATED)), {"baseline": KNOWN}, 1, "violated"),
    "error": ((KEPT, BROKEN), {}, 3, "error"),
    "error beside violated": ((BROKEN, result(OTHER, Outcome.VIOLATED)), {}, 3, "error"),
    "error that a baseline names": ((KEPT, BROKEN), {"baseline": KNOWN}, 3, "error"),
    "error of a should": ((KEPT, result(SHOULD, Outcome.ERROR)), {}, 3, "error"),
    "core not judged": ((KEPT, UNJUDGED), {}, 1, "not-judged"),
    "core not judged, strict": ((KEPT, UNJUDGED), {"strict": True}, 1, "not-judged"),
    "core not judged beside violated": (
        (UNJUDGED, result(OTHER, Outcome.VIOLATED)), {}, 1, "violated",
    ),
    "core not judged by choice": ((KEPT, CHOSEN), {}, 0, "kept"),
    "core not judged by choice, strict": ((KEPT, CHOSEN), {"strict": True}, 0, "kept"),
    "should not judged": ((KEPT, WEAK_UNJUDGED), {}, 0, "kept"),
    "should not judged, strict": ((KEPT, WEAK_UNJUDGED), {"strict": True}, 1, "not-judged"),
    "should not judged by choice, strict": (
        (KEPT, result(SHOULD, Outcome.NOT_JUDGED, chosen=True)), {"strict": True}, 0, "kept",
    ),
    "optional not judged": ((KEPT, OPTIONAL_UNJUDGED), {}, 0, "kept"),
    "optional not judged, strict": ((KEPT, OPTIONAL_UNJUDGED), {"strict": True}, 1, "not-judged"),
    "optional not offered": ((KEPT, UNOFFERED), {}, 0, "kept"),
    "optional not offered, strict": ((KEPT, UNOFFERED), {"strict": True}, 0, "kept"),
    "nothing": ((), {}, 5, "nothing-judged"),
    "only not offered": ((UNOFFERED,), {}, 5, "nothing-judged"),
    "only not judged by choice": ((CHOSEN,), {}, 5, "nothing-judged"),
    "only not judged": ((UNJUDGED,), {}, 5, "nothing-judged"),
    "left behind": ((KEPT,), {"left_behind": (LEFT,)}, 1, "violated"),
    "left behind, nothing judged": ((UNJUDGED,), {"left_behind": (LEFT,)}, 1, "violated"),
    "unusable": ((), {"unusable": DEAD}, 6, "target-unusable"),
    "unusable after some": ((KEPT, VIOLATED), {"unusable": DEAD}, 6, "target-unusable"),
    "unusable beside error": ((BROKEN,), {"unusable": DEAD}, 6, "target-unusable"),
    "interrupted": ((KEPT,), {"interrupted": True}, 2, "interrupted"),
    "interrupted beside violated": ((VIOLATED,), {"interrupted": True}, 2, "interrupted"),
    "interrupted beside unusable": ((), {"interrupted": True, "unusable": DEAD}, 2, "interrupted"),
    "interrupted, left behind": ((), {"interrupted": True, "left_behind": (LEFT,)}, 2, "interrupted"),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE.values(), ids=TABLE)
def test_the_exit_code_says_the_worst(case):
    """Only a run in which something was judged and nothing blocks has 0."""
    results, changes, code, outcome = case
    made = report(*results, **changes)

    assert (code, outcome) == (int(made.exit_code), made.outcome)


@pytest.mark.parametrize("case", TABLE.values(), ids=TABLE)
def test_the_report_is_json_with_the_documented_keys(case):
    """Each report has all of the keys, and survives JSON."""
    results, changes, code, outcome = case
    data = json.loads(json.dumps(report(*results, **changes).to_json()))

    keys = {
        "run", "target", "contract", "outcome", "exit_code", "operations", "findings", "not_judged", "left_behind",
        "duration_seconds",
    }  # fmt: skip
    finding = {
        "clause", "level", "outcome", "operation", "title", "expected", "actual", "cause", "reproduce",
    }  # fmt: skip
    assert keys <= data.keys()
    assert (code, outcome, {"judged", "total"}) == (data["exit_code"], data["outcome"], set(data["operations"]))
    assert all(finding <= found.keys() for found in data["findings"])
    assert all(set(item) == {"clause", "reason"} for item in data["not_judged"])
    assert all(set(item) == {"kind", "name", "reason", "command"} for item in data["left_behind"])


def test_an_unusable_target_is_a_finding_without_a_clause():
    """The one cause stands where findings are read."""
    (finding,) = report(unusable=DEAD).to_json()["findings"]

    assert (
        finding["clause"], finding["cause"], finding["actual"], finding["hint"],
    ) == (None, "connection-refused", "Nothing listens there.", "Start it.")  # fmt: skip


@pytest.mark.parametrize("place", ["unusable", "actual"])
def test_what_a_target_sends_is_shown_and_not_obeyed(place):
    """No control character and no turned text reaches the terminal; each leaves a sign, and line breaks stay."""
    sent = "a\x1b]0;t\x07\u202e\n\tb"
    violated = replace(VIOLATED, findings=tuple(replace(found, actual=sent) for found in VIOLATED.findings))
    told = report(unusable=Unusable("not-a-dtma", sent, "")) if place == "unusable" else report(violated)
    stream = io.StringIO()
    print_report(told, Console(file=stream, width=110))

    assert "a\ufffd]0;t\ufffd\ufffd\n" in stream.getvalue()


def test_every_clause_is_counted_once():
    """The counts by outcome add up to the clauses, outcomes without one included."""
    counted = report(KEPT, VIOLATED, WEAK, UNOFFERED, WEAK_UNJUDGED).to_json()["clauses"]

    assert counted == {"error": 0, "violated": 2, "not-judged": 1, "not-offered": 1, "kept": 1}


def test_findings_stand_worst_first():
    """Broken judging, then must, then should."""
    found = report(WEAK, result(OTHER, Outcome.VIOLATED), BROKEN).findings

    assert [finding.clause for finding in found] == [MUST, OTHER, SHOULD]


@pytest.mark.parametrize("outcome", [Outcome.NOT_JUDGED, Outcome.NOT_OFFERED])
def test_what_was_not_judged_is_listed_with_its_reason(outcome):
    """Nothing is left out in silence."""
    assert report(result(MUST, outcome)).to_json()["not_judged"] == [{"clause": MUST, "reason": "why"}]


START = {"mounted": "kept", "success": "kept", "requires-token": "kept", "unknown-instance-is-404": "kept"}


def judged(operation, outcomes):
    made = report(*(result(f"{operation}/{aspect}", Outcome(outcome)) for aspect, outcome in outcomes.items()))
    return made.operations_judged, made.operations_total


@pytest.mark.parametrize(
    ("operation", "outcomes", "expected"),
    [
        ("core.tools.start", START, (1, 1)),
        ("core.tools.start", START | {"success": "violated"}, (1, 1)),
        ("core.tools.start", START | {"success": "not-judged"}, (0, 1)),
        ("core.tools.start", START | {"success": "error"}, (0, 1)),
        ("core.tools.start", {"success": "kept"}, (0, 1)),
        ("core.tools.start", {"mounted": "kept", "success": "kept"}, (1, 1)),
        ("core.tools.start", {"mounted": "not-judged", "success": "kept"}, (0, 1)),
        ("core.tools.start", {"requires-token": "kept"}, (0, 1)),
        ("core.tools.start", {"success": "kept", "requires-token": "kept"}, (1, 1)),
        ("core.tools.start", {"success": "kept", "requires-token": "violated"}, (1, 1)),
        ("core.tools.start", {"success": "kept", "requires-token": "not-judged"}, (0, 1)),
        ("core.tools.start", {"success": "kept", "requires-token": "not-judged", "mounted": "kept"}, (0, 1)),
        ("core.tools.start", {"success": "kept", "unknown-instance-is-404": "kept"}, (1, 1)),
        ("core.tools.start", {"success": "kept", "generated-valid": "kept"}, (0, 1)),
        ("core.tools.start", {"mounted": "violated"}, (1, 1)),
        ("core.tools.start", {"mounted": "violated", "success": "not-judged"}, (1, 1)),
        ("core.tools.start", {"mounted": "kept"}, (0, 1)),
        ("core.tools.deploy", {"success": "kept", "malformed-json-is-400": "kept"}, (1, 1)),
        ("mcp.health", {"success": "kept", "unknown-group-is-404": "kept"}, (1, 1)),
        ("core.health", {"mounted": "kept", "success": "kept"}, (1, 1)),
        ("core.health", {"success": "kept"}, (0, 1)),
        ("mcp.health", {"success": "not-offered", "mounted": "not-offered"}, (0, 0)),
        ("mcp.health", {"success": "not-judged", "mounted": "not-judged"}, (0, 1)),
    ],
)
def test_an_operation_is_judged_when_it_was_seen_to_succeed_and_to_refuse(operation, outcomes, expected):
    """One side alone proves nothing; a route that is missing is judged by that alone."""
    assert expected == judged(operation, outcomes)


@pytest.mark.parametrize("name", ["lifecycle/start-starts-again", "core.fallback/unknown-path-is-404"])
def test_a_scripted_clause_is_no_operation(name):
    """What speaks of several operations, or of none, counts for none of them."""
    made = report(result(name))

    assert (made.operations_judged, made.operations_total) == (0, 0)


def test_a_kept_run_has_judged_every_operation():
    """All clauses kept is all operations judged."""
    made = report(*(result(clause.id) for clause in CLAUSES))

    assert (len(CONTRACT.operations), len(CONTRACT.operations), ExitCode.KEPT) == (
        made.operations_judged, made.operations_total, made.exit_code,
    )  # fmt: skip


@pytest.mark.parametrize("outcome", Outcome)
def test_a_result_survives_json(outcome):
    """Workers send results as JSON, and the controller reads the same ones."""
    made = result(MUST, outcome, chosen=True)

    assert made == ClauseResult.from_json(json.loads(json.dumps(made.to_json())), BY_ID[MUST])


def test_the_table_has_the_levels_that_it_says():
    """The clauses of this table are what their names say."""
    assert (BY_ID[MUST].level, BY_ID[SHOULD].level, BY_ID[OPTIONAL].level) == (Level.MUST, Level.SHOULD, Level.MUST)
