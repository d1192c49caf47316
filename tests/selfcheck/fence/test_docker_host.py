"""The small access to a Docker Engine."""

from __future__ import annotations

import contextlib
import secrets
import time

import docker
import docker.errors
import pytest

from dtma_contract.errors import EngineError
from dtma_contract.probes.docker_host import ContainerFacts, DockerHost


def test_what_the_engine_says_becomes_facts():
    """An inspection is read into plain values; ports that are not published do not count."""
    inspection = {
        "Id": "4f1c",
        "Name": "/web",
        "State": {"Status": "exited", "ExitCode": 3},
        "Config": {"Image": "nginx:latest", "Labels": None},
        "NetworkSettings": {"Ports": {"80/tcp": [{"HostPort": "8080"}, {"HostPort": "8080"}], "443/tcp": None}},
    }

    facts = ContainerFacts.from_inspection(inspection)

    assert facts == ContainerFacts("4f1c", "web", "exited", "nginx:latest", 3, {}, {"80/tcp": (8080,)})


def test_a_running_container_has_no_exit_code():
    """The engine says 0 for a container that runs, which would read as success."""
    inspection = {
        "Id": "1",
        "Name": "/a",
        "State": {"Status": "running", "ExitCode": 0},
        "Config": {"Image": "x", "Labels": {"a": "b"}},
    }

    facts = ContainerFacts.from_inspection(inspection)

    assert (facts.exit_code, facts.labels, facts.ports) == (None, {"a": "b"}, {})


@pytest.mark.parametrize("url", ["unix:///no/such/socket", "tcp://127.0.0.1:1", "nonsense://x"])
def test_an_engine_that_is_not_there_is_told(url):
    """Whatever the SDK raises becomes one error with the endpoint and a hint."""
    with pytest.raises(EngineError, match=r"cannot be reached") as caught:
        DockerHost.connect(url)

    assert caught.value.hint


@pytest.mark.docker
def test_only_exact_names_are_removed(docker_endpoint, probe_image):
    """On a real engine the named container goes, and one whose name begins alike stays."""
    namespace = f"dtmac-selfcheck-{secrets.token_hex(4)}-"
    client = docker.DockerClient(base_url=docker_endpoint)
    with contextlib.ExitStack() as stack:
        stack.callback(client.close)
        client.images.pull(*probe_image.rsplit(":", 1))
        for suffix in ("a", "ab"):
            container = client.containers.create(probe_image, name=namespace + suffix)
            stack.callback(_remove, container)
        host = DockerHost.connect(docker_endpoint)
        stack.callback(host.close)

        assert host.remove_named([namespace + "a", namespace + "other", namespace]) == (namespace + "a",)
        # The engine answers a removal before its list forgets the container.
        deadline = time.monotonic() + 10
        while (left := _names(host, namespace)) != {namespace + "ab"}:
            assert time.monotonic() < deadline, left
        assert host.remove_named([namespace + "a"]) == ()


def _names(host: DockerHost, namespace: str) -> set[str]:
    return {container.name for container in host.containers() if container.name.startswith(namespace)}


def _remove(container: docker.models.containers.Container) -> None:
    with contextlib.suppress(docker.errors.NotFound):
        container.remove(force=True)
