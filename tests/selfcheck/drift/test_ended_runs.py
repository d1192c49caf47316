"""A comparison or a diagnosis that is ended or killed leaves nothing: neither files nor processes nor containers."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading

import pytest
from neighbours.engine import engine_client
from neighbours.liars import lying
from neighbours.processes import clean_environment, wait_until
from runs.commands import WHERE, command, underway

from dtma_contract.interrupts import ended_in_order
from dtma_contract.probes.introspection_container import INTROSPECTION_LABEL

TOKEN = "s3cr3t-t0ken-VALUE"  # noqa: S105 - made up


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("drift", signal.SIGTERM),
        ("drift", signal.SIGHUP),
        ("drift", signal.SIGKILL),
        ("diagnose", signal.SIGKILL),
    ],
)
def test_who_asks_a_target_leaves_no_files(name, number, tmp_path):
    """A request to end is an interrupt; where the process is killed, the fence's own removes the folder."""
    files = tmp_path / "tmp"
    files.mkdir()
    env = {"TMPDIR": str(files), "DTMA_BEARER_TOKEN": TOKEN}
    with (
        lying(silent_until(hold := threading.Event())) as liar,
        underway(name, "--target", liar.url, cwd=tmp_path, env=env) as running,
    ):
        wait_until(lambda: bool(liar.asked), "a question", seconds=30)
        (folder,) = files.glob("dtmac-*")
        running.send(number)
        hold.set()
        ended = running.end()
        wait_until(lambda: not folder.exists(), "the folder removed", seconds=30)

    assert list(files.iterdir()) == []
    assert ended.exit_code == (-signal.SIGKILL if number is signal.SIGKILL else 2), ended


def silent_until(hold):
    """Return a target that answers nothing until it is let go."""
    return lambda conversation: hold.wait(30) and None


def test_only_the_first_signal_ends_a_block():
    """A second one would break off the clean-up that the first one set going."""
    cleaned = []

    def work():
        with ended_in_order():
            try:
                signal.raise_signal(signal.SIGTERM)
            finally:
                signal.raise_signal(signal.SIGTERM)
                cleaned.append(True)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert (cleaned, signal.getsignal(signal.SIGTERM)) == ([True], signal.SIG_DFL)


# Asks an image for its routes; its own program never ends.
ASKING = """
import sys
from dtma_contract.probes.introspection_container import run_introspection
run_introspection(sys.argv[1], sys.argv[2], "", 600)
"""


def asking(endpoint):
    """Return the names of the containers that are asked."""
    with engine_client(endpoint) as client:
        found = client.api.containers(all=True, filters={"label": INTROSPECTION_LABEL, "status": "running"})
    return {name.removeprefix("/") for each in found for name in each["Names"]}


@pytest.mark.docker
def test_what_a_killed_introspection_leaves_is_swept(docker_endpoint, probe_image, tmp_path):
    """Its container carries the label of its process, so that a sweep knows that this is gone."""
    with engine_client(docker_endpoint) as client:
        client.images.pull(*probe_image.rsplit(":", 1))
    process = subprocess.Popen(
        [sys.executable, "-c", ASKING, docker_endpoint, probe_image], cwd=tmp_path, env=clean_environment(WHERE)
    )
    try:
        wait_until(lambda: asking(docker_endpoint) != set(), "a container that is asked", seconds=60)
        (name,) = asking(docker_endpoint)
        assert name not in command("sweep", "--docker", docker_endpoint, cwd=tmp_path).stdout
    finally:
        process.kill()
        process.wait()
    swept = command("sweep", "--docker", docker_endpoint, cwd=tmp_path)

    assert f"removed: {name}" in swept.stdout, swept
    assert asking(docker_endpoint) == set()
