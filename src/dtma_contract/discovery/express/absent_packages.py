"""Whether a package that a program imports is there when it runs: asked for, locked, or installed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import dirname, join

from dtma_contract.discovery.express.lock_files import lock_around
from dtma_contract.discovery.express.packages import Package, Packages

__all__ = ["absence_of_package"]

# npm, package.json: name. Whatever else is imported is an alias or of another runtime.
_NAME = re.compile(r"(?:@[a-z0-9~-][\w.~-]*/)?[a-z0-9~-][\w.~-]*")
# What the place brings that a program runs in.
_OF_RUNTIMES = re.compile(r"aws-sdk|@aws-sdk/.*|electron|vscode|bun|deno|cloudflare|firebase-functions")
# What finds modules by names of one's own.
_ALIASING = {"babel-plugin-module-resolver", "link-module-alias", "module-alias", "tsconfig-paths", "webpack", "vite"}


def absence_of_package(packages: Packages, importer: str, specifier: str, name: str) -> tuple[str, bool] | None:
    """Return why a package is not installed with the program and whether that is sure, or None where it may well be.

    Without a lock file nothing is said: a package that another one brings can be imported as well, and often is.

    Args:
        packages: of the tree.
        importer: the file that imports it.
        specifier: as it is written there.
        name: of the package.
    """
    around = [package for place in _ancestors(importer) if (package := packages.at(place)) is not None]
    if not around or not _NAME.fullmatch(name) or _OF_RUNTIMES.fullmatch(name):
        return None
    if any(_brings(package, name) for package in around) or _is_there(packages, importer, specifier, name):
        return None
    lock = lock_around(packages.tree, around[0].folder)
    # A file that holds none of what is asked for is a mark of the project's root, or out of date.
    if lock is None or lock.names(name) or not any(map(lock.names, around[0].dependencies)):
        return None
    is_aliased = any(
        "_moduleAliases" in package.document or not _ALIASING.isdisjoint(package.dependencies) for package in around
    )
    asked = join(around[0].folder, "package.json")
    return f"the package {name} is not asked for by {asked}, and not held by {lock.path}", not is_aliased


def _brings(package: Package, name: str) -> bool:
    bundled = [package.document.get(key) for key in ("bundleDependencies", "bundledDependencies")]
    types = f"@types/{name.removeprefix('@').replace('/', '__')}"
    return (
        name == package.name
        or not package.dependencies.keys().isdisjoint({name, types})
        or any(isinstance(names, list) and name in names for names in bundled)
    )


def _is_there(packages: Packages, importer: str, specifier: str, name: str) -> bool:
    """Return whether something of that name lies in the tree, or TypeScript looks for it elsewhere."""
    tree = packages.tree
    settings = packages.settings(importer)
    if packages.workspace(importer, name) is not None or (settings and any(settings.alias_targets(specifier))):
        return True
    first = name.partition("/")[0]
    return any(
        tree.is_folder(join(place, "node_modules", name))
        or tree.is_file(join(place, f"node_modules/{name}.js"))
        or any(known.partition(".")[0] == first for inner in (place, join(place, "src")) for known in tree.names(inner))
        for place in _ancestors(importer)
    )


def _ancestors(path: str) -> Iterator[str]:
    while path:
        path = dirname(path)
        yield path
