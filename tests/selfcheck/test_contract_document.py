"""The contract document says what the API's description says, and its schemas tell right from wrong."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator

from dtma_contract.contract import Contract, Subject

DOCUMENT = Path(__file__).parents[2] / "contracts" / "dtma.openapi.yaml"
CONTRACT = Contract.from_document(yaml.safe_load(DOCUMENT.read_text(encoding="utf-8")))

TOOL = "/tools/{instanceNameOnToolbox}"

# operation, profile, effect, method and path, success, documented errors; written by hand from the API's description.
OPERATIONS = [
    ("core.service", "core", "read", "GET /", 200, set()),
    ("core.health", "core", "read", "GET /health", 200, set()),
    ("core.status", "core", "read", "GET /status", 200, {500}),
    ("core.tools.list", "core", "read", "GET /tools", 200, {401, 403}),
    ("core.tools.status", "core", "read", "GET /tools/status", 200, {401, 403, 500}),
    ("core.tools.deploy", "core", "create", "POST /tools", 201, {400, 401, 403, 409, 500, 502}),
    ("core.tools.delete", "core", "remove", f"DELETE {TOOL}", 200, {401, 403, 404, 500}),
    ("core.tools.start", "core", "change", f"POST {TOOL}/start", 200, {401, 403, 404, 500}),
    ("core.tools.stop", "core", "change", f"POST {TOOL}/stop", 200, {401, 403, 404, 500}),
    ("execute.tools.execute", "execute", "execute", f"POST {TOOL}/execute", 200, {400, 401, 403, 404, 500}),
    ("console.system", "console", "read", "GET /system", 200, {401, 403, 500}),
    ("console.logs", "console", "read", "GET /logs", 200, {401, 403}),
    ("console.restart", "console", "restart", "POST /restart", 200, {401, 403}),
    ("console.redeploy", "console", "redeploy", "POST /redeploy", 200, {401, 403}),
    ("diagnostics.docker", "diagnostics", "read", "GET /diagnostics/docker", 200, {401, 403, 500}),
    ("diagnostics.system", "diagnostics", "read", "GET /diagnostics/system", 200, {401, 403, 500}),
    ("diagnostics.logs", "diagnostics", "read", "GET /diagnostics/logs", 200, {401, 403, 500}),
    ("ssh.execute", "ssh", "shell", "POST /ssh/execute", 200, {400, 401, 403, 500}),
    ("mcp.groups.deploy", "mcp", "create", "POST /mcp/groups", 201, {400, 401, 403, 500}),
    ("mcp.groups.remove", "mcp", "remove", "DELETE /mcp/groups/{groupId}", 200, {401, 403, 404, 500}),
    ("mcp.status", "mcp", "read", "GET /mcp/status", 200, {401, 403, 500}),
    (
        "mcp.servers.restart",
        "mcp",
        "change",
        "POST /mcp/servers/{instanceName}/restart",
        200,
        {400, 401, 403, 404, 500},
    ),
    ("mcp.servers.logs", "mcp", "read", "GET /mcp/servers/{instanceName}/logs", 200, {401, 403, 404, 500}),
    ("mcp.health", "mcp", "read", "GET /mcp/health/{groupId}", 200, {401, 403, 404, 500}),
    (
        "mcp.credentials.refresh",
        "mcp",
        "change",
        "POST /mcp/credentials/refresh/{instanceName}",
        200,
        {401, 403, 404, 500},
    ),
    ("mcp.templates", "mcp", "read", "GET /mcp/templates", 200, {401, 403, 500}),
    ("mcp.validate", "mcp", "read", "POST /mcp/validate", 200, {400, 401, 403, 500}),
]

PUBLIC = {"core.service", "core.health", "core.status"}
CREATES = {"core.tools.deploy": "instance", "mcp.groups.deploy": "group"}

APPLICATION_FALLBACK = {"error": "Not Found"}
MCP_FALLBACK = {
    "success": False,
    "error": "MCP endpoint not found",
    "availableEndpoints": ["POST /mcp/groups", "GET /mcp/status"],
}
INSTANCE_NOT_FOUND = {"success": False, "error": "Tool instance 'x y\n' not found or not managed by this DTMA."}
GROUP_NOT_FOUND = {"success": False, "error": "MCP group 'g' not found"}

GOOD_IMAGES = [
    "nginx",
    "nginx:latest",
    "library/nginx:1.27-alpine",
    "a/b/c/d:v1_2.3",
    "my__image/with-dashes---many_and.dot",
    "localhost/probe",
    "localhost:5000/probe:latest",
    "127.0.0.1:5000/probe",
    "[::1]:5000/probe:1",
    "registry.invalid/dtmac/probe:none",
    "ghcr.io/agentopia/dtma",
    "REGISTRY.example.com:443/team/tool:TAG",
    "nginx@sha256:" + "0a" * 32,
    "nginx:1.27@sha256:" + "F0" * 32,
    "nginx:_" + "a" * 127,
    "library/" + "0a" * 32,
    "0a" * 33,
]
BAD_IMAGES = [
    "",
    " ",
    "nginx ",
    "nginx\n",
    "Nginx",
    "localhost/Probe",
    "nginx:",
    "nginx:-latest",
    "nginx:one:two",
    "nginx:" + "a" * 129,
    "nginx@sha256:abc",
    "nginx@" + "0a" * 32,
    "nginx@sha256:" + "0g" * 32,
    "/nginx",
    "nginx/",
    "a//b",
    "a___b",
    "a..b",
    "-nginx",
    "nginx-",
    "-host.example/nginx",
    "host-.example/nginx",
    "https://ghcr.io/team/tool",
    "ghcr.io:port/team/tool",
    "nginx;reboot",
    "nginx latest",
    "n\u00efinx",
    "0a" * 32,
    "a" * 513,
]

GOOD_NAMES = ["ab", "web-probe", "Context7_MCP.Server-1750278276605", "0a", "a" * 128]
BAD_NAMES = ["", "a", "-a", ".a", "_a", "a b", "Context7 MCP Server-1750278276605", "a/b", "a\n", "a\u00e9", "a" * 129]

GOOD_OVERRIDES = [
    {},
    {"Env": []},
    {"Env": ["KEY=value", "EMPTY=", "URL=a=b", "TEXT=two\nlines"]},
    {"HostConfig": {}},
    {"HostConfig": {"PortBindings": {"8080/tcp": [{"HostPort": "18080"}], "53/udp": [{"HostPort": "0"}]}}},
    {"HostConfig": {"PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "18080"}]}}},
    {"HostConfig": {"PortBindings": {"80/tcp": []}}},
    {"HostConfig": {"PortBindings": {"1/tcp": [{"HostPort": "65535"}], "65535/sctp": [{"HostPort": "9999"}]}}},
    {"Labels": {"unknown": "is ignored"}},
]
BAD_OVERRIDES = [
    None,
    [],
    "{}",
    {"Env": {"KEY": "value"}},
    {"Env": ["KEY"]},
    {"Env": ["=value"]},
    {"Env": [1]},
    {"Env": ["KEY=\0"]},
    {"HostConfig": []},
    {"HostConfig": {"PortBindings": []}},
    {"HostConfig": {"PortBindings": {"80/tcp": {"HostPort": "18080"}}}},
    {"HostConfig": {"PortBindings": {"80/tcp": [{"HostPort": 18080}]}}},
    {"HostConfig": {"PortBindings": {"80/tcp": [{"HostPort": "http"}]}}},
    {"HostConfig": {"PortBindings": {"80/tcp": [{"HostPort": "65536"}]}}},
    {"HostConfig": {"PortBindings": {"80/tcp": [{}]}}},
    {"HostConfig": {"PortBindings": {"0/tcp": [{"HostPort": "18080"}]}}},
    {"HostConfig": {"PortBindings": {"http/tcp": [{"HostPort": "18080"}]}}},
]

DEPLOY = {
    "dockerImageUrl": "nginx:latest",
    "instanceNameOnToolbox": "web-probe",
    "accountToolInstanceId": "3f0c8f6e-6a0e-4b44-9d5b-2f7f1c1f8a11",
}


def examples_of(media: Mapping[str, Any]) -> list[Any]:
    return [media["example"]] if "example" in media else [named["value"] for named in media["examples"].values()]


def response_examples() -> Iterator[tuple[str, int, str, Any]]:
    for operation in CONTRACT.operations:
        for status in sorted(operation.statuses):
            response = CONTRACT.resolve(operation.document["responses"][str(status)])
            for media_type, media in response["content"].items():
                for example in examples_of(media):
                    yield operation.id, status, media_type, example


def documented_404s() -> list[str]:
    return [operation.id for operation in CONTRACT.operations if 404 in operation.statuses]


def success_example(operation_id: str) -> Any:
    operation = CONTRACT.operation(operation_id)
    response = CONTRACT.resolve(operation.document["responses"][str(operation.success)])
    return copy.deepcopy(response["content"]["application/json"]["example"])


def schema_problems(name: str, value: Any) -> tuple[str, ...]:
    return CONTRACT.problems({"$ref": f"#/components/schemas/{name}"}, value)


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


@pytest.mark.parametrize("image", GOOD_IMAGES)
def test_image_references(image: str) -> None:
    """What the grammar of image references allows is a good `dockerImageUrl`."""
    assert CONTRACT.operation("core.tools.deploy").request_problems({**DEPLOY, "dockerImageUrl": image}) == ()


@pytest.mark.parametrize("image", BAD_IMAGES)
def test_malformed_image_references(image: str) -> None:
    """What the grammar of image references does not allow is a malformed `dockerImageUrl`."""
    assert CONTRACT.operation("core.tools.deploy").request_problems({**DEPLOY, "dockerImageUrl": image}) != ()


@pytest.mark.parametrize("unit", ["a", "a-", "-", "a.", "a/", "a_", "a:", "1:1/", "a@a"])
def test_image_references_match_in_linear_time(unit: str) -> None:
    """A hostile reference of 100,000 characters is refused at once; quadratic matching would take minutes."""
    began = time.process_time()

    assert schema_problems("ImageReference", unit * (100_000 // len(unit)) + "!") != ()
    # A hundred times what it takes on a slow machine.
    assert time.process_time() - began < 10


@pytest.mark.parametrize("name", GOOD_NAMES)
def test_names(name: str) -> None:
    """What Docker takes for a container's name, up to 128 characters, names an instance and a group."""
    assert CONTRACT.operation("core.tools.deploy").request_problems({**DEPLOY, "instanceNameOnToolbox": name}) == ()
    assert schema_problems("GroupRequest", {**CONTRACT.operation("mcp.groups.deploy").example, "groupId": name}) == ()


