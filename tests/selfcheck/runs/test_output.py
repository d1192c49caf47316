"""What the commands print: help with examples, and one JSON document where it is asked for."""

from __future__ import annotations

import json

import pytest
from runs.commands import agent, command, verify

COMMANDS = ("verify", "explain", "fence", "sweep")


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_examples_on_lines_of_their_own(name, tmp_path):
    """Each command's help begins with what it does and shows how it is called."""
    done = command(name, "--help", cwd=tmp_path)

    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"Usage: dtma-contract {name} ")
    examples = lines[lines.index("  Examples:") + 1 :]
    assert f"dtma-contract {name}" in examples[0]
    assert "\\b" not in done.stdout


def test_the_overview_names_commands_and_exit_codes(tmp_path):
    """`dtma-contract --help` lists each command, and what the exit codes mean."""
    done = command("--help", cwd=tmp_path)

    assert done.exit_code == 0
    assert [name for name in COMMANDS if f"\n  {name}  " not in done.stdout] == []
    for meaning in ("0 kept", "1 violated", "2 interrupted", "3 engine error", "4\n  usage", "5 nothing judged"):
        assert meaning.replace("\n  ", " ") in done.stdout.replace("\n  ", " ")


def test_one_json_document_is_printed(tmp_path):
    """Standard output is the one document that is in the run's folder as well; progress goes elsewhere."""
    with agent("--fault", "health-is-json") as reference:
        only = ("--only", "core.health", "--only", "core.tools.start/success", "--effects", "read")
        done = verify(reference.url, reference.token, *only, cwd=tmp_path)

    document = done.document
    keys = "run target contract outcome exit_code operations findings not_judged left_behind duration_seconds"
    assert [key for key in keys.split() if key not in document] == []
    assert document["target"] == reference.url
    assert set(document["operations"]) == {"judged", "total"}
    assert document["exit_code"] == done.exit_code == 1
    finding = "clause level outcome operation title expected actual cause reproduce"
    assert [key for key in finding.split() if key not in document["findings"][0]] == []
    assert document["findings"][0]["reproduce"].startswith("curl ")
    assert document["findings"][0]["reproduce"].endswith(f" {reference.url}/health")
    assert {"clause", "reason"} == set(document["not_judged"][0])
    (file,) = tmp_path.glob("reports/*/report.json")
    assert json.loads(file.read_text()) == document
    assert "judging" in done.stderr


def test_three_lines_end_a_run(tmp_path):
    """The text ends with what was judged, what was not and why, and what was left behind.

    Options and plugins of the user's own suites, and a terminal without a width, change nothing of it.
    """
    args = ("--target", "reference", "--only", "core.health", "--effects", "read")
    env = {"PYTEST_ADDOPTS": "--nonsense", "PYTEST_PLUGINS": "nonsense", "COLUMNS": "0"}
    done = command("verify", *args, cwd=tmp_path, env=env)

    assert (done.exit_code, done.stderr) == (0, "")
    *_, judged, unjudged, left, reports = done.stdout.splitlines()
    assert judged.startswith("kept  judged 1 of 1 operations, ")
    assert unjudged.startswith("not judged  ")
    assert left == "left behind  nothing"
    assert reports.startswith("reports in reports/")
