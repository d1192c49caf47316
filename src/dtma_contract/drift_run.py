"""A drift comparison as one call: every corner that was asked for is read, and what could not be is a stated fact."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from posixpath import relpath
from typing import TYPE_CHECKING, Any

from dtma_contract.contract import Contract
from dtma_contract.drift.comparison import compare
from dtma_contract.drift.matching import is_full, key_of
from dtma_contract.drift.report import DriftReport
from dtma_contract.errors import DtmaContractError, UsageError
from dtma_contract.mounting import MountState
from dtma_contract.places import Place, look_at
from dtma_contract.routes import Cell, Corner, Location, Route, RouteTable, Unknown
from dtma_contract.survey import Survey

if TYPE_CHECKING:  # most runs need not all of them, and each takes its time to import
    from dtma_contract.discovery.container_image import ImageContent

__all__ = ["DriftRequest", "run_drift", "surveyed_table"]

# How long an image's own program is listened to.
_INTROSPECTION_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class DriftRequest:
    """What is compared with the contract.

    Attributes:
        contract: the contract.
        source: folder of the service's source, or None.
        image: reference, archive or layout of its image, or None.
        target: URL of a live agent, ``reference``, or None.
        consumers: folders of callers.
        consumer_bases: variables, properties, URLs and hosts that are the agent's base in the callers' code.
        entry: file that the program begins with, relative to the source, or in the image where no source is given.
        docker: endpoint of the Docker Engine that has the image; the default one where it is None.
        platform: of the image, such as ``linux/arm64``; the usual one where it is None.
        introspect: whether the image's own runtime is asked as well, in a container without network.
        auth_names: further names of middleware that asks for a token, as regular expressions.
        token: the target's, or None.
        token_env: the variable that it came from, for messages.
    """

    contract: Contract
    source: Path | None = None
    image: str | None = None
    target: str | None = None
    consumers: tuple[Path, ...] = ()
    consumer_bases: tuple[str, ...] = ()
    entry: str | None = None
    docker: str | None = None
    platform: str | None = None
    introspect: bool = False
    auth_names: tuple[str, ...] = ()
    token: str | None = None
    token_env: str = "DTMA_BEARER_TOKEN"  # noqa: S105 - the name of a variable

    def check(self) -> None:
        """Refuse what can only be a mistake.

        Raises:
            UsageError: no corner is named, a folder is none, or the image is a path to nothing.
        """
        if not (self.source or self.image or self.target or self.consumers):
            raise UsageError(
                "There is nothing to compare the contract with.",
                "Name at least one corner, such as `dtma-contract drift --source . --target http://HOST:30000`.",
            )
        named = [("--source", self.source), *(("--consumer", folder) for folder in self.consumers)]
        for option, folder in named:
            place = Place.FOLDER if folder is None else look_at(folder, f"The folder {folder} of {option}")
            if place is not Place.FOLDER:
                what = {Place.FILE: "is a file", Place.NOTHING: "does not exist"}.get(place, "is none")
                raise UsageError(
                    f"The folder {folder} of {option} {what}.",
                    "Name the folder that holds the package.json."
                    if option == "--source"
                    else "Name a folder with the code of callers.",
                )
        if self.image:
            from dtma_contract.discovery.container_image.reading import check_reference  # noqa: PLC0415 - as below

            check_reference(self.image, docker=self.docker)
        if self.consumer_bases and not self.consumers:
            raise UsageError("--consumer-base speaks of callers, and none are named.", "Name them with --consumer.")
        if self.introspect and not self.image:
            raise UsageError("--introspect asks an image, and none is named.", "Name it with --image.")


def run_drift(
    request: DriftRequest, say: Callable[[str], None] = lambda _line: None, *, given: Iterable[RouteTable] = ()
) -> DriftReport:
    """Read the corners and compare them.

    Args:
        request: what is compared.
        say: told in one line what is done next.
        given: tables of corners that were read already.

    Raises:
        UsageError: no corner is named, a folder is none, or ``entry`` names no file.
    """
    request.check()
    tables = list(given)
    # Waiting for an engine or a registry goes on beside the reading of code.
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="image") as beside:
        content = beside.submit(_image_content, request) if request.image else None
        if request.source:
            say(f"reading the source in {request.source}")
            tables.append(_source_table(request, request.source))
        if request.consumers:
            say(f"reading callers in {', '.join(map(str, request.consumers))}")
            tables.append(_consumer_table(request))
        if content is not None:
            say(f"reading the image {request.image}")
            tables.append(_image_table(request, content.result(), say))
    if request.target:
        say(f"asking {request.target}")
        tables.append(_target_table(request, request.target, _further(request.contract, tables)))
    return compare(request.contract, tables)


def surveyed_table(contract: Contract, survey: Survey) -> RouteTable:
    """Return the target's table as a verification run has surveyed it; authentication is judged elsewhere there.

    Args:
        contract: the contract.
        survey: of all of its operations.
    """
    words = {MountState.MOUNTED: Cell.MOUNTED, MountState.MISSING: Cell.ABSENT, MountState.UNKNOWN: Cell.UNKNOWN}
    return RouteTable(
        Corner.TARGET,
        tuple(
            Route(operation.method, operation.path, words[state], detail=survey.evidence[operation.id].rstrip("."))
            for operation in contract.operations
            if (state := survey.states.get(operation.id)) is not None
        ),
    )


def _unread(corner: Corner, problem: DtmaContractError | str, **provenance: Any) -> RouteTable:
    """Return the table of a corner that could not be read: nothing is known of any route."""
    reason = str(problem).rstrip(".")
    return RouteTable(corner, (), (Unknown(corner, "", 0, reason),), provenance)


# -- source


def _source_table(request: DriftRequest, folder: Path) -> RouteTable:
    from dtma_contract.discovery.git_history import source_history  # noqa: PLC0415 - not every comparison has a source
    from dtma_contract.discovery.source_folder import path_in_repository, read_source  # noqa: PLC0415 - as above

    history = source_history(folder)
    told = {
        "folder": str(folder),
        "path_in_repository": path_in_repository(folder),
        "commit": history.commit,
        "dirty": history.dirty,
    }
    try:
        table = read_source(folder, entry=request.entry, auth_names=request.auth_names)
    except UsageError as problem:
        if request.entry is not None:
            raise
        return _unread(Corner.SOURCE, problem, **told)
    return replace(table, provenance={**told, **table.provenance})


# -- image


def _image_content(request: DriftRequest) -> ImageContent | DtmaContractError:
    from dtma_contract.discovery.container_image import read_image  # noqa: PLC0415 - as above

    assert request.image is not None
    try:
        return read_image(request.image, docker=request.docker, platform=request.platform)
    except DtmaContractError as problem:
        return problem


def _image_table(
    request: DriftRequest, content: ImageContent | DtmaContractError, say: Callable[[str], None]
) -> RouteTable:
    from dtma_contract.discovery.express import read_routes  # noqa: PLC0415 - as above

    if isinstance(content, DtmaContractError):
        return _unread(Corner.IMAGE, content, reference=request.image)
    told = content.provenance.to_json() | _against_source(request, content)
    point = content.entry_point
    chosen = None if request.source else request.entry
    if point is None and chosen is None:
        return _unread(Corner.IMAGE, content.entry_problem, **told)
    folder = point.folder if point else content.working_dir
    entry = chosen or (relpath(point.file, folder or ".") if point else None)
    try:
        table = read_routes(
            content.tree, corner=Corner.IMAGE, folder=folder, entry=entry, auth_names=request.auth_names
        )
    except UsageError as problem:
        if chosen is not None:
            raise
        return _unread(Corner.IMAGE, problem, **told)
    table = _mapped_back(replace(table, provenance={**told, **table.provenance}), content)
    unread = [
        Unknown(Corner.IMAGE, file, 1, "the file could not be read: it is too large, or a link to nothing", "")
        for file in content.unread
    ]
    table = replace(table, unknown=(*table.unknown, *unread))
    return _introspected(request, content, table, say) if request.introspect else table


def _mapped_back(table: RouteTable, content: ImageContent) -> RouteTable:
    """Return the table with the places of the source, as far as source maps tell them."""
    from dtma_contract.discovery.container_image.source_map import SourceMaps  # noqa: PLC0415 - as above

    maps = SourceMaps(content.tree)

    def place(location: Location | None) -> Location | None:
        return (location and maps.original(location.file, location.line)) or location

    def told(unknown: Unknown) -> Unknown:
        found = place(Location(unknown.file, unknown.line)) if unknown.file else None
        return replace(unknown, file=found.file, line=found.line) if found else unknown

    return replace(
        table,
        routes=tuple(replace(route, location=place(route.location), via=place(route.via)) for route in table.routes),
        unknown=tuple(map(told, table.unknown)),
        crash_location=place(table.crash_location),
        provenance={**table.provenance, "lacks_files": _lacking(table, content, place)},
    )


def _lacking(
    table: RouteTable, content: ImageContent, place: Callable[[Location | None], Location | None]
) -> list[dict[str, Any]]:
    """Return the files without which the program ends, and which the image lacks, with the place that reads each."""
    lacking = []
    for needed in table.provenance.get("needs_files", ()):
        names_another = needed["variable"] in content.config.environment
        if not names_another and content.surely_lacks(str(needed["path"]).lstrip("/")):
            read_at = place(Location(needed["file"], needed["line"]))
            assert read_at is not None
            lacking.append({**needed, "file": read_at.file, "line": read_at.line})
    return lacking


def _against_source(request: DriftRequest, content: ImageContent) -> dict[str, Any]:
    """Return how the image stands to the source's commit and package.json."""
    if request.source is None:
        return {}
    from dtma_contract.discovery.container_image.provenance_facts import package_facts  # noqa: PLC0415 - as above
    from dtma_contract.discovery.file_tree import FolderTree  # noqa: PLC0415 - as above
    from dtma_contract.discovery.git_history import (  # noqa: PLC0415 - as above
        commits_behind,
        commits_touching,
        source_history,
    )
    from dtma_contract.discovery.provenance import compare_provenance  # noqa: PLC0415 - as above

    history = source_history(request.source)
    revision = content.provenance.revision
    behind, ahead, why = commits_behind(request.source, revision) if revision else (None, None, "")
    comparison = compare_provenance(
        content.provenance,
        commit=history.commit,
        dirty=history.dirty,
        package=package_facts(FolderTree(request.source), ""),
        behind=behind,
        ahead=ahead,
        problems=(history.problem, why),
    )
    # Only what touches the source's folder makes the image stale.
    touching = commits_touching(request.source, revision) if comparison.behind else comparison.behind
    lag = comparison.behind if touching is None else touching
    return {"commits_behind": lag, "against_source": comparison.to_json()}


