"""What the selfchecks of the registry share: registries on each kind of store, and agents in this process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import sys
from collections.abc import Callable, Iterator

import httpx
import pytest
from reference.callers import API_KEY, TOKEN, Caller

from dtma_reference.assembly import assemble
from dtma_reference.cli import main
from dtma_reference.engines.memory import ForeignContainer, MemoryEngine
from dtma_reference.registry import revisions
from dtma_reference.registry.database import Database
from dtma_reference.registry.environment import Vault
from dtma_reference.registry.location import RegistryLocation
from dtma_reference.registry.memory import MemoryStore
from dtma_reference.registry.opening import agent_registry, open_database_store
from dtma_reference.registry.presence import FileLock
from dtma_reference.registry.service import ContainerRegistryService
from dtma_reference.registry.store import Access, Store
from dtma_reference.settings import AgentSettings
from dtma_reference.tokens import Secrets


@pytest.fixture
def seed() -> int:
    """A number that everything random follows from; DTMA_SELFCHECK_SEED replays one."""
    number = int(os.environ.get("DTMA_SELFCHECK_SEED") or random.SystemRandom().getrandbits(32))
    print(f"DTMA_SELFCHECK_SEED={number}")  # noqa: T201 - shown where the test fails
    return number


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path) -> str:
    """The URL of an empty registry, on each database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/registry.db"
    return request.getfixturevalue("postgres").database()


@pytest.fixture
def opened() -> Iterator[Callable[..., Store]]:
    """Return what opens the rows of a registry, and closes them when the test ends."""
    with contextlib.ExitStack() as held:

        def open_one(url: str, *keys: str, access: Access = Access.MAKE) -> Store:
            location = RegistryLocation.parse(url)
            presence = FileLock(location.path) if location.path else None
            store = open_database_store(location, Vault(keys), presence, as_agent=True, access=access)
            held.callback(store.close)
            return store

        yield open_one


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path, opened) -> Store:
    """An empty registry's rows, on each kind of store."""
    if request.param == "memory":
        return MemoryStore()
    url = f"sqlite:///{tmp_path}/registry.db" if request.param == "sqlite" else None
    return opened(url or request.getfixturevalue("postgres").database())


@pytest.fixture
def agent() -> Iterator[Callable[..., Caller]]:
    """Return what makes an agent of a registry and an engine in this process."""
    with asyncio.Runner() as runner, contextlib.ExitStack() as held:

        def make(registry: ContainerRegistryService | str, engine: MemoryEngine | None = None) -> Caller:
            used = engine or MemoryEngine(foreign=[ForeignContainer("db")])
            if isinstance(registry, str):
                registry = agent_registry(RegistryLocation.parse(registry), Vault())
            _, app = assemble(AgentSettings(), Secrets(TOKEN, API_KEY), used, lambda: None, registry)
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            client = httpx.AsyncClient(transport=transport, base_url="http://agent")
            held.callback(lambda: runner.run(client.aclose()))
            held.callback(_close, registry)
            return Caller(client, runner, used, [])

        yield make


@pytest.fixture
def run(monkeypatch, capsys):
    """Return what runs a command and returns exit code, output and errors."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["dtma-reference", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        output = capsys.readouterr()
        return ended.value.code, output.out, output.err

    return run


@pytest.fixture
def bring(database_url):
    """Return what brings the registry to a revision and looks at it with a function."""

    def bring(revision, look=lambda _: None):
        database = Database(RegistryLocation.parse(database_url))
        with contextlib.closing(database), database.writing() as connection:
            if revision is not None:
                revisions.migrate(connection, revision)
            return look(connection)

    return bring


def _close(registry: ContainerRegistryService) -> None:
    close = getattr(registry._opened, "close", None)
    if close is not None:
        close()
