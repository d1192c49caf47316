"""``dtma-contract fence``: the fence alone, for any other client."""

from __future__ import annotations

import sys
from typing import Any

import click

from dtma_contract.commands.flags import settings_of

__all__ = ["fence"]


@click.command(short_help="Only the fence, for any other client.")
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
    from dtma_contract.fence.command import read_listen, run_fence_command  # noqa: PLC0415 - slow to import, and --help is not
    from dtma_contract.fence.settings import FenceSettings  # noqa: PLC0415 - as above
    from dtma_contract.plan import Plan  # noqa: PLC0415 - as above
    from dtma_contract.run import take_token  # noqa: PLC0415 - as above

    plan = Plan.make(settings_of(flags))
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