def _introspected(
    request: DriftRequest, content: ImageContent, table: RouteTable, say: Callable[[str], None]
) -> RouteTable:
    """Return the table checked by the image's own runtime; that it did not tell is an unknown that hides nothing."""
    import json  # noqa: PLC0415 - only here

    from dtma_contract.discovery.introspection import hook_source  # noqa: PLC0415 - as above
    from dtma_contract.discovery.introspection.answer import MARK, read_answer  # noqa: PLC0415 - as above
    from dtma_contract.drift.runtime import cross_checked, ending  # noqa: PLC0415 - as above
    from dtma_contract.probes.docker_images import default_endpoint  # noqa: PLC0415 - as above
    from dtma_contract.probes.introspection_container import run_introspection  # noqa: PLC0415 - as above

    say(f"asking the runtime of {request.image}, in a container without network")
    endpoint = request.docker or default_endpoint()
    if endpoint is None:
        return _doubted(
            table, "its own runtime could not be asked: there is no Docker Engine here, and --docker names none"
        )
    try:
        told = run_introspection(
            endpoint,
            content.provenance.origin.image_id or content.provenance.origin.reference,
            hook_source(),
            _INTROSPECTION_SECONDS,
        )
    except DtmaContractError as problem:
        return _doubted(table, f"its own runtime could not be asked: {str(problem).rstrip('.')}")
    answer = read_answer(f"{MARK}{json.dumps(told)}")
    if answer is None or not answer.listened:
        reason = ending(answer.error) if answer and answer.error else "it never listened"
        if table.crash and answer and answer.error:
            # Both say the same.
            return replace(table, provenance={**table.provenance, "runtime": {"routes": 0, "ended": reason}})
        return _doubted(table, f"its own runtime told no routes: {reason}")
    return cross_checked(table, answer.routes)


