"""A connection to a PostgreSQL server that waits for an answer only so long: one that hangs says nothing, ever."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

import psycopg

__all__ = ["ServerConnection"]

# A statement that the server itself gives up after 15 seconds has been answered by then; in seconds.
_ANSWER_WAIT = 18.0
# The same of a statement that costs nothing.
_SIGN_WAIT = 5.0


class _HangsError(psycopg.OperationalError):
    """The server says nothing."""


class ServerConnection(psycopg.Connection[tuple[Any, ...]]):
    """A connection that is closed where the server does not answer."""

    _longest: float | None = None

    def wait(self, gen: Generator[Any, Any, Any], *arguments: Any, **options: Any) -> Any:
        """Wait for an answer.

        Raises:
            psycopg.OperationalError: it did not come; the connection is closed then.
        """
        try:
            return super().wait(_within(gen, self._longest or _ANSWER_WAIT), *arguments, **options)
        except _HangsError:
            self.close()
            raise

    def try_out(self) -> None:
        """Return where the server is there.

        Raises:
            psycopg.Error: it is not.
        """
        self._longest = _SIGN_WAIT
        try:
            self.execute("SELECT 1")
            self.rollback()
        finally:
            self._longest = None


def _within(gen: Generator[Any, Any, Any], seconds: float) -> Generator[Any, Any, Any]:
    """Pass a conversation on until it takes too long; whoever waits asks for its next step many times a second."""
    deadline = time.monotonic() + seconds
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            if time.monotonic() > deadline and not ready:
                raise _HangsError
            wanted = gen.send(ready)
    except StopIteration as end:
        return end.value
