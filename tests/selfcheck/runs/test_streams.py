"""Whatever becomes of the terminal, a command ends with its verdict and never with a traceback."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from neighbours.processes import clean_environment
from runs.commands import WHERE

from dtma_contract.__main__ import main
from dtma_contract.standard_streams import StandardStreams, _Outlet, _text_on

# A service that lacks nearly all routes.
SERVICE = {
    "package.json": '{"name": "service", "main": "main.js", "dependencies": {"express": "^4.19.2"}}',
    "main.js": (
        'const express = require("express");\nconst app = express();\n'
        'app.get("/health", (request, response) => response.json({}));\napp.listen(30000);\n'
    ),
}


@contextlib.contextmanager
def broken_pipe():
    """Yield the writing end of a pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        yield writing
    finally:
        os.close(writing)


@pytest.fixture
def service(tmp_path):
    """A folder with a service that mounts nothing."""
    for name, text in SERVICE.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def ended(*args, cwd, stdout, module="dtma_contract"):
    """Return exit code and standard error of a command that writes to a descriptor."""
    done = subprocess.run(
        [sys.executable, "-m", module, *args],
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        env=clean_environment(WHERE),
        timeout=120,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_reader_that_went_away_changes_no_verdict(service, form):
    """What drift found is its exit code, and nothing is said of the pipe."""
    with broken_pipe() as pipe:
        ended_so = ended("drift", "--source", ".", "--format", form, cwd=service, stdout=pipe)

    assert ended_so == (1, "reading the source in .\n")


@pytest.mark.parametrize("args", [("explain", "--list"), ("--help",)])
def test_a_full_device_is_one_message(tmp_path, args):
    """A result that is nowhere is no pass: exit code 3, whatever it was."""
    with Path("/dev/full").open("wb") as full:
        code, errors = ended(*args, cwd=tmp_path, stdout=full)

    assert (code, len(errors.splitlines())) == (3, 1)
    assert errors.startswith("dtma-contract: The result could not be written to standard output: no space left")


def test_a_command_does_without_its_streams(service):
    """Started with none of the three it works as ever, and no file of its own becomes a standard stream."""
    closed = 'exec "$@" <&- >&- 2>&-'
    line = ["sh", "-c", closed, "sh", sys.executable, "-m", "dtma_contract", "drift", "--source", ".", "--output", "o"]
    done = subprocess.run(line, check=False, cwd=service, env=clean_environment(WHERE), timeout=120)

    assert (done.returncode, (service / "o").read_text().split()[:2]) == (1, ["contract", "version"])


def test_the_reference_s_lists_may_be_cut_off(tmp_path):
    """Its other commands end as ever without a reader, and with one message and exit code 3 at a full device."""
    with broken_pipe() as pipe:
        cut = ended("faults", cwd=tmp_path, stdout=pipe, module="dtma_reference")
    with Path("/dev/full").open("wb") as full:
        code, errors = ended("faults", cwd=tmp_path, stdout=full, module="dtma_reference")

    assert cut == (0, "")
    assert (code, len(errors.splitlines())) == (3, 1)
    assert "No space left on device" in errors


@pytest.mark.parametrize(
    ("columns", "kept"),
    [("40", "40"), ("0", None), ("99999999999999999999", None), ("wide", None), ("-1", None), ("\u0663", None)],
)
def test_a_width_that_is_none_is_forgotten(columns, kept, monkeypatch):
    """Some shells say 0 columns, in which nothing would be printed at all; a narrow terminal is one."""
    monkeypatch.setenv("COLUMNS", columns)
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, io.StringIO())
    StandardStreams.install()

    assert os.environ.get("COLUMNS") == kept


def interrupted(name, _path=None, _target=None):
    """Find no module, and be interrupted at one."""
    if name == "dtma_contract.cli":
        raise KeyboardInterrupt


def test_who_is_interrupted_while_it_loads_is_told_the_same(monkeypatch, capsys):
    """Ctrl-C in the first tenth of a second is no traceback either."""
    monkeypatch.delitem(sys.modules, "dtma_contract.cli", raising=False)
    monkeypatch.setattr(sys, "meta_path", [SimpleNamespace(find_spec=interrupted), *sys.meta_path])

    with pytest.raises(SystemExit) as ended_so:
        main()

    assert (ended_so.value.code, capsys.readouterr().err) == (2, "dtma-contract: interrupted\n")


def test_what_is_written_arrives(tmp_path):
    """The stream writes what it is given, in the encoding and with the buffering of the one that it replaces."""
    descriptor = os.open(tmp_path / "out", os.O_RDWR | os.O_CREAT, 0o600)
    before = io.TextIOWrapper(io.BytesIO(), encoding="latin-1", line_buffering=True)
    stream = _text_on(_Outlet(descriptor), before)

    stream.write("straße \ud800 \u2713\n" * 5_000)
    stream.close()
    os.close(descriptor)

    assert (tmp_path / "out").read_bytes() == b"stra\xdfe \\ud800 \\u2713\n" * 5_000
    assert (stream.encoding, stream.line_buffering) == ("latin-1", True)


def test_a_pipe_that_is_full_is_waited_for():
    """A descriptor that does not block is no reason to lose anything."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    reader = subprocess.Popen(["wc", "-c"], stdin=reading, stdout=subprocess.PIPE, text=True)
    os.close(reading)
    outlet = _Outlet(writing)
    with io.BufferedWriter(outlet) as stream:
        stream.write(b"x" * 1_000_000)
    os.close(writing)
    count, _ = reader.communicate(timeout=60)

    assert (int(count), outlet.problem) == (1_000_000, "")
