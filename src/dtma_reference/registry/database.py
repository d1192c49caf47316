"""A database that holds a registry: connections, transactions, revisions."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import event, exc

from dtma_reference.registry.database_trouble import in_words
from dtma_reference.registry.location import RegistryLocation
from dtma_reference.registry.presence import Bystander, Presence
from dtma_reference.registry.revisions import prepare, require_newest
from dtma_reference.registry.server_lock import LOCK_SPACE, ServerLock
from dtma_reference.registry.store import Access, StoreUnavailableError

__all__ = ["Database"]

# How long a transaction waits for another process's, and for a server that does not answer, in seconds.
_LOCK_WAIT = 5
_CONNECT_WAIT = 3
_STATEMENT_WAIT = 15
# How long a writer waits for those of its own process, in seconds.
_TURN_WAIT = 15
# As many as there are worker threads in the agent, so that none waits for a connection.
_CONNECTIONS = 40
_WRITES = "dtma_writes"
# How long a connection may be unused and is still taken for good, in seconds.
_IDLE = 1.0


class Database:
    """A registry's database, at the newest revision once :meth:`open` has returned.

    Args:
        location: where it is.
        presence: who this process is to a SQLite registry.
        as_agent: whether it is an agent; what it is to a PostgreSQL registry follows.
        access: what may be done with it.

    Raises:
        StoreUnavailableError: its address is malformed.
    """

    def __init__(
        self,
        location: RegistryLocation,
        presence: Presence | None = None,
        *,
        as_agent: bool = False,
        access: Access = Access.MAKE,
    ) -> None:
        self._is_file = bool(location.path)
        self._access = access
        # One writer at a time: SQLite has no more, and waits for its lock by sleeping.
        self._writer = threading.Lock()
        with self._told():
            url = _file_url(location.path, access) if self._is_file else sa.make_url(location.url)
            self._engine = sa.create_engine(
                url,
                connect_args={"check_same_thread": False, "timeout": _LOCK_WAIT}
                if self._is_file
                else _server_arguments(url, access),
                pool_size=_CONNECTIONS,
                max_overflow=0 if self._is_file else 2,
                hide_parameters=True,
                poolclass=sa.QueuePool,
            )
        if self._is_file:
            event.listen(self._engine, "connect", _configure_reading if access is Access.READ else _configure_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)
        else:
            event.listen(self._engine, "do_connect", _connect)
            event.listen(self._engine, "checkin", _note_time)
            event.listen(self._engine, "checkout", _try_out)
        self._reader = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._writing = self._engine.execution_options(**{_WRITES: True})
        self.presence: Presence = presence or (ServerLock(self._engine) if as_agent else Bystander())

    def open(self) -> None:
        """Bring the tables to the newest revision, or require that they are of it, where nothing may be changed.

        Raises:
            StoreMissingError: there are none, and none may be made.
            StoreUnavailableError: the database cannot be used, or is of another revision.
        """
        if self._access is Access.READ:
            with self.reading() as connection:
                require_newest(connection)
        else:
            with self.writing() as connection:
                prepare(connection, may_make=self._access is Access.MAKE)
        with self._told():
            self.presence.hold()

    def close(self) -> None:
        """Close all connections; a lock on a file stays, so that its holder can open the database again."""
        if isinstance(self.presence, ServerLock):
            with self._told():
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
        """Raise our own errors in place of the database's trouble, and forget a session that it has cost."""
        with self._told():
            try:
                yield
            except exc.DBAPIError as problem:
                if problem.connection_invalidated and isinstance(self.presence, ServerLock):
                    self.presence.lost()
                raise

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        # A value that cannot be read, or written, is a ValueError of whoever converts it.
        except (exc.SQLAlchemyError, ValueError) as problem:
            raise StoreUnavailableError(in_words(problem)) from None

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._is_file:
            yield
            return
        # Each of those before may have waited for another process's lock.
        if not self._writer.acquire(timeout=_TURN_WAIT):
            raise StoreUnavailableError("another process holds it locked")
        try:
            yield
        finally:
            self._writer.release()


def _file_url(path: str, access: Access) -> sa.URL:
    """Return the address of a file, whose path is taken as it is: a URL would have its percent signs decoded."""
    real = Path(path).resolve()
    if access is Access.READ and not os.access(real.parent, os.W_OK) and not Path(f"{real}-wal").exists():
        # SQLite could not make a journal beside it, and without one nobody writes.
        return sa.URL.create("sqlite", database=f"file:{quote(str(real))}", query={"immutable": "1", "uri": "true"})
    return sa.URL.create("sqlite", database=path)


def _server_arguments(url: sa.URL, access: Access) -> dict[str, Any]:
    """Return what a connection to a server is made with; what its address says about the same has the last word."""
    settings = {"statement_timeout": f"{_STATEMENT_WAIT}s", "lock_timeout": f"{_LOCK_WAIT}s"}
    if access is Access.READ:
        settings["default_transaction_read_only"] = "on"
    ours = " ".join(f"-c {name}={value}" for name, value in settings.items())
    theirs = url.query.get("options", ())
    arguments: dict[str, Any] = {"options": " ".join([ours, *((theirs,) if isinstance(theirs, str) else theirs)])}
    return arguments if "connect_timeout" in url.query else {**arguments, "connect_timeout": _CONNECT_WAIT}


def _configure_sqlite(connection: Any, record: Any) -> None:
    _configure(
        connection,
        record,
        # A killed process loses nothing in this mode. A power cut may lose the last transactions: what was made in
        # them is found again by the labels of the containers.
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
    )


def _configure_reading(connection: Any, record: Any) -> None:
    _configure(connection, record, "query_only=ON")


def _configure(connection: Any, _record: Any, *settings: str) -> None:
    # Transactions are begun by _begin_sqlite, not by the driver.
    connection.isolation_level = None
    cursor = connection.cursor()
    for setting in settings:
        cursor.execute(f"PRAGMA {setting}")
    cursor.close()


def _connect(_dialect: Any, _record: Any, arguments: list[Any], options: dict[str, Any]) -> Any:
    from dtma_reference.registry.server_connection import ServerConnection  # noqa: PLC0415 - no file needs the driver

    return ServerConnection.connect(*arguments, **options)


def _note_time(_connection: Any, record: Any) -> None:
    record.info["idle since"] = time.monotonic()


def _try_out(connection: Any, record: Any, _proxy: Any) -> None:
    """Try a connection that nobody has used for a while: the server may have been away, and then another is made."""
    if time.monotonic() - record.info.get("idle since", time.monotonic()) < _IDLE:
        return
    try:
        connection.try_out()
    except Exception as problem:
        raise exc.DisconnectionError from problem


def _begin_sqlite(connection: sa.Connection) -> None:
    if connection.get_execution_options().get(_WRITES):
        # A transaction that first reads and then writes could find that another was faster.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
