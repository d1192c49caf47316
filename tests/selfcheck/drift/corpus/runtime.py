"""Runs cases of the corpus under Express 4 and 5, and takes their own word for their routes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from corpus.case import Case

from dtma_contract.discovery.introspection import HOOK_NAME, hook_source
from dtma_contract.discovery.introspection.answer import RuntimeAnswer, read_answer

__all__ = ["Run", "installed_tools", "run_cases"]

_TOOLS = Path(__file__).parent / "tools"

# A case has a handful of files; a node process that takes longer hangs.
_CASE_SECONDS = 60
_INSTALL_SECONDS = 300


@dataclass(frozen=True)
class Run:
    """One case under one version."""

    case: Case
    major: int


def installed_tools() -> Path:
    """Return a folder with what `tools/package.json` asks for, installed once into the user's cache."""
    lock = (_TOOLS / "package-lock.json").read_bytes()
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dtma-contract"
    place = base / f"express-corpus-{hashlib.sha256(lock).hexdigest()[:12]}"
    if place.is_dir():
        return place
    base.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=base) as fresh:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(_TOOLS / name, fresh)
        subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=fresh,
            check=True,
            capture_output=True,
            timeout=_INSTALL_SECONDS,
        )
        # Whoever is first has it in place; the other's copy is the same.
        with contextlib.suppress(OSError):
            Path(fresh).rename(place)
            Path(fresh).mkdir()
    return place


def run_cases(runs: Sequence[Run], workers: int = 2) -> Mapping[Run, list[RuntimeAnswer]]:
    """Return what each run told, once for each of its case's environments.

    Args:
        runs: the cases and versions.
        workers: how many node processes run at a time.
    """
    tools = installed_tools()
    with _workplace(tools) as place:
        _prepare(tools, place, runs)
        with ThreadPoolExecutor(workers) as pool:
            return dict(zip(runs, pool.map(lambda run: _answers(place, run), runs), strict=True))


@contextlib.contextmanager
def _workplace(tools: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="express-corpus-") as name:
        place = Path(name).resolve()
        (place / HOOK_NAME).write_text(hook_source(), "utf-8")
        for major in (4, 5):
            packages = place / str(major) / "node_modules"
            packages.mkdir(parents=True)
            (packages / "express").symlink_to(tools / "node_modules" / f"express{major}")
            for stub in (_TOOLS / "stubs").iterdir():
                (packages / stub.name).symlink_to(stub)
        yield place


def _prepare(tools: Path, place: Path, runs: Sequence[Run]) -> None:
    jobs = []
    for run in runs:
        copy = place / "sources" / str(run.major) / run.case.name
        for path, content in run.case.files(run.major).items():
            file = copy / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        jobs.append({"from": str(copy), "to": str(place / str(run.major) / run.case.name)})
    subprocess.run(
        ["node", str(_TOOLS / "transpile.cjs")],
        input=json.dumps(jobs).encode(),
        env={**os.environ, "NODE_PATH": str(tools / "node_modules")},
        check=True,
        timeout=_INSTALL_SECONDS,
    )


def _answers(place: Path, run: Run) -> list[RuntimeAnswer]:
    return [_answer(place, run, environment) for environment in run.case.environments]


def _answer(place: Path, run: Run, environment: Mapping[str, str]) -> RuntimeAnswer:
    done = subprocess.run(
        ["node", "--require", str(place / HOOK_NAME), run.case.run],
        cwd=place / str(run.major) / run.case.name,
        env={"PATH": os.environ["PATH"], "DTMA_CONTRACT_QUIET_MS": "300", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=_CASE_SECONDS,
    )
    answer = read_answer(done.stdout)
    if answer is None:
        raise RuntimeError(f"{run.case.name} under Express {run.major} told nothing:\n{done.stdout}\n{done.stderr}")
    return answer
