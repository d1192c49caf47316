"""The commands for a registry itself: adopt, history, migrate and its keys."""

from __future__ import annotations

import dataclasses
import json
import os
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dtma_reference.engines.protocol import ContainerNotFoundError, Engine, EngineError, EngineUnavailableError
from dtma_reference.plain_text import plain
from dtma_reference.registry.adoption import Line, adoptions, undoings
from dtma_reference.registry.environment import KEY_VARIABLE, KeyProblemError, Vault, new_key
from dtma_reference.registry.location import LocationError, RegistryLocation
from dtma_reference.registry.memory import MemoryStore
from dtma_reference.registry.presence import AgentRunningError, FileLock
from dtma_reference.registry.records import Entry, HistoryLine
from dtma_reference.registry.store import (
    Access,
    NameHeldError,
    PortHeldError,
    RowChangedError,
    Store,
    StoreMissingError,
    StoreUnavailableError,
)

if TYPE_CHECKING:
    from dtma_reference.registry.database_store import DatabaseStore

__all__ = ["DEFAULT_DOCKER", "REGISTRY_VARIABLE", "RegistryParameter", "add_to"]

DEFAULT_DOCKER = "unix:///var/run/docker.sock"
REGISTRY_VARIABLE = "DTMA_REGISTRY"

_ACTOR = "command adopt"


class RegistryParameter(click.ParamType[RegistryLocation]):
    """A registry's location, checked for its form."""

    name = "registry"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> RegistryLocation:
        """Return the location."""
        if isinstance(value, RegistryLocation):
            return value
        try:
            return RegistryLocation.parse(str(value))
        except LocationError as problem:
            self.fail(str(problem), param, ctx)


def _registry_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--registry",
        metavar="URL",
        envvar=REGISTRY_VARIABLE,
        required=True,
        type=RegistryParameter(),
        help=f"The registry: sqlite:///PATH or postgresql+psycopg://…. [env: {REGISTRY_VARIABLE}]",
    )(command)


_format_option = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)


@click.command()
@_registry_option
@click.option("--docker", metavar="URL", help=f"The Docker Engine. [default: DOCKER_HOST, else {DEFAULT_DOCKER}]")
@click.option("--apply", "applied", is_flag=True, help="Do it; without this it is only shown.")
@click.option("--undo", is_flag=True, help="Take out of the registry what was adopted.")
@_format_option
@click.argument("names", metavar="[NAME]...", nargs=-1)
def adopt(
    *, registry: RegistryLocation, docker: str | None, applied: bool, undo: bool, form: str, names: tuple[str, ...]
) -> int:
    """Take containers that already run into the registry.

    NAME is a container's name or a pattern such as 'web-*'; without one, all that run are looked at. No container is
    started, stopped or changed.
    """
    if undo and docker is not None:
        raise click.UsageError("--undo needs no --docker: it looks at the registry only.")
    with _told(registry):
        _require_database(registry)
        if undo:
            lines = _undoing(registry, names, applied=applied)
        else:
            url = docker or os.environ.get("DOCKER_HOST") or DEFAULT_DOCKER
            try:
                lines = _adoption(registry, url, names, applied=applied)
            except EngineUnavailableError as problem:
                # What stands before an @ may be a password.
                asked = "" if "@" in url else f" Asked was {url};"
                raise click.ClickException(f"{str(problem).rstrip('.')}.{asked} --docker names another one.") from None
    click.echo(_lines_in_json(lines, applied=applied) if form == "json" else _lines_in_text(lines, applied=applied))
    return 0


@click.command()
@_registry_option
@click.option("--name", metavar="NAME", help="Of one instance only.")
@click.option(
    "--limit", type=click.IntRange(1, 1_000_000), default=100, show_default=True, help="How many of the last lines."
)
@_format_option
def history(*, registry: RegistryLocation, name: str | None, limit: int, form: str) -> int:
    """Show who did what with which instance, oldest first."""
    with _told(registry):
        _require_database(registry)
        with _opened(registry, Access.READ) as store:
            lines = store.history(name, limit)
    for line in lines:
        click.echo(json.dumps(_history_in_json(line)) if form == "json" else _history_in_text(line))
    if not lines:
        click.echo("Nothing is recorded." if name is None else f'Nothing is recorded of "{name}".', err=True)
    return 0


