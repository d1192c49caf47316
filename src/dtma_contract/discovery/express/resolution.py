"""Which file a module specifier means, as Node and the TypeScript compiler would find it."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from posixpath import dirname, join, splitext
from typing import Any

from dtma_contract.discovery.express.packages import Package, Packages
from dtma_contract.discovery.file_tree import FileTree, clean_path

__all__ = ["CODE_EXTENSIONS", "Kind", "Resolution", "Resolver", "package_name", "source_of_output"]

CODE_EXTENSIONS = (".ts", ".tsx", ".mts", ".cts", ".js", ".mjs", ".cjs", ".jsx")

# What TypeScript writes for what: `import './x.js'` means x.ts where there is no x.js.
_WRITTEN_FOR = {".js": (".ts", ".tsx", ".jsx"), ".mjs": (".mts",), ".cjs": (".cts",), ".jsx": (".tsx",)}
_OUTPUT_FOLDERS = ("dist", "build", "lib", "out", "output", "compiled", "target", ".build", "bin")
_SOURCE_FOLDERS = ("src", "source", "lib", "server", "app", "")
# Conditions of package.json "exports", best for reading code first.
_CONDITIONS = ("source", "development", "node", "import", "require", "module", "default")

_BUILTINS = {
    "assert", "async_hooks", "buffer", "child_process", "cluster", "console", "constants", "crypto", "dgram",
    "diagnostics_channel", "dns", "domain", "events", "fs", "http", "http2", "https", "inspector", "module", "net",
    "os", "path", "perf_hooks", "process", "punycode", "querystring", "readline", "repl", "stream",
    "string_decoder", "sys", "test", "timers", "tls", "trace_events", "tty", "url", "util", "v8", "vm", "wasi",
    "worker_threads", "zlib",
}  # fmt: skip


class Kind(enum.Enum):
    """What a specifier turned out to be."""

    FILE = "file"
    BUILTIN = "builtin"
    PACKAGE = "package"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a specifier means.

    Attributes:
        kind: file, builtin, package or missing.
        name: the file's path, the builtin's or the package's name, or the specifier that was not found.
    """

    kind: Kind
    name: str


class Resolver:
    """Resolves specifiers.

    Args:
        tree: the files.
        packages: the packages among them.

    Attributes:
        tree: the files.
    """

    def __init__(self, tree: FileTree, packages: Packages) -> None:
        self.tree = tree
        self._packages = packages
        self._known: dict[tuple[str, str], Resolution] = {}

    def resolve(self, importer: str, specifier: str) -> Resolution:
        """Return what a specifier means in a file.

        Args:
            importer: path of the file that imports.
            specifier: as it is written there.
        """
        key = (dirname(importer), specifier)
        if key not in self._known:
            self._known[key] = self._resolve(importer, specifier)
        return self._known[key]

    def file(self, path: str | None) -> str | None:
        """Return the code or JSON file that a path without certainty about its ending means, or None."""
        if path is None:
            return None
        return next(filter(self.tree.is_file, self._candidates(path)), None)

    def _resolve(self, importer: str, specifier: str) -> Resolution:
        bare = specifier.removeprefix("node:").split("?")[0]
        if self._is_builtin(importer, specifier, bare):
            return Resolution(Kind.BUILTIN, bare.rstrip("/"))
        if bare in {".", ".."} or bare.startswith(("./", "../", "/")):
            path = bare.lstrip("/") if bare.startswith("/") else join(dirname(importer), bare)
            cleaned = clean_path(path)
            found = self.file(cleaned)
            if found is None and cleaned is not None:
                # What was not built yet: a start script that loads the compiler's output.
                found = next(filter(None, map(self.file, source_of_output(self._packages, cleaned))), None)
            return self._found(found, specifier)
        if bare.startswith("#"):
            package = self._packages.around(importer)
            targets = _targets(package.mapping("imports"), bare) if package else ()
            found = self._first_file(package, targets) if package else None
            if found:
                return Resolution(Kind.FILE, found)
        settings = self._packages.settings(importer)
        if settings is not None:
            for target in settings.alias_targets(bare):
                if found := self.file(target):
                    return Resolution(Kind.FILE, found)
        name = package_name(bare)
        own = self._packages.around(importer)
        package = own if own is not None and own.name == name else self._packages.workspace(importer, name)
        if package is not None and (found := self._inside(package, bare[len(name) :].lstrip("/"))):
            return Resolution(Kind.FILE, found)
        if bare.startswith(("@/", "~/", "src/")) and (found := self._guessed_alias(importer, bare)):
            return Resolution(Kind.FILE, found)
        return Resolution(Kind.PACKAGE, name)

    def _is_builtin(self, importer: str, specifier: str, bare: str) -> bool:
        if not specifier.startswith("node:") and (bare.partition("/")[0] not in _BUILTINS or bare.startswith(".")):
            return False
        # A package of the same name goes before, where it is installed.
        return not self.tree.is_folder(join(self._nearest_modules(importer), bare))

    def _guessed_alias(self, importer: str, bare: str) -> str | None:
        # Aliases that live in a bundler's or a loader's configuration; such names are no packages of a registry.
        package = self._packages.around(importer)
        root = package.folder if package else ""
        rest = bare.partition("/")[2]
        return next(
            filter(None, (self.file(clean_path(join(root, place, rest))) for place in ("src", "", "server"))), None
        )

    def _found(self, path: str | None, specifier: str) -> Resolution:
        return Resolution(Kind.FILE, path) if path else Resolution(Kind.MISSING, specifier)

    def _nearest_modules(self, importer: str) -> str:
        package = self._packages.around(importer)
        return join(package.folder if package else "", "node_modules")

    def _candidates(self, path: str) -> Iterator[str]:
        stem, ending = splitext(path)
        if ending in {*CODE_EXTENSIONS, ".json"}:
            yield path
        yield from (stem + written for written in _WRITTEN_FOR.get(ending, ()))
        yield from (path + written for written in (*CODE_EXTENSIONS, ".json"))
        if not self.tree.is_folder(path):
            if ending not in CODE_EXTENSIONS:
                yield path
            return
        package = self._packages.at(path)
        main = package.text("main") if package else ""
        if main and main.strip("./"):
            inner = clean_path(join(path, main))
            if inner is not None and inner != path:
                yield from self._candidates(inner)
        yield from (join(path, f"index{written}") for written in (*CODE_EXTENSIONS, ".json"))

    def _inside(self, package: Package, rest: str) -> str | None:
        """Return the source file that an import of one of the repository's own packages means."""
        targets: list[str] = []
        exports = package.document.get("exports")
        if exports is not None:
            targets += _targets(exports, f"./{rest}" if rest else ".")
        if rest:
            targets += [rest, f"src/{rest}"]
        else:
            targets += [package.text(key) for key in ("source", "main", "module", "types") if package.text(key)]
            targets += ["src/index", "index", "src/main", "lib/index"]
        return self._first_file(package, targets)

    def _first_file(self, package: Package, targets: Iterable[str]) -> str | None:
        for target in targets:
            path = clean_path(join(package.folder, target))
            for candidate in source_of_output(self._packages, path) if path else ():
                # A declaration holds no code.
                if (found := self.file(candidate)) and not found.endswith((".d.ts", ".d.mts", ".d.cts")):
                    return found
            if path and not path.endswith((".d.ts", ".d.mts", ".d.cts")) and (found := self.file(path)):
                return found
        return None


