"""Incidents of agents and tools that run as containers of a real Docker Engine."""

from __future__ import annotations

import contextlib
import secrets

import httpx
from neighbours import nginx
from neighbours.engine import engine_client
from neighbours.express_container import express_container
from neighbours.processes import free_port, wait_until

from .incident import Scene, healthy, incident
from .symptoms import all_of, answers, asked, connects, container_is, engine_of, is_healthy, refuses

_ENGINE = ("dockerd", "node", "git")
_OVER_SSH = (*_ENGINE, "sshd", "ssh")

_CRASHING = container_is("restarting", "running")
# Enough to tell a loop from one crash.
_CRASHES = 2
_NO_START = answers("POST", "/tools/dtmac-nobody-has-this-name/start", 404, '{"error":"Not Found"}')


def _confidential():
    """Return variables that a container may hold, and that nobody may see."""
    return {"DATABASE_URL": f"postgres://dtma:{secrets.token_urlsafe(16)}@db.example/dtma", "SMTP_PASS": _word()}


def _word():
    return secrets.token_urlsafe(18)


@contextlib.contextmanager
def _crashing(stage, variant):
    """Run a variant that ends again and again, and yield its container."""
    hidden = _confidential()
    with express_container(stage.endpoint, stage.image(variant), env=hidden, until_healthy=False) as agent:
        wait_until(lambda: _restarts(stage, agent.name) >= _CRASHES, f"{variant} restarted", seconds=60)
        yield agent, (*hidden.values(), agent.api_key)


def _restarts(stage, name):
    with engine_client(stage.endpoint) as client:
        return client.containers.get(name).attrs["RestartCount"]


@incident("agent-crash-loop", shows=_CRASHING, gives="url docker", needs=_ENGINE, as_program=True)
def export_missing(stage):
    """The entry point imports a name that no module exports: the container restarts for ever."""
    with _crashing(stage, "crash-at-load") as (agent, hidden):
        yield Scene(agent.url, agent.token, docker=stage.endpoint, container=agent.name, secrets=hidden)


@incident("agent-crash-loop", shows=_CRASHING, gives="url docker", needs=_OVER_SSH, as_program=True)
def configuration_missing_over_ssh(stage):
    """The configuration file is not in the container: it logs that it listens, and ends a moment later."""
    with _crashing(stage, "missing-configuration") as (agent, hidden):
        yield Scene(
            agent.url,
            agent.token,
            docker=stage.ssh.endpoint(stage.endpoint),
            container=agent.name,
            env={"PATH": stage.ssh.path},
            secrets=hidden,
        )


@incident("agent-crash-loop", shows=_CRASHING, gives="url docker source image", needs=_ENGINE)
def export_missing_with_all_evidence(stage):
    """The same as the first, with source and image beside it."""
    with _crashing(stage, "crash-at-load") as (agent, hidden):
        yield Scene(
            agent.url,
            agent.token,
            docker=stage.endpoint,
            container=agent.name,
            source=stage.source("crash-at-load")[0],
            image=f"docker://{stage.image('crash-at-load')}",
            secrets=hidden,
        )


@incident(
    "agent-crash-loop",
    shows=all_of(_CRASHING, answers("GET", "/status", 502, "nginx")),
    gives="url docker",
    needs=(*_ENGINE, "nginx"),
)
def crashing_behind_a_proxy(stage):
    """The proxy in front says 502, because the agent behind it never comes up."""
    with _crashing(stage, "crash-at-load") as (agent, hidden), nginx.passing(agent.url) as url:
        yield Scene(url, agent.token, docker=stage.endpoint, container=agent.name, secrets=hidden)


