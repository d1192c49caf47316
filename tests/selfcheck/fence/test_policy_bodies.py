"""The policy's judgement of bodies: what is deployed, and which commands run."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dtma_contract.contract import EffectLevel
from dtma_contract.fence.decisions import Allow, FenceRequest, Refuse, Thing
from dtma_contract.fence.policy import Policy, decide

NAMESPACE = "dtmac-k3f9x2ab-"
OWN = NAMESPACE + "a"
JSON = ((b"Content-Type", b"application/json"),)


def deploy(**changes: Any) -> dict[str, Any]:
    body = {
        "dockerImageUrl": "nginx:latest",
        "instanceNameOnToolbox": OWN,
        "accountToolInstanceId": "7b0bd1a2-93cf-4b52-9d0a-5d8e6a4f1c11",
    }
    return {key: value for key, value in (body | changes).items() if value is not ...}


def host(**config: Any) -> dict[str, Any]:
    return deploy(baseConfigOverrideJson={"HostConfig": config})


def bindings(port: Any) -> dict[str, Any]:
    return host(PortBindings={"8080/tcp": [{"HostIp": "", "HostPort": port}]})


def group(*servers: Any, **changes: Any) -> dict[str, Any]:
    return {"groupId": OWN, "servers": list(servers), **changes}


def server(**changes: Any) -> dict[str, Any]:
    return {"instanceName": OWN, "dockerImageUrl": "nginx:latest"} | changes


def post(policy: Policy, body: Any, path: bytes = b"/tools", headers: Any = JSON) -> Allow | Refuse:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return decide(FenceRequest("POST", path, headers, data), policy, set())


@pytest.mark.parametrize(
    "body",
    [
        deploy(),
        deploy(dockerImageUrl="registry.invalid/x:1"),
        deploy(dockerImageUrl="a.b.test:5000/x/y@sha256:00"),
        deploy(dockerImageUrl="Not A Reference"),
        deploy(dockerImageUrl="UPPER/case"),
        deploy(dockerImageUrl="ngi!nx"),
        deploy(dockerImageUrl=""),
        deploy(dockerImageUrl=None),
        deploy(dockerImageUrl=7),
        deploy(dockerImageUrl={}),
        deploy(dockerImageUrl=...),
        deploy(dockerImageUrl=..., instanceNameOnToolbox=...),
        deploy(dockerImageUrl="registry.invalid/x", instanceNameOnToolbox=...),
        deploy(dockerImageUrl="registry.invalid/x", instanceNameOnToolbox=7),
        deploy(instanceNameOnToolbox=f"{OWN} with space"),
        deploy(instanceNameOnToolbox=f"{OWN}/é"),
        deploy(accountToolInstanceId="no uuid"),
        deploy(unknown={"a": [1, 2, {"b": None}]}),
        deploy(baseConfigOverrideJson=None),
        deploy(baseConfigOverrideJson="text"),
        deploy(baseConfigOverrideJson=[1, 2]),
        deploy(baseConfigOverrideJson={"Env": ["A=b"], "HostConfig": {}}),
        deploy(baseConfigOverrideJson={"Env": 5, "HostConfig": None}),
        bindings("18080"),
        bindings("1024"),
        bindings("0"),
        bindings(""),
        bindings("none"),
        bindings("20000-20010"),
        {},
        b'{"dockerImageUrl": NaN, "instanceNameOnToolbox": "' + OWN.encode() + b'"}',
        b'\xef\xbb\xbf{"dockerImageUrl": "nginx:latest", "instanceNameOnToolbox": "' + OWN.encode() + b'"}',
        b'{"x": ' + b"9" * 5000 + b"}",
    ],
)
def test_own_deploys_pass(policies: dict[EffectLevel, Policy], body):
    """A deploy of the probe image under the run's name passes, and so does one of what cannot be an image."""
    assert isinstance(post(policies[EffectLevel.LIFECYCLE], body), Allow), body


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"  \r\n",
        b"not json",
        b"{",
        b"[1, 2",
        b"null",
        b"7",
        b'"text"',
        b'["nginx:latest"]',
        b'{"dockerImageUrl": "customer/app", "instanceNameOnToolbox": "customer"',
        b"{]}",
        b'{"a": 1,}',
        b"\xfd\xfc\xfb",
        b"\x00",
        "[1, 2]".encode("utf-16"),
        b'{"\xff": "x"',
    ],
)
@pytest.mark.parametrize("level", list(EffectLevel))
def test_what_creates_nothing_passes_at_every_level(policies: dict[EffectLevel, Policy], body, level):
    """Bodies in which no parser finds a deploy are passed on, so that their refusal by the agent can be tested."""
    assert post(policies[level], body) == Allow()


