"""The real Docker host is real, comes with what it promises, and leaves its machine as it was."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import docker
import httpx
import pytest

from .docker_host import foreign_containers, running_docker_host
from .engine import engine_client, listing, running_engine
from .images import import_image
from .processes import NeighbourError, free_port, wait_until
from .tools import MissingToolError, path_of

pytestmark = pytest.mark.docker

_KILLED_ENGINE = """
import sys, time
from neighbours.engine import engine_client, running_engine
from neighbours.images import import_image
with running_engine() as endpoint, engine_client(endpoint) as client:
    import_image(endpoint, "probe:latest", says="x")
    client.containers.run("probe:latest", detach=True)
    print(endpoint, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def own_engine():
    """An engine of one's own may be started here."""
    try:
        path_of("dockerd")
    except MissingToolError as error:
        pytest.skip(str(error))
    if os.geteuid() != 0:
        pytest.skip("Only root can start a Docker Engine.")


def test_the_probe_is_pulled_from_the_registry_serves_a_published_port_and_ends_at_once(docker_endpoint, probe_image):
    """An agent that deploys it sees a real pull, a port that answers, and a stop far below the grace period."""
    port = free_port()
    with engine_client(docker_endpoint) as client:
        client.images.pull(probe_image)
        published = {"8080/tcp": ("127.0.0.1", port)}
        container = client.containers.run(probe_image, detach=True, ports=published)
        try:
            wait_until(lambda: _says(port) == "dtmac-probe\n", "the probe's page", seconds=10)
            assert container.exec_run(["false"]).exit_code == 1
            assert container.exec_run(["no-such-command"]).exit_code in (126, 127)
            container.stop(timeout=60)
            container.reload()
            ended = container.attrs["State"]
        finally:
            container.remove(force=True)

    assert (ended["Status"], ended["ExitCode"]) == ("exited", 0)


def test_foreign_containers_are_one_that_runs_and_one_that_has_ended_and_both_go(docker_endpoint):
    """The listing shows both while the block lasts, and is what it was before afterwards."""
    before = listing(docker_endpoint)
    with foreign_containers(docker_endpoint) as (web, job):
        during = listing(docker_endpoint)

    assert f"/{web} running\n" in during
    assert f"/{job} exited\n" in during
    assert listing(docker_endpoint) == before


@pytest.mark.usefixtures("own_engine")
def test_an_engine_of_ones_own_leaves_its_machine_as_it_was():
    """With a port published, no firewall rule is added; afterwards no interface, mount, process or file is left."""
    rules = _firewall()
    with running_engine() as endpoint, engine_client(endpoint) as client:
        import_image(endpoint, "probe:latest", says="hello")
        port = free_port()
        client.containers.run("probe:latest", detach=True, ports={"8080/tcp": ("127.0.0.1", port)})
        wait_until(lambda: _says(port) == "hello\n", "the published port", seconds=10)
        folder = Path(endpoint.removeprefix("unix://")).parent
        rules_during, traces_during = _firewall(), _traces(folder)

    assert rules_during == rules
    assert all(traces_during.values())
    assert not any(_traces(folder).values())


@pytest.mark.usefixtures("own_engine")
def test_a_given_engine_is_left_as_it_was():
    """Registry and probe image come and go; containers and images of a given engine stay what they were."""
    with running_engine() as endpoint, engine_client(endpoint) as client:
        import_image(endpoint, "theirs:latest", says="theirs")
        client.containers.create("theirs:latest", name="theirs")
        before = (listing(endpoint), _image_ids(client))
        with running_docker_host(endpoint) as host:
            client.images.pull(host.probe_image)
        after = (listing(endpoint), _image_ids(client))

    assert before == after


@pytest.mark.usefixtures("own_engine")
@pytest.mark.slow
def test_what_a_killed_run_left_is_removed_by_the_next():
    """After SIGKILL of whoever started it, the next engine takes away folder, bridge, processes and mounts."""
    package = str(Path(__file__).parent.parent)
    with subprocess.Popen(
        [sys.executable, "-c", _KILLED_ENGINE],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([package, os.environ.get("PYTHONPATH", "")])},
        text=True,
    ) as victim:
        assert victim.stdout is not None
        folder = Path(victim.stdout.readline().strip().removeprefix("unix://")).parent
        victim.send_signal(signal.SIGKILL)
    left = _traces(folder)
    with running_engine():
        pass

    assert left["files"]
    assert left["interfaces"]
    assert not any(_traces(folder).values())


def test_an_image_that_does_not_run_is_told(docker_endpoint, monkeypatch):
    """An engine that cannot run the probe is an error of the neighbours, not a verdict about an agent."""
    refuse = docker.errors.APIError("exec format error")
    monkeypatch.setattr(
        "docker.models.containers.ContainerCollection.run", lambda *_, **__: (_ for _ in ()).throw(refuse)
    )

    with pytest.raises(NeighbourError, match="exec format error"), running_docker_host(docker_endpoint):
        pytest.fail("It came up.")


def _says(port: int) -> str:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/").text
    except httpx.TransportError:
        return ""


def _image_ids(client: docker.DockerClient) -> list[str]:
    return sorted(image.id for image in client.images.list(all=True))


def _firewall() -> str:
    saved = shutil.which("iptables-save", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if saved is None:
        return ""
    text = subprocess.run([saved], check=True, capture_output=True, text=True).stdout
    # Comments carry the time, chain heads their counters.
    return "\n".join(line for line in text.splitlines() if not line.startswith(("#", ":")))


def _traces(folder: Path) -> dict[str, list[str]]:
    """Return what there is of the engine whose folder this is."""
    return {
        "files": [str(folder)] * folder.exists(),
        "interfaces": [path.name for path in Path("/sys/class/net").iterdir() if folder.name.startswith(path.name)],
        "mounts": [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if f"{folder}/" in line],
        "processes": subprocess.run(
            ["pgrep", "--full", "--list-full", f"{folder}/"], check=False, capture_output=True, text=True
        ).stdout.splitlines(),
    }
