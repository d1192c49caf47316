"""Removes what dead runs left behind, from their ledgers alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from dtma_contract.cleanup import CleanupReport, clean_up
from dtma_contract.contract import Contract, EffectLevel
from dtma_contract.errors import DtmaContractError, TargetUnusableError, UsageError, closest
from dtma_contract.fence.gate import Gate
from dtma_contract.fence.http1 import RequestHead
from dtma_contract.fence.limits import Limits
from dtma_contract.fence.policy import Policy
from dtma_contract.fence.record import ExchangeRecord
from dtma_contract.fence.service import check_token, docker_connector
from dtma_contract.fence.upstream import TargetAddress
from dtma_contract.ledger import LEDGER_NAME, Ledger, LedgerBusyError, LedgerState
from dtma_contract.places import Place, look_at
from dtma_contract.redaction import TokenSpellings
from dtma_contract.verdict import ExitCode

__all__ = ["SweepResult", "exit_code", "find_ledgers", "forget", "sweep"]

_RECORD_NAME = "sweep-exchanges.jsonl"


@dataclass(frozen=True, slots=True)
class SweepResult:
    """What came of one ledger.

    Attributes:
        ledger: its path.
        run: id of the run, or empty where the ledger cannot be read.
        target: URL of the run's target, or empty.
        pending: names that the run may have left, before the sweep.
        is_alive: whether the run still holds its ledger, so that nothing was done.
        was_embedded: whether the target was the run's own reference agent, which is gone with all that it had.
        report: what was removed and what is left; None where nothing was done.
        problem: why nothing could be done, or None.
    """

    ledger: Path
    run: str = ""
    target: str = ""
    pending: tuple[str, ...] = ()
    is_alive: bool = False
    was_embedded: bool = False
    report: CleanupReport | None = None
    problem: DtmaContractError | None = None

    @property
    def has_nothing_left(self) -> bool:
        """Whether there was nothing to do."""
        return not self.pending and not self.is_alive and self.problem is None and not self.was_embedded


def find_ledgers(path: Path) -> tuple[Path, ...]:
    """Return the ledger at a path, or all ledgers of the runs in a folder, oldest first.

    Raises:
        UsageError: there is nothing at the path, or nothing that may be read.
    """
    place = look_at(path)
    if place is Place.FILE:
        return (path,)
    if place is not Place.FOLDER:
        raise UsageError(
            f"{path} is neither a ledger nor a folder of reports.",
            "Name the --reports of the runs, or one run's folder.",
        )
    here = path / LEDGER_NAME
    if look_at(here) is Place.FILE:
        return (here,)
    try:
        folders = sorted(path.iterdir())
    except OSError as problem:
        raise UsageError(f"The folder {path} cannot be read: {problem.strerror}.", "Check its permissions.") from None
    return tuple(folder / LEDGER_NAME for folder in folders if _may_hold_ledger(folder))


def _may_hold_ledger(folder: Path) -> bool:
    try:
        return look_at(folder / LEDGER_NAME) is Place.FILE
    except UsageError:
        # It is told with the others, and stops none of them.
        return True


def sweep(
    ledgers: Iterable[Path],
    contract: Contract,
    token_of: Callable[[str], str | None],
    *,
    dry_run: bool = False,
    limits: Limits | None = None,
) -> tuple[SweepResult, ...]:
    """Clean up after runs that are dead. Can run twice; a run that is alive is left alone.

    Args:
        ledgers: their paths.
        contract: the operations by which things are removed.
        token_of: returns the value of an environment variable, or None where it is unset.
        dry_run: whether to look only.
        limits: the bounds; None for the defaults.
    """
    return tuple(_sweep_one(path, contract, token_of, dry_run=dry_run, limits=limits or Limits()) for path in ledgers)


def forget(ledgers: Iterable[Path], run: str, *, dry_run: bool = False) -> SweepResult:
    """Note in the ledger of a dead run that what it may have left is known. Nothing is sent, and nothing is removed.

    Args:
        ledgers: paths, among which the run's is.
        run: its id, which is the name of its folder.
        dry_run: whether to look only.

    Returns:
        The names that no sweep asks for any more, as pending.

    Raises:
        UsageError: there is no such run, it is alive, or its ledger cannot be read.
    """
    paths = {path.absolute().parent.name: path for path in ledgers}
    if run not in paths:
        hint = closest(run, sorted(paths)) or "A run is called as its folder of reports."
        raise UsageError(f'There is no ledger of a run "{run}" there.', hint)
    try:
        ledger = Ledger.open(paths[run], repair=not dry_run)
    except LedgerBusyError as problem:
        raise UsageError(problem.message, problem.hint) from None
    with ledger:
        pending = _pending(ledger.state)
        if pending and not dry_run:
            ledger.forgotten(pending)
        return SweepResult(paths[run], run, ledger.state.record.target, pending)


def exit_code(results: Iterable[SweepResult]) -> ExitCode:
    """Return the exit code of a sweep: the gravest result decides."""
    codes = {ExitCode.KEPT}
    for result in results:
        if isinstance(result.problem, UsageError):
            codes.add(ExitCode.USAGE)
        elif isinstance(result.problem, TargetUnusableError):
            codes.add(ExitCode.TARGET_UNUSABLE)
        elif result.problem is not None:
            codes.add(ExitCode.ENGINE_ERROR)
        elif result.report is not None and result.report.left_behind:
            codes.add(ExitCode.VIOLATED)
    order = (ExitCode.ENGINE_ERROR, ExitCode.USAGE, ExitCode.TARGET_UNUSABLE, ExitCode.VIOLATED, ExitCode.KEPT)
    return next(code for code in order if code in codes)


def _sweep_one(
    path: Path, contract: Contract, token_of: Callable[[str], str | None], *, dry_run: bool, limits: Limits
) -> SweepResult:
    try:
        ledger = Ledger.open(path, repair=not dry_run)
    except LedgerBusyError:
        return SweepResult(path, is_alive=True)
    except DtmaContractError as problem:
        return SweepResult(path, problem=problem)
    with ledger:
        record, pending = ledger.state.record, _pending(ledger.state)
        if pending and not record.token_env:
            # Its address may be another's by now, and no variable ever held its token.
            return SweepResult(path, record.run, record.target, was_embedded=True)
        report: CleanupReport | None = None
        problem_seen: DtmaContractError | None = None
        if pending and not dry_run:
            try:
                token = token_of(record.token_env)
                if token is None:
                    raise UsageError(
                        f"{record.token_env}, which the run took its token from, is not set.",
                        f"Set it to the token of {record.target} and sweep again.",
                    )
                check_token(token, record.token_env)
                report = asyncio.run(_clean_up(ledger, contract, token, limits))
            except DtmaContractError as problem:
                problem_seen = problem
        return SweepResult(path, record.run, record.target, pending, report=report, problem=problem_seen)


def _pending(state: LedgerState) -> tuple[str, ...]:
    """Return what a run may have left: all that it created, unless a clean-up found nothing left."""
    if state.left_behind is not None:
        return tuple(item["name"] for item in state.left_behind)
    return tuple(thing.name for thing in state.created)


async def _clean_up(ledger: Ledger, contract: Contract, token: str, limits: Limits) -> CleanupReport:
    record = ledger.state.record
    exchanges = ExchangeRecord(ledger.path.parent, TokenSpellings(token), name=_RECORD_NAME)
    policy = Policy(contract, record.namespace, EffectLevel.LIFECYCLE, probe_image="")
    gate = Gate(TargetAddress.from_url(record.target), policy, ledger, exchanges, token=token, limits=limits)
    try:
        answer = (await gate.exchange(RequestHead.of("GET", "/health", ""), b"")).answer
        if answer.fence and record.docker is None:
            names = " ".join(thing.name for thing in ledger.state.created)
            raise TargetUnusableError(
                f"{record.target} cannot be reached, so nothing was removed.",
                f"Remove by hand what is there of: {names}.",
                cause=answer.fence.partition("; ")[2],
            )
        return await clean_up(gate, docker_connector(record.docker))
    finally:
        # The last exchange is written in the loop's next turn.
        await asyncio.sleep(0)
        exchanges.close()
