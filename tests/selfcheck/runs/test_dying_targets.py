"""A target that dies in the middle ends the run in seconds: one cause, and a word on what it may still hold."""

from __future__ import annotations

import os
import signal
import time

import pytest
from runs.commands import agent, underway


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_target_that_is_killed_ends_the_run(workers, tmp_path):
    """Exit code 6 within seconds, one finding for the cause, and all that may be left with the way to remove it."""
    with agent() as reference:
        args = ("--target", reference.url, "--depth", "smoke", "--format", "json", "-n", workers)
        with underway("verify", *args, cwd=tmp_path, env={"DTMA_BEARER_TOKEN": reference.token}) as run:
            run.wait_for_creates(8)
            os.kill(reference.process_id, signal.SIGKILL)
            killed = time.monotonic()
            done = run.end()
            seconds = time.monotonic() - killed

    assert done.exit_code == 6, done
    document = done.document
    unusable = [finding for finding in document["findings"] if finding["clause"] is None]
    assert [finding["cause"] for finding in unusable] == ["connection-refused"]
    assert "in the middle of the run" in unusable[0]["actual"]
    assert len(document["findings"]) < 5, document["findings"]
    assert document["clauses"]["error"] == 0
    assert seconds < 30  # measured: 3, for the items that are still to be skipped
    left = {item["name"] for item in document["left_behind"]}
    assert left
    assert all(name.startswith("dtmac-") for name in left)
    assert all("may be there" in item["reason"] and item["command"] for item in document["left_behind"])
