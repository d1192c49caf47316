"""Keeps an agent's image running for a parent, in a process of its own, so that it is removed whatever ends the parent.

The parent writes one JSON line: what to start. The keeper answers with one line, where the agent is or why it is not,
and keeps it until its standard input ends. Then it removes what it started, and says what it could not remove. Should
the keeper itself be killed, the labels of its container tell the next one, on the same machine, what to remove.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import select
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, NoReturn

from dtma_contract.errors import DtmaContractError, TargetUnusableError
from dtma_contract.probes.image_host import ContainerState, ImageArrival, ImageHost
from dtma_contract.redaction import TokenSpellings, redact_environment

__all__ = ["KEEPER_LABEL", "is_dead", "main", "sweep_dead", "this_process"]

KEEPER_LABEL: Final = "org.dtma-contract.keeper"
_ARRIVAL_LABEL: Final = "org.dtma-contract.image"
_PROBE_LABEL: Final = "org.dtma-contract.probe-image"

_IDENTITY: Final = re.compile(r"(?P<boot>[^:]*):(?P<space>[^:]*):(?P<process>[0-9]+):(?P<started>[0-9]*)")

# Often enough that a start is never late by more than a frame.
_POLL_SECONDS: Final = 0.1
_ANSWER_SECONDS: Final = 5.0
# Lines of the log that are quoted where the agent ends.
_QUOTED_LINES: Final = 5


def main() -> int:
    """Start what the parent asks for, keep it, and remove it."""
    # An interrupt is for the parent, which ends the run in order. A hang-up may be for the whole session.
    for ignored in (signal.SIGINT, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end)
    wanted = json.loads(sys.stdin.readline())
    left: list[str] = []
    try:
        with contextlib.closing(ImageHost.connect(wanted["docker"])) as host:
            sweep_dead(host)
            with _kept(host, wanted, left) as found:
                _say(found)
                _parent_is_done(None)
    except DtmaContractError as problem:
        cause = problem.cause if isinstance(problem, TargetUnusableError) else ""
        kind = type(problem).__name__
        _say({"error": {"kind": kind, "message": problem.message, "hint": problem.hint, "cause": cause}, "left": left})
        return 1
    finally:
        # Nothing may keep the last line from being the last one.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _say({"left": left})
    return 0


@contextlib.contextmanager
def _kept(host: ImageHost, wanted: dict[str, Any], left: list[str]) -> Iterator[dict[str, Any]]:
    name: str = wanted["name"]
    brought: list[ImageArrival] = []
    probe: ImageArrival | None = None
    container_id = ""
    try:
        arrival = host.bring(wanted["image"])
        brought.append(arrival)
        labels = {KEEPER_LABEL: this_process(), _ARRIVAL_LABEL: json.dumps(asdict(arrival))}
        if wanted["probe_image"]:
            probe = host.bring_probe(wanted["probe_image"])
            labels[_PROBE_LABEL] = json.dumps(asdict(probe))
        container_id = host.start_agent(
            arrival.image, name=name, labels=labels, environment=wanted["environment"], socket=wanted["socket"]
        )
        state = _awaited(host, container_id, wanted)
        yield {
            "container_id": container_id,
            "url": f"http://127.0.0.1:{state.port}",
            "image": arrival.image,
            "port_inside": state.port_inside,
        }
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _remove(host, container_id, name, brought, left)
        if probe is not None:
            _put_probe_back(host, probe)


def _awaited(host: ImageHost, container_id: str, wanted: dict[str, Any]) -> ContainerState:
    """Wait until the agent answers ``GET /status`` with anything.

    Raises:
        TargetUnusableError: it ended, or did not answer in time.
    """
    deadline = time.monotonic() + wanted["patience"]
    while True:
        state = host.state(container_id)
        if state.is_over:
            raise TargetUnusableError(
                f"{wanted['image']} ended with exit code {state.exit_code} while it started"
                f"{_quoted(host.last_words(container_id), wanted)}.",
                "Its process fails while it loads, or misses its configuration; the log says which.",
                cause="agent-crash-loop",
            )
        if state.port and _answers(state.port):
            return state
        if time.monotonic() > deadline or _parent_is_done(_POLL_SECONDS):
            raise TargetUnusableError(
                f"{wanted['image']} did not answer GET /status within {wanted['patience']:g} s"
                f"{_quoted(host.last_words(container_id), wanted)}.",
                "The agent should listen on port 30000 of all addresses, or on the one port that its image exposes.",
                cause="connection-timeout",
            )


def _quoted(log: bytes, wanted: dict[str, Any]) -> str:
    """Return the last lines of a log without secrets, behind a colon."""
    for name, value in wanted["environment"].items():
        # The longest word of them is a URL that anyone may read.
        if not name.endswith("_URL"):
            log = TokenSpellings(value).scrub(log).data
    lines = redact_environment(log).data.decode("utf-8", "replace").split("\n")
    shown = [line.strip()[:200] for line in lines if line.strip()][-_QUOTED_LINES:]
    return f"; its last words: {' | '.join(shown)}" if shown else ""


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", "/status", headers={"Connection": "close"})
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def _parent_is_done(seconds: float | None) -> bool:
    """Wait so long for the end of standard input; None waits for as long as it takes."""
    readable, _, _ = select.select([sys.stdin], [], [], seconds)
    return bool(readable)


def _remove(host: ImageHost, container_id: str, name: str, brought: list[ImageArrival], left: list[str]) -> None:
    try:
        # By its name where the engine made it and its answer got lost.
        if container_id:
            host.remove(container_id)
        else:
            host.remove_named([name])
    except DtmaContractError as problem:
        left.append(f"container {name}: {problem.message} Remove it with: docker rm -f {name}")
        return
    for arrival in brought:
        try:
            host.put_back(arrival)
        except DtmaContractError as problem:
            left.append(f"image {arrival.image}: {problem.message} Remove it with: docker rmi {arrival.image}")


def _put_probe_back(host: ImageHost, probe: ImageArrival) -> None:
    # Whatever else deploys from it by now, such as another run, has a use for it.
    with contextlib.suppress(DtmaContractError):
        host.put_back(probe)


def sweep_dead(host: ImageHost, *, dry_run: bool = False) -> tuple[str, ...]:
    """Remove what keepers that were killed on this machine left behind, and return the containers' names.

    Args:
        host: the engine.
        dry_run: whether to look only.

    Raises:
        DockerHostError: the engine refuses.
    """
    found = []
    for container_id, name, labels in host.labelled(KEEPER_LABEL):
        if not is_dead(labels[KEEPER_LABEL]):
            continue
        found.append(name)
        if dry_run:
            continue
        host.remove(container_id)
        # A label that somebody else wrote says nothing of images.
        with contextlib.suppress(ValueError, KeyError, TypeError):
            host.put_back(ImageArrival.from_json(json.loads(labels[_ARRIVAL_LABEL])))
        with contextlib.suppress(ValueError, KeyError, TypeError):
            _put_probe_back(host, ImageArrival.from_json(json.loads(labels[_PROBE_LABEL])))
    return tuple(found)


def this_process() -> str:
    """Return what tells this process from all others of this machine, and from those of other machines."""
    return ":".join([*_place(), str(os.getpid()), _started(os.getpid())])


def is_dead(identity: str) -> bool:
    """Return whether a process is surely gone; of one on another machine nothing is sure.

    Args:
        identity: what :func:`this_process` returned there.
    """
    match = _IDENTITY.fullmatch(identity)
    # A label that somebody else wrote describes no process.
    if match is None or [match["boot"], match["space"]] != _place():
        return False
    process, started = match["process"], match["started"]
    return _started(int(process)) != started


def _place() -> list[str]:
    """Return the start of this machine, and the name space that its process numbers belong to."""
    return [
        Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip(),
        str(Path("/proc/self/ns/pid").stat().st_ino),
    ]


def _started(process: int) -> str:
    """Return when a process started, in the kernel's ticks; empty where none of that number lives."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
    except OSError:
        return ""
    # proc_pid_stat(5): behind the name stand the state, and as the 20th the start. One that ended and that nobody has
    # waited for (Z, X) is none.
    return "" if fields[0] in {"Z", "X"} else fields[19]


def _end(_number: int, _frame: object) -> NoReturn:
    raise SystemExit(1)


def _say(data: dict[str, Any]) -> None:
    # The parent may be gone; removal goes on.
    with contextlib.suppress(OSError):
        print(json.dumps(data), flush=True)  # noqa: T201 - standard output is the parent's ear


if __name__ == "__main__":
    sys.exit(main())
