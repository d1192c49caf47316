"""An engine under test."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from dtma_reference.engines.protocol import ContainerSpec, Engine, PortBinding

__all__ = ["Bench"]


@dataclass
class Bench:
    """An engine under test, with names that are this test's own."""

    engine: Engine
    image: str
    prefix: str = field(default_factory=lambda: f"dtmar-{secrets.token_hex(4)}-z")
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def name(self) -> str:
        """Return a name that nobody else has."""
        return f"{self.prefix}{next(self._numbers)}"

    def spec(self, *bindings: PortBinding, **changes: Any) -> ContainerSpec:
        """Return what a container with a name of its own is created from."""
        return ContainerSpec(**{"name": self.name(), "image": self.image, "port_bindings": bindings, **changes})

    def running(self, *bindings: PortBinding, **changes: Any) -> str:
        """Return the id of a running container."""
        container = self.engine.create(self.spec(*bindings, **changes))
        self.engine.start(container)
        return container

    def clean_up(self) -> None:
        """Remove what this test created."""
        for container in self.engine.list():
            if container.name.startswith(self.prefix):
                self.engine.remove(container.id)
