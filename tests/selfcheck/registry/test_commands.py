"""The commands for a registry: what they print, and how they refuse the rest."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import httpx
import pytest
from neighbours.reference import running_reference
from registry.rows import a_row

from dtma_reference.registry.environment import KEY_VARIABLE, new_key
from dtma_reference.registry.presence import FileLock
from dtma_reference.registry.records import Entry, Status


def test_history_tells_who_did_what(run, database_url, opened):
    """A line for each, or a JSON document for each."""
    store = opened(database_url)
    row = store.insert(a_row(), ("KEY=of-the-customer",), Entry("DTMA_BEARER_TOKEN", "deploy"))
    store.insert(a_row("other"), (), Entry("DTMA_BEARER_TOKEN", "deploy"))
    store.change(row, None, Entry("reconciliation", "delete", "completed", "begun by\nSOMEBODY"))
    store.close()

    code, text, _ = run("history", "--registry", database_url, "--name", "web")
    _, lines, _ = run("history", "--registry", database_url, "--limit", "1", "--format", "json")

    assert code == 0
    first, second = text.splitlines()
    assert re.fullmatch(r"\S+Z  DTMA_BEARER_TOKEN  deploy web: done, none to running", first)
    assert second.endswith("  reconciliation  delete web: completed, running to none (begun by SOMEBODY)")
    (last,) = map(json.loads, lines.splitlines())
    assert (last["operation"], last["after"], last["before"]["status"]) == ("delete", None, "running")
    assert "of-the-customer" not in text + lines


def test_keys_are_replaced_from_the_command_line(run, database_url, opened, monkeypatch):
    """A fresh key is printed; with the new one before the old one, all values are encrypted anew."""
    _, old, _ = run("generate-key")
    store = opened(database_url, old.strip())
    row = store.insert(a_row(), ("KEY=of-the-customer",))
    store.close()
    new = new_key()
    monkeypatch.setenv(KEY_VARIABLE, f"{new},{old.strip()}")

    code, out, _ = run("rotate-keys", "--registry", database_url)

    assert (code, out) == (0, "Encrypted with the first key: 1 value.\n")
    assert opened(database_url, new).environment(row.row_id) == ("KEY=of-the-customer",)


def test_a_registry_is_migrated_from_the_command_line(run, database_url):
    """Down, up, and to nothing."""
    for revision, told in (("head", "0002"), ("0001", "0001"), ("base", "base")):
        code, out, _ = run("migrate", "--registry", database_url, revision)
        assert (code, out) == (0, f"The registry is at revision {told}.\n")


@pytest.mark.parametrize("revision", ["0001", "base"])
def test_tables_that_an_agent_works_with_are_left(run, database_url, revision):
    """An agent that has only read so far would otherwise go on with tables that are no longer there."""
    with running_reference("--registry", database_url) as agent:
        httpx.get(f"{agent.url}/tools", headers={"Authorization": f"Bearer {agent.token}"}).raise_for_status()
        refused, _, told = run("migrate", "--registry", database_url, revision)
        upwards, _, _ = run("migrate", "--registry", database_url)
    done, _, _ = run("migrate", "--registry", database_url, revision)

    assert (refused, upwards, done) == (4, 0, 0)
    assert re.fullmatch(r"dtma-reference: An(other)? agent works with the registry.*; end it first\.\n", told)


def test_what_was_adopted_is_taken_out_again(run, database_url, opened):
    """A dry run says what would be done and changes nothing; nothing else is taken out."""
    store = opened(database_url)
    store.insert(a_row("mine"))
    for name in ("web-1", "web-2", "db"):
        store.insert(a_row(name, adopted=True))
    store.close()

    def names():
        again = opened(database_url)
        found = {row.name for row in again.all() if row.status is not Status.GONE}
        again.close()
        return found

    _, dry, _ = run("adopt", "--registry", database_url, "--undo", "web-*")
    assert dry.splitlines()[-1] == "2 of 2 would be done; nothing was changed. --apply does it."
    assert names() == {"mine", "web-1", "web-2", "db"}
    _, done, _ = run("adopt", "--registry", database_url, "--undo", "--apply", "web-*")
    assert done.splitlines()[-1] == "2 of 2 done."
    assert names() == {"mine", "db"}
    assert run("adopt", "--registry", database_url, "--undo", "--apply", "web-*")[1].splitlines()[-1] == "0 of 0 done."


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["serve", "--registry", "mysql://x"], "That is no registry"),
        (["serve", "--registry", "sqlite://"], "needs a path"),
        (["serve", "--registry", "sqlite:////nowhere/at/all.db"], "No such file or directory"),
        (["history"], "--registry"),
        (["history", "--registry", "memory"], "inside its agent"),
        (["history", "--registry", "sqlite:////nowhere/at/all.db"], "no folder /nowhere/at"),
        (["history", "--registry", "postgresql://u:hunter2@127.0.0.1:1/x"], "it does not answer"),
        (["history", "--registry", "sqlite:///unused.db"], "There is no registry unused.db"),
        (["history", "--registry", "postgresql+psycopg://u:hunter2@127.0.0.1:hunter2/d"], "is no number"),
        (["history", "--registry", "postgresql+psycopg:hunter2"], "That is no address of a database"),
        (["history", "--registry", "postgresql://u:hunter2@/d?badopt=hunter2"], "is none of PostgreSQL's."),
        (["serve", "--registry", "postgresql://u:hunter2@/d?sslmod=hunter2"], 'Did you mean "sslmode"?'),
        (["history", "--registry", "postgresql://u@/d?connect_timeout=hunter2"], "none that PostgreSQL takes"),
        (["history", "--registry", "postgresql://u:hunter2@/d?host=a&port=1&host=b"], "its address is malformed"),
        (["serve", "--registry", "sqlite:///unused.db?mode=ro"], "no options"),
        (["serve", "--registry", "sqlite:////"], "it is a folder"),
        (["rotate-keys", "--registry", "postgresql+psycopg://u@127.0.0.1:1/d"], "has no key"),
        (["migrate", "--registry", "sqlite:///unused.db", "0007"], "no revision: 0007"),
        (["adopt", "--registry", "sqlite:///unused.db", "--undo", "--docker", "x"], "--undo"),
    ],
)
def test_bad_input_is_one_message_and_exit_code_4(run, arguments, told, tmp_path, monkeypatch):
    """It says what is wrong, repeats no password, and leaves no file."""
    monkeypatch.chdir(tmp_path)

    code, out, err = run(*arguments)

    assert (code, out) == (4, "")
    assert err.startswith("dtma-reference: ")
    assert told in err
    assert "hunter2" not in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "unused.db").exists()


@pytest.mark.parametrize(
    ("docker", "told"),
    [
        (
            "unix:///nowhere.sock",
            (
                "The container engine does not answer: cannot connect to the Docker daemon (No such file or directory)."
                " Asked was unix:///nowhere.sock; --docker names another one."
            ),
        ),
        (
            "tcp://me:hunter2@127.0.0.1:1",
            "The address of the container engine is malformed. --docker names another one.",
        ),
    ],
)
def test_an_engine_that_does_not_answer_is_told(docker, told, tmp_path):
    """In the system's words, without a password, and before a registry is made.

    By a process of its own, as the SDK leaves a socket.
    """
    arguments = ["adopt", "--apply", "--registry", f"sqlite:///{tmp_path}/registry.db", "--docker", docker]

    done = subprocess.run(
        [sys.executable, "-m", "dtma_reference", *arguments], check=False, capture_output=True, text=True
    )

    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr == f"dtma-reference: {told}\n"
    assert list(tmp_path.iterdir()) == []


def test_a_second_agent_on_a_file_is_refused(run, tmp_path):
    """Before anything is started."""
    held = FileLock(str(tmp_path / "registry.db"))

    code, _, err = run("serve", "--registry", f"sqlite:///{tmp_path}/registry.db")
    held.close()

    assert code == 4
    assert "Another agent works with the registry" in err


def test_a_key_that_is_none_is_refused_before_anything_is_started(run, monkeypatch):
    """And not repeated."""
    monkeypatch.setenv(KEY_VARIABLE, "hunter2")

    code, _, err = run("serve")

    assert (code, "hunter2" in err) == (4, False)


def test_the_commands_load_no_database_before_they_need_one():
    """Listing faults and starting an agent cost no SQLAlchemy."""
    check = (
        "import sys, dtma_reference.cli, dtma_reference.agent_process as agent, dtma_reference.registry.opening;"
        "sys.exit(any(name in sys.modules for name in ('sqlalchemy', 'alembic', 'cryptography', 'psycopg', 'docker')))"
    )

    subprocess.run([sys.executable, "-c", check], check=True)
