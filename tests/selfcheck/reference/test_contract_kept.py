"""Every operation succeeds and refuses as the contract documents it."""

from __future__ import annotations

import asyncio
import json
import socket

import httpx
import pytest
from reference.callers import ROW, deployment

from dtma_reference.assembly import assemble
from dtma_reference.engines.docker import DockerEngine
from dtma_reference.settings import AgentSettings
from dtma_reference.tokens import Secrets

GROUP = {"groupId": "group", "servers": [{"instanceName": "member", "dockerImageUrl": "nginx:latest"}]}
BODIES = {
    "core.tools.deploy": deployment("fresh", port=8080),
    "execute.tools.execute": {"agentId": "a", "capabilityName": "echo", "payload": {"args": ["hello"]}},
    "ssh.execute": {"command": "echo hello", "timeout": 5000},
    "mcp.groups.deploy": {**GROUP, "groupId": "other", "servers": [{**GROUP["servers"][0], "instanceName": "second"}]},
    "mcp.validate": {"servers": [*GROUP["servers"], {"instanceName": "a b"}, 7]},
}
# What a path parameter names in a success.
NAMED = {"instanceNameOnToolbox": "tool", "instanceName": "member", "groupId": "group"}

OPERATIONS = (
    "core.service",
    "core.health",
    "core.status",
    "core.tools.list",
    "core.tools.status",
    "core.tools.deploy",
    "core.tools.delete",
    "core.tools.start",
    "core.tools.stop",
    "execute.tools.execute",
    "console.system",
    "console.logs",
    "console.restart",
    "console.redeploy",
    "diagnostics.docker",
    "diagnostics.system",
    "diagnostics.logs",
    "ssh.execute",
    "mcp.groups.deploy",
    "mcp.groups.remove",
    "mcp.status",
    "mcp.servers.restart",
    "mcp.servers.logs",
    "mcp.health",
    "mcp.credentials.refresh",
    "mcp.templates",
    "mcp.validate",
)


@pytest.fixture
def furnished(agent):
    """An agent with an instance and a group."""
    caller = agent(allow_ssh=True)
    assert caller.deploy("tool").status_code == 201
    assert caller("POST", "/mcp/groups", GROUP).status_code == 201
    return caller


def ask(caller, operation, values, body=None, **rest):
    path = operation.path.format(**values)
    return caller(operation.method, path, body if body is not None else BODIES.get(operation.id), **rest)


def problems(operation, response):
    if response.status_code not in operation.statuses:
        return f"{operation.id}: {response.status_code} is not documented: {response.text}"
    media_type = response.headers["content-type"].partition(";")[0]
    body = response.json() if media_type == "application/json" else response.text
    return operation.response_problems(response.status_code, media_type, body)


def test_the_operations_here_are_those_of_the_contract(contract):
    """No operation of the contract is left out below."""
    assert sorted(operation.id for operation in contract.operations) == sorted(OPERATIONS)


@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_success_is_the_documented_one(furnished, contract, operation_id):
    """A valid request gets the documented status, media type and schema."""
    operation = contract.operation(operation_id)

    response = ask(furnished, operation, NAMED)

    assert problems(operation, response) == ()
    assert response.status_code == operation.success


@pytest.mark.parametrize("operation_id", BODIES)
def test_the_contracts_own_example_is_taken(furnished, contract, operation_id):
    """The example of a request body is a valid request."""
    operation = contract.operation(operation_id)

    response = ask(furnished, operation, NAMED, operation.example)

    assert problems(operation, response) == ()
    assert response.status_code == operation.success


@pytest.mark.parametrize(
    ("header", "status"),
    [(None, 401), ("Basic YTpi", 401), ("Bearer", 401), ("Bearer ", 401), ("Token x", 401), ("Bearer wrong", 403)],
)
def test_whoever_has_no_token_is_refused(furnished, contract, header, status):
    """No usable credentials are a 401, a wrong token is a 403; what is public asks for nothing."""
    headers = {} if header is None else {"Authorization": header}
    for operation in contract.operations:
        # The body is broken too: who may not ask is told so before anything is read.
        response = ask(furnished, operation, NAMED, b"{", token=None, headers=headers)

        assert problems(operation, response) == ()
        assert response.status_code == (status if operation.secured else operation.success)


def test_an_unknown_name_is_the_resource_level_404(furnished, contract):
    """Operations on something named tell that there is no such thing."""
    for operation in contract.operations:
        if operation.subject is not None:
            response = ask(furnished, operation, dict.fromkeys(NAMED, "nobody"))

            assert problems(operation, response) == ()
            assert response.status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b"[]",
        b"null",
        b"7",
        b'"text"',
        b"true",
        b"{}",
        b"\xff\xfe",
        b'{"a": "\xc3"}',
        b'\xef\xbb\xbf{"a": 1}',
        b'{"a": NaN}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"servers": ' + b"9" * 5000 + b"}",
    ],
    ids=lambda body: repr(body[:12]),
)
def test_a_body_that_is_no_object_or_no_json_is_a_400(furnished, contract, body):
    """Malformed bodies are told, and never break anything."""
    for operation in map(contract.operation, BODIES):
        response = ask(furnished, operation, NAMED, body)

        assert problems(operation, response) == ()
        assert response.status_code == 400


@pytest.mark.parametrize("value", [None, 7, "", [], {}, True, "\ud800", "\0", 10**300, "x" * 5000], ids=ascii)
def test_a_field_that_is_missing_or_malformed_is_a_400_that_names_it(furnished, contract, value):
    """Each required field is checked; the message says which one it is."""
    for operation in map(contract.operation, BODIES):
        for name in operation.required_fields:
            body = {**BODIES[operation.id], name: value}
            if not operation.request_problems(body) and value != "\ud800":
                continue  # the value is allowed here
            changed = ask(furnished, operation, NAMED, json.dumps(body).encode())
            missing = ask(furnished, operation, NAMED, {key: body[key] for key in body if key != name})

            for response in (changed, missing):
                assert problems(operation, response) == ()
                assert response.status_code == 400
                assert f"'{name}" in response.json()["error"]


