"""The ``dtma-reference`` command: parses, calls, prints."""

from __future__ import annotations

import difflib
import errno
import os
import sys
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from dtma_reference import __version__, registry_cli
from dtma_reference.engines.memory import DEFAULT_IMAGE, ForeignContainer, MemoryEngine
from dtma_reference.faults.catalogue import FAULTS
from dtma_reference.naming import is_image_reference, is_name
from dtma_reference.registry.environment import KeyProblemError, Vault
from dtma_reference.registry.location import RegistryLocation
from dtma_reference.registry.presence import AgentRunningError, FileLock
from dtma_reference.registry_cli import DEFAULT_DOCKER, REGISTRY_VARIABLE, RegistryParameter
from dtma_reference.settings import AgentSettings
from dtma_reference.supervisor import Supervisor, end_with_standard_input, reserve_port
from dtma_reference.tokens import SECRET_VARIABLES, Secrets

__all__ = ["main"]

_USAGE_EXIT_CODE = 4
_UNWRITABLE_EXIT_CODE = 3
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def main() -> None:
    """Run the command; a usage error is one message and exit code 4, a full device at standard output is 3."""
    try:
        code = _command.main(prog_name="dtma-reference", standalone_mode=False)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as problem:
        click.echo(f"dtma-reference: {problem.format_message()}", err=True)
        sys.exit(_USAGE_EXIT_CODE)
    except OSError as problem:
        if problem.errno not in _FULL:
            raise
        _discard_output()
        click.echo(f"dtma-reference: Standard output cannot be written: {problem.strerror}. Make room there.", err=True)
        sys.exit(_UNWRITABLE_EXIT_CODE)
    sys.exit(code or 0)


def _announce(line: str) -> None:
    try:
        click.echo(line)
    except BrokenPipeError:
        # It is served to others than whoever reads this.
        _discard_output()


def _discard_output() -> None:
    """Lead nowhere what is still buffered, at which the end of the process would fail once more."""
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


class _Commands(click.Group):
    """A group whose output may be cut off: a reader that went away, as ``head`` does, has seen enough."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was named; what it does comes before what it prints."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            _discard_output()
            return 0


@click.group(name="dtma-reference", cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def _command() -> None:
    """The DTMA's API, implemented in Python: a target that keeps the contract, or breaks it on demand."""


def _images(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if not is_image_reference(value):
            raise click.BadParameter(f'"{value}" is no image reference, such as nginx:latest.')
    return values


def _foreign(
    _context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]
) -> tuple[ForeignContainer, ...]:
    containers: dict[str, ForeignContainer] = {}
    for value in values:
        name, _, state = value.partition(":")
        if not is_name(name):
            raise click.BadParameter(f'"{name}" is no container name; Docker allows [a-zA-Z0-9][a-zA-Z0-9_.-]+.')
        if state not in {"", "running", "exited"}:
            raise click.BadParameter(f'"{state}" is no state; it can be running or exited.')
        if name in containers:
            raise click.BadParameter(f'"{name}" is named twice.')
        containers[name] = ForeignContainer(name, running=state != "exited")
    return tuple(containers.values())


