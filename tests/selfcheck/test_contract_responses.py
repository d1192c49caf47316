"""The contract's response schemas tell what callers can use from what only looks like it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from pure.shipped_contract import CONTRACT

APPLICATION_FALLBACK = {"error": "Not Found"}
MCP_FALLBACK = {
    "success": False,
    "error": "MCP endpoint not found",
    "availableEndpoints": ["POST /mcp/groups", "GET /mcp/status"],
}
INSTANCE_NOT_FOUND = {"success": False, "error": "Tool instance 'x y\n' not found or not managed by this DTMA."}
GROUP_NOT_FOUND = {"success": False, "error": "MCP group 'g' not found"}


def documented_404s() -> list[str]:
    return [operation.id for operation in CONTRACT.operations if 404 in operation.statuses]


def success_example(operation_id: str) -> Any:
    operation = CONTRACT.operation(operation_id)
    response = CONTRACT.resolve(operation.document["responses"][str(operation.success)])
    return copy.deepcopy(response["content"]["application/json"]["example"])


def schema_problems(name: str, value: Any) -> tuple[str, ...]:
    return CONTRACT.problems({"$ref": f"#/components/schemas/{name}"}, value)


@pytest.mark.parametrize("operation_id", documented_404s())
@pytest.mark.parametrize("fallback", [APPLICATION_FALLBACK, MCP_FALLBACK], ids=["application", "mcp"])
def test_no_fallback_is_a_documented_404(operation_id: str, fallback: dict[str, Any]) -> None:
    """What an agent answers for a route that it does not have is no documented 404 of any operation."""
    assert CONTRACT.operation(operation_id).response_problems(404, "application/json", fallback) != ()


@pytest.mark.parametrize("operation_id", documented_404s())
def test_a_missing_resource_is_a_documented_404(operation_id: str) -> None:
    """The agent's words for a missing resource satisfy the 404, whatever the name; those for the other kind do not."""
    operation = CONTRACT.operation(operation_id)
    assert operation.subject is not None
    right, wrong = INSTANCE_NOT_FOUND, GROUP_NOT_FOUND
    if operation.subject.kind == "group":
        right, wrong = wrong, right

    assert operation.response_problems(404, "application/json", right) == ()
    assert operation.response_problems(404, "application/json", wrong) != ()


def test_an_unconfigured_agent_answers_a_documented_500() -> None:
    """The 500 of an agent without a token needs no `success`; a 500 that claims success deviates."""
    operation = CONTRACT.operation("core.tools.deploy")

    assert operation.response_problems(500, "application/json", {"error": "DTMA configuration error"}) == ()
    assert operation.response_problems(500, "application/json", {"success": True, "error": "x"}) != ()
    assert operation.response_problems(500, "application/json", {"message": "x"}) != ()


def test_refusals_of_the_token_are_told_apart() -> None:
    """The body of a 401 is none of a 403, and the reverse."""
    operation = CONTRACT.operation("core.tools.list")

    assert operation.response_problems(401, "application/json", {"error": "Forbidden"}) != ()
    assert operation.response_problems(403, "application/json", {"error": "Unauthorized"}) != ()


def test_a_stub_deploy_does_not_conform() -> None:
    """The answer of a stub that accepts a deploy and creates nothing is no documented deploy."""
    operation = CONTRACT.operation("core.tools.deploy")
    stub = {"status": "accepted", "message": "deployment accepted", "note": "not implemented"}

    assert 200 not in operation.statuses
    assert operation.response_problems(201, "application/json", stub) != ()


@pytest.mark.parametrize("field", sorted(success_example("core.tools.deploy")["data"]))
def test_deployed_needs_each_field(field: str) -> None:
    """A deployed response that lacks any field which its callers read deviates."""
    body = success_example("core.tools.deploy")
    del body["data"][field]

    assert CONTRACT.operation("core.tools.deploy").response_problems(201, "application/json", body) != ()


