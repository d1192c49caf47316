"""An agent that answers one operation with nonsense is judged to the end, and blamed for that operation alone."""

from __future__ import annotations

import pytest
from runs.between import hiding, lying_about
from runs.commands import agent, containers, verify

from dtma_contract.shipped import load_clauses, load_contract

STATUS = ("GET", "/status", "core.status")
START = ("POST", "/tools/[^/]+/start", "core.tools.start")
OPERATIONS_OF = {clause.id: clause.operations for clause in load_clauses(load_contract())}


@pytest.fixture(scope="module")
def reference():
    """An honest agent behind the liar."""
    with agent("--allow-ssh", "--foreign", "customers") as running:
        yield running


@pytest.mark.parametrize("flaw", ["garbage", "closes-at-once"])
@pytest.mark.slow
def test_a_broken_status_is_a_finding_of_its_clauses(flaw, reference, tmp_path):
    """A whole run goes on: what is violated speaks of GET /status, all else is judged, and nothing stays behind."""
    with lying_about(reference.url, flaw, *STATUS[:2]) as liar:
        done = verify(liar.url, reference.token, "--depth", "smoke", cwd=tmp_path)

    assert done.exit_code == 1, done.stderr
    document = done.document
    violated = {finding["clause"] for finding in document["findings"]}
    assert "core.status/success" in violated
    assert {clause for clause in violated if "core.status" not in OPERATIONS_OF[clause]} == set()
    assert {finding["outcome"] for finding in document["findings"]} == {"violated"}
    assert document["clauses"]["kept"] > 150
    assert document["left_behind"] == []
    assert containers(reference) == {"customers": "running"}


@pytest.mark.parametrize("flaw", ["garbage", "closes-at-once", "large-body", "gzip-bomb", "html-for-everything"])
def test_a_broken_start_is_a_finding_of_its_clauses(flaw, reference, tmp_path):
    """Start's own clauses are violated, the neighbour's are kept, and what was made is gone."""
    only = ("--only", "core.tools.start", "--only", "core.tools.stop", "--only", "lifecycle/stop-stops")
    with lying_about(reference.url, flaw, *START[:2]) as liar:
        done = verify(liar.url, reference.token, "--depth", "smoke", *only, cwd=tmp_path)

    assert done.exit_code == 1, done.stderr
    document = done.document
    violated = {finding["clause"] for finding in document["findings"]}
    assert "core.tools.start/unknown-instance-is-404" in violated
    assert {clause for clause in violated if "core.tools.start" not in OPERATIONS_OF[clause]} == set()
    assert document["clauses"]["error"] == 0
    assert containers(reference) == {"customers": "running"}


@pytest.mark.slow
def test_one_byte_a_second_is_given_up(reference, tmp_path):
    """An answer that trickles is given up after 15 seconds, each time it is asked for, and the run goes on."""
    with lying_about(reference.url, "one-byte-a-second", *STATUS[:2]) as liar:
        only = ("--only", "core.status/success", "--only", "core.service/success", "--effects", "read")
        done = verify(liar.url, reference.token, *only, cwd=tmp_path)

    document = done.document
    assert [finding["clause"] for finding in document["findings"]] == ["core.status/success"]
    assert "15 s" in document["findings"][0]["actual"]
    assert document["clauses"]["kept"] == 1
    assert document["duration_seconds"] < 60  # measured: 36, twice 15 and the beginning


@pytest.mark.parametrize("workers", ["0", "2"])
def test_nothing_judged_is_no_success(workers, reference, tmp_path):
    """Where the target lacks the one profile that is asked for, the exit code is 5, with workers too."""
    with hiding(reference.url, "/mcp") as without:
        done = verify(without.url, reference.token, "--only", "mcp.templates", "-n", workers, cwd=tmp_path)

    assert (done.exit_code, done.document["outcome"]) == (5, "nothing-judged")
    assert "nothing-judged" in done.stderr or done.document["operations"] == {"judged": 0, "total": 0}
    assert {item["clause"].partition("/")[0] for item in done.document["not_judged"]} == {"mcp.templates"}
    assert "offers no route of the profile mcp" in done.document["not_judged"][0]["reason"]


def test_a_profile_that_is_named_is_judged_all_the_same(reference, tmp_path):
    """With --profile the same absence is a violation: half a promise is drift."""
    with hiding(reference.url, "/mcp") as without:
        args = ("--only", "mcp.templates/mounted", "--profile", "mcp", "--effects", "read")
        done = verify(without.url, reference.token, *args, cwd=tmp_path)

    assert done.exit_code == 1
    assert [finding["clause"] for finding in done.document["findings"]] == ["mcp.templates/mounted"]


def test_what_the_run_may_not_do_is_not_judged(reference, tmp_path):
    """A clause above the run's effect level is nothing judged as well, and the reason names the level."""
    done = verify(reference.url, reference.token, "--only", "ssh.execute/success", cwd=tmp_path)

    assert done.exit_code == 5
    assert "--effects restart" in done.document["not_judged"][0]["reason"]
