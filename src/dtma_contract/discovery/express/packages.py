"""What package.json, tsconfig.json and workspaces say: names, entry points, aliases, output folders."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from posixpath import dirname, join
from typing import Any

from dtma_contract.discovery.file_tree import FileTree, clean_path, walk

__all__ = ["Package", "Packages", "TypeScriptSettings"]

_MAX_EXTENDS = 8
_TARGET = re.compile(r"es(?:next|(\d+))", re.IGNORECASE)
_FIELDS_SINCE = 2022
_PNPM_ENTRY = re.compile(r"^\s*-\s*['\"]?([^'\"#\n]+?)['\"]?\s*$", re.MULTILINE)


def _read_json(tree: FileTree, path: str) -> Any:
    """Return a decoded JSON file, comments and trailing commas allowed, or None where it cannot be read."""
    content = tree.read(path)
    if content is None:
        return None
    text = content.decode("utf-8-sig", "replace")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    # Comments only outside of strings; then commas before a closing bracket.
    bare = re.sub(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', lambda match: match[1] or "", text, flags=re.DOTALL)
    bare = re.sub(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])', lambda match: match[1] or "", bare)
    try:
        return json.loads(bare)
    except (ValueError, RecursionError):
        return None


@dataclass(frozen=True, slots=True)
class Package:
    """A package.json.

    Attributes:
        folder: where it lies.
        document: its content.
    """

    folder: str
    document: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its name; empty where it has none."""
        name = self.document.get("name")
        return name if isinstance(name, str) else ""

    def text(self, key: str) -> str:
        """Return a member that is text, else nothing."""
        value = self.document.get(key)
        return value if isinstance(value, str) else ""

    def mapping(self, key: str) -> Mapping[str, Any]:
        """Return a member that is an object, else an empty one."""
        value = self.document.get(key)
        return value if isinstance(value, Mapping) else {}

    @property
    def dependencies(self) -> dict[str, str]:
        """All packages that it may import, with the versions that it asks for."""
        kinds = ("devDependencies", "peerDependencies", "optionalDependencies", "dependencies")
        return {name: str(asked) for kind in kinds for name, asked in self.mapping(kind).items()}


@dataclass(frozen=True, slots=True)
class TypeScriptSettings:
    """What a tsconfig.json says of where things lie.

    Attributes:
        folder: where it lies.
        base: the folder that aliases are relative to.
        paths: aliases with their targets.
        out: the folder that is compiled into, or None.
        root: the folder that is compiled, or None.
        has_base: whether `baseUrl` is set, so that bare names are looked up below it.
        defines_fields: whether a field without a value becomes a member of the instance (`useDefineForClassFields`);
            None where that is not said.
    """

    folder: str
    base: str
    paths: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    out: str | None = None
    root: str | None = None
    has_base: bool = False
    defines_fields: bool | None = None

    def alias_targets(self, specifier: str) -> Iterator[str]:
        """Yield the paths that an alias may stand for, the most specific one first."""
        for alias in sorted(self.paths, key=len, reverse=True):
            head, star, tail = alias.partition("*")
            if specifier == alias and not star:
                captured = ""
            elif star and specifier.startswith(head) and specifier.endswith(tail) and len(specifier) >= len(alias) - 1:
                captured = specifier[len(head) : len(specifier) - len(tail)]
            else:
                continue
            for target in self.paths[alias]:
                cleaned = clean_path(join(self.base, target.replace("*", captured)))
                if cleaned is not None:
                    yield cleaned
        if self.has_base and not specifier.startswith("."):
            cleaned = clean_path(join(self.base, specifier))
            if cleaned is not None:
                yield cleaned


class Packages:
    """The packages of a tree.

    Args:
        tree: the files.
    """

    def __init__(self, tree: FileTree) -> None:
        self.tree = tree
        self._packages: dict[str, Package | None] = {}
        self._settings: dict[str, TypeScriptSettings | None] = {}
        self._workspaces: dict[str, dict[str, str]] = {}

    def at(self, folder: str) -> Package | None:
        """Return the package whose package.json lies in a folder."""
        if folder not in self._packages:
            document = _read_json(self.tree, join(folder, "package.json"))
            self._packages[folder] = Package(folder, document) if isinstance(document, Mapping) else None
        return self._packages[folder]

    def around(self, path: str) -> Package | None:
        """Return the package that a file belongs to."""
        return next(filter(None, map(self.at, _ancestors(path))), None)

    def workspace(self, path: str, name: str) -> Package | None:
        """Return the package of that name among the workspaces of the repository around a file."""
        for folder in _ancestors(path):
            if folder not in self._workspaces:
                self._workspaces[folder] = dict(self._workspaces_of(folder))
            found = self._workspaces[folder].get(name)
            if found is not None:
                return self.at(found)
        return None

    def settings(self, path: str) -> TypeScriptSettings | None:
        """Return the TypeScript settings that hold for a file."""
        return next(filter(None, map(self._settings_in, _ancestors(path))), None)

    def _settings_in(self, folder: str) -> TypeScriptSettings | None:
        if folder not in self._settings:
            found = None
            for name in ("tsconfig.json", "jsconfig.json", "tsconfig.build.json", "tsconfig.server.json"):
                if self.tree.is_file(join(folder, name)):
                    read = self._read_settings(join(folder, name))
                    if found is None:
                        found = read
                    elif found.out is None and read.out is not None:
                        found = replace(found, paths=found.paths or read.paths, out=read.out, root=read.root)
            self._settings[folder] = found
        return self._settings[folder]

    def _read_settings(self, path: str) -> TypeScriptSettings:
        base: str | None = None
        paths: dict[str, tuple[str, ...]] = {}
        paths_base = out = root = None
        defines: bool | None = None
        target = ""
        current: str | None = path
        for _ in range(_MAX_EXTENDS):
            document = _read_json(self.tree, current) if current else None
            if not isinstance(document, Mapping) or current is None:
                break
            here = dirname(current)
            options = document.get("compilerOptions")
            options = options if isinstance(options, Mapping) else {}
            if base is None and isinstance(options.get("baseUrl"), str):
                base = clean_path(join(here, options["baseUrl"]))
            if not paths and isinstance(options.get("paths"), Mapping):
                paths_base = here
                paths = {
                    str(alias): tuple(str(target) for target in targets)
                    for alias, targets in options["paths"].items()
                    if isinstance(targets, list)
                }
            if out is None and isinstance(options.get("outDir"), str):
                out = clean_path(join(here, options["outDir"]))
            if root is None and isinstance(options.get("rootDir"), str):
                root = clean_path(join(here, options["rootDir"]))
            if defines is None and isinstance(options.get("useDefineForClassFields"), bool):
                defines = options["useDefineForClassFields"]
            if not target and isinstance(options.get("target"), str):
                target = options["target"]
            current = self._extended(here, document.get("extends"))
        if defines is None and (known := _TARGET.fullmatch(target)):
            # TypeScript, TSConfig reference: true by default from ES2022 on.
            defines = not known[1] or int(known[1]) >= _FIELDS_SINCE
        return TypeScriptSettings(
            dirname(path),
            base if base is not None else paths_base or dirname(path),
            paths,
            out,
            root,
            base is not None,
            defines,
        )

    def _extended(self, here: str, extends: Any) -> str | None:
        first = extends[0] if isinstance(extends, list) and extends else extends
        if not isinstance(first, str) or not first.startswith("."):
            return None
        path = clean_path(join(here, first))
        if path is None:
            return None
        return path if self.tree.is_file(path) else f"{path}.json" if self.tree.is_file(f"{path}.json") else None

    def _workspaces_of(self, folder: str) -> Iterator[tuple[str, str]]:
        for pattern in self._workspace_patterns(folder):
            for found in self._matching_folders(folder, pattern.strip("/").removeprefix("./")):
                package = self.at(found)
                if package is not None and package.name:
                    yield package.name, found

    def _workspace_patterns(self, folder: str) -> Iterator[str]:
        package = self.at(folder)
        declared = package.document.get("workspaces") if package else None
        if isinstance(declared, Mapping):
            declared = declared.get("packages")
        if isinstance(declared, list):
            yield from (pattern for pattern in declared if isinstance(pattern, str))
        lerna = _read_json(self.tree, join(folder, "lerna.json"))
        if isinstance(lerna, Mapping) and isinstance(lerna.get("packages"), list):
            yield from (pattern for pattern in lerna["packages"] if isinstance(pattern, str))
        pnpm = self.tree.read(join(folder, "pnpm-workspace.yaml"))
        if pnpm is not None:
            section = pnpm.decode("utf-8", "replace").partition("packages:")[2]
            section = re.split(r"^\S", section, maxsplit=1, flags=re.MULTILINE)[0]
            yield from (match[1] for match in _PNPM_ENTRY.finditer(section))
        if package is not None:
            # A dependency on a folder of the same repository.
            for asked in package.dependencies.values():
                if asked.startswith(("file:", "link:", "portal:")):
                    yield asked.partition(":")[2]

    def _matching_folders(self, folder: str, pattern: str) -> Iterator[str]:
        if pattern.startswith("!"):
            return
        places = [folder]
        for part in pattern.split("/"):
            if part == "**":
                places = sorted(
                    {
                        dirname(path)
                        for place in places
                        for path in walk(self.tree, place, frozenset({"node_modules"}))
                        if path.endswith("package.json")
                    }
                )
            elif "*" in part:
                wanted = re.compile(re.escape(part).replace(r"\*", ".*"))
                places = [
                    join(place, name) for place in places for name in self.tree.names(place) if wanted.fullmatch(name)
                ]
            else:
                places = [cleaned for place in places if (cleaned := clean_path(join(place, part))) is not None]
        yield from places


def _ancestors(path: str) -> Iterator[str]:
    """Yield the folders around a file, the nearest first."""
    while path:
        path = dirname(path)
        yield path
