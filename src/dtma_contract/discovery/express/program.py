"""A program as its modules: each is evaluated once, when it is first imported, as Node would load it."""

from __future__ import annotations

import gc
import json
import re
import threading
from collections.abc import Callable, Iterator
from posixpath import dirname

from dtma_contract.discovery.express.bundles import commonjs_wrapper
from dtma_contract.discovery.express.compiler_helpers import HELPER_PACKAGES, compiler_helpers, copy_exports
from dtma_contract.discovery.express.declarations import declare_all, hoist
from dtma_contract.discovery.express.entry import Entry
from dtma_contract.discovery.express.express_api import NO_EXPORT, express_module
from dtma_contract.discovery.express.expressions import EVALUATORS
from dtma_contract.discovery.express.language_globals import from_json, install_globals
from dtma_contract.discovery.express.machine import Limits, Machine, ThrownError
from dtma_contract.discovery.express.missing_files import surely_missing
from dtma_contract.discovery.express.node_api import NodeApi, url_class
from dtma_contract.discovery.express.operators import as_text
from dtma_contract.discovery.express.packages import Packages, express_major
from dtma_contract.discovery.express.registrations import RouterValue
from dtma_contract.discovery.express.resolution import Kind, Resolver
from dtma_contract.discovery.express.statements import EXECUTORS
from dtma_contract.discovery.express.syntax import Node, SourceFile, parse
from dtma_contract.discovery.express.values import (
    UNDEFINED,
    Accessor,
    ArrayValue,
    DefaultText,
    Either,
    FunctionValue,
    Link,
    NativeFunction,
    ObjectValue,
    Opaque,
    Scope,
    Value,
    alternatives,
    either,
)
from dtma_contract.discovery.file_tree import FileTree
from dtma_contract.routes import Location

__all__ = ["Module", "Program", "deeply"]

# A program nests its calls, and each of its calls is a dozen of ours.
_RECURSION_LIMIT = 60_000
_STACK_BYTES = 512 * 1024 * 1024

_EXPRESS_PACKAGES = {
    "express",
    "express-promise-router",
    "express-async-router",
    "router",
    "ultimate-express",
    "@feathersjs/express",
}
_ROUTER_PACKAGES = {"express-promise-router", "router", "express-async-router"}
_TYPE_DECLARATIONS = {"interface_declaration", "type_alias_declaration", "ambient_declaration"}
# What is imported for its effect on a page or a bundle, and registers nothing.
_NO_CODE = re.compile(
    r"\.(?:css|scss|less|svg|png|jpe?g|gif|html?|graphql|gql|txt|md|sql|node|wasm|ya?ml|ejs|hbs|pug|vue|proto)$"
)


class Module:
    """One file of the program.

    Attributes:
        path: its path in the tree.
        file: its syntax.
        exports: what it exports; a module of CommonJS may replace it.
        holder: the object ``module``.
        is_esm: whether it has imports or exports of ECMAScript.
        types: names that it exports as types only.
        stars: modules of which it re-exports everything.
        is_whole: whether all of it was evaluated.
    """

    __slots__ = ("exports", "file", "holder", "is_esm", "is_whole", "path", "scope", "stars", "types")

    def __init__(self, path: str, file: SourceFile, scope: Scope) -> None:
        self.path = path
        self.file = file
        self.scope = scope
        self.exports = ObjectValue(tag="module")
        self.holder = ObjectValue({"exports": self.exports, "id": path, "filename": f"/{path}", "children": UNDEFINED})
        self.is_esm = False
        self.types: set[str] = set()
        self.stars: list[Module] = []
        self.is_whole = False

    @property
    def value(self) -> Value:
        """What importing it gives."""
        return self.holder.props["exports"]


