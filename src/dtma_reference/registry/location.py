"""Where a registry is: in memory, in a SQLite file or in PostgreSQL. Pure; loads no database library."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

__all__ = ["MEMORY", "LocationError", "RegistryLocation"]

MEMORY = "memory"
_SQLITE = "sqlite:///"
_POSTGRESQL = ("postgresql", "postgresql+psycopg")
_FORMS = f"It can be {MEMORY}, sqlite:///PATH or postgresql+psycopg://USER@HOST/DATABASE."


class LocationError(ValueError):
    """The text names no registry."""


@dataclass(frozen=True, slots=True)
class RegistryLocation:
    """Where a registry is.

    Attributes:
        url: as SQLAlchemy takes it, or ``memory``; may hold a password, so it is not shown.
        path: the file, of a SQLite registry; else empty.
    """

    url: str = field(repr=False)
    path: str = ""

    @classmethod
    def parse(cls, text: str) -> RegistryLocation:
        """Return the location that a text names.

        Raises:
            LocationError: it names none; the message says what could be named.
        """
        if text == MEMORY:
            return cls(MEMORY)
        if text.startswith("sqlite:"):
            path = text.removeprefix(_SQLITE).partition("?")[0]
            if not text.startswith(_SQLITE) or not path or path == ":memory:":
                raise LocationError(f"A SQLite registry needs a path: sqlite:///PATH. {_FORMS}")
            return cls(f"{_SQLITE}{path}", path)
        try:
            scheme = urlsplit(text).scheme
        except ValueError:
            scheme = ""
        if scheme in _POSTGRESQL:
            return cls("postgresql+psycopg:" + text.partition(":")[2])
        raise LocationError(f"That is no registry. {_FORMS}")

    @property
    def is_memory(self) -> bool:
        """Whether it ends with the agent's process."""
        return self.url == MEMORY
