"""Shell commands on the host: off by default, without the tokens, killed in time, and some never."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from reference.callers import API_KEY, TOKEN

from dtma_reference.errors import ForbiddenError
from dtma_reference.shell import refuse_blocked


@pytest.fixture
def shell(agent):
    """Return what runs a shell command."""
    caller = agent(allow_ssh=True)
    return lambda command, **rest: caller("POST", "/ssh/execute", {"command": command, **rest})


def test_it_is_off_unless_asked_for(caller):
    """403 for everything, broken bodies too."""
    for body in ({"command": "true"}, {}, b"{"):
        response = caller("POST", "/ssh/execute", body)

        assert response.status_code == 403
        assert response.json()["error"].startswith("Forbidden: ")


def test_output_and_exit_code_are_told(shell):
    """That a command fails is a result."""
    body = shell("echo out; echo err >&2; exit 3").json()

    assert (body["stdout"], body["stderr"], body["exitCode"], body["success"]) == ("out\n", "err\n", 3, True)
    assert body["command"] == "echo out; echo err >&2; exit 3"


def test_the_tokens_are_not_in_its_environment(shell, monkeypatch):
    """A command cannot read them there."""
    monkeypatch.setenv("DTMA_BEARER_TOKEN", TOKEN)
    monkeypatch.setenv("BACKEND_TO_DTMA_API_KEY", API_KEY)

    output = shell("env").json()["stdout"]

    assert "PATH=" in output
    assert "DTMA_BEARER_TOKEN" not in output
    assert "BACKEND_TO_DTMA_API_KEY" not in output


def test_a_command_that_takes_too_long_is_killed_with_all_that_it_started(shell, tmp_path):
    """The answer is a 500 in time."""
    started = time.monotonic()

    response = shell(f"sleep 60 & echo $! > {tmp_path}/pid; wait", timeout=300)

    assert response.status_code == 500
    assert "300 ms" in response.json()["error"]
    assert time.monotonic() - started < 5
    child = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 5
    while _lives(child):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _lives(process_id):
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize(
    "change", [{"timeout": 0}, {"timeout": 600_001}, {"timeout": 1.5}, {"timeout": "9"}, {"timeout": True}]
)
def test_a_malformed_timeout_is_a_400(shell, change):
    """1 to 600000 milliseconds."""
    response = shell("true", **change)

    assert response.status_code == 400
    assert "'timeout'" in response.json()["error"]


def test_an_integer_may_be_written_with_a_fraction_of_zero(shell):
    """30.0 is the integer 30 (JSON Schema 2020-12, section 4.2.3)."""
    assert shell("true", timeout=3000.0).status_code == 200


@pytest.mark.parametrize(
    "command",
    [
        "rm -rf /",
        "rm -rf /*",
        "rm -r -f  / ",
        "rm -fr --no-preserve-root /; true",
        "true && shutdown -h now",
        "reboot",
        "sudo poweroff",
        "mkfs.ext4 /dev/sda1",
        "dd if=/dev/zero of=/dev/sda",
        "systemctl reboot",
        "init 0",
        "echo x > /dev/sda",
        ":(){ :|:& };:",
    ],
)
def test_what_would_destroy_the_host_is_blocked(command):
    """Judged here by the pure function: no test sends such a command anywhere."""
    with pytest.raises(ForbiddenError):
        refuse_blocked(command)


def test_a_blocked_command_is_a_403(shell):
    """This one would do no harm if it were run."""
    response = shell("echo dd if=/dev/null")

    assert response.status_code == 403
    assert response.json()["error"].startswith("Forbidden: ")


@pytest.mark.parametrize(
    "command", ["rm -rf /nowhere/at-all", "echo rebooting", "echo initial 6", "ls -d /", "echo add if"]
)
def test_a_harmless_command_is_run(shell, command):
    """The net does not catch what only looks alike."""
    assert shell(command).status_code == 200