@incident("agent-crash-loop", shows=_CRASHING, gives="url docker", needs=_ENGINE)
def password_in_the_log(stage):
    """An agent that cannot reach its database, says with which password, and ends, again and again."""
    password, port = _word(), free_port()
    command = ["sh", "-c", 'echo "fatal: no database for dtma with password $PGPASSWORD"; exit 1']
    with plain_container(
        stage, command, environment={"PGPASSWORD": password}, restart_policy={"Name": "always"}, ports=_published(port)
    ) as name:
        wait_until(lambda: _restarts(stage, name) >= _CRASHES, "restarts", seconds=60)
        yield Scene(_url(port), _word(), docker=stage.endpoint, container=name, secrets=(password,))


@contextlib.contextmanager
def plain_container(stage, command, *, name="", start=True, **options):
    """Run a container of busybox alone, and yield its name."""
    called = name or f"dtma-incident-{secrets.token_hex(4)}"
    with engine_client(stage.endpoint) as client:
        container = client.containers.create(stage.busybox, command, name=called, **options)
        try:
            if start:
                container.start()
            yield called
        finally:
            container.remove(force=True, v=True)


def _published(port):
    return {"30000/tcp": ("127.0.0.1", port)}


def _url(port):
    return f"http://127.0.0.1:{port}"


_SERVE = ["/bin/serve"]


@incident("connection-refused", shows=all_of(refuses, container_is("exited")), gives="url docker", needs=_ENGINE)
def container_stopped(stage):
    """Somebody has stopped the agent's container."""
    with express_container(stage.endpoint, stage.image()) as agent:
        with engine_client(stage.endpoint) as client:
            client.containers.get(agent.name).stop()
        yield Scene(agent.url, agent.token, docker=stage.endpoint, container=agent.name)


@incident("connection-refused", shows=all_of(connects, container_is("running")), gives="url docker", needs=_ENGINE)
def container_listens_elsewhere(stage):
    """The Engine publishes the agent's port, and in the container nothing listens on it."""
    port = free_port()
    with plain_container(stage, _SERVE, ports=_published(port)) as name:
        yield Scene(_url(port), _word(), docker=stage.endpoint, container=name)


@incident("connection-refused", shows=all_of(refuses, container_is("running")), gives="url docker", needs=_ENGINE)
def port_published_elsewhere(stage):
    """The agent runs, and is published on another port than its callers ask."""
    agent = stage.container()
    yield Scene(_url(free_port()), agent.token, docker=stage.endpoint, container=agent.name)


@incident("token-rejected", shows=answers("GET", "/tools", 403), gives="url docker", needs=_ENGINE, as_program=True)
def container_with_another_token(stage):
    """The container was started with another token than the caller has."""
    agent = stage.container()
    yield Scene(agent.url, _word(), docker=stage.endpoint, secrets=(agent.token, agent.api_key))


@incident(
    "token-not-configured",
    shows=answers("GET", "/tools", 500, "DTMA configuration error"),
    gives="url docker",
    needs=_ENGINE,
)
def container_without_tokens(stage):
    """The variables of the tokens are there, and empty."""
    hidden = _confidential()
    empty = {"DTMA_BEARER_TOKEN": "", "BACKEND_TO_DTMA_API_KEY": ""}
    with express_container(stage.endpoint, stage.image(), env={**empty, **hidden}) as agent:
        yield Scene(agent.url, _word(), docker=stage.endpoint, secrets=tuple(hidden.values()))


@incident("engine-unavailable", shows=answers("GET", "/tools", 500), gives="url docker", needs=_ENGINE, as_program=True)
def socket_not_mounted(stage):
    """The container was started without the Engine's socket."""
    with express_container(stage.endpoint, stage.image(), socket=False) as agent:
        yield Scene(agent.url, agent.token, docker=stage.endpoint, secrets=(agent.api_key,))


@incident("engine-unavailable", shows=answers("GET", "/tools", 500), gives="url docker", needs=_ENGINE)
def socket_not_permitted(stage):
    """The agent runs as a user who may not open the socket."""
    with express_container(stage.endpoint, stage.image(), user="65534:65534") as agent:
        yield Scene(agent.url, agent.token, docker=stage.endpoint, container=agent.name)


