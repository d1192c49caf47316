"""A program as its modules: each is evaluated once, when it is first imported, as Node would load it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from posixpath import dirname

from dtma_contract.discovery.express.absent_packages import absence_of_package
from dtma_contract.discovery.express.bundles import commonjs_wrapper
from dtma_contract.discovery.express.compiler_helpers import HELPER_PACKAGES, compiler_helpers
from dtma_contract.discovery.express.contents import may_act
from dtma_contract.discovery.express.declarations import hoist
from dtma_contract.discovery.express.endings import NORMAL, THROW
from dtma_contract.discovery.express.entry import Entry
from dtma_contract.discovery.express.express_api import express_module
from dtma_contract.discovery.express.express_version import express_version
from dtma_contract.discovery.express.expressions import EVALUATORS
from dtma_contract.discovery.express.language_globals import from_json, install_globals
from dtma_contract.discovery.express.limits import Limits, ThrownError
from dtma_contract.discovery.express.loading_end import starts_others
from dtma_contract.discovery.express.machine import Machine
from dtma_contract.discovery.express.missing_files import surely_missing
from dtma_contract.discovery.express.module_links import ModuleLinks
from dtma_contract.discovery.express.modules import Module
from dtma_contract.discovery.express.node_api import NodeApi, url_class
from dtma_contract.discovery.express.operators import as_text
from dtma_contract.discovery.express.packages import Packages
from dtma_contract.discovery.express.patched_loading import is_loading_patched
from dtma_contract.discovery.express.resolution import Kind, Resolver
from dtma_contract.discovery.express.statements import EXECUTORS
from dtma_contract.discovery.express.syntax import Node, excerpt, parse
from dtma_contract.discovery.express.unreadable_files import broken_at, json_problem, unreadable_package
from dtma_contract.discovery.express.values import (
    UNDEFINED,
    DefaultText,
    Either,
    FunctionValue,
    NativeFunction,
    ObjectValue,
    Opaque,
    Scope,
    Value,
    alternatives,
    either,
)
from dtma_contract.discovery.express.version_ranges import ExpressVersion
from dtma_contract.discovery.file_tree import FileTree
from dtma_contract.routes import Location

__all__ = ["Program"]

_EXPRESS_PACKAGES = {
    "express",
    "express-promise-router",
    "express-async-router",
    "router",
    "ultimate-express",
    "@feathersjs/express",
}
_ROUTER_PACKAGES = {"express-promise-router", "router", "express-async-router"}
# What says that a file is started, and is no library that may be.
_STARTED = frozenset(f"package.json scripts.{name}" for name in ("start", "start:prod", "start:production"))
# What is imported for its effect on a page or a bundle, and registers nothing.
_NO_CODE = re.compile(
    r"\.(?:css|scss|less|svg|png|jpe?g|gif|html?|graphql|gql|txt|md|sql|node|wasm|ya?ml|ejs|hbs|pug|vue|proto)$"
)


class Program:
    """A program under evaluation.

    Args:
        tree: its files.
        packages: the packages among them.
        entry: where it begins.
        folder: the folder that its process is started in.
        limits: what the evaluation may cost.
        version: of Express; by default what the tree tells.

    Attributes:
        machine: the evaluation.
        modules: the modules that were loaded, by path.
        is_library: whether what it exports was called, because it serves nothing by itself.
    """

    def __init__(
        self,
        tree: FileTree,
        packages: Packages,
        entry: Entry,
        folder: str,
        limits: Limits | None = None,
        *,
        version: ExpressVersion | None = None,
    ) -> None:
        self._tree = tree
        self._folder = folder
        self._packages = packages
        self._resolver = Resolver(tree, packages)
        self.entry = entry
        self.machine = machine = Machine(self._load, limits, express=version or express_version(packages, folder))
        machine.exports_of = self._exports_of
        machine.defines_fields = self._defines_fields
        machine.install(EVALUATORS, EXECUTORS)
        machine.helpers = {**compiler_helpers(machine), "__commonJS": commonjs_wrapper(machine, self._package)}
        install_globals(machine)
        self._node = NodeApi(machine, tree, folder, entry.path, is_compiled=entry.is_compiled)
        machine.globals.names["process"] = self._node.process()
        machine.globals.names["URL"] = url_class()
        self._express = express_module(machine)
        self.modules: dict[str, Module] = {}
        self.is_library = False
        self._links = ModuleLinks(machine, self._resolver, packages, self.modules, self._load)
        self._helper_package = ObjectValue(dict(machine.helpers))
        self._helper_package.is_open = True

    def run(self) -> None:
        """Evaluate the program from its entry."""
        location = Location(self.entry.path, 1)
        if crash := unreadable_package(self._tree, self.entry, self._folder):
            self.machine.crashes(*crash)
        self.machine.run_guarded(lambda: self.module(self.entry.path, is_needed=True), location)
        self.machine.run_guarded(self.machine.callbacks.run, location)
        self._links.check()

    def run_exports(self) -> None:
        """Call what the entry exports, as whoever imports it would."""
        module = self.modules.get(self.entry.path)
        if module is None:
            return
        location = Location(self.entry.path, 1)
        self.is_library = True
        # Whoever imports it may call something else.
        self.machine.unsure += 1
        for value in list(self._exported(module.value)):
            self.machine.run_guarded(partial(self._used, value, module.file.root), location)
        self.machine.run_guarded(self.machine.callbacks.run, location)

    def module(self, path: str, *, is_needed: bool = False) -> Value:
        """Evaluate a module, unless that was done, and return what importing it gives.

        Args:
            path: of its file.
            is_needed: whether the program ends where it cannot be loaded.
        """
        known = self.modules.get(path)
        if known is not None:
            return known.value
        content = self._tree.read(path)
        if content is None:
            self.machine.problem_at(Location(path, 0), "the file cannot be read")
            return Opaque(path, unresolved="a file that cannot be read")
        if path.endswith(".json"):
            if is_needed and (problem := json_problem(self._tree, path)):
                reason = f"{path} is no valid JSON, {problem[1]}: the process ends while it loads"
                self.machine.crashes(Location(path, problem[0]), reason)
            return self._json(path, content)
        file = parse(path, content)
        if is_needed and (broken := broken_at(file)):
            self.machine.crashes(*broken)
        for line in file.error_lines[:3]:
            self.machine.problem_at(Location(path, line), "the syntax cannot be followed here")
        module = Module(path, file, Scope(self.machine.globals, is_function=True))
        self.modules[path] = module
        self._evaluate(module)
        return module.value

    def is_whole(self) -> bool:
        """Return whether this is the service: it is started or listens, starts nothing else, and all is known of it."""
        machine = self.machine
        starts = self.entry.told_by in _STARTED or any(router.is_served for router in machine.routers)
        hides = any(problem.hides for problem in machine.problems.values())
        return starts and not hides and not any(starts_others(module.file.content) for module in self.modules.values())

    def _defines_fields(self, path: str) -> bool | None:
        if path.endswith((".js", ".mjs", ".cjs", ".jsx")):
            return True
        settings = self._packages.settings(path)
        return settings.defines_fields if settings is not None else None

    def _json(self, path: str, content: bytes) -> Value:
        try:
            return from_json(json.loads(content.decode("utf-8-sig", "replace")))
        except (ValueError, RecursionError):
            self.machine.problem_at(Location(path, 1), "the file is no valid JSON", hides=False)
            return Opaque(path)

    def _evaluate(self, module: Module) -> None:
        machine, names = self.machine, module.scope.names
        names |= {
            "module": module.holder,
            "exports": module.exports,
            "this": module.exports,
            "require": self._require(module),
            "__filename": f"/{module.path}",
            "__dirname": f"/{dirname(module.path)}",
        }
        statements = module.file.root.kids
        module.is_esm = any(statement.type in {"import_statement", "export_statement"} for statement in statements)
        if module.is_esm:
            module.exports.props["__esModule"] = True
        hoist(machine, statements, module.scope)
        for statement in statements:
            if statement.type == "export_statement":
                self._links.announce_export(module, statement)
        # A module is loaded whatever its importer was about to do.
        conditions, machine.conditions = machine.conditions, []
        tries, machine.tries = machine.tries, 0
        machine.unsure += bool(conditions or tries)
        try:
            for statement in statements:
                if statement.type == "import_statement":
                    self._links.run_import(module, statement)
                elif statement.type == "export_statement" and statement.get("source") is not None:
                    self._links.run_export_from(module, statement)
            for statement in statements:
                if statement.type == "export_statement":
                    self._links.run_export(module, statement)
                elif not (bits := machine.execute(statement, module.scope)) & NORMAL:
                    if bits == THROW:
                        machine.end.in_module(statement)
                    break
            else:
                module.is_whole = True
        except ThrownError:
            if not conditions and not tries:
                machine.problem_at(Location(module.path, 1), "the module seems to throw while it loads")
        finally:
            machine.unsure -= bool(conditions or tries)
            machine.conditions, machine.tries = conditions, tries

    # -- loading

    def _exports_of(self, importer: str, specifier: str) -> tuple[str, Value] | None:
        module = self.modules.get(self._resolver.resolve(importer, specifier).name)
        doubts = {problem.location.file for problem in self.machine.problems.values() if problem.hides}
        if module is None or not module.is_whole or module.is_esm or module.path in doubts:
            return None
        return module.path, self.machine.read(module.value)

    def _load(
        self, importer: str, specifier: str, node: Node, *, required: bool = False, is_needed: bool = False
    ) -> Value:
        clean = specifier.removeprefix("file://")
        found = self._resolver.resolve(importer, clean)
        if found.kind is Kind.FILE:
            is_json = found.name.endswith(".json")
            # A compiler writes what it makes of a file that is imported; what is required is read as it is.
            return self.module(found.name, is_needed=required or (is_needed and not is_json))
        if found.kind is Kind.BUILTIN:
            return self._node.module(found.name)
        if found.kind is Kind.PACKAGE:
            if required or is_needed:
                self._check_package(importer, clean, found.name, node)
            return self._package(found.name, clean)
        if required and self.machine.tries:
            raise ThrownError
        if not _NO_CODE.search(specifier):
            self.machine.problem(node, f"the module {specifier} cannot be found")
        missing = surely_missing(self._tree, importer, clean) if required or is_needed else ""
        if missing and not self._is_patched(importer):
            self.machine.crashes(node, f"{missing}: the process ends while it loads")
        return Opaque(specifier, unresolved=f"the module {specifier} cannot be found")

    def _is_patched(self, importer: str) -> bool:
        package = self._packages.around(importer)
        scripts = [str(script) for script in package.mapping("scripts").values()] if package else []
        return is_loading_patched((module.file.content for module in self.modules.values()), scripts)

    def _check_package(self, importer: str, specifier: str, name: str, node: Node) -> None:
        absence = absence_of_package(self._packages, importer, specifier, name) if not self.machine.tries else None
        if absence is not None:
            reason, is_sure = absence
            self.machine.problem(node, reason, hides=False)
            if is_sure and not self._is_patched(importer):
                self.machine.crashes(node, f"{reason}: the process ends while it loads")

    def _package(self, name: str, specifier: str) -> Value:
        if name in _ROUTER_PACKAGES:
            router = self._express.props["Router"]
            made = NativeFunction(name, router.call)
            made.props |= {"Router": router, "default": made, "AsyncRouter": router}
            return made
        if name in _EXPRESS_PACKAGES:
            return self._express
        if self._node.has(name):
            return self._node.module(name)
        if name in HELPER_PACKAGES:
            if name == "tslib":
                return self._helper_package
            helper = "_" + specifier.rpartition("/")[2].removesuffix(".js")
            return self.machine.helpers.get(helper, Opaque(specifier, package=name))
        return Opaque(specifier, package=name)

    def _require(self, module: Module) -> NativeFunction:
        def load(this: Value, arguments: list[Value], node: Node) -> Value:
            wanted = as_text(arguments[0]) if arguments else UNDEFINED
            options = [(c, option) for c, option in alternatives(wanted) if isinstance(option, str)]
            if not options:
                reason = f"which module `{excerpt(node)}` loads is not known"
                self.machine.problem(node, reason)
                return Opaque(node.text[:60], unresolved="a module that is not known")
            loaded = either(*((c, self._load(module.path, option, node, required=True)) for c, option in options))
            self._tell_default(arguments[0], wanted, loaded, node)
            return loaded

        made = NativeFunction("require", load)
        main = self.modules.get(self.entry.path)
        made.props |= {
            "main": (main or module).holder,
            "resolve": NativeFunction(
                "require.resolve", lambda this, arguments, node: arguments[0] if arguments else UNDEFINED
            ),
            "cache": ObjectValue(),
        }
        return made

    def _tell_default(self, given: Value, wanted: Value, loaded: Value, node: Node) -> None:
        """Note that another module may be loaded than the one that a default names.

        What the one gives that is read, the other gives too: settings are settings, and routes are other routes.
        """
        texts = [text for value in (given, wanted) for _, text in alternatives(value)]
        if any(isinstance(text, DefaultText) or not isinstance(text, str) for text in texts):
            reason = f"`{excerpt(node)}` may load another module than by default"
            self.machine.problem(node, reason, hides=may_act(loaded))

    # -- a program that is a library

    def _exported(self, value: Value) -> Iterator[Value]:
        if isinstance(value, FunctionValue):
            yield value
        elif isinstance(value, ObjectValue):
            for name, member in list(value.props.items()):
                if name not in {"__esModule", "prototype"}:
                    yield self.machine.got(member, value, self.modules[self.entry.path].file.root)

    def _used(self, value: Value, node: Node) -> Value:
        if isinstance(value, Either):
            return UNDEFINED
        if isinstance(value, FunctionValue) and value.is_class:
            instance = self.machine.construct(value, [Opaque("an argument")] * 4, node)
            for name in ("start", "listen", "run", "init", "initialize", "setup", "bootstrap", "configure", "build"):
                method = instance.find(name) if isinstance(instance, ObjectValue) else None
                if isinstance(method, FunctionValue):
                    bound = FunctionValue(method.node, method.scope, method.name, method.home)
                    bound.bound = (instance, [])
                    self.machine.callbacks.remember(bound, node)
        elif isinstance(value, FunctionValue):
            self.machine.callbacks.remember(value, node)
        return UNDEFINED
