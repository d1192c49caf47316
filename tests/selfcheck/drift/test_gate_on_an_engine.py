"""The gate on a real engine: our own Express agent passes, and its variants fail for their reason; nothing stays."""

from __future__ import annotations

import re
import secrets
import shutil
import signal
import subprocess

import pytest
from neighbours.engine import engine_client, listing
from neighbours.images import import_image
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
        violated = {
            found["clause"]: found for found in document["verify"]["findings"] if found["outcome"] == "violated"
        }
        assert {"core.tools.start/mounted", "core.tools.stop/mounted"} <= violated.keys()
        assert_reproduced(document["again"], violated["core.tools.start/mounted"])
        assert before == listing(docker_endpoint)


def assert_reproduced(again, finding):
    """The agent that is gone is started again by the lines that the gate gives, and the finding's own line shows it."""
    *start, remove = again
    if shutil.which("docker") is None:
        return
    patience = "for n in $(seq 50); do curl -s -o /dev/null {} && break; sleep 0.1; done"
    address = re.search(r"http://127\.0\.0\.1:[0-9]+", finding["reproduce"])
    script = "\n".join(["set -e", *start, f"trap '{remove.partition('#')[0]}' EXIT", patience.format(address[0]),
                        finding["reproduce"]])  # fmt: skip
    done = subprocess.run(["sh", "-c", script], check=True, capture_output=True, text=True, timeout=120)
    status = re.search(r"^HTTP/1\.1 ([0-9]+)", done.stdout, re.MULTILINE)

    assert status[1] == "404", done.stdout


@pytest.mark.parametrize(("option", "value", "code", "words"), [
    ("--probe-image", "registry.invalid/none:none", 4, "probe image registry.invalid/none:none"),
    ("--probe-image", "dtmac-no-such:none", 4, "--probe-image"),
])  # fmt: skip
def test_a_probe_image_that_is_nowhere_is_no_fault_of_the_agent(
    option, value, code, words, docker_endpoint, express_sources, express_images, tmp_path
):
    """It is told before the agent is judged, and nothing stays."""
    reference = express_images("clean").references[-1]
    before = listing(docker_endpoint)
    asking = asked(docker_endpoint, "x", express_sources("clean")[0], reference)
    done = command(*asking, option, value, cwd=tmp_path)

    document = done.document
    assert (done.exit_code, document["drift"]["findings"], document["verify"]["outcome"]) == (code, [], "not-judged")
    assert words in document["verify"]["reason"] + document["verify"]["hint"], done
    assert before == listing(docker_endpoint)


def test_an_image_without_node_is_told_as_such(docker_endpoint, probe_image, express_sources, tmp_path):
    """Its program is not in it: that is the image's fault, and the engine's words are quoted."""
    reference = f"dtmac-selfcheck-{secrets.token_hex(4)}:latest"
    import_image(docker_endpoint, reference, says="no node", command=("node", "dist/index.js"))
    try:
        before = listing(docker_endpoint)
        done = command(*asked(docker_endpoint, probe_image, express_sources("clean")[0], reference), cwd=tmp_path)
        assert before == listing(docker_endpoint)
    finally:
        with engine_client(docker_endpoint) as client:
            client.images.remove(reference, force=True)

    told = done.document["verify"]
    assert (done.exit_code, told["cause"]) == (6, "agent-crash-loop"), done
    assert ("cannot be started" in told["reason"], "Node.js" in told["hint"]) == (True, True)


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
