"""The command, asked about a scene, and all that came of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from neighbours.processes import clean_environment

from .incident import Scene

__all__ = ["Told", "diagnosed"]

_TOKEN_ENV = "DTMA_BEARER_TOKEN"  # noqa: S105 - the name of a variable


@dataclass(frozen=True, slots=True)
class Told:
    """What was told about a scene.

    Attributes:
        document: what was printed, decoded.
        shown: everything that was written, standard error and the bundle too.
        seconds: from the call to its end.
        exit_code: of the command.
    """

    document: Mapping[str, Any]
    shown: str
    seconds: float
    exit_code: int

    @property
    def causes(self) -> tuple[str, ...]:
        """Ids of the causes, best first."""
        return tuple(cause["id"] for cause in self.document["causes"])

    @property
    def requests(self) -> int:
        """How many requests the target got."""
        return int(self.document["facts"]["requests"])


def diagnosed(scene: Scene, folder: Path, *, as_program: bool) -> Told:
    """Ask the command about a scene.

    Args:
        scene: which.
        folder: an empty one, for the bundle.
        as_program: whether in a process of its own, as a user does; a scene that it has to run within asks for that.
    """
    bundle = folder / "bundle.tar.gz"
    words = ["diagnose", *_options(scene), "--bundle", str(bundle), "--format", "json"]
    given = {**scene.env, **({_TOKEN_ENV: scene.token} if scene.token else {})}
    ask = _as_program if as_program or scene.within else _here
    started = time.monotonic()
    exit_code, output, progress = ask(scene, words, given, folder)
    seconds = time.monotonic() - started
    try:
        document = json.loads(output)
    except ValueError:
        raise AssertionError(f"exit code {exit_code}, no JSON: {output[:500]}\n{progress[-2000:]}") from None
    return Told(document, "\n".join((output, progress, _content(bundle))), seconds, exit_code)


def _options(scene: Scene) -> list[str]:
    given = {
        "--target": scene.target,
        "--source": scene.source,
        "--image": scene.image,
        "--docker": scene.docker,
        "--container": scene.container,
        "--instance": scene.instance,
    }
    return [word for name, value in given.items() if value for word in (name, str(value))]


def _as_program(scene: Scene, words: list[str], given: dict[str, str], folder: Path) -> tuple[int, str, str]:
    command = [*scene.within, sys.executable, "-m", "dtma_contract", *words]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, env=clean_environment(given), cwd=folder, timeout=120
    )
    return done.returncode, done.stdout, done.stderr


def _here(_scene: Scene, words: list[str], given: dict[str, str], _folder: Path) -> tuple[int, str, str]:
    from dtma_contract.cli import commands  # noqa: PLC0415 - loaded late, as by whoever has no use for it

    # What the caller has set must not lead the command.
    unset = dict.fromkeys(name for name in os.environ if name.startswith("DTMA_"))
    done = CliRunner().invoke(commands, words, env={**unset, **given})
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


def _content(bundle: Path) -> str:
    with tarfile.open(bundle) as archive:
        files = [archive.extractfile(member) for member in archive.getmembers() if member.isfile()]
        return "\n".join(file.read().decode(errors="replace") for file in files if file is not None)