@pytest.mark.parametrize(
    ("reason", "body"),
    [
        ("not-owned", deploy(instanceNameOnToolbox="customer")),
        ("not-owned", deploy(instanceNameOnToolbox="x" + OWN)),
        ("not-owned", deploy(instanceNameOnToolbox=OWN.upper())),
        ("not-owned", deploy(instanceNameOnToolbox="customer", dockerImageUrl="registry.invalid/x")),
        ("not-owned", deploy(instanceNameOnToolbox=["customer"], dockerImageUrl="registry.invalid/x")),
        ("not-owned", deploy(instanceNameOnToolbox=...)),
        ("not-owned", deploy(instanceNameOnToolbox=None)),
        ("not-owned", deploy(instanceNameOnToolbox="")),
        ("not-owned", deploy(instanceNameOnToolbox=4711)),
        ("not-owned", deploy(instancenameontoolbox=..., instanceNameOnToolbox=..., INSTANCENAMEONTOOLBOX="customer")),
        ("ambiguous-request", deploy(INSTANCENAMEONTOOLBOX=OWN)),
        ("ambiguous-request", deploy(instanceNameOnToolbox=f"{OWN}|customer")),
        ("ambiguous-request", deploy(instanceNameOnToolbox=f"{OWN};reboot")),
        ("image-not-allowed", deploy(dockerImageUrl="customer/app")),
        ("image-not-allowed", deploy(dockerImageUrl="nginx")),
        ("image-not-allowed", deploy(dockerImageUrl="nginx:latest ")),
        ("image-not-allowed", deploy(dockerImageUrl="nginx:Latest")),
        ("image-not-allowed", deploy(dockerImageUrl="docker.io/library/nginx:latest")),
        ("image-not-allowed", deploy(dockerImageUrl="registry.invalid")),
        ("image-not-allowed", deploy(dockerImageUrl="registry.invalid.example.com/x")),
        ("image-not-allowed", deploy(dockerImageUrl="example.com/registry.invalid/x")),
        ("image-not-allowed", deploy(dockerImageUrl="registry.invalid/../nginx")),
        ("image-not-allowed", deploy(dockerImageUrl="nginx;reboot now")),
        ("image-not-allowed", deploy(dockerImageUrl="--privileged NGINX x")),
        ("image-not-allowed", deploy(dockerImageUrl=["customer/app"])),
        ("image-not-allowed", deploy(dockerImageUrl="REGISTRY:5000/x")),
        ("image-not-allowed", deploy(dockerImageUrl="nginx\u0000 X")),
        ("image-not-allowed", deploy(dockerImageUrl=" ")),
        ("host-config", host(Privileged=True)),
        ("host-config", host(Binds=["/:/host"])),
        ("host-config", host(PidMode="host")),
        ("host-config", host(NetworkMode="host")),
        ("host-config", host(privileged=True)),
        ("host-config", deploy(baseConfigOverrideJson={"hostconfig": {"Privileged": True}})),
        ("host-config", deploy(baseConfigOverrideJson={"Image": "customer/app"})),
        ("host-config", deploy(baseConfigOverrideJson={"Cmd": ["sh"]})),
        ("host-config", deploy(baseConfigOverrideJson={"name": "customer"})),
        ("host-config", deploy(baseConfigOverrideJson=[{"HostConfig": {}}])),
        ("host-config", deploy(baseConfigOverrideJson='{"HostConfig": {"Privileged": true}}')),
        ("host-config", deploy(baseConfigOverrideJson="{HostConfig: {Privileged: true}}")),
        ("host-config", deploy(HostConfig={"Privileged": True})),
        ("host-config", deploy(options={"x": [{"Binds": ["/:/host"]}]})),
        ("host-config", bindings("80")),
        ("host-config", bindings("1023")),
        ("host-config", bindings("080")),
        ("host-config", bindings("0x50")),
        ("host-config", bindings(" 80")),
        ("host-config", bindings("-80")),
        ("host-config", bindings("0-65535")),
        ("host-config", bindings(18080)),
        ("host-config", bindings("8e1")),
        ("host-config", host(PortBindings=[{"HostPort": "80"}])),
        ("host-config", host(PortBindings={"80/tcp": {"HostPort": "80"}})),
        ("host-config", host(PortBindings={"80/tcp": [[{"HostPort": "80"}]]})),
        ("host-config", host(PortBindings={"80/tcp": [{"HostPort": "8080", "Driver": "x"}]})),
        ("ambiguous-request", b'{"dockerImageUrl":"nginx:latest","dockerImageUrl":"x","instanceNameOnToolbox":"%s"}'),
        ("ambiguous-request", b'{"a":{"b":1,"b":2}}'),
        ("ambiguous-request", b'{"__proto__":{"dockerImageUrl":"customer/app"}}'),
        ("ambiguous-request", b"{dockerImageUrl: 'customer/app', instanceNameOnToolbox: 'customer'}"),
        ("ambiguous-request", b'{"dockerImageUrl":"nginx:latest","instanceNameOnToolbox":"customer",}'),
        ("ambiguous-request", b'{"dockerImageUrl":"nginx:latest","instanceNameOnToolbox":"customer"} trailing'),
        ("ambiguous-request", b'/* */ {"dockerImageUrl":"nginx:latest","instanceNameOnToolbox":"customer"}'),
        ("ambiguous-request", b'{"\\u0064ockerImageUrl":"nginx:latest","x":1,}'),
        ("ambiguous-request", b"[" * 200_000),
        ("ambiguous-request", b'{"a":' * 200_000),
        ("ambiguous-request", '{"dockerImageUrl":"nginx:latest"}'.encode("utf-16")),
        ("ambiguous-request", '{"dockerImageUrl":"nginx:latest"}'.encode("utf-16-le")),
        ("ambiguous-request", '{"dockerImageUrl":"nginx:latest"}'.encode("utf-32-be")),
        ("image-not-allowed", b'{"dockerImageUrl":"customer/a\xffpp","instanceNameOnToolbox":"' + OWN.encode() + b'"}'),
    ],
)
def test_foreign_deploys_are_refused(policies: dict[EffectLevel, Policy], reason, body):
    """A deploy that any agent could carry out on foreign names, images or host settings is refused."""
    decision = post(policies[EffectLevel.RESTART], body)

    assert isinstance(decision, Refuse), decision
    assert decision.reason == reason


