"""The gate on a real engine: our own Express agent passes, and its variants fail for their reason; nothing stays."""

from __future__ import annotations

import contextlib
import json

import pytest
from neighbours.engine import engine_client
from neighbours.express_build import express_build
from neighbours.express_images import express_image, node_base
from runs.commands import command

pytestmark = [pytest.mark.docker, pytest.mark.slow]


def containers_of(endpoint):
    """Return the ids of all containers of an engine."""
    with engine_client(endpoint) as client:
        return {container.id for container in client.containers.list(all=True)}


@contextlib.contextmanager
def image_of(endpoint, variant, revision="0" * 40):
    """Hold the image of a variant in an engine; yields its build and its reference."""
    build = express_build(variant)
    with node_base(endpoint), express_image(endpoint, build, revision=revision) as image:
        yield build, image.references[-1]


def run_gate(endpoint, probe_image, build, reference, folder):
    """Run the gate at the smallest depth."""
    return command(
        "gate", "--source", str(build.folder), "--image", reference, "--docker", endpoint,
        "--probe-image", probe_image, "--depth", "smoke", "--format", "json", cwd=folder,
    )  # fmt: skip


def test_a_sound_image_passes_and_leaves_nothing(docker_endpoint, probe_image, tmp_path):
    """No drift, a contract that is kept, exit code 0, and no container that was not there before."""
    with image_of(docker_endpoint, "clean") as (build, reference):
        before = containers_of(docker_endpoint)
        done = run_gate(docker_endpoint, probe_image, build, reference, tmp_path)
        after = containers_of(docker_endpoint)

    assert done.exit_code == 0, done
    assert (done.document["drift"]["findings"], done.document["verify"]["outcome"]) == ([], "kept")
    assert before == after


# The variant, the finding of drift, and what came of the started image.
VARIANTS = {
    "stub-entry": ("declared-not-mounted", "violated"),
    "crash-at-load": ("crashes-at-load", "not-judged"),
    "missing-configuration": ("missing-configuration", "not-judged"),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_flaw_is_told_by_drift_or_by_the_started_image(variant, docker_endpoint, probe_image, tmp_path):
    """What no code shows, such as a missing file, shows when the image is started."""
    kind, outcome = VARIANTS[variant]
    with image_of(docker_endpoint, variant) as (build, reference):
        done = run_gate(docker_endpoint, probe_image, build, reference, tmp_path)

    assert done.exit_code != 0, done
    document = json.loads(done.stdout)
    assert [found["kind"] for found in document["drift"]["findings"]] == ([kind] if kind else [])
    assert document["verify"]["outcome"] == outcome


def test_a_bundle_s_own_runtime_tells_what_its_code_hides(docker_endpoint, tmp_path):
    """With --introspect every route of the image is sure, whatever the bundler made of it."""
    with image_of(docker_endpoint, "bundle") as (_build, reference):
        asked = ("drift", "--image", reference, "--docker", docker_endpoint, "--introspect", "--format", "json")
        done = command(*asked, cwd=tmp_path)

    document = json.loads(done.stdout)
    assert (done.exit_code, document["findings"]) == (0, []), done
    assert {row["image"] for row in document["routes"] if row["contract"] == "mounted"} == {"mounted"}
    assert document["provenance"]["image"]["runtime"]["routes"] == 27
