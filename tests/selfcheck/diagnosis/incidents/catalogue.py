"""All incidents, in the order of what they need."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

from . import agents, code, containers, instances, network, proxies
from .incident import Incident

__all__ = ["INCIDENTS"]


def _in(module: ModuleType) -> Iterator[Incident]:
    return (value for value in vars(module).values() if isinstance(value, Incident))


_MODULES = (network, proxies, agents, code, containers, instances)

INCIDENTS: tuple[Incident, ...] = tuple(found for module in _MODULES for found in _in(module))
