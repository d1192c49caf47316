"""The gate's exit code is the worse of both, and what was not verified is no pass."""

from __future__ import annotations

import io
import re
import shlex
import subprocess
from dataclasses import dataclass

import pytest
from drift.image.built_images import image_of, layer, write_saved
from drift.judged_tables import clean, drift, drop, unread
from drift.services import NAMES, write_service
from rich.console import Console
from runs.commands import command

from dtma_contract.errors import EngineError
from dtma_contract.gate import EngineEndpoint, GateReport, Obstacle
from dtma_contract.image_run import StartedImage, started_again
from dtma_contract.probes.image_host import ProbeImageError
from dtma_contract.reporting.gate import print_gate
from dtma_contract.routes import Corner
from dtma_contract.verdict import ExitCode

SOUND = drift(clean(), clean(Corner.IMAGE))
DRIFTED = drift(drop(clean(), "GET /health"), clean(Corner.IMAGE))
UNREAD = drift(clean(), unread(Corner.IMAGE))


@dataclass(frozen=True)
class Verified:
    """As much of a run's report as the gate asks for."""

    exit_code: ExitCode
    outcome: str = "kept"
    blocking: tuple = ()

    def to_json(self):
        """Return what it has."""
        return {"exit_code": int(self.exit_code)}


KEPT = Verified(ExitCode.KEPT)
VIOLATED = Verified(ExitCode.VIOLATED, "violated", ("one", "two"))
BROKE = Verified(ExitCode.ENGINE_ERROR, "error")
NOTHING = Verified(ExitCode.NOTHING_JUDGED, "nothing-judged")


def blocked(code=ExitCode.TARGET_UNUSABLE):
    """Return an obstacle."""
    return Obstacle("A reason.", "The next step.", code, "a-cause")


REPORTS = {
    "both are well": (GateReport(SOUND, KEPT), 0, ""),
    "drift alone": (GateReport(DRIFTED, KEPT), 1, "drift: 1 must"),
    "the contract is violated": (GateReport(SOUND, VIOLATED), 1, "the started image: 2 clauses violated"),
    "judging broke": (GateReport(DRIFTED, BROKE), 3, "drift: 1 must; the started image: error"),
    "nothing was judged": (GateReport(SOUND, NOTHING), 5, "the started image: nothing-judged"),
    "the image could not be read": (GateReport(UNREAD, KEPT), 5, "the image could not be compared"),
    "it was not started": (
        GateReport(SOUND, None, blocked(ExitCode.NOTHING_JUDGED)), 5, "the image was not verified",
    ),
    "it does not come up": (GateReport(SOUND, None, blocked()), 6, "the image was not verified"),
    "the engine was named wrongly": (GateReport(SOUND, None, blocked(ExitCode.USAGE)), 4, "the image was not verified"),
    "drift, and it does not come up": (
        GateReport(DRIFTED, None, blocked()), 1, "drift: 1 must; the image was not verified",
    ),
    "drift, and no such engine": (
        GateReport(DRIFTED, None, blocked(ExitCode.USAGE)), 1, "drift: 1 must; the image was not verified",
    ),
    "something stayed": (
        GateReport(SOUND, KEPT, blocked(ExitCode.ENGINE_ERROR)), 3, "not all that was started is gone",
    ),
    "a strict gate": (GateReport(UNREAD, KEPT, strict=True), 1, "the image could not be compared"),
}  # fmt: skip


@pytest.mark.parametrize(("report", "code", "blocks"), REPORTS.values(), ids=REPORTS)
def test_the_worse_of_both(report, code, blocks):
    """What is proven outweighs what could not be asked; only both together pass, and the reasons are named."""
    assert (code, code) == (report.exit_code, report.to_json()["exit_code"])
    assert (blocks, not blocks) == ("; ".join(report.blocked_by), report.to_json()["passed"])


def test_both_documents_are_in_the_json():
    """With the reason and the next step where there was no verification."""
    data = REPORTS["it was not started"][0].to_json()

    assert list(data) == ["drift", "verify", "again", "passed", "blocked_by", "exit_code"]
    assert data["verify"] == {
        "outcome": "not-judged", "reason": "A reason.", "hint": "The next step.", "cause": "a-cause",
    }  # fmt: skip


def test_the_last_line_is_the_verdict_of_the_gate():
    """Why the image was not judged stands before it, with the next step."""
    stream = io.StringIO()
    print_gate(REPORTS["drift, and it does not come up"][0], Console(file=stream, width=200))
    lines = stream.getvalue().splitlines()

    assert lines[-1] == "gate: blocked  drift: 1 must; the image was not verified"
    assert lines[-4:-2] == ["not verified  a-cause: A reason.", "  next  The next step."]
    assert any("missing-in-source" in line for line in lines)


