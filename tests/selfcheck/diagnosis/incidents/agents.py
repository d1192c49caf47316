"""Incidents of an agent that runs as a process: tokens, routes, instances, answers."""

from __future__ import annotations

import contextlib
import json
import secrets
import uuid

import httpx
import pytest
from neighbours.express import running_express
from neighbours.express_build import express_build
from neighbours.express_patch import patched_express
from neighbours.reference import running_reference

from .incident import Scene, healthy, incident
from .symptoms import all_of, answers, asked, is_healthy, says

_CLIENT = httpx.Client(timeout=60, trust_env=False)
_NODE = ("node",)
_FALLBACK = '{"error":"Not Found"}'
_STARTS = "/tools/dtmac-nobody-has-this-name/start"
_NO_TOKENS = {"DTMA_BEARER_TOKEN": "", "BACKEND_TO_DTMA_API_KEY": ""}
_START_IS_MISSING = answers("POST", "/tools/{instance}/start", 404, _FALLBACK)


def deployed(agent, name, *, image="nginx:latest", port=None, expected=201):
    """Deploy an instance as the backend does."""
    body = {
        "dockerImageUrl": image,
        "instanceNameOnToolbox": name,
        "accountToolInstanceId": str(uuid.uuid4()),
    }
    if port is not None:
        body["baseConfigOverrideJson"] = {"HostConfig": {"PortBindings": {"8080/tcp": [{"HostPort": str(port)}]}}}
    headers = {"Authorization": f"Bearer {agent.token}"}
    answer = _CLIENT.post(f"{agent.url}/tools", json=body, headers=headers)

    assert answer.status_code == expected, answer.text


@contextlib.contextmanager
def reference_with_instances(*names, options=()):
    """Run a reference agent that has these instances."""
    with running_reference(*options) as agent:
        for name in names:
            deployed(agent, name)
        yield agent


@incident("token-rejected", shows=answers("GET", "/tools", 403, "Forbidden"), as_program=True)
def token_of_another_droplet(stage):
    """The caller's token is another droplet's."""
    yield Scene(stage.reference().url, secrets.token_urlsafe(32))


@incident("token-rejected", shows=answers("GET", "/tools", 403, "Forbidden"), needs=_NODE)
def token_of_another_droplet_at_express(stage):
    """The same at the agent on Express."""
    yield Scene(stage.express().url, secrets.token_urlsafe(32))


def _carries_no_such_token(scene):
    with pytest.raises(httpx.LocalProtocolError, match="Illegal header value"):
        asked(scene, "GET", "/tools")


@incident("token-rejected", shows=_carries_no_such_token)
def token_with_a_line_break(stage):
    """The caller's token was read from a file, its line break with it, which no header can hold."""
    agent = stage.reference()
    yield Scene(agent.url, f"{agent.token}\n", secrets=(agent.token,))


@incident("token-not-configured", shows=answers("GET", "/tools", 500, "DTMA configuration error"))
def agent_without_tokens(stage):
    """The agent was started with no token, and says so to whoever asks for something protected."""
    with running_reference(env=_NO_TOKENS) as agent:
        yield Scene(agent.url, secrets.token_urlsafe(32))


@incident("token-not-configured", shows=answers("GET", "/tools", 500, "DTMA configuration error"), needs=_NODE)
def express_without_tokens(stage):
    """The same at the agent on Express, whose configuration file has no token either."""
    with running_express(express_build(), endpoint=stage.quiet, env=_NO_TOKENS) as agent:
        yield Scene(agent.url, secrets.token_urlsafe(32))


@incident("authentication-open", shows=answers("GET", "/tools", 200, token=""))
def everyone_is_let_in(stage):
    """The agent asks nobody for a token."""
    agent = stage.reference("--fault", "auth-off")
    yield Scene(agent.url, agent.token)


@incident("authentication-open", shows=answers("GET", "/tools", 200, token=""), needs=_NODE)
def development_mode(stage):
    """No token is configured, which this build takes for development: it lets everyone in."""
    in_development = ("middleware/authentication.js", "throw new ConfigurationError();", "next();\n            return;")
    with (
        patched_express("development-mode", *in_development) as build,
        running_express(build, endpoint=stage.quiet, env=_NO_TOKENS) as agent,
    ):
        yield Scene(agent.url, secrets.token_urlsafe(32))


