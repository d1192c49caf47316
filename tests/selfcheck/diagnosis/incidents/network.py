"""Incidents below HTTP: names, ports, packets, certificates, and ports that another service listens on."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess

import httpx
import pytest
from neighbours import nginx
from neighbours.dead_ends import dropping_host, full_queue, hanging_up
from neighbours.express import crashing_express
from neighbours.express_build import express_build
from neighbours.liars import lying, lying_redirect, lying_self_signed
from neighbours.name_server import name_server
from neighbours.processes import clean_environment, free_port
from neighbours.reference import running_reference

from .incident import Scene, healthy, incident
from .symptoms import answers, asked, connects, drops, is_healthy, is_unresolvable, refuses, refuses_tls

# A token that is as long as real ones, of an agent that is not reached.
_TOKEN = "of-an-agent-that-nobody-reaches-8d1f"  # noqa: S105 - made up


def _within_no_such_name(scene):
    """The resolver of a program in the scene says so."""
    look_up = ["getent", "hosts", scene.target.partition("://")[2].partition(":")[0]]
    done = subprocess.run([*scene.within, *look_up], check=False, capture_output=True, env=clean_environment())

    assert (done.returncode, done.stdout) == (2, b"")


@incident("name-unresolvable", shows=is_unresolvable)
def name_under_invalid(stage):
    """The host's name is one that cannot exist."""
    yield Scene("http://dtma-droplet-7.invalid:30000", _TOKEN)


@incident("name-unresolvable", shows=_within_no_such_name, needs=("unshare",), as_program=True)
def name_not_in_the_name_server(stage):
    """The name server says that there is no such name: the droplet was given another one."""
    with name_server() as within:
        yield Scene("http://dtma-7.droplets.example:30000", _TOKEN, within=within)


@incident("name-unresolvable", shows=_within_no_such_name, needs=("unshare",), slow=True, as_program=True)
def name_server_silent(stage):
    """The name server never answers."""
    with name_server(answers=False) as within:
        yield Scene("http://dtma-7.droplets.example:30000", _TOKEN, within=within)


@incident("connection-refused", shows=refuses, as_program=True)
def port_closed(stage):
    """Nothing listens on the port."""
    yield Scene(f"http://127.0.0.1:{free_port()}", _TOKEN)


def _hangs_up(scene):
    connects(scene)
    with pytest.raises(httpx.TransportError):
        asked(scene, "GET", "/status")


@incident("connection-refused", shows=_hangs_up)
def port_published_with_nothing_behind(stage):
    """The port is published and taken at once, but no process listens behind it: every connection is closed."""
    with hanging_up(once_asked=False) as url:
        yield Scene(url, _TOKEN)


@incident("not-a-dtma", shows=_hangs_up)
def server_of_another_protocol_on_the_port(stage):
    """A server that waits for its own protocol, as databases do, and closes what it does not understand."""
    with hanging_up(once_asked=True) as url:
        yield Scene(url, _TOKEN)


@incident("connection-refused", shows=refuses, needs=("node",))
def express_crashing_seen_from_outside(stage):
    """The agent ends while it loads, again and again; from outside nothing tells that from an agent that is off."""
    with crashing_express(express_build("crash-at-load")) as agent:
        yield Scene(agent.url, agent.token)


@incident("connection-timeout", shows=drops, needs=("ip",), slow=True, as_program=True)
def firewall_drops(stage):
    """A firewall drops what the host would answer."""
    host = stage.shared("dropping", dropping_host)
    yield Scene(f"http://{host.address}:30000", _TOKEN)


@incident("connection-timeout", shows=drops, needs=("ip",), slow=True)
def host_switched_off(stage):
    """Nobody has the address any more: the droplet is gone."""
    host = stage.shared("dropping", dropping_host)
    yield Scene(f"http://{host.nobody}:30000", _TOKEN)


@incident("connection-timeout", shows=drops, slow=True)
def queue_full(stage):
    """The process listens and has stopped taking connections."""
    with full_queue() as port:
        yield Scene(f"http://127.0.0.1:{port}", _TOKEN)


