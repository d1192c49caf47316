"""Which commit a folder of sources is at, and how far another one lies behind; nothing is changed, nothing fetched."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["SourceHistory", "commits_behind", "commits_touching", "source_history"]

# A repository of a service answers in milliseconds; one on a slow network drive is not waited for.
_TIMEOUT_SECONDS = 10

_REVISION = re.compile(r"[0-9a-fA-F]{7,64}")


@dataclass(frozen=True, slots=True)
class SourceHistory:
    """Where a folder stands in its history.

    Attributes:
        commit: full id of the commit that is checked out; empty where there is none.
        dirty: whether files of the folder differ from the commit, or are not in it; None where that could not be told.
        committed: time of the commit (ISO 8601); empty where there is none.
        problem: why there is no commit: one sentence without a full stop; empty where there is one.
    """

    commit: str = ""
    dirty: bool | None = None
    committed: str = ""
    problem: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {"commit": self.commit, "dirty": self.dirty, "committed": self.committed, "problem": self.problem}


def source_history(folder: Path) -> SourceHistory:
    """Return where a folder stands in its history.

    Args:
        folder: of the sources, which may be a part of the repository.
    """
    if shutil.which("git") is None:
        return SourceHistory(problem="git is not installed here")
    inside = _git(folder, "rev-parse", "--is-inside-work-tree")
    if inside is None or inside.strip() != "true":
        # Without a word of git's: it does not touch what belongs to another user.
        there = any((place / ".git").exists() for place in (folder.resolve(), *folder.resolve().parents))
        problem = "git refuses to read the repository; it may belong to another user (safe.directory)"
        return SourceHistory(problem=problem if there else "the folder is in no git repository")
    head = _git(folder, "log", "-1", "--format=%H %cI", "HEAD")
    commit, _, committed = (head or "").strip().partition(" ")
    if not commit:
        return SourceHistory(problem="the repository has no commit yet, or does not let itself be read")
    status = _git(folder, "status", "--porcelain", "--untracked-files=normal", "--ignore-submodules=all", "--", ".")
    return SourceHistory(commit, None if status is None else bool(status.strip()), committed)


def commits_behind(folder: Path, revision: str) -> tuple[int | None, int | None, str]:
    """Return how many commits a revision lies behind what is checked out in a folder.

    Args:
        folder: of the sources.
        revision: such as an image's label says.

    Returns:
        How many commits it lacks, how many it has that the folder lacks (0 on the same branch), and why that could not
        be told: one sentence without a full stop, empty where it could.
    """
    if not _REVISION.fullmatch(revision):
        return None, None, f"{revision[:80]!r} is no commit id"
    if shutil.which("git") is None:
        return None, None, "git is not installed here"
    found = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if found is None or not found.strip():
        shallow = (_git(folder, "rev-parse", "--is-shallow-repository") or "").strip() == "true"
        why = ", whose history is cut off (shallow)" if shallow else ""
        return None, None, f"the commit {revision[:12]} is not in the repository of the source{why}"
    counted = _git(folder, "rev-list", "--left-right", "--count", f"{found.strip()}...HEAD")
    numbers = (counted or "").split()
    if len(numbers) != 2 or not all(map(str.isdigit, numbers)):  # noqa: PLR2004 - a left and a right side
        return None, None, "git could not count the commits in time"
    return int(numbers[1]), int(numbers[0]), ""


def commits_touching(folder: Path, revision: str) -> int | None:
    """Return how many of the commits after a revision touch the folder, or None where that could not be told.

    A repository of many services moves on without this one.

    Args:
        folder: of the sources.
        revision: a commit that is in the repository.
    """
    if not _REVISION.fullmatch(revision):
        return None
    counted = (_git(folder, "rev-list", "--count", f"{revision}..HEAD", "--", ".") or "").strip()
    return int(counted) if counted.isdigit() else None


def _git(folder: Path, *words: str) -> str | None:
    """Return what a command prints, or None where it fails or takes too long."""
    # What a hook of git's or the user's shell has set would lead to another repository.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    # A repository can configure programs that git runs; looking at someone's sources must run none.
    safe = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "protocol.allow=never")
    try:
        done = subprocess.run(
            ["git", *safe, "-C", str(folder), *words],
            check=False,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_TIMEOUT_SECONDS,
            env=environment,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None
