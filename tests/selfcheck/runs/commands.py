"""The command line on real targets: how the selfchecks of this folder run it, and what they read of it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
from neighbours.clean_run import run_contract
from neighbours.processes import clean_environment, stop, wait_until
from neighbours.reference import Reference, running_reference

import dtma_contract

# Another process finds the package where this one did, whatever its working directory is.
WHERE = {"PYTHONPATH": str(Path(dtma_contract.__file__).parents[1])}
TOKEN = "s3cr3t/t0ken+VALUE-of_a~droplet="  # noqa: S105 - made up; each spelling of it differs from the others


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    exit_code: int
    stdout: str
    stderr: str

    @cached_property
    def document(self) -> dict[str, Any]:
        """The JSON document that it printed, and nothing besides."""
        return json.loads(self.stdout)

    @property
    def outcomes(self) -> dict[str, str]:
        """The outcome of each clause that has none of the usual one."""
        found = {finding["clause"]: finding["outcome"] for finding in self.document["findings"]}
        return found | {item["clause"]: "not judged" for item in self.document["not_judged"]}


def command(*args: str, cwd: Path, env: Mapping[str, str] | None = None, seconds: float = 300) -> Ended:
    """Run ``dtma-contract ARGS`` to its end; no variable but what is given."""
    done = run_contract(*args, cwd=cwd, env={**WHERE, **(env or {})}, seconds=seconds)
    return Ended(done.exit_code, done.stdout, done.stderr)


def verify(url: str, token: str, *args: str, cwd: Path, **more: Any) -> Ended:
    """Run ``verify --format json`` against a target."""
    env = {"DTMA_BEARER_TOKEN": token, **more.pop("env", {})}
    return command("verify", "--target", url, "--format", "json", *args, cwd=cwd, env=env, **more)


def agent(*options: str, **env: str) -> contextlib.AbstractContextManager[Reference]:
    """Run a reference agent until the block ends."""
    return running_reference(*options, env={**WHERE, **env})


def containers(reference: Reference) -> dict[str, str]:
    """Return all containers of the agent's engine with their state, whoever made them."""
    answer = httpx.get(
        f"{reference.url}/diagnostics/docker", headers={"Authorization": f"Bearer {reference.token}"}, timeout=30
    )
    return {item["name"]: item["state"] for item in answer.json()["diagnostics"]["containers"]}


@dataclass(frozen=True)
class Underway:
    """A command that is running."""

    process: subprocess.Popen[str]
    folder: Path

    @property
    def ledger(self) -> str:
        """What its ledger holds so far."""
        return "".join(path.read_text() for path in self.folder.glob("reports/*/ledger.jsonl"))

    def wait_for_creates(self, number: int) -> None:
        """Return when the run has created that many things."""
        wait_until(
            lambda: self.ledger.count('"event": "create"') >= number or self.process.poll() is not None,
            f"{number} creates in the ledger",
            seconds=120,
        )
        assert self.process.poll() is None, self.end()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, and nobody else."""
        os.kill(self.process.pid, number)

    def end(self, seconds: float = 120) -> Ended:
        """Wait for its end."""
        stdout, stderr = self.process.communicate(timeout=seconds)
        return Ended(self.process.returncode, stdout, stderr)

    def descendants(self) -> dict[int, str]:
        """Return the processes below it with their command lines."""
        return descendants(self.process.pid)


@contextlib.contextmanager
def underway(*args: str, cwd: Path, env: Mapping[str, str] | None = None) -> Iterator[Underway]:
    """Run ``dtma-contract ARGS`` while the block lasts, in a process group of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dtma_contract", *args],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        cwd=cwd,
        env=clean_environment({**WHERE, **(env or {})}),
        start_new_session=True,
    )
    try:
        yield Underway(process, cwd)
    finally:
        stop(process, grace=60)  # type: ignore[arg-type]  # text or bytes, an end is an end
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def descendants(pid: int) -> dict[int, str]:
    """Return the processes below a process with their command lines."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    below = {pid}
    while found := {child for child, parent in parents.items() if parent in below and child not in below}:
        below |= found
    return {child: command_line(child) for child in below - {pid}}


def command_line(pid: int) -> str:
    """Return a process's command line; empty where it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def runs(pid: int) -> bool:
    """Tell whether a process is there, and no mere entry of one that nobody has waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
