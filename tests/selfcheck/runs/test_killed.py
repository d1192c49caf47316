"""What a killed run leaves: nothing where its fence lives, else exactly what its ledger names, until it is swept."""

from __future__ import annotations

import json
import os
import signal

import pytest
from neighbours.processes import wait_until
from runs.commands import agent, command, containers, runs, underway

UNTOUCHED = {"customers-db": "running", "customers-old": "exited", "dtmac-customers-own": "running"}
# One of them looks like a run's own: names are taken from a ledger, never guessed.
FOREIGN = [option for name, state in UNTOUCHED.items() for option in ("--foreign", f"{name}:{state}")]


@pytest.fixture
def reference():
    """An agent on a host with containers of a customer."""
    with agent(*FOREIGN) as running:
        yield running


def started(reference, folder, *args):
    """Begin a run that takes a while."""
    options = ("--target", reference.url, "--only", "lifecycle", *args)
    return underway("verify", *options, cwd=folder, env={"DTMA_BEARER_TOKEN": reference.token})


def fences(run):
    """Return the processes of the run's fence."""
    return [pid for pid, line in run.descendants().items() if "dtma_contract.fence" in line]


def left(reference):
    """Return what is at the engine besides the customer's containers."""
    return set(containers(reference)) - set(UNTOUCHED)


@pytest.mark.parametrize("workers", ["0", "2"])
def test_the_fence_of_a_killed_run_cleans_up(workers, reference, tmp_path):
    """SIGKILL of the run's process alone: its fence removes everything by itself and ends, and so do the workers."""
    with started(reference, tmp_path, "-n", workers) as run:
        run.wait_for_creates(4)
        below = run.descendants()
        run.send(signal.SIGKILL)
        run.end()

        wait_until(lambda: not any(map(runs, below)), "fence and workers gone", seconds=60)

    assert containers(reference) == UNTOUCHED
    swept = command("sweep", cwd=tmp_path, env={"DTMA_BEARER_TOKEN": reference.token})
    assert (swept.exit_code, swept.stderr) == (0, "")
    assert swept.stdout.endswith(": nothing left\n")


@pytest.fixture
def killed(reference, tmp_path):
    """The folder of a run that was killed together with its fence, in the middle of a lifecycle."""
    with started(reference, tmp_path) as run:
        run.wait_for_creates(4)

        def is_halted_with_something():
            run.send(signal.SIGSTOP)
            if left(reference):
                return True
            run.send(signal.SIGCONT)
            return False

        # Between two clauses nothing is there.
        wait_until(is_halted_with_something, "a container of the run", seconds=60)
        for pid in fences(run):
            os.kill(pid, signal.SIGKILL)
        run.send(signal.SIGKILL)
        run.end()
    (folder,) = (tmp_path / "reports").iterdir()
    return folder


def test_a_sweep_removes_exactly_what_was_left(killed, reference, tmp_path):
    """After run and fence are killed, a sweep of the reports removes the run's containers; a second finds nothing."""
    remaining = left(reference)
    assert remaining
    token = {"DTMA_BEARER_TOKEN": reference.token}

    looked = command("sweep", str(killed), "--dry-run", cwd=tmp_path)

    assert looked.exit_code == 0, looked
    named = {line.rpartition(" ")[2] for line in looked.stdout.splitlines()}
    assert named >= remaining
    assert left(reference) == remaining
    swept = command("sweep", cwd=tmp_path, env=token)
    assert swept.exit_code == 0, swept
    # A group goes with the servers in it, which are not told apart.
    assert {line.rpartition(" ")[2] for line in swept.stdout.splitlines()} <= named
    assert containers(reference) == UNTOUCHED
    again = command("sweep", str(killed), cwd=tmp_path, env=token)
    assert (again.exit_code, again.stdout) == (0, f"{killed.name}: nothing left\n")


def test_a_sweep_with_the_wrong_token_says_what_stays(killed, reference, tmp_path):
    """Another droplet's token removes nothing; each name stays in the ledger for the next sweep."""
    remaining = left(reference)

    swept = command("sweep", cwd=tmp_path, env={"DTMA_BEARER_TOKEN": "of-another-droplet"})

    assert swept.exit_code == 1, swept
    assert left(reference) == remaining
    assert command("sweep", cwd=tmp_path, env={"DTMA_BEARER_TOKEN": reference.token}).exit_code == 0
    assert containers(reference) == UNTOUCHED


def test_the_embedded_agent_ends_with_its_run(tmp_path):
    """With --target reference nothing of a run that is killed goes on running, its agent neither."""
    with underway("verify", "--target", "reference", "--only", "lifecycle", cwd=tmp_path) as run:
        run.wait_for_creates(3)
        below = run.descendants()
        run.send(signal.SIGKILL)
        run.end()

        wait_until(lambda: not any(map(runs, below)), "all processes gone", seconds=60)

    assert [line for line in below.values() if "dtma_reference" in line]


def test_a_sweep_after_an_embedded_agent_asks_nobody(tmp_path):
    """Where run, fence and embedded agent were killed, a sweep says that there is nothing left to ask, and succeeds."""
    with underway("verify", "--target", "reference", "--only", "lifecycle", cwd=tmp_path) as run:
        run.wait_for_creates(4)
        below = run.descendants()
        for pid in (*fences(run), run.process.pid):
            os.kill(pid, signal.SIGKILL)
        run.end()
        wait_until(lambda: not any(map(runs, below)), "all processes gone", seconds=60)
    (ledger,) = tmp_path.glob("reports/*/ledger.jsonl")

    swept = command("sweep", cwd=tmp_path, env={"DTMA_BEARER_TOKEN": "of-a-real-droplet"})

    assert json.loads(ledger.read_text().splitlines()[0])["token_env"] == ""
    assert (swept.exit_code, swept.stderr) == (0, "")
    assert "embedded reference agent, which is gone" in swept.stdout
    assert not (ledger.parent / "sweep-exchanges.jsonl").exists()
