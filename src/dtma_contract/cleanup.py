"""Removes what a run created, in reverse order, and says what is left. Only exact names out of the ledger.

Each step is guarded and can run twice. The agent is asked first; where its host's Docker Engine is known, containers
that the agent does not remove are removed there.
"""

from __future__ import annotations

import asyncio
import json
import shlex
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Protocol
from urllib.parse import quote

from dtma_contract.contract import Effect, EffectLevel, Operation
from dtma_contract.errors import DtmaContractError, EngineError
from dtma_contract.evidence import TOKEN_PLACEHOLDER
from dtma_contract.fence.answers import Answer
from dtma_contract.fence.decisions import Thing
from dtma_contract.fence.gate import Gate
from dtma_contract.fence.http1 import RequestHead

__all__ = ["CleanupReport", "Containers", "LeftBehind", "clean_up"]

# Enough to be quick over a slow line, little enough not to strain a droplet: each removal kills a container.
_AT_ONCE: Final = 4
_GROUP_QUERY: Final = "?forceRemove=true"
_LISTINGS: Final = ("/tools", "/status")


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """Something that could not be removed.

    Attributes:
        kind: ``instance`` or ``group``.
        name: its name.
        reason: why it is still there, or may be; one sentence.
        command: how to remove it by hand.
    """

    kind: str
    name: str
    reason: str
    command: str

    def to_json(self) -> dict[str, str]:
        """Return it as JSON data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class CleanupReport:
    """What came of a clean-up.

    Attributes:
        removed: names of what was removed now.
        left_behind: what is still there, or may be.
    """

    removed: tuple[str, ...] = ()
    left_behind: tuple[LeftBehind, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON data."""
        return {"removed": list(self.removed), "left_behind": [item.to_json() for item in self.left_behind]}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> CleanupReport:
        """Return the report of JSON data."""
        return cls(tuple(data["removed"]), tuple(LeftBehind(**item) for item in data["left_behind"]))


class Containers(Protocol):
    """What clean-up needs of a Docker Engine."""

    def remove_named(self, names: Iterable[str]) -> tuple[str, ...]:
        """Remove the containers of exactly these names; return those that were there and are gone."""
        ...


async def clean_up(gate: Gate, connect: Callable[[], Containers] | None = None) -> CleanupReport:
    """Remove everything that a gate's ledger names and note the result there.

    Args:
        gate: of the run, or of a sweep.
        connect: opens the target's Docker Engine, or None where it is not known; it may raise DtmaContractError.
    """
    things = list(reversed(gate.ledger.state.created))
    if not things:
        return CleanupReport()
    report = await _Cleanup(gate, connect).run(things)
    gate.ledger.closed(item.to_json() for item in report.left_behind)
    return report