@incident(
    "route-not-mounted",
    "stub-deployment",
    shows=_NO_START,
    gives="url docker source image",
    or_first=("stale-image",),
    needs=_ENGINE,
    as_program=True,
)
def stub_container_beside_the_full_source(stage):
    """The incident of the plan with all evidence: a stub's container, its image, and the source that is whole."""
    with express_container(stage.endpoint, stage.image("stub-entry"), until_healthy=False) as agent:
        _wait_for_status(agent.url)
        yield Scene(
            agent.url,
            agent.token,
            docker=stage.endpoint,
            source=stage.source()[0],
            image=f"docker://{stage.image('stub-entry')}",
        )


@incident(
    "route-missing",
    "stub-deployment",
    shows=_NO_START,
    gives="url docker",
    # Both are the marks of one root, which only the code can tell.
    or_first=("stub-deployment",),
    needs=_ENGINE,
)
def stub_container(stage):
    """The same with the Engine alone."""
    with express_container(stage.endpoint, stage.image("stub-entry"), until_healthy=False) as agent:
        _wait_for_status(agent.url)
        yield Scene(agent.url, agent.token, docker=stage.endpoint)


@incident("stale-image", shows=_NO_START, gives="url docker source", needs=_ENGINE)
def container_of_an_older_commit(stage):
    """The container's label names a commit behind its source, from before there were start and stop."""
    with express_container(stage.endpoint, stage.image("older-commit")) as agent:
        yield Scene(agent.url, agent.token, docker=stage.endpoint, source=stage.source("older-commit")[0])


def _wait_for_status(url):
    scene = Scene(url, "")
    wait_until(lambda: _has_status(scene), "the agent's status", seconds=60)


def _has_status(scene):
    # The Engine's proxy listens before the agent does.
    with contextlib.suppress(httpx.TransportError):
        return asked(scene, "GET", "/status").is_success
    return False


@healthy(shows=all_of(is_healthy, container_is("running")), gives="url docker source image", needs=_ENGINE)
def everything_as_it_should_be(stage):
    """The agent as it is deployed, with all evidence."""
    agent = stage.container()
    yield Scene(
        agent.url,
        agent.token,
        docker=stage.endpoint,
        container=agent.name,
        source=stage.source()[0],
        image=f"docker://{stage.image()}",
        secrets=(agent.api_key,),
    )


def _has_a_failed_container(scene):
    with engine_client(engine_of(scene)) as client:
        codes = [each.attrs["State"]["ExitCode"] for each in client.containers.list(all=True)]

    assert any(codes)


@healthy(shows=all_of(is_healthy, _has_a_failed_container), gives="url docker", needs=_ENGINE, as_program=True)
def containers_of_others(stage):
    """On the host are containers of others: one runs, one has failed, one could never be started."""
    agent = stage.container()
    with (
        plain_container(stage, _SERVE, environment={"API_SECRET": _word()}),
        plain_container(stage, ["false"]) as failed,
        plain_container(stage, _SERVE, start=False),
    ):
        with engine_client(stage.endpoint) as client:
            client.containers.get(failed).wait()
        yield Scene(agent.url, agent.token, docker=stage.endpoint, secrets=(agent.api_key,))


def _has_restarted_once(scene):
    is_healthy(scene)
    with engine_client(engine_of(scene)) as client:
        assert client.containers.get(scene.container).attrs["RestartCount"] == 1


@healthy(shows=_has_restarted_once, gives="url docker", needs=_ENGINE)
def container_restarted_once(stage):
    """The agent's container was started again once, and has run ever since."""
    with express_container(stage.endpoint, stage.image()) as agent:
        scene = Scene(agent.url, agent.token, docker=stage.endpoint, container=agent.name)
        asked(scene, "POST", "/restart").raise_for_status()
        wait_until(lambda: _restarts(stage, agent.name) == 1, "the restart", seconds=30)
        _wait_for_status(agent.url)
        yield scene
