"""Environment values are never in the database as they are, and a key can be replaced."""

from __future__ import annotations

import sqlite3

import pytest
import sqlalchemy as sa
from registry.rows import a_row

from dtma_reference.registry import schema
from dtma_reference.registry.environment import KEY_VARIABLE, KeyProblemError, Vault, new_key
from dtma_reference.registry.store import StoreUnavailableError

SECRET = "s3cret=with=signs ü\ud800"  # noqa: S105 - a value that must not be found
ENVIRONMENT = ("API_KEY=" + SECRET, "EMPTY=", "API_KEY=second")
ROW = a_row()


def stored(store):
    with store._database.reading() as connection:
        return connection.scalar(sa.select(schema.registry.c.environment_variables))


def test_values_are_kept_encrypted_and_come_back(database_url, opened):
    """Names are readable; the order and a name that stands twice are kept."""
    store = opened(database_url, new_key())
    store.insert(ROW, ENVIRONMENT)

    kept = stored(store)

    assert [item["name"] for item in kept] == ["API_KEY", "EMPTY", "API_KEY"]
    assert "s3cret" not in str(kept)
    assert "second" not in str(kept)
    assert store.environment(ROW.row_id) == ENVIRONMENT


def test_without_a_key_no_value_is_kept(database_url, opened):
    """Only the names are."""
    store = opened(database_url)
    store.insert(ROW, ENVIRONMENT)

    assert [item["value"] for item in stored(store)] == [None] * 3
    assert store.environment(ROW.row_id) == ()


def test_no_byte_of_a_value_is_in_the_files(tmp_path, opened):
    """Neither in the database nor in its journal, and nobody else may read them."""
    store = opened(f"sqlite:///{tmp_path}/registry.db", new_key())
    store.insert(ROW, ENVIRONMENT)

    files = list(tmp_path.iterdir())

    assert len(files) == 4  # the database, its two journals, the lock
    assert all(b"s3cret" not in file.read_bytes() for file in files)
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_a_key_is_replaced_in_three_steps(database_url, opened):
    """The new one before the old one, everything encrypted anew, the old one gone."""
    old, new = new_key(), new_key()
    first = opened(database_url, old)
    first.insert(ROW, ENVIRONMENT)
    first.close()

    both = opened(database_url, new, old)
    assert both.environment(ROW.row_id) == ENVIRONMENT
    assert both.reseal() == 3
    both.close()

    assert opened(database_url, new).environment(ROW.row_id) == ENVIRONMENT


def test_a_key_that_does_not_fit_changes_nothing(tmp_path, opened):
    """The values are as they were, for whoever has the key."""
    url, key = f"sqlite:///{tmp_path}/registry.db", new_key()
    first = opened(url, key)
    first.insert(ROW, ENVIRONMENT)
    first.close()
    other = opened(url, new_key())

    for attempt in (other.reseal, lambda: other.environment(ROW.row_id)):
        with pytest.raises(KeyProblemError, match=KEY_VARIABLE):
            attempt()
    other.close()
    assert opened(url, key).environment(ROW.row_id) == ENVIRONMENT


@pytest.mark.parametrize("key", ["short", "ü" * 44, "A" * 43, "*" * 44])
def test_what_is_no_key_is_refused_and_not_repeated(key):
    """It may be a real one with a slip."""
    with pytest.raises(KeyProblemError) as refused:
        Vault.from_environment({KEY_VARIABLE: f"{new_key()}, {key}"})

    assert key not in str(refused.value)


def test_what_is_no_database_is_refused_and_left(tmp_path, opened):
    """A path that was mistyped costs nothing."""
    (tmp_path / "notes.txt").write_text("something else entirely" * 100)

    with pytest.raises(StoreUnavailableError, match="is no database"):
        opened(f"sqlite:///{tmp_path}/notes.txt")
    assert (tmp_path / "notes.txt").read_text() == "something else entirely" * 100


def test_the_tables_of_another_program_are_not_touched(tmp_path, opened):
    """Ours stand beside them."""
    with sqlite3.connect(tmp_path / "registry.db") as connection:
        connection.execute("CREATE TABLE theirs (word TEXT)")
        connection.execute("INSERT INTO theirs VALUES ('kept')")
    connection.close()
    opened(f"sqlite:///{tmp_path}/registry.db").insert(ROW)

    with sqlite3.connect(tmp_path / "registry.db") as connection:
        assert connection.execute("SELECT word FROM theirs").fetchall() == [("kept",)]
    connection.close()
