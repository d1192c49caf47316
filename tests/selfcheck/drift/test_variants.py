"""The Express agent and each of its variants: every route in every corner and no other, and the one finding."""

from __future__ import annotations

import dataclasses
import functools
import json
import time
from pathlib import Path

import pytest
from drift.express_variants import (
    AGENTS,
    CONDITION,
    ENDING,
    PROMISED,
    archive_of,
    expected,
    source_variant,
    table,
    truth,
)
from drift.judged_tables import CONTRACT
from neighbours.express import crashing_express, running_express
from neighbours.express_build import CLEAN, express_build
from runs.commands import command

from dtma_contract.discovery.express import read_routes
from dtma_contract.discovery.file_tree import FolderTree
from dtma_contract.drift_run import DriftRequest, run_drift
from dtma_contract.routes import Cell, Corner
from dtma_contract.verdict import ExitCode

# What answers in place of a route is not seen by who asks for it; what shadows it is another route of the same name.
HIDDEN = {"early-catch-all": ("/ssh", "/mcp")}

# What a developer does not notice.
MOST_SECONDS = 0.5


@pytest.fixture(scope="module")
def archives(express_sources, needs_node, tmp_path_factory):
    """Give an agent's image, as an archive."""
    root = tmp_path_factory.mktemp("images")

    @functools.cache
    def archive(variant):
        return str(archive_of(express_build(variant), root / f"{variant}.tar", express_sources(variant)[1]))

    return archive


def drift(folder: Path | None = None, **corners):
    return run_drift(DriftRequest(CONTRACT, source=folder, **corners))


def kinds(report):
    return [found.kind for found in report.findings]


@pytest.mark.parametrize("variant", AGENTS)
def test_a_source_leads_to_its_finding(variant, express_sources):
    """Exactly the one that its README names; everything else of it is resolved."""
    folder, _ = express_sources(variant)
    report = drift(folder)

    assert (kinds(report), report.unknown) == (expected(variant, image=False), ())
    assert report.exit_code == (ExitCode.VIOLATED if any(f.blocks for f in report.findings) else ExitCode.KEPT)


@pytest.mark.slow
@pytest.mark.parametrize("variant", AGENTS)
def test_source_and_image_hold_the_runtimes_routes(variant, express_sources, archives):
    """Every route that Express itself holds, and no other; both together lead to the one finding."""
    folder, _ = express_sources(variant)
    report = drift(folder, image=archives(variant))
    states = {Cell.DECLARED} if variant == "crash-at-load" else {Cell.MOUNTED, Cell.CONDITIONAL, Cell.SHADOWED}

    assert (kinds(report), report.unknown) == (expected(variant, image=True), ())
    assert table(report, Corner.SOURCE, states) == truth(source_variant(variant))
    assert table(report, Corner.IMAGE, states) == truth(variant)


def answered(variant):
    """Return the routes that a running agent answers: those of its runtime, but for what is hidden."""
    return {(method, path) for method, path in truth(variant) if not path.startswith(HIDDEN.get(variant, ("-",)))}


@pytest.mark.slow
@pytest.mark.parametrize("variant", [variant for variant in AGENTS if variant not in ENDING])
def test_all_corners_together_lead_to_the_one_finding(variant, express_sources, archives):
    """The live agent answers what its runtime holds and nothing else; all three corners have one root."""
    folder, _ = express_sources(variant)
    with running_express(express_build(variant), env=CONDITION.get(variant)) as agent:
        report = drift(folder, image=archives(variant), target=agent.url, token=agent.token)

    assert kinds(report) == expected(variant, image=True)
    assert table(report, Corner.TARGET) == answered(variant)


@pytest.mark.slow
@pytest.mark.parametrize("variant", sorted(ENDING))
def test_an_agent_that_ends_is_a_stated_unknown(variant, express_sources, archives):
    """Nothing is said of its routes, and what code and image tell stays."""
    folder, _ = express_sources(variant)
    with crashing_express(express_build(variant)) as agent:
        report = drift(folder, image=archives(variant), target=agent.url, token=agent.token)
        alone = drift(target=agent.url, token=agent.token)

    assert kinds(report) == expected(variant, image=True)
    assert {row.state(Corner.TARGET) for row in report.rows} == {Cell.UNKNOWN}
    assert [unknown.where for unknown in report.unknown] == [Corner.TARGET]
    assert (kinds(alone), alone.exit_code) == ([], ExitCode.NOTHING_JUDGED)


@pytest.mark.slow
def test_a_switch_that_is_off_is_the_same_finding(express_sources, archives):
    """The target lacks what its source mounts under a condition: that follows from the condition."""
    folder, _ = express_sources("env-switch")
    with running_express(express_build("env-switch")) as agent:
        report = drift(folder, image=archives("env-switch"), target=agent.url, token=agent.token)

    assert kinds(report) == ["conditional"]
    assert PROMISED - table(report, Corner.TARGET) == {route for route in PROMISED if route[1].startswith("/mcp")}


