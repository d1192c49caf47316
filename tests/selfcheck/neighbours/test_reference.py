"""The reference agent runs as a process of its own, and the command line in a clean environment."""

from __future__ import annotations

import os
import signal

import httpx
import pytest

from .clean_run import run_module
from .processes import NeighbourError, is_listening, wait_until
from .reference import running_reference


def test_a_reference_agent_takes_either_of_its_secrets_and_no_other():
    """Two agents share no token."""
    with running_reference() as agent, running_reference() as another:
        statuses = [
            httpx.get(f"{agent.url}/tools", headers={"Authorization": f"Bearer {secret}"}).status_code
            for secret in (agent.token, agent.api_key, another.token)
        ]

    assert statuses == [200, 200, 403]


def test_given_variables_win_over_the_random_ones():
    """A test can choose the token."""
    with running_reference(env={"DTMA_BEARER_TOKEN": "chosen-by-the-test"}) as agent:
        answer = httpx.get(f"{agent.url}/tools", headers={"Authorization": "Bearer chosen-by-the-test"})

    assert (agent.token, answer.status_code) == ("chosen-by-the-test", 200)


def test_a_reference_agent_is_gone_when_its_block_ends():
    """Its port is closed and its process has ended."""
    with running_reference() as agent:
        os.kill(agent.process_id, 0)

    assert not is_listening(httpx.URL(agent.url).port)
    with pytest.raises(ProcessLookupError):
        os.kill(agent.process_id, 0)


def test_a_killed_agent_is_no_error_of_the_block():
    """A test may kill the agent and see what a client makes of it."""
    with running_reference() as agent:
        os.kill(agent.process_id, signal.SIGKILL)
        wait_until(lambda: not is_listening(httpx.URL(agent.url).port), "the agent's end", seconds=5)


def test_an_agent_that_does_not_start_is_told_in_its_own_words():
    """An unknown option ends the block before it begins, with what the agent wrote."""
    with pytest.raises(NeighbourError, match="--no-such-option"), running_reference("--no-such-option"):
        pytest.fail("It started.")


def test_a_clean_run_sees_no_variable_of_the_caller(monkeypatch, tmp_path):
    """A token in the caller's environment does not leak in; a given variable does arrive, and so does the exit code."""
    monkeypatch.setenv("DTMA_BEARER_TOKEN", "of-the-caller")
    (tmp_path / "shows.py").write_text(
        "import os, sys; print(os.environ.get('DTMA_BEARER_TOKEN'), os.environ.get('GIVEN')); sys.exit(5)"
    )
    done = run_module("shows", cwd=tmp_path, env={"GIVEN": "given"})

    assert (done.exit_code, done.stdout, done.stderr) == (5, "None given\n", "")