def _faults(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> frozenset[str]:
    for value in values:
        if value not in FAULTS:
            raise click.BadParameter(f'There is no fault "{value}".{_closest(value, FAULTS)} `faults` lists them.')
    return frozenset(values)


def _closest(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f' Did you mean "{near[0]}"?' if near else ""


@_command.command()
@click.option("--engine", type=click.Choice(["memory", "docker"]), default="memory", show_default=True)
@click.option("--docker", metavar="URL", help=f"The Docker Engine. [default: DOCKER_HOST, else {DEFAULT_DOCKER}]")
@click.option(
    "--registry",
    metavar="URL",
    envvar=REGISTRY_VARIABLE,
    type=RegistryParameter(),
    help="Where instances are kept: sqlite:///PATH, postgresql+psycopg://… or memory, which a restart loses. "
    f"[env: {REGISTRY_VARIABLE}; default: a SQLite file that goes when this program ends]",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=30000, show_default=True, help="0 takes a free one.")
@click.option(
    "--image",
    "images",
    metavar="REF",
    multiple=True,
    callback=_images,
    help=f"An image that the memory engine can pull, beside {DEFAULT_IMAGE}. Repeatable.",
)
@click.option(
    "--foreign",
    metavar="NAME[:running|:exited]",
    multiple=True,
    callback=_foreign,
    help="A container in the memory engine that is not the agent's. Repeatable.",
)
@click.option(
    "--fault", "faults", metavar="NAME", multiple=True, callback=_faults, help="Break the contract. Repeatable."
)
@click.option("--allow-ssh", is_flag=True, help="Let POST /ssh/execute run commands on this host.")
@click.option("--until-stdin-ends", is_flag=True, help="End when standard input does, as with whoever holds it open.")
@click.option("--version-label", metavar="TEXT", default=__version__, help="The version that the agent says it has.")
def serve(
    *,
    engine: str,
    docker: str | None,
    registry: RegistryLocation | None,
    host: str,
    port: int,
    images: tuple[str, ...],
    foreign: tuple[ForeignContainer, ...],
    faults: frozenset[str],
    allow_ssh: bool,
    until_stdin_ends: bool,
    version_label: str,
) -> int:
    """Serve until SIGTERM or SIGINT.

    The bearer tokens are read from DTMA_BEARER_TOKEN and BACKEND_TO_DTMA_API_KEY.
    """
    if engine == "memory" and docker is not None:
        raise click.UsageError("--docker needs --engine docker.")
    if engine == "docker" and (images or foreign):
        raise click.UsageError("--image and --foreign need --engine memory.")
    _require_usable(registry)
    try:
        reserved = reserve_port(host, port)
    except OSError as problem:
        raise click.UsageError(f"Cannot listen on {host} port {port}: {problem.strerror or problem}.") from None
    if until_stdin_ends:
        end_with_standard_input()
    with reserved, ExitStack() as held:
        folder = ""
        if registry is None:
            folder = held.enter_context(
                tempfile.TemporaryDirectory(prefix="dtma-reference-", ignore_cleanup_errors=True)
            )
            registry = RegistryLocation.parse(f"sqlite:///{folder}/registry.db")
        # A name may stand for several addresses; the agent listens on the one that is reserved.
        address, number = reserved.getsockname()[:2]
        settings = AgentSettings(
            host=address,
            port=number,
            docker=(docker or os.environ.get("DOCKER_HOST") or DEFAULT_DOCKER) if engine == "docker" else None,
            faults=faults,
            allow_ssh=allow_ssh,
            version=version_label,
            has_api_base_url=bool(os.environ.get("AGENTOPIA_API_BASE_URL")),
            registry=registry.url,
            registry_folder=folder,
        )
        memory = MemoryEngine((DEFAULT_IMAGE, *images), foreign) if engine == "memory" else None
        if not Secrets.from_environment(os.environ).values:
            click.echo(
                f"dtma-reference: neither {' nor '.join(SECRET_VARIABLES)} is set; protected routes answer 500.",
                err=True,
            )
        shown = f"[{address}]" if ":" in address else address
        return Supervisor(
            settings, memory, lambda: _announce(f"dtma-reference listening on http://{shown}:{number}")
        ).run()


def _require_usable(registry: RegistryLocation | None) -> None:
    """Refuse what the agent's process could not work with, before it is started."""
    try:
        Vault.from_environment(os.environ)
        if registry is not None and registry.path:
            FileLock(registry.path).close()
    except (AgentRunningError, KeyProblemError) as problem:
        raise click.UsageError(str(problem)) from None
    except OSError as problem:
        path = Path(registry.path if registry else "")
        raise click.UsageError(f"The registry {path} cannot be used: {problem.strerror or problem}.") from None


@_command.command(name="faults")
def list_faults() -> None:
    """List all faults, one sentence each."""
    width = max(map(len, FAULTS))
    for name, sentence in FAULTS.items():
        click.echo(f"{name:<{width}}  {sentence}")


registry_cli.add_to(_command)
