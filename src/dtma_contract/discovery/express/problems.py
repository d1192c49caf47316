"""What an evaluation could not resolve. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from dtma_contract.routes import Location

__all__ = ["Problem"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be resolved.

    Attributes:
        location: where.
        reason: why, one sentence without a full stop.
        hides: whether routes may be hidden anywhere; otherwise it stands for itself.
    """

    location: Location
    reason: str
    hides: bool = True
