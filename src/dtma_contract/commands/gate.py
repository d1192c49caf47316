"""``dtma-contract gate``: may this image be deployed?"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import click
from rich.console import Console

from dtma_contract.commands.drift import request_of
from dtma_contract.commands.flags import settings_of
from dtma_contract.engine_address import read_engine_address
from dtma_contract.interrupts import ended_in_order

__all__ = ["gate"]

_DEFAULT_DOCKER = "unix:///var/run/docker.sock"


@click.command(short_help="May this image be deployed? Drift, then verify it.")
@click.option("--source", metavar="DIR", help="Folder of the service's source, with its package.json.")
@click.option("--image", required=True, metavar="REF|ARCHIVE", help="The image: archive or reference.")
@click.option("--consumer", "consumers", multiple=True, metavar="DIR", help="Folder of callers; repeatable.")
@click.option("--consumer-base", "consumer_bases", multiple=True, metavar="NAME|URL", help="As for drift; repeatable.")
@click.option(
    "--docker", metavar="URL", help=f"Local Docker Engine that runs it  [default: $DOCKER_HOST or {_DEFAULT_DOCKER}]"
)
@click.option("--auth-name", "auth_names", multiple=True, metavar="NAME", help="As for drift; repeatable.")
@click.option("--profile", "profiles", multiple=True, metavar="NAME", help="As for verify; repeatable.")
@click.option("--effects", metavar="LEVEL", help="As for verify  [default: lifecycle]")
@click.option("--depth", metavar="DEPTH", help="As for verify  [default: standard]")
@click.option("--probe-image", metavar="REF", help="As for verify  [default: nginx:latest]")
@click.option("--baseline", metavar="FILE", help="As for verify.")
@click.option("--strict", is_flag=True, help="Every deviation blocks, and whatever could not be judged.")
@click.option("--reports", metavar="DIR", help="Folder of the reports  [default: reports]")
@click.option("--contract", metavar="FILE", help="Another contract than the one shipped.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Form of the result.")
def gate(*, docker: str | None, form: str, **flags: Any) -> None:
    """Compare source and image, then start the image on a free port, verify it, and remove it.

    The exit code is the worse of both: 1 where either is violated; else 6 where the image could not be started, 4
    where the Docker Engine or the probe image that was named is not there. The started agent has the Engine's socket,
    as it has where it is deployed; what the run makes carries names of its own, and is gone afterwards.

    \b
    Examples:
      dtma-contract gate --source . --image dtma.tar
      dtma-contract gate --source . --image dtma:candidate --consumer ../backend/src --format json
    """  # noqa: D301 - click keeps the lines below this very character as they are
    from dtma_contract.gate import EngineEndpoint, run_gate  # noqa: PLC0415 - slow to import, and --help is not
    from dtma_contract.reporting.gate import print_gate  # noqa: PLC0415 - as above

    by_variable = os.environ.get("DOCKER_HOST")
    if by_variable and not docker:
        read_engine_address(by_variable, "DOCKER_HOST")
    named_by = "--docker" if docker else "DOCKER_HOST" if by_variable else ""
    engine = EngineEndpoint(docker or by_variable or _DEFAULT_DOCKER, named_by)
    request = request_of({**flags, "docker": docker})
    judged = {name: flags[name] for name in ("profiles", "effects", "depth", "probe_image", "baseline", "strict",
                                             "reports", "contract")}  # fmt: skip
    with ended_in_order():
        report = run_gate(
            request,
            engine,
            lambda url, token_env: settings_of({**judged, "target": url, "token_env": token_env, "docker": engine.url}),
            Console(stderr=True),
        )
    if form == "json":
        click.echo(json.dumps(report.to_json(), indent=2, ensure_ascii=False))
    else:
        print_gate(report, Console())
    sys.exit(report.exit_code)
