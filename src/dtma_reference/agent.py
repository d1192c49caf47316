"""One agent: its parts, put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dtma_reference.auth import Authentication
from dtma_reference.bodies import Bodies
from dtma_reference.engines.protocol import Engine
from dtma_reference.groups import Groups
from dtma_reference.instances import Instances
from dtma_reference.log import RecentLog
from dtma_reference.registry.service import ContainerRegistryService
from dtma_reference.settings import AgentSettings
from dtma_reference.tokens import Secrets

__all__ = ["Agent"]


@dataclass(frozen=True, slots=True)
class Agent:
    """The parts that the routes work with.

    Attributes:
        settings: what it was started with.
        secrets: the tokens that let a caller in.
        engine: runs the containers.
        registry: remembers which of them are the agent's.
        instances: the tool instances.
        groups: the MCP groups.
        authentication: judges bearer tokens.
        bodies: reads request bodies.
        log: the recent log lines.
        restart: ends this process a moment later, so that the supervisor starts another.
    """

    settings: AgentSettings
    secrets: Secrets
    engine: Engine
    registry: ContainerRegistryService
    instances: Instances
    groups: Groups
    authentication: Authentication
    bodies: Bodies
    log: RecentLog
    restart: Callable[[], None]

    @classmethod
    def assemble(
        cls,
        settings: AgentSettings,
        secrets: Secrets,
        engine: Engine,
        registry: ContainerRegistryService,
        restart: Callable[[], None],
    ) -> Agent:
        """Return an agent that manages what its registry holds."""
        instances = Instances(engine, registry)
        return cls(
            settings=settings,
            secrets=secrets,
            engine=engine,
            registry=registry,
            instances=instances,
            groups=Groups(instances),
            authentication=Authentication(secrets),
            bodies=Bodies(),
            log=RecentLog(secrets),
            restart=restart,
        )