def _never_answers(scene):
    connects(scene)
    with pytest.raises(httpx.ReadTimeout), httpx.Client(timeout=0.7, trust_env=False) as client:
        client.get(f"{scene.target}/status")


@incident("connection-timeout", shows=_never_answers, slow=True)
def agent_frozen(stage):
    """The agent's process is stopped: the kernel takes connections, and nobody answers."""
    with running_reference() as agent:
        os.killpg(agent.process_id, signal.SIGSTOP)
        try:
            yield Scene(agent.url, agent.token)
        finally:
            os.killpg(agent.process_id, signal.SIGCONT)


@contextlib.contextmanager
def _over_tls(stage, name, **wrong):
    certificate = stage.shared(
        ("certificate", name), lambda: contextlib.nullcontext(stage.authority.sign(name, **wrong))
    )
    agent = stage.reference()
    with nginx.speaking_tls(agent.url, certificate) as url:
        yield Scene(url, agent.token, env={"SSL_CERT_FILE": str(stage.authority.file)})


@incident("tls-failure", shows=refuses_tls("expired"), needs=("nginx", "openssl"), as_program=True)
def certificate_expired(stage):
    """The certificate of the proxy in front has expired."""
    with _over_tls(stage, "expired", days=-1) as scene:
        yield scene


@incident("tls-failure", shows=refuses_tls("IP address mismatch"), needs=("nginx", "openssl"), as_program=True)
def certificate_for_another_host(stage):
    """The certificate is another host's."""
    with _over_tls(stage, "another", subject="DNS:dtma-8.droplets.example") as scene:
        yield scene


@incident("tls-failure", shows=refuses_tls("self-signed"), needs=("openssl",))
def certificate_signed_by_nobody(stage):
    """The certificate is signed by nobody but itself."""
    with lying_self_signed() as server:
        yield Scene(server.url, _TOKEN)


@incident("tls-failure", shows=refuses_tls("SSL"))
def https_to_a_plain_port(stage):
    """The URL says https, and the agent speaks plain HTTP."""
    agent = stage.reference()
    yield Scene(agent.url.replace("http://", "https://"), agent.token)


@incident("tls-failure", shows=answers("GET", "/status", 400, "HTTPS port"), needs=("nginx", "openssl"))
def http_to_a_tls_port(stage):
    """The URL says http, and the port speaks TLS."""
    with _over_tls(stage, "good") as scene:
        yield Scene(scene.target.replace("https://", "http://"), scene.token)


@incident("not-a-dtma", shows=answers("GET", "/", 200, "Welcome to nginx"), needs=("nginx",), as_program=True)
def nginx_on_the_port(stage):
    """A fresh nginx listens there, and knows no agent."""
    with nginx.no_upstream() as url:
        yield Scene(url, _TOKEN)


@incident("not-a-dtma", shows=answers("GET", "/status", 200, "inventory"))
def another_json_service_on_the_port(stage):
    """Another service with a JSON API listens there."""
    with lying("another-json-service") as server:
        yield Scene(server.url, _TOKEN)


@incident("not-a-dtma", shows=answers("GET", "/status", 302))
def redirected_elsewhere(stage):
    """Every request is sent on to another host."""
    with lying_redirect() as (server, _):
        yield Scene(server.url, _TOKEN)


def _greets_as_ssh(scene):
    host, _, port = scene.target.partition("://")[2].partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        assert connection.recv(8) == b"SSH-2.0-"


@incident("not-a-dtma", shows=_greets_as_ssh, needs=("sshd", "ssh"))
def ssh_server_on_the_port(stage):
    """The port is the ssh server's."""
    yield Scene(f"http://127.0.0.1:{stage.ssh.port}", _TOKEN)


@healthy(shows=is_healthy, needs=("nginx", "openssl"), as_program=True)
def good_certificate(stage):
    """TLS with a certificate of an authority that the caller trusts."""
    with _over_tls(stage, "good") as scene:
        yield scene


@healthy(shows=is_healthy)
def name_of_several_addresses(stage):
    """The host's name may also stand for an address of version 6, where nothing listens."""
    agent = stage.reference()
    yield Scene(agent.url.replace("127.0.0.1", "localhost"), agent.token)