def _doubted(table: RouteTable, reason: str) -> RouteTable:
    return replace(table, unknown=(*table.unknown, Unknown(Corner.IMAGE, "", 0, reason, "")))


# -- callers


def _consumer_table(request: DriftRequest) -> RouteTable:
    """Return the calls of all folders as one table, each place with its folder in front where there are several."""
    from dtma_contract.discovery.consumer import folded, read_consumers  # noqa: PLC0415 - as above
    from dtma_contract.discovery.file_tree import FolderTree  # noqa: PLC0415 - as above

    promised = [operation.path for operation in request.contract.operations]
    bases = request.consumer_bases
    tables = [read_consumers(FolderTree(folder), promised=promised, declared=bases) for folder in request.consumers]
    for base in bases:
        # A typing error would make another's of whatever is doubtful.
        if not any(base in table.provenance["seen"] for table in tables):
            raise UsageError(
                f'The base "{base}" of --consumer-base stands nowhere in the code of the callers.',
                "Name a variable, a property, a URL or a host as the code has it, such as SERVICE_URL.",
            )
    if len(tables) > 1:
        tables = [_below(table, folder) for table, folder in zip(tables, request.consumers, strict=True)]
    return RouteTable(
        Corner.CONSUMER,
        tuple(route for table in tables for route in table.routes),
        folded(unknown for table in tables for unknown in table.unknown),
        {
            "folders": [str(folder) for folder in request.consumers],
            "roots": _consumer_roots(request),
            "calls": sum(len(table.routes) for table in tables),
            "read": [dict(table.provenance) for table in tables],
        },
    )