def test_health_is_exactly_ok() -> None:
    """`GET /health` is the text OK; other text and JSON deviate."""
    operation = CONTRACT.operation("core.health")

    assert operation.response_problems(200, "text/plain", "OK") == ()
    assert operation.response_problems(200, "text/plain", "ok") != ()
    assert operation.response_problems(200, "application/json", {"status": "OK"}) != ()


@pytest.mark.parametrize("operation_id", ["core.status", "core.tools.status"])
@pytest.mark.parametrize(
    ("field", "value"),
    [("authToken", "s3cret"), ("DTMA_BEARER_TOKEN", None), ("hasAuthToken", "s3cret"), ("port", 30000)],
)
def test_a_status_carries_no_secret(operation_id: str, field: str, value: object) -> None:
    """The environment of a status says whether values are set; an additional field, or a value for a flag, deviates."""
    body = success_example(operation_id)
    assert CONTRACT.operation(operation_id).response_problems(200, "application/json", body) == ()
    body["environment"][field] = value

    assert CONTRACT.operation(operation_id).response_problems(200, "application/json", body) != ()


@pytest.mark.parametrize("timestamp", ["yesterday", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01T02:00:00+02:00"])
def test_times_are_in_utc(timestamp: str) -> None:
    """A time without an offset, or with another one than UTC's, deviates."""
    assert schema_problems("Timestamp", "2026-01-01T00:00:00+00:00") == ()
    assert schema_problems("Timestamp", timestamp) != ()


def test_tolerant_readers_accept_more() -> None:
    """Additional fields in a response are no deviation, except in the environment of a status."""
    body = success_example("core.tools.list")
    body["count"] = 1
    body["tools"][0]["labels"] = {}

    assert CONTRACT.operation("core.tools.list").response_problems(200, "application/json", body) == ()


def test_dockers_own_list_fields_are_no_tool_instance() -> None:
    """What Docker's list of containers calls its fields is not what the callers read."""
    listed = {
        "id": "4f1d0c8b6f0e",
        "names": ["/web-probe"],
        "image": "nginx:latest",
        "status": "Up 2 minutes",
        "Ports": [{"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 18080, "Type": "tcp"}],  # noqa: S104 - it is data
        "created": 1767225600,
    }

    assert schema_problems("ToolInstance", listed) != ()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("account_tool_instance_id", 7),
        ("instance_name_on_toolbox", ""),
        ("container_id", None),
        ("status", "Up 2 minutes"),
        ("status", "stopped"),
        ("image", ""),
        ("ports", {}),
        ("ports", [{"PrivatePort": 80, "Type": "tcp"}]),
        ("ports", [{"private_port": "80", "type": "tcp"}]),
        ("created", "2026-01-01T00:00:00Z"),
        ("created", 1767225600.5),
        ("created", 1767225600000),
    ],
)
def test_tool_instance_fields_have_one_meaning(field: str, value: object) -> None:
    """A wrong type, a word that is not Docker's, or milliseconds for seconds in a tool instance deviate."""
    instance = success_example("core.tools.list")["tools"][0]
    assert schema_problems("ToolInstance", instance) == ()

    assert schema_problems("ToolInstance", {**instance, field: value}) != ()


@pytest.mark.parametrize("field", sorted(success_example("core.tools.list")["tools"][0]))
def test_tool_instance_needs_each_field(field: str) -> None:
    """A tool instance that lacks any field which its callers read deviates."""
    instance = success_example("core.tools.list")["tools"][0]
    del instance[field]

    assert schema_problems("ToolInstance", instance) != ()


def test_an_adopted_instance_may_have_no_account() -> None:
    """`account_tool_instance_id` is null where the agent does not know the backend's row, and never left out."""
    instance = success_example("core.tools.list")["tools"][0]

    assert schema_problems("ToolInstance", {**instance, "account_tool_instance_id": None, "ports": []}) == ()
