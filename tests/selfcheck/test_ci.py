"""What CI runs ends with the verdict of all its parts, and leaves nothing running."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
from neighbours.processes import clean_environment, wait_until

SCRIPT = Path(__file__).parents[2] / ".ci" / "run"

# In place of make: writes down the goals that it is asked for, fails at one, and stays at one until it is ended.
MAKE = """#!/usr/bin/env bash
for word in "$@"; do
  [[ $word == *=* ]] && continue
  echo "$word $$" >>"$GOALS"
  [[ $word == "${STAYS_AT-}" || $word == "${STAYS_AT_TOO-}" ]] && exec sleep 60
  [[ $word == "${FAILS_AT-}" ]] && exit 2
done
exit 0
"""
# In place of python3, which is asked for the packages that are missing: none.
PYTHON = "#!/usr/bin/env bash\nexit 0\n"


@pytest.fixture
def ci(tmp_path):
    """Return what starts the script beside programs that do nothing, and the file of the goals that make was given."""
    for name, text in {"make": MAKE, "python": PYTHON}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    goals = tmp_path / "goals"
    goals.touch()
    (tmp_path / "tmp").mkdir()

    def start(**settings):
        environment = clean_environment(
            {
                "PATH": f"{tmp_path}:{os.environ['PATH']}",
                "PYTHON": str(tmp_path / "python"),
                "TMPDIR": str(tmp_path / "tmp"),
                "GOALS": str(goals),
                **settings,
            }
        )
        return subprocess.Popen([SCRIPT], env=environment, stdout=subprocess.DEVNULL, start_new_session=True)

    return start, goals


def reached(goals):
    return dict(line.split() for line in goals.read_text().splitlines())


def test_everything_passes(ci, tmp_path):
    """Where all parts pass, and the one in the background is long over, the exit code is 0 and nothing is left."""
    start, goals = ci
    assert start().wait(30) == 0
    assert reached(goals).keys() == {".venv", "verify-docker", "lint", "selfchecks", "timings"}
    assert not list((tmp_path / "tmp").iterdir())


@pytest.mark.parametrize("goal", ["verify-docker", "lint", "selfchecks", "timings"])
def test_one_part_fails(ci, goal):
    """A part that fails is the verdict, and the parts after it are still run."""
    start, goals = ci
    assert start(FAILS_AT=goal).wait(30) == 1
    assert {"verify-docker", "timings"} <= reached(goals).keys()


def test_without_an_environment_nothing_is_judged(ci):
    """Where the virtual environment cannot be built, that is the failure, and nothing else is run."""
    start, goals = ci
    assert start(FAILS_AT=".venv").wait(30) != 0
    assert reached(goals).keys() == {".venv"}


def test_interrupt_ends_the_background(ci, tmp_path):
    """Ctrl-C reaches only what runs in the foreground; the checks on the engine end as well."""
    start, goals = ci
    script = start(STAYS_AT="selfchecks", STAYS_AT_TOO="verify-docker")
    try:
        wait_until(lambda: {"selfchecks", "verify-docker"} <= reached(goals).keys(), "both parts run", seconds=30)
        os.killpg(script.pid, signal.SIGINT)
        assert script.wait(30) != 0
    finally:
        script.kill()
        script.wait()
    with pytest.raises(ProcessLookupError):
        os.kill(int(reached(goals)["verify-docker"]), 0)
    assert not list((tmp_path / "tmp").iterdir())