@click.command()
@_registry_option
@click.argument("revision", default="head")
def migrate(*, registry: RegistryLocation, revision: str) -> int:
    """Bring the registry's tables to REVISION, up or down. The agent does by itself what is needed to start.

    REVISION is head, base, or a number such as 0001. Going down drops what the older revision has no place for,
    and is refused while an agent works with the registry.
    """
    from dtma_reference.registry import schema  # noqa: PLC0415 - SQLAlchemy is slow to load
    from dtma_reference.registry.opening import made_database  # noqa: PLC0415 - same
    from dtma_reference.registry.revisions import KNOWN  # noqa: PLC0415 - same
    from dtma_reference.registry.revisions import migrate as bring  # noqa: PLC0415 - same
    from dtma_reference.registry.server_lock import require_no_agents  # noqa: PLC0415 - same

    if revision not in ("head", *KNOWN):
        raise click.UsageError(f"That is no revision: {revision}; known are {', '.join(('head', *KNOWN))}.")
    with _told(registry):
        _require_database(registry)
        # An agent that runs works with the tables as they are.
        lock = FileLock(registry.path) if registry.path and revision != "head" else None
        database = made_database(registry)
        try:
            with database.writing() as connection:
                if revision != "head":
                    require_no_agents(connection)
                bring(connection, schema.HEAD if revision == "head" else revision)
        finally:
            database.close()
            if lock is not None:
                lock.close()
    click.echo(f"The registry is at revision {schema.HEAD if revision == 'head' else revision}.")
    return 0


@click.command(name="rotate-keys")
@_registry_option
def rotate_keys(*, registry: RegistryLocation) -> int:
    """Encrypt all environment values anew, with the first key in DTMA_REGISTRY_KEY.

    Put a fresh key before the old one, restart the agent, run this, and take the old key away.
    """
    with _told(registry):
        _require_database(registry)
        if not Vault.from_environment(os.environ).has_key:
            raise click.UsageError(f"{KEY_VARIABLE} has no key.")
        with _opened(registry, Access.CHANGE) as store:
            count = store.reseal()
    click.echo(f"Encrypted with the first key: {count} {'value' if count == 1 else 'values'}.")
    return 0


@click.command(name="generate-key")
def generate_key() -> int:
    """Print a fresh key for DTMA_REGISTRY_KEY."""
    click.echo(new_key())
    return 0


def add_to(group: click.Group) -> None:
    """Add these commands to the program's."""
    for command in (adopt, history, migrate, rotate_keys, generate_key):
        group.add_command(command)


@contextmanager
def _told(registry: RegistryLocation) -> Iterator[None]:
    """Tell trouble as one message."""
    try:
        yield
    except StoreMissingError:
        name = f" {registry.path}" if registry.path else ""
        raise click.UsageError(f"There is no registry{name} yet. An agent that is started with it makes one.") from None
    except StoreUnavailableError as problem:
        raise click.ClickException(f"The registry cannot be used: {problem}.") from None
    except (KeyProblemError, EngineError, AgentRunningError) as problem:
        raise click.ClickException(str(problem)) from None
    except OSError as problem:
        raise click.ClickException(f"The registry cannot be used: {problem.strerror or problem}.") from None


def _require_database(registry: RegistryLocation) -> None:
    if registry.is_memory:
        raise click.UsageError("A registry in memory is inside its agent; this needs one in a database.")
    if registry.path and not Path(registry.path).parent.is_dir():
        raise click.UsageError(f"There is no folder {Path(registry.path).parent}.")


