"""The contract's request schemas tell what an agent must carry out from what it must refuse."""

from __future__ import annotations

import time
from typing import Any

import pytest
from pure.shipped_contract import CONTRACT

DEPLOY = {
    "dockerImageUrl": "nginx:latest",
    "instanceNameOnToolbox": "web-probe",
    "accountToolInstanceId": "3f0c8f6e-6a0e-4b44-9d5b-2f7f1c1f8a11",
}

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


def schema_problems(name: str, value: Any) -> tuple[str, ...]:
    return CONTRACT.problems({"$ref": f"#/components/schemas/{name}"}, value)


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