@pytest.mark.slow
def test_an_old_image_says_how_old_it_is(express_sources, archives):
    """One commit behind, with the routes that it lacks and the one that it still has."""
    folder, commit = express_sources("older-commit")
    (found,) = drift(folder, image=archives("older-commit")).findings

    assert found.title == f"The image was built from {commit[:12]}, 1 commit behind the source."
    assert "lacks POST /tools/{instanceNameOnToolbox}/start" in found.detail
    assert "still has POST /tools/{instanceNameOnToolbox}/restart" in found.detail


@pytest.mark.alone
def test_a_source_is_read_in_half_a_second_of_work(express_sources):
    """Parsing, evaluating and looking for what was not reached, of the whole agent."""
    folder, _ = express_sources(CLEAN)
    begun = time.process_time()
    found = read_routes(FolderTree(folder), corner=Corner.SOURCE)
    spent = time.process_time() - begun

    assert (len(found.routes), spent < MOST_SECONDS) == (len(PROMISED), True), spent


def test_a_crash_names_its_place(express_sources):
    """It is the import, and every route of the contract is declared."""
    report = drift(express_sources("crash-at-load")[0])
    (found,) = report.findings

    assert str(found.location) == "src/index.ts:2"
    assert "`createApplication` is imported from ./app.js, which exports no such name" in found.detail
    assert table(report, Corner.SOURCE, {Cell.DECLARED}) == PROMISED
    assert dataclasses.asdict(found)["level"] == "must"


CALLER = """const base = `http://${process.env.DTMA_HOST}:30000`;
export const start = (name) => fetch(`${base}/tools/${name}/start`, { method: 'POST' });
export const deploy = (body) => fetch(`${base}/tools`, { method: 'POST', body: JSON.stringify(body) });
"""
KEYS = ["routes", "findings", "provenance", "complete", "unknown"]
ROW = ["method", "path", "contract", "source", "image", "target", "consumer", "evidence"]
FINDING = ["kind", "level", "method", "path", "where", "title", "detail", "file", "line", "remedy"]

# How many absent routes the target is not asked for: a restart, a redeploy, a command of the shell.
UNASKED = {"stub-entry": 3}
# The exit codes without and with --strict.
CODES = {CLEAN: [0, 0], "stub-entry": [1, 1], "other-prefix": [1, 1], "env-switch": [0, 1]}


@pytest.fixture(scope="module")
def callers(tmp_path_factory):
    """A caller of two routes."""
    folder = tmp_path_factory.mktemp("callers")
    (folder / "agent.ts").write_text(CALLER)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("variant", CODES)
def test_the_command_compares_everything_at_once(variant, express_sources, archives, callers, tmp_path):
    """All corners, all formats: one finding, the exit code of its weight, and the documented JSON."""
    folder, _ = express_sources(variant)
    given = ("--source", str(folder), "--image", archives(variant), "--consumer", str(callers))
    with running_express(express_build(variant), env=CONDITION.get(variant)) as agent:
        env = {"DTMA_BEARER_TOKEN": agent.token}
        asked = ("drift", *given, "--target", agent.url)
        told = command(*asked, "--format", "json", cwd=tmp_path, env=env)
        strict = command(*asked, "--strict", "--format", "sarif", cwd=tmp_path, env=env)
        page = command(*asked, "--format", "markdown", cwd=tmp_path, env=env)

    document, (run,) = told.document, json.loads(strict.stdout)["runs"]
    found = [(entry["kind"], entry["where"]) for entry in document["findings"]]
    wanted = [(kind, "source") for kind in expected(variant, image=True)]
    assert found == [*wanted, ("promised-but-not-called", "consumer")]
    assert [told.exit_code, strict.exit_code, page.exit_code] == [*CODES[variant], CODES[variant][0]]
    # What cannot be asked for without its effect is not asked for, where nothing proves that it is there.
    unasked = ["target"] * UNASKED.get(variant, 0)
    assert (list(document), document["complete"]) == (KEYS, not unasked)
    assert [unknown["where"] for unknown in document["unknown"]] == unasked
    assert {tuple(row) for row in document["routes"]} == {tuple(ROW)}
    assert {tuple(entry) for entry in document["findings"]} == {tuple(FINDING)}
    assert {row["consumer"] for row in document["routes"]} == {"mounted", "absent"}
    assert [result["ruleId"] for result in run["results"]] == [kind for kind, _ in found]
    assert all((folder / place).is_file() for place in places(run["results"][:-1]))
    assert [kind for kind, _ in wanted if f"**{kind}**" not in page.stdout] == []


def places(results):
    """Return the files that SARIF results point at."""
    return [result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in results]


@pytest.mark.slow
@pytest.mark.parametrize("variant", sorted(ENDING))
def test_what_could_not_be_compared_is_no_pass(variant, tmp_path):
    """A target that keeps ending, alone, is exit code 5 and says why."""
    with crashing_express(express_build(variant)) as agent:
        env = {"DTMA_BEARER_TOKEN": agent.token}
        done = command("drift", "--target", agent.url, "--format", "json", cwd=tmp_path, env=env)

    assert (done.exit_code, done.document["findings"], done.document["complete"]) == (5, [], False)
    assert [unknown["where"] for unknown in done.document["unknown"]] == ["target"]
