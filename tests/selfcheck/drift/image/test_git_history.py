"""A source's commit, and how far an image's revision lies behind it, are told from git without changing anything."""

from __future__ import annotations

import os
import subprocess

import pytest

from dtma_contract.discovery.git_history import commits_behind, source_history


def git(folder, *words):
    names = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
    settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    done = subprocess.run(
        ["git", "-C", folder, *words],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, **names, **settings},
    )
    return done.stdout.strip()


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """Return a folder with three commits on main and one on another branch, and their ids."""
    folder = tmp_path_factory.mktemp("repository")
    git(folder, "init", "-q", "-b", "main")
    commits = []
    for number in range(3):
        (folder / "service").mkdir(exist_ok=True)
        (folder / "service" / "index.ts").write_text(str(number))
        git(folder, "add", ".")
        git(folder, "commit", "-q", "-m", str(number))
        commits.append(git(folder, "rev-parse", "HEAD"))
    git(folder, "checkout", "-q", "-b", "other", commits[1])
    git(folder, "commit", "-q", "--allow-empty", "-m", "other")
    commits.append(git(folder, "rev-parse", "HEAD"))
    git(folder, "checkout", "-q", "main")
    return folder, commits


def test_the_commit_of_a_folder_is_told(repository):
    """Also of a folder inside the repository, with the time of the commit."""
    folder, commits = repository

    found = source_history(folder / "service")

    assert (found.commit, found.dirty, found.problem, found.committed[:2]) == (commits[2], False, "", "20")


def test_changes_that_are_in_no_commit_are_told(repository, tmp_path):
    """A changed file and a new one; what lies elsewhere in the repository does not count."""
    folder, _ = repository
    git(tmp_path, "clone", "-q", folder, "copy")
    copy = tmp_path / "copy"
    (copy / "elsewhere.txt").write_text("new")

    assert source_history(copy / "service").dirty is False
    (copy / "service" / "new.ts").write_text("new")
    assert source_history(copy / "service").dirty is True


def test_looking_changes_nothing(repository):
    """Not even the index, which git refreshes when it is asked for the status."""
    folder, commits = repository
    (folder / "service" / "index.ts").touch()
    before = {path: path.stat().st_mtime_ns for path in (folder / ".git").rglob("*")}

    source_history(folder)
    commits_behind(folder, commits[0])

    assert {path: path.stat().st_mtime_ns for path in (folder / ".git").rglob("*")} == before


@pytest.mark.parametrize(("number", "expected"), [(0, (2, 0, "")), (1, (1, 0, "")), (2, (0, 0, "")), (3, (1, 1, ""))])
def test_commits_are_counted(repository, number, expected):
    """How many the revision lacks, and how many it has of its own; a short id will do."""
    folder, commits = repository

    assert (commits_behind(folder, commits[number]), commits_behind(folder, commits[number][:10])) == (
        expected,
        expected,
    )


@pytest.mark.parametrize(
    ("revision", "said"),
    [
        ("0" * 40, "is not in the repository of the source"),
        ("main", "is no commit id"),
        ("--all", "is no commit id"),
        ("", "is no commit id"),
    ],
)
def test_why_commits_could_not_be_counted_is_said(repository, revision, said):
    """An unknown commit, or a label that holds something else."""
    behind, ahead, why = commits_behind(repository[0], revision)

    assert (behind, ahead, said in why) == (None, None, True)


def test_a_cut_off_history_is_named(repository, tmp_path):
    """CI clones without history: the commit is unknown, and the reason is told."""
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{repository[0]}", "shallow")

    assert "cut off (shallow)" in commits_behind(tmp_path / "shallow", repository[1][0])[2]


def test_a_folder_outside_of_every_repository_is_told(tmp_path):
    """Also a repository without a commit, a folder that is not there, and a machine without git."""
    (tmp_path / "empty").mkdir()
    git(tmp_path / "empty", "init", "-q")

    assert source_history(tmp_path).problem == "the folder is in no git repository"
    assert "no commit yet" in source_history(tmp_path / "empty").problem
    assert source_history(tmp_path / "gone").problem == "the folder is in no git repository"


def test_a_machine_without_git_is_told(repository, monkeypatch):
    """It is not an error: the rest of the comparison goes on."""
    monkeypatch.setenv("PATH", "/nonexistent")

    assert source_history(repository[0]).problem == "git is not installed here"
    assert commits_behind(repository[0], repository[1][0])[2] == "git is not installed here"


def test_the_settings_of_a_hook_lead_nowhere_else(repository, tmp_path, monkeypatch):
    """Git sets GIT_DIR for hooks; the folder that was named is meant all the same."""
    monkeypatch.setenv("GIT_DIR", str(tmp_path))

    assert source_history(repository[0]).commit == repository[1][2]
