"""Where a registry is: in memory, in a SQLite file or in PostgreSQL. Pure; loads no database library."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

__all__ = ["MEMORY", "SERVER_OPTIONS", "LocationError", "RegistryLocation"]

MEMORY = "memory"
_SQLITE = "sqlite:///"
_POSTGRESQL = ("postgresql", "postgresql+psycopg")
_FORMS = f"It can be {MEMORY}, sqlite:///PATH or postgresql+psycopg://USER@HOST/DATABASE."

# What may stand after the "?": the parameter key words of PostgreSQL 18 (documentation, section 32.1.2).
SERVER_OPTIONS = frozenset({
    "application_name", "channel_binding", "client_encoding", "connect_timeout", "dbname", "fallback_application_name",
    "gssdelegation", "gssencmode", "gsslib", "host", "hostaddr", "keepalives", "keepalives_count", "keepalives_idle",
    "keepalives_interval", "krbsrvname", "load_balance_hosts", "max_protocol_version", "min_protocol_version",
    "oauth_client_id", "oauth_client_secret", "oauth_issuer", "oauth_scope", "options", "passfile", "password", "port",
    "require_auth", "requirepeer", "scram_client_key", "scram_server_key", "service",
    "ssl_max_protocol_version", "ssl_min_protocol_version", "sslcert", "sslcertmode", "sslcompression", "sslcrl",
    "sslcrldir", "sslkey", "sslkeylogfile", "sslmode", "sslnegotiation", "sslpassword", "sslrootcert", "sslsni",
    "target_session_attrs", "tcp_user_timeout", "user",
})  # fmt: skip

# As SQLAlchemy reads it: a password may hold "/" and "?", and ends with the first "@".
_SERVER = re.compile(
    r"""
    ://
    (?:[^:/]*(?::[^@]*)?@)?
    (?:\[[^/?]+\]|[^/:?]+)?
    (?::(?P<port>[^/?]*))?
    (?:/[^?]*)?
    (?:\?(?P<query>.*))?
    """,
    re.VERBOSE | re.DOTALL,
)


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
            LocationError: it names none; the message says what could be named, and repeats nothing of the text.
        """
        if text == MEMORY:
            return cls(MEMORY)
        if text.startswith("sqlite:"):
            path = text.removeprefix(_SQLITE)
            if not text.startswith(_SQLITE) or not path or path == ":memory:" or "\0" in path:
                raise LocationError(f"A SQLite registry needs a path: sqlite:///PATH. {_FORMS}")
            if "?" in path:
                raise LocationError('A SQLite registry has a path and no options, and no "?" in its path.')
            return cls(f"{_SQLITE}{path}", path)
        scheme, colon, rest = text.partition(":")
        if scheme in _POSTGRESQL:
            _require_server(colon + rest)
            return cls(f"postgresql+psycopg:{rest}")
        raise LocationError(f"That is no registry. {_FORMS}")

    @property
    def is_memory(self) -> bool:
        """Whether it ends with the agent's process."""
        return self.url == MEMORY


def _require_server(rest: str) -> None:
    """Raise for what names no database of a server; none of its words is repeated, as each may be of a password."""
    parts = _SERVER.fullmatch(rest)
    if parts is None:
        raise LocationError(f"That is no address of a database. {_FORMS}")
    if not re.fullmatch(r"[0-9]*", parts["port"] or "", re.ASCII):
        raise LocationError("The port of the registry's address is no number.")
    for name, _ in parse_qsl(parts["query"] or "", keep_blank_values=True):
        if name not in SERVER_OPTIONS:
            near = difflib.get_close_matches(name, SERVER_OPTIONS, n=1)
            meant = f' Did you mean "{near[0]}"?' if near else ""
            raise LocationError(f"An option after the \"?\" of the registry's address is none of PostgreSQL's.{meant}")
