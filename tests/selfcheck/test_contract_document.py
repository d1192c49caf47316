"""The contract document says what the API's description says, and its schemas tell right from wrong."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from pure.shipped_contract import CONTRACT

from dtma_contract.contract import Subject

TOOL = "/tools/{instanceNameOnToolbox}"

# operation, profile, effect, method and path, success, documented errors; written by hand from the API's description.
OPERATIONS = [
    ("core.service", "core", "read", "GET /", 200, set()),
    ("core.health", "core", "read", "GET /health", 200, set()),
    ("core.status", "core", "read", "GET /status", 200, {500, 503}),
    ("core.tools.list", "core", "read", "GET /tools", 200, {401, 403, 503}),
    ("core.tools.status", "core", "read", "GET /tools/status", 200, {401, 403, 500, 503}),
    ("core.tools.deploy", "core", "create", "POST /tools", 201, {400, 401, 403, 409, 500, 502, 503}),
    ("core.tools.delete", "core", "remove", f"DELETE {TOOL}", 200, {401, 403, 404, 500, 503}),
    ("core.tools.start", "core", "change", f"POST {TOOL}/start", 200, {401, 403, 404, 500, 503}),
    ("core.tools.stop", "core", "change", f"POST {TOOL}/stop", 200, {401, 403, 404, 500, 503}),
    ("execute.tools.execute", "execute", "execute", f"POST {TOOL}/execute", 200, {400, 401, 403, 404, 500, 503}),
    ("console.system", "console", "read", "GET /system", 200, {401, 403, 500}),
    ("console.logs", "console", "read", "GET /logs", 200, {401, 403}),
    ("console.restart", "console", "restart", "POST /restart", 200, {401, 403}),
    ("console.redeploy", "console", "redeploy", "POST /redeploy", 200, {401, 403}),
    ("diagnostics.docker", "diagnostics", "read", "GET /diagnostics/docker", 200, {401, 403, 500, 503}),
    ("diagnostics.system", "diagnostics", "read", "GET /diagnostics/system", 200, {401, 403, 500}),
    ("diagnostics.logs", "diagnostics", "read", "GET /diagnostics/logs", 200, {401, 403, 500}),
    ("ssh.execute", "ssh", "shell", "POST /ssh/execute", 200, {400, 401, 403, 500}),
    ("mcp.groups.deploy", "mcp", "create", "POST /mcp/groups", 201, {400, 401, 403, 500, 503}),
    ("mcp.groups.remove", "mcp", "remove", "DELETE /mcp/groups/{groupId}", 200, {401, 403, 404, 500, 503}),
    ("mcp.status", "mcp", "read", "GET /mcp/status", 200, {401, 403, 500, 503}),
    (
        "mcp.servers.restart",
        "mcp",
        "change",
        "POST /mcp/servers/{instanceName}/restart",
        200,
        {400, 401, 403, 404, 500, 503},
    ),
    ("mcp.servers.logs", "mcp", "read", "GET /mcp/servers/{instanceName}/logs", 200, {401, 403, 404, 500, 503}),
    ("mcp.health", "mcp", "read", "GET /mcp/health/{groupId}", 200, {401, 403, 404, 500, 503}),
    (
        "mcp.credentials.refresh",
        "mcp",
        "change",
        "POST /mcp/credentials/refresh/{instanceName}",
        200,
        {401, 403, 404, 500, 503},
    ),
    ("mcp.templates", "mcp", "read", "GET /mcp/templates", 200, {401, 403, 500}),
    ("mcp.validate", "mcp", "read", "POST /mcp/validate", 200, {400, 401, 403, 500}),
]

PUBLIC = {"core.service", "core.health", "core.status"}
CREATES = {"core.tools.deploy": "instance", "mcp.groups.deploy": "group"}


def examples_of(media: Mapping[str, Any]) -> list[Any]:
    return [media["example"]] if "example" in media else [named["value"] for named in media["examples"].values()]


def response_examples() -> Iterator[tuple[str, int, str, Any]]:
    for operation in CONTRACT.operations:
        for status in sorted(operation.statuses):
            response = CONTRACT.resolve(operation.document["responses"][str(status)])
            for media_type, media in response["content"].items():
                for example in examples_of(media):
                    yield operation.id, status, media_type, example


def success_example(operation_id: str) -> Any:
    operation = CONTRACT.operation(operation_id)
    response = CONTRACT.resolve(operation.document["responses"][str(operation.success)])
    return copy.deepcopy(response["content"]["application/json"]["example"])


def test_document_is_valid_openapi() -> None:
    """The document is valid OpenAPI 3.1: structure, references, schemas, defaults."""
    problems = [error.message for error in OpenAPIV31SpecValidator(dict(CONTRACT.document)).iter_errors()]

    assert problems == []
    assert CONTRACT.document["openapi"] == "3.1.0"


def test_operations_are_the_described_ones() -> None:
    """Operations, profiles, effects, routes, successes and errors are those of the API's description, and no more."""
    documented = [
        (
            operation.id,
            operation.profile,
            str(operation.effect),
            f"{operation.method} {operation.path}",
            operation.success,
            set(operation.statuses - {operation.success}),
        )
        for operation in CONTRACT.operations
    ]

    assert sorted(documented, key=lambda row: row[0]) == sorted(OPERATIONS, key=lambda row: row[0])


