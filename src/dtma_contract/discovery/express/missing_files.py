"""Whether a file that a program loads is surely not there when it runs, so that the process ends while it loads.

A file may be made by a build step, be ignored by git, be a link that leads elsewhere, or stand there under a name that
another loader finds; of all of these nothing is said.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator
from posixpath import dirname, join, splitext

from dtma_contract.discovery.express.resolution import CODE_EXTENSIONS
from dtma_contract.discovery.file_tree import FileTree, clean_path

__all__ = ["surely_missing"]

# What is no code, or is made of something else.
_OTHER_ENDINGS = re.compile(
    r"\.(?:json|node|wasm|css|s[ac]ss|less|svg|png|jpe?g|gif|html?|graphql|gql|txt|md|sql|ya?ml|proto|vue|svelte|ejs"
    r"|hbs|pug)$"
)
# Folders that a build fills, other than those that the importer itself lies in.
_MADE = re.compile(
    r"(?:^|/)(?:dist|build|out|output|lib|gen|tmp|target|compiled|public|assets|coverage|node_modules|vendor|prisma"
    r"|\.[^/]+|[^/]*(?:generated|autogen)[^/]*)(?:/|$)",
    re.IGNORECASE,
)


def surely_missing(tree: FileTree, importer: str, specifier: str) -> str:
    """Return why loading a module fails in every checkout of the program on Linux, or nothing where that is not sure.

    Args:
        tree: the files.
        importer: the file that loads it.
        specifier: what it loads; nothing was found for it.
    """
    if not specifier.startswith(("./", "../")) or _OTHER_ENDINGS.search(specifier):
        return ""
    path = clean_path(join(dirname(importer), specifier))
    if not path or _MADE.search(_beyond(path, dirname(importer))):
        return ""
    stem, ending = splitext(path)
    stem = stem if ending in CODE_EXTENSIONS else path
    if _is_left_out(tree, stem) or _has_other_roots(tree, importer) or _is_unread(tree, stem):
        return ""
    if other := _in_other_letters(tree, stem):
        return f"{specifier} is {other} in other letters, large or small, and is not found on Linux"
    return "" if _has_kin(tree, stem) else f"there is no {specifier}"


def _is_unread(tree: FileTree, stem: str) -> bool:
    """Return whether something of that very name is there: a link out of the tree, or what may not be read."""
    folder = ""
    *above, last = stem.split("/")
    for part in above:
        if part not in tree.names(folder):
            return False
        folder = join(folder, part)
        # Git keeps no empty folder, so that there is more in it.
        if not tree.names(folder):
            return True
    return any(splitext(name)[0] == last and splitext(name)[1] in CODE_EXTENSIONS for name in tree.names(folder))


def _in_other_letters(tree: FileTree, stem: str) -> str:
    """Return the one file of code whose path differs in large and small letters alone; empty where there is none."""
    place = ""
    *above, last = stem.split("/")
    for part in above:
        names = tree.names(place)
        alike = [part] if part in names else [name for name in names if name.lower() == part.lower()]
        if len(alike) != 1:
            return ""
        place = join(place, alike[0])
    names = tree.names(place)
    files = [
        name for name in names if splitext(name)[1] in CODE_EXTENSIONS and splitext(name)[0].lower() == last.lower()
    ]
    indexes = [
        join(name, f"index{ending}")
        for name in names
        if name.lower() == last.lower()
        for ending in CODE_EXTENSIONS
        if tree.is_file(join(place, name, f"index{ending}"))
    ]
    found = [join(place, name) for name in (*files, *indexes)]
    return found[0] if len(found) == 1 else ""


def _beyond(path: str, folder: str) -> str:
    """Return what of a path is not shared with a folder."""
    parts, shared = path.split("/"), folder.split("/") if folder else []
    while shared and parts[0] == shared[0] and len(parts) > 1:
        parts, shared = parts[1:], shared[1:]
    return "/".join(parts)


def _has_kin(tree: FileTree, stem: str) -> bool:
    """Return whether something is there that another loader, or a file system that folds case, takes for it."""
    folder = ""
    *above, last = stem.split("/")
    for part in above:
        names = tree.names(folder)
        if part not in names:
            return part.lower() in map(str.lower, names)
        folder = join(folder, part)
    return any(
        name.lower() == last.lower() or name.lower().startswith(f"{last.lower()}.") for name in tree.names(folder)
    )


def _is_left_out(tree: FileTree, stem: str) -> bool:
    """Return whether a checkout may hold the file although git does not: it is ignored, or of another repository."""
    if tree.is_file(".gitmodules"):
        return True
    paths = [stem, *(stem + ending for ending in CODE_EXTENSIONS)]
    for folder in _folders_around(stem):
        content = tree.read(join(folder, ".gitignore")) or b""
        for pattern in content.decode("utf-8", "replace").splitlines():
            if any(_is_ignored(pattern.strip(), path[len(folder) :].lstrip("/")) for path in paths):
                return True
    return False


def _is_ignored(pattern: str, path: str) -> bool:
    """Return whether a line of a .gitignore names a path or a folder around it; a little too much is let count."""
    if not pattern or pattern.startswith(("#", "!")):
        return False
    bare = pattern.rstrip("/")
    parts = path.split("/")
    if "/" in bare:
        wanted = bare.lstrip("/")
        return any(fnmatch.fnmatchcase("/".join(parts[:length]), wanted) for length in range(1, len(parts) + 1))
    return any(fnmatch.fnmatchcase(part, bare) for part in parts)


def _has_other_roots(tree: FileTree, importer: str) -> bool:
    """Return whether the TypeScript compiler is told to look for relative names in several places."""
    return any(b"rootDirs" in (tree.read(join(folder, "tsconfig.json")) or b"") for folder in _folders_around(importer))


def _folders_around(path: str) -> Iterator[str]:
    while path:
        path = dirname(path)
        yield path
