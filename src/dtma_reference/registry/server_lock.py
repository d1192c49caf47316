"""An agent among others on one PostgreSQL server: the server drops its lock when it ends, however it ends."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy import exc

from dtma_reference.registry.presence import HIGHEST_OWNER, AgentRunningError

__all__ = ["LOCK_SPACE", "ServerLock", "require_no_agents"]

# Beside our own locks in the same database there may be anybody's: this is the first half of the key of ours ("dtma").
LOCK_SPACE = 0x64746D61
# How long a session that was there is taken to be there still, in seconds.
_SURE = 1.0
# How long one user of the session waits for another, in seconds.
_TURN_WAIT = 15.0


def require_no_agents(connection: sa.Connection) -> None:
    """Require that no agent works with the database of a PostgreSQL server; of a file its lock tells.

    Raises:
        AgentRunningError: at least one does.
    """
    if connection.dialect.name != "postgresql":
        return
    # Key 0 is that of the one who writes; with two halves to a key, objsubid is 2.
    agents = connection.scalar(
        sa.text(
            "SELECT count(DISTINCT objid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2"
            " AND classid = :space AND objid <> 0"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        ),
        {"space": LOCK_SPACE},
    )
    if agents:
        raise AgentRunningError(
            f"{agents} agents work with the registry; end them first."
            if agents > 1
            else "An agent works with the registry; end it first."
        )


class ServerLock:
    """One agent of several, by an advisory lock of a PostgreSQL session.

    Args:
        engine: gives connections to the server.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._guard = threading.Lock()
        self._session: sa.Connection | None = None
        self._seen = 0.0
        self._owner = 1 + secrets.randbelow(HIGHEST_OWNER)

    @property
    def owner(self) -> int:
        """What this process writes into its intents; the lock is taken again where the session was lost."""
        with self._turn():
            self._held()
            return self._owner

    def hold(self) -> None:
        """Take the lock, so that others see an agent before it has begun anything."""
        with self._turn():
            self._held()

    def is_alive(self, owner: int) -> bool:
        """Return whether a session holds that owner's lock."""
        with self._turn():
            session = self._held()
            if owner == self._owner:
                return True
            taken = session.scalar(sa.select(sa.func.pg_try_advisory_lock(LOCK_SPACE, owner)))
            if taken:
                session.scalar(sa.select(sa.func.pg_advisory_unlock(LOCK_SPACE, owner)))
            return not taken

    def close(self) -> None:
        """Let the lock go."""
        self.lost()

    def lost(self) -> None:
        """Take note that the server was away: the next use begins another session."""
        with self._turn():
            self._let_go()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        # Whoever is before may wait for a server that hangs.
        if not self._guard.acquire(timeout=_TURN_WAIT):
            raise exc.TimeoutError
        try:
            yield
        finally:
            self._guard.release()

    def _let_go(self) -> None:
        if self._session is not None:
            self._session.invalidate()
            self._session.close()
            self._session = None

    def _held(self) -> sa.Connection:
        if self._session is not None and time.monotonic() - self._seen > _SURE:
            # The server may have been away unnoticed: nobody used a connection meanwhile.
            try:
                self._session.scalar(sa.select(1))
                self._seen = time.monotonic()
            except exc.DBAPIError:
                self._let_go()
        if self._session is None:
            session = self._engine.connect()
            # A session of the same process that the server has not yet missed may hold the old number.
            self._owner = 1 + secrets.randbelow(HIGHEST_OWNER)
            session.scalar(sa.select(sa.func.pg_advisory_lock(LOCK_SPACE, self._owner)))
            self._session = session
            self._seen = time.monotonic()
        return self._session
