"""The Express agent's image on a real engine: built, labelled, run, and its instances outliving it."""

from __future__ import annotations

import contextlib
import json
import tarfile
import uuid

import docker
import httpx
import pytest

from neighbours.engine import engine_client, listing
from neighbours.express_build import express_build
from neighbours.express_container import express_container
from neighbours.express_images import BASE, express_image, save_image
from neighbours.processes import wait_until

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.usefixtures("node_image")]

LABEL = "org.opencontainers.image"


@pytest.fixture(scope="module")
def revision(express_sources):
    """The newest commit of the clean agent's checkout."""
    return express_sources("clean")[1]


@pytest.fixture(scope="module")
def image(express_images):
    """The clean agent's image, built from the newest commit."""
    return express_images("clean")


@pytest.fixture(scope="module")
def deployed(docker_endpoint, image):
    """The agent as a container, with a client that has its token."""
    with express_container(docker_endpoint, image.references[0]) as agent:
        headers = {"Authorization": f"Bearer {agent.token}"}
        with httpx.Client(base_url=agent.url, headers=headers, timeout=60, trust_env=False) as client:
            yield agent, client


def state_of(client):
    try:
        answer = client.get("/status")
    except httpx.TransportError:
        return None
    return {entry["instance_name_on_toolbox"]: entry for entry in answer.json()["tool_instances"]}


def test_the_image_says_what_it_was_built_from(docker_endpoint, image, revision):
    """Its labels name commit, version and time; it is tagged as the latest and with the commit."""
    with engine_client(docker_endpoint) as client:
        found = client.images.get(image.id)

    assert set(image.references) == {"dtma-express:latest", f"dtma-express:{revision}"} <= set(found.tags)
    assert {key: found.labels[f"{LABEL}.{key}"] for key in ("revision", "version")} == {
        "revision": revision,
        "version": "1.0.0",
    }
    assert found.attrs["Config"]["Cmd"] == ["node", "dist/index.js"]


def test_the_saved_image_holds_the_compiled_agent(docker_endpoint, image, tmp_path):
    """A `docker save` archive has the entry point and the packages, and neither sources nor compilers."""
    save_image(docker_endpoint, image.references[0], tmp_path / "image.tar")
    names = set()
    with tarfile.open(tmp_path / "image.tar") as archive:
        manifest = json.load(archive.extractfile("manifest.json"))
        for layer in manifest[0]["Layers"]:
            with tarfile.open(fileobj=archive.extractfile(layer)) as files:
                names |= set(files.getnames())

    assert manifest[0]["RepoTags"] == [image.references[0]]
    assert names >= {"app/dist/index.js", "app/package.json", "app/node_modules/express/package.json"}
    assert [name for name in names if name.startswith(("app/src", "app/node_modules/typescript"))] == []


@pytest.fixture
def instance_name(docker_endpoint):
    """A name that nothing has; a container that has it in the end is removed."""
    name = f"outlives-{uuid.uuid4().hex[:8]}"
    yield name
    with engine_client(docker_endpoint) as engine, contextlib.suppress(docker.errors.NotFound):
        engine.containers.get(name).remove(force=True, v=True)


def test_instances_outlive_the_agent(docker_endpoint, deployed, probe_image, instance_name):
    """After its restart the agent lists, stops and deletes what it deployed before."""
    agent, client = deployed
    name = instance_name
    body = {"dockerImageUrl": probe_image, "instanceNameOnToolbox": name, "accountToolInstanceId": str(uuid.uuid4())}
    assert client.post("/tools", json=body).status_code == 201
    with engine_client(docker_endpoint) as engine:
        started = engine.containers.get(agent.name).attrs["State"]["StartedAt"]
        assert client.post("/restart").is_success
        wait_until(
            lambda: engine.containers.get(agent.name).attrs["State"]["StartedAt"] != started and state_of(client),
            "the agent is back",
            seconds=60,
        )

    entry = state_of(client)[name]
    stopped, deleted = client.post(f"/tools/{name}/stop"), client.delete(f"/tools/{name}")
    assert (entry["status"], entry["account_tool_instance_id"]) == ("running", body["accountToolInstanceId"])
    assert (stopped.status_code, stopped.json()["data"]["state"]["Status"]) == (200, "exited")
    assert deleted.status_code == 200
    assert name not in state_of(client)


def test_containers_of_others_are_neither_shown_nor_touched(docker_endpoint, deployed, probe_image):
    """A container without the agent's label answers the resource's 404, and its name is taken."""
    _, client = deployed
    name = f"foreign-{uuid.uuid4().hex[:8]}"
    body = {"dockerImageUrl": probe_image, "instanceNameOnToolbox": name, "accountToolInstanceId": str(uuid.uuid4())}
    with engine_client(docker_endpoint) as engine:
        container = engine.containers.run(probe_image, name=name, detach=True)
        try:
            before = listing(docker_endpoint)
            answers = [
                client.post(f"/tools/{name}/stop"),
                client.delete(f"/tools/{name}"),
                client.delete(f"/tools/{container.id[:12]}"),
                client.post("/tools", json=body),
            ]

            assert [answer.status_code for answer in answers] == [404, 404, 404, 409]
            assert name not in state_of(client)
            assert listing(docker_endpoint) == before
        finally:
            container.remove(force=True, v=True)


def test_the_bundle_runs_from_its_image_too(docker_endpoint, express_images):
    """Its single file needs nothing beside it, and finds the engine."""
    with express_container(docker_endpoint, express_images("bundle").references[0]) as agent:
        status = httpx.get(f"{agent.url}/status", timeout=30, trust_env=False)

    assert (status.status_code, status.json()["service"]) == (200, "DTMA")


def test_a_crashing_image_restarts_for_ever(docker_endpoint, express_images):
    """The engine counts the restarts of the container, and nothing answers on its port."""
    with (
        express_container(docker_endpoint, express_images("crash-at-load").references[0], until_healthy=False) as agent,
        engine_client(docker_endpoint) as engine,
    ):
        wait_until(
            lambda: engine.api.inspect_container(agent.name)["RestartCount"] >= 2, "it was restarted twice", seconds=60
        )
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{agent.url}/health", trust_env=False)


def test_nothing_of_an_image_is_left(docker_endpoint, revision):
    """After the block its tags are gone; the base that another block has brought stays."""
    with express_image(docker_endpoint, express_build(), revision=revision, repository="dtma-express-gone") as built:
        pass
    with engine_client(docker_endpoint) as client:
        for reference in built.references:
            with pytest.raises(docker.errors.ImageNotFound):
                client.images.get(reference)

        assert BASE in client.images.get(BASE).tags
