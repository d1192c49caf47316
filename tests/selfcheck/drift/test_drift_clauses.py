"""`tests/drift` judges by pytest what the command finds, and passes nothing that was not compared."""

from __future__ import annotations

import pytest
from drift.services import NAMES, write_service
from neighbours.clean_run import run_module
from runs.commands import WHERE, Ended, agent

from dtma_contract.drift.kinds import KINDS
from dtma_contract.shipped import load_clauses, load_contract, suite_folder

CLAUSES = {clause.id: clause for clause in load_clauses(load_contract()) if clause.id.startswith("drift/")}
SUITE = str(suite_folder() / "drift")
START = "POST /tools/{instanceNameOnToolbox}/start"


def run_pytest(folder, *args, env=None):
    """Run plain pytest on the suite of drift."""
    options = ("-p", "dtma_contract.plugin", "-p", "no:cacheprovider", "--reports", str(folder / "reports"), "-ra")
    done = run_module("pytest", *options, *args, SUITE, cwd=folder, env={**WHERE, **(env or {})}, seconds=120)
    return Ended(done.exit_code, done.stdout, done.stderr)


def failed(done):
    return [line.rpartition("[")[2].partition("]")[0] for line in done.stdout.splitlines() if line.startswith("FAILED")]


def test_every_kind_violates_a_clause_that_exists():
    """And every clause is violated by a kind, but for the one that gathers what weighs less."""
    named = {kind.clause for kind in KINDS.values() if kind.clause}

    assert named - CLAUSES.keys() == set()
    assert CLAUSES.keys() - named == set()


@pytest.mark.parametrize("kind", [kind for kind in KINDS.values() if kind.clause], ids=lambda kind: kind.id)
def test_a_clause_weighs_what_its_kinds_weigh(kind):
    """A must finding violates a must clause."""
    assert CLAUSES[kind.clause].level == kind.level


def test_a_sound_service_keeps_what_can_be_judged(tmp_path):
    """Exit code 0; what was not given is not judged, with its reason."""
    done = run_pytest(tmp_path, "--source", str(write_service(tmp_path / "service")))

    assert done.exit_code == 0, done
    assert "8 passed, 4 skipped" in done.stdout
    assert "nothing was given to compare: no --image" in done.stdout


# What is written, and the clause that it violates.
BROKEN = {
    "a route is missing": ({"names": [name for name in NAMES if name != START]}, "drift/every-route-is-in-the-source"),
    "a stub entry point": ({"names": NAMES, "stub": True}, "drift/every-declared-route-is-mounted"),
    "a route is not promised": ({"names": [*NAMES, "GET /metrics"]}, "drift/every-route-is-promised"),
}


@pytest.mark.parametrize(("service", "clause"), BROKEN.values(), ids=BROKEN)
def test_a_broken_service_violates_exactly_its_clause(service, clause, tmp_path):
    """One root is one clause; a `should` is said and does not block."""
    folder = write_service(tmp_path / "service", *service["names"], stub=service.get("stub", False))
    done = run_pytest(tmp_path, "--source", str(folder))

    assert (failed(done), done.exit_code) == ([clause], int(CLAUSES[clause].level == "must")), done


def test_a_source_that_cannot_be_read_passes_nothing(tmp_path):
    """Exit code 5: nothing was judged."""
    (tmp_path / "empty").mkdir()
    done = run_pytest(tmp_path, "--source", str(tmp_path / "empty"))

    assert done.exit_code == 5, done
    assert ("passed" in done.stdout, "the source could not be read" in done.stdout) == (False, True)


def test_nothing_to_compare_is_a_usage_error(tmp_path):
    """One message, exit code 4."""
    done = run_pytest(tmp_path)

    assert (done.exit_code, done.stdout) == (4, ""), done


@pytest.mark.slow
def test_the_target_is_judged_by_the_survey_of_its_run(tmp_path):
    """Where the target alone lacks start it is the target's; where the source lacks it too, the source's."""
    sound = write_service(tmp_path / "sound")
    broken = write_service(tmp_path / "broken", *(name for name in NAMES if name != START))
    with agent("--fault", "start-route-missing") as reference:
        asked = ("--target", reference.url, "--effects", "read")
        env = {"DTMA_BEARER_TOKEN": reference.token}
        done = run_pytest(tmp_path, "--source", str(sound), *asked, env=env)
        both = run_pytest(tmp_path, "--source", str(broken), *asked, env=env)

    assert (failed(done), done.exit_code) == (["drift/every-route-is-on-the-target"], 1), done
    assert (failed(both), both.exit_code) == (["drift/every-route-is-in-the-source"], 1), both