def _consumer_roots(request: DriftRequest) -> list[dict[str, Any]]:
    """Return where each folder lies in its repository; these are numbered, 0 is the source's."""
    from dtma_contract.discovery.source_folder import path_in_repository, repository_of  # noqa: PLC0415 - as above

    numbers = {repository_of(request.source): 0} if request.source else {}
    roots = []
    for folder in request.consumers:
        # A folder outside of any repository is one of its own.
        repository = repository_of(folder) or folder.resolve()
        roots.append(
            {
                "folder": _prefix(folder) if len(request.consumers) > 1 else "",
                "path_in_repository": path_in_repository(folder),
                "repository": numbers.setdefault(repository, len(numbers) + (request.source is None)),
            }
        )
    return roots


def _prefix(folder: Path) -> str:
    return folder.as_posix().rstrip("/")


def _below(table: RouteTable, folder: Path) -> RouteTable:
    prefix = _prefix(folder)
    return replace(
        table,
        routes=tuple(
            replace(route, location=Location(f"{prefix}/{route.location.file}", route.location.line))
            if route.location
            else route
            for route in table.routes
        ),
        unknown=tuple(
            replace(unknown, file=f"{prefix}/{unknown.file}" if unknown.file else prefix) for unknown in table.unknown
        ),
    )


# -- target


def _target_table(request: DriftRequest, target: str, also: Iterable[tuple[str, str]]) -> RouteTable:
    from dtma_contract.discovery.live_target import read_target  # noqa: PLC0415 - as above
    from dtma_contract.reference_target import reached  # noqa: PLC0415 - as above

    with reached(target, request.token) as (url, token):
        try:
            table: RouteTable = read_target(url, request.contract, token, token_env=request.token_env, also=tuple(also))
        except DtmaContractError as problem:
            if isinstance(problem, UsageError):
                raise
            return _unread(Corner.TARGET, problem, target=target)
    return table


def _further(contract: Contract, tables: Iterable[RouteTable]) -> Iterator[tuple[str, str]]:
    """Yield what others serve or call beyond the contract, so that the target is asked about it."""
    seen = {key_of(operation.method, operation.path) for operation in contract.operations}
    for table in tables:
        for route in table.routes:
            key = key_of(route.method, route.path)
            # A parameter that takes some names only would refuse the name that it is asked with.
            if key in seen or not is_full(route.path) or "(" in route.raw or route.state is not Cell.MOUNTED:
                continue
            seen.add(key)
            yield route.method, route.path
