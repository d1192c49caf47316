"""``dtma-contract sweep``: remove what a killed run left."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dtma_contract.commands.flags import check_filled
from dtma_contract.errors import TargetUnusableError, UsageError

if TYPE_CHECKING:  # these pull in the whole engine, which --help has no use for
    from dtma_contract.cleanup import CleanupReport
    from dtma_contract.sweep import SweepResult

__all__ = ["sweep"]


@click.command(short_help="Remove what a killed run left.")
@click.argument("where", default="reports", metavar="[LEDGER|REPORTS]")
@click.option("--docker", metavar="URL", help="Also remove what this machine started of images there and did not end.")
@click.option(
    "--forget",
    "forgotten",
    multiple=True,
    metavar="RUN",
    help="Nothing is removed: what this run may have left is known to you, and not asked for again; repeatable.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be asked for.")
def sweep(*, where: str, docker: str | None, forgotten: tuple[str, ...], dry_run: bool) -> None:
    """Remove what interrupted runs left, by their ledgers; names are never guessed.

    A run that was killed is cleaned up by its fence. This is for when that died as well: it asks for each name
    in the ledger, and for nothing else. The token comes from the variable that the run took it from.

    What the agent no longer knows, or a host that is gone, is told each time, until it is gone or --forget says that
    you have seen to it.

    An agent's image that was being run, or asked for its routes, is found on its Docker Engine, by its label.

    \b
    Examples:
      dtma-contract sweep
      dtma-contract sweep reports/20261123-145530-k3f9x2ab --dry-run
      dtma-contract sweep --docker unix:///var/run/docker.sock
      dtma-contract sweep --forget 20261123-145530-k3f9x2ab
    """  # noqa: D301 - click keeps the lines below this very character as they are
    from dtma_contract import sweep as sweeping  # noqa: PLC0415 - slow to import, and --help is not
    from dtma_contract.engine_address import read_engine_address  # noqa: PLC0415 - as above
    from dtma_contract.fence.command import report_lines  # noqa: PLC0415 - as above
    from dtma_contract.places import Place, look_at  # noqa: PLC0415 - as above
    from dtma_contract.shipped import load_contract  # noqa: PLC0415 - as above

    check_filled("LEDGER|REPORTS", where)
    check_filled("--forget", forgotten)
    if forgotten:
        if docker is not None:
            raise UsageError("--forget asks nobody, so that --docker has nothing to say.", "Leave one of them out.")
        _forget(where, forgotten, dry_run=dry_run)
        return
    if docker is not None:
        check_filled("--docker", docker)
        read_engine_address(docker)
        for name in _sweep_engine(docker, dry_run=dry_run):
            click.echo(f"{docker}: {'would remove' if dry_run else 'removed:'} {name}")
    # Whoever names an engine need not have a folder of reports.
    ledgers = () if docker and look_at(Path(where)) is Place.NOTHING else sweeping.find_ledgers(Path(where))
    results = sweeping.sweep(ledgers, load_contract(), lambda name: os.environ.get(name) or None, dry_run=dry_run)
    if not results:
        click.echo(f"no ledger in {where}: nothing to do")
    for result in results:
        for line in _sweep_lines(result, report_lines, dry_run=dry_run):
            click.echo(line, err=result.problem is not None)
    sys.exit(sweeping.exit_code(results))


def _forget(where: str, runs: tuple[str, ...], *, dry_run: bool) -> None:
    from dtma_contract.sweep import find_ledgers, forget  # noqa: PLC0415 - as above

    ledgers = find_ledgers(Path(where))
    # Looked at first, so that a misspelt one leaves all as they are.
    looked_at = [forget(ledgers, run, dry_run=True) for run in runs]
    results = looked_at if dry_run else [forget(ledgers, run) for run in runs]
    for result in results:
        if not result.pending:
            click.echo(f"{result.run}: nothing left")
        for name in result.pending:
            click.echo(f"{result.run}: {'would forget' if dry_run else 'forgotten:'} {name}")


def _sweep_engine(docker: str, *, dry_run: bool) -> tuple[str, ...]:
    from dtma_contract.probes.image_host import ImageHost  # noqa: PLC0415 - as above
    from dtma_contract.probes.image_keeper import sweep_dead  # noqa: PLC0415 - as above

    with contextlib.closing(ImageHost.connect(docker)) as host:
        return sweep_dead(host, dry_run=dry_run)


def _sweep_lines(
    result: SweepResult, report_lines: Callable[[CleanupReport], list[str]], *, dry_run: bool
) -> Iterator[str]:
    name = result.run or str(result.ledger)
    if result.is_alive:
        yield f"{name}: the run is alive, nothing is done"
    elif result.problem is not None:
        yield f"{name}: {result.problem}"
        if isinstance(result.problem, TargetUnusableError):
            yield _forgetting(result)
    elif result.was_embedded:
        yield f"{name}: its target was the embedded reference agent, which is gone, and all that it had; nothing left"
    elif not result.pending:
        yield f"{name}: nothing left"
    elif dry_run:
        yield from (f"{name}: would remove {pending}" for pending in result.pending)
    elif result.report is not None:
        yield from (f"{name}: {line}" for line in report_lines(result.report))
        if result.report.left_behind:
            yield _forgetting(result)


def _forgetting(result: SweepResult) -> str:
    folder = shlex.quote(str(result.ledger.parent))
    return f"{result.run}: once you have seen to it: dtma-contract sweep {folder} --forget {result.run}"
