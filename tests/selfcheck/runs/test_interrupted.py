"""An interrupted run ends in order: it says so, and nothing of its own is left on the host."""

from __future__ import annotations

import os
import signal
import time

import pytest
from runs.commands import agent, containers, runs, underway

FOREIGN = ("--foreign", "customers-db", "--foreign", "customers-old:exited")
UNTOUCHED = {"customers-db": "running", "customers-old": "exited"}

# The requirement.
LIMIT_SECONDS = 15.0


@pytest.fixture(scope="module")
def reference():
    """An agent on a host with containers of a customer."""
    with agent(*FOREIGN) as running:
        yield running


@pytest.fixture
def run(reference, tmp_path):
    """A run that has made something, serial."""
    with started(reference, tmp_path) as running:
        yield running


def started(reference, folder, *args):
    """Begin a run that takes a while."""
    options = ("--target", reference.url, "--format", "json", "--only", "lifecycle", *args)
    return underway("verify", *options, cwd=folder, env={"DTMA_BEARER_TOKEN": reference.token})


def assert_ended_in_order(run, reference, began):
    """Wait for the end, and see that it was one."""
    done = run.end()
    seconds = time.monotonic() - began

    assert done.exit_code == 2, done
    assert seconds < LIMIT_SECONDS  # measured: half a second, 2 with workers
    document = done.document
    assert (document["outcome"], document["exit_code"]) == ("interrupted", 2)
    assert document["left_behind"] == []
    assert "Traceback" not in done.stderr
    assert containers(reference) == UNTOUCHED
    return done


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_run_in_order(number, run, reference):
    """Exit code 2 in seconds; the report names what was not judged for it, and the host is as it was."""
    run.wait_for_creates(3)
    began = time.monotonic()
    run.send(number)

    done = assert_ended_in_order(run, reference, began)

    reasons = {item["reason"] for item in done.document["not_judged"]}
    assert "the run was interrupted before it" in reasons
    assert done.document["clauses"]["error"] == 0


def test_ctrl_c_reaches_the_whole_group(reference, tmp_path):
    """As a terminal sends it, to all processes at once, and with two workers: the same."""
    with started(reference, tmp_path, "-n", "2") as run:
        run.wait_for_creates(4)
        below = run.descendants()
        began = time.monotonic()
        os.killpg(run.process.pid, signal.SIGINT)

        assert_ended_in_order(run, reference, began)

    assert [pid for pid in below if runs(pid)] == []


def test_workers_end_with_their_controller(reference, tmp_path):
    """A signal to the run's process alone ends its workers as well."""
    with started(reference, tmp_path, "-n", "2") as run:
        run.wait_for_creates(4)
        below = run.descendants()
        began = time.monotonic()
        run.send(signal.SIGINT)

        assert_ended_in_order(run, reference, began)

    assert [pid for pid in below if runs(pid)] == []


@pytest.mark.parametrize("pause", [0.0, 0.1, 1.2])
def test_impatience_changes_nothing(pause, run, reference):
    """Ctrl-C twice, at once or while the run cleans up, ends it in the same order."""
    run.wait_for_creates(3)
    began = time.monotonic()
    run.send(signal.SIGINT)
    time.sleep(pause)  # how long people wait, no condition
    if run.process.poll() is None:
        run.send(signal.SIGINT)

    assert_ended_in_order(run, reference, began)


def test_an_interrupt_before_the_first_clause(reference, tmp_path):
    """While the target is looked at, which makes an instance as well, an interrupt is one too."""
    with started(reference, tmp_path) as run:
        run.wait_for_creates(1)
        began = time.monotonic()
        run.send(signal.SIGINT)

        assert_ended_in_order(run, reference, began)


def test_people_are_told(reference, tmp_path):
    """The text ends with the three lines, the first of which says interrupted."""
    args = ("--target", reference.url, "--only", "lifecycle")
    with underway("verify", *args, cwd=tmp_path, env={"DTMA_BEARER_TOKEN": reference.token}) as run:
        run.wait_for_creates(3)
        run.send(signal.SIGINT)
        done = run.end()

    lines = [line.partition("  ")[0] for line in done.stdout.splitlines() if line]
    assert lines[-4:-1] == ["interrupted", "not judged", "left behind"], done
    assert done.stderr == ""
