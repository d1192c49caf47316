"""What the supervisor and the agent's process say to each other."""

from __future__ import annotations

__all__ = ["READY", "RESTART_EXIT_CODE"]

# What the agent's process prints when it listens.
READY = "ready"

# How the agent's process ends after POST /restart (EX_TEMPFAIL of sysexits.h: try again).
RESTART_EXIT_CODE = 75