@pytest.mark.parametrize(
    "headers",
    [
        ((b"Content-Type", b"application/x-www-form-urlencoded"),),
        ((b"Content-Type", b"multipart/form-data; boundary=x"),),
        ((b"Content-Type", b"application/xml"),),
        ((b"Content-Type", b"application/yaml"),),
        ((b"Content-Type", b"application/json, text/xml"),),
        ((b"Content-Type", b"application/json; charset=utf-16"),),
        ((b"Content-Type", b"application/json;charset='utf-7'"),),
        ((b"Content-Type", b"application/json"), (b"content-type", b"text/xml")),
        ((b"Content-Type", b"application/json"), (b"Content-Encoding", b"gzip")),
        ((b"Content-Type", b"application/json"), (b"content_encoding", b"br")),
    ],
)
def test_bodies_that_cannot_be_read_are_refused(policies: dict[EffectLevel, Policy], headers):
    """A body of another media type, character set or content coding is refused, and passes when it is empty."""
    refusal = post(policies[EffectLevel.RESTART], deploy(), headers=headers)

    assert isinstance(refusal, Refuse)
    assert refusal.reason == "ambiguous-request"
    assert post(policies[EffectLevel.RESTART], b"", headers=headers) == Allow()


@pytest.mark.parametrize(
    "media_type",
    [b"application/json; charset=UTF-8", b"Application/JSON", b"application/problem+json", b"text/plain", b""],
)
def test_json_is_judged_under_every_name(policies: dict[EffectLevel, Policy], media_type):
    """Bodies that some server reads as JSON are judged as JSON."""
    headers = ((b"Content-Type", media_type),)

    assert isinstance(post(policies[EffectLevel.LIFECYCLE], deploy(), headers=headers), Allow)
    foreign = deploy(instanceNameOnToolbox="customer")
    assert isinstance(post(policies[EffectLevel.LIFECYCLE], foreign, headers=headers), Refuse)


