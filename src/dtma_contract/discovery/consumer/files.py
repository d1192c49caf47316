"""The callers' files: which of them can matter, and which file an import means."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from posixpath import dirname, join

from dtma_contract.discovery.file_tree import FileTree, clean_path, walk

__all__ = ["CODE", "MAX_BYTES", "SKIPPED", "CallerFiles"]

# Larger files are made by machines: bundles, minified libraries, recorded data.
MAX_BYTES = 1024 * 1024
# Folders that hold no caller's own code, or code that only pretends to call.
SKIPPED = frozenset({
    "node_modules", "bower_components", "vendor", "dist", "build", "out", "coverage", "site-packages", "__pycache__",
    ".git", ".hg", ".svn", ".venv", "venv", ".tox", ".next", ".nuxt", ".svelte-kit", ".turbo", ".cache", ".mypy_cache",
    "test", "tests", "__tests__", "__mocks__", "mocks", "__fixtures__", "fixtures", "e2e", "spec", "specs", "cypress",
    "playwright", "storybook-static", "stories", "htmlcov", ".vercel", ".terraform", ".yarn", ".pnpm-store",
})  # fmt: skip
_TEST_FILE = re.compile(
    r"(?:\.(?:test|spec|stories|mock|e2e|cy)\.[cm]?[jt]sx?|(?:^|/)(?:test_[^/]*|[^/]*_test|conftest)\.py|\.d\.[cm]?ts|\.min\.js)$"
)
_SCRIPT = (".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".mts", ".cts", ".vue", ".svelte")
CODE = (*_SCRIPT, ".py")
_SENDS = re.compile(
    rb"fetch|axios|\bgot\b|\bky\b|superagent|\brequest|https?['\"]|undici|XMLHttpRequest|needle|ajax|HttpClient|wretch"
    rb"|HttpService|sendBeacon|EventSource|httpx|aiohttp|urllib|http\.client|niquests|\$http"
)
_IMPORTS = re.compile(rb"""(?:\bfrom|\bimport|\brequire\s*\(|\bimport\s*\()\s*['"]([^'"\n]+)['"]""")
_PYTHON_IMPORTS = re.compile(
    rb"^[ \t]*(?:from[ \t]+([.\w]+)[ \t]+import[ \t]+\(?([^\n#]*)|import[ \t]+([^\n#]+))", re.MULTILINE
)
# What passes on what it imports: an index of a folder, a package's `__init__`.
_PASSES_ON = re.compile(rb"\bexport\s*(?:\*|\{[^}]*\})\s*(?:as\s+\w+\s*)?from\b|^from \.", re.MULTILINE)
_ENDINGS = ("", ".ts", ".tsx", ".js", ".jsx", ".mts", ".cts", ".mjs", ".cjs", ".vue", ".svelte", ".json")
_INDEXES = (
    "/index.ts",
    "/index.tsx",
    "/index.js",
    "/index.jsx",
    "/index.mjs",
    "/mod.ts",
    "/src/index.ts",
    "/src/index.js",
)


@dataclass
class CallerFiles:
    """A caller's files.

    Args:
        tree: the files.
        folder: where they begin.
    """

    tree: FileTree
    folder: str = ""
    paths: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    too_large: tuple[str, ...] = ()
    _contents: dict[str, bytes] = field(default_factory=dict)
    _all: set[str] = field(default_factory=set)
    _importers: dict[str, set[str]] | None = None

    def __post_init__(self) -> None:
        found: list[str] = []
        for path in walk(self.tree, self.folder, SKIPPED):
            self._all.add(path)
            found.append(path)
        self.skipped = tuple(path for path in found if _TEST_FILE.search(path))
        self.paths = tuple(path for path in found if not _TEST_FILE.search(path))
        self._ends: dict[str, list[str]] = defaultdict(list)
        for path in self.paths:
            if path.endswith(".py"):
                self._ends[path.rpartition("/")[2]].append(path)
                if path.endswith("/__init__.py"):
                    self._ends[path.removesuffix("/__init__.py").rpartition("/")[2] + "/__init__.py"].append(path)
        self._aliases = self._read_aliases()
        self._packages = self._read_packages()
        self._resolved: dict[tuple[str, str], str | None] = {}

    def read(self, path: str) -> bytes:
        """Return a file's content; nothing of a file that is too large."""
        if path not in self._contents:
            content = self.tree.read(path) or b""
            if len(content) > MAX_BYTES:
                self.too_large = (*self.too_large, path)
                content = b""
            self._contents[path] = content
        return self._contents[path]

    def candidates(self, telling: re.Pattern[bytes]) -> list[str]:
        """Return the code files that tell of the agent, and those that send something and import one that tells.

        Args:
            telling: what tells of the agent in a file's text.
        """
        code = [path for path in self.paths if path.endswith(CODE)]
        tells = {path for path in self.paths if path.endswith((*CODE, ".json")) and telling.search(self.read(path))}
        found = tells.intersection(code)
        for path in code if tells else ():
            if path not in found and _SENDS.search(self.read(path)) and not tells.isdisjoint(self.imports_of(path)):
                found.add(path)
        return sorted(found)

    def importers_of(self, paths: set[str]) -> set[str]:
        """Return the code files that import one of these files, themselves or through files that only pass it on.

        Args:
            paths: the files.
        """
        if not paths:
            return set()
        if self._importers is None:
            self._importers = defaultdict(set)
            for path in self.paths:
                for target in self.imports_of(path) if path.endswith(CODE) else ():
                    self._importers[target].add(path)
        found: set[str] = set()
        rest = list(paths)
        while rest:
            for importer in self._importers.get(rest.pop(), ()):
                if importer not in found:
                    found.add(importer)
                    rest.extend([importer] if _PASSES_ON.search(self.read(importer)) else [])
        return found

    def imports_of(self, path: str) -> set[str]:
        """Return the files that a file imports, as far as its text tells."""
        content = self.read(path)
        if path.endswith(".py"):
            return {target for name in _python_names(content) if (target := self.resolve_python(path, name))}
        names = {match.decode("utf-8", "replace") for match in _IMPORTS.findall(content)}
        return {target for name in names if (target := self.resolve(path, name))}

    # --- which file an import means

    def resolve(self, path: str, name: str) -> str | None:
        """Return the file that an import of JavaScript or TypeScript means, or None where it is none of the caller's.

        Args:
            path: the file that imports.
            name: as it is written.
        """
        key = (dirname(path), name)
        if key not in self._resolved:
            self._resolved[key] = self._resolve(path, name)
        return self._resolved[key]

    def _resolve(self, path: str, name: str) -> str | None:
        if name.startswith("."):
            return self._as_file(join(dirname(path), name))
        for prefix, targets in self._aliases_for(path):
            if name == prefix.rstrip("*") or (prefix.endswith("*") and name.startswith(prefix[:-1])):
                for target in targets:
                    found = self._as_file(target.replace("*", name[len(prefix) - 1 :]) if "*" in target else target)
                    if found:
                        return found
        if name in self._packages:
            return self._as_file(self._packages[name])
        if name.startswith(("@/", "~/", "#/", "$lib/")):
            rest = name.partition("/")[2]
            inside = "src/lib" if name.startswith("$lib") else "src"
            at = dirname(path)
            while True:
                found = self._as_file(join(at, inside, rest)) or self._as_file(join(at, rest))
                if found or not at:
                    return found
                at = dirname(at)
        return None

    def _as_file(self, path: str) -> str | None:
        cleaned = clean_path(path)
        if cleaned is None:
            return None
        bare = re.sub(r"\.([cm]?)jsx?$", "", cleaned)
        for base in dict.fromkeys((cleaned, bare)):
            for ending in (*_ENDINGS, *_INDEXES):
                if base + ending in self._all and (base + ending).endswith((*CODE, ".json")):
                    return base + ending
        return None

    def resolve_python(self, path: str, name: str) -> str | None:
        """Return the file that a Python module's name means, or None where it is none of the caller's.

        Args:
            path: the file that imports.
            name: dotted, with dots in front where it is relative.
        """
        dots = len(name) - len(name.lstrip("."))
        inner = name.lstrip(".").replace(".", "/")
        if dots:
            folder = dirname(path)
            for _ in range(dots - 1):
                folder = dirname(folder)
            return self._as_module(join(folder, inner) if inner else folder)
        at = dirname(path)
        while True:
            found = self._as_module(join(at, inner))
            if found or not at:
                break
            at = dirname(at)
        if found or not inner:
            return found
        ending = inner.rpartition("/")[2]
        matches = [
            one
            for one in (*self._ends.get(f"{ending}.py", ()), *self._ends.get(f"{ending}/__init__.py", ()))
            if one.endswith((f"/{inner}.py", f"/{inner}/__init__.py")) and "/" in inner
        ]
        return matches[0] if matches else None

    def _as_module(self, path: str) -> str | None:
        for candidate in (f"{path}.py", f"{path}/__init__.py"):
            if candidate in self._all:
                return candidate
        return None

    def _aliases_for(self, path: str) -> list[tuple[str, tuple[str, ...]]]:
        found: list[tuple[str, tuple[str, ...]]] = []
        at = dirname(path)
        while True:
            found.extend(self._aliases.get(at, ()))
            if not at:
                return found
            at = dirname(at)

    def _read_aliases(self) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
        """Return the import aliases of tsconfig, jsconfig and deno files, by folder."""
        found: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
        for path in self.paths:
            name = path.rpartition("/")[2]
            if not re.fullmatch(r"(?:ts|js)config[\w.]*\.json|deno\.jsonc?|import_map\.json", name):
                continue
            data = _relaxed_json(self.read(path))
            folder = dirname(path)
            options = data.get("compilerOptions")
            options = options if isinstance(options, dict) else {}
            base = options.get("baseUrl")
            root = join(folder, base) if isinstance(base, str) else folder
            entries = found.setdefault(folder, [])
            paths = options.get("paths")
            for alias, targets in (paths if isinstance(paths, dict) else {}).items():
                if isinstance(targets, list):
                    entries.append((alias, tuple(join(root, one) for one in targets if isinstance(one, str))))
            imports = data.get("imports")
            for alias, target in (imports if isinstance(imports, dict) else {}).items():
                if isinstance(target, str) and target.startswith("."):
                    star = alias.endswith("/")
                    entries.append((alias + "*" if star else alias, (join(folder, target) + ("*" if star else ""),)))
            if isinstance(base, str):
                entries.append(("*", (join(root, "*"),)))
        return found

    def _read_packages(self) -> dict[str, str]:
        """Return the folders or entry files of the caller's own packages, by package name."""
        found: dict[str, str] = {}
        for path in self.paths:
            if path.rpartition("/")[2] != "package.json":
                continue
            data = _relaxed_json(self.read(path))
            name, folder = data.get("name"), dirname(path)
            if not isinstance(name, str) or not name:
                continue
            entries = [
                data.get("source"),
                data.get("types"),
                data.get("module"),
                data.get("main"),
                "src/index",
                "index",
            ]
            for entry in entries:
                if isinstance(entry, str) and (file := self._as_file(join(folder, entry))):
                    found[name] = file
                    break
        return found


def _python_names(content: bytes) -> set[str]:
    found: set[str] = set()
    for source, names, modules in _PYTHON_IMPORTS.findall(content):
        if source:
            name = source.decode("utf-8", "replace")
            found.add(name)
            # `from . import client`
            inner = re.findall(r"\w+", names.decode("utf-8", "replace"))
            found.update(name + ("" if name.endswith(".") else ".") + one for one in inner)
        else:
            found.update(one.split()[0] for one in modules.decode("utf-8", "replace").split(",") if one.split())
    return found


@cache
def _comments() -> re.Pattern[str]:
    return re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)


def _relaxed_json(content: bytes) -> dict[str, object]:
    """Return the data of a JSON file with comments and commas at ends; nothing where it is none."""
    text = _comments().sub(lambda match: match[1] or "", content.decode("utf-8", "replace"))
    try:
        data = json.loads(re.sub(r",(\s*[}\]])", r"\1", text))
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}
