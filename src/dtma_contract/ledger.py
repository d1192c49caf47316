"""What a run created, on disk before the request is sent, so that nothing is lost when the run is.

A ledger is an append-only file of JSON lines in the run's folder:

* ``{"event": "run", "run", "namespace", "target", "token_env", "docker", "started"}`` stands first;
* ``{"event": "create", "kind", "name"}`` is on the disk before the create is sent;
* ``{"event": "answered", "kind", "name", "status"}`` tells what came of it: 0 where it
  was never sent, 504 where it was sent and not answered;
* ``{"event": "gone", "kind", "name"}`` says that a removal succeeded; clean-up looks again all the same;
* ``{"event": "closed", "left_behind": [{kind, name, reason, command}]}`` ends a clean-up; with ``"forgotten": [name]``
  and nothing left it says that a user knows of these, and that nobody is to ask for them again.

While a run lives it holds a lock on the file, so that a sweep never works beside it.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

from dtma_contract.errors import DtmaContractError, EngineError, UsageError
from dtma_contract.fence.decisions import Thing

__all__ = ["LEDGER_NAME", "Ledger", "LedgerBusyError", "LedgerState", "RunRecord"]

LEDGER_NAME: Final = "ledger.jsonl"

# These answers to a create say that nothing was made; any other, and none, leave it open. 409 is none of them: a name
# of the run that is taken was taken by the run.
_DENIED: Final = frozenset({0, 400, 401, 403, 404, 405, 413, 415, 422})


class LedgerBusyError(EngineError):
    """Another process works with the ledger: its run is still alive."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What a clean-up must know of a run.

    Attributes:
        run: id of the run.
        namespace: what all its names begin with.
        target: URL of the target.
        token_env: environment variable that holds the token; empty for a target that ends with its run.
        docker: endpoint of the target's Docker Engine, or None.
        started: ISO 8601, UTC.
    """

    run: str
    namespace: str
    target: str
    token_env: str
    docker: str | None
    started: str


@dataclass(slots=True)
class LedgerState:
    """What the events of a ledger say. Pure.

    Attributes:
        record: the run.
        created: everything that the run tried to create, in order, with the status of the answer or None.
        names: the names of it.
        gone: what a removal was confirmed for since.
        grouped: what was asked for together with a group.
        left_behind: what the last clean-up could not remove; None where nothing was cleaned up since the last create.
    """

    record: RunRecord
    created: dict[Thing, int | None] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    gone: set[Thing] = field(default_factory=set)
    grouped: set[Thing] = field(default_factory=set)
    left_behind: list[Mapping[str, str]] | None = None

    @classmethod
    def from_lines(cls, lines: Iterable[str], origin: str = "the ledger") -> LedgerState:
        """Return the state after all lines; a torn last line, as a crash leaves it, does not count.

        Raises:
            UsageError: it is no ledger, or a line inside it is damaged.
        """
        events: list[Mapping[str, Any]] = []
        torn = ""
        for number, line in enumerate(lines, start=1):
            if torn:
                raise UsageError(
                    f"{origin} is damaged: {torn}.", "Names of runs begin with dtmac-; look for them by hand."
                )
            try:
                events.append(_event(line))
            except ValueError:
                torn = f"line {number} cannot be read"
        if not events or events[0]["event"] != "run":
            raise UsageError(f"{origin} is no ledger of a run.", "Name a run's ledger.jsonl, or the folder of reports.")
        try:
            state = cls(RunRecord(**{name: events[0][name] for name in RunRecord.__slots__}))
            for event in events[1:]:
                state.apply(event)
        except (KeyError, TypeError) as problem:
            raise UsageError(f"{origin} is damaged: {type(problem).__name__} {problem}.") from None
        return state

    def apply(self, event: Mapping[str, Any]) -> None:
        """Take in one more event; unknown events of later versions do not count."""
        kind = event["event"]
        if kind == "closed":
            self.left_behind = list(event["left_behind"])
        if kind not in {"create", "answered", "gone"}:
            return
        thing = Thing(event["kind"], event["name"])
        if kind == "create":
            self.created[thing] = None
            self.names.add(thing.name)
            self.gone.discard(thing)
            if event.get("grouped"):
                self.grouped.add(thing)
            self.left_behind = None
        elif kind == "answered":
            before = self.created.get(thing)
            # One answer that leaves it open outweighs all that deny it.
            self.created[thing] = event["status"] if before is None or before in _DENIED else before
        else:
            self.gone.add(thing)

    def was_acknowledged(self, thing: Thing) -> bool:
        """Return whether the agent said yes to the thing by itself, and no removal of it was seen.

        What was made with a group goes with the group, of which the agent need not say more.
        """
        status = self.created[thing]
        acknowledged = status is not None and 200 <= status < 300  # noqa: PLR2004 - RFC 9110 section 15.3
        return acknowledged and thing not in self.gone and thing not in self.grouped

    def may_exist(self, thing: Thing) -> bool:
        """Return whether the thing may have come into being and was not seen to go."""
        return self.created[thing] not in _DENIED and thing not in self.gone


class Ledger:
    """The file, locked by this process until it is closed.

    Attributes:
        path: of the file.
        state: what it says.
        needs_sync: whether a create was noted that is not yet on the disk.
    """

    def __init__(self, path: Path, file: IO[bytes], state: LedgerState) -> None:
        self.path = path
        self.state = state
        self.needs_sync = False
        self._file = file

    @classmethod
    def create(cls, path: Path, record: RunRecord) -> Ledger:
        """Begin the ledger of a run.

        Raises:
            EngineError: the file cannot be written, or is there already.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        except OSError as problem:
            raise EngineError(f"The ledger {path} cannot be written: {problem}.") from None
        ledger = cls(path, os.fdopen(descriptor, "a+b"), LedgerState(record))
        _lock(ledger._file, path)
        ledger._write({"event": "run", **{name: getattr(record, name) for name in RunRecord.__slots__}})
        ledger.sync()
        _sync_folder(path.parent)
        return ledger

    @classmethod
    def open(cls, path: Path, *, repair: bool = True) -> Ledger:
        """Open the ledger of a run that is over.

        Args:
            path: of the file.
            repair: whether to take off a torn last line, whose request was never sent; needed before writing.

        Raises:
            UsageError: it cannot be read.
            LedgerBusyError: its run is still alive.
        """
        try:
            file = path.open("r+b")
        except OSError as problem:
            raise UsageError(f"The ledger {path} cannot be read: {problem}.") from None
        try:
            _lock(file, path)
            data = file.read()
            state = LedgerState.from_lines(data.decode().splitlines(), f"The ledger {path}")
            whole = data[: data.rfind(b"\n") + 1]
            if repair:
                file.truncate(len(whole))
                file.seek(len(whole))
        except UnicodeDecodeError:
            file.close()
            raise UsageError(f"The ledger {path} is no text.") from None
        except DtmaContractError:
            file.close()
            raise
        return cls(path, file, state)

    def created(self, things: Iterable[Thing]) -> None:
        """Note what one request is about to create. Call :meth:`sync` before it is sent."""
        asked = tuple(things)
        grouped = {"grouped": True} if any(thing.kind == "group" for thing in asked) else {}
        for thing in asked:
            if self.state.created.get(thing, 0) in _DENIED or thing in self.state.gone:
                self._note({"event": "create", "kind": thing.kind, "name": thing.name, **grouped})
                self.needs_sync = True

    def sync(self) -> None:
        """Put all notes on the disk."""
        self.needs_sync = False
        try:
            os.fsync(self._file.fileno())
        except OSError as problem:
            raise EngineError(f"The ledger {self.path} cannot be written: {problem}.") from None

    def answered(self, things: Iterable[Thing], status: int) -> None:
        """Note the answer to a create; 0 where it was never sent."""
        for thing in things:
            if self.state.created.get(thing) != status:
                self._note({"event": "answered", "kind": thing.kind, "name": thing.name, "status": status})

    def gone(self, thing: Thing) -> None:
        """Note that a removal succeeded."""
        if thing in self.state.created and thing not in self.state.gone:
            self._note({"event": "gone", "kind": thing.kind, "name": thing.name})

    def closed(self, left_behind: Iterable[Mapping[str, str]]) -> None:
        """Note the result of a clean-up."""
        self._note({"event": "closed", "left_behind": list(left_behind)})
        self.sync()

    def forgotten(self, names: Iterable[str]) -> None:
        """Note that a user knows of what may be there still, and that no sweep is to ask for it again."""
        self._note({"event": "closed", "left_behind": [], "forgotten": list(names)})
        self.sync()

    def close(self) -> None:
        """Release the file and its lock."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _note(self, event: Mapping[str, Any]) -> None:
        self._write(event)
        self.state.apply(event)

    def _write(self, event: Mapping[str, Any]) -> None:
        try:
            self._file.write(json.dumps(event).encode() + b"\n")
            self._file.flush()
        except OSError as problem:
            raise EngineError(f"The ledger {self.path} cannot be written: {problem}.") from None


def _event(line: str) -> Mapping[str, Any]:
    event = json.loads(line)
    if not isinstance(event, Mapping) or not isinstance(event.get("event"), str):
        raise ValueError("no event")  # noqa: TRY004 - the caller treats it as any other unreadable line
    return event


def _lock(file: IO[bytes], path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise LedgerBusyError(f"The run of {path} is still alive.", "Wait until it ends, or end it.") from None


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