BAD_FIELDS = [
    {"instanceNameOnToolbox": name}
    for name in ("a", "-ab", "a b", "a/b", "ab\n", "äb", "a" * 129, "Context7 MCP Server-1750278276605")
] + [
    {"dockerImageUrl": image}
    for image in ("UPPER", "nginx:", "nginx:-a", "a//b", "nginx:latest ", " nginx", "a:b:c", "a@sha256:12", "f" * 64)
] + [
    {"accountToolInstanceId": row}
    for row in ("7", ROW + "0", ROW.replace("-", ""), "{" + ROW + "}", ROW[:-1] + "g", f"{ROW}\n")
] + [
    {"baseConfigOverrideJson": override}
    for override in (
        None,
        [],
        {"Env": None},
        {"Env": "A=1"},
        {"Env": ["A"]},
        {"Env": ["=1"]},
        {"Env": ["A=\0"]},
        {"Env": [7]},
        {"HostConfig": []},
        {"HostConfig": {"PortBindings": []}},
        {"HostConfig": {"PortBindings": {"80": [{"HostPort": "80"}]}}},
        {"HostConfig": {"PortBindings": {"0/tcp": [{"HostPort": "80"}]}}},
        {"HostConfig": {"PortBindings": {"65536/tcp": [{"HostPort": "80"}]}}},
        {"HostConfig": {"PortBindings": {"80/icmp": [{"HostPort": "80"}]}}},
        {"HostConfig": {"PortBindings": {"80/tcp": {"HostPort": "80"}}}},
        {"HostConfig": {"PortBindings": {"80/tcp": [{}]}}},
        {"HostConfig": {"PortBindings": {"80/tcp": [{"HostPort": 80}]}}},
        {"HostConfig": {"PortBindings": {"80/tcp": [{"HostPort": "080"}]}}},
        {"HostConfig": {"PortBindings": {"80/tcp": [{"HostPort": "65536"}]}}},
        {"HostConfig": {"PortBindings": {"80/tcp": [{"HostPort": "80", "HostIp": "here"}]}}},
    )
]  # fmt: skip


@pytest.mark.parametrize("change", BAD_FIELDS, ids=repr)
def test_a_malformed_deployment_is_a_400_and_changes_nothing(caller, contract, change):
    """What Docker or the database would refuse later is refused at once."""
    operation = contract.operation("core.tools.deploy")
    before = caller.contained()

    response = caller("POST", "/tools", {**deployment("fresh"), **change})

    assert problems(operation, response) == ()
    assert response.status_code == 400
    assert next(iter(change)) in response.json()["error"]
    assert caller.contained() == before
    assert caller.listed() == {}


GOOD_FIELDS = [
    {"instanceNameOnToolbox": "a" * 128},
    {"instanceNameOnToolbox": "0_.-"},
    {"dockerImageUrl": "nginx"},
    {"dockerImageUrl": "docker.io/library/nginx:latest"},
    {"accountToolInstanceId": ROW.upper()},
    {"baseConfigOverrideJson": {}},
    {"baseConfigOverrideJson": {"Env": ["A=", "B=b=c"], "HostConfig": {"Privileged": True}, "Cmd": 7}},
    {"baseConfigOverrideJson": {"HostConfig": {"PortBindings": {"80/udp": [{"HostPort": "0", "HostIp": "::1"}]}}}},
    {"somethingElse": [1]},
]


@pytest.mark.parametrize("change", GOOD_FIELDS, ids=repr)
def test_a_wellformed_deployment_is_carried_out(caller, contract, change):
    """Optional fields may be there or not, what is not known is ignored."""
    operation = contract.operation("core.tools.deploy")
    body = {**deployment("fresh"), **change}

    response = caller("POST", "/tools", body)

    assert operation.request_problems(body) == ()
    assert problems(operation, response) == ()
    assert response.status_code == 201
    assert caller.listed() == {body["instanceNameOnToolbox"]: "running"}


def test_an_agent_without_a_token_says_so_wherever_one_is_needed(agent, contract):
    """It lets nobody in; what is public works."""
    caller = agent(secrets=Secrets())
    for operation in contract.operations:
        for token in (None, "anything", ""):
            response = ask(caller, operation, NAMED, token=token)

            if operation.secured:
                assert response.status_code == 500
                assert response.json() == {"error": "DTMA configuration error"}
            else:
                assert response.status_code == operation.success


def test_an_engine_that_is_gone_is_a_500_where_it_is_needed_and_health_is_fine(contract):
    """An engine that does not answer is told, as documented."""
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))  # not listening: connections are refused
        engine = DockerEngine(f"tcp://127.0.0.1:{unheard.getsockname()[1]}")
        _, app = assemble(AgentSettings(), Secrets("one-token"), engine, lambda: None)

        async def statuses():
            transport = httpx.ASGITransport(app)
            headers = {"Authorization": "Bearer one-token"}
            async with httpx.AsyncClient(transport=transport, base_url="http://agent", headers=headers) as client:
                return [
                    (await client.get("/health")).status_code,
                    (await client.get("/status")).status_code,
                    (await client.post("/tools", json=deployment("fresh"))).status_code,
                    (await client.post("/tools/x/start")).status_code,
                ]

        assert asyncio.run(statuses()) == [200, 500, 500, 404]
