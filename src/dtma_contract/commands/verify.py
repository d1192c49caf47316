"""``dtma-contract verify``: does it keep its contract?"""

from __future__ import annotations

import json
import sys
from typing import Any

import click
from rich.console import Console
from rich.markup import escape

from dtma_contract.commands.flags import settings_of, short_path
from dtma_contract.errors import UsageError

__all__ = ["verify"]


@click.command(short_help="Does it keep its contract?")
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
@click.option("--container", metavar="NAME", help="The agent's container there, to restart it: --effects restart.")
@click.option(
    "--restart-command",
    metavar="LINE",
    help="Command that restarts the agent, run without its token.",
)
@click.option("--reports", metavar="DIR", help="Folder of the reports  [default: reports]")
@click.option("--contract", metavar="FILE", help="Another contract than the one shipped.")
@click.option("--source", metavar="DIR", help="The agent's source: drift is judged as well.")
@click.option("--image", metavar="REF|ARCHIVE", help="Its image, likewise.")
@click.option("--consumer", "consumers", multiple=True, metavar="DIR", help="Folder of callers, likewise; repeatable.")
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
      dtma-contract verify --target http://staging:30000 --effects restart --restart-command "docker restart dtma"
    """  # noqa: D301 - click keeps the lines below this very character as they are
    # In steps, so that a mistake is told before what only a run needs is loaded.
    settings = settings_of(flags)
    if not settings.target:
        raise UsageError(
            "No target is named.",
            "Give `--target http://HOST:30000`, or compare code alone with `dtma-contract drift`.",
        )
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
        output.print(f"[dim]reports in {escape(short_path(plan.folder))}[/]", highlight=False, soft_wrap=True)
    sys.exit(report.exit_code)