def source_of_output(packages: Packages, path: str) -> Iterator[str]:
    """Yield the source files that a file of the compiler's output may have been made from, the likeliest first.

    Args:
        packages: of the tree.
        path: of the output, such as ``dist/index.js``.
    """
    package = packages.around(path)
    folder = package.folder if package else ""
    settings = packages.settings(path)
    stem = path
    for ending in (".d.ts", ".d.mts", ".js", ".mjs", ".cjs"):
        stem = stem.removesuffix(ending)
    roots: list[tuple[str, str]] = []
    if settings is not None and settings.out:
        sources = (
            [settings.root] if settings.root is not None else [join(settings.folder, name) for name in _SOURCE_FOLDERS]
        )
        roots += [(settings.out, source) for source in sources]
    relative = path[len(folder) :].lstrip("/")
    first = relative.split("/")[0]
    if first in _OUTPUT_FOLDERS:
        roots += [(join(folder, first), join(folder, name)) for name in _SOURCE_FOLDERS if name != first]
    for out, source in roots:
        if stem == out or stem.startswith(out.rstrip("/") + "/"):
            inner = stem[len(out) :].lstrip("/")
            candidates = [join(source, inner)]
            # dist/src/index.js, where the whole package is the root.
            if inner.startswith("src/"):
                candidates.append(join(folder, inner))
            for candidate in candidates:
                if candidate.strip("/") != stem.strip("/"):
                    yield from (
                        candidate.lstrip("/") + written for written in (".ts", ".tsx", ".mts", ".cts", ".js", ".mjs")
                    )


def package_name(specifier: str) -> str:
    """Return the package of a specifier: ``@scope/name`` or ``name``."""
    parts = specifier.split("/")
    return "/".join(parts[:2]) if specifier.startswith("@") and len(parts) > 1 else parts[0]


def _targets(node: Any, key: str) -> list[str]:
    """Return what "exports" or "imports" of a package.json lead to.

    Node.js, Packages: subpath patterns, conditional exports.
    """
    if isinstance(node, str):
        return [node] if key == "." else []
    if not isinstance(node, Mapping):
        return []
    if not any(str(name).startswith((".", "#")) for name in node):
        return _conditional(node, "") if key == "." else []
    if key in node:
        return _conditional(node[key], "")
    for pattern in sorted(map(str, node), key=len, reverse=True):
        head, star, tail = pattern.partition("*")
        if star and key.startswith(head) and key.endswith(tail):
            return _conditional(node[pattern], key[len(head) : len(key) - len(tail)])
    return []


def _conditional(node: Any, captured: str) -> list[str]:
    if isinstance(node, str):
        return [node.replace("*", captured)]
    if isinstance(node, list):
        return [target for item in node for target in _conditional(item, captured)]
    if isinstance(node, Mapping):
        known = [name for name in _CONDITIONS if name in node]
        return [target for name in known for target in _conditional(node[name], captured)]
    return []
