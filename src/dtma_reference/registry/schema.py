"""The tables of the registry, as they are at the newest revision.

``dtma_container_registry`` is the plan's table, column for column. What the agent needs beyond it stands in tables of
its own, so that whoever reads that one finds what was promised.
"""

from __future__ import annotations

import sqlalchemy as sa

__all__ = ["HEAD", "METADATA", "REVISIONS", "audit", "identity", "management", "ports", "registry", "version"]

# All revisions, the newest last; a selfcheck holds them to the migrations.
REVISIONS = ("0001", "0002")
HEAD = REVISIONS[-1]

METADATA = sa.MetaData()


def _row() -> sa.ForeignKey:
    return sa.ForeignKey("dtma_container_registry.id", ondelete="CASCADE")


registry = sa.Table(
    "dtma_container_registry",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("account_tool_instance_id", sa.Uuid, nullable=False),
    sa.Column("container_name", sa.String(255), nullable=False, index=True),
    sa.Column("docker_image_url", sa.String(1024), nullable=False),
    sa.Column("container_id", sa.String(64)),
    sa.Column("dtma_status", sa.String(32)),
    sa.Column("docker_status", sa.String(32)),
    sa.Column("port_bindings", sa.JSON),
    sa.Column("environment_variables", sa.JSON),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.UniqueConstraint("account_tool_instance_id", "container_name", name="uq_dtma_account_container"),
)

management = sa.Table(
    "dtma_container_management",
    METADATA,
    sa.Column("row_id", sa.Uuid, _row(), primary_key=True),
    # A name has one holder, whatever the backend's row: null where the container is gone.
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

ports = sa.Table(
    "dtma_host_ports",
    METADATA,
    sa.Column("host_port", sa.Integer, primary_key=True),
    sa.Column("protocol", sa.String(8), primary_key=True),
    sa.Column("host_ip", sa.String(64), primary_key=True),
    sa.Column("row_id", sa.Uuid, _row(), nullable=False, index=True),
)

audit = sa.Table(
    "dtma_audit_trail",
    METADATA,
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

identity = sa.Table("dtma_registry_identity", METADATA, sa.Column("id", sa.Uuid, primary_key=True))

# Alembic's own table, declared here so that a fresh registry is made without loading Alembic.
version = sa.Table(
    "alembic_version",
    METADATA,
    sa.Column("version_num", sa.String(32), primary_key=True),
)
