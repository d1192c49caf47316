"""All incidents, in the order of what they need."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

from . import agents, network, proxies
from .incident import Incident

__all__ = ["INCIDENTS"]


def _in(module: ModuleType) -> Iterator[Incident]:
    return (value for value in vars(module).values() if isinstance(value, Incident))


INCIDENTS: tuple[Incident, ...] = tuple(found for module in (network, proxies, agents) for found in _in(module))