def test_each_operation_has_one_success() -> None:
    """No operation documents a second 2xx, so that a deploy which answers 200 deviates."""
    successes = {
        operation.id: [status for status in operation.statuses if 200 <= status < 300]
        for operation in CONTRACT.operations
    }

    assert [name for name, statuses in successes.items() if len(statuses) != 1] == []


def test_three_operations_are_public() -> None:
    """Service, health and status ask for no token; all others do."""
    assert {operation.id for operation in CONTRACT.operations if not operation.secured} == PUBLIC


def test_subjects_name_a_parameter_of_their_path() -> None:
    """An operation has a subject exactly where its path names something, and the subject is that parameter."""
    subjects = {operation.id: operation.subject for operation in CONTRACT.operations}
    kinds = {"instanceNameOnToolbox": "instance", "instanceName": "instance", "groupId": "group"}
    expected = {
        operation.id: next((Subject(kinds[name], name) for name in kinds if f"{{{name}}}" in operation.path), None)
        for operation in CONTRACT.operations
    }

    assert subjects == expected


def test_creators_are_marked() -> None:
    """Exactly the operations with the effect `create` say what they create."""
    assert {operation.id: operation.creates for operation in CONTRACT.operations if operation.creates} == CREATES
    assert {operation.id for operation in CONTRACT.operations if operation.effect == "create"} == set(CREATES)


def test_each_operation_is_tagged_with_its_profile() -> None:
    """The one tag of an operation is its profile, and each tag is declared."""
    assert {operation.id: operation.document["tags"] for operation in CONTRACT.operations} == {
        operation.id: [operation.profile] for operation in CONTRACT.operations
    }
    assert tuple(tag["name"] for tag in CONTRACT.document["tags"]) == CONTRACT.profiles


@pytest.mark.parametrize(("operation_id", "status", "media_type", "example"), list(response_examples()))
def test_response_examples_conform(operation_id: str, status: int, media_type: str, example: Any) -> None:
    """Each response has an example, and it satisfies its own schema."""
    assert CONTRACT.operation(operation_id).response_problems(status, media_type, example) == ()


def test_request_examples_conform() -> None:
    """Each request body has an example, and it satisfies its own schema."""
    with_body = [operation for operation in CONTRACT.operations if operation.request_schema is not None]

    assert {operation.id: operation.request_problems(operation.example) for operation in with_body} == {
        "core.tools.deploy": (),
        "execute.tools.execute": (),
        "ssh.execute": (),
        "mcp.groups.deploy": (),
        "mcp.validate": (),
    }


def test_parameter_examples_conform() -> None:
    """Each parameter has an example, and it satisfies its own schema."""
    parameters = [
        (operation.id, CONTRACT.resolve(node))
        for operation in CONTRACT.operations
        for node in operation.document["parameters"]
    ]
    problems = {
        (operation_id, parameter["name"]): CONTRACT.problems(parameter["schema"], parameter["example"])
        for operation_id, parameter in parameters
    }

    assert len(problems) == 14
    assert [key for key, value in problems.items() if value] == []


def test_links_lead_from_a_creation_to_what_it_created() -> None:
    """The links of both creations name known operations and read the subject's name from the example response."""
    followed = {}
    for operation_id in CREATES:
        operation = CONTRACT.operation(operation_id)
        for link in operation.document["responses"]["201"]["links"].values():
            subject = CONTRACT.operation(link["operationId"]).subject
            assert subject is not None
            assert set(link["parameters"]) == {subject.parameter}
            value: Any = success_example(operation_id)
            for part in link["parameters"][subject.parameter].removeprefix("$response.body#/").split("/"):
                value = value[part]
            followed[link["operationId"]] = value

    assert followed == {
        "core.tools.start": "web-probe",
        "core.tools.stop": "web-probe",
        "core.tools.delete": "web-probe",
        "execute.tools.execute": "web-probe",
        "mcp.health": "search-tools",
        "mcp.groups.remove": "search-tools",
    }
