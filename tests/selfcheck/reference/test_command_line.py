"""The command: what it takes, and how it refuses the rest."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from dtma_reference.cli import main
from dtma_reference.faults.catalogue import FAULTS


def run(monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["dtma-reference", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    output = capsys.readouterr()
    return ended.value.code, output.out, output.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["serve", "--fault", "start-route-mising"], 'Did you mean "start-route-missing"?'),
        (["serve", "--fault", "qqqqq"], '"qqqqq"'),
        (["serve", "--prot", "1"], "--port"),
        (["serve", "--port", "70000"], "70000"),
        (["serve", "--port", "x"], "'x'"),
        (["serve", "--engine", "podman"], "podman"),
        (["serve", "--image", "UPPER"], '"UPPER"'),
        (["serve", "--foreign", "a b"], '"a b"'),
        (["serve", "--foreign", "db:paused"], '"paused"'),
        (["serve", "--foreign", "db", "--foreign", "db"], "twice"),
        (["serve", "--docker", "unix:///x"], "--engine docker"),
        (["serve", "--engine", "docker", "--foreign", "db"], "--engine memory"),
        (["serve", "--host", "host.invalid"], "host.invalid"),
        (["serve", "--host", "192.0.2.1"], "192.0.2.1"),
        (["serve", "more"], "more"),
        (["sevre"], "sevre"),
    ],
)
def test_bad_input_is_one_message_and_exit_code_4(monkeypatch, capsys, arguments, told):
    """It names what is wrong, and the nearest right word."""
    code, out, err = run(monkeypatch, capsys, *arguments)

    assert (code, out) == (4, "")
    assert err.startswith("dtma-reference: ")
    assert told in err
    assert len(err.splitlines()) == 1


def test_a_port_that_is_taken_is_told(monkeypatch, capsys):
    """It is the caller who has to choose another."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        code, _, err = run(monkeypatch, capsys, "serve", "--port", str(port))

    assert code == 4
    assert f"port {port}" in err


def test_faults_lists_all_of_them(monkeypatch, capsys):
    """One line each, name and sentence."""
    code, out, _ = run(monkeypatch, capsys, "faults")

    assert code == 0
    assert [line.split(maxsplit=1) for line in out.splitlines()] == [list(item) for item in FAULTS.items()]


@pytest.mark.parametrize("arguments", [["--help"], ["serve", "--help"], ["faults", "--help"], ["--version"]])
def test_help_is_no_error(monkeypatch, capsys, arguments):
    """Exit code 0, on standard output."""
    code, out, err = run(monkeypatch, capsys, *arguments)

    assert (code, err) == (0, "")
    assert out


def test_the_module_can_be_run():
    """``python -m dtma_reference`` is the command, and listing faults needs no server to be loaded."""
    check = "import sys, dtma_reference.cli; sys.exit('starlette' in sys.modules or 'docker' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}

    listed = subprocess.run(
        [sys.executable, "-m", "dtma_reference", "faults"], check=True, env=environment, capture_output=True
    )
    subprocess.run([sys.executable, "-c", check], check=True, env=environment)

    assert len(listed.stdout.splitlines()) == len(FAULTS)
