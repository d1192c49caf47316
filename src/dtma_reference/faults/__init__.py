"""Ways to break the contract, each in exactly one respect."""

from __future__ import annotations

__all__ = ["FAULTS"]

FAULTS: dict[str, str] = {}
