"""A service's source folder as a route table; what it imports of its repository's other packages is read too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from posixpath import join, relpath

from dtma_contract.discovery.express import read_routes
from dtma_contract.discovery.express.packages import Packages
from dtma_contract.discovery.file_tree import FolderTree
from dtma_contract.routes import Corner, Location, RouteTable

__all__ = ["path_in_repository", "read_source", "repository_of"]

# Packages of a repository lie two or three folders deep.
_MAX_ABOVE = 4


def read_source(folder: Path, *, entry: str | None = None, auth_names: Sequence[str] = ()) -> RouteTable:
    """Return the route table of a service's source.

    Args:
        folder: where its package.json lies.
        entry: the file that the program begins with, relative to the folder; by default package.json tells.
        auth_names: names of middleware that asks for a token, besides the usual ones.

    Returns:
        The table; its files are relative to the folder, those of a neighbouring package with ``..`` in front.

    Raises:
        UsageError: there is nothing to begin with.
    """
    place = folder.resolve()
    root = _workspaces_around(place)
    within = "" if root == place else place.relative_to(root).as_posix()
    table = read_routes(FolderTree(root), corner=Corner.SOURCE, folder=within, entry=entry, auth_names=auth_names)
    return _relative(table, within) if within else table


def path_in_repository(folder: Path) -> str:
    """Return where a folder lies in its git repository, as ``a/b``; empty at the top, and outside of any."""
    place = folder.resolve()
    top = repository_of(place)
    return "" if top is None or top == place else place.relative_to(top).as_posix()


def repository_of(folder: Path) -> Path | None:
    """Return the top of the git repository that a folder lies in, or None outside of any."""
    place = folder.resolve()
    return next((root for root in (place, *place.parents) if (root / ".git").exists()), None)


def _workspaces_around(place: Path) -> Path:
    """Return the folder of the repository that lists a package among its workspaces, or the package's own."""
    top = repository_of(place)
    for root in place.parents[:_MAX_ABOVE]:
        if top is not None and not root.is_relative_to(top):
            break
        within = place.relative_to(root).as_posix()
        packages = Packages(FolderTree(root))
        package = packages.at(within)
        if package is None:
            break
        # Asked from the root, so that only what the root itself lists counts.
        listed = packages.workspace("package.json", package.name) if package.name else None
        if listed is not None and listed.folder == within:
            return root
    return place


def _relative(table: RouteTable, folder: str) -> RouteTable:
    def file(path: str) -> str:
        return relpath(join("/", path), join("/", folder)) if path else path

    def place(location: Location | None) -> Location | None:
        return replace(location, file=file(location.file)) if location is not None else None

    return replace(
        table,
        routes=tuple(replace(route, location=place(route.location), via=place(route.via)) for route in table.routes),
        unknown=tuple(replace(unknown, file=file(unknown.file)) for unknown in table.unknown),
        crash_location=place(table.crash_location),
        provenance={**table.provenance, "entry": file(str(table.provenance.get("entry", "")))},
    )
