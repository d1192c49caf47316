"""Findings name their cause, and many findings of one root are told as one."""

from __future__ import annotations

import json

import pytest
from runs.commands import agent, command, verify

# Options of the agent, those of the run, and the cause of each finding.
CAUSES = {
    "several roots": (
        ("--fault", "start-route-missing", "--fault", "status-type-changed"),
        ("--only", "core.tools.start/mounted", "--only", "core.status/success"),
        {"core.tools.start/mounted": "route-missing", "core.status/success": "response-drift"},
    ),
    "everyone is let in": (
        ("--fault", "auth-off"),
        ("--only", "core.tools.start/requires-token", "--only", "mcp.status/rejects-wrong-token"),
        {
            "core.tools.start/requires-token": "authentication-open",
            "mcp.status/rejects-wrong-token": "authentication-open",
        },
    ),
    "one open route": (
        ("--fault", "auth-off-start"),
        ("--only", "core.tools.*/requires-token"),
        {"core.tools.start/requires-token": None},
    ),
}


@pytest.mark.parametrize("case", CAUSES.values(), ids=CAUSES)
def test_a_finding_names_its_cause(case, tmp_path):
    """The cause where it is certain, the same one under `causes` with its remedy, and none where it is not."""
    faults, options, causes = case
    with agent(*faults) as reference:
        done = verify(reference.url, reference.token, "--effects", "read", *options, cwd=tmp_path)

    document = done.document
    assert causes == {finding["clause"]: finding["cause"] for finding in document["findings"]}
    told = {clause: cause["id"] for cause in document["causes"] for clause in cause["clauses"]}
    assert {clause: cause for clause, cause in causes.items() if cause} == told
    assert all(cause["remedy"]["text"] and cause["title"] for cause in document["causes"])
    assert reference.token not in done.stdout


def test_what_a_run_makes_shows_more(tmp_path):
    """A deploy of which nothing comes is a stub's, although it refuses what cannot be pulled."""
    with agent("--fault", "deploy-creates-nothing") as reference:
        only = ("--only", "lifecycle/deploy-creates-running", "--depth", "smoke")
        done = verify(reference.url, reference.token, *only, cwd=tmp_path)

    assert [finding["cause"] for finding in done.document["findings"]] == ["stub-deployment"]


def test_a_probe_image_that_cannot_be_pulled(tmp_path):
    """The registry is named as the cause, and no fault of the agent."""
    with agent() as reference:
        only = ("--only", "core.tools.deploy/success", "--probe-image", "images.invalid/tool:7")
        done = verify(reference.url, reference.token, *only, cwd=tmp_path)

    assert [finding["cause"] for finding in done.document["findings"]] == ["image-unpullable"]
    assert done.document["causes"][0]["remedy"]["commands"] == ["docker pull images.invalid/tool:7"]


def test_a_stub_is_one_block(tmp_path):
    """One cause with its remedy and next step, the clauses in a line each; a baseline still accepts by clause."""
    accepted = [{"clause": "core.health/mounted", "reason": "Known."}]
    (tmp_path / "baseline.yaml").write_text(json.dumps({"accepted": accepted}))
    with agent("--fault", "stub-deployment") as reference:
        options = ("--effects", "read", "--only", "*/mounted", "--only", "core.tools.deploy/stub-is-told")
        args = ("verify", "--target", reference.url, *options, "--baseline", "baseline.yaml")
        done = command(*args, cwd=tmp_path, env={"DTMA_BEARER_TOKEN": reference.token})

    lines = done.stdout.splitlines()
    begins = next(number for number, line in enumerate(lines) if line.startswith("cause  "))
    block = lines[begins : lines.index("", begins)]
    assert block[0].startswith("cause  stub-deployment  A deploy is accepted")
    assert block[0].endswith("5 clauses of 5 operations")
    assert [line.split()[0] for line in block[1:5]] == ["evidence", "reproduce", "remedy", "next"]
    assert "registry.invalid" in block[2]
    assert block[4].endswith(f"dtma-contract diagnose --target {reference.url}")
    assert block[5:] == [
        "  violated  core.tools.deploy/stub-is-told  must",
        "  known  core.health/mounted  must",
        "  violated  mounted of core.tools.delete, core.tools.start, core.tools.stop  must",
    ]
    assert sum(line.startswith("cause  ") for line in lines) == 1
    (file,) = tmp_path.glob("reports/*/report.json")
    findings = json.loads(file.read_text())["findings"]
    assert [finding["cause"] for finding in findings] == ["stub-deployment"] * 5
