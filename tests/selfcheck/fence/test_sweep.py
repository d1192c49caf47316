"""A sweep removes what dead runs left, and nothing else."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from fence.tiny_agent import TOKEN

from dtma_contract.errors import TargetUnusableError, UsageError
from dtma_contract.fence.decisions import Thing
from dtma_contract.fence.limits import Limits
from dtma_contract.ledger import LEDGER_NAME, Ledger, RunRecord
from dtma_contract.sweep import exit_code, find_ledgers, forget, sweep
from dtma_contract.verdict import ExitCode

NAMESPACE = "dtmac-k3f9x2ab-"
QUICK = Limits(connect_seconds=1, response_seconds=2)


def leave_behind(folder: Path, target: str, *names: str, docker: str | None = None) -> Path:
    """Write the ledger of a run that died, and return its path."""
    path = folder / LEDGER_NAME
    with Ledger.create(path, RunRecord(folder.name, NAMESPACE, target, "TOKEN_ENV", docker, "2026-01-01")) as ledger:
        ledger.created(Thing("instance", name) for name in names)
    return path


def known(_: str) -> str:
    return TOKEN


def test_a_sweep_removes_what_a_dead_run_left(agent, contract, tmp_path):
    """Exactly the names of the ledger go; a second sweep finds nothing to do and asks nothing."""
    agent.instances |= {NAMESPACE + "a", NAMESPACE + "other", "customer"}
    path = leave_behind(tmp_path / "run", agent.url, NAMESPACE + "a", NAMESPACE + "never-made")

    (result,) = sweep([path], contract, known)

    assert result.report
    assert (result.report.removed, result.report.left_behind) == ((NAMESPACE + "a",), ())
    assert agent.instances == {NAMESPACE + "other", "customer"}
    assert exit_code([result]) is ExitCode.KEPT
    agent.requests.clear()
    (again,) = sweep([path], contract, known)
    assert (again.pending, again.report, agent.requests) == ((), None, [])


def test_a_living_run_is_left_alone(agent, contract, tmp_path):
    """While the run holds its ledger a sweep only says so."""
    path = tmp_path / "run" / LEDGER_NAME
    with Ledger.create(path, RunRecord("r", NAMESPACE, agent.url, "TOKEN_ENV", None, "")) as ledger:
        ledger.created([Thing("instance", NAMESPACE + "a")])

        (result,) = sweep([path], contract, known)

    assert (result.is_alive, result.report, agent.requests) == (True, None, [])


def test_two_sweeps_at_once_do_the_work_once(agent, contract, tmp_path):
    """The lock lets one sweep in; the other one says that the ledger is busy, or finds nothing to do."""
    agent.instances.add(NAMESPACE + "a")
    path = leave_behind(tmp_path / "run", agent.url, NAMESPACE + "a")
    results = []
    threads = [threading.Thread(target=lambda: results.extend(sweep([path], contract, known))) for _ in range(4)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len([result for result in results if result.report]) == 1
    assert len([request for request in agent.requests if request.startswith("DELETE")]) == 1
    assert agent.instances == set()


def test_a_dry_run_only_looks(agent, contract, tmp_path):
    """A dry run names what is pending, needs no token, and changes no byte."""
    path = leave_behind(tmp_path / "run", agent.url, NAMESPACE + "a")
    before = path.read_bytes()

    (result,) = sweep([path], contract, lambda _: None, dry_run=True)

    assert (result.pending, result.report, result.problem) == ((NAMESPACE + "a",), None, None)
    assert (path.read_bytes(), agent.requests) == (before, [])


def test_an_unset_token_is_a_usage_error(agent, contract, tmp_path):
    """The message names the variable."""
    path = leave_behind(tmp_path / "run", agent.url, NAMESPACE + "a")

    results = sweep([path], contract, lambda _: None)

    assert isinstance(results[0].problem, UsageError)
    assert "TOKEN_ENV" in str(results[0].problem)
    assert exit_code(results) is ExitCode.USAGE


def test_a_dead_target_is_unusable(contract, tmp_path):
    """The message names the cause and what may still be there; the ledger stays open for the next sweep."""
    path = leave_behind(tmp_path / "run", "http://127.0.0.1:1", NAMESPACE + "a")

    results = sweep([path], contract, known, limits=QUICK)

    assert isinstance(results[0].problem, TargetUnusableError)
    assert results[0].problem.cause == "connection-refused"
    assert NAMESPACE + "a" in str(results[0].problem)
    assert exit_code(results) is ExitCode.TARGET_UNUSABLE
    assert sweep([path], contract, known, dry_run=True)[0].pending == (NAMESPACE + "a",)


def test_what_cannot_be_removed_is_left_behind(agent, contract, tmp_path):
    """A sweep that fails says what stays, and the next one tries again."""
    agent.instances.add(NAMESPACE + "a")
    agent.removal = "fails"
    path = leave_behind(tmp_path / "run", agent.url, NAMESPACE + "a")

    results = sweep([path], contract, known)

    assert exit_code(results) is ExitCode.VIOLATED
    agent.removal = "works"
    assert exit_code(sweep([path], contract, known)) is ExitCode.KEPT
    assert agent.instances == set()


def test_one_bad_ledger_does_not_stop_the_others(agent, contract, tmp_path):
    """Each run is swept on its own, and the gravest result decides."""
    agent.instances.add(NAMESPACE + "a")
    leave_behind(tmp_path / "run-1", agent.url, NAMESPACE + "a")
    (tmp_path / "run-2").mkdir()
    (tmp_path / "run-2" / LEDGER_NAME).write_text("nonsense")

    results = sweep(find_ledgers(tmp_path), contract, known)

    assert [bool(result.report) for result in results] == [True, False]
    assert exit_code(results) is ExitCode.USAGE
    assert agent.instances == set()


def test_ledgers_are_found_by_file_run_or_reports_folder(tmp_path):
    """A path may name one ledger, one run or all runs; anything else is a usage error."""
    path = leave_behind(tmp_path / "reports" / "run", "http://h")

    assert find_ledgers(path) == find_ledgers(path.parent) == find_ledgers(tmp_path / "reports") == (path,)
    with pytest.raises(UsageError):
        find_ledgers(tmp_path / "nothing")


def test_what_is_known_is_not_asked_for_again(agent, contract, tmp_path):
    """What a run left and its user has seen to is forgotten: no request, then nor later, and the ledger says so."""
    agent.instances.add(NAMESPACE + "a")
    agent.removal = "fails"
    path = leave_behind(tmp_path / "run", agent.url, NAMESPACE + "a")
    sweep([path], contract, known)
    agent.requests.clear()

    seen = forget([path], "run", dry_run=True)
    assert (seen.pending, sweep([path], contract, known, dry_run=True)[0].pending) == ((NAMESPACE + "a",),) * 2
    assert forget([path], "run").pending == (NAMESPACE + "a",)

    results = sweep([path], contract, known)
    assert (results[0].pending, exit_code(results), agent.requests) == ((), ExitCode.KEPT, [])
    assert agent.instances == {NAMESPACE + "a"}
    assert f'"forgotten": ["{NAMESPACE}a"]' in path.read_text()


def test_only_a_dead_run_that_is_there_is_forgotten(tmp_path):
    """A misspelt run is told with the closest one; of a run that is alive nothing is forgotten."""
    path = leave_behind(tmp_path / "20260101-000000-k3f9x2ab", "http://h", NAMESPACE + "a")
    before = path.read_bytes()

    with pytest.raises(UsageError, match='Did you mean "20260101-000000-k3f9x2ab"'):
        forget([path], "20260101-000000-k3f9x2aa")
    with Ledger.open(path), pytest.raises(UsageError, match="still alive"):
        forget([path], path.parent.name)
    assert path.read_bytes() == before
