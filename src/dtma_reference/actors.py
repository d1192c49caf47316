"""On whose behalf something is done: set where a caller is let in, read where it is written down."""

from __future__ import annotations

from contextvars import ContextVar

__all__ = ["ANYBODY", "RECONCILIATION", "current_actor"]

# Where nobody had to say who they are.
ANYBODY = "anybody"
RECONCILIATION = "reconciliation"

# The name of the variable whose secret the caller sent; worker threads see the value of the request they serve.
current_actor: ContextVar[str] = ContextVar("current_actor", default=ANYBODY)