@incident(
    "authentication-open",
    shows=all_of(answers("GET", "/tools", 401, token=""), answers("GET", "/tools", 200, token="any-other")),  # noqa: S106 - made up
)
def every_token_is_let_in(stage):
    """The agent asks for a token, and any will do."""
    agent = stage.reference("--fault", "wrong-token-accepted")
    yield Scene(agent.url, agent.token)


@incident("route-missing", shows=answers("POST", _STARTS, 404, _FALLBACK), as_program=True)
def start_is_missing(stage):
    """The start route is not mounted; everything else works."""
    agent = stage.reference("--fault", "start-route-missing")
    yield Scene(agent.url, agent.token)


@incident("route-missing", shows=answers("GET", "/health", 404, _FALLBACK))
def stop_delete_and_health_are_missing(stage):
    """Three routes are not mounted."""
    faults = ("--fault", "stop-route-missing", "--fault", "delete-route-missing", "--fault", "health-route-missing")
    agent = stage.reference(*faults)
    yield Scene(agent.url, agent.token)


@incident("route-missing", shows=answers("POST", _STARTS, 404, _FALLBACK), needs=_NODE)
def old_build_seen_from_outside(stage):
    """The agent on Express is a build without start and stop; nothing but the target is at hand."""
    agent = stage.express("older-commit")
    yield Scene(agent.url, agent.token)


@incident("route-missing", shows=_START_IS_MISSING, gives="url instance")
def start_of_an_instance_is_missing(stage):
    """Why does start of this one answer 404? Because there is no start; the instance is fine."""
    with reference_with_instances("crm-sync", options=("--fault", "start-route-missing")) as agent:
        yield Scene(agent.url, agent.token, instance="crm-sync")


@incident("route-shadowed", shows=answers("GET", "/mcp/status", 200, token=""))
def mcp_status_is_open(stage):
    """An earlier handler answers GET /mcp/status without asking for the token that its router asks for."""
    agent = stage.reference("--fault", "mcp-status-open")
    yield Scene(agent.url, agent.token)


@incident("route-shadowed", shows=answers("GET", "/mcp/status", 200, token=""), needs=_NODE)
def mcp_status_is_shadowed_in_express(stage):
    """The same at the agent on Express, seen from outside."""
    agent = stage.express("shadowing-handler")
    yield Scene(agent.url, agent.token)


# From outside, both are the marks of one root, which only the code can tell.
_STUB = {"shows": answers("POST", _STARTS, 404, _FALLBACK), "or_first": ("stub-deployment",)}


@incident("route-missing", "stub-deployment", **_STUB, as_program=True)
def stub(stage):
    """A stub was shipped: deploy accepts everything and creates nothing; start, stop, delete, health are not there."""
    agent = stage.reference("--fault", "stub-deployment")
    yield Scene(agent.url, agent.token)


@incident(
    "stub-deployment",
    "authentication-open",
    "route-missing",
    shows=all_of(answers("POST", _STARTS, 404, _FALLBACK), answers("GET", "/tools", 200, token="")),
)
def stub_that_lets_everyone_in(stage):
    """The same stub, which asks nobody for a token either: that follows from what it is."""
    agent = stage.reference("--fault", "stub-deployment", "--fault", "auth-off")
    yield Scene(agent.url, agent.token)


@incident("route-missing", "stub-deployment", **_STUB, needs=_NODE)
def stub_entry_seen_from_outside(stage):
    """The same with the agent on Express."""
    agent = stage.express("stub-entry")
    yield Scene(agent.url, agent.token)


@incident("engine-unavailable", shows=answers("GET", "/tools", 500), as_program=True)
def engine_stopped(stage):
    """The Docker Engine of the host does not run."""
    agent = stage.reference("--engine", "docker", "--docker", "unix:///nonexistent/docker.sock")
    yield Scene(agent.url, agent.token)


@incident("engine-unavailable", shows=answers("GET", "/tools", 500), needs=_NODE)
def engine_stopped_under_express(stage):
    """The same at the agent on Express."""
    agent = stage.shared("express without an engine", lambda: running_express(express_build()))
    yield Scene(agent.url, agent.token)