@pytest.mark.parametrize("name", BAD_NAMES)
def test_malformed_names(name: str) -> None:
    """What Docker refuses for a container's name, such as one with spaces or a line feed, is malformed."""
    assert CONTRACT.operation("core.tools.deploy").request_problems({**DEPLOY, "instanceNameOnToolbox": name}) != ()
    assert schema_problems("GroupRequest", {**CONTRACT.operation("mcp.groups.deploy").example, "groupId": name}) != ()


@pytest.mark.parametrize("override", GOOD_OVERRIDES)
def test_config_overrides(override: object) -> None:
    """Environment and port bindings are optional, and unknown settings are allowed."""
    assert (
        CONTRACT.operation("core.tools.deploy").request_problems({**DEPLOY, "baseConfigOverrideJson": override}) == ()
    )


@pytest.mark.parametrize("override", BAD_OVERRIDES)
def test_malformed_config_overrides(override: object) -> None:
    """Environment and port bindings of another shape than Docker's are malformed."""
    assert (
        CONTRACT.operation("core.tools.deploy").request_problems({**DEPLOY, "baseConfigOverrideJson": override}) != ()
    )


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "deploy",
        {},
        *({key: value for key, value in DEPLOY.items() if key != missing} for missing in DEPLOY),
        *({**DEPLOY, field: value} for field in DEPLOY for value in ("", None, 7, [], {}, " ")),
        {**DEPLOY, "accountToolInstanceId": "not-a-uuid"},
        {**DEPLOY, "accountToolInstanceId": "3f0c8f6e6a0e4b449d5b2f7f1c1f8a11"},
        {**DEPLOY, "accountToolInstanceId": DEPLOY["accountToolInstanceId"] + "\n"},
    ],
)
def test_malformed_deploys(body: object) -> None:
    """A deploy that is no object, lacks a required field or has a malformed one does not satisfy the request schema."""
    assert CONTRACT.operation("core.tools.deploy").request_problems(body) != ()


