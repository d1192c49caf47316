"""A database's trouble in our own words, which repeat no address and no value: either may hold a secret."""

from __future__ import annotations

from sqlalchemy import exc

__all__ = ["in_words"]

_MISSING = "a table or a column of it is missing"
# What a database says, and what we say; the first that fits is told.
_WORDS = {
    "disk is full": "its disk is full",
    "no space left": "its disk is full",
    "disk i/o error": "its disk cannot be written",
    "readonly": "it cannot be written",
    "read-only": "it cannot be written",
    "unable to open": "its file cannot be opened",
    "is locked": "another process holds it locked",
    "lock timeout": "another process holds it locked",
    "deadlock": "another process holds it locked",
    "malformed": "its file is damaged",
    "could not decode": "its file is damaged",
    "not a database": "its file is no database",
    "authentication failed": "its server refuses the user or the password",
    "no password supplied": "its server asks for a password",
    "no pg_hba.conf entry": "its server refuses this user from this host",
    "permission denied": "its user lacks a right there",
    "too many": "its server has no connection left",
    "connection slots": "its server has no connection left",
    **dict.fromkeys(
        (
            "invalid connection option",
            "invalid sslmode",
            "invalid integer value",
            "bad value for",
            "client_encoding",
            "unrecognized configuration parameter",
        ),
        "an option of its address is none that PostgreSQL takes",
    ),
    "no such table": _MISSING,
    "no such column": _MISSING,
}
# How a server says that one of its things is missing; which kind of thing, the kind of the trouble tells.
_NOT_THERE = "does not exist"


def in_words(problem: Exception) -> str:
    """Return what is the matter, as the end of a sentence that begins with the registry.

    Args:
        problem: SQLAlchemy's, or that of whoever converts a value.
    """
    if isinstance(problem, exc.ArgumentError):
        return "its address is malformed"
    cause = getattr(problem, "orig", None) or problem
    if not isinstance(problem, exc.DBAPIError | exc.TimeoutError):
        return f"what it holds is not what this program writes ({type(cause).__name__})"
    said = str(cause).lower()
    known = next((words for sign, words in _WORDS.items() if sign in said), None)
    if known is not None:
        return known
    if _NOT_THERE in said:
        return _MISSING if isinstance(problem, exc.ProgrammingError) else "its server has no such database or user"
    if isinstance(problem, exc.OperationalError | exc.InterfaceError | exc.TimeoutError):
        return "it does not answer"
    kind = getattr(cause, "sqlite_errorname", None) or type(cause).__name__
    return f"it refused what this program asked of it ({kind})"
