"""The command line: parses, calls, prints."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click
from rich.console import Console
from rich.markup import escape

from dtma_contract import __version__
from dtma_contract.errors import DtmaContractError, EngineError, TargetUnusableError, UsageError, closest
from dtma_contract.settings import Settings, merge
from dtma_contract.settings_file import read_settings_file
from dtma_contract.verdict import ExitCode

if TYPE_CHECKING:  # these pull in the whole engine, which --help has no use for
    from dtma_contract.cleanup import CleanupReport
    from dtma_contract.contract import Contract
    from dtma_contract.sweep import SweepResult
    from dtma_contract.verdict import Clause

__all__ = ["main"]

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


class _Commands(click.Group):
    """A group that names the closest command."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            raise click.UsageError(
                f'There is no command "{args[0]}". {closest(args[0], self.list_commands(ctx))}'.strip()
            )
        return super().resolve_command(ctx, args)


@click.group(cls=_Commands, context_settings=_CONTEXT)
@click.version_option(__version__, prog_name="dtma-contract")
def commands() -> None:
    """Judge a DTMA against its contract, without harm to the host it runs on.

    \b
    Exit codes: 0 kept · 1 violated · 2 interrupted · 3 engine error · 4 usage ·
    5 nothing judged · 6 target unusable
    """  # noqa: D301 - click keeps the lines below this very character as they are


@commands.command(short_help="Does it keep its contract?")
@click.option("--target", metavar="URL", help="The agent to judge, such as http://HOST:30000, or `reference`.")
@click.option("--token-env", metavar="NAME", help="Variable that holds its token  [default: DTMA_BEARER_TOKEN]")
@click.option(
    "--profile",
    "profiles",
    multiple=True,
    metavar="NAME",
    help="Judge this optional profile too, or `all`; repeatable.",
)
@click.option(
    "--effects", metavar="LEVEL", help="How far the run may go: read, lifecycle, restart  [default: lifecycle]"
)
@click.option("--depth", metavar="DEPTH", help="How much is generated: smoke, standard, deep  [default: standard]")
@click.option("--probe-image", metavar="REF", help="Image that is deployed  [default: nginx:latest]")
@click.option(
    "--only",
    multiple=True,
    metavar="CLAUSE",
    help="Judge only these: clause, operation, profile or pattern; repeatable.",
)
@click.option("--baseline", metavar="FILE", help="Accepted deviations; only what is not in it blocks.")
@click.option("--strict", is_flag=True, help="Every deviation blocks, and whatever could not be judged.")
@click.option("--seed", metavar="N", help="Seed of everything random, as an earlier run printed it.")
@click.option("--docker", metavar="URL", help="The target's Docker Engine, to look behind the agent's word.")
@click.option("--reports", metavar="DIR", help="Folder of the reports  [default: reports]")
@click.option("--contract", metavar="FILE", help="Another contract than the one shipped.")
@click.option("-n", "workers", type=click.IntRange(0, 32), default=0, metavar="N", help="Judge with N processes.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Form of the result.")
def verify(*, workers: int, form: str, **flags: Any) -> None:
    """Judge every clause of the contract on a live agent.

    What the run makes carries names of its own (dtmac-…), and is gone afterwards; nothing else is touched.

    \b
    Examples:
      dtma-contract verify --target reference
      DTMA_BEARER_TOKEN=… dtma-contract verify --target http://10.0.0.7:30000
      dtma-contract verify --target http://staging:30000 --depth deep --only core.tools.start
      dtma-contract verify --target http://droplet:30000 --effects read --format json
    """  # noqa: D301 - click keeps the lines below this very character as they are
    # In steps, so that a mistake is told before what only a run needs is loaded.
    settings = _settings(flags)
    from dtma_contract.plan import Plan  # noqa: PLC0415 - it is slow to import, and --help has no use for it

    plan = Plan.make(settings)
    from dtma_contract.reporting.terminal import print_report  # noqa: PLC0415 - as above
    from dtma_contract.verify import verify as judge  # noqa: PLC0415 - pytest and more, as above

    # Bound to the stream of now: pytest's own output is led elsewhere while it runs.
    output = Console(file=sys.stderr if form == "json" else sys.stdout)
    report = judge(plan, workers, output)
    document = json.dumps(report.to_json(), indent=2, ensure_ascii=False)
    (plan.folder / "report.json").write_text(document + "\n", "utf-8")
    if form == "json":
        click.echo(document)
    else:
        print_report(report, output)
        output.print(f"[dim]reports in {escape(_short(plan.folder))}[/]", highlight=False, soft_wrap=True)
    sys.exit(report.exit_code)


