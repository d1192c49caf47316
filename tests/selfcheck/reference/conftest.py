"""What the selfchecks of the reference agent share: engines under test, and agents without a network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from pure.shipped_contract import CONTRACT
from reference.benches import Bench
from reference.callers import API_KEY, TOKEN, Caller

from dtma_contract.contract import Contract
from dtma_reference.assembly import assemble
from dtma_reference.engines.docker import DockerEngine
from dtma_reference.engines.memory import DEFAULT_IMAGE, ForeignContainer, MemoryEngine
from dtma_reference.settings import AgentSettings
from dtma_reference.tokens import Secrets


@pytest.fixture(params=["memory", pytest.param("docker", marks=pytest.mark.docker)])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    """The memory engine, then Docker itself."""
    if request.param == "memory":
        bench = Bench(MemoryEngine(), DEFAULT_IMAGE)
    else:
        endpoint, image = (request.getfixturevalue(name) for name in ("docker_endpoint", "probe_image"))
        bench = Bench(DockerEngine(endpoint), image)
    if not bench.engine.has_image(bench.image):
        bench.engine.pull(bench.image)
    yield bench
    bench.clean_up()


@pytest.fixture
def agent() -> Iterator[Callable[..., Caller]]:
    """Return what makes an agent on the memory engine with one foreign container, ``db``."""
    with asyncio.Runner() as runner:
        clients: list[httpx.AsyncClient] = []

        def make(*faults: str, secrets: Secrets | None = None, **settings: Any) -> Caller:
            engine = MemoryEngine(foreign=[ForeignContainer("db")])
            restarts: list[None] = []
            _, app = assemble(
                AgentSettings(faults=frozenset(faults), **settings),
                secrets or Secrets(TOKEN, API_KEY),
                engine,
                lambda: restarts.append(None),
            )
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            clients.append(httpx.AsyncClient(transport=transport, base_url="http://agent"))
            return Caller(clients[-1], runner, engine, restarts)

        yield make
        for client in clients:
            runner.run(client.aclose())


@pytest.fixture
def caller(agent: Callable[..., Caller]) -> Caller:
    """An agent without faults."""
    return agent()


@pytest.fixture(scope="session")
def contract() -> Contract:
    """The contract that the agent has to keep."""
    return CONTRACT
