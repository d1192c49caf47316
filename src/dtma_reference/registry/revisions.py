"""Brings a database's tables to a revision. Alembic is loaded only where there is something to migrate."""

from __future__ import annotations

import uuid
from pathlib import Path

import sqlalchemy as sa

from dtma_reference.registry import schema
from dtma_reference.registry.server_lock import LOCK_SPACE
from dtma_reference.registry.store import StoreMissingError, StoreUnavailableError

__all__ = ["KNOWN", "migrate", "prepare", "require_newest", "revision_of"]

_MIGRATIONS = Path(__file__).parent / "migrations"
_BASE = "base"
KNOWN = (_BASE, *schema.REVISIONS)
_ELSEWHERE = "give the registry a database of its own"


def prepare(connection: sa.Connection, *, may_make: bool = True) -> None:
    """Bring the tables to the newest revision, within the caller's transaction.

    Args:
        connection: within a transaction.
        may_make: whether tables are made where there are none.

    Raises:
        StoreMissingError: there are none, and none may be made.
        StoreUnavailableError: they are of a revision that this version does not know, or not this program's.
    """
    if revision_of(connection) != schema.HEAD:
        _wait_for_others(connection)
        found = _require_known(connection)
        if found == _BASE:
            if not may_make:
                raise StoreMissingError
            schema.METADATA.create_all(connection)
            connection.execute(schema.version.insert().values(version_num=schema.HEAD))
            connection.execute(schema.identity.insert().values(id=uuid.uuid4()))
        elif found != schema.HEAD:
            migrate(connection, schema.HEAD)
    _require_whole(connection)


def require_newest(connection: sa.Connection) -> None:
    """Require tables of the newest revision, and change nothing.

    Raises:
        StoreMissingError: there are none.
        StoreUnavailableError: they are of another revision, or not this program's.
    """
    found = _require_known(connection)
    if found == _BASE:
        raise StoreMissingError
    if found != schema.HEAD:
        raise StoreUnavailableError(
            f"it is of the older revision {found}, and reading changes nothing; "
            "`dtma-reference migrate`, or an agent that is started with it, brings it to the newest"
        )
    _require_whole(connection)


def migrate(connection: sa.Connection, revision: str) -> None:
    """Bring the tables to a revision, up or down, within the caller's transaction.

    Args:
        connection: within a transaction.
        revision: ``0001`` and so on, or ``base`` for no tables at all.

    Raises:
        StoreUnavailableError: there is no such revision, or the tables are of one that this version does not know, or
            not this program's.
    """
    from alembic import command  # noqa: PLC0415 - slow to load and seldom needed
    from alembic.config import Config  # noqa: PLC0415 - same

    if revision not in KNOWN:
        raise StoreUnavailableError(f"that is no revision: {revision}; known are {', '.join(KNOWN)}")
    _wait_for_others(connection)
    found = _require_known(connection)
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    (command.upgrade if KNOWN.index(found) < KNOWN.index(revision) else command.downgrade)(config, revision)


def revision_of(connection: sa.Connection) -> str | None:
    """Return the revision of the tables, or None where there are none.

    Raises:
        StoreUnavailableError: another program has written down several.
    """
    if not sa.inspect(connection).has_table(schema.version.name):
        return None
    found = connection.scalars(sa.select(schema.version.c.version_num)).all()
    if len(found) > 1:
        raise StoreUnavailableError(
            f"the revisions in its table {schema.version.name} are another program's; {_ELSEWHERE}"
        )
    return found[0] if found else None


def _require_known(connection: sa.Connection) -> str:
    """Return the revision, which is one of ours or ``base``; ours go with the plan's table, and none goes without."""
    found = revision_of(connection)
    has_table = sa.inspect(connection).has_table(schema.registry.name)
    if found is None:
        if has_table:
            raise StoreUnavailableError(
                f"it has a table {schema.registry.name} and no revision of this program: it is another program's, "
                f"or was left half made; {_ELSEWHERE}"
            )
        return _BASE
    if not has_table:
        raise StoreUnavailableError(
            f"the revision in its table {schema.version.name} is another program's: there is no table "
            f"{schema.registry.name}; {_ELSEWHERE}"
        )
    if found not in KNOWN:
        raise StoreUnavailableError(
            f"it was made by another version of this program: {found}; known are {', '.join(KNOWN)}"
        )
    return found


def _require_whole(connection: sa.Connection) -> None:
    """Raise where a table of the newest revision, or a column of it, is not there."""
    found = sa.inspect(connection).get_multi_columns(filter_names=list(schema.METADATA.tables))
    there = {name: {column["name"] for column in columns} for (_, name), columns in found.items()}
    missing = []
    for table in schema.METADATA.sorted_tables:
        if table.name not in there:
            missing.append(table.name)
        else:
            missing += [str(column) for column in table.columns if column.name not in there[table.name]]
    if missing:
        raise StoreUnavailableError(
            f"its tables are not those of revision {schema.HEAD}: there is no {', no '.join(missing)}; "
            f"restore a backup, or {_ELSEWHERE}"
        )


def _wait_for_others(connection: sa.Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK_SPACE, 0)))
