"""Intents, names and host ports that one instance holds, the audit trail and the registry's own identity."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_NOBODY = uuid.UUID(int=0)
_INDEX = "ix_dtma_container_registry_container_name"


def upgrade() -> None:
    """Make the tables, and fill them for the rows that are there."""
    management = op.create_table(
        "dtma_container_management",
        sa.Column("row_id", sa.Uuid, _row(), primary_key=True),
        sa.Column("held_name", sa.String(255), unique=True),
        sa.Column("account_as_sent", sa.String(64)),
        sa.Column("group_id", sa.String(255)),
        sa.Column("engine_name", sa.String(255), nullable=False),
        sa.Column("adopted", sa.Boolean, nullable=False),
        sa.Column("intent_token", sa.String(64)),
        sa.Column("intent_owner", sa.BigInteger),
        sa.Column("intent_actor", sa.String(64)),
        sa.Column("version", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "dtma_host_ports",
        sa.Column("host_port", sa.Integer, primary_key=True),
        sa.Column("protocol", sa.String(8), primary_key=True),
        sa.Column("host_ip", sa.String(64), primary_key=True),
        sa.Column("row_id", sa.Uuid, _row(), nullable=False, index=True),
    )
    op.create_table(
        "dtma_audit_trail",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("operation", sa.String(64), nullable=False),
        sa.Column("outcome", sa.String(64), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("row_id", sa.Uuid, nullable=False),
        sa.Column("container_name", sa.String(255), nullable=False, index=True),
        sa.Column("before", sa.JSON(none_as_null=True)),
        sa.Column("after", sa.JSON(none_as_null=True)),
    )
    identity = op.create_table("dtma_registry_identity", sa.Column("id", sa.Uuid, primary_key=True))
    op.bulk_insert(identity, [{"id": uuid.uuid4()}])
    op.bulk_insert(management, list(_managed()))
    op.create_index(_INDEX, "dtma_container_registry", ["container_name"])


def _row() -> sa.ForeignKey:
    return sa.ForeignKey("dtma_container_registry.id", ondelete="CASCADE")


def _managed() -> Iterator[dict[str, Any]]:
    """Yield what belongs to each row; of several rows of one name the newest holds it."""
    rows = op.get_bind().execute(
        sa.text(
            "SELECT id, account_tool_instance_id, container_name, dtma_status "
            "FROM dtma_container_registry ORDER BY created_at DESC"
        ).columns(id=sa.Uuid, account_tool_instance_id=sa.Uuid)
    )
    held: set[str] = set()
    for row_id, account, name, status in rows:
        holds = status != "gone" and name not in held
        held |= {name} if holds else set()
        yield {
            "row_id": row_id,
            "held_name": name if holds else None,
            "account_as_sent": None if account == _NOBODY else str(account),
            "group_id": None,
            "engine_name": name,
            "adopted": False,
            "intent_token": None,
            "intent_owner": None,
            "intent_actor": None,
            "version": 0,
        }


def downgrade() -> None:
    """Drop the tables; the plan's own stays as it is."""
    op.drop_index(_INDEX, "dtma_container_registry")
    for table in ("dtma_registry_identity", "dtma_audit_trail", "dtma_host_ports", "dtma_container_management"):
        op.drop_table(table)
