"""The gate on a real engine: our own Express agent passes, and its variants fail for their reason; nothing stays."""

from __future__ import annotations

import signal

import pytest
from neighbours.engine import engine_client, listing
from neighbours.processes import wait_until
from runs.commands import command, underway

pytestmark = [pytest.mark.docker, pytest.mark.slow]

# What the gate calls the agents that it starts.
AGENT = "dtmac-agent-"


def names_of(endpoint):
    """Return the names of all containers of an engine."""
    with engine_client(endpoint) as client:
        return {name for each in client.api.containers(all=True) for name in each["Names"]}


def asked(endpoint, probe_image, source, reference):
    """Return the words of the gate at the smallest depth."""
    return (
        "gate", "--source", str(source), "--image", reference, "--docker", endpoint,
        "--probe-image", probe_image, "--depth", "smoke", "--format", "json",
    )  # fmt: skip


def test_a_sound_image_passes_and_leaves_nothing(
    docker_endpoint, probe_image, express_sources, express_images, tmp_path
):
    """No drift, a contract that is kept, exit code 0, and no container that was not there before."""
    reference = express_images("clean").references[-1]
    before = listing(docker_endpoint)
    done = command(*asked(docker_endpoint, probe_image, express_sources("clean")[0], reference), cwd=tmp_path)

    assert done.exit_code == 0, done
    assert (done.document["drift"]["findings"], done.document["verify"]["outcome"]) == ([], "kept")
    assert before == listing(docker_endpoint)


# The variant, the finding of drift, and what came of the started image.
VARIANTS = {
    "stub-entry": ("declared-not-mounted", "violated", 1),
    "crash-at-load": ("crashes-at-load", "not-judged", 1),
    "missing-configuration": ("missing-configuration", "not-judged", 6),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_flaw_is_told_by_drift_and_by_the_started_image(
    variant, docker_endpoint, probe_image, express_sources, express_images, tmp_path
):
    """Both speak where the image can be started; one that ends is no pass, and nothing of it stays."""
    kind, outcome, code = VARIANTS[variant]
    reference = express_images(variant).references[-1]
    before = listing(docker_endpoint)
    done = command(*asked(docker_endpoint, probe_image, express_sources(variant)[0], reference), cwd=tmp_path)

    document = done.document
    assert [found["kind"] for found in document["drift"]["findings"]] == [kind]
    assert (done.exit_code, document["verify"]["outcome"]) == (code, outcome), done
    assert before == listing(docker_endpoint)
    if outcome == "violated":
        violated = {found["clause"] for found in document["verify"]["findings"] if found["outcome"] == "violated"}
        assert {"core.tools.start/mounted", "core.tools.stop/mounted"} <= violated


def test_a_killed_gate_leaves_nothing(docker_endpoint, probe_image, express_sources, express_images, tmp_path):
    """The agent and whatever was deployed through it are removed by what outlives the gate."""
    reference = express_images("clean").references[-1]
    before, names = listing(docker_endpoint), names_of(docker_endpoint)
    with underway(
        *asked(docker_endpoint, probe_image, express_sources("clean")[0], reference), cwd=tmp_path
    ) as running:
        running.wait_for_creates(1)
        assert [name for name in names_of(docker_endpoint) if AGENT in name] != []
        running.send(signal.SIGKILL)
        running.process.wait()
        wait_until(lambda: names_of(docker_endpoint) == names, "the engine as it was", seconds=120)

    assert before == listing(docker_endpoint)
