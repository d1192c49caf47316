"""An agent among others on one PostgreSQL server: the server drops its lock when it ends, however it ends."""

from __future__ import annotations

import secrets
import threading
import time

import sqlalchemy as sa
from sqlalchemy import exc

from dtma_reference.registry.presence import HIGHEST_OWNER

__all__ = ["LOCK_SPACE", "ServerLock"]

# Beside our own locks in the same database there may be anybody's: this is the first half of the key of ours ("dtma").
LOCK_SPACE = 0x64746D61
# How long a session that was there is taken to be there still, in seconds.
_SURE = 1.0


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
        with self._guard:
            self._held()
            return self._owner

    def is_alive(self, owner: int) -> bool:
        """Return whether a session holds that owner's lock."""
        with self._guard:
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
        with self._guard:
            self._let_go()

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
