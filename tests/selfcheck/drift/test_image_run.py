"""An image is run for a block, and afterwards the Engine is as it was, whatever ended the block."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from neighbours.docker_host import foreign_containers
from neighbours.engine import engine_client, listing
from neighbours.images import import_image
from neighbours.processes import clean_environment, running, wait_until

from dtma_contract.errors import EngineError, TargetUnusableError, UsageError
from dtma_contract.image_run import started_image
from dtma_contract.probes.image_keeper import KEEPER_LABEL, is_dead, this_process

TOKEN = "s3cr3t-t0ken-VALUE"  # noqa: S105 - made up

# Holds an image for as long as it is let live, and says by which container.
HOLDER = """
import sys
from dtma_contract.image_run import started_image

with started_image(*sys.argv[1:3]) as agent:
    print(agent.container, flush=True)
    sys.stdin.read()
"""


def snapshot(endpoint):
    """All containers, and all images with their names."""
    with engine_client(endpoint) as client:
        images = sorted((image["Id"], tuple(image["RepoTags"] or ())) for image in client.api.images(all=True))
    return listing(endpoint), images


def names(endpoint):
    with engine_client(endpoint) as client:
        return {name.removeprefix("/") for each in client.api.containers(all=True) for name in each["Names"]}


@contextlib.contextmanager
def image(endpoint, *, command=("/bin/serve",), says="an agent"):
    reference = f"dtmac-selfcheck-{secrets.token_hex(4)}:latest"
    import_image(endpoint, reference, says=says, command=command)
    try:
        yield reference
    finally:
        with engine_client(endpoint) as client:
            client.images.remove(reference, force=True)


def saved(endpoint, reference, path):
    with engine_client(endpoint) as client, path.open("wb") as file:
        file.writelines(client.images.get(reference).save(named=True))
    return path


@pytest.fixture
def host(docker_endpoint):
    """An engine with two containers of somebody else."""
    with foreign_containers(docker_endpoint):
        yield docker_endpoint


@pytest.mark.docker
def test_an_image_answers_and_is_gone_afterwards(host):
    """Containers and images are the same after the block as before, those of others above all."""
    with image(host, says="I am an agent") as reference:
        before = snapshot(host)
        with started_image(host, reference) as agent:
            said = httpx.get(agent.url, trust_env=False).text
            inside = names(host)

        assert (said, agent.container in inside) == ("I am an agent\n", True)
        assert before == snapshot(host)


@pytest.mark.docker
def test_an_image_is_started_as_it_is_deployed(host):
    """It gets the token, the other variables of the deployment, the Engine's socket, and a loopback port."""
    with image(host) as reference, started_image(host, reference, token=TOKEN, environment={"A": "b"}) as agent:
        with engine_client(host) as client:
            seen = client.api.inspect_container(agent.container_id)
        environment = dict(entry.split("=", 1) for entry in seen["Config"]["Env"])
        (mount,) = seen["HostConfig"]["Mounts"]
        ((_, places),) = seen["NetworkSettings"]["Ports"].items()

        assert (environment["DTMA_BEARER_TOKEN"], environment["A"]) == (TOKEN, "b")
        assert {"BACKEND_TO_DTMA_API_KEY", "AGENTOPIA_API_BASE_URL"} <= environment.keys()
        assert (host.removeprefix("unix://"), "/var/run/docker.sock") == (mount["Source"], mount["Target"])
        assert [place["HostIp"] for place in places] == ["127.0.0.1"]
        assert TOKEN not in repr(agent)


@pytest.mark.docker
def test_a_pulled_image_is_removed_again(host, probe_image):
    """What the engine had to pull it does not have afterwards."""
    before = snapshot(host)
    with started_image(host, probe_image):
        assert before != snapshot(host)

    assert before == snapshot(host)


@pytest.mark.docker
def test_a_loaded_archive_is_removed_again(host, tmp_path):
    """An archive of an image that the engine lacks is loaded, run, and taken away."""
    with image(host, says="from an archive") as reference:
        archive = saved(host, reference, tmp_path / "agent.tar")
    before = snapshot(host)
    with started_image(host, str(archive)) as agent:
        said = httpx.get(agent.url, trust_env=False).text

    assert said == "from an archive\n"
    assert before == snapshot(host)


@pytest.mark.docker
def test_a_loaded_archive_gives_a_taken_name_back(host, tmp_path):
    """Loading moves a name from one image to another; afterwards it stands where it stood."""
    with image(host, says="new") as reference:
        archive = saved(host, reference, tmp_path / "agent.tar")
        import_image(host, reference, says="old")
        with engine_client(host) as client:
            client.images.prune()
        before = snapshot(host)
        with started_image(host, str(archive)) as agent:
            said = httpx.get(agent.url, trust_env=False).text

        assert said == "new\n"
        assert before == snapshot(host)


@pytest.mark.docker
def test_an_image_that_is_there_already_stays(host, tmp_path):
    """The archive of an image that the engine has changes nothing."""
    with image(host) as reference:
        archive = saved(host, reference, tmp_path / "agent.tar")
        before = snapshot(host)
        with started_image(host, str(archive)):
            pass

        assert before == snapshot(host)


@pytest.mark.docker
def test_an_agent_that_ends_is_told_at_once(host):
    """Its exit code and its last words are the reason, without the secrets in them."""
    script = "echo starting with $DTMA_BEARER_TOKEN; echo PASSWORD=hunter2hunter2; echo no such file; exit 3"
    with image(host, command=("/bin/sh", "-c", script)) as reference:
        before = snapshot(host)
        with pytest.raises(TargetUnusableError) as caught, started_image(host, reference, token=TOKEN):
            pass

        assert caught.value.cause == "agent-crash-loop"
        assert "exit code 3" in caught.value.message
        assert "no such file" in caught.value.message
        assert TOKEN not in str(caught.value)
        assert "hunter2" not in str(caught.value)
        assert before == snapshot(host)


