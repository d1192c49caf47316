"""Is every operation mounted, told from refused and from unknown; do unknown paths answer as the fallback?"""

import pytest

from dtma_contract.judgement import ClauseViolatedError, NotJudgedError, require
from dtma_contract.mounting import MountState


@pytest.mark.aspect("mounted")
def test_operation_is_mounted(agent, operation, survey, identity, ask):
    state, evidence = survey.states[operation.id], survey.evidence[operation.id]
    if state == MountState.UNKNOWN:
        raise NotJudgedError(evidence)
    if state == MountState.MISSING:
        raise ClauseViolatedError(
            evidence,
            expected=[f"{operation.method} {operation.path} answered unlike a path that does not exist"],
            exchange=ask(),
            before=[agent.send(operation.method, f"/{identity.name('nowhere')}")],
            cause="route-missing",
        )


def require_fallback(answer):
    require(
        # A request id or a path beside it does no harm; `success` would make it look like a resource's 404.
        answer.status == 404 and answer.member("error") == "Not Found" and answer.member("success") is None,
        answer.describe(),
        expected=['404 {"error":"Not Found"}'],
        exchange=answer,
        cause="response-drift",
    )


@pytest.mark.clause("core.fallback/unknown-path-is-404")
def test_unknown_paths_answer_the_fallback(agent, identity, clause):
    for method in ("GET", "POST", "PUT", "DELETE"):
        require_fallback(agent.send(method, f"/{identity.name('nowhere')}"))


@pytest.mark.clause("core.fallback/undeclared-method-is-404")
def test_undeclared_methods_answer_the_fallback(agent, identity, clause):
    for method, path in (("GET", "/tools/{}/start"), ("PUT", "/tools/{}"), ("PATCH", "/tools/{}/stop")):
        require_fallback(agent.send(method, path.format(identity.name("absent"))))


@pytest.mark.clause("mcp.fallback/unknown-path-is-404")
def test_unknown_mcp_paths_answer_the_router_fallback(agent, identity, clause):
    answer = agent.send("GET", f"/mcp/{identity.name('nowhere')}")

    require(
        answer.status == 404
        and answer.member("error") == "MCP endpoint not found"
        and isinstance(answer.member("availableEndpoints"), list),
        answer.describe(),
        expected=['404 {"success":false,"error":"MCP endpoint not found","availableEndpoints":[…]}'],
        exchange=answer,
        cause="response-drift",
    )
