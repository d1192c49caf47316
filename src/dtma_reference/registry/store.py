"""The seam to where rows are kept, and its refusals.

* StoreError
  x StoreUnavailableError       it cannot be asked, or cannot write; nothing is known to have changed
      x StoreMissingError       there is none yet, and whoever only reads makes none
  x RowChangedError             the row is not what it was thought to be: somebody else was faster
  x NameHeldError               another row has the name
  x PortHeldError               another row has the host port
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Protocol

from dtma_reference.registry.records import Entry, HistoryLine, ManagedInstance

__all__ = [
    "Access",
    "NameHeldError",
    "PortHeldError",
    "RowChangedError",
    "Store",
    "StoreError",
    "StoreMissingError",
    "StoreUnavailableError",
]


class Access(Enum):
    """What whoever opens a registry may do with it."""

    READ = auto()  # change nothing: neither its rows nor its revision
    CHANGE = auto()  # bring it to the newest revision, and write
    MAKE = auto()  # make it, too, where there is none


class StoreError(Exception):
    """The store refused, or failed."""


class StoreUnavailableError(StoreError):
    """The store cannot be asked, or cannot write; the message says what is the matter, without secrets."""


class StoreMissingError(StoreUnavailableError):
    """There is no registry yet."""

    def __init__(self) -> None:
        super().__init__("there is none yet; an agent that is started with it makes one")


class RowChangedError(StoreError):
    """The row is gone, or is not what it was thought to be."""


class NameHeldError(StoreError):
    """Another row has the name.

    Args:
        holder: that row.
    """

    def __init__(self, holder: ManagedInstance) -> None:
        super().__init__(holder.name)
        self.holder = holder


class PortHeldError(StoreError):
    """Another row has one of the host ports.

    Args:
        port: the host port.
        holder: that row.
    """

    def __init__(self, port: int, holder: ManagedInstance) -> None:
        super().__init__(port, holder.name)
        self.port = port
        self.holder = holder


class Store(Protocol):
    """Keeps rows; each call is one transaction. Thread-safe. Every method may raise :class:`StoreUnavailableError`."""

    @property
    def identity(self) -> str:
        """A UUID that tells this registry from any other; containers carry it."""

    @property
    def owner(self) -> int:
        """What this process writes into its intents."""

    def is_alive(self, owner: int) -> bool:
        """Return whether the process that wrote an intent may still act on it."""

    def get(self, name: str) -> ManagedInstance | None:
        """Return the row of that name, or None; rows of containers that are gone have none."""

    def row(self, row_id: str) -> ManagedInstance | None:
        """Return a row, whatever its status."""

    def all(self) -> tuple[ManagedInstance, ...]:
        """Return all rows, in the order of their making."""

    def insert(
        self, instance: ManagedInstance, environment: tuple[str, ...] = (), entry: Entry | None = None
    ) -> ManagedInstance:
        """Add a row, and return it as it is then.

        Raises:
            NameHeldError: another row has its name.
            PortHeldError: another row has one of its host ports.
        """

    def change(
        self, before: ManagedInstance, after: ManagedInstance | None, entry: Entry | None = None
    ) -> ManagedInstance | None:
        """Put ``after`` in the place of ``before``, or nothing, and return it as it is then.

        Raises:
            RowChangedError: the row is not ``before`` any more.
            NameHeldError: another row has its name.
            PortHeldError: another row has one of its host ports.
        """

    def note(self, instance: ManagedInstance, entry: Entry) -> None:
        """Write into the audit trail what changed no row."""

    def history(self, name: str | None = None, limit: int | None = None) -> tuple[HistoryLine, ...]:
        """Return the audit trail, oldest first; the last lines where there is a limit."""
