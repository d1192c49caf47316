"""Does a run leave everything that it did not make exactly as it was?"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from neighbours.processes import clean_environment, running, wait_until
from neighbours.reference import running_reference
from neighbours.verify import verify

from dtma_contract.shipped import contract_path

CUSTOMERS = ("crm-sync", "mail-mcp", "web-search-1750278276605", "a", "notes_v2")
FOREIGN = ("postgres:running", "old-backup:exited")

# How many requests the stock fuzzer makes up for an operation; `make seeds` takes fifty, which last over a minute.
EXAMPLES = os.environ.get("DTMA_SELFCHECK_EXAMPLES", "15")


def call(agent, method, path, **arguments):
    headers = {"Authorization": f"Bearer {agent.token}"}
    return httpx.request(method, agent.url + path, headers=headers, timeout=10, trust_env=False, **arguments)


def snapshot(agent):
    """Every container of the agent's engine, whoever made it: id, name and state."""
    containers = call(agent, "GET", "/diagnostics/docker").json()["diagnostics"]["containers"]
    return sorted((container["id"], container["name"], container["state"]) for container in containers)


@pytest.fixture
def host():
    """An agent with five running tools of a customer, and two containers that it does not manage."""
    foreign = [word for name in FOREIGN for word in ("--foreign", name)]
    with running_reference("--allow-ssh", *foreign) as agent:
        for number, name in enumerate(CUSTOMERS):
            body = {
                "dockerImageUrl": "nginx:latest",
                "instanceNameOnToolbox": f"{name}x",
                "accountToolInstanceId": f"00000000-0000-4000-8000-00000000000{number}",
            }
            assert call(agent, "POST", "/tools", json=body).status_code == 201
        call(agent, "POST", f"/tools/{CUSTOMERS[0]}x/stop")
        yield agent


@pytest.mark.slow
@pytest.mark.parametrize("options", [("--depth", "deep"), ("-n", "4")], ids=["deep", "four-workers"])
def test_a_run_touches_nothing_that_it_did_not_make(host, tmp_path, options):
    """Ids and states of all containers are the same after a run as before, and nothing new is there."""
    before = snapshot(host)
    verdict = verify(host, tmp_path, *options, seconds=600)

    assert before == snapshot(host)
    assert verdict.exit_code == 0
    assert verdict.document["left_behind"] == []


@pytest.mark.slow
def test_a_run_that_only_reads_makes_nothing_and_is_no_failure(host, tmp_path):
    """At `--effects read` the one deploy that is asked for cannot work; all that may be judged is judged and kept."""
    before = snapshot(host)
    verdict = verify(host, tmp_path, "--effects", "read", "--profile", "all")
    ledger = next(tmp_path.glob("reports/*/ledger.jsonl")).read_text().splitlines()
    created = {entry["name"].rpartition("-")[2] for entry in map(json.loads, ledger) if entry["event"] == "create"}
    reasons = {entry["reason"] for entry in verdict.document["not_judged"]}

    assert before == snapshot(host)
    assert created == {"stub"}
    assert verdict.exit_code == 0
    assert all(reason.startswith("it needs --effects") for reason in reasons)


def stock_run(url, token, folder, *, until=lambda: False):
    """Run the schemathesis command line as its documentation says, to its end or until something is seen."""
    authorization = ["--header", f"Authorization: Bearer {token}"] if token else []
    limits = ["--max-examples", EXAMPLES, "--seed", "7", "--continue-on-failure"]
    program = str(Path(sys.executable).with_name("st"))
    command = [program, "run", str(contract_path()), "--url", url, *limits, *authorization]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd=folder, env=clean_environment({}), **quiet) as process:
        try:
            wait_until(lambda: process.poll() is not None or until(), "the end of the stock run", seconds=600)
        finally:
            process.kill()


@pytest.mark.slow
def test_a_stock_fuzzer_behind_the_fence_does_no_harm(host, tmp_path):
    """A stock property-based run through `dtma-contract fence` changes nothing on the host, and is let through."""
    before = snapshot(host)
    log = tmp_path / "fence.txt"
    command = [sys.executable, "-m", "dtma_contract", "fence", "--target", host.url, "--listen", "127.0.0.1:0"]

    def address():
        return re.search(r"^fence: (http://\S+)", log.read_text(), re.MULTILINE)

    environment = clean_environment({"DTMA_BEARER_TOKEN": host.token, "PYTHONUNBUFFERED": "1"})
    with running(command, log=log, ready=lambda: address() is not None, env=environment, cwd=tmp_path):
        stock_run(address()[1], None, tmp_path)

    record = next(tmp_path.glob("reports/*/exchanges.jsonl")).read_text().splitlines()
    statuses = [json.loads(line)["status"] for line in record]
    assert before == snapshot(host)
    assert statuses.count(200) > 20
    assert "refused (" in log.read_text()


@pytest.mark.slow
def test_the_same_fuzzer_without_the_fence_does_harm(host, tmp_path):
    """The stock run on the agent itself changes or leaves containers: the fence is what made the difference."""
    before = snapshot(host)
    stock_run(host.url, host.token, tmp_path, until=lambda: snapshot(host) != before)

    assert before != snapshot(host)