class _Cleanup:
    def __init__(self, gate: Gate, connect: Callable[[], Containers] | None) -> None:
        self._gate = gate
        self._connect = connect
        # What was created at a higher level must go, whatever level the run or its sweep has.
        self._policy = replace(gate.policy, effects=max(gate.policy.effects, EffectLevel.LIFECYCLE))
        self._removed: dict[str, None] = {}
        self._trouble: dict[Thing, str] = {}
        self._unknown: set[Thing] = set()
        self._gone_at_engine: frozenset[str] = frozenset()
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def run(self, things: list[Thing]) -> CleanupReport:
        state = self._gate.ledger.state
        pending = [thing for thing in things if state.may_exist(thing)]
        for kind in ("group", "instance"):
            await self._each(self._remove, [thing for thing in pending if thing.kind == kind])
        listed = await self._listed()
        # A name that was gone, or never made, and yet is listed was made again by the agent itself.
        await self._each(
            self._remove, [thing for thing in things if thing.name in (listed or ()) and thing not in self._trouble]
        )
        engine_knows = await self._remove_at_engine(things)
        listed = await self._listed() if listed is None or listed & {thing.name for thing in things} else listed
        left = [item for thing in things if (item := self._left(thing, listed, engine_knows=engine_knows))]
        return CleanupReport(tuple(self._removed), tuple(left))

    async def _each(self, step: Callable[[Thing], Awaitable[None]], things: list[Thing]) -> None:
        async def bounded(thing: Thing) -> None:
            async with self._slots:
                try:
                    await step(thing)
                except EngineError as problem:
                    self._trouble[thing] = str(problem)

        await asyncio.gather(*(bounded(thing) for thing in things))

    async def _remove(self, thing: Thing) -> None:
        operation = next(
            (
                operation
                for operation in self._policy.contract.operations
                if operation.effect is Effect.REMOVE and operation.subject and operation.subject.kind == thing.kind
            ),
            None,
        )
        if operation is None:
            self._trouble[thing] = f"The contract has no operation that removes a {thing.kind}."
            return
        answer = await self._send(operation.method, _path(operation, thing))
        if 200 <= answer.status < 300 and not answer.fence:  # noqa: PLR2004 - RFC 9110 section 15.3
            self._removed[thing.name] = None
            self._trouble.pop(thing, None)
            self._gate.ledger.gone(thing)
        elif _says_it_is_unknown(answer):
            self._unknown.add(thing)
        else:
            self._trouble[thing] = f"Its removal was answered {_brief(answer)}."

    async def _listed(self) -> set[str] | None:
        """Return all names that the agent's listings hold, or None where it shows none of them."""
        names: set[str] = set()
        seen = False
        # An agent that hangs is waited for once.
        for answer in await asyncio.gather(*(self._send("GET", path) for path in _LISTINGS)):
            if answer.status == 200 and not answer.fence:  # noqa: PLR2004 - the documented success
                seen = True
                names |= _words(answer.body)
        return names if seen else None

    async def _remove_at_engine(self, things: list[Thing]) -> bool:
        """Remove what the agent did not; return whether the engine could be asked."""
        if self._connect is None:
            return False
        names = {thing.name for thing in things if thing.kind == "instance"}
        connect = self._connect
        try:
            gone = await asyncio.to_thread(lambda: connect().remove_named(names))
        except DtmaContractError as problem:
            for thing in self._trouble:
                self._trouble[thing] += f" The Docker Engine: {problem}"
            return False
        self._removed.update(dict.fromkeys(gone))
        self._gone_at_engine = frozenset(gone)
        return True

    def _left(self, thing: Thing, listed: set[str] | None, *, engine_knows: bool) -> LeftBehind | None:
        state = self._gate.ledger.state
        trouble = self._trouble.get(thing, "")
        if thing.kind == "instance" and thing.name in self._gone_at_engine:
            return None
        if thing in state.gone and thing in self._unknown:
            # Removed with a success, and unknown ever since: a listing that still has it is out of date.
            return None
        if listed is not None and thing.name in listed:
            reason = f"The agent still lists it. {trouble}".strip()
        elif engine_knows and thing.kind == "instance":
            return None
        elif thing in self._unknown and state.was_acknowledged(thing):
            reason = "Its deploy was acknowledged, and the agent knows it no more: its container may still run."
        elif trouble and state.may_exist(thing) and (listed is None or thing.kind == "group"):
            reason = f"It may be there: the agent cannot be asked. {trouble}"
        else:
            return None
        record = state.record
        return LeftBehind(thing.kind, thing.name, reason, _command(thing, record.target, record.token_env))

    async def _send(self, method: str, target: str) -> Answer:
        head = RequestHead.of(method, target, f"Bearer {TOKEN_PLACEHOLDER}")
        return (await self._gate.exchange(head, b"", policy=self._policy)).answer


def _path(operation: Operation, thing: Thing) -> str:
    parameter = operation.subject.parameter if operation.subject else ""
    path = operation.path.replace("{" + parameter + "}", quote(thing.name, safe="", errors="surrogatepass"))
    return path + _GROUP_QUERY if thing.kind == "group" else path


def _command(thing: Thing, target: str, token_env: str) -> str:
    if thing.kind == "instance":
        return f"docker rm -f {shlex.quote(thing.name)}"
    url = f"{target.rstrip('/')}/mcp/groups/{quote(thing.name, safe='')}{_GROUP_QUERY}"
    return f'curl -X DELETE -H "Authorization: Bearer ${token_env}" {shlex.quote(url)}'


def _says_it_is_unknown(answer: Answer) -> bool:
    """Return whether this is the 404 of a resource, not of a route: the agent knows nothing of that name."""
    if answer.status != 404 or answer.fence:  # noqa: PLR2004 - RFC 9110 section 15.5.5
        return False
    try:
        body = json.loads(answer.body)
    except ValueError:
        return False
    return isinstance(body, dict) and body.get("success") is False and "' not found" in str(body.get("error"))


def _words(body: bytes) -> set[str]:
    """Return every string of a JSON document, and without its leading slash, as Docker's own lists spell names."""
    try:
        waiting = [json.loads(body)]
    except (ValueError, RecursionError):
        return set()
    words: set[str] = set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            words |= {node, node.removeprefix("/")}
        elif isinstance(node, dict):
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
    return words


def _brief(answer: Answer) -> str:
    text = " ".join(answer.body[:200].decode("utf-8", "replace").split())
    return f"{answer.fence or answer.status} {text}".strip()
