"""The command line: parses, calls, prints."""

from __future__ import annotations

import json
import os
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import click
from rich.console import Console
from rich.markup import escape

from dtma_contract import __version__
from dtma_contract.errors import DtmaContractError, EngineError, TargetUnusableError, UsageError, closest
from dtma_contract.settings import Settings, merge
from dtma_contract.verdict import ExitCode

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
    """


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
    """
    from dtma_contract.plan import Plan  # noqa: PLC0415 - pytest and the rest are slow to import, and --help is not
    from dtma_contract.reporting.terminal import print_report  # noqa: PLC0415
    from dtma_contract.verify import verify as judge  # noqa: PLC0415

    plan = Plan.make(_settings(flags))
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
    """
    from dtma_contract.clauses import select  # noqa: PLC0415 - as above
    from dtma_contract.shipped import load_clauses, load_contract  # noqa: PLC0415

    contract = load_contract()
    chosen = select(load_clauses(contract), clauses)
    if not clauses and not listing:
        raise UsageError("No clause is named.", "Give one, such as `core.tools.start/mounted`, or --list for all ids.")
    console = Console()
    for clause in chosen:
        if listing:
            click.echo(clause.id)
            continue
        lines = [
            f"[bold]{clause.id}[/]  [dim]{clause.level}, needs effects {clause.needs}[/]",
            f"  {escape(clause.text)}",
        ]
        lines.append(f"  [dim]why[/]         {escape(clause.reason)}")
        named = [contract.operation(operation) for operation in clause.operations]
        for operation in named:
            lines.append(f"  [dim]operation[/]   {operation.method} {operation.path}  [dim]{operation.id}[/]")
        lines.append(f"  [dim]judge only[/]  dtma-contract verify --target URL --only {clause.id}")
        for line in lines:
            console.print(line, highlight=False, soft_wrap=True)


def _settings(flags: dict[str, Any]) -> Settings:
    file = Path("dtma-contract.toml")
    try:
        stated = tomllib.loads(file.read_text("utf-8")) if file.is_file() else {}
    except (OSError, ValueError) as problem:
        raise UsageError(f"{file} cannot be read: {problem}.", "Mend it, or move it away.") from None
    return Settings.from_values(merge(flags, os.environ, stated))


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line; every expected failure is one message and the documented exit code."""
    try:
        commands.main(args=list(arguments) if arguments is not None else None, standalone_mode=False)
        code = ExitCode.KEPT
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
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
