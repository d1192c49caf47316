"""`pytest --target URL` on the suite does what `dtma-contract verify` does."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from neighbours.clean_run import run_module
from runs.commands import WHERE, Ended, agent, verify

from dtma_contract.shipped import suite_folder

SUITE = [str(suite_folder() / name) for name in ("contract", "lifecycle")]


def run_pytest(folder, *args, token=None):
    """Run plain pytest with the plugin, as the repository's conftest.py loads it."""
    env = {**WHERE, **({"DTMA_BEARER_TOKEN": token} if token else {})}
    options = ("-p", "dtma_contract.plugin", "-p", "no:cacheprovider", "--reports", str(folder / "reports"))
    done = run_module("pytest", *options, *args, cwd=folder, env=env, seconds=300)
    return Ended(done.exit_code, done.stdout, done.stderr)


def outcomes_of_junit(folder):
    """Return each clause's outcome as JUnit's words have it."""
    (file,) = folder.glob("reports/*/junit.xml")
    found = {}
    for case in ET.parse(file).iter("testcase"):  # noqa: S314 - a file of our own making
        clause = case.attrib["name"].partition("[")[2].rstrip("]")
        kinds = {child.tag for child in case} & {"failure", "error", "skipped"}
        found[clause] = kinds.pop() if kinds else "passed"
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("faults", "code"), [((), 0), (("--fault", "start-route-missing"), 1)])
def test_pytest_judges_what_verify_judges(faults, code, tmp_path):
    """The same clauses with the same outcomes and the same exit code, on a sound agent and on one with a fault."""
    (tmp_path / "verify").mkdir()
    (tmp_path / "pytest").mkdir()
    with agent("--allow-ssh", *faults) as reference:
        verified = verify(reference.url, reference.token, "--depth", "smoke", cwd=tmp_path / "verify")
        args = ("--target", reference.url, "--depth", "smoke", *SUITE)
        tested = run_pytest(tmp_path / "pytest", *args, token=reference.token)

    assert (verified.exit_code, tested.exit_code) == (code, code), tested
    found = outcomes_of_junit(tmp_path / "pytest")
    assert outcomes_of_junit(tmp_path / "verify") == found
    words = {"violated": "failure", "not judged": "skipped"}
    assert {name: word for name, word in found.items() if word != "passed"} == {
        name: words[outcome] for name, outcome in verified.outcomes.items()
    }


def test_one_clause_can_be_selected_by_its_id(tmp_path):
    """Pytest's own -k and ids select clauses too."""
    with agent() as reference:
        file = f"{SUITE[0]}/test_mounting.py"
        args = ("--target", reference.url, "--effects", "read", "-k", "core.tools.start/mounted", "-v", file)
        done = run_pytest(tmp_path, *args, token=reference.token)

    assert done.exit_code == 0, done
    assert "test_operation_is_mounted[core.tools.start/mounted] PASSED" in done.stdout


def test_no_target_is_one_message(tmp_path):
    """The suite without a target is a usage error: one message, exit code 4, and no test is run."""
    done = run_pytest(tmp_path, *SUITE)

    assert (done.exit_code, done.stdout) == (4, "")
    (message,) = (line for line in done.stderr.splitlines() if line)
    assert message.startswith("ERROR: No target is named. Give `--target http://HOST:30000`, or `--target reference`")


def test_an_unset_token_is_one_message(tmp_path):
    """So is a target whose token is not set; no folder is made."""
    done = run_pytest(tmp_path, "--target", "http://127.0.0.1:9", *SUITE)

    assert (done.exit_code, done.stdout) == (4, "")
    assert "DTMA_BEARER_TOKEN" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_look_asks_nobody(tmp_path):
    """--collect-only needs no token, sends nothing and makes no folder."""
    done = run_pytest(tmp_path, "--target", "http://127.0.0.1:9", "--collect-only", "-q", SUITE[0])

    assert done.exit_code == 0, done
    assert "core.tools.start/mounted" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_an_unusable_target_is_told(tmp_path):
    """A dead target is exit code 6, with cause and next step, and no test is run."""
    done = run_pytest(tmp_path, "--target", "http://127.0.0.1:9", *SUITE, token="some-token")  # noqa: S106 - made up

    assert done.exit_code == 6, done
    assert "connection-refused" in done.stderr
    assert "docker ps -a --filter name=dtma_manager" in done.stderr