@commands.command(short_help="What does a clause ask, and why?")
@click.argument("clauses", nargs=-1, metavar="[CLAUSE…]")
@click.option("--list", "listing", is_flag=True, help="List ids only, one a line.")
def explain(*, clauses: Sequence[str], listing: bool) -> None:
    """Explain clauses: what is required, why, and how it is judged.

    \b
    Examples:
      dtma-contract explain core.tools.start/mounted
      dtma-contract explain core.tools.start
      dtma-contract explain --list
    """  # noqa: D301 - click keeps the lines below this very character as they are
    from dtma_contract.clauses import select  # noqa: PLC0415 - as above
    from dtma_contract.shipped import load_clauses, load_contract  # noqa: PLC0415 - as above

    contract = load_contract()
    chosen = select(load_clauses(contract), clauses)
    if not clauses and not listing:
        raise UsageError("No clause is named.", "Give one, such as `core.tools.start/mounted`, or --list for all ids.")
    console = Console()
    for clause in chosen:
        lines = [clause.id] if listing else list(_explanation(clause, contract))
        for line in lines:
            console.print(line, highlight=False, soft_wrap=True)


def _explanation(clause: Clause, contract: Contract) -> Iterator[str]:
    yield f"[bold]{clause.id}[/]  [dim]{clause.level}, needs effects {clause.needs}[/]"
    yield f"  {escape(clause.text)}"
    yield f"  [dim]why[/]         {escape(clause.reason)}"
    for operation in map(contract.operation, clause.operations):
        yield f"  [dim]operation[/]   {operation.method} {operation.path}  [dim]{operation.id}[/]"
    yield f"  [dim]judge only[/]  dtma-contract verify --target URL --only {clause.id}"


@commands.command(short_help="Only the fence, for any other client.")
@click.option("--target", required=True, metavar="URL", help="The agent behind the fence.")
@click.option("--listen", default="127.0.0.1:0", show_default=True, metavar="HOST:PORT", help="Where clients send to.")
@click.option("--token-env", metavar="NAME", help="Variable that holds its token  [default: DTMA_BEARER_TOKEN]")
@click.option(
    "--effects", metavar="LEVEL", help="How far clients may go: read, lifecycle, restart  [default: lifecycle]"
)
@click.option("--probe-image", metavar="REF", help="The one image that may be deployed  [default: nginx:latest]")
@click.option("--docker", metavar="URL", help="The target's Docker Engine, to remove what the agent cannot.")
@click.option("--reports", metavar="DIR", help="Folder of ledger and record  [default: reports]")
@click.option("--contract", metavar="FILE", help="Another contract than the one shipped.")
def fence(*, listen: str, **flags: Any) -> None:
    """Put the fence before a live agent, so that another client can do no harm.

    Requests without Authorization get the token. What is not the client's own, by the name it bears and by the
    ledger, is neither started, stopped, changed nor removed; what clients made is removed on Ctrl-C.

    \b
    Examples:
      dtma-contract fence --target http://droplet:30000 --listen 127.0.0.1:8080
      st run contracts/dtma.openapi.yaml --url http://127.0.0.1:8080
    """  # noqa: D301 - click keeps the lines below this very character as they are
    from dtma_contract.fence.command import read_listen, run_fence_command  # noqa: PLC0415 - as above
    from dtma_contract.fence.settings import FenceSettings  # noqa: PLC0415 - as above
    from dtma_contract.plan import Plan  # noqa: PLC0415 - as above
    from dtma_contract.run import take_token  # noqa: PLC0415 - as above

    plan = Plan.make(_settings(flags))
    settings = plan.settings
    host, port = read_listen(listen)
    token = take_token(settings.token_env)
    plan.make_folder()
    fence_settings = FenceSettings(
        target=settings.target,
        identity=plan.identity,
        contract=plan.contract,
        folder=plan.folder,
        effects=settings.effects,
        probe_image=settings.probe_image,
        token_env=settings.token_env,
        docker=settings.docker,
        host=host,
        port=port,
    )
    sys.exit(run_fence_command(fence_settings, token, click.echo))


