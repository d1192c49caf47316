"""The Express agent and its variants as images of a real engine, read, asked and deployed there."""

from __future__ import annotations

import httpx
import pytest
from drift.express_variants import PROMISED, archive_of, expected, table, truth
from drift.judged_tables import CONTRACT
from neighbours.engine import engine_client
from neighbours.express_build import express_build
from neighbours.express_container import express_container
from neighbours.express_images import save_image
from neighbours.processes import wait_until

from dtma_contract.drift_run import DriftRequest, run_drift
from dtma_contract.routes import Cell, Corner

pytestmark = [pytest.mark.docker, pytest.mark.slow]

# Built as CI does, and shared with other tests.
BUILT = ("clean", "bundle", "crash-at-load", "missing-configuration", "stub-entry")
# Loaded without the base that they would run on. Archives of all the others are read without an engine.
LOADED = ("commonjs", "older-commit")


def drift(folder=None, **corners):
    return run_drift(DriftRequest(CONTRACT, source=folder, **corners))


def kinds(report):
    return [found.kind for found in report.findings]


def held(report, corner, variant):
    """Return the routes that a corner has; a program that ends while it loads only declares them."""
    states = {Cell.DECLARED} if variant == "crash-at-load" else {Cell.MOUNTED, Cell.CONDITIONAL, Cell.SHADOWED}
    return table(report, corner, states)


@pytest.fixture
def loaded(docker_endpoint, express_sources, tmp_path):
    """Load an agent's image into the engine, without a base; it is removed in the end."""
    made = []

    def load(variant):
        name = f"dtma-express-loaded-{variant}:latest"
        archive = archive_of(express_build(variant), tmp_path / "image.tar", express_sources(variant)[1], name)
        with engine_client(docker_endpoint) as client, archive.open("rb") as content:
            client.images.load(content)
        made.append(name)
        return name

    yield load
    with engine_client(docker_endpoint) as client:
        for name in made:
            client.images.remove(name, force=True)


@pytest.mark.parametrize("variant", [*BUILT, *LOADED])
def test_an_image_of_the_engine_holds_the_runtimes_routes(
    variant, docker_endpoint, express_sources, express_images, loaded
):
    """Every route and no other, and the one finding beside its source."""
    name = express_images(variant).references[0] if variant in BUILT else loaded(variant)
    report = drift(express_sources(variant)[0], image=f"docker://{name}", docker=docker_endpoint)

    assert (kinds(report), report.unknown) == (expected(variant, image=True), ())
    assert held(report, Corner.IMAGE, variant) == truth(variant)


def test_a_saved_image_is_the_same(docker_endpoint, express_sources, express_images, tmp_path):
    """What `docker save` of a real engine wrote leads to the same routes and places."""
    folder, _ = express_sources("clean")
    name = express_images("clean").references[0]
    save_image(docker_endpoint, name, tmp_path / "image.tar")
    saved = drift(folder, image=str(tmp_path / "image.tar"))
    asked = drift(folder, image=f"docker://{name}", docker=docker_endpoint)

    assert kinds(saved) == []
    assert [row.to_json() for row in saved.rows] == [row.to_json() for row in asked.rows]


@pytest.mark.parametrize("variant", ["clean", "bundle", "stub-entry"])
def test_a_deployed_container_answers_its_routes(variant, docker_endpoint, express_sources, express_images):
    """Source, image and container lead to the one finding, and the container has what its runtime holds."""
    folder, _ = express_sources(variant)
    name = express_images(variant).references[0]
    # A stub has no health route.
    with express_container(docker_endpoint, name, until_healthy=variant != "stub-entry") as agent:
        wait_until(lambda: answers(agent.url), "an answer", seconds=60)
        report = drift(folder, image=f"docker://{name}", docker=docker_endpoint, target=agent.url, token=agent.token)

    assert kinds(report) == expected(variant, image=True)
    assert table(report, Corner.TARGET) == truth(variant)


def answers(url):
    """Return whether the agent answers itself: the engine's proxy listens before it does."""
    try:
        return httpx.get(f"{url}/status", timeout=5, trust_env=False).status_code in {200, 500}
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("variant", ["clean", "bundle"])
def test_the_images_own_runtime_agrees(variant, docker_endpoint, express_images):
    """With --introspect code and runtime stand behind every route; nothing is left unknown."""
    name = express_images(variant).references[0]
    plain = drift(image=f"docker://{name}", docker=docker_endpoint)
    report = drift(image=f"docker://{name}", docker=docker_endpoint, introspect=True)

    told = {"routes": len(truth(variant)), "only_at_run_time": [], "only_in_the_code": []}
    assert report.provenance["image"]["runtime"] == told
    assert (report.unknown, kinds(report)) == ((), kinds(plain))
    assert table(report, Corner.IMAGE) == truth(variant)


def test_a_runtime_that_ends_confirms_the_finding(docker_endpoint, express_images):
    """Node says in its words what the code was seen to do; nothing is in doubt."""
    name = express_images("crash-at-load").references[0]
    report = drift(image=f"docker://{name}", docker=docker_endpoint, introspect=True)

    assert kinds(report) == ["crashes-at-load"]
    assert table(report, Corner.IMAGE, {Cell.DECLARED}) == PROMISED
    assert report.unknown == ()
    assert "'createApplication'" in report.provenance["image"]["runtime"]["ended"]
