"""Puts an agent and its application together, with the flaws that were asked for and no others."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from starlette.applications import Starlette

from dtma_reference.agent import Agent
from dtma_reference.app import create_app
from dtma_reference.engines.protocol import Engine
from dtma_reference.faults.answers import FaultyAnswers
from dtma_reference.faults.auth import FaultyAuthentication
from dtma_reference.faults.bodies import FaultyBodies
from dtma_reference.faults.instances import FaultyGroups, FaultyInstances
from dtma_reference.registry.memory import MemoryStore
from dtma_reference.registry.service import ContainerRegistryService
from dtma_reference.settings import AgentSettings
from dtma_reference.tokens import Secrets

__all__ = ["assemble"]


def assemble(
    settings: AgentSettings,
    secrets: Secrets,
    engine: Engine,
    restart: Callable[[], None],
    registry: ContainerRegistryService | None = None,
) -> tuple[Agent, Starlette]:
    """Return an agent and its application.

    Args:
        settings: what it is started with.
        secrets: the tokens that let a caller in.
        engine: runs the containers.
        restart: ends the process a moment later, so that the supervisor starts another.
        registry: what it manages; where there is none, one in memory that is empty.
    """
    agent = Agent.assemble(settings, secrets, engine, registry or ContainerRegistryService(MemoryStore), restart)
    if not settings.faults:
        return agent, create_app(agent)
    agent = _with_faults(agent)
    answers = FaultyAnswers(agent)
    return agent, create_app(agent, answers.mounted, answers.spoiled)


def _with_faults(agent: Agent) -> Agent:
    faults = agent.settings.faults
    instances = FaultyInstances(agent.engine, agent.registry, faults)
    return dataclasses.replace(
        agent,
        instances=instances,
        groups=FaultyGroups(instances, faults),
        authentication=FaultyAuthentication(agent.secrets, faults),
        bodies=FaultyBodies(faults),
        restart=_nothing if "restart-does-nothing" in faults else agent.restart,
    )


def _nothing() -> None:
    """Stand in for a restart that does not come."""
