"""Files at which Node.js ends: code with a syntax error, a package.json that is no JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from posixpath import dirname, join

from dtma_contract.discovery.express.broken_syntax import surely_broken
from dtma_contract.discovery.express.entry import Entry
from dtma_contract.discovery.express.syntax import SourceFile
from dtma_contract.discovery.file_tree import FileTree
from dtma_contract.routes import Location

__all__ = ["broken_at", "is_unreadable", "json_problem", "unreadable_package"]

# Other programs read a package.json with comments, and look for none beside some files.
_OTHER_RUNTIMES = ("bun.lockb", "bun.lock", "bunfig.toml", "deno.json", "deno.jsonc", "deno.lock")


def broken_at(file: SourceFile) -> tuple[Location, str] | None:
    """Return the place at which a file of JavaScript surely has a syntax error and what that does, or None.

    Args:
        file: a file that the program loads. Of TypeScript nothing is said, for its compiler writes output all the same.
    """
    if not file.error_lines or not file.path.endswith((".js", ".cjs", ".mjs")):
        return None
    text = file.content.decode("utf-8", "replace")
    broken = surely_broken(text)
    if broken is None:
        return None
    offset, why = broken
    line = text.count("\n", 0, offset) + 1
    return Location(file.path, line), f"{file.path} has a syntax error, {why}: the process ends while it loads"


def unreadable_package(tree: FileTree, entry: Entry, folder: str) -> tuple[Location, str] | None:
    """Return the package.json that Node.js ends at before it runs the entry and what is wrong with it, or None.

    Node.js, Packages: the nearest package.json says of which kind a file is that ends in ``.js``.

    Args:
        tree: the files.
        entry: where the program begins.
        folder: of the service.
    """
    if not entry.path.endswith((".js", ".ts", ".jsx", ".tsx")):
        return None
    if any(tree.is_file(join(place, name)) for place in _ancestors(entry.path) for name in _OTHER_RUNTIMES):
        return None
    # What is compiled lies in another folder at run time, and the package around both counts.
    places = [place for place in _ancestors(entry.path) if not entry.is_compiled or len(place) <= len(folder)]
    nearest = next((path for place in places if tree.is_file(path := join(place, "package.json"))), None)
    problem = json_problem(tree, nearest) if nearest else None
    if nearest is None or problem is None:
        return None
    line, why = problem
    return Location(nearest, line), f"{nearest} is no valid JSON, {why}: Node.js ends before it runs anything"


def is_unreadable(tree: FileTree, path: str) -> bool:
    """Return whether something stands there whose content cannot be had: a link out of the tree, or a refusal."""
    return path.rpartition("/")[2] in tree.names(dirname(path)) and tree.read(path) is None


def json_problem(tree: FileTree, path: str) -> tuple[int, str] | None:
    """Return the line at which a file is no JSON and why, or None where it is, or cannot be read."""
    content = tree.read(path)
    if content is None:
        return None
    try:
        json.loads(content.decode("utf-8-sig", "replace"))
    except json.JSONDecodeError as problem:
        return problem.lineno, problem.msg[:1].lower() + problem.msg[1:]
    except RecursionError:
        return None
    return None


def _ancestors(path: str) -> Iterator[str]:
    while path:
        path = dirname(path)
        yield path
