"""A database that holds a registry: connections, transactions, revisions; its trouble in our own words."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event, exc

from dtma_reference.registry.location import RegistryLocation
from dtma_reference.registry.presence import Bystander, Presence
from dtma_reference.registry.revisions import prepare
from dtma_reference.registry.server_lock import LOCK_SPACE, ServerLock
from dtma_reference.registry.store import StoreUnavailableError

__all__ = ["Database"]

# How long a transaction waits for another process's, and for a server that does not answer, in seconds.
_LOCK_WAIT = 5
_CONNECT_WAIT = 3
_STATEMENT_WAIT = 15
# As many as there are worker threads in the agent, so that none waits for a connection.
_CONNECTIONS = 40
_WRITES = "dtma_writes"
# How long a connection may be unused and is still taken for good, in seconds.
_IDLE = 1.0

# What a database says, and what we say; all else is told as "it does not answer".
_WORDS = {
    "disk is full": "its disk is full",
    "no space left": "its disk is full",
    "disk i/o error": "its disk cannot be written",
    "readonly": "it cannot be written",
    "read-only": "it cannot be written",
    "unable to open": "its file cannot be opened",
    "is locked": "another process holds it locked",
    "malformed": "its file is damaged",
    "not a database": "its file is no database",
}


class Database:
    """A registry's database, at the newest revision once :meth:`open` has returned.

    Args:
        location: where it is.
        presence: who this process is to a SQLite registry.
        as_agent: whether it is an agent; what it is to a PostgreSQL registry follows.
    """

    def __init__(self, location: RegistryLocation, presence: Presence | None = None, *, as_agent: bool = False) -> None:
        self._is_file = bool(location.path)
        # One writer at a time: SQLite has no more, and waits for its lock by sleeping.
        self._writer = threading.Lock()
        arguments: dict[str, Any] = {"check_same_thread": False, "timeout": _LOCK_WAIT}
        if not self._is_file:
            milliseconds = f"-c statement_timeout={_STATEMENT_WAIT}s -c lock_timeout={_LOCK_WAIT}s"
            arguments = {"connect_timeout": _CONNECT_WAIT, "options": milliseconds}
        self._engine = sa.create_engine(
            # The path as it is: a URL would have its percent signs decoded.
            sa.URL.create("sqlite", database=location.path) if self._is_file else location.url,
            connect_args=arguments,
            pool_size=_CONNECTIONS,
            max_overflow=0 if self._is_file else 2,
            hide_parameters=True,
            poolclass=sa.QueuePool,
        )
        if self._is_file:
            event.listen(self._engine, "connect", _configure_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)
        else:
            event.listen(self._engine, "checkin", _note_time)
            event.listen(self._engine, "checkout", _try_out)
        self._reader = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._writing = self._engine.execution_options(**{_WRITES: True})
        self.presence: Presence = presence or (ServerLock(self._engine) if as_agent else Bystander())

    def open(self) -> None:
        """Bring the tables to the newest revision.

        Raises:
            StoreUnavailableError: the database cannot be used, or is of a newer revision.
        """
        with self.writing() as connection:
            prepare(connection)

    def close(self) -> None:
        """Close all connections; a lock on a file stays, so that its holder can open the database again."""
        if isinstance(self.presence, ServerLock):
            self.presence.close()
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Lend a connection whose statements each see what was committed before them."""
        with self.translated(), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Lend a connection within a transaction that is committed at the end of the block."""
        with self.translated(), self._turn(), self._writing.begin() as connection:
            yield connection

    def serialise(self, connection: sa.Connection) -> None:
        """Let no other transaction pass here until this one ends; where there is one writer anyway, it is this."""
        if not self._is_file:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK_SPACE, 0)))

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Raise our own errors in place of the database's trouble; what is a mistake of ours stays as it is."""
        try:
            yield
        except (exc.IntegrityError, exc.ProgrammingError, exc.DataError, exc.NotSupportedError):
            raise
        except (exc.DBAPIError, exc.TimeoutError) as problem:
            if isinstance(self.presence, ServerLock):
                self.presence.lost()
            raise StoreUnavailableError(_in_words(problem)) from None

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._is_file:
            yield
            return
        with self._writer:
            yield


def _in_words(problem: exc.SQLAlchemyError) -> str:
    said = str(getattr(problem, "orig", problem)).lower()
    return next((words for sign, words in _WORDS.items() if sign in said), "it does not answer")


def _configure_sqlite(connection: Any, _record: Any) -> None:
    # Transactions are begun by _begin_sqlite, not by the driver.
    connection.isolation_level = None
    cursor = connection.cursor()
    # A killed process loses nothing in this mode. A power cut may lose the last transactions: what was made in them
    # is found again by the labels of the containers.
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _note_time(_connection: Any, record: Any) -> None:
    record.info["idle since"] = time.monotonic()


def _try_out(connection: Any, record: Any, _proxy: Any) -> None:
    """Try a connection that nobody has used for a while: the server may have been away, and then another is made."""
    if time.monotonic() - record.info.get("idle since", time.monotonic()) < _IDLE:
        return
    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except Exception as problem:
        raise exc.DisconnectionError from problem


def _begin_sqlite(connection: sa.Connection) -> None:
    if connection.get_execution_options().get(_WRITES):
        # A transaction that first reads and then writes could find that another was faster.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
