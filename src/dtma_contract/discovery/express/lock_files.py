"""The version of a package that a lock file holds: npm's, yarn's and pnpm's, as far as one line after the other tells.

npm, package-lock.json; Yarn, yarn.lock; pnpm, pnpm-lock.yaml.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from posixpath import join
from typing import Any

from dtma_contract.discovery.file_tree import FileTree

__all__ = ["Lock", "lock_around"]


class Lock:
    """The nearest lock file of a package.

    Args:
        path: of the file.
        text: its content.
        folder: of the package, relative to the lock file's folder; empty for the same one.

    Attributes:
        path: as above.
    """

    def __init__(self, path: str, text: str, folder: str) -> None:
        self.path = path
        self._text = text
        self._folder = folder
        self._versions: Callable[[str, str], list[str]] = {
            "yarn.lock": self._of_yarn,
            "pnpm-lock.yaml": self._of_pnpm,
        }.get(path.rpartition("/")[2], self._of_npm)

    def version(self, name: str, asked: str = "") -> str:
        """Return the version of a package that would be installed; empty where the file does not tell one alone.

        Args:
            name: of the package.
            asked: the range that package.json asks for.
        """
        found = list(dict.fromkeys(self._versions(name, asked)))
        majors = {version.partition(".")[0] for version in found}
        return found[0] if len(majors) == 1 else ""

    def names(self, name: str) -> bool:
        """Return whether a package of this name is mentioned at all."""
        return re.search(rf"(?:^|[\s\"'/,]){re.escape(name)}(?=[\"'@:,/]|$)", self._text, re.MULTILINE) is not None

    def _of_npm(self, name: str, _asked: str) -> list[str]:
        document = _json(self._text)
        packages = document.get("packages")
        if isinstance(packages, Mapping):
            place = self._folder
            while True:
                found = packages.get(join(place, "node_modules", name))
                if isinstance(found, Mapping) and isinstance(found.get("version"), str):
                    return [found["version"]]
                if not place:
                    return []
                place = place.rpartition("/")[0]
        # Lock files of npm 6 and before.
        dependencies = document.get("dependencies")
        found = dependencies.get(name) if isinstance(dependencies, Mapping) else None
        return [found["version"]] if isinstance(found, Mapping) and isinstance(found.get("version"), str) else []

    def _of_yarn(self, name: str, asked: str) -> list[str]:
        told: list[tuple[set[str], str]] = []
        for header, body in _blocks(self._text):
            wanted = {part.strip().strip('"') for part in header.split(",")}
            ranges = {_range_in(part, name) for part in wanted} - {None}
            version = re.search(r"^\s+version:?\s+\"?([^\"\s]+)", body, re.MULTILINE)
            if ranges and version:
                told.append(({str(single) for single in ranges}, version[1]))
        exact = [version for ranges, version in told if asked in ranges]
        return exact or [version for _, version in told]

    def _of_pnpm(self, name: str, _asked: str) -> list[str]:
        quoted = rf"['\"]?{re.escape(name)}['\"]?"
        importer = re.escape(self._folder or ".")
        own = re.search(rf"^  ['\"]?{importer}['\"]?:\n((?:    .*\n|\n)*)", self._text, re.MULTILINE)
        scope = own[1] if own else self._text.partition("\npackages:")[0]
        direct = re.search(
            rf"^\s+{quoted}:(?:\s*|\n(?:\s+specifier:.*\n)?\s+version:\s*)['\"]?(\d[^\s'\"(_]*)", scope, re.MULTILINE
        )
        if direct:
            return [direct[1]]
        pattern = rf"^  ['\"]?/?{re.escape(name)}[@/](\d[^\s'\"(_:]*)"
        return re.findall(pattern, self._text, re.MULTILINE)


def lock_around(tree: FileTree, folder: str) -> Lock | None:
    """Return the lock file that holds for the package in a folder, or None where there is none.

    Args:
        tree: the files.
        folder: of the package.
    """
    place = folder
    while True:
        for name in ("npm-shrinkwrap.json", "package-lock.json", "yarn.lock", "pnpm-lock.yaml"):
            content = tree.read(join(place, name))
            if content is not None:
                inner = folder[len(place) :].strip("/")
                return Lock(join(place, name), content.decode("utf-8", "replace").replace("\r\n", "\n"), inner)
        if not place:
            return None
        place = place.rpartition("/")[0]


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    for match in re.finditer(r"^([^\s#].*):\n((?:[ \t]+.*\n?|\n)*)", text, re.MULTILINE):
        yield match[1], match[2]


def _range_in(descriptor: str, name: str) -> str | None:
    if not descriptor.startswith(f"{name}@"):
        return None
    return descriptor[len(name) + 1 :].removeprefix("npm:")


@cache
def _json(text: str) -> Mapping[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, Mapping) else {}
