"""What an agent is started with, as one value that also travels from the supervisor to the agent's process."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field

from dtma_reference import __version__
from dtma_reference.registry.location import MEMORY

__all__ = ["AgentSettings"]


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """The settings of an agent.

    Attributes:
        host: address to listen on.
        port: port to listen on.
        docker: the Docker Engine's URL, or None for the memory engine.
        faults: names of the faults that are switched on.
        allow_ssh: whether ``POST /ssh/execute`` runs commands.
        version: the version that the agent says it has.
        has_api_base_url: whether AGENTOPIA_API_BASE_URL is set.
        registry: where the registry is, ``memory`` or a database's URL.
        registry_folder: a temporary folder that holds it and goes with the agent, or empty.
    """

    host: str = "127.0.0.1"
    port: int = 30000
    docker: str | None = None
    faults: frozenset[str] = frozenset()
    allow_ssh: bool = False
    version: str = __version__
    has_api_base_url: bool = False
    registry: str = field(default=MEMORY, repr=False)
    registry_folder: str = ""

    def to_json(self) -> str:
        """Return it as one line."""
        return json.dumps({**dataclasses.asdict(self), "faults": sorted(self.faults)})

    @classmethod
    def from_json(cls, line: str) -> AgentSettings:
        """Return the settings that :meth:`to_json` wrote."""
        fields = json.loads(line)
        return cls(**{**fields, "faults": frozenset(fields["faults"])})
