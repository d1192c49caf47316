"""The plan's table."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "dtma_container_registry",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("account_tool_instance_id", sa.Uuid, nullable=False),
        sa.Column("container_name", sa.String(255), nullable=False),
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


def downgrade() -> None:
    """Drop the table; nothing is left."""
    op.drop_table("dtma_container_registry")
