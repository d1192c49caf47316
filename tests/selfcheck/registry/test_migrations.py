"""The tables go from each revision to each other with what they hold; a fresh registry is what migrations lead to."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from registry.rows import ACCOUNT, a_row

from dtma_reference.registry import revisions, schema
from dtma_reference.registry.records import Entry, Status
from dtma_reference.registry.store import StoreUnavailableError

# dtma-api.md, word for word.
COLUMNS = [
    "id", "account_tool_instance_id", "container_name", "docker_image_url", "container_id", "dtma_status",
    "docker_status", "port_bindings", "environment_variables", "created_at", "updated_at",
]  # fmt: skip
OPTIONAL = {"container_id", "dtma_status", "docker_status", "port_bindings", "environment_variables"}


def tables(connection):
    return set(sa.inspect(connection).get_table_names()) - {"alembic_version"}


def differences(connection):
    return compare_metadata(MigrationContext.configure(connection), schema.METADATA)


def test_the_revisions_are_the_migrations():
    """The agent compares with constants, so that it need not load Alembic."""
    newest_first = [script.revision for script in ScriptDirectory(revisions._MIGRATIONS).walk_revisions()]

    assert tuple(reversed(newest_first)) == schema.REVISIONS


def test_a_fresh_registry_is_what_the_migrations_lead_to(bring):
    """Table for table, column for column."""
    assert bring("head" and schema.HEAD, differences) == []
    bring("base")
    assert bring(None, tables) == set()
    bring(None, lambda connection: sa.Table("alembic_version", sa.MetaData()).drop(connection))
    assert bring(None, lambda connection: (revisions.prepare(connection), differences(connection))[1]) == []
    assert bring(None, revisions.revision_of) == schema.HEAD


def test_the_plans_table_is_there_column_for_column(bring):
    """With its unique key, and null only where the plan allows it."""

    def look(connection):
        inspector = sa.inspect(connection)
        columns = inspector.get_columns("dtma_container_registry")
        keys = inspector.get_unique_constraints("dtma_container_registry")
        return columns, [key["column_names"] for key in keys]

    columns, keys = bring(schema.HEAD, look)

    assert [column["name"] for column in columns] == COLUMNS
    assert {column["name"] for column in columns if column["nullable"]} == OPTIONAL
    assert keys == [["account_tool_instance_id", "container_name"]]


def filled(connection):
    """Fill the tables of the first revision: two rows of one name, as it allows, and words that are not ours."""
    rows = [
        ("web", ACCOUNT, "running", 1),
        ("web", str(uuid.UUID(int=5)), None, 2),
        ("db", str(uuid.UUID(int=0)), "odd", 3),
    ]
    for number, (name, account, status, hour) in enumerate(rows):
        connection.execute(
            schema.registry.insert().values(
                id=uuid.UUID(int=number + 1),
                account_tool_instance_id=uuid.UUID(account),
                container_name=name,
                docker_image_url="nginx:latest",
                container_id=str(number) * 64,
                dtma_status=status,
                port_bindings={"80/tcp": [{"HostIp": "", "HostPort": "8080"}]},
                environment_variables=[{"name": "A", "value": None}],
                created_at=datetime(2026, 1, 1, hour, tzinfo=UTC),
                updated_at=datetime(2026, 1, 1, hour, tzinfo=UTC),
            )
        )


def plan_rows(connection):
    return connection.execute(sa.select(schema.registry).order_by(schema.registry.c.created_at)).all()


def test_a_filled_registry_goes_up_and_down_and_loses_no_row(bring, opened, database_url):
    """Every column of the plan's table is as it was, and the agent reads the rows; of one name, the newest has it."""
    bring("0001", filled)
    before = bring(None, plan_rows)

    store = opened(database_url)
    rows = {row.row_id: row for row in store.all()}
    held = store.get("web").row_id
    store.close()
    assert bring(None, plan_rows) == before
    bring("0001")
    assert bring(None, plan_rows) == before
    assert bring(None, tables) == {"dtma_container_registry"}

    assert len(rows) == 3
    assert held == str(uuid.UUID(int=2))
    assert [row.status for row in rows.values()] == [Status.RUNNING, Status.STOPPED, Status.STOPPED]
    assert [row.account_tool_instance_id for row in rows.values()] == [ACCOUNT.lower(), str(uuid.UUID(int=5)), None]
    assert rows[held].port_bindings[0].host_port == 8080


def test_a_registry_of_today_goes_down_and_up_again(opened, database_url, bring):
    """Its rows stay; groups and the audit trail, for which the older revision has no place, go."""
    store = opened(database_url)
    store.insert(a_row(group_id="team"), (), Entry("me", "deploy"))
    identity = store.identity
    store.close()
    bring("0001")

    again = opened(database_url)

    (row,) = again.all()
    assert (row.name, row.status, row.group_id) == ("web", Status.RUNNING, None)
    assert again.history() == ()
    assert again.identity != identity


def test_a_registry_of_a_newer_version_is_refused(opened, database_url, bring):
    """It is left as it is, and the message says which revision it has."""
    opened(database_url).close()
    newer = sa.update(schema.version).values(version_num="9999")
    bring(None, lambda connection: connection.execute(newer) and None)

    with pytest.raises(StoreUnavailableError, match="another version of this program: 9999"):
        opened(database_url)
    assert bring(None, revisions.revision_of) == "9999"


def test_an_unknown_revision_is_told(bring):
    """With those that there are."""
    with pytest.raises(StoreUnavailableError, match="no revision: 0007; known are base, 0001, 0002"):
        bring("0007")
