"""The Express agent and each of its variants: every route in every corner and no other, and the one finding."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from drift.express_variants import (
    AGENTS,
    CONDITION,
    ENDING,
    PROMISED,
    archive_of,
    expected,
    lay_out,
    source_variant,
    table,
    truth,
)
from drift.judged_tables import CONTRACT
from neighbours.express import crashing_express, running_express
from neighbours.express_build import express_build

from dtma_contract.drift_run import DriftRequest, run_drift
from dtma_contract.routes import Cell, Corner
from dtma_contract.verdict import ExitCode

# What answers in place of a route is not seen by who asks for it; what shadows it is another route of the same name.
HIDDEN = {"early-catch-all": ("/ssh", "/mcp")}


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """Each agent's checkout, and the commit that its image is built from."""
    root = tmp_path_factory.mktemp("sources")
    return {variant: (root / variant, lay_out(root / variant, variant)) for variant in AGENTS}


@pytest.fixture(scope="module")
def archives(sources, needs_node, tmp_path_factory):
    """Each agent's image, as an archive."""
    root = tmp_path_factory.mktemp("images")
    return {
        variant: archive_of(express_build(variant), root / f"{variant}.tar", sources[variant][1]) for variant in AGENTS
    }


def drift(folder: Path | None = None, **corners):
    return run_drift(DriftRequest(CONTRACT, source=folder, **corners))


def kinds(report):
    return [found.kind for found in report.findings]


@pytest.mark.parametrize("variant", AGENTS)
def test_a_source_leads_to_its_finding(variant, sources):
    """Exactly the one that its README names; everything else of it is resolved."""
    folder, _ = sources[variant]
    report = drift(folder)

    assert (kinds(report), report.unknown) == (expected(variant, image=False), ())
    assert report.exit_code == (ExitCode.VIOLATED if any(f.blocks for f in report.findings) else ExitCode.KEPT)


@pytest.mark.slow
@pytest.mark.parametrize("variant", AGENTS)
def test_source_and_image_hold_the_runtimes_routes(variant, sources, archives):
    """Every route that Express itself holds, and no other; both together lead to the one finding."""
    folder, _ = sources[variant]
    report = drift(folder, image=str(archives[variant]))
    states = {Cell.DECLARED} if variant == "crash-at-load" else {Cell.MOUNTED, Cell.CONDITIONAL, Cell.SHADOWED}

    assert (kinds(report), report.unknown) == (expected(variant, image=True), ())
    assert table(report, Corner.SOURCE, states) == truth(source_variant(variant))
    assert table(report, Corner.IMAGE, states) == truth(variant)


def answered(variant):
    """Return the routes that a running agent answers: those of its runtime, but for what is hidden."""
    return {(method, path) for method, path in truth(variant) if not path.startswith(HIDDEN.get(variant, ("-",)))}


@pytest.mark.slow
@pytest.mark.parametrize("variant", [variant for variant in AGENTS if variant not in ENDING])
def test_all_corners_together_lead_to_the_one_finding(variant, sources, archives):
    """The live agent answers what its runtime holds and nothing else; all three corners have one root."""
    folder, _ = sources[variant]
    with running_express(express_build(variant), env=CONDITION.get(variant)) as agent:
        report = drift(folder, image=str(archives[variant]), target=agent.url, token=agent.token)

    assert kinds(report) == expected(variant, image=True)
    assert table(report, Corner.TARGET) == answered(variant)


@pytest.mark.slow
@pytest.mark.parametrize("variant", sorted(ENDING))
def test_an_agent_that_ends_is_a_stated_unknown(variant, sources, archives):
    """Nothing is said of its routes, and what code and image tell stays."""
    folder, _ = sources[variant]
    with crashing_express(express_build(variant)) as agent:
        report = drift(folder, image=str(archives[variant]), target=agent.url, token=agent.token)
        alone = drift(target=agent.url, token=agent.token)

    assert kinds(report) == expected(variant, image=True)
    assert {row.state(Corner.TARGET) for row in report.rows} == {Cell.UNKNOWN}
    assert [unknown.where for unknown in report.unknown] == [Corner.TARGET]
    assert (kinds(alone), alone.exit_code) == ([], ExitCode.NOTHING_JUDGED)


@pytest.mark.slow
def test_a_switch_that_is_off_is_the_same_finding(sources, archives):
    """The target lacks what its source mounts under a condition: that follows from the condition."""
    folder, _ = sources["env-switch"]
    with running_express(express_build("env-switch")) as agent:
        report = drift(folder, image=str(archives["env-switch"]), target=agent.url, token=agent.token)

    assert kinds(report) == ["conditional"]
    assert PROMISED - table(report, Corner.TARGET) == {route for route in PROMISED if route[1].startswith("/mcp")}


@pytest.mark.slow
def test_an_old_image_says_how_old_it_is(sources, archives):
    """One commit behind, with the routes that it lacks and the one that it still has."""
    folder, commit = sources["older-commit"]
    (found,) = drift(folder, image=str(archives["older-commit"])).findings

    assert found.title == f"The image was built from {commit[:12]}, 1 commit behind the source."
    assert "lacks POST /tools/{instanceNameOnToolbox}/start" in found.detail
    assert "still has POST /tools/{instanceNameOnToolbox}/restart" in found.detail


def test_a_crash_names_its_place(sources):
    """It is the import, and every route of the contract is declared."""
    report = drift(sources["crash-at-load"][0])
    (found,) = report.findings

    assert str(found.location) == "src/index.ts:2"
    assert "`createApplication` is imported from ./app.js, which exports no such name" in found.detail
    assert table(report, Corner.SOURCE, {Cell.DECLARED}) == PROMISED
    assert dataclasses.asdict(found)["level"] == "must"
