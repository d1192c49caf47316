"""What the registry asks its database, each made once: making a statement costs more than having it answered."""

from __future__ import annotations

import sqlalchemy as sa

from dtma_reference.registry import schema
from dtma_reference.registry.records import Status

__all__ = [
    "ADD_AUDIT",
    "ADD_MANAGEMENT",
    "ADD_PORT",
    "ADD_ROW",
    "ALL_ROWS",
    "CHANGE_MANAGEMENT",
    "CHANGE_ROW",
    "ENVIRONMENT",
    "ENVIRONMENTS",
    "FORGET_GONE",
    "HISTORY",
    "HISTORY_OF_NAME",
    "IDENTITY",
    "PORT_HOLDERS",
    "REMOVE_MANAGEMENT",
    "REMOVE_PORT",
    "REMOVE_ROW",
    "ROWS_OF_NAME",
    "ROW_BY_ID",
    "ROW_BY_NAME",
    "WRITE_ENVIRONMENT",
]

_rows, _management, _ports, _audit = schema.registry, schema.management, schema.ports, schema.audit


def _same(*columns: sa.Column[object]) -> tuple[sa.ColumnElement[bool], ...]:
    """Return that columns have the values of the parameters that are called after them: ``of_id``."""
    return tuple(column == sa.bindparam(f"of_{column.name}") for column in columns)


def _set(*columns: sa.Column[object]) -> dict[str, sa.BindParameter[object]]:
    return {column.name: sa.bindparam(column.name) for column in columns}


_WHOLE = sa.select(
    _rows.c.id,
    _rows.c.container_name,
    _rows.c.docker_image_url,
    _rows.c.container_id,
    _rows.c.dtma_status,
    _rows.c.docker_status,
    _rows.c.port_bindings,
    _management.c.account_as_sent,
    _management.c.group_id,
    _management.c.engine_name,
    _management.c.adopted,
    _management.c.intent_token,
    _management.c.intent_owner,
    _management.c.intent_actor,
    _management.c.version,
).join_from(_rows, _management)

ALL_ROWS = _WHOLE.order_by(_rows.c.created_at, _rows.c.id)
ROW_BY_ID = _WHOLE.where(*_same(_rows.c.id))
ROW_BY_NAME = _WHOLE.where(*_same(_management.c.held_name))
# The one that holds the name, and those that are gone.
ROWS_OF_NAME = _WHOLE.where(*_same(_rows.c.container_name))
PORT_HOLDERS = sa.select(_ports).where(*_same(_ports.c.host_port, _ports.c.protocol))

ADD_ROW = _rows.insert()
ADD_MANAGEMENT = _management.insert()
ADD_PORT = _ports.insert()
ADD_AUDIT = _audit.insert()

CHANGE_ROW = (
    _rows.update()
    .where(*_same(_rows.c.id))
    .values(**_set(_rows.c.container_id, _rows.c.dtma_status, _rows.c.docker_status, _rows.c.updated_at))
)
CHANGE_MANAGEMENT = (
    _management.update()
    .where(*_same(_management.c.row_id, _management.c.version))
    .values(
        **_set(
            _management.c.held_name,
            _management.c.engine_name,
            _management.c.intent_token,
            _management.c.intent_owner,
            _management.c.intent_actor,
            _management.c.version,
        )
    )
)

REMOVE_MANAGEMENT = _management.delete().where(*_same(_management.c.row_id, _management.c.version))
REMOVE_ROW = _rows.delete().where(*_same(_rows.c.id))
REMOVE_PORT = _ports.delete().where(*_same(_ports.c.host_port, _ports.c.protocol, _ports.c.host_ip, _ports.c.row_id))
FORGET_GONE = _rows.delete().where(
    *_same(_rows.c.account_tool_instance_id, _rows.c.container_name), _rows.c.dtma_status == str(Status.GONE)
)

ENVIRONMENT = sa.select(_rows.c.environment_variables).where(*_same(_rows.c.id))
ENVIRONMENTS = sa.select(_rows.c.id, _rows.c.environment_variables)
WRITE_ENVIRONMENT = _rows.update().where(*_same(_rows.c.id)).values(**_set(_rows.c.environment_variables))

HISTORY = sa.select(_audit).order_by(_audit.c.id.desc()).limit(sa.bindparam("most"))
HISTORY_OF_NAME = HISTORY.where(*_same(_audit.c.container_name))
IDENTITY = sa.select(schema.identity.c.id)
