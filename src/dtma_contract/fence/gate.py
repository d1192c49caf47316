"""The gate: one request in, one answer out. Judges, notes, sends, scrubs and records; knows nothing of sockets."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from dtma_contract.contract import Effect, Operation
from dtma_contract.errors import EngineError
from dtma_contract.fence.answers import Answer, BrokenAnswerError, decoded, failed, refused, relocated, scrubbed
from dtma_contract.fence.decisions import Allow, Failure, FenceRequest, Reason, Refuse, Thing, sentence
from dtma_contract.fence.http1 import RequestHead, render_head
from dtma_contract.fence.limits import Limits
from dtma_contract.fence.policy import Policy, decide
from dtma_contract.fence.record import ExchangeRecord
from dtma_contract.fence.upstream import TargetAddress, Upstream
from dtma_contract.ledger import Ledger
from dtma_contract.redaction import TokenSpellings

__all__ = ["Gate", "GateAnswer"]

# Scrubbing more than this would hold up other requests, so that a thread does it.
_LARGE_BODY: Final = 128 * 1024
_UNANSWERED: Final = 504


@dataclass(frozen=True, slots=True)
class GateAnswer:
    """An answer and the number of its exchange."""

    answer: Answer
    number: int


class Gate:
    """Lets requests through to one target.

    Args:
        address: the target.
        policy: what the run may do.
        ledger: of the run.
        record: of the run.
        token: the secret, or None.
        limits: the bounds.
        authenticate_all: whether requests without Authorization get the token.
        on_refused: is told of every refused request.
    """

    def __init__(
        self,
        address: TargetAddress,
        policy: Policy,
        ledger: Ledger,
        record: ExchangeRecord,
        *,
        token: str | None,
        limits: Limits,
        authenticate_all: bool = False,
        on_refused: Callable[[FenceRequest, Refuse], None] | None = None,
    ) -> None:
        self.policy = policy
        self.ledger = ledger
        self.exchanges = 0
        self.refused: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.is_over = False
        self._spellings = TokenSpellings(token)
        self._authenticate_all = authenticate_all and token is not None
        self._on_refused = on_refused
        self._limits = limits
        self._record = record
        self._upstream = Upstream(address, limits)
        self._reach = _Reach(limits)
        self._broken: EngineError | None = None
        self._syncing = asyncio.Lock()
        self._creating = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def target_gone(self) -> str | None:
        """The failure for which the target counts as gone, or None."""
        return self._reach.gone.value if self._reach.gone else None

    async def drain(self) -> None:
        """Wait until no create is at the target: nothing else makes what would have to be removed."""
        await self._idle.wait()

    async def exchange(self, head: RequestHead, body: bytes, *, policy: Policy | None = None) -> GateAnswer:
        """Judge a request, send it if it may be sent, and return the answer.

        Args:
            head: as the client sent it.
            body: decoded from its transfer coding.
            policy: another policy than the run's, for clean-up, which goes on when the run is over.

        Raises:
            EngineError: the ledger or the record cannot be written, so that nothing may be sent any more.
        """
        if self._broken is not None and policy is None:
            raise self._broken
        self.exchanges += 1
        number, began, clock = self.exchanges, datetime.now(UTC), time.perf_counter()
        request = FenceRequest(head.method.decode("ascii"), head.target, head.headers, body)
        operation = self.policy.operation_of(request.method, request.target)
        decision: Allow | Refuse
        if self.is_over and policy is None:
            decision = Refuse(Reason.RUN_OVER, "The run is over; what it created has been removed.")
        else:
            decision = decide(request, policy or self.policy, self.ledger.state.names)
        if isinstance(decision, Refuse):
            answer = self._refuse(request, decision)
        else:
            with self._counted(decision.things):
                answer = await self._pass(head, body, decision.things, operation)
            if operation is not None and operation.effect in {Effect.RESTART, Effect.REDEPLOY}:
                self._reach.restarting(answer)
        self._write(
            number,
            began=began,
            milliseconds=(time.perf_counter() - clock) * 1000,
            request=request,
            operation=operation.id if operation else None,
            answer=answer,
        )
        return GateAnswer(answer, number)

    @contextlib.contextmanager
    def _counted(self, things: tuple[Thing, ...]) -> Iterator[None]:
        self._creating += bool(things)
        if self._creating:
            self._idle.clear()
        try:
            yield
        finally:
            self._creating -= bool(things)
            if not self._creating:
                self._idle.set()

    def unreadable(self, detail: str) -> GateAnswer:
        """Return the answer to bytes that are no unambiguous request, and record it."""
        self.exchanges += 1
        request = FenceRequest("unreadable", b"request")
        answer = self._refuse(request, Refuse(Reason.AMBIGUOUS_REQUEST, sentence(detail)))
        self._write(
            self.exchanges,
            began=datetime.now(UTC),
            milliseconds=0.0,
            request=request,
            operation=None,
            answer=answer,
        )
        return GateAnswer(answer, self.exchanges)

    def _write(self, number: int, **exchange: Any) -> None:
        """Record an exchange as soon as its answer is on its way, so that the client need not wait for the disk."""

        def write() -> None:
            try:
                self._record.write(number, **exchange)
            except EngineError as problem:
                self._broken = problem

        asyncio.get_running_loop().call_soon(write)

    def _refuse(self, request: FenceRequest, refusal: Refuse) -> Answer:
        self.refused[refusal.reason.value] += 1
        if self._on_refused is not None:
            self._on_refused(request, refusal)
        return refused(refusal)

    async def _pass(
        self, head: RequestHead, body: bytes, things: tuple[Thing, ...], operation: Operation | None
    ) -> Answer:
        if things:
            self.ledger.created(things)
            # Whoever finds the lock taken waits for a note that may be its own.
            async with self._syncing:
                if self.ledger.needs_sync:
                    await asyncio.to_thread(self.ledger.sync)
        try:
            self._reach.check()
            try:
                method = head.method.decode("ascii")
                answer = await self._upstream.send(
                    method, self._render(head, body), body, seconds=self._seconds(operation)
                )
            except BrokenAnswerError as problem:
                self._reach.note(problem.failure)
                raise
            self._reach.note(None)
            self.ledger.answered(things, answer.status)
            if operation is not None and operation.effect is Effect.REMOVE:
                self._note_removal(head, operation, answer.status)
            answer = decoded(answer, self._limits.response_bytes)
        except BrokenAnswerError as problem:
            self.failed[problem.failure.value] += 1
            self.ledger.answered(things, 0 if problem.failure.is_connect else _UNANSWERED)
            return failed(problem.failure, problem.detail)
        answer = relocated(answer, self._upstream.address.hostname)
        if len(answer.body) > _LARGE_BODY:
            return await asyncio.to_thread(scrubbed, answer, self._spellings)
        return scrubbed(answer, self._spellings)

    def _seconds(self, operation: Operation | None) -> float | None:
        """Return how long an operation may take, where that is not what any may take."""
        bounds = {Effect.READ: self._limits.read_seconds, Effect.CREATE: self._limits.create_seconds}
        return bounds.get(operation.effect) if operation is not None else None

    def _render(self, head: RequestHead, body: bytes) -> bytes:
        sent = tuple(self._spellings.fill_in(value) for value in head.values(b"authorization"))
        add = self._authenticate_all and not sent
        if add:
            sent = (b"Bearer " + self._spellings.variants[""].encode(),)
        address = self._upstream.address
        return render_head(
            head,
            prefix=address.prefix.encode(),
            host=address.authority.encode(),
            body=body,
            authorization=sent,
            add=add,
        )

    def _note_removal(self, head: RequestHead, operation: Operation, status: int) -> None:
        if operation.subject is not None and 200 <= status < 300:  # noqa: PLR2004 - RFC 9110 section 15.3
            position = operation.path.strip("/").split("/").index("{" + operation.subject.parameter + "}")
            path = head.target.decode("latin-1").partition("?")[0]
            self.ledger.gone(Thing(operation.subject.kind, path.strip("/").split("/")[position]))


class _Reach:
    """Whether the target can be reached, so that a dead one ends a run early."""

    def __init__(self, limits: Limits) -> None:
        self.gone: Failure | None = None
        self._limits = limits
        self._failures = 0
        self._tried = float("-inf")
        self._lenient_until = float("-inf")

    def check(self) -> None:
        """Raise when the target is gone and was tried a moment ago."""
        now = time.monotonic()
        if self.gone is not None and now - self._tried < self._limits.retry_seconds:
            raise BrokenAnswerError(
                Failure.TARGET_GONE, f"The target could not be reached {self._failures} times in a row: {self.gone}."
            )
        self._tried = now

    def note(self, failure: Failure | None) -> None:
        """Take in how an attempt ended."""
        if failure is None or not failure.is_connect:
            self._failures = 0
            self.gone = None
        elif time.monotonic() > self._lenient_until:
            self._failures += 1
            if self._failures >= self._limits.gone_after:
                self.gone = failure

    def restarting(self, answer: Answer) -> None:
        """Tolerate failures for a while after the target agreed to restart."""
        if 200 <= answer.status < 300 and not answer.fence:  # noqa: PLR2004 - RFC 9110 section 15.3
            self._lenient_until = time.monotonic() + self._limits.restart_seconds
