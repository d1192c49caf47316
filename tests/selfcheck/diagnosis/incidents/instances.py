"""Incidents of one instance on a real Docker Engine: what its container says that the agent does not."""

from __future__ import annotations

import contextlib
import json

import docker
import httpx
import pytest
from neighbours.engine import engine_client
from neighbours.express_container import express_container
from neighbours.processes import free_port, wait_until
from neighbours.reference import running_reference

from .agents import deployed
from .containers import plain_container
from .incident import Scene, healthy, incident
from .stage import forgetting
from .symptoms import all_of, answers, asked, container_is, engine_of, is_healthy, says

_ENGINE = ("dockerd", "node", "git")
_PLAIN_ENGINE = ("dockerd",)
_SERVE = ["/bin/serve"]
_UNKNOWN = answers("POST", "/tools/{instance}/start", 404, "not found or not managed by this DTMA")
# How agents mark the containers that they have made.
_OF_THE_REFERENCE = {"dtma.managed": "true", "dtma.account-tool-instance-id": "6f0c1f5e-3b55-4b0e-9d39-0d5ac1a3e1a7"}
_OF_EXPRESS = {"io.agentopia.dtma.managed": "true"}


@contextlib.contextmanager
def _forgotten(stage, name, *faults):
    """Have the reference agent deploy an instance and restart, after which it knows nothing of it."""
    options = [word for fault in faults for word in ("--fault", fault)]
    with running_reference("--engine", "docker", "--docker", stage.endpoint, *forgetting(), *options) as agent:
        scene = Scene(agent.url, agent.token, docker=stage.endpoint, instance=name, secrets=(agent.api_key,))
        deployed(agent, name, image=stage.busybox)
        try:
            asked(scene, "POST", "/restart").raise_for_status()
            wait_until(lambda: _knows_nothing(scene), "the agent without its instance", seconds=30)
            yield scene
        finally:
            with engine_client(stage.endpoint) as client:
                client.containers.get(name).remove(force=True, v=True)


def _knows_nothing(scene):
    with contextlib.suppress(httpx.TransportError):
        answer = asked(scene, "GET", "/tools")
        return answer.is_success and answer.json()["tools"] == []
    return False


@incident(
    "state-lost",
    shows=all_of(_UNKNOWN, container_is("running")),
    gives="url docker instance",
    needs=_PLAIN_ENGINE,
    as_program=True,
)
def forgotten_at_a_restart(stage):
    """The agent keeps its instances in memory and has restarted: the container runs on, start answers 404."""
    with _forgotten(stage, "crm-sync") as scene:
        yield scene


@incident(
    "state-lost",
    "response-drift",
    shows=all_of(_UNKNOWN, container_is("running"), answers("GET", "/health", 200, "{")),
    gives="url docker instance",
    or_first=("response-drift",),
    needs=_PLAIN_ENGINE,
)
def forgotten_where_health_is_json(stage):
    """Two flaws: the instance is forgotten, and /health answers with JSON."""
    with _forgotten(stage, "mail-mcp", "health-is-json") as scene:
        yield scene


@incident("state-lost", shows=all_of(_UNKNOWN, container_is("running")), gives="url docker instance", needs=_ENGINE)
def left_by_the_agent_before(stage):
    """The agent on Express has replaced another one, and does not know what that one has deployed."""
    agent = stage.container()
    with plain_container(stage, _SERVE, name="crm-sync-1750278276605", labels=_OF_THE_REFERENCE) as name:
        yield Scene(agent.url, agent.token, docker=stage.endpoint, instance=name)


@incident("instance-unknown", shows=_UNKNOWN, gives="url docker instance", needs=_ENGINE, as_program=True)
def never_was_on_the_host(stage):
    """The instance never existed: the Engine has no container of that name either."""
    agent = stage.container()
    yield Scene(agent.url, agent.token, docker=stage.endpoint, instance="crm-sync-1750278276606")


@incident("instance-name-invalid", shows=_UNKNOWN, gives="url docker instance", needs=_ENGINE)
def name_that_the_engine_refuses(stage):
    """The name has spaces, so that the Engine can have no container of it."""
    agent = stage.container()
    yield Scene(agent.url, agent.token, docker=stage.endpoint, instance="Context7 MCP Server-1750278276605")


def _could_not_start(scene):
    with engine_client(engine_of(scene)) as client:
        state = client.containers.get(scene.instance).attrs["State"]

    assert state["Status"] == "created"
    assert "address already in use" in state["Error"] or "port is already allocated" in state["Error"]


@contextlib.contextmanager
def _port_taken(stage, name, labels):
    """Have a container that could not be started, because another one has its host port."""
    port = {"8080/tcp": ("127.0.0.1", free_port())}
    with (
        plain_container(stage, _SERVE, ports=port),
        plain_container(stage, _SERVE, name=name, ports=port, labels=labels, start=False),
    ):
        with engine_client(stage.endpoint) as client, pytest.raises(docker.errors.APIError):
            client.containers.get(name).start()
        yield


@incident("port-conflict", shows=_could_not_start, gives="url docker instance", needs=_ENGINE, as_program=True)
def host_port_taken(stage):
    """The instance's container was created and cannot start: another container has its host port."""
    agent = stage.container()
    with _port_taken(stage, "web-search", _OF_EXPRESS):
        yield Scene(agent.url, agent.token, docker=stage.endpoint, instance="web-search")


@incident("port-conflict", shows=all_of(_could_not_start, _UNKNOWN), gives="url docker instance", needs=_ENGINE)
def host_port_taken_and_left_behind(stage):
    """The same, left behind by an agent that has then forgotten it."""
    agent = stage.container()
    with _port_taken(stage, "mail-search", _OF_THE_REFERENCE):
        yield Scene(agent.url, agent.token, docker=stage.endpoint, instance="mail-search")


@incident(
    "container-name-taken",
    shows=all_of(_UNKNOWN, container_is("running")),
    gives="url docker instance",
    needs=_ENGINE,
    as_program=True,
)
def name_of_a_foreign_container(stage):
    """A container that no agent has made has the instance's name."""
    agent = stage.container()
    with plain_container(stage, _SERVE, name="postgres", environment={"POSTGRES_PASSWORD": "q8-Zr5t-Lm3w"}) as name:
        yield Scene(agent.url, agent.token, docker=stage.endpoint, instance=name, secrets=("q8-Zr5t-Lm3w",))


@incident(
    "image-unpullable",
    shows=says("GET", "/logs", lambda answer: "could not be pulled" in json.dumps(answer.json()["logs"])),
    gives="url docker instance",
    needs=_ENGINE,
)
def image_that_no_registry_gives(stage):
    """The deploy of the instance has failed at the registry, which the container's log shows."""
    with express_container(stage.endpoint, stage.image()) as agent:
        deployed(agent, "mail-mcp", image=f"127.0.0.1:{free_port()}/agentopia/mail-mcp:1.4", expected=502)
        yield Scene(agent.url, agent.token, docker=stage.endpoint, instance="mail-mcp")


@healthy(shows=all_of(is_healthy, container_is("exited")), gives="url docker instance", needs=_ENGINE, as_program=True)
def stopped_by_its_user(stage):
    """The instance is there, managed, and somebody has stopped it."""
    agent = stage.container()
    scene = Scene(agent.url, agent.token, docker=stage.endpoint, instance="calendar-mcp")
    deployed(agent, "calendar-mcp", image=stage.busybox)
    try:
        asked(scene, "POST", "/tools/calendar-mcp/stop").raise_for_status()
        yield scene
    finally:
        asked(scene, "DELETE", "/tools/calendar-mcp").raise_for_status()
