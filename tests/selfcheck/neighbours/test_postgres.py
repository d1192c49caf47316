"""A server of one's own: databases that share nothing, cut off and back with all that was in it, gone at the end."""

from __future__ import annotations

import psycopg
import pytest

from .postgres import running_postgres


def plain(url):
    return url.replace("+psycopg", "")


@pytest.mark.usefixtures("postgres")  # skips where there is none
def test_databases_share_nothing_and_outlive_a_stop():
    """What was written is there when the server is back."""
    with running_postgres() as server:
        one, another = plain(server.database()), plain(server.database())
        with psycopg.connect(one) as connection:
            connection.execute("CREATE TABLE kept (word TEXT)")
        with psycopg.connect(another) as connection, pytest.raises(psycopg.errors.UndefinedTable):
            connection.execute("SELECT * FROM kept")
        server.stop()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(one)
        server.start()
        with psycopg.connect(one) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)

    assert not server.folder.exists()
