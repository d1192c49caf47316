"""How a statement may end: a set of bits, because both sides of a branch count. Pure."""

from __future__ import annotations

__all__ = ["BREAK", "CONTINUE", "NORMAL", "RETURN", "THROW"]

NORMAL = 1
RETURN = 2
BREAK = 4
CONTINUE = 8
THROW = 16