def test_what_starts_the_agent_again_is_shell(tmp_path):
    """It publishes the address that the lines of the findings name, and has the token in their variable."""
    archive = tmp_path / "an agent.tar"
    archive.write_bytes(b"")
    agent = StartedImage("http://127.0.0.1:32768", "c0", "dtmac-agent-x", "t0ken", "sha256:abc", 30000)
    token, load, run, remove = started_again(agent, "unix:///run/x.sock", str(archive), "TOKEN_OF_IT")

    assert re.fullmatch(
        r"[0-9a-f]{48}\n", subprocess.run(["sh", "-c", f"{token}; echo $TOKEN_OF_IT"], check=True,
                                          capture_output=True, text=True).stdout,
    )  # fmt: skip
    docker = ["docker", "-H", "unix:///run/x.sock"]
    assert shlex.split(load) == [*docker, "load", "-i", str(archive)]
    assert shlex.split(remove, comments=True) == [*docker, "rm", "-f", "dtma-again"]
    words = shlex.split(run)
    assert (words[:5], words[-1]) == ([*docker, "run", "-d"], "sha256:abc")
    assert {"127.0.0.1:32768:30000", "DTMA_BEARER_TOKEN=$TOKEN_OF_IT"} <= set(words)
    assert len(started_again(agent, "unix:///run/x.sock", "dtma:latest", "T")) == 3


MISTAKES = {
    "no image": ([], "--image"),
    "an empty image": (["--source", "service", "--image", ""], "--image is given, and is empty"),
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


def gated(folder, *names, docker):
    """Run the gate on a service with these routes and on a copy of it as an image; the engine is not there."""
    write_service(folder / "service", *names)
    code = {f"app/{path.relative_to(folder / 'service')}": path.read_bytes()
            for path in sorted((folder / "service").rglob("*")) if path.is_file()}  # fmt: skip
    write_saved(folder / "dtma.tar", image_of(layer(code), cmd=("node", "src/index.js")))
    return command("gate", "--source", "service", "--image", "./dtma.tar", *docker, cwd=folder)


# The engine that is named, what is said of it, and the exit code where there is no drift.
ENGINES = {
    "nothing there": ("unix:///no/such.sock", "There is no Docker Engine at unix:///no/such.sock", 4),
    "no local one": ("ssh://root@192.0.2.1", "local Docker Engine only", 4),
}


@pytest.mark.parametrize(("docker", "words", "code"), ENGINES.values(), ids=ENGINES)
@pytest.mark.parametrize("drifts", [False, True], ids=["no drift", "drift"])
def test_drift_is_told_without_an_engine(docker, words, code, drifts, tmp_path):
    """Then why the image was not judged and what to do, then the verdict; drift outweighs the engine."""
    names = [name for name in NAMES if not (drifts and name == "GET /health")]
    done = gated(tmp_path, *names, docker=["--docker", docker])

    assert done.exit_code == (1 if drifts else code), done
    assert ("missing-in-source" in done.stdout, "no drift" in done.stdout) == (drifts, not drifts)
    assert words in done.stdout
    assert "  next  Name its socket with --docker" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("gate: blocked  ")


def test_the_usual_engine_may_be_away(tmp_path):
    """Nobody named it, so that nothing was named wrongly: the image could not be started."""
    gone = EngineEndpoint(f"unix://{tmp_path}/none.sock")
    gone.check()
    problem = EngineError("The Docker Engine cannot be reached.", "Check it.")

    assert Obstacle.of(problem, started=False).code == ExitCode.TARGET_UNUSABLE
    assert Obstacle.of(problem, started=True).code == ExitCode.ENGINE_ERROR


def test_the_probe_image_is_no_fault_of_the_agent():
    """What cannot be deployed because it is nowhere was named by whoever runs the gate."""
    problem = ProbeImageError("The probe image x is not available.", "Name another with --probe-image.")

    assert Obstacle.of(problem, started=False).code == ExitCode.USAGE


def test_an_image_that_cannot_be_read_is_no_pass(tmp_path):
    """The comparison is told all the same; there is no image to start."""
    write_service(tmp_path / "service")
    (tmp_path / "broken.tar").write_text("no archive")
    arguments = ("gate", "--source", "service", "--image", "./broken.tar", "--docker", f"unix://{tmp_path}/none.sock")
    done = command(*arguments, "--format", "json", cwd=tmp_path)

    assert (done.exit_code, done.document["passed"]) == (4, False), done
    assert done.document["drift"]["routes"] != []
    assert "none.sock" in done.document["verify"]["reason"]
