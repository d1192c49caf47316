"""The Express agent as it is deployed: a container of its image, with the engine's socket and a restart policy."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import docker
import httpx

from .engine import engine_client
from .processes import free_port, wait_until

__all__ = ["ExpressContainer", "express_container"]

_PORT = 30000
_START_SECONDS = 60
_SOCKET = {"bind": "/var/run/docker.sock", "mode": "rw"}


@dataclass(frozen=True, slots=True)
class ExpressContainer:
    """A container with an agent in it.

    Attributes:
        url: where it is published.
        token: its bearer token (``DTMA_BEARER_TOKEN``).
        api_key: the other secret that it accepts (``BACKEND_TO_DTMA_API_KEY``).
        name: the container's name.
    """

    url: str
    token: str
    api_key: str
    name: str


@contextlib.contextmanager
def express_container(
    endpoint: str,
    image: str,
    *,
    env: Mapping[str, str] | None = None,
    until_healthy: bool = True,
    socket: bool = True,
    user: str = "",
) -> Iterator[ExpressContainer]:
    """Run an agent's image on the engine that it shall manage, and remove its container at the end of the block.

    Args:
        endpoint: the engine, a ``unix://`` address.
        image: the image's reference.
        env: variables on top of the two random secrets, which win over those.
        until_healthy: whether to wait until ``GET /health`` answers; a broken image never does.
        socket: whether the engine's socket is in it.
        user: whom its processes run as; root by default.

    Raises:
        NeighbourError: it did not become healthy.
    """
    given = {
        "DTMA_BEARER_TOKEN": secrets.token_urlsafe(32),
        "BACKEND_TO_DTMA_API_KEY": secrets.token_urlsafe(32),
        **(env or {}),
    }
    name, port = f"dtma_manager-{secrets.token_hex(4)}", free_port()
    url = f"http://127.0.0.1:{port}"
    with engine_client(endpoint) as client:
        container = client.containers.run(
            image,
            name=name,
            detach=True,
            environment=given,
            ports={f"{_PORT}/tcp": ("127.0.0.1", port)},
            restart_policy={"Name": "always"},
            user=user,
            volumes={endpoint.removeprefix("unix://"): _SOCKET} if socket else {},
        )
        try:
            if until_healthy:
                wait_until(lambda: _is_healthy(url), f"{name} healthy", seconds=_START_SECONDS)
            yield ExpressContainer(url, given["DTMA_BEARER_TOKEN"], given["BACKEND_TO_DTMA_API_KEY"], name)
        finally:
            with contextlib.suppress(docker.errors.NotFound):
                container.remove(force=True, v=True)


def _is_healthy(url: str) -> bool:
    try:
        # The engine's proxy listens before the agent does.
        return httpx.get(f"{url}/health", timeout=5, trust_env=False).is_success
    except httpx.TransportError:
        return False
