"""Calls under way. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from dtma_contract.discovery.express.syntax import Node
from dtma_contract.discovery.express.values import Value

__all__ = ["Frame"]


@dataclass(slots=True)
class Frame:
    """A call under way.

    Attributes:
        mark: how many conditions held when it began.
        returned: what it may return, with conditions.
        yielded: what a generator yielded.
        site: the call, or None.
    """

    mark: int = 0
    returned: list[tuple[str, Value]] = field(default_factory=list)
    yielded: list[Value] = field(default_factory=list)
    site: Node | None = None