def test_a_read_run_creates_nothing(policies: dict[EffectLevel, Policy]):
    """At the level read only what cannot resolve may be deployed, so that a stub can be told."""
    refusal = post(policies[EffectLevel.READ], deploy())

    assert isinstance(refusal, Refuse)
    assert refusal.reason == "effect-level"
    unresolvable = deploy(dockerImageUrl="registry.invalid/x")
    assert post(policies[EffectLevel.READ], unresolvable) == Allow((Thing("instance", OWN),))


def test_what_may_be_created_is_named(policies: dict[EffectLevel, Policy]):
    """An allowed create says what to write into the ledger: a group with each of its servers."""
    body = group(server(instanceName=OWN), server(instanceName=OWN + "b"), 7, "x")

    decision = post(policies[EffectLevel.LIFECYCLE], body, b"/mcp/groups")

    assert decision == Allow((Thing("instance", OWN), Thing("instance", OWN + "b"), Thing("group", OWN)))


@pytest.mark.parametrize(
    ("reason", "body"),
    [
        ("not-owned", group(server(), groupId="customer")),
        ("not-owned", group(server(), groupId=None)),
        ("not-owned", group(server(instanceName="customer"))),
        ("not-owned", group(server(instanceName=None))),
        ("image-not-allowed", group(server(dockerImageUrl="customer/app"))),
        ("host-config", group(server(baseConfigOverrideJson={"HostConfig": {"Privileged": True}}))),
        ("host-config", group(server(), options={"privileged": True})),
        ("ambiguous-request", group(servers={"0": server(instanceName="customer")})),
        ("ambiguous-request", group([server(instanceName="customer")])),
    ],
)
def test_foreign_groups_are_refused(policies: dict[EffectLevel, Policy], reason, body):
    """The rules of a deploy hold for the group and for each of its servers."""
    decision = post(policies[EffectLevel.RESTART], body, b"/mcp/groups")

    assert isinstance(decision, Refuse), decision
    assert decision.reason == reason


@pytest.mark.parametrize(
    "body",
    [
        {"command": "true"},
        {"command": f"echo {OWN}", "timeout": 5},
        {"command": ""},
        {"command": 7},
        {},
        [],
        b"",
        b"no",
    ],
)
def test_harmless_commands_run_at_the_highest_level(policies: dict[EffectLevel, Policy], body):
    """The shell runs true, false and echo of the run's own names, and malformed requests are passed on."""
    assert post(policies[EffectLevel.RESTART], body, b"/ssh/execute") == Allow()
    assert isinstance(post(policies[EffectLevel.LIFECYCLE], body, b"/ssh/execute"), Refuse)


@pytest.mark.parametrize(
    "body",
    [
        {"command": "reboot"},
        {"command": "true; reboot"},
        {"command": "true "},
        {"command": "echo dtmac-other000-x"},
        {"command": f"echo {OWN}\n"},
        {"command": ["reboot"]},
        {"Command": "reboot"},
        {"command": "true", "args": ["reboot"]},
        b'{"command":"true","command":"reboot"}',
        b"{command:'reboot'}",
    ],
)
def test_no_other_command_is_sent(policies: dict[EffectLevel, Policy], body):
    """Any other command is refused at every level."""
    assert isinstance(post(policies[EffectLevel.RESTART], body, b"/ssh/execute"), Refuse)
