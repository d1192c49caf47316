"""``dtma-contract drift``: are contract, source, image, target and callers the same API?"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.text import Text

from dtma_contract.commands.flags import check_filled
from dtma_contract.errors import UsageError
from dtma_contract.interrupts import ended_in_order

if TYPE_CHECKING:  # these pull in what --help has no use for
    from dtma_contract.drift.report import DriftReport
    from dtma_contract.drift_run import DriftRequest

__all__ = ["drift", "request_of"]

# What names a thing, by the name of its parameter.
_NAMING = {
    "source": "--source", "image": "--image", "target": "--target", "consumers": "--consumer",
    "consumer_bases": "--consumer-base", "entry": "--entry", "docker": "--docker", "platform": "--platform",
    "auth_names": "--auth-name", "token_env": "--token-env", "contract": "--contract",
}  # fmt: skip

_FORMATS = ("text", "json", "markdown", "sarif")


@click.command(short_help="Are contract, source, image, target and callers the same API?")
@click.option("--source", metavar="DIR", help="Folder of the service's source, with its package.json.")
@click.option("--image", metavar="REF|ARCHIVE", help="Its image: `docker save` archive, OCI layout, or a reference.")
@click.option("--target", metavar="URL", help="A live agent, such as http://HOST:30000, or `reference`.")
@click.option("--consumer", "consumers", multiple=True, metavar="DIR", help="Folder of callers; repeatable.")
@click.option(
    "--consumer-base", "consumer_bases", multiple=True, metavar="NAME|URL", help="The agent's base there; repeatable."
)
@click.option("--entry", metavar="FILE", help="File that the program begins with  [default: as package.json says]")
@click.option("--docker", metavar="URL", help="Docker Engine that has the image: unix://… or ssh://user@host.")
@click.option("--platform", metavar="OS/ARCH", help="Which image of several  [default: linux/amd64]")
@click.option("--introspect", is_flag=True, help="Also run the image's program, without network, to tell its routes.")
@click.option(
    "--auth-name", "auth_names", multiple=True, metavar="NAME", help="Middleware that asks for a token; repeatable."
)
@click.option("--token-env", metavar="NAME", help="Variable that holds the token  [default: DTMA_BEARER_TOKEN]")
@click.option("--contract", metavar="FILE", help="Another contract than the one shipped.")
@click.option("--strict", is_flag=True, help="Every finding blocks, and whatever could not be told.")
@click.option("--all", "everything", is_flag=True, help="Show routes on which all agree, too.")
@click.option("--format", "form", type=click.Choice(_FORMATS), default="text", help="Form of the result.")
@click.option("--output", metavar="FILE", help="Write the result there  [default: standard output]")
def drift(*, strict: bool, everything: bool, form: str, output: str | None, **flags: Any) -> None:
    """Compare what is promised, written, shipped, answering and called, route by route.

    Nothing is run and nothing is changed: code is read, the target is asked what has no effect. What could not be
    read or resolved is listed as unknown, and is never taken for absent. A corner that was asked for and could not be
    read at all is no pass: exit code 5, or 1 where there is drift besides.

    \b
    Examples:
      dtma-contract drift --source agents/express
      dtma-contract drift --source . --image dtma.tar --consumer ../backend/src
      DTMA_BEARER_TOKEN=… dtma-contract drift --source . --target http://10.0.0.7:30000
      dtma-contract drift --source . --image registry.example/dtma:latest --format sarif --output drift.sarif
    """  # noqa: D301 - click keeps the lines below this very character as they are
    check_filled("--output", output)
    from dtma_contract.drift_run import run_drift  # noqa: PLC0415 - slow to import, and --help is not

    progress = Console(stderr=True, highlight=False)
    with ended_in_order():
        report = run_drift(request_of(flags), lambda line: progress.print(Text(line, "dim"), soft_wrap=True))
    _write(report, form, output, everything=everything)
    sys.exit(report.exit_code_if(strict=strict))


def request_of(flags: Mapping[str, Any]) -> DriftRequest:
    """Return what the flags ask for.

    Args:
        flags: by option; ``contract``, ``source``, ``image``, ``target``, ``consumers``, ``consumer_bases``,
            ``entry``, ``docker``, ``platform``, ``introspect``, ``auth_names``, ``token_env`` are read where they are.

    Raises:
        UsageError: a value is malformed, or no corner is named.
    """
    from dtma_contract.drift_run import DriftRequest  # noqa: PLC0415 - as above
    from dtma_contract.engine_address import read_engine_address  # noqa: PLC0415 - as above
    from dtma_contract.settings import REFERENCE, Settings  # noqa: PLC0415 - as above
    from dtma_contract.shipped import load_contract  # noqa: PLC0415 - as above

    for name, option in _NAMING.items():
        check_filled(option, flags.get(name))
    given = {name: value for name, value in flags.items() if value}
    # The same rules as for the target of a verification.
    settings = Settings.from_values({"target": given.get("target", REFERENCE), "token_env": given.get("token_env")})
    auth_names = tuple(given.get("auth_names", ()))
    for name in auth_names:
        _check_pattern(name)
    request = DriftRequest(
        contract=load_contract(Path(given["contract"]) if "contract" in given else None),
        source=Path(given["source"]) if "source" in given else None,
        image=given.get("image"),
        target=settings.target if "target" in given else None,
        consumers=tuple(map(Path, given.get("consumers", ()))),
        consumer_bases=tuple(given.get("consumer_bases", ())),
        entry=given.get("entry"),
        docker=read_engine_address(given["docker"]) if "docker" in given else None,
        platform=given.get("platform"),
        introspect=bool(given.get("introspect")),
        auth_names=auth_names,
        token=_token(settings.token_env) if "target" in given else None,
        token_env=settings.token_env,
    )
    request.check()
    return request


def _token(token_env: str) -> str | None:
    """Return the token where its variable is set; without one the target is asked what needs none."""
    from dtma_contract.run import take_token  # noqa: PLC0415 - as above

    return take_token(token_env) if os.environ.get(token_env) else None


def _check_pattern(name: str) -> None:
    try:
        re.compile(name)
    except re.error as problem:
        raise UsageError(
            f'The name "{name}" of --auth-name is no regular expression: {problem}.',
            "Write it as `requireSession`, or as a pattern such as `^check.*Session$`.",
        ) from None


def _write(report: DriftReport, form: str, output: str | None, *, everything: bool) -> None:
    if form == "text" and output is None:
        from dtma_contract.reporting.drift_table import print_drift  # noqa: PLC0415 - as above

        print_drift(report, Console(), everything=everything)
        return
    document = _document(report, form, everything=everything)
    if output is None:
        click.echo(document, nl=False)
        return
    try:
        Path(output).write_text(document, "utf-8", "backslashreplace")
    except OSError as problem:
        raise UsageError(
            f"The result cannot be written to {output}: {problem.strerror or problem}.", "Name another file."
        ) from None


def _document(report: DriftReport, form: str, *, everything: bool) -> str:
    import io  # noqa: PLC0415 - as above
    import json  # noqa: PLC0415 - as above

    from dtma_contract.reporting.drift_markdown import drift_markdown  # noqa: PLC0415 - as above
    from dtma_contract.reporting.drift_sarif import drift_sarif  # noqa: PLC0415 - as above
    from dtma_contract.reporting.drift_table import print_drift  # noqa: PLC0415 - as above

    if form == "markdown":
        return drift_markdown(report, everything=everything)
    if form == "text":
        stream = io.StringIO()
        print_drift(report, Console(file=stream, width=120), everything=everything)
        return stream.getvalue()
    data = drift_sarif(report) if form == "sarif" else report.to_json()
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
