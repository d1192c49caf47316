"""The Express agent and its variants, compiled once and kept: built anew only where files have changed."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .processes import NeighbourError, clean_environment
from .tools import path_of

__all__ = ["CLEAN", "VARIANTS", "Build", "checkout", "expected_finding", "express_build"]

ROOT = Path(__file__).parents[3]
AGENT = ROOT / "agents" / "express"
# Ignored by git, and removed by `make clean`.
CACHE = ROOT / ".cache" / "express"

CLEAN = "clean"
VARIANTS = tuple(sorted(folder.name for folder in (AGENT / "variants").iterdir() if folder.is_dir()))

# What a developer's checkout holds.
_SOURCES = ("package.json", "package-lock.json", ".npmrc", ".gitignore", "tsconfig.json", "Dockerfile", "src")
# The first release whose file system module tells the size of a disk.
_OLDEST_NODE = (18, 15)
_INSTALL_SECONDS = 300
_COMPILE_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Build:
    """A compiled agent, ready to run.

    Attributes:
        variant: ``clean``, or the variant's name.
        folder: package.json, src, dist and node_modules. It is shared: read it, and change nothing.
    """

    variant: str
    folder: Path

    @property
    def dist(self) -> Path:
        """The folder of the compiled files."""
        return self.folder / "dist"

    @property
    def entry(self) -> Path:
        """The file that node is started with."""
        return self.folder / json.loads((self.folder / "package.json").read_text())["main"]

    @property
    def version(self) -> str:
        """The version in package.json."""
        return str(json.loads((self.folder / "package.json").read_text())["version"])

    @property
    def production_modules(self) -> tuple[str, ...]:
        """The packages that it needs to run, as folders such as ``node_modules/express``; theirs lie inside of them."""
        packages = json.loads((self.folder / "package-lock.json").read_text())["packages"]
        return tuple(
            name
            for name, package in packages.items()
            if name.count("node_modules/") == 1
            and not package.keys() & {"dev", "devOptional"}
            and (self.folder / name).is_dir()
        )


def express_build(variant: str = CLEAN) -> Build:
    """Return the compiled agent, or one of its variants; it is compiled where that has not been done yet.

    Raises:
        MissingToolError: node or npm is not installed.
        NeighbourError: node is too old, or installing or compiling failed; the message says with what.
    """
    _require_node()
    sources = _sources(variant)
    with _alone():
        modules = _modules()
        folder = CACHE / f"{variant}-{_digest(sources, modules.name)}"
        if not folder.is_dir():
            with _renamed_at_the_end(folder) as new:
                _lay_out(sources, new)
                (new / "node_modules").symlink_to(Path("..", modules.name, "node_modules"))
                _npm("run", "build", cwd=new, seconds=_COMPILE_SECONDS)
        return Build(variant, folder)


def checkout(folder: Path, variant: str = CLEAN, *, history: Sequence[str] = ()) -> tuple[str, ...]:
    """Lay out the sources as a developer has them: no dist, no node_modules.

    Args:
        folder: an empty folder, or one that is not there yet.
        variant: what lies in it in the end.
        history: makes it a git repository with one commit for each of these variants, and one for ``variant`` at
            the end.

    Returns:
        The ids of the commits, oldest first; none without ``history``.
    """
    commits = []
    if history:
        folder.mkdir(parents=True, exist_ok=True)
        _git(folder, "init", "--quiet", "--initial-branch=main")
    for each in (*history, variant):
        for name in _SOURCES:
            _remove(folder / name)
        _lay_out(_sources(each), folder)
        if history:
            _git(folder, "add", "--all")
            # Two states may be the same; it is the commit that counts.
            _git(folder, "commit", "--quiet", "--allow-empty", "--message", f"The agent: {each}")
            commits.append(_git(folder, "rev-parse", "HEAD").strip())
    return tuple(commits)


def expected_finding(variant: str) -> str:
    """Return the kind of finding, or the cause, that a variant's README names; ``none`` where it has no flaw."""
    readme = (AGENT / "variants" / variant / "README.md").read_text()
    match = re.search(r"^Finding: `([a-z-]+)`$", readme, re.MULTILINE)
    assert match is not None, variant
    return match[1]


def _sources(variant: str) -> dict[str, Path]:
    """Return the files of a variant by their path in the checkout."""
    if variant not in {CLEAN, *VARIANTS}:
        raise NeighbourError(f"There is no variant {variant}, only: {', '.join(VARIANTS)}.")
    found = {}
    for name in _SOURCES:
        place = AGENT / name
        files = sorted(place.rglob("*")) if place.is_dir() else [place]
        found |= {str(file.relative_to(AGENT)): file for file in files if file.is_file()}
    if variant != CLEAN:
        overlay = AGENT / "variants" / variant
        files = (file for file in sorted(overlay.rglob("*")) if file.is_file() and file.name != "README.md")
        found |= {str(file.relative_to(overlay)): file for file in files}
    return found


def _lay_out(sources: dict[str, Path], folder: Path) -> None:
    for name, file in sources.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place)


def _remove(place: Path) -> None:
    if place.is_dir():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)


def _modules() -> Path:
    """Return the folder with the installed packages of the lock file."""
    names = ("package.json", "package-lock.json", ".npmrc")
    files = {name: AGENT / name for name in names}
    folder = CACHE / f"modules-{_digest(files, '')}"
    if not folder.is_dir():
        with _renamed_at_the_end(folder) as new:
            _lay_out(files, new)
            # No package's own script runs: nothing here needs what they compile.
            _npm("ci", "--ignore-scripts", cwd=new, seconds=_INSTALL_SECONDS)
    return folder


@contextlib.contextmanager
def _renamed_at_the_end(folder: Path) -> Iterator[Path]:
    """Lend a new folder that gets its name once it is complete; where that fails, there is none."""
    new = Path(tempfile.mkdtemp(prefix="new-", dir=CACHE))
    try:
        yield new
        new.rename(folder)
    except BaseException:
        shutil.rmtree(new)
        raise


def _digest(files: dict[str, Path], more: str) -> str:
    digest = hashlib.sha256(more.encode())
    for name, file in sorted(files.items()):
        digest.update(f"\0{name}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:12]


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Let one process build at a time."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _require_node() -> None:
    path_of("npm")
    said = subprocess.run([path_of("node"), "--version"], check=True, capture_output=True, text=True).stdout
    version = tuple(int(number) for number in re.findall(r"\d+", said)[:2])
    if version < _OLDEST_NODE:
        raise NeighbourError(f"node {'.'.join(map(str, _OLDEST_NODE))} or newer is needed, not {said.strip()}.")


def _npm(*words: str, cwd: Path, seconds: float) -> None:
    # A registry, a proxy or a cache that the machine is set up with stays in force.
    kept = {name: value for name, value in os.environ.items() if name.lower().startswith(("npm_config_", "http"))}
    done = subprocess.run(
        [path_of("npm"), *words],
        check=False,
        capture_output=True,
        text=True,
        cwd=cwd,
        env=clean_environment(kept),
        timeout=seconds,
    )
    if done.returncode != 0:
        raise NeighbourError(f"npm {' '.join(words)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")


def _git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=dtma", "-c", "user.email=dtma@example.invalid", "-c", "commit.gpgsign=false")
    environment = clean_environment({"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"})
    done = subprocess.run(
        [path_of("git"), *identity, *words], check=False, capture_output=True, text=True, cwd=folder, env=environment
    )
    if done.returncode != 0:
        raise NeighbourError(f"git {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout
