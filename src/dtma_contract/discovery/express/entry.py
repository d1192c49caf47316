"""Where a service begins: the file that its package.json starts, mapped from the compiler's output to its source."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from posixpath import dirname, join

from dtma_contract.discovery.express.packages import Package, Packages
from dtma_contract.discovery.express.resolution import Resolver, source_of_output
from dtma_contract.discovery.file_tree import FileTree, clean_path

__all__ = ["Entry", "entries_of"]

_USUAL = (
    "src/index", "src/server", "src/main", "src/app", "server", "index", "app", "main", "server/index",
    "src/server/index", "bin/www", "lib/index", "lib/server", "dist/index",
)  # fmt: skip
# The scripts that start a service, the best first; a development script is better than none.
_SCRIPTS = (
    "start",
    "start:prod",
    "start:production",
    "prod",
    "serve",
    "server",
    "start:server",
    "dev",
    "start:dev",
    "develop",
)
_MAX_SCRIPTS = 6
# Options of Node, of what runs TypeScript and of process managers whose next word is no program.
_VALUE_OPTIONS = {
    "-r", "--require", "-P", "-p", "--project", "-c", "--config", "--import", "--loader", "--experimental-loader",
    "-C", "--conditions", "--env-file", "--env-file-if-exists", "--tsconfig",
}  # fmt: skip
_SHELL_PROGRAM = re.compile(r"[\w./-]+\.[cm]?[jt]s\b")
# The file that tells pm2 what to start, and what it names (PM2, Ecosystem File).
_MANAGED = re.compile(r"(?:^|/)(?:ecosystem|pm2|process)[\w.-]*\.(?:c?js|json)$")
_MANAGED_SCRIPT = re.compile(r"\bscript['\"]?\s*:\s*['\"`]([\w./-]+)['\"`]")
_WORKSPACE_OPTIONS = {"-w", "--workspace", "workspace", "--prefix", "--filter", "-F", "-C", "--dir", "--cwd"}
_RUNNERS = re.compile(
    r"(?:^|/)(?:ts-node|tsx|ts-node-dev|tsnd|bun|deno|esno|swc-node|jiti)(?:$|-)|ts-node|@swc-node|tsx"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """Where evaluation begins.

    Attributes:
        path: the file.
        told_by: what says so, such as ``package.json scripts.start``.
        is_compiled: whether the service runs the compiler's output of this file, so that at run time names end in .js.
    """

    path: str
    told_by: str
    is_compiled: bool = False


def entries_of(tree: FileTree, packages: Packages, folder: str) -> Iterator[Entry]:
    """Yield where a service may begin, the likeliest first, each file once.

    Args:
        tree: the files.
        packages: the packages among them.
        folder: the folder of the service, with its package.json.
    """
    seen: set[str] = set()
    resolver = Resolver(tree, packages)
    for entry in _candidates(resolver, packages, folder):
        if entry.path not in seen and not entry.path.endswith(".json"):
            seen.add(entry.path)
            yield entry


def _candidates(resolver: Resolver, packages: Packages, folder: str) -> Iterator[Entry]:
    package = packages.at(folder)
    if package is not None:
        scripts = package.mapping("scripts")
        for name in ("start", "start:prod", "start:production"):
            if isinstance(scripts.get(name), str):
                yield from _of_script(resolver, packages, package, name, f"package.json scripts.{name}", 0)
        if main := package.text("main"):
            yield from _of_path(resolver, packages, folder, main, "package.json main", runs_source=False)
        bins = package.document.get("bin")
        for target in [bins] if isinstance(bins, str) else list(bins.values()) if isinstance(bins, dict) else []:
            if isinstance(target, str):
                yield from _of_path(resolver, packages, folder, target, "package.json bin", runs_source=False)
        for name in _SCRIPTS:
            if isinstance(scripts.get(name), str):
                yield from _of_script(resolver, packages, package, name, f"package.json scripts.{name}", 0)
    for usual in _USUAL:
        if found := resolver.file(clean_path(join(folder, usual))):
            yield Entry(found, "the usual name")


def _of_script(
    resolver: Resolver, packages: Packages, package: Package, name: str, told_by: str, depth: int
) -> Iterator[Entry]:
    script = package.mapping("scripts").get(name)
    if not isinstance(script, str) or depth > _MAX_SCRIPTS:
        return
    for command in re.split(r"&&|\|\||;|\||(?<!&)&(?!&)", script):
        try:
            words = shlex.split(command)
        except ValueError:
            words = command.split()
        if len(words) > 1 and words[0] == "cd":
            place = clean_path(join(package.folder, words[1]))
            package = (packages.at(place) if place is not None else None) or package
            continue
        if (other := _in_workspace(packages, package, words)) is not None:
            yield from _of_script(resolver, packages, *other, told_by, depth + 1)
            continue
        runs_source = bool(_RUNNERS.search(command))
        for position, word in enumerate(words):
            if (
                word in {"run", "run-script"}
                and position + 1 < len(words)
                and words[0] in {"npm", "yarn", "pnpm", "bun"}
            ):
                yield from _of_script(resolver, packages, package, words[position + 1], told_by, depth + 1)
            elif position == 1 and words[0] in {"yarn", "pnpm", "npm"} and word in package.mapping("scripts"):
                yield from _of_script(resolver, packages, package, word, told_by, depth + 1)
            elif " " in word:
                # A quoted command, as concurrently and nodemon --exec take it.
                for part in word.split():
                    if _looks_like_file(part):
                        yield from _of_path(
                            resolver, packages, package.folder, part, told_by, runs_source=bool(_RUNNERS.search(word))
                        )
            elif word.endswith(".sh"):
                yield from _of_listed(resolver, packages, package.folder, word, told_by, _SHELL_PROGRAM)
            elif position and words[position - 1] in _VALUE_OPTIONS:
                continue
            elif _MANAGED.search(word):
                yield from _of_listed(resolver, packages, package.folder, word, told_by, _MANAGED_SCRIPT)
            elif position and (
                _looks_like_file(word) or (words[0] in {"node", "nodemon"} and not word.startswith("-"))
            ):
                yield from _of_path(resolver, packages, package.folder, word, told_by, runs_source=runs_source)


def _in_workspace(packages: Packages, package: Package, words: list[str]) -> tuple[Package, str] | None:
    """Return the package of the repository whose script a command runs, and the script's name.

    See the documentation of ``npm run`` (``--workspace``, ``--prefix``), ``yarn workspace`` and ``pnpm --filter``.
    """
    if not words or words[0] not in {"npm", "yarn", "pnpm"}:
        return None
    split = [part for word in words[1:] for part in (word.split("=", 1) if word.startswith("-") else [word])]
    named, rest = "", list[str]()
    while split:
        word = split.pop(0)
        if word in _WORKSPACE_OPTIONS and split:
            named = split.pop(0)
        elif not word.startswith("-") and word not in {"run", "run-script"}:
            rest.append(word)
    if not named or not rest:
        return None
    place = clean_path(join(package.folder, named))
    other = packages.workspace(join(package.folder, "package.json"), named) or (packages.at(place) if place else None)
    return (other, rest[0]) if other is not None else None


def _of_listed(
    resolver: Resolver, packages: Packages, folder: str, path: str, told_by: str, pattern: re.Pattern[str]
) -> Iterator[Entry]:
    """Yield the programs that a file names, in order; what a shell script asks before it starts them is not weighed."""
    cleaned = clean_path(join(folder, path))
    content = resolver.tree.read(cleaned) if cleaned else None
    for word in pattern.findall(content.decode("utf-8", "replace") if content else ""):
        yield from _of_path(resolver, packages, folder, word, told_by, runs_source=False)


def _looks_like_file(word: str) -> bool:
    return bool(re.search(r"\.(?:[cm]?[jt]sx?)$", word)) and not word.startswith("-") and "*" not in word


def _of_path(
    resolver: Resolver, packages: Packages, folder: str, path: str, told_by: str, *, runs_source: bool
) -> Iterator[Entry]:
    cleaned = clean_path(join(folder, path))
    if cleaned is None:
        return
    # A checkout that was built has both: the source is what was asked for.
    for candidate in source_of_output(packages, cleaned if "." in cleaned.rpartition("/")[2] else f"{cleaned}.js"):
        found = resolver.file(candidate)
        if found and found == candidate and dirname(found) is not None:
            yield Entry(found, told_by, is_compiled=True)
    if found := resolver.file(cleaned):
        is_typescript = found.endswith((".ts", ".tsx", ".mts", ".cts"))
        yield Entry(found, told_by, is_compiled=is_typescript and not runs_source)
