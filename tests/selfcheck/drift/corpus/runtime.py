"""Runs cases of the corpus under Express 4 and 5, and takes their own word for their routes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
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

__all__ = ["Run", "installed_tools", "run_cases", "run_cases_together"]

_TOOLS = Path(__file__).parent / "tools"

# A case has a handful of files; a node process that takes longer hangs.
_CASE_SECONDS = 60
_INSTALL_SECONDS = 300

# Nothing of this machine's environment decides which routes a case has.
_ENVIRONMENT = {"PATH": os.environ["PATH"], "DTMA_CONTRACT_QUIET_MS": "300"}


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
    """Return what each run told, once for each of its case's environments; each in a node process of its own.

    Args:
        runs: the cases and versions.
        workers: how many node processes run at a time.
    """
    tools = installed_tools()
    with _workplace(tools) as place:
        _prepare(tools, place, runs)
        with ThreadPoolExecutor(workers) as pool:
            return dict(zip(runs, pool.map(lambda run: _answers(place, run), runs), strict=True))


def run_cases_together(runs: Sequence[Run]) -> Mapping[Run, list[RuntimeAnswer]]:
    """Return the same in a fifth of the time: one node process for each version, in which case follows case."""
    tools = installed_tools()
    found: dict[Run, list[RuntimeAnswer]] = {run: [] for run in runs}
    with _workplace(tools) as place:
        _prepare(tools, place, runs)
        for major in (4, 5):
            each = [(run, number) for run in runs if run.major == major for number in range(len(run.case.environments))]
            for (run, _), output in zip(each, _outputs_together(place, each), strict=True):
                found[run].append(_read(run, output, ""))
    return found


def _outputs_together(place: Path, runs: Sequence[tuple[Run, int]]) -> list[str]:
    jobs = [
        {
            "folder": str(_folder(place, run, number)),
            "program": run.case.run,
            "environment": run.case.environments[number],
        }
        for run, number in runs
    ]
    done = subprocess.run(
        ["node", str(_TOOLS / "batch.cjs")],
        input=json.dumps({"hook": str(place / HOOK_NAME), "runs": jobs}),
        env=_ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
        timeout=_INSTALL_SECONDS,
    )
    return re.split(r"^RUN \d+\n", done.stdout, flags=re.MULTILINE)[1:]


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
        # A copy for each environment: an ES module is loaded once in a process, whatever becomes of its environment.
        jobs += [
            {"from": str(copy), "to": str(_folder(place, run, number))} for number in range(len(run.case.environments))
        ]
    subprocess.run(
        ["node", str(_TOOLS / "transpile.cjs")],
        input=json.dumps(jobs).encode(),
        env={**os.environ, "NODE_PATH": str(tools / "node_modules")},
        check=True,
        timeout=_INSTALL_SECONDS,
    )


def _answers(place: Path, run: Run) -> list[RuntimeAnswer]:
    return [_answer(place, run, number) for number in range(len(run.case.environments))]


def _answer(place: Path, run: Run, number: int) -> RuntimeAnswer:
    done = subprocess.run(
        ["node", "--require", str(place / HOOK_NAME), run.case.run],
        cwd=_folder(place, run, number),
        env={**_ENVIRONMENT, **run.case.environments[number]},
        capture_output=True,
        text=True,
        check=False,
        timeout=_CASE_SECONDS,
    )
    return _read(run, done.stdout, done.stderr)


def _read(run: Run, output: str, complaints: str) -> RuntimeAnswer:
    answer = read_answer(output)
    if answer is None:
        raise RuntimeError(f"{run.case.name} under Express {run.major} told nothing:\n{output}\n{complaints}")
    return answer


def _folder(place: Path, run: Run, number: int) -> Path:
    """Return where a case runs in its environment of that number."""
    return place / str(run.major) / f"{run.case.name}.{number}"
