"""``dtma-contract diagnose``: why does a target fail, and what repairs it?"""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.text import Text

from dtma_contract.commands.flags import check_filled
from dtma_contract.errors import UsageError
from dtma_contract.interrupts import ended_in_order

if TYPE_CHECKING:  # these pull in what --help has no use for
    from dtma_contract.diagnose_run import DiagnosisRequest
    from dtma_contract.diagnosis.diagnosis import Diagnosis
    from dtma_contract.diagnosis.facts import Facts

__all__ = ["diagnose"]

# Of what else is named, nothing can be asked offline.
_ASKING = ("target", "source", "image", "docker", "container", "instance", "entry")


@click.command(short_help="Why does a target fail, and what repairs it?")
@click.option("--target", metavar="URL", help="The agent, such as http://HOST:30000.")
@click.option("--source", metavar="DIR", help="Folder of its source: are the routes written, and mounted?")
@click.option("--image", metavar="REF|ARCHIVE", help="Its image: was it shipped?")
@click.option("--docker", metavar="URL", help="Docker Engine of its host: unix://… or ssh://user@host; only read.")
@click.option("--container", metavar="NAME", help="The agent's container  [default: what publishes the port]")
@click.option("--instance", metavar="NAME", help="One instance: why does start of this one fail?")
@click.option("--entry", metavar="FILE", help="File that the program begins with  [default: as package.json says]")
@click.option(
    "--bundle", metavar="FILE", help="Also write all facts there, without secrets, as they are before a change."
)
@click.option("--from", "bundle_read", metavar="FILE", help="Judge the facts of such a file; nothing is asked.")
@click.option("--token-env", metavar="NAME", help="Variable that holds the token  [default: DTMA_BEARER_TOKEN]")
@click.option("--contract", metavar="FILE", help="Another contract than the one shipped.")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", help="Form of the result.")
def diagnose(*, form: str, bundle: str | None, bundle_read: str | None, **flags: Any) -> None:
    """Say why a target fails, with evidence, and what repairs it. Nothing is changed, and no remedy is carried out.

    The more can be looked at, the surer: the URL alone tells network, proxy, token, routes and stubs; --docker adds
    container, log and Engine; --source and --image tell whether a missing route was written, mounted and shipped.

    Exit code 0: healthy; 1: at least one cause was found; 5: nothing could be told.

    \b
    Examples:
      DTMA_BEARER_TOKEN=… dtma-contract diagnose --target http://10.0.0.7:30000
      dtma-contract diagnose --target http://10.0.0.7:30000 --docker ssh://root@10.0.0.7 --source ../dtma
      dtma-contract diagnose --target http://10.0.0.7:30000 --instance context7-1 --docker ssh://root@10.0.0.7
      dtma-contract diagnose --target http://10.0.0.7:30000 --docker ssh://root@10.0.0.7 --bundle before.tar.gz
      dtma-contract diagnose --from before.tar.gz --format json
    """  # noqa: D301 - click keeps the lines below this very character as they are
    from dtma_contract.diagnosis.diagnosis import diagnose as judge  # noqa: PLC0415 - slow to import, and --help is not

    check_filled("--bundle", bundle)
    check_filled("--from", bundle_read)
    if bundle is not None:
        from dtma_contract.diagnosis_bundle import check_writable  # noqa: PLC0415 - as above

        check_writable(Path(bundle))
    with ended_in_order():
        diagnosis = judge(_facts(bundle_read, flags))
    if form == "json":
        click.echo(json.dumps(diagnosis.to_json(), indent=2, ensure_ascii=False))
    else:
        from dtma_contract.reporting.diagnosis_text import print_diagnosis  # noqa: PLC0415 - as above

        print_diagnosis(diagnosis, Console(highlight=False))
    if bundle is not None:
        from dtma_contract.diagnosis_bundle import write_bundle  # noqa: PLC0415 - as above

        # Last, for a full disk must not cost the diagnosis.
        write_bundle(Path(bundle), diagnosis, _text(diagnosis))
        click.echo(f"all facts are in {bundle}, readable by you alone", err=True)
    sys.exit(diagnosis.exit_code)


def _facts(bundle_read: str | None, flags: dict[str, Any]) -> Facts:
    if bundle_read is not None:
        from dtma_contract.diagnosis_bundle import read_bundle  # noqa: PLC0415 - as above

        given = [name for name in _ASKING if flags.get(name)]
        if given:
            raise UsageError(
                f"--from judges the facts of a file, so that --{given[0]} has nothing to say.", "Leave one of them out."
            )
        facts = read_bundle(Path(bundle_read))
        click.echo(f"judging the facts of {bundle_read}, which were observed at {facts.at}", err=True)
        return facts
    from dtma_contract.diagnose_run import observe  # noqa: PLC0415 - as above

    progress = Console(stderr=True)
    return observe(_request(flags), lambda line: progress.print(Text(line, "dim"), highlight=False, soft_wrap=True))


def _request(flags: dict[str, Any]) -> DiagnosisRequest:
    from dtma_contract.diagnose_run import DiagnosisRequest  # noqa: PLC0415 - as above
    from dtma_contract.engine_address import read_engine_address  # noqa: PLC0415 - as above
    from dtma_contract.settings import Settings  # noqa: PLC0415 - as above
    from dtma_contract.shipped import load_contract  # noqa: PLC0415 - as above

    for name, value in flags.items():
        check_filled(f"--{name.replace('_', '-')}", value)
    if not flags.get("target"):
        raise UsageError("No target is named.", "Name the agent, such as --target http://HOST:30000.")
    settings = Settings.from_values({"target": flags["target"], "token_env": flags.get("token_env")})
    return DiagnosisRequest(
        contract=load_contract(Path(flags["contract"]) if flags.get("contract") else None),
        target=settings.target,
        token=_token(settings.token_env),
        token_env=settings.token_env,
        source=Path(flags["source"]) if flags.get("source") else None,
        image=flags.get("image"),
        docker=read_engine_address(flags["docker"]) if flags.get("docker") else None,
        container=flags.get("container") or "",
        instance=flags.get("instance") or "",
        entry=flags.get("entry"),
    )


def _token(token_env: str) -> str | None:
    """Return the token where its variable is set, and take it out; without one the target is asked what needs none."""
    return os.environ.pop(token_env, "") or None


def _text(diagnosis: Diagnosis) -> str:
    from dtma_contract.reporting.diagnosis_text import print_diagnosis  # noqa: PLC0415 - as above

    stream = io.StringIO()
    print_diagnosis(diagnosis, Console(file=stream, width=120, highlight=False))
    return stream.getvalue()
