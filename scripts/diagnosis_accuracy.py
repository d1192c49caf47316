"""Diagnose every incident, and print how well its causes were told.

    python scripts/diagnosis_accuracy.py [WORD …]

Starts an engine and all else that incidents need, and ends it again. With words, only incidents whose
names hold one of them are set up. About a quarter is diagnosed by the program, as by a user; the others
in this process, which spares the program's start. The exit code is 1 where a cause was told wrongly, a limit of time or
requests was passed, or a secret was shown.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "selfcheck"))
sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "selfcheck" / "drift"))

from diagnosis.incidents.accuracy import Outcome, accuracy, confusion_matrix, failures, slowest
from diagnosis.incidents.catalogue import INCIDENTS
from diagnosis.incidents.diagnosing import diagnosed
from diagnosis.incidents.incident import Incident, Scene
from diagnosis.incidents.stage import Stage, stage
from neighbours.engine import running_engine
from neighbours.program import run_as_program


def main(words: list[str]) -> int:
    """Return 0 where all that was told is right, in time, and without secrets."""
    chosen = [each for each in INCIDENTS if not words or any(word in each.name for word in words)]
    if not chosen:
        print("error: no incident has such a name", file=sys.stderr)
        return 1
    started = time.monotonic()
    outcomes = []
    with _all_set(needs_engine=any(each.on_an_engine for each in chosen)) as shared:
        print(f"{'incident':<58} {'told':<40} seconds requests")
        for incident in chosen:
            outcome = _outcome(incident, shared)
            outcomes.append(outcome)
            told = "(broken)" if outcome.broken else ", ".join(outcome.told) or "healthy"
            mark = " " if outcome.right else "✗"
            print(f"{mark} {incident.name:<56} {told:<40} {outcome.seconds:7.1f} {outcome.requests:8}", flush=True)
    right, total = accuracy(outcomes)
    wrong = failures(outcomes)
    print("", "what was expected first (rows), and told first (columns)", confusion_matrix(outcomes), sep="\n")
    print("", "slowest", *slowest(outcomes), sep="\n")
    print("", f"accuracy {right / total:.1%}: {right} of {total}, in {time.monotonic() - started:.0f} s", sep="\n")
    for line in wrong:
        print(f"error: {line}", file=sys.stderr)
    return 1 if wrong else 0


@contextlib.contextmanager
def _all_set(*, needs_engine: bool) -> Iterator[Stage]:
    with contextlib.ExitStack() as held:
        endpoint = held.enter_context(running_engine()) if needs_engine else ""
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="dtmac-accuracy-")))
        yield held.enter_context(stage(folder, endpoint=endpoint))


def _outcome(incident: Incident, shared: Stage) -> Outcome:
    try:
        with incident.set_up(shared) as scene, tempfile.TemporaryDirectory(prefix="dtmac-accuracy-") as folder:
            incident.shows(scene)
            told = diagnosed(scene, Path(folder), as_program=incident.as_program)
    except Exception as problem:  # noqa: BLE001 - one incident that breaks is counted, and hides no other
        return Outcome(incident, broken=f"{type(problem).__name__}: {problem}")
    shown = sum(value in told.shown for value in _secrets(scene))
    return Outcome(incident, told.causes, told.seconds, told.requests, shown)


def _secrets(scene: Scene) -> list[str]:
    return [value for value in (scene.token, *scene.secrets) if value]


if __name__ == "__main__":
    run_as_program(main)
