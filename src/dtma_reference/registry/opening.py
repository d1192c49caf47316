"""Opens a registry where it is; database libraries are loaded only once there is something to read or write."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from dtma_reference.registry.environment import Vault
from dtma_reference.registry.location import RegistryLocation
from dtma_reference.registry.memory import MemoryStore
from dtma_reference.registry.presence import FileLock, Presence
from dtma_reference.registry.service import ContainerRegistryService
from dtma_reference.registry.store import Access, StoreMissingError, StoreUnavailableError

if TYPE_CHECKING:
    from dtma_reference.registry.database import Database
    from dtma_reference.registry.database_store import DatabaseStore

__all__ = ["agent_registry", "made_database", "open_database_store"]


def agent_registry(location: RegistryLocation, vault: Vault) -> ContainerRegistryService:
    """Return the registry of an agent. A SQLite registry has one agent at a time.

    Args:
        location: where it is.
        vault: encrypts environments.

    Raises:
        AgentRunningError: another agent works with the same file.
        OSError: the file's folder cannot be used.
    """
    if location.is_memory:
        return ContainerRegistryService(MemoryStore)
    presence = FileLock(location.path) if location.path else None
    return ContainerRegistryService(
        lambda: open_database_store(location, vault, presence, as_agent=True),
        lambda: bool(location.path) and not Path(location.path).exists(),
    )


def open_database_store(
    location: RegistryLocation,
    vault: Vault,
    presence: Presence | None = None,
    *,
    as_agent: bool = False,
    access: Access = Access.MAKE,
) -> DatabaseStore:
    """Return the rows of a database, at the newest revision.

    Args:
        location: where it is.
        vault: encrypts environments.
        presence: the agent of a SQLite registry, which it is to be.
        as_agent: whether this process is an agent, and no bystander.
        access: what may be done with it.

    Raises:
        StoreMissingError: there is none, and none may be made.
        StoreUnavailableError: the database cannot be used.
    """
    # SQLAlchemy costs a quarter of a second to load.
    from dtma_reference.registry.database_store import DatabaseStore  # noqa: PLC0415 - slow to load, often not needed

    database = made_database(location, presence, as_agent=as_agent, access=access)
    try:
        database.open()
        return DatabaseStore(database, vault)
    except BaseException:
        with suppress(StoreUnavailableError):
            database.close()
        raise


def made_database(
    location: RegistryLocation,
    presence: Presence | None = None,
    *,
    as_agent: bool = False,
    access: Access = Access.MAKE,
) -> Database:
    """Return a database, not yet open; the file of a SQLite one is there then.

    Args:
        location: where it is.
        presence: the agent of a SQLite registry, which it is to be.
        as_agent: whether this process is an agent, and no bystander.
        access: what may be done with it.

    Raises:
        StoreMissingError: there is no file, and none may be made.
        StoreUnavailableError: the file or the address cannot be used.
    """
    from dtma_reference.registry.database import Database  # noqa: PLC0415 - slow to load and often not needed

    if location.path and access is Access.MAKE:
        _make_file(location.path)
    elif location.path and not Path(location.path).exists():
        raise StoreMissingError
    return Database(location, presence, as_agent=as_agent, access=access)


def _make_file(path: str) -> None:
    """Make a database's file, where there is none, so that only its owner can read it; those beside it follow."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError:
        raise StoreUnavailableError("its file cannot be opened") from None