@commands.command(short_help="Remove what a killed run left.")
@click.argument("where", default="reports", metavar="[LEDGER|REPORTS]")
@click.option("--dry-run", is_flag=True, help="Only say what would be asked for.")
def sweep(*, where: str, dry_run: bool) -> None:
    """Remove what interrupted runs left, by their ledgers; names are never guessed.

    A run that was killed is cleaned up by its fence. This is for when that died as well: it asks for each name
    in the ledger, and for nothing else. The token comes from the variable that the run took it from.

    \b
    Examples:
      dtma-contract sweep
      dtma-contract sweep reports/20261123-145530-k3f9x2ab --dry-run
    """  # noqa: D301 - click keeps the lines below this very character as they are
    from dtma_contract import sweep as sweeping  # noqa: PLC0415 - as above
    from dtma_contract.fence.command import report_lines  # noqa: PLC0415 - as above
    from dtma_contract.shipped import load_contract  # noqa: PLC0415 - as above

    ledgers = sweeping.find_ledgers(Path(where))
    results = sweeping.sweep(ledgers, load_contract(), lambda name: os.environ.get(name) or None, dry_run=dry_run)
    if not results:
        click.echo(f"no ledger in {where}: nothing to do")
    for result in results:
        for line in _sweep_lines(result, report_lines, dry_run=dry_run):
            click.echo(line, err=result.problem is not None)
    sys.exit(sweeping.exit_code(results))


def _sweep_lines(
    result: SweepResult, report_lines: Callable[[CleanupReport], list[str]], *, dry_run: bool
) -> Iterator[str]:
    name = result.run or str(result.ledger)
    if result.is_alive:
        yield f"{name}: the run is alive, nothing is done"
    elif result.problem is not None:
        yield f"{name}: {result.problem}"
    elif result.was_embedded:
        yield f"{name}: its target was the embedded reference agent, which is gone, and all that it had; nothing left"
    elif not result.pending:
        yield f"{name}: nothing left"
    elif dry_run:
        yield from (f"{name}: would remove {pending}" for pending in result.pending)
    elif result.report is not None:
        yield from (f"{name}: {line}" for line in report_lines(result.report))


def _settings(flags: dict[str, Any]) -> Settings:
    return Settings.from_values(merge(flags, os.environ, read_settings_file()))


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line; every expected failure is one message and the documented exit code."""
    try:
        given = list(arguments) if arguments is not None else None
        commands.main(args=given, prog_name="dtma-contract", standalone_mode=False)
        code = ExitCode.KEPT
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.exceptions.NoArgsIsHelpError:
        code = _complain("No command is given. See `dtma-contract --help`.", ExitCode.USAGE)
    except click.UsageError as problem:
        where = f" See `{problem.ctx.command_path} --help`." if problem.ctx else ""
        code = _complain(f"{problem.format_message()}{where}", ExitCode.USAGE)
    except (click.Abort, KeyboardInterrupt):
        code = _complain("interrupted", ExitCode.INTERRUPTED)
    except UsageError as problem:
        code = _complain(str(problem), ExitCode.USAGE)
    except TargetUnusableError as problem:
        code = _complain(f"{problem.cause}: {problem}", ExitCode.TARGET_UNUSABLE)
    except (EngineError, DtmaContractError) as problem:
        code = _complain(str(problem), ExitCode.ENGINE_ERROR)
    sys.exit(code)


def _complain(message: str, code: ExitCode) -> ExitCode:
    Console(stderr=True).print(f"[bold red]dtma-contract:[/] {escape(message)}", highlight=False, soft_wrap=True)
    return code


if __name__ == "__main__":
    main()
