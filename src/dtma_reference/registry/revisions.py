"""Brings a database's tables to a revision. Alembic is loaded only where there is something to migrate."""

from __future__ import annotations

import uuid
from pathlib import Path

import sqlalchemy as sa

from dtma_reference.registry import schema
from dtma_reference.registry.server_lock import LOCK_SPACE
from dtma_reference.registry.store import StoreUnavailableError

__all__ = ["migrate", "prepare", "revision_of"]

_MIGRATIONS = Path(__file__).parent / "migrations"


def prepare(connection: sa.Connection) -> None:
    """Bring the tables to the newest revision, within the caller's transaction.

    Raises:
        StoreUnavailableError: they are of a revision that this version does not know.
    """
    if revision_of(connection) == schema.HEAD:
        return
    _wait_for_others(connection)
    found = revision_of(connection)
    if found is None and not sa.inspect(connection).has_table(schema.registry.name):
        schema.METADATA.create_all(connection)
        connection.execute(schema.version.insert().values(version_num=schema.HEAD))
        connection.execute(schema.identity.insert().values(id=uuid.uuid4()))
    elif found != schema.HEAD:
        migrate(connection, schema.HEAD)


def migrate(connection: sa.Connection, revision: str) -> None:
    """Bring the tables to a revision, up or down, within the caller's transaction.

    Args:
        connection: within a transaction.
        revision: ``0001`` and so on, or ``base`` for no tables at all.

    Raises:
        StoreUnavailableError: there is no such revision, or the tables are of one that this version does not know.
    """
    from alembic import command  # noqa: PLC0415 - slow to load and seldom needed
    from alembic.config import Config  # noqa: PLC0415 - same
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - same

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    known = [
        "base",
        *(script.revision for script in reversed(list(ScriptDirectory.from_config(config).walk_revisions()))),
    ]
    found = revision_of(connection) or "base"
    for asked, words in ((found, "it was made by another version of this program"), (revision, "that is no revision")):
        if asked not in known:
            raise StoreUnavailableError(f"{words}: {asked}; known are {', '.join(known)}")
    (command.upgrade if known.index(found) < known.index(revision) else command.downgrade)(config, revision)


def revision_of(connection: sa.Connection) -> str | None:
    """Return the revision of the tables, or None where there are none."""
    if not sa.inspect(connection).has_table(schema.version.name):
        return None
    found: str | None = connection.scalar(sa.select(schema.version.c.version_num))
    return found


def _wait_for_others(connection: sa.Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK_SPACE, 0)))
