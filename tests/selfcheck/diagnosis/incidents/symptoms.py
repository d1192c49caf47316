"""What a scene shows to plain requests: the proof that an incident is what it says."""

from __future__ import annotations

import functools
import socket
import ssl
from collections.abc import Callable
from urllib.parse import quote, urlsplit

import httpx
import pytest
from neighbours.engine import engine_client

from .incident import Scene, Symptom

__all__ = [
    "all_of",
    "answers",
    "asked",
    "connects",
    "container_is",
    "drops",
    "is_healthy",
    "is_unresolvable",
    "refuses",
    "refuses_tls",
    "says",
]

# Longer than any answer takes, and shorter than anybody likes to wait for none.
_SECONDS = 10
_PATIENCE_SECONDS = 0.7

_INSTANCE = "{instance}"


def asked(scene: Scene, method: str, path: str, *, token: str | None = None, body: object = None) -> httpx.Response:
    """Return the answer of a scene's target, with the scene's token or another one."""
    shown = scene.token if token is None else token
    headers = {"Authorization": f"Bearer {shown}"} if shown else {}
    trust = _trust(scene.env.get("SSL_CERT_FILE"))
    url = scene.target + path.replace(_INSTANCE, quote(scene.instance or "", safe=""))
    with httpx.Client(trust_env=False, timeout=_SECONDS, verify=trust) as client:
        return client.request(method, url, headers=headers, json=body)


@functools.cache
def _trust(authority: str | None) -> ssl.SSLContext:
    """Reading all authorities of a machine takes longer than a request."""
    return ssl.create_default_context(cafile=authority)


def answers(method: str, path: str, status: int, holds: str = "", *, token: str | None = None) -> Symptom:
    """The target answers a request with this status and text; ``{instance}`` in the path is the scene's.

    Args:
        method: upper case.
        path: as sent.
        status: of the answer.
        holds: part of its body.
        token: another one than the scene's; empty for none.
    """

    def shows(scene: Scene) -> None:
        answer = asked(scene, method, path, token=token)

        assert (answer.status_code, holds in answer.text) == (status, True), answer.text[:300]

    return shows


def says(method: str, path: str, judge: Callable[[httpx.Response], bool]) -> Symptom:
    """The answer to a request is as a function says."""

    def shows(scene: Scene) -> None:
        answer = asked(scene, method, path)

        assert judge(answer), f"{answer.status_code} {answer.text[:300]}"

    return shows


def all_of(*symptoms: Symptom) -> Symptom:
    """All of these."""

    def shows(scene: Scene) -> None:
        for symptom in symptoms:
            symptom(scene)

    return shows


def _connect(scene: Scene, seconds: float) -> None:
    parts = urlsplit(scene.target)
    assert parts.hostname is not None
    with socket.create_connection((parts.hostname, parts.port or 80), timeout=seconds):
        pass


def connects(scene: Scene) -> None:
    """A connection is taken, whatever becomes of it."""
    _connect(scene, _SECONDS)


def refuses(scene: Scene) -> None:
    """A connection is refused."""
    with pytest.raises(ConnectionRefusedError):
        _connect(scene, _SECONDS)


def drops(scene: Scene) -> None:
    """A connection is neither taken nor refused."""
    with pytest.raises(TimeoutError):
        _connect(scene, _PATIENCE_SECONDS)


def is_unresolvable(scene: Scene) -> None:
    """Names of this kind are in no name server (RFC 6761, section 6.4)."""
    host = urlsplit(scene.target).hostname
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo(host, None)


def refuses_tls(reason: str) -> Symptom:
    """A client that checks certificates goes no further.

    Args:
        reason: what it says.
    """

    def shows(scene: Scene) -> None:
        with pytest.raises(httpx.ConnectError, match=reason):
            asked(scene, "GET", "/status")

    return shows


def container_is(*states: str, name: str = "") -> Symptom:
    """The Engine has a container in one of these states.

    Args:
        states: Docker's words.
        name: the container's; by default the one that the scene names, else its instance's.
    """

    def shows(scene: Scene) -> None:
        with engine_client(engine_of(scene)) as client:
            container = client.containers.get(name or scene.container or scene.instance)

            assert container.status in states

    return shows


def engine_of(scene: Scene) -> str:
    """Return the Engine's address on this machine, also where the scene gives a way over ssh."""
    assert scene.docker is not None
    return f"unix://{urlsplit(scene.docker).path}" if scene.docker.startswith("ssh://") else scene.docker


def is_healthy(scene: Scene) -> None:
    """Public and protected routes answer as they should, and a route of an unknown instance is there."""
    unknown = "/tools/dtmac-nobody-has-this-name/start"
    statuses = [
        asked(scene, "GET", "/health", token="").status_code,
        asked(scene, "GET", "/status", token="").json()["status"],
        asked(scene, "GET", "/tools").status_code if scene.token else 200,
        asked(scene, "POST", unknown).text.count("dtmac-nobody-has-this-name") if scene.token else 1,
    ]

    assert statuses == [200, "healthy", 200, 1]
