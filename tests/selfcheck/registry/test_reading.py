"""Commands that only read change nothing: they make no registry, bring none to another revision, and say so."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3

import pytest
from neighbours.fake_engine import running_fake_engine
from registry.rows import a_row
from registry.test_migrations import filled

from dtma_reference.engines.docker import DockerEngine
from dtma_reference.engines.protocol import EngineError
from dtma_reference.registry import revisions
from dtma_reference.registry.store import Access, StoreUnavailableError

CONTAINER = {
    "Id": "a" * 64, "Names": ["/web"], "Image": "nginx", "State": "running", "Created": 1, "Ports": [], "Labels": {},
}  # fmt: skip
VERSION = {"Version": "1", "ApiVersion": "1.41"}
OLDER = "it is of the older revision 0001, and reading changes nothing; `dtma-reference migrate`"


@pytest.fixture
def engine(tmp_path):
    """Return what an engine lists as its containers, and runs it."""
    with contextlib.ExitStack() as held:

        def start(listed):
            answers = {"/version": VERSION, "/v1.41/containers/json": listed}
            return held.enter_context(running_fake_engine(tmp_path, answers)).endpoint

        yield start


@pytest.fixture
def reading(run, engine):
    """Return what reads a registry by each command that only reads, and returns what it said."""

    def reading(url):
        at = ("--registry", url)
        commands = [("history", *at), ("adopt", *at, "--docker", engine([CONTAINER])), ("adopt", *at, "--undo")]
        return [run(*command) for command in commands]

    return reading


def test_what_only_reads_leaves_an_older_revision(reading, bring, database_url):
    """It says how the registry is brought to the newest, which whatever writes does."""
    bring("0001", filled)

    said = reading(database_url)

    assert [(code, out) for code, out, _ in said] == [(4, "")] * 3
    assert all(err.startswith(f"dtma-reference: The registry cannot be used: {OLDER}") for _, _, err in said)
    assert bring(None, revisions.revision_of) == "0001"


def test_what_only_reads_makes_no_tables(reading, bring, database_url):
    """In a database without any; adoption shows what it would do with an empty registry."""
    bring(None)

    (history, _, _), (adopt, shown, noted), (undo, _, _) = reading(database_url)

    assert (history, adopt, undo) == (4, 0, 4)
    assert shown.splitlines()[-1] == "1 of 1 would be done; nothing was changed. --apply does it."
    assert noted == "There is no registry there yet; --apply makes it.\n"
    assert bring(None, revisions.revision_of) is None


def test_what_only_reads_makes_no_file(reading, tmp_path):
    """Where there is none."""
    said = reading(f"sqlite:///{tmp_path}/registry.db")

    assert [code for code, _, _ in said] == [4, 0, 4]
    assert [file.name for file in tmp_path.iterdir()] == ["fake.sock"]


def test_what_only_reads_leaves_a_file_byte_for_byte(reading, opened, tmp_path):
    """Its journal too, where it has none of the kind that an agent makes."""
    opened(f"sqlite:///{tmp_path}/registry.db").close()
    with contextlib.closing(sqlite3.connect(tmp_path / "registry.db")) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    before = hashlib.sha256((tmp_path / "registry.db").read_bytes()).digest()

    assert [code for code, _, _ in reading(f"sqlite:///{tmp_path}/registry.db")] == [0, 0, 0]

    assert hashlib.sha256((tmp_path / "registry.db").read_bytes()).digest() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["fake.sock", "registry.db", "registry.db-agent"]


def test_a_text_that_is_damaged_is_told_as_a_damaged_file(opened, tmp_path):
    """SQLite says of it that it cannot be decoded, by the kind of error that also means that nobody answers."""
    file = tmp_path / "registry.db"
    store = opened(f"sqlite:///{file}")
    store.insert(a_row(image="nginx:latest"))
    store.close()
    file.write_bytes(file.read_bytes().replace(b"nginx:latest", b"nginx:\xff\xfe\xfdest"))

    with pytest.raises(StoreUnavailableError, match="its file is damaged"):
        opened(f"sqlite:///{file}").all()


def test_whoever_only_reads_cannot_write(database_url, opened):
    """The database itself refuses it."""
    opened(database_url).close()
    store = opened(database_url, access=Access.READ)

    with pytest.raises(StoreUnavailableError, match="cannot be written"):
        store.insert(a_row())
    assert store.all() == ()


@pytest.mark.parametrize(
    "changes",
    [{"Names": ["/we\x1b[31mb\n\0"]}, {"Image": "ng\x1b]0;x\x07inx\u202e"}, {"Names": ["/\ud800web"]}, {"Names": None}],
)
def test_what_an_engine_says_is_shown_on_one_line_each(run, engine, tmp_path, changes):
    """Nothing of it reaches the terminal that is no letter of a text."""
    url = engine([CONTAINER | changes])

    code, out, _ = run("adopt", "--registry", f"sqlite:///{tmp_path}/registry.db", "--docker", url)

    assert code == 0
    assert len(out.splitlines()) == 3
    assert out.replace("\n", "").isprintable()


@pytest.mark.parametrize(
    "listed",
    [
        {"a": 1}, [1], b"<html>", [CONTAINER | {"Ports": [{"x": 1}]}], [CONTAINER | {"Id": 5}],
        [{"Id": "a"}], [CONTAINER | {"Created": "then"}], (500, {"message": "\x1b[31mno\nway"}),
    ],
)  # fmt: skip
def test_an_answer_that_cannot_be_read_is_told_on_one_line(engine, listed):
    """Whatever stands in its place."""
    docker = DockerEngine(engine(listed))

    with contextlib.closing(docker), pytest.raises(EngineError) as refused:
        docker.list()
    assert str(refused.value).isprintable()
    assert "Error" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (
            "tcp://127.0.0.1:1",
            "The container engine does not answer: cannot connect to the Docker daemon (Connection refused)",
        ),
        ("http://\x1b[31m", "The address of the container engine is malformed."),
    ],
)
def test_an_engine_that_cannot_be_reached_is_told_in_the_systems_words(url, told):
    """And not in those of the libraries between."""
    with pytest.raises(EngineError) as refused:
        DockerEngine(url).list()
    assert str(refused.value) == told