@pytest.mark.docker
def test_an_agent_that_never_answers_is_told_in_time(host):
    """A container that runs and does not listen is not waited for without end."""
    with image(host, command=("/bin/sleep", "600")) as reference:
        before = snapshot(host)
        with (
            pytest.raises(TargetUnusableError, match="within 1 s") as caught,
            started_image(host, reference, patience=1),
        ):
            pass

        assert caught.value.cause == "connection-timeout"
        assert before == snapshot(host)


@pytest.mark.docker
@pytest.mark.parametrize("wrong", ["no-such-image:none", "registry.invalid/none:none", __file__])
def test_what_is_no_image_is_a_usage_error(host, wrong):
    """A reference that nobody has, and a file that is no archive, are told; nothing is left."""
    before = snapshot(host)
    with pytest.raises(UsageError) as caught, started_image(host, wrong):
        pass

    assert (wrong in caught.value.message, bool(caught.value.hint)) == (True, True)
    assert before == snapshot(host)


@contextlib.contextmanager
def holder(endpoint, reference, folder):
    """A process that holds an image, and the name of its container."""
    log = folder / "holder"
    command = [sys.executable, "-c", HOLDER, endpoint, reference]
    read, write = os.pipe()
    with os.fdopen(write, "wb"), os.fdopen(read, "rb") as hold, log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=hold, stdout=output, stderr=subprocess.STDOUT, env=clean_environment(), cwd=folder
        )
        try:
            wait_until(lambda: log.read_text().endswith("\n"), "the image held", seconds=60)
            yield process, log.read_text().strip()
        finally:
            process.kill()
            process.wait()


def keepers(parent):
    """The processes that a process has started."""
    return [int(child) for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


@pytest.mark.docker
def test_a_killed_run_leaves_nothing(host, tmp_path):
    """Where the process that holds an image is killed, the image's container goes all the same."""
    with image(host) as reference:
        before = snapshot(host)
        with holder(host, reference, tmp_path) as (process, container):
            assert container in names(host)
            process.kill()
            wait_until(lambda: container not in names(host), "the container removed", seconds=60)

        assert before == snapshot(host)


@pytest.mark.docker
def test_what_a_killed_keeper_leaves_goes_with_the_next_run(host, tmp_path):
    """Where everything is killed at once, a container stays until the next image is run; one of a live run stays."""
    with image(host) as reference, started_image(host, reference) as alive:
        before = snapshot(host)
        with holder(host, reference, tmp_path) as (process, container):
            for child in keepers(process.pid):
                os.kill(child, signal.SIGKILL)
            process.kill()
            process.wait()
        assert container in names(host)
        assert f"would remove {container}" in swept(host, tmp_path, "--dry-run")
        assert container in names(host)

        with started_image(host, reference):
            assert (container in names(host), alive.container in names(host)) == (False, True)
        assert before == snapshot(host)


def swept(endpoint, folder, *options):
    command = [sys.executable, "-m", "dtma_contract", "sweep", "--docker", endpoint, *options]
    return subprocess.run(
        command, check=True, capture_output=True, text=True, env=clean_environment(), cwd=folder
    ).stdout


@pytest.mark.docker
def test_a_sweep_removes_what_a_killed_keeper_left(host, tmp_path):
    """`dtma-contract sweep --docker` ends an agent, and takes its loaded image away, without a run."""
    with image(host) as reference:
        archive = saved(host, reference, tmp_path / "agent.tar")
    before = snapshot(host)
    with holder(host, str(archive), tmp_path) as (process, container):
        for child in keepers(process.pid):
            os.kill(child, signal.SIGKILL)

    assert container in names(host)
    assert f"removed: {container}" in swept(host, tmp_path)
    assert before == snapshot(host)
    assert container not in swept(host, tmp_path)


@pytest.mark.parametrize("url", ["ssh://user@host", "tcp://127.0.0.1:2375", "/var/run/docker.sock"])
def test_only_a_local_engine_runs_an_image(url):
    """A container's loopback port on another host could not be reached."""
    with pytest.raises(UsageError, match="local Docker Engine") as caught, started_image(url, "x"):
        pass

    assert caught.value.hint


def test_an_engine_that_is_not_there_is_told():
    """The keeper's error is the caller's."""
    with (
        pytest.raises(EngineError, match="cannot be reached") as caught,
        started_image("unix:///no/such/socket", "x"),
    ):
        pass

    assert caught.value.hint


def test_only_a_process_that_is_surely_gone_is_dead(tmp_path):
    """A live one, one of another machine, and one of another name space are not; one that ended is."""
    me = this_process()
    boot, space, process, started = me.split(":")
    with running([sys.executable, "-c", "input()"], log=tmp_path / "log", ready=lambda: True) as other:
        number = other.pid
    told = {
        "me": is_dead(me),
        "another boot": is_dead(f"other:{space}:{number}:1"),
        "another space": is_dead(f"{boot}:1:{number}:1"),
        "ended": is_dead(f"{boot}:{space}:{number}:1"),
        "no process": is_dead("x") or is_dead("") or is_dead(f"{boot}:{space}:x:1"),
        "number used again": is_dead(f"{boot}:{space}:{process}:{int(started) - 1}"),
    }

    assert told == {
        "me": False,
        "another boot": False,
        "another space": False,
        "ended": True,
        "no process": is_dead("x") or is_dead("") or is_dead(f"{boot}:{space}:x:1"),
        "number used again": True,
    }
    assert KEEPER_LABEL.startswith("org.dtma-contract.")