def _log_holds(text):
    return says("GET", "/logs", lambda answer: text in json.dumps(answer.json()["logs"]))


@incident("image-unpullable", shows=_log_holds("core.tools.deploy"))
def deploy_of_an_unknown_image_failed(stage):
    """A deploy has failed, because no registry has its image; the agent's log shows it."""
    with running_reference() as agent:
        deployed(agent, "mail-mcp", image="registry.example/agentopia/mail-mcp:1.4", expected=502)
        yield Scene(agent.url, agent.token)


@incident("image-unpullable", shows=_log_holds("could not be pulled"), gives="url instance", needs=_NODE)
def instance_whose_image_is_refused(stage):
    """Why is this one not there? Its deploy failed at the registry, which the log of the agent on Express shows."""
    with running_express(express_build(), endpoint=stage.quiet) as agent:
        deployed(agent, "mail-mcp", image="registry.example/agentopia/mail-mcp:1.4", expected=502)
        yield Scene(agent.url, agent.token, instance="mail-mcp")


_NEVER_KNOWN = answers("POST", "/tools/{instance}/start", 404, "not found or not managed by this DTMA")


@incident("instance-unknown", shows=_NEVER_KNOWN, gives="url instance", as_program=True)
def instance_that_never_was(stage):
    """The caller asks for an instance that never existed."""
    agent = stage.reference()
    yield Scene(agent.url, agent.token, instance="crm-sync-1750278276605")


@incident("instance-unknown", shows=_NEVER_KNOWN, gives="url instance", needs=_NODE)
def instance_that_never_was_at_express(stage):
    """The same at the agent on Express."""
    agent = stage.express()
    yield Scene(agent.url, agent.token, instance="crm-sync-1750278276605")


@incident("instance-unknown", "response-drift", shows=_NEVER_KNOWN, gives="url instance", or_first=("response-drift",))
def instance_that_never_was_where_health_is_json(stage):
    """Two flaws: the instance never existed, and /health answers with JSON."""
    agent = stage.reference("--fault", "health-is-json")
    yield Scene(agent.url, agent.token, instance="crm-sync-1750278276605")


_SPACED = "Context7 MCP Server-1750278276605"


@incident("instance-name-invalid", shows=_NEVER_KNOWN, gives="url instance", as_program=True)
def instance_with_spaces(stage):
    """The instance's name has spaces, which Docker refuses."""
    agent = stage.reference("--fault", "invalid-name-is-500")
    yield Scene(agent.url, agent.token, instance=_SPACED)


@incident("instance-name-invalid", shows=_NEVER_KNOWN, gives="url instance", needs=_NODE)
def instance_with_spaces_at_express(stage):
    """The same at the agent on Express."""
    agent = stage.express()
    yield Scene(agent.url, agent.token, instance=_SPACED)


def _lists(name, manages):
    """Return the symptom of a status that lists an instance which start, stop and delete do not know."""

    def shows(scene):
        listed = asked(scene, "GET", "/status").json()["tool_instances"]

        assert name in json.dumps(listed)
        assert (asked(scene, "POST", f"/tools/{name}/start").status_code == 200) is manages

    return shows


@incident("state-lost", shows=_lists("crm-sync", manages=False), gives="url instance")
def status_lists_what_start_does_not_know(stage):
    """The agent has restarted and forgotten its instances: its status lists the container, start says 404."""
    agent = stage.reference("--foreign", "crm-sync", "--fault", "listing-shows-foreign")
    yield Scene(agent.url, agent.token, instance="crm-sync")


def _shows_docker_fields(scene):
    (listed,) = asked(scene, "GET", "/tools").json()["tools"]

    assert "instance_name_on_toolbox" not in listed


@incident("response-drift", shows=_shows_docker_fields)
def listing_in_docker_s_fields(stage):
    """Instances are listed with Docker's own field names, and callers show nothing."""
    with reference_with_instances("crm-sync", options=("--fault", "listing-shows-docker-fields")) as agent:
        yield Scene(agent.url, agent.token)