@contextmanager
def _opened(registry: RegistryLocation, access: Access) -> Iterator[DatabaseStore]:
    from dtma_reference.registry.opening import open_database_store  # noqa: PLC0415 - SQLAlchemy is slow to load

    with closing(open_database_store(registry, Vault.from_environment(os.environ), access=access)) as store:
        yield store


def _adoption(registry: RegistryLocation, url: str, names: tuple[str, ...], *, applied: bool) -> tuple[Line, ...]:
    """Return what adoption does, or has done, on the engine at that address."""
    from dtma_reference.engines.docker import DockerEngine  # noqa: PLC0415 - the SDK is slow to import

    with closing(DockerEngine(url)) as engine, ExitStack() as held:
        found = [(container, str(uuid.uuid4())) for container in engine.list()]
        store: Store
        try:
            store = held.enter_context(_opened(registry, Access.MAKE if applied else Access.READ))
        except StoreMissingError:
            click.echo("There is no registry there yet; --apply makes it.", err=True)
            store = MemoryStore()
        lines = adoptions(store.all(), found, store.identity, names)
        return tuple(_adopted(store, engine, line) for line in lines) if applied else lines


def _undoing(registry: RegistryLocation, names: tuple[str, ...], *, applied: bool) -> tuple[Line, ...]:
    """Return what undoing an adoption does, or has done."""
    with _opened(registry, Access.CHANGE if applied else Access.READ) as store:
        lines = undoings(store.all(), names)
        return tuple(_undone(store, line) for line in lines) if applied else lines


def _adopted(store: Store, engine: Engine, line: Line) -> Line:
    if line.row is None:
        return line
    try:
        environment = engine.inspect(line.container_id).environment
        store.insert(line.row, environment, Entry(_ACTOR, "adopt"))
    except ContainerNotFoundError:
        return dataclasses.replace(line, verdict="skip", reason="it is gone", row=None)
    except (NameHeldError, PortHeldError):
        return dataclasses.replace(line, verdict="skip", reason="its name or a host port was taken meanwhile", row=None)
    return line


def _undone(store: Store, line: Line) -> Line:
    assert line.row is not None
    try:
        store.change(line.row, None, Entry(_ACTOR, "adopt", "undone"))
    except RowChangedError:
        return dataclasses.replace(line, verdict="skip", reason="it was changed meanwhile")
    return line


def _lines_in_json(lines: Iterable[Line], *, applied: bool) -> str:
    fields = ("name", "container_id", "image", "account", "verdict", "reason")
    rows = [{field: getattr(line, field) for field in fields} for line in lines]
    return json.dumps({"applied": applied, "containers": rows}, indent=2)


def _lines_in_text(lines: tuple[Line, ...], *, applied: bool) -> str:
    rows = [("VERDICT", "NAME", "CONTAINER", "IMAGE", "REASON")]
    rows += [(line.verdict, plain(line.name), line.container_id[:12], plain(line.image), line.reason) for line in lines]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    acts = sum(line.verdict in {"adopt", "undo"} for line in lines)
    if applied:
        last = f"{acts} of {len(lines)} done."
    else:
        last = f"{acts} of {len(lines)} would be done; nothing was changed." + (" --apply does it." if acts else "")
    return "\n".join([*table, last])


def _history_in_json(line: HistoryLine) -> dict[str, Any]:
    return {
        "at": line.at.isoformat().replace("+00:00", "Z"),
        "actor": line.entry.actor,
        "operation": line.entry.operation,
        "outcome": line.entry.outcome,
        "detail": line.entry.detail,
        "name": line.name,
        "row": line.row_id,
        "before": line.before,
        "after": line.after,
    }


def _history_in_text(line: HistoryLine) -> str:
    before, after = (str((facts or {}).get("status", "none")) for facts in (line.before, line.after))
    detail = f" ({plain(line.entry.detail)})" if line.entry.detail else ""
    at = line.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    entry = line.entry
    return f"{at}  {entry.actor}  {entry.operation} {plain(line.name)}: {entry.outcome}, {before} to {after}{detail}"
