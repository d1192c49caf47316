"""Imports and exports of ECMAScript: what they bind, and which of them end the process."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from dtma_contract.discovery.express.compiler_helpers import copy_exports
from dtma_contract.discovery.express.declarations import declare_all
from dtma_contract.discovery.express.machine import Machine
from dtma_contract.discovery.express.modules import Module
from dtma_contract.discovery.express.packages import Packages
from dtma_contract.discovery.express.resolution import Kind, Resolver
from dtma_contract.discovery.express.syntax import Node
from dtma_contract.discovery.express.values import UNDEFINED, Link, ObjectValue, Opaque, Value

__all__ = ["ModuleLinks"]

_TYPE_DECLARATIONS = {"interface_declaration", "type_alias_declaration", "ambient_declaration"}

# What stands before a name that is a type.
_IN_TYPE = re.compile(r"(?:[:<|&]|\b(?:as|is|keyof|implements|satisfies|type))\s*$")
_NEAR = 20

_Load = Callable[..., Value]


class ModuleLinks:
    """The imports and exports of a program.

    Args:
        machine: the evaluation.
        resolver: finds what a specifier means.
        packages: the packages of the tree.
        modules: the modules that were loaded, by path; it grows.
        load: evaluates the module that a specifier means in a file, and returns its exports.
    """

    def __init__(
        self, machine: Machine, resolver: Resolver, packages: Packages, modules: dict[str, Module], load: _Load
    ) -> None:
        self._machine = machine
        self._resolver = resolver
        self._packages = packages
        self._modules = modules
        self._load = load
        self._imports: list[tuple[Module, Module, str, str, Node]] = []

    def run_import(self, module: Module, statement: Node) -> None:
        """Load what an import names, and bind its names."""
        if "type" in statement.marks or "typeof" in statement.marks:
            return
        clause = next((kid for kid in statement.kids if kid.type == "import_clause"), None)
        required = next((kid for kid in statement.kids if kid.type == "import_require_clause"), None)
        source = (required or statement).get("source")
        if source is None:
            return
        specifier = self._machine.evaluate(source, module.scope)
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
        origin = self._modules.get(found.name) if found.kind is Kind.FILE else None
        for kind, name, local in specifiers:
            if kind == "namespace":
                names[local] = imported
            elif kind in {"named", "default"}:
                names[local] = self._binding(imported, origin, name, str(specifier), statement)
                if origin is not None and not self._machine.unsure:
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
                return self._machine.got(value.props[name], value, node)
            starred = _starred(origin, name)
            if starred is not None:
                return self._machine.got(starred.exports.props[name], starred.exports, node)
            if name == "default":
                # A module of CommonJS is its own default.
                is_esm = origin is not None and origin.is_esm
                return self._absent(value, origin, name, specifier, node) if is_esm else value
            if (
                isinstance(value, ObjectValue)
                and origin is not None
                and value.find(name) is None
                and not value.may_have_more
            ):
                return self._absent(value, origin, name, specifier, node)
            return self._machine.member(value, name, node)

        return Link(read)

    def _absent(self, value: Value, origin: Module | None, name: str, specifier: str, node: Node) -> Value:
        if isinstance(value, ObjectValue) and value.may_have_more:
            return Opaque(name)
        if origin is not None and _is_misread(origin):
            return Opaque(name, unresolved=f"the syntax of {origin.path} cannot be followed")
        place = self._machine.location(_specifier_of(node, name))
        return Opaque(name, unresolved=_no_export(name, specifier), missing_at=place)

    def check(self) -> None:
        """Note an import of a name that a module of ECMAScript does not export: it ends the process.

        ECMA-262, section 16.2.1.6.
        """
        for module, origin, name, specifier, node in self._imports:
            value = origin.value
            if not origin.is_esm or value is not origin.exports or not self._runs_as_esm(module.path):
                continue
            known = any(
                name in part.exports.props or name in part.types or part.exports.is_open for part in _with_stars(origin)
            )
            if not known and not _is_misread(origin) and self._is_used(module, name, node):
                what = f"{_no_export(name, specifier)}: the process ends while it loads"
                self._machine.crashes(_specifier_of(node, name), what)

    def _runs_as_esm(self, path: str) -> bool:
        if path.endswith((".mjs", ".mts")):
            return True
        package = self._packages.around(path)
        return package is not None and package.text("type") == "module" and not path.endswith((".cjs", ".cts"))

    def _is_used(self, module: Module, name: str, node: Node) -> bool:
        """Return whether a name is used as a value; an import used as a type alone is left out of the output."""
        if not module.path.endswith((".ts", ".tsx", ".mts")):
            return True
        local = next((local for _, known, local in self._specifiers_of(node) if known == name), name)
        text = module.file.content.decode("utf-8", "replace")
        found = re.finditer(rf"(?<![\w$.]){re.escape(local)}\b\s*[.(,;)\]]", text)
        return any(not _IN_TYPE.search(text, max(0, use.start() - _NEAR), use.start()) for use in found)

    def _specifiers_of(self, node: Node) -> list[tuple[str, str, str]]:
        return self._specifiers(next((kid for kid in node.kids if kid.type == "import_clause"), None))

    def announce_export(self, module: Module, statement: Node) -> None:
        """Announce what a statement exports, before anything runs, so that modules may import each other."""
        exports, names = module.exports.props, module.scope.names
        declaration = statement.get("declaration")
        if declaration is not None and "default" not in statement.marks:
            if declaration.type in _TYPE_DECLARATIONS:
                module.types |= set(declare_all(declaration))
                return
            for name in declare_all(declaration):
                exports[name] = Link(partial(names.get, name, UNDEFINED))
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
                exports[exported] = self._local(names, local)

    def _local(self, names: dict[str, Value], name: str) -> Link:
        return Link(lambda: self._machine.read(names.get(name, UNDEFINED)))

    def run_export_from(self, module: Module, statement: Node) -> None:
        """Load another module, and export what it exports."""
        if "type" in statement.marks:
            return
        source = statement.get("source")
        assert source is not None
        specifier = str(self._machine.evaluate(source, module.scope))
        imported = self._load(module.path, specifier, statement, is_needed=True)
        found = self._resolver.resolve(module.path, specifier)
        origin = self._modules.get(found.name) if found.kind is Kind.FILE else None
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

    def run_export(self, module: Module, statement: Node) -> None:
        """Evaluate what an export declares."""
        machine, scope = self._machine, module.scope
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
            decorator = self._machine.evaluate(node.kids[0], module.scope)
            if not isinstance(decorator, Opaque) and value is not None:
                self._machine.call(decorator, UNDEFINED, [value], node)


def _no_export(name: str, specifier: str) -> str:
    return f"`{name}` is imported from {specifier}, which exports no such name"


def _specifier_of(statement: Node, name: str) -> Node:
    """Return where in an import or export a name of another module stands, else the statement."""
    for clause in statement.kids:
        for named in [clause, *clause.kids]:
            for specifier in named.kids if named.type in {"named_imports", "export_clause"} else ():
                known = specifier.get("name")
                if known is not None and _module_name(known) == name:
                    return specifier
    return statement


def _is_misread(module: Module) -> bool:
    """Return whether the grammar could not follow all of a module, so that it may export what was not seen."""
    return any(part.file.error_lines for part in _with_stars(module))


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