class Program:
    """A program under evaluation.

    Args:
        tree: its files.
        packages: the packages among them.
        entry: where it begins.
        folder: the folder that its process is started in.
        limits: what the evaluation may cost.

    Attributes:
        machine: the evaluation.
        modules: the modules that were loaded, by path.
    """

    def __init__(
        self, tree: FileTree, packages: Packages, entry: Entry, folder: str, limits: Limits | None = None
    ) -> None:
        self._tree = tree
        self._packages = packages
        self._resolver = Resolver(tree, packages)
        self.entry = entry
        self.machine = machine = Machine(self._load, limits, express_major=express_major(packages, folder))
        machine.exports_of = self._exports_of
        machine.install(EVALUATORS, EXECUTORS)
        machine.helpers = {**compiler_helpers(machine), "__commonJS": commonjs_wrapper(machine, self._package)}
        install_globals(machine)
        self._node = NodeApi(machine, tree, folder, is_compiled=entry.is_compiled)
        machine.globals.names["process"] = self._node.process()
        machine.globals.names["URL"] = url_class()
        self._express = express_module(machine)
        self.modules: dict[str, Module] = {}
        self._imports: list[tuple[Module, Module, str, str, Node]] = []
        self._helper_package = ObjectValue(dict(machine.helpers))
        self._helper_package.is_open = True

    def run(self) -> None:
        """Evaluate the program from its entry."""
        location = Location(self.entry.path, 1)
        self.machine.run_guarded(lambda: self.module(self.entry.path), location)
        self.machine.run_guarded(self.machine.run_deferred, location)
        self._check_exports()

    def run_exports(self) -> None:
        """Call what the entry exports, as whoever imports it would."""
        module = self.modules.get(self.entry.path)
        if module is None:
            return
        location = Location(self.entry.path, 1)
        # Whoever imports it may call something else.
        self.machine.unsure += 1
        for value in list(self._exported(module.value)):
            node = module.file.root
            self.machine.run_guarded(lambda value=value: self._used(value, node), location)
        self.machine.run_guarded(self.machine.run_deferred, location)

    def module(self, path: str) -> Value:
        """Evaluate a module, unless that was done, and return what importing it gives."""
        known = self.modules.get(path)
        if known is not None:
            return known.value
        content = self._tree.read(path)
        if content is None:
            self.machine.problem_at(Location(path, 0), "the file cannot be read")
            return Opaque(path, unresolved="a file that cannot be read")
        if path.endswith(".json"):
            return self._json(path, content)
        file = parse(path, content)
        for line in file.error_lines[:3]:
            self.machine.problem_at(Location(path, line), "the syntax cannot be followed here")
        module = Module(path, file, Scope(self.machine.globals, is_function=True))
        self.modules[path] = module
        self._evaluate(module)
        return module.value

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
                self._declare_export(module, statement)
        # A module is loaded whatever its importer was about to do.
        conditions, machine.conditions = machine.conditions, []
        tries, machine.tries = machine.tries, 0
        machine.unsure += bool(conditions or tries)
        try:
            for statement in statements:
                if statement.type == "import_statement":
                    self._import(module, statement)
                elif statement.type == "export_statement" and statement.get("source") is not None:
                    self._export_from(module, statement)
            for statement in statements:
                if statement.type == "export_statement":
                    self._export(module, statement)
                elif not machine.execute(statement, module.scope) & 1:
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
            return self.module(found.name)
        if found.kind is Kind.BUILTIN:
            return self._node.module(found.name)
        if found.kind is Kind.PACKAGE:
            return self._package(found.name, clean)
        if required and self.machine.tries:
            raise ThrownError
        if not _NO_CODE.search(specifier):
            self.machine.problem(node, f"the module {specifier} cannot be found")
        if (required or is_needed) and surely_missing(self._tree, importer, clean):
            self.machine.crashes(node, f"there is no {specifier}: the process ends while it loads")
        return Opaque(specifier, unresolved=f"the module {specifier} cannot be found")

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
                reason = f"which module `{' '.join(node.text[:80].split())}` loads is not known"
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
            reason = f"`{' '.join(node.text[:80].split())}` may load another module than by default"
            self.machine.problem(node, reason, hides=_may_act(loaded))

    # -- imports and exports

    def _import(self, module: Module, statement: Node) -> None:
        if "type" in statement.marks or "typeof" in statement.marks:
            return
        clause = next((kid for kid in statement.kids if kid.type == "import_clause"), None)
        required = next((kid for kid in statement.kids if kid.type == "import_require_clause"), None)
        source = (required or statement).get("source")
        if source is None:
            return
        specifier = self.machine.evaluate(source, module.scope)
        specifiers = self._specifiers(clause)
        if clause is not None and specifiers and all(kind == "type" for kind, _, _ in specifiers):
            return
        # An import that is used as a type alone is left out of the output.
        is_needed = not specifiers or any(self._is_used(module, name, statement) for _, name, _ in specifiers)
        imported = self._load(module.path, str(specifier), statement, is_needed=is_needed)
        names = module.scope.names
        if required is not None and required.kids:
            names[required.kids[0].text] = imported
        found = self._resolver.resolve(module.path, str(specifier))
        origin = self.modules.get(found.name) if found.kind is Kind.FILE else None
        for kind, name, local in specifiers:
            if kind == "namespace":
                names[local] = imported
            elif kind in {"named", "default"}:
                names[local] = self._binding(imported, origin, name, str(specifier), statement)
                if origin is not None and not self.machine.unsure:
                    self._imports.append((module, origin, name, str(specifier), statement))

    def _specifiers(self, clause: Node | None) -> list[tuple[str, str, str]]:
        found: list[tuple[str, str, str]] = []
        for kid in clause.kids if clause is not None else []:
            if kid.type == "identifier":
                found.append(("default", "default", kid.text))
            elif kid.type == "namespace_import" and kid.kids:
                found.append(("namespace", "*", kid.kids[0].text))
            elif kid.type == "named_imports":
                for specifier in kid.kids:
                    name, alias = specifier.get("name"), specifier.get("alias")
                    if name is not None:
                        kind = "type" if "type" in specifier.marks else "named"
                        found.append((kind, _module_name(name), (alias or name).text))
        return found

    def _binding(self, imported: Value, origin: Module | None, name: str, specifier: str, node: Node) -> Link:
        def read() -> Value:
            value = origin.value if origin is not None else imported
            if isinstance(value, ObjectValue) and name in value.props:
                return self.machine.got(value.props[name], value, node)
            starred = _starred(origin, name)
            if starred is not None:
                return self.machine.got(starred.exports.props[name], starred.exports, node)
            if name == "default":
                # A module of CommonJS is its own default.
                return value if origin is None or not origin.is_esm else self._absent(value, origin, name, specifier)
            if (
                isinstance(value, ObjectValue)
                and origin is not None
                and value.find(name) is None
                and not value.may_have_more
            ):
                return self._absent(value, origin, name, specifier)
            return self.machine.member(value, name, node)

        return Link(read)

    def _absent(self, value: Value, origin: Module, name: str, specifier: str) -> Value:
        if isinstance(value, ObjectValue) and value.may_have_more:
            return Opaque(name)
        return Opaque(name, unresolved=f"{NO_EXPORT} as `{name}` in {origin.path}")

    def _check_exports(self) -> None:
        """Note an import that ends the process: a name that a module of ECMAScript does not export (ECMA-262, 16.2.1.6)."""
        for module, origin, name, specifier, node in self._imports:
            value = origin.value
            if not origin.is_esm or value is not origin.exports or not self._runs_as_esm(module.path):
                continue
            known = any(
                name in part.exports.props or name in part.types or part.exports.is_open for part in _with_stars(origin)
            )
            if not known and self._is_used(module, name, node):
                reason = f"`{name}` is imported from {specifier}, which exports no such name: the process ends while it loads"
                self.machine.crashes(node, reason)

    def _runs_as_esm(self, path: str) -> bool:
        if path.endswith((".mjs", ".mts")):
            return True
        package = self._packages.around(path)
        return package is not None and package.text("type") == "module" and not path.endswith((".cjs", ".cts"))

    def _is_used(self, module: Module, name: str, node: Node) -> bool:
        """Return whether a name is used as a value; an import that is used as a type alone is left out of the output."""
        if not module.path.endswith((".ts", ".tsx", ".mts")):
            return True
        local = next((local for _, known, local in self._specifiers_of(node) if known == name), name)
        text = module.file.content.decode("utf-8", "replace")
        return bool(re.search(rf"(?<![:\w.<|&])\s*\b{re.escape(local)}\b\s*[.(,;)\]]", text))

    def _specifiers_of(self, node: Node) -> list[tuple[str, str, str]]:
        return self._specifiers(next((kid for kid in node.kids if kid.type == "import_clause"), None))

    def _declare_export(self, module: Module, statement: Node) -> None:
        """Announce what a statement exports, before anything runs, so that modules may import each other."""
        exports, names = module.exports.props, module.scope.names
        declaration = statement.get("declaration")
        if declaration is not None and "default" not in statement.marks:
            if declaration.type in _TYPE_DECLARATIONS:
                module.types |= set(declare_all(declaration))
                return
            for name in declare_all(declaration):
                exports[name] = Link(lambda name=name: names.get(name, UNDEFINED))
        elif "default" in statement.marks:
            if declaration is not None and declaration.type in _TYPE_DECLARATIONS:
                return
            name_node = declaration.get("name") if declaration is not None else None
            local = name_node.text if name_node is not None else "%default"
            exports["default"] = Link(lambda: names.get(local, UNDEFINED))
        elif statement.get("source") is None:
            clause = next((kid for kid in statement.kids if kid.type == "export_clause"), None)
            for specifier in clause.kids if clause is not None else []:
                name_node, alias = specifier.get("name"), specifier.get("alias")
                if name_node is None:
                    continue
                if "type" in statement.marks or "type" in specifier.marks:
                    module.types.add((alias or name_node).text)
                    continue
                local, exported = name_node.text, _module_name(alias or name_node)
                exports[exported] = Link(lambda local=local: self.machine.read(names.get(local, UNDEFINED)))

    def _export_from(self, module: Module, statement: Node) -> None:
        if "type" in statement.marks:
            return
        source = statement.get("source")
        assert source is not None
        specifier = str(self.machine.evaluate(source, module.scope))
        imported = self._load(module.path, specifier, statement, is_needed=True)
        found = self._resolver.resolve(module.path, specifier)
        origin = self.modules.get(found.name) if found.kind is Kind.FILE else None
        clause = next((kid for kid in statement.kids if kid.type == "export_clause"), None)
        space = next((kid for kid in statement.kids if kid.type == "namespace_export"), None)
        if space is not None and space.kids:
            module.exports.props[space.kids[0].text] = imported
        elif clause is None:
            copy_exports(imported, module.exports)
            if origin is not None:
                module.stars.append(origin)
        for specifier_node in clause.kids if clause is not None else []:
            name_node, alias = specifier_node.get("name"), specifier_node.get("alias")
            if name_node is None or "type" in specifier_node.marks:
                continue
            binding = self._binding(imported, origin, _module_name(name_node), specifier, statement)
            module.exports.props[_module_name(alias or name_node)] = binding

    def _export(self, module: Module, statement: Node) -> None:
        machine, scope = self.machine, module.scope
        if statement.get("source") is not None:
            return
        declaration, value = statement.get("declaration"), statement.get("value")
        if declaration is not None:
            decorators = [kid for kid in statement.kids if kid.type == "decorator"]
            machine.execute(declaration, scope)
            if "default" in statement.marks and declaration.get("name") is None:
                scope.names["%default"] = machine.evaluate(declaration, scope)
            if decorators:
                self._decorate(module, declaration, decorators)
        elif value is not None:
            scope.names["%default"] = machine.evaluate(value, scope)
        elif "=" in statement.marks and statement.kids:
            # `export = value` of TypeScript.
            module.holder.props["exports"] = machine.evaluate(statement.kids[-1], scope)

    def _decorate(self, module: Module, declaration: Node, decorators: list[Node]) -> None:
        name = declaration.get("name")
        value = module.scope.names.get(name.text) if name is not None else None
        for node in reversed(decorators):
            decorator = self.machine.evaluate(node.kids[0], module.scope)
            if not isinstance(decorator, Opaque) and value is not None:
                self.machine.call(decorator, UNDEFINED, [value], node)

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
                    self.machine.speculate(bound, node)
        elif isinstance(value, FunctionValue):
            self.machine.speculate(value, node)
        return UNDEFINED


