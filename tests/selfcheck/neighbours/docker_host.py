"""A Docker host as an agent finds it: an engine, a registry with the probe image, containers of other people."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

import docker

from .engine import engine_client, running_engine
from .images import import_image, published_probe
from .registry import running_registry

__all__ = ["DockerHost", "foreign_containers", "running_docker_host"]


@dataclass(frozen=True, slots=True)
class DockerHost:
    """Where to find what.

    Attributes:
        endpoint: the engine, such as ``unix:///…/engine.sock``.
        registry: the registry's ``127.0.0.1:PORT``.
        probe_image: reference of an image that lies in the registry and not yet in the engine.
    """

    endpoint: str
    registry: str
    probe_image: str


@contextlib.contextmanager
def running_docker_host(endpoint: str | None = None) -> Iterator[DockerHost]:
    """Run an engine and a registry until the block ends.

    Args:
        endpoint: an engine that runs already. It is left as it was found: what this block brought is removed.

    Raises:
        MissingToolError: a program is not installed.
        NeighbourError: something does not start.
    """
    with contextlib.ExitStack() as stack:
        used = endpoint or stack.enter_context(running_engine())
        registry = stack.enter_context(running_registry())
        probe_image = published_probe(used, registry)
        stack.callback(_remove_image, used, probe_image)
        yield DockerHost(used, registry, probe_image)


@contextlib.contextmanager
def foreign_containers(endpoint: str) -> Iterator[tuple[str, str]]:
    """Hold two containers that no agent has made, one running and one that has ended, and yield their names."""
    suffix = secrets.token_hex(4)
    image, web, job = f"foreign-{suffix}:latest", f"foreign-web-{suffix}", f"foreign-job-{suffix}"
    with contextlib.ExitStack() as stack:
        import_image(endpoint, image, says=image)
        stack.callback(_remove_image, endpoint, image)
        with engine_client(endpoint) as client:
            for name, command in ((web, ["/bin/serve"]), (job, ["true"])):
                client.containers.create(image, command, name=name)
                stack.callback(_remove_container, endpoint, name)
                client.containers.get(name).start()
            client.containers.get(job).wait()
        yield web, job


def _remove_container(endpoint: str, name: str) -> None:
    with engine_client(endpoint) as client, contextlib.suppress(docker.errors.NotFound):
        client.containers.get(name).remove(force=True, v=True)


def _remove_image(endpoint: str, reference: str) -> None:
    with engine_client(endpoint) as client, contextlib.suppress(docker.errors.ImageNotFound):
        client.images.remove(reference)
