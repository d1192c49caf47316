"""The route table of an Express service: evaluation, flattening, and a look for what evaluation did not reach."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from posixpath import join

from dtma_contract.discovery.express.call_sites import CallSite, call_sites, may_register
from dtma_contract.discovery.express.deep_stack import deeply
from dtma_contract.discovery.express.entry import Entry, entries_of
from dtma_contract.discovery.express.flatten import Flattened, flatten
from dtma_contract.discovery.express.later_code import LaterCode
from dtma_contract.discovery.express.limits import Limits
from dtma_contract.discovery.express.listening import NEVER_LISTENS, never_listens
from dtma_contract.discovery.express.other_frameworks import other_framework
from dtma_contract.discovery.express.packages import Packages
from dtma_contract.discovery.express.paths import template_of
from dtma_contract.discovery.express.program import Program
from dtma_contract.discovery.express.registrations import RouterValue
from dtma_contract.discovery.express.resolution import CODE_EXTENSIONS, Resolver
from dtma_contract.discovery.express.syntax import parse
from dtma_contract.discovery.express.unreadable_files import is_unreadable, json_problem
from dtma_contract.discovery.file_tree import FileTree, clean_path, walk
from dtma_contract.errors import UsageError
from dtma_contract.routes import (
    UNRESOLVED,
    Cell,
    Corner,
    Location,
    Route,
    RouteTable,
    Unknown,
    canonical_path,
)

__all__ = ["read_routes"]

# Folders whose code is not the service's own.
_SKIPPED_FOLDERS = frozenset({
    "node_modules", ".git", "coverage", "test", "tests", "__tests__", "__mocks__", "e2e", "docs", "examples", "example",
    "fixtures", "cypress", "spec", "mocks", ".next", "public", "client", "frontend", "web", "ui", "benchmark",
    "benchmarks", ".yarn",
})  # fmt: skip
_OUTPUT_FOLDERS = frozenset({"dist", "build", "out", "lib-esm", "es", "esm", "cjs"})
_TESTS = re.compile(r"\.(?:test|spec|stories|e2e|d)\.[cm]?[jt]sx?$")

# Looking at files that nothing imports costs parsing; a service has fewer, a monorepo of clients may have more.
_MAX_UNREACHED = 400
_MAX_UNREACHED_FILES = 20_000
# Nodes evaluated in one of them, and in all. A larger file than this is a bundle, and one that does not even name
# Express runs in a browser. What is not run any more is looked at by its syntax alone.
_UNREACHED_STEPS = 300_000
_ALL_UNREACHED_STEPS = 600_000
_MAX_RUN_BYTES = 300_000
_EXPRESS = re.compile(rb"\bexpress\b")


def read_routes(
    tree: FileTree,
    *,
    corner: Corner,
    folder: str = "",
    entry: str | None = None,
    auth_names: Sequence[str] = (),
    limits: Limits | None = None,
) -> RouteTable:
    """Return the route table of an Express service.

    Args:
        tree: its files, or those of the whole image or repository around it.
        corner: ``source`` or ``image``.
        folder: where its package.json lies.
        entry: the file that evaluation begins with, relative to the folder; by default package.json tells.
        auth_names: regular expressions for names of middleware that asks for a token, besides the usual ones.
        limits: what the evaluation may cost.

    Raises:
        UsageError: there is no package.json and no file to begin with, or ``entry`` names no file.
    """
    packages = Packages(tree)
    tried: list[Program] = []

    def evaluate() -> None:
        for candidate in _entries(tree, packages, folder, entry):
            program = Program(tree, packages, candidate, folder, limits)
            tried.append(program)
            program.run()
            if not _has_routes(program):
                program.run_exports()
            if _has_routes(program) or program.machine.crash is not None or entry is not None:
                break
            if program.is_whole():
                # It is what package.json starts, and registers nothing: another file would tell of another program.
                tried[:] = [program]
                break

    deeply(evaluate)
    program = next((p for p in tried if _has_routes(p) or p.machine.crash), tried[0])
    passed_over = tried[0].entry if program is not tried[0] else None
    reader = _Reader(tree, packages, program, corner, folder, auth_names, passed_over)
    tables: list[RouteTable] = []
    deeply(lambda: tables.append(reader.table()))
    return tables[0]


def _entries(tree: FileTree, packages: Packages, folder: str, entry: str | None) -> Iterator[Entry]:
    if entry is not None:
        path = None if entry.startswith("/") else clean_path(join(folder, entry))
        if path is None:
            raise UsageError(
                f"The entry {entry} lies outside of what is read.",
                "Name a file of the service, relative to its folder, such as src/index.ts.",
            )
        found = Resolver(tree, packages).file(path)
        if found is None or found.endswith(".json"):
            what = "is no file" if found is None else "is no program"
            raise UsageError(f"The entry {entry} {what}.", "Name it relative to the folder of the service.")
        # Compiled or not is told by how the service is usually started.
        usual = next(entries_of(tree, packages, folder), None)
        yield Entry(
            found,
            "--entry",
            is_compiled=usual is not None and usual.is_compiled and found.endswith((".ts", ".mts", ".cts")),
        )
        return
    found_any = False
    for candidate in entries_of(tree, packages, folder):
        found_any = True
        yield candidate
    if not found_any:
        where = folder or "the folder"
        if problem := json_problem(tree, join(folder, "package.json")):
            raise UsageError(
                f"The package.json in {where} is no valid JSON, line {problem[0]}: {problem[1]}.",
                "Mend it, or name the file that the service starts with by --entry.",
            )
        if is_unreadable(tree, join(folder, "package.json")):
            raise UsageError(
                f"The package.json in {where} cannot be read.",
                "Look at its permissions, and whether it is a link that leads out of the folder.",
            )
        if packages.at(folder) is None:
            raise UsageError(
                f"There is no package.json in {where}.", "Name the folder of the service, or its file with --entry."
            )
        raise UsageError(
            f"The package.json in {where} names no file that the service starts with.",
            "Name the file with --entry, such as `--entry src/index.ts`.",
        )


def _has_routes(program: Program) -> bool:
    return program.machine.has_routes()


class _Reader:
    def __init__(
        self,
        tree: FileTree,
        packages: Packages,
        program: Program,
        corner: Corner,
        folder: str,
        auth_names: Sequence[str],
        passed_over: Entry | None,
    ) -> None:
        self._tree = tree
        self._packages = packages
        self._program = program
        self._corner = corner
        self._folder = folder
        self._auth_names = auth_names
        self._passed_over = passed_over
        self._version = program.machine.express

    def table(self) -> RouteTable:
        machine = self._program.machine
        if not _has_routes(self._program) and machine.crash is None:
            other = other_framework(self._packages, self._folder, self._program.modules.values())
            if other is not None:
                place, reason = other
                told = Unknown(self._corner, place.file, place.line, reason)
                return RouteTable(self._corner, (), (told,), self._provenance())
        roots = _roots(machine.routers)
        flat = self._flattened(roots)
        routes, unknown = list(flat.routes), list(flat.unknown)
        unknown += [
            Unknown(self._corner, p.location.file, p.location.line, p.reason, "/" if p.hides else "")
            for p in machine.problems.values()
        ]
        if not _has_routes(self._program) and machine.crash is None:
            unknown.append(
                Unknown(self._corner, self._program.entry.path, 1, "no route is registered by what begins here")
            )
        unknown += self._unread_package()
        if not routes and not unknown and self._program.is_library and machine.crash is None:
            reason = "what begins here is a library that registers no route itself: whoever imports it may"
            unknown.append(Unknown(self._corner, self._program.entry.path, 1, reason))
        declared, missed = self._unreached(routes, is_sure=not unknown)
        entry = self._program.entry.path
        if machine.crash is None and never_listens(machine, self._program.modules, entry):
            routes = [replace(route, state=Cell.UNKNOWN, detail=NEVER_LISTENS) for route in routes]
            unknown.append(Unknown(self._corner, entry, 1, NEVER_LISTENS))
        routes += declared
        if machine.crash is not None:
            routes = [replace(route, state=Cell.DECLARED, detail=machine.crash[0]) for route in routes]
        return RouteTable(
            self._corner,
            tuple(routes),
            tuple(dict.fromkeys([*unknown, *missed, *self._passed()])),
            self._provenance(),
            crash=machine.crash[0] if machine.crash else "",
            crash_location=machine.crash[1] if machine.crash else None,
        )

    def _passed(self) -> Iterator[Unknown]:
        passed = self._passed_over
        if passed is not None and passed.told_by.startswith("package.json"):
            instead = f"{self._program.entry.path} is read instead"
            reason = f"{passed.told_by} names this, in which no route was found: {instead}"
            yield Unknown(self._corner, passed.path, 1, reason, "")

    def _flattened(self, roots: Sequence[RouterValue], prefix: str = "/") -> Flattened:
        return flatten(roots, corner=self._corner, express=self._version, auth_names=self._auth_names, prefix=prefix)

    def _unread_package(self) -> Iterator[Unknown]:
        path = join(self._folder, "package.json")
        problem = json_problem(self._tree, path)
        if problem and self._packages.at(self._folder) is None and self._program.machine.crash is None:
            reason = f"the package.json is no valid JSON, {problem[1]}: nothing that it says was used"
            yield Unknown(self._corner, path, problem[0], reason, "")
        elif is_unreadable(self._tree, path):
            reason = "the package.json cannot be read: nothing that it says was used"
            yield Unknown(self._corner, path, 0, reason, "")

    def _provenance(self) -> dict[str, object]:
        package = self._packages.at(self._folder)
        return {
            "entry": self._program.entry.path,
            "entry_told_by": self._program.entry.told_by,
            "express": self._version.major,
            "express_told_by": self._version.told_by,
            "modules": len(self._program.modules),
            "needs_files": [needed.to_json() for needed in self._program.machine.needed.values()],
            "package": {
                "name": package.name if package else "",
                "version": package.text("version") if package else "",
                "dependencies": dict(package.mapping("dependencies")) if package else {},
            },
        }

    # -- what evaluation did not reach

    def _unreached(self, reached: Sequence[Route], *, is_sure: bool) -> tuple[list[Route], list[Unknown]]:
        """Return what is declared and mounted by nothing, and what evaluation may have missed.

        Args:
            reached: the routes that it did not miss.
            is_sure: whether all was resolved, so that what was not run is dead unless something else calls it.
        """
        machine = self._program.machine
        routes: list[Route] = []
        unknown: list[Unknown] = []
        # Routers that were made, and that nothing serves or mounts.
        served = _roots(machine.routers)
        reachable = _reachable(served)
        dangling = [router for router in machine.routers if id(router) not in reachable and router.items]
        inner = _reachable([m for router in dangling for m in _mounted(router)])
        tops = [router for router in dangling if id(router) not in inner]
        for router in tops:
            prefix = "/" if router.is_app else UNRESOLVED
            routes += [
                _declared(route, "nothing mounts its router") for route in self._flattened([router], prefix).routes
            ]
        known = {route.location for route in [*reached, *routes]}
        sites = [
            (path, site)
            for path, module in self._program.modules.items()
            if may_register(module.file.content)
            for site in call_sites(module.file)
            if (path, site.start) not in machine.visited
        ]
        roots = {path: module.file.root for path, module in self._program.modules.items()}
        loaded = set(self._program.modules)
        if machine.crash is not None and sites:
            # Nothing runs them, and it is known why. What they declare is told by the files that mount them.
            entry = self._program.entry.path
            loaded, sites = {entry}, [(path, site) for path, site in sites if path == entry]
        later = LaterCode(machine, list(roots.values())) if is_sure and sites else None
        for path, site in sites:
            routes.append(self._of_site(path, site, "nothing was seen to run the code that registers it"))
            if machine.crash is not None or (later is not None and not later.holds(roots[path], site.start)):
                continue
            # It is dead code, or evaluation lost its way to it: which of the two cannot be told.
            unknown.append(
                Unknown(
                    self._corner,
                    path,
                    site.line,
                    f"{site.method} {site.path} is registered by code that nothing was seen to run",
                    f"{UNRESOLVED}{template_of(site.path, self._version.major)}",
                    site.method,
                )
            )
        routes += self._of_unreached_files(known, loaded)
        return _unique(routes, reached), unknown

    def _of_unreached_files(self, known: set[Location | None], loaded: AbstractSet[str]) -> list[Route]:
        """Return what the other files declare, each run as if the program began with it."""
        candidates: dict[str, bytes] = {}
        for path in self._code_files():
            if path in loaded or len(candidates) >= _MAX_UNREACHED:
                continue
            content = self._tree.read(path)
            is_of_browser = content is not None and len(content) > _MAX_RUN_BYTES and not _EXPRESS.search(content)
            if content is not None and not is_of_browser and may_register(content):
                candidates[path] = content
        if not candidates:
            return []
        found: list[Route] = []
        covered: set[str] = set()
        left = _ALL_UNREACHED_STEPS
        for path in self._importers_first(candidates):
            if path in covered:
                continue
            if left <= 0 or len(candidates[path]) > _MAX_RUN_BYTES:
                sites = call_sites(parse(path, candidates[path]))
                found += [self._of_site(path, site, f"nothing imports {path}") for site in sites]
                continue
            entry = Entry(path, "unreached", is_compiled=self._program.entry.is_compiled)
            limits = Limits(steps=min(left, _UNREACHED_STEPS))
            program = Program(self._tree, self._packages, entry, self._folder, limits, version=self._version)
            program.run()
            if not _has_routes(program):
                program.run_exports()
            left -= program.machine.steps
            covered |= program.modules.keys()
            fresh = {path for path in program.modules if path not in loaded}
            roots = [
                r
                for r in program.machine.routers
                if id(r) not in _reachable([m for o in program.machine.routers for m in _mounted(o)])
            ]
            for root in roots:
                flat = self._flattened([root], "/" if root.is_app else UNRESOLVED)
                found += [
                    _declared(route, f"nothing imports {route.location.file}")
                    for route in flat.routes
                    if route.location is not None and route.location.file in fresh
                ]
            places = {route.location for route in found} | known
            for inner in sorted(fresh & candidates.keys()):
                for site in call_sites(parse(inner, candidates[inner])):
                    if Location(inner, site.line) not in places:
                        found.append(self._of_site(inner, site, f"nothing imports {inner}"))
        return found

    def _importers_first(self, candidates: dict[str, bytes]) -> list[str]:
        """Sort files so that those which import others of them come first: they know the prefixes."""
        resolver = Resolver(self._tree, self._packages)
        weight: dict[str, int] = {}
        pattern = re.compile(rb"(?:from|require\(|import\()\s*['\"]([^'\"]+)['\"]")
        for path, content in candidates.items():
            targets = {resolver.resolve(path, m.decode("utf-8", "replace")).name for m in pattern.findall(content)}
            weight[path] = len(targets & candidates.keys())
        return sorted(candidates, key=lambda path: (-weight[path], path.count("/"), path))

    def _code_files(self) -> Iterator[str]:
        in_output = self._program.entry.path.removeprefix(self._folder).lstrip("/").split("/")[0] in _OUTPUT_FOLDERS
        skipped = _SKIPPED_FOLDERS if in_output else _SKIPPED_FOLDERS | _OUTPUT_FOLDERS
        for count, path in enumerate(walk(self._tree, self._folder, skipped)):
            if count > _MAX_UNREACHED_FILES:
                return
            if path.endswith(CODE_EXTENSIONS) and not _TESTS.search(path):
                yield path

    def _of_site(self, path: str, site: CallSite, why: str) -> Route:
        template = template_of(site.path, self._version.major)
        return Route(
            site.method,
            f"{UNRESOLVED}{template if template.startswith('/') else '/' + template}",
            Cell.DECLARED,
            Location(path, site.line),
            site.path,
            detail=why,
        )


def _declared(route: Route, why: str) -> Route:
    return replace(route, state=Cell.DECLARED, detail=why)


def _unique(routes: Iterable[Route], reached: Sequence[Route]) -> list[Route]:
    """Leave out what stands at a place that is reached, and what is there twice."""
    places: dict[tuple[str, Location | None], list[str]] = {}
    for route in reached:
        places.setdefault((route.method, route.location), []).append(route.raw)
    kept: dict[tuple[str, str, Location | None], Route] = {}
    for route in routes:
        # A line may hold several, as minified code does.
        own = route.raw.removeprefix(UNRESOLVED).rstrip("/")
        if not any(raw.rstrip("/").endswith(own) for raw in places.get((route.method, route.location), ())):
            kept.setdefault((route.method, canonical_path(route.path), route.location), route)
    return list(kept.values())


def _mounted(router: RouterValue) -> list[RouterValue]:
    return [item.router for item in router.items if hasattr(item, "router")]


def _reachable(roots: Sequence[RouterValue]) -> set[int]:
    seen: set[int] = set()
    pending = list(roots)
    while pending:
        router = pending.pop()
        if id(router) not in seen:
            seen.add(id(router))
            pending += _mounted(router)
    return seen


def _roots(routers: Sequence[RouterValue]) -> list[RouterValue]:
    """Return what is served: what was seen to listen, else every app that no other mounts."""
    served = [router for router in routers if router.is_served and not router.is_mounted]
    if any(router.is_app for router in served):
        return [router for router in served if router.is_app or not router.is_mounted]
    apps = [router for router in routers if router.is_app and not router.is_mounted]
    return [*served, *(app for app in apps if app not in served)]