def _may_act(value: Value, depth: int = 3) -> bool:
    """Return whether a value holds anything that can be called, or that is not known."""
    if isinstance(value, Either):
        return any(_may_act(option, depth) for _, option in value.options)
    if isinstance(value, Opaque):
        # What the environment says is a setting too.
        return bool(value.package or value.unresolved)
    if isinstance(value, FunctionValue | NativeFunction | RouterValue | Link | Accessor):
        return True
    if isinstance(value, ArrayValue):
        return value.is_open or any(_may_act(item, depth - 1) for item in value.items)
    if isinstance(value, ObjectValue) and depth:
        return any(_may_act(member, depth - 1) for member in value.props.values())
    return False


def _with_stars(module: Module) -> list[Module]:
    """Return a module and all those of which it re-exports everything."""
    found = [module]
    for known in found:
        found += [star for star in known.stars if star not in found]
    return found


def _starred(module: Module | None, name: str) -> Module | None:
    """Return the module that exports a name for another one that re-exports everything of it."""
    if module is None or name == "default":
        return None
    return next((part for part in _with_stars(module) if name in part.exports.props), None)


def _module_name(node: Node) -> str:
    return node.text.strip("'\"") if node.type == "string" else node.text


def deeply(run: Callable[[], None]) -> None:
    """Run something that nests deep, in a thread with a stack to match.

    Raises:
        BaseException: whatever it raises.
    """
    import sys  # noqa: PLC0415 - the limit is set and put back here alone

    failures: list[BaseException] = []

    def guarded() -> None:
        try:
            run()
        except BaseException as failure:  # noqa: BLE001 - handed to the caller's thread
            failures.append(failure)

    before, limit = threading.stack_size(_STACK_BYTES), sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, _RECURSION_LIMIT))
    # Syntax and values live until the end; looking for garbage among them takes more time than all the rest.
    collects = gc.isenabled()
    gc.disable()
    try:
        thread = threading.Thread(target=guarded, name="evaluation")
        thread.start()
        thread.join()
    finally:
        if collects:
            gc.enable()
        threading.stack_size(before)
        sys.setrecursionlimit(limit)
    if failures:
        raise failures[0]
