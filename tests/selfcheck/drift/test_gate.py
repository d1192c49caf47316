"""The gate's exit code is the worse of both, and what was not verified is no pass."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import pytest
from drift.judged_tables import clean, drift, drop, unread
from drift.services import write_service
from runs.commands import command

from dtma_contract.gate import GateReport
from dtma_contract.routes import Corner
from dtma_contract.verdict import ExitCode

SOUND = drift(clean(), clean(Corner.IMAGE))
DRIFTED = drift(drop(clean(), "GET /health"), clean(Corner.IMAGE))
UNREAD = drift(clean(), unread(Corner.IMAGE))


@dataclass(frozen=True)
class Verified:
    """As much of a run's report as the gate asks for."""

    exit_code: ExitCode

    def to_json(self):
        """Return what it has."""
        return {"exit_code": int(self.exit_code)}


KEPT, VIOLATED, BROKE, NOTHING = (
    Verified(code) for code in (ExitCode.KEPT, ExitCode.VIOLATED, ExitCode.ENGINE_ERROR, ExitCode.NOTHING_JUDGED)
)

REPORTS = {
    "both are well": (GateReport(SOUND, KEPT), 0),
    "drift alone": (GateReport(DRIFTED, KEPT), 1),
    "the contract is violated": (GateReport(SOUND, VIOLATED), 1),
    "judging broke": (GateReport(DRIFTED, BROKE), 3),
    "nothing was judged": (GateReport(SOUND, NOTHING), 5),
    "the image could not be read": (GateReport(UNREAD, KEPT), 5),
    "it was not started": (GateReport(SOUND, None, "a reason"), 5),
    "it does not come up": (GateReport(SOUND, None, "a reason", unusable=True), 6),
    "drift, and it does not come up": (GateReport(DRIFTED, None, "a reason", unusable=True), 1),
    "a strict gate": (GateReport(UNREAD, KEPT, strict=True), 1),
}


@pytest.mark.parametrize(("report", "code"), REPORTS.values(), ids=REPORTS)
def test_the_worse_of_both(report, code):
    """What is proven outweighs what could not be asked; only both together pass."""
    assert (code, code) == (report.exit_code, report.to_json()["exit_code"])


def test_both_documents_are_in_the_json():
    """With the reason where there was no verification."""
    data = replace(REPORTS["it was not started"][0]).to_json()

    assert list(data) == ["drift", "verify", "exit_code"]
    assert data["verify"] == {"outcome": "not-judged", "reason": "a reason"}


MISTAKES = {
    "no image": ([], "--image"),
    "no such folder": (["--source", "nowhere", "--image", "x.tar"], "nowhere"),
    "no such level": (["--source", "service", "--image", "dtma:latest", "--effects", "all"], "effect level"),
}


@pytest.mark.parametrize(("arguments", "word"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_message(arguments, word, tmp_path):
    """Exit code 4, before anything is started."""
    write_service(tmp_path / "service")
    done = command("gate", *arguments, cwd=tmp_path)

    assert (done.exit_code, done.stdout) == (4, ""), done
    assert word in done.stderr.splitlines()[-1]


def test_an_image_that_cannot_be_read_is_no_pass(tmp_path):
    """The comparison is told all the same; there is no image to start."""
    write_service(tmp_path / "service")
    (tmp_path / "broken.tar").write_text("no archive")
    arguments = ("gate", "--source", "service", "--image", "./broken.tar", "--docker", f"unix://{tmp_path}/none.sock")
    done = command(*arguments, "--format", "json", cwd=tmp_path)

    assert done.exit_code != 0, done
    assert "none" in done.stderr or "none" in json.dumps(done.document)
