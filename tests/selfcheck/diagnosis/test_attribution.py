"""What the findings of a verification come from, told from facts alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from diagnosis.observed import HEALTHY, answer, answering, code, drift, lacking
from pure.shipped_contract import BY_ID

from dtma_contract.diagnosis.attribution import attribute
from dtma_contract.diagnosis.causes import CAUSES
from dtma_contract.diagnosis.facts import Question, Shown
from dtma_contract.routes import Cell
from dtma_contract.verdict import Finding, Level, Outcome

ACCEPTED = {"status": "accepted"}
NO_SOCKET = {"success": False, "error": "connect ENOENT /var/run/docker.sock"}
NO_IMAGE = {"success": False, "error": "pull access denied for team/tool:7"}
PROBE = replace(answer(Question.TOOLS, 500, NO_IMAGE), question=Question.PROBE_DEPLOY, method="POST")

START, STATUS = "core.tools.start/mounted", "core.status/success"
OPEN = "core.tools.start/requires-token"
LET_IN = "a request without a token is let in: 200 application/json {}"
STUB = "core.tools.deploy/stub-is-told"


def finding(clause, suggested=None, actual="seen so", outcome=Outcome.VIOLATED):
    """Return a finding with the cause that its test suggests."""
    operation = BY_ID[clause].operation if clause in BY_ID else None
    return Finding(clause, Level.MUST, outcome, operation, "Promised.", (), actual, suggested)


def opened(*operations, facts=HEALTHY):
    """Return facts in which some operations let everyone in."""
    routes = tuple(replace(r, secured=False) if r.operation in operations else r for r in facts.routes)
    return replace(facts, routes=routes)


MISSING = lacking("core.tools.start")
STUBBED = answering(answer(Question.UNRESOLVABLE_DEPLOY, 200, ACCEPTED), facts=MISSING)
WIDE_OPEN = answering(
    answer(Question.TOOLS_WITHOUT_TOKEN, 200, {"tools": []}),
    answer(Question.TOOLS_WRONG_TOKEN, 200, {"tools": []}),
    routes=tuple(replace(route, secured=False) for route in HEALTHY.routes),
)
ANY_TOKEN = answering(answer(Question.TOOLS_WRONG_TOKEN, 200, {"tools": []}))
WITHOUT_ENGINE = answering(answer(Question.TOOLS, 500, NO_SOCKET))
STRIPPED = answering(answer(Question.STRIPPED_HEALTH, 200, "OK"), facts=MISSING)
SHADOWED = code(None, drift("shadowed", "POST /tools/{instanceNameOnToolbox}/start"))
UNMOUNTED = code(
    {"core.tools.start": (Cell.DECLARED, None)},
    drift("declared-not-mounted", "POST /tools/{instanceNameOnToolbox}/start"),
)

# facts, finding, its cause
TABLE = {
    "a missing route": (MISSING, finding(START, "route-missing"), "route-missing"),
    "a missing route of a stub": (STUBBED, finding(START, "route-missing"), "stub-deployment"),
    "a missing route behind a proxy that strips": (STRIPPED, finding(START, "route-missing"), "proxy-path-rewrite"),
    "a missing route that the code does not mount": (
        replace(MISSING, code=UNMOUNTED), finding(START, "route-missing"), "route-not-mounted",
    ),
    "a stub that the code explains": (
        replace(STUBBED, code=UNMOUNTED), finding(STUB, "stub-deployment", "it is: 200 x"), "route-not-mounted",
    ),
    "a stub": (STUBBED, finding(STUB, "stub-deployment", "it is accepted: 200 x"), "stub-deployment"),
    "a deploy that a stub refuses": (STUBBED, finding("core.tools.deploy/malformed-json-is-400", None, "415 x"), None),
    "everyone is let in": (WIDE_OPEN, finding(OPEN, "authentication-open", LET_IN), "authentication-open"),
    "another refusal than promised": (WIDE_OPEN, finding(OPEN, None, "403 x"), None),
    "one route is open": (opened("core.tools.start"), finding(OPEN, "authentication-open", LET_IN), None),
    "one route is open, and the code says why": (
        replace(opened("core.tools.start"), code=SHADOWED),
        finding(OPEN, "authentication-open", LET_IN),
        "route-shadowed",
    ),
    "any token is let in": (
        ANY_TOKEN, finding("core.tools.start/rejects-wrong-token", "authentication-open"), "authentication-open",
    ),
    "no token is let in, where any token is": (ANY_TOKEN, finding(OPEN, "authentication-open", LET_IN), None),
    "a token that is nearly right": (
        HEALTHY, finding("core.tools.start/rejects-near-token", "authentication-open"), None,
    ),
    "another shape": (HEALTHY, finding(STATUS, "response-drift", "200, but x"), "response-drift"),
    "another shape of one, beside a missing route": (
        replace(MISSING, code=UNMOUNTED), finding(STATUS, "response-drift", "200, but x"), "response-drift",
    ),
    "no Engine": (WITHOUT_ENGINE, finding("core.tools.list/success", None, "500 application/json x"),
                  "engine-unavailable"),
    "no Engine, and an answer all the same": (
        WITHOUT_ENGINE, finding("core.status/no-secret-values", None, "200 application/json x"), None,
    ),
    "no image": (
        answering(PROBE), finding("core.tools.deploy/success", None, "500 application/json x"), "image-unpullable",
    ),
    "a failure that no rule knows": (HEALTHY, finding("core.tools.deploy/success", None, "500 text/plain x"), None),
    "judging broke": (MISSING, finding(START, "route-missing", outcome=Outcome.ERROR), None),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE.values(), ids=TABLE)
def test_a_finding_has_the_cause_that_is_certain(case):
    """The root that the rules are sure of, and none where they are not."""
    facts, found, cause = case

    assert ({} if cause is None else {found.clause: cause}) == attribute([found], facts).by_clause


@pytest.mark.parametrize(
    ("clause", "cause"),
    [
        ("lifecycle/deploy-creates-running", "stub-deployment"),
        ("lifecycle/restart-keeps-instances", "state-lost"),
        ("drift/every-declared-route-is-mounted", "route-not-mounted"),
        ("drift/the-service-loads", "agent-crash-loop"),
    ],
)
def test_an_experiment_shows_what_looking_cannot(clause, cause):
    """What a clause tried counts for its own finding, and for no other one."""
    facts = replace(HEALTHY, shown=(Shown(clause, cause, "it was tried"),))
    other = finding("lifecycle/stop-stops", cause)

    assert {clause: cause} == attribute([finding(clause, cause), other], facts).by_clause


def test_one_root_is_one_cause():
    """What shows the root itself comes first; the remedy is that of a diagnosis."""
    missing, stub = finding(START, "route-missing"), finding(STUB, "stub-deployment", "it is: 200 x")
    (cause,) = attribute([missing, stub], STUBBED).causes

    assert (cause.told.id, cause.clauses) == ("stub-deployment", (STUB, START))
    assert cause.told.remedy.text == CAUSES["stub-deployment"].remedy


def test_a_suggestion_alone_is_no_cause():
    """On a healthy target, whatever a test suggests of routes, tokens and stubs is not believed."""
    suggested = [finding(clause, cause) for clause, cause in
                 ((START, "route-missing"), (OPEN, "authentication-open"), (STUB, "stub-deployment"))]  # fmt: skip

    assert attribute(suggested, HEALTHY).by_clause == {}
