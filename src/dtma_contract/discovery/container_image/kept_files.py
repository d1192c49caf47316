"""Which files of an image matter: the application's code, and of its dependencies only that they are there. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from posixpath import splitext
from typing import Self

from dtma_contract.discovery.container_image.problems import KIB

__all__ = ["KeptFiles", "application_root", "package_folder"]

# Code, and what says how code is found.
_CODE = frozenset({".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx", ".json", ".map", ".sh"})

# A start script without an ending, such as bin/www, is a page or two.
_SCRIPT_BYTES = 64 * KIB

# Folders of the operating system, as the Filesystem Hierarchy Standard names them.
_SYSTEM = frozenset({
    "bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "libx32", "media", "mnt", "proc", "run", "sbin", "sys", "tmp",
    "usr", "var",
})  # fmt: skip

# Where people put applications all the same; the first is what Node's own images document.
_INSIDE_SYSTEM = ("usr/src", "usr/app", "usr/local/app", "var/www", "var/app", "var/task", "var/opt")

# Where commands are looked for: their scripts are read, so that a start script can be followed.
_COMMANDS = ("usr/local/bin", "usr/bin", "bin", "usr/local/sbin", "usr/sbin", "sbin")

# Where programs look for their configuration: which files are there is known, what is in them is not read.
_CONFIGURATION = "etc"

# What package managers leave behind: thousands of files that are no one's code.
_LEFT_BEHIND = frozenset({".git", ".npm", ".cache", ".yarn", ".pnpm-store", ".local", "_cacache"})

_RUNTIMES = frozenset({"node", "nodejs", "bun", "deno"})


@dataclass(frozen=True, slots=True)
class KeptFiles:
    """The choice of files.

    Attributes:
        roots: folders of applications, which are read although they lie among the system's.
        packages: package folders below ``node_modules`` whose code is read too.
        files: single files that are read wherever they lie.
    """

    roots: frozenset[str] = frozenset()
    packages: frozenset[str] = frozenset()
    files: frozenset[str] = field(default=frozenset())

    @classmethod
    def around(cls, folders: Iterable[str]) -> Self:
        """Return the choice for an image whose working folder and entry file's folder are these."""
        return cls(roots=frozenset(root for root in map(application_root, folders) if root))

    def widened(self, *, roots: Iterable[str] = (), packages: Iterable[str] = (), files: Iterable[str] = ()) -> Self:
        """Return a choice of more."""
        return replace(
            self,
            roots=self.roots.union(roots),
            packages=self.packages.union(packages),
            files=self.files.union(files),
        )

    def names(self, path: str) -> bool:
        """Return whether it matters that there is such a file."""
        if path in self.files:
            return True
        parts = path.split("/")
        package = package_folder(path, parts)
        if package is not None and not self._is_read_package(path):
            # A package is there when its description is; a package of one file is that file.
            return path in {package, f"{package}/package.json"}
        return (
            self._is_application(path, parts)
            or parts[0] == _CONFIGURATION
            or parts[-1] in _RUNTIMES
            or path.rpartition("/")[0] in _COMMANDS
        )

    def content_bytes(self, path: str) -> int | None:
        """Return how large a file may be so that its content matters: 0 for no matter what, None for any size."""
        if path in self.files:
            return None
        parts = path.split("/")
        package = package_folder(path, parts)
        if package is not None and not self._is_read_package(path):
            return None if path in {package, f"{package}/package.json"} else 0
        ending = splitext(parts[-1])[1]
        if self._is_application(path, parts):
            return None if ending in _CODE else 0 if ending else _SCRIPT_BYTES
        return _SCRIPT_BYTES if path.rpartition("/")[0] in _COMMANDS and ending in {"", ".sh"} else 0

    def _is_read_package(self, path: str) -> bool:
        return any(path.startswith(f"{package}/") for package in self.packages)

    def _is_application(self, path: str, parts: list[str]) -> bool:
        if not _LEFT_BEHIND.isdisjoint(parts):
            return False
        if parts[0] not in _SYSTEM:
            # Node's images carry the package manager there.
            return not path.startswith("opt/yarn-v")
        return any(path.startswith(f"{root}/") for root in (*_INSIDE_SYSTEM, *self.roots))


def package_folder(path: str, parts: list[str] | None = None) -> str | None:
    """Return the folder of the dependency that a file belongs to, or None for a file of the application.

    ``app/node_modules/@a/b/lib/c.js`` → ``app/node_modules/@a/b``; hidden folders such as ``.bin`` count as packages.
    """
    pieces = path.split("/") if parts is None else parts
    if "node_modules" not in pieces[:-1]:
        return None
    last = len(pieces) - 1 - pieces[:-1][::-1].index("node_modules") - 1
    scoped = pieces[last + 1].startswith("@")
    return "/".join(pieces[: last + (3 if scoped else 2)])


def application_root(folder: str) -> str:
    """Return the folder that an application lies in with all that belongs to it: parents may hold its dependencies.

    ``srv/repo/apps/api`` → ``srv``; ``usr/src/app`` → ``usr/src``; for the image's own root and for folders of the
    system's commands, the empty path: no folder is the application's more than others.
    """
    parts = folder.split("/")
    if parts[0] not in _SYSTEM:
        return parts[0]
    if len(parts) == 1 or folder in _COMMANDS or folder == "usr/local":
        return ""
    return "/".join(parts[:2]) if parts[:2] != ["usr", "local"] else "/".join(parts[:3])