@incident("response-drift", shows=answers("GET", "/health", 200, "{"))
def health_in_json(stage):
    """/health answers with JSON in place of OK."""
    agent = stage.reference("--fault", "health-is-json")
    yield Scene(agent.url, agent.token)


@incident("response-drift", shows=says("GET", "/status", lambda answer: "service" not in answer.json()), needs=_NODE)
def status_without_a_field_in_express(stage):
    """The agent's status lacks a field that callers read."""
    with (
        patched_express("no-service", "services/agentStatus.js", "service: 'DTMA',", "") as build,
        running_express(build, endpoint=stage.quiet) as agent,
    ):
        yield Scene(agent.url, agent.token)


@incident(
    "route-missing",
    "response-drift",
    shows=all_of(answers("POST", _STARTS, 404, _FALLBACK), answers("GET", "/health", 200, "{")),
)
def start_missing_and_health_in_json(stage):
    """Two flaws: no start route, and /health answers with JSON."""
    agent = stage.reference("--fault", "start-route-missing", "--fault", "health-is-json")
    yield Scene(agent.url, agent.token)


@incident(
    "authentication-open",
    "route-missing",
    shows=all_of(answers("POST", _STARTS, 404, _FALLBACK), answers("GET", "/tools", 200, token="")),
    or_first=("route-missing",),
)
def open_and_without_start(stage):
    """Two flaws: everyone is let in, and there is no start route."""
    agent = stage.reference("--fault", "auth-off", "--fault", "start-route-missing")
    yield Scene(agent.url, agent.token)


@incident(
    "token-rejected",
    "route-missing",
    shows=all_of(answers("GET", "/tools", 403), answers("GET", "/health", 404, _FALLBACK)),
    or_first=("route-missing",),
)
def wrong_token_and_no_health(stage):
    """Two flaws: the caller's token is another droplet's, and the public /health is not mounted."""
    yield Scene(stage.reference("--fault", "health-route-missing").url, secrets.token_urlsafe(32))


@healthy(shows=is_healthy)
def no_token_given(stage):
    """Nothing that needs a token can be told, and nothing is wrong."""
    yield Scene(stage.reference().url, "")


@healthy(shows=is_healthy, needs=_NODE)
def no_token_given_for_express(stage):
    """The same at the agent on Express."""
    yield Scene(stage.express().url, "")


@healthy(shows=all_of(is_healthy, answers("GET", "/mcp/status", 404, _FALLBACK)), needs=_NODE)
def optional_profile_missing(stage):
    """A build without the optional MCP profile."""
    agent = stage.express("env-switch")
    yield Scene(agent.url, agent.token)


@healthy(shows=all_of(is_healthy, answers("GET", "/nowhere-at-all", 404, "<!DOCTYPE html>")))
def fallback_in_html(stage):
    """Unknown paths are answered with an HTML page."""
    agent = stage.reference("--fault", "fallback-is-html")
    yield Scene(agent.url, agent.token)


@healthy(shows=all_of(is_healthy, answers("PUT", "/tools", 405)))
def undeclared_methods_are_405(stage):
    """A method that a path does not have is answered with 405."""
    agent = stage.reference("--fault", "method-not-allowed-is-405")
    yield Scene(agent.url, agent.token)


@healthy(shows=all_of(is_healthy, says("GET", "/tools", lambda answer: len(answer.json()["tools"]) == _MANY)))
def many_instances(stage):
    """An agent with a hundred instances."""
    with reference_with_instances(*(f"tool-{number}" for number in range(_MANY))) as agent:
        yield Scene(agent.url, agent.token)


_MANY = 100


def _is_stopped(scene):
    is_healthy(scene)

    (listed,) = asked(scene, "GET", "/tools").json()["tools"]
    assert (listed["instance_name_on_toolbox"], listed["status"]) == (scene.instance, "exited")


@healthy(shows=_is_stopped, gives="url instance")
def instance_that_is_stopped(stage):
    """The instance exists, and somebody has stopped it."""
    with reference_with_instances("crm-sync") as agent:
        headers = {"Authorization": f"Bearer {agent.token}"}
        _CLIENT.post(f"{agent.url}/tools/crm-sync/stop", headers=headers).raise_for_status()
        yield Scene(agent.url, agent.token, instance="crm-sync")
