"""Workers side by side come to the same as one process."""

from __future__ import annotations

import getpass

import pytest
from runs.commands import agent, containers, verify


@pytest.mark.slow
def test_two_workers_judge_the_same(tmp_path):
    """With -n 2 each clause has the outcome that it has serially, each is judged once, and nothing is left."""
    with agent("--allow-ssh", "--fault", "start-route-missing", "--fault", "health-is-json") as reference:
        serial, parallel = (
            verify(reference.url, reference.token, "--depth", "smoke", "--seed", "7", "-n", workers, cwd=tmp_path)
            for workers in ("0", "2")
        )
        remaining = containers(reference)

    assert (serial.exit_code, parallel.exit_code) == (1, 1), parallel
    assert serial.outcomes == parallel.outcomes
    assert "core.tools.start/mounted" in serial.outcomes
    for key in ("clauses", "operations", "baseline", "left_behind", "seed", "outcome"):
        assert serial.document[key] == parallel.document[key], key
    assert remaining == {}


def test_temporary_folders_of_other_tests_stay(tmp_path):
    """A run with workers makes no temporary folder of pytest's, and so removes none that the user's own tests left."""
    others = tmp_path / "temporary" / f"pytest-of-{getpass.getuser()}"
    for number in range(6):
        (others / f"pytest-{number}" / "kept").mkdir(parents=True)
    before = sorted(others.rglob("*"))
    with agent() as reference:
        env = {"PYTEST_DEBUG_TEMPROOT": str(others.parent)}
        ended = verify(reference.url, reference.token, "--only", "core.health", "-n", "2", cwd=tmp_path, env=env)

    assert ended.exit_code == 0, ended
    assert sorted(others.rglob("*")) == before