def test_deploys() -> None:
    """A deploy with the three required fields is good, and so is one that carries more."""
    operation = CONTRACT.operation("core.tools.deploy")

    assert operation.example == DEPLOY
    assert operation.required_fields == tuple(DEPLOY)
    assert operation.request_problems({**DEPLOY, "requestedBy": "backend"}) == ()


@pytest.mark.parametrize(
    ("operation_id", "body"),
    [
        ("execute.tools.execute", {"capabilityName": "echo"}),
        ("execute.tools.execute", {"agentId": "a"}),
        ("execute.tools.execute", {"agentId": "", "capabilityName": "echo"}),
        ("execute.tools.execute", {"agentId": "a", "capabilityName": "echo", "payload": {"args": [1]}}),
        ("ssh.execute", {}),
        ("ssh.execute", {"command": ""}),
        ("ssh.execute", {"command": "up\0time"}),
        ("ssh.execute", {"command": "uptime", "timeout": 0}),
        ("ssh.execute", {"command": "uptime", "timeout": 600001}),
        ("ssh.execute", {"command": "uptime", "timeout": "10"}),
        ("mcp.groups.deploy", {"groupId": "g1"}),
        ("mcp.groups.deploy", {"groupId": "g1", "servers": []}),
        ("mcp.groups.deploy", {"groupId": "g1", "servers": [{"instanceName": "s1"}]}),
        ("mcp.validate", {}),
        ("mcp.validate", {"servers": {}}),
    ],
)
def test_malformed_optional_requests(operation_id: str, body: object) -> None:
    """The requests of the optional profiles have required and typed fields too."""
    assert CONTRACT.operation(operation_id).request_problems(body) != ()


def test_any_definition_may_be_validated() -> None:
    """A wrong server definition is a result of `POST /mcp/validate`, so the request schema lets all of them pass."""
    assert CONTRACT.operation("mcp.validate").request_problems({"servers": [1, None, {"instanceName": "a b"}]}) == ()
