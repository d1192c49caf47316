"""JavaScript and TypeScript files as the callers' syntax, read by tree-sitter."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache

import tree_sitter_typescript
from tree_sitter import Language, Node, Parser

from dtma_contract.discovery.consumer import syntax as s
from dtma_contract.discovery.consumer.javascript_expressions import (
    EXPRESSIONS,
    TRANSPARENT,
    read_bodies_with,
    read_class,
    read_expression,
    read_expression_or_none,
    read_function,
    read_pattern,
)
from dtma_contract.discovery.consumer.javascript_nodes import (
    annotation_of,
    field_of,
    key_text,
    line_of,
    named_of,
    string_of,
    text_of,
)

__all__ = ["read_javascript"]

_SCRIPTS = re.compile(rb"<script\b[^>]*>(.*?)</script>", re.DOTALL)


def read_javascript(path: str, content: bytes) -> s.Program:
    """Return a file as the callers' syntax; what does not parse is left out, the rest is read.

    The tsx grammar reads JavaScript too. TypeScript's casts in angle brackets need the other one, so a file is read
    with the one that fits its name, and with the other where the first one fails.

    Args:
        path: its name decides on the grammar; of ``.vue`` and ``.svelte`` files the scripts are read.
        content: the file.
    """
    if path.endswith((".vue", ".svelte")):
        content = _scripts_only(content)
    names = (
        ("typescript", "tsx") if path.endswith((".ts", ".mts", ".cts", ".vue", ".svelte")) else ("tsx", "typescript")
    )
    root = _parser(names[0]).parse(content).root_node
    if root.has_error:
        other = _parser(names[1]).parse(content).root_node
        root = other if len(_errors(other)) < len(_errors(root)) else root
    return s.Program(_statements(root), python=False, errors=_errors(root) if root.has_error else ())


@cache
def _parser(name: str) -> Parser:
    grammar = tree_sitter_typescript.language_tsx() if name == "tsx" else tree_sitter_typescript.language_typescript()
    return Parser(Language(grammar))


def _scripts_only(content: bytes) -> bytes:
    kept = bytearray(re.sub(rb"[^\n]", b" ", content))
    for match in _SCRIPTS.finditer(content):
        kept[match.start(1) : match.end(1)] = match[1]
    return bytes(kept)


def _errors(root: Node) -> tuple[int, ...]:
    """Return the lines of the errors, outermost nodes only."""
    found: list[int] = []
    rest = [root]
    while rest:
        node = rest.pop()
        if node.type == "ERROR" or node.is_missing:
            found.append(node.start_point[0] + 1)
        elif node.has_error:
            rest.extend(node.children)
    return tuple(sorted(set(found)))


# --- statements


def _statements(node: Node | None) -> tuple[s.Statement, ...]:
    return tuple(one for child in (named_of(node) if node else ()) for one in _statement(child))


def _body(node: Node | None) -> tuple[s.Statement, ...]:
    """Return the statements of a block, or the one statement that stands in a block's place."""
    if node is None:
        return ()
    return _statements(node) if node.type == "statement_block" else tuple(_statement(node))


def _statement(node: Node) -> Iterator[s.Statement]:
    reader = _STATEMENTS.get(node.type)
    if reader is not None:
        yield from reader(node)
    elif node.type in EXPRESSIONS or node.type in TRANSPARENT:
        yield s.Evaluate(read_expression(node))
    elif node.type == "ERROR":
        # What the parser could not fit together is still read piece by piece.
        yield from _statements(node)


def _evaluate(node: Node) -> Iterator[s.Statement]:
    for child in named_of(node):
        yield from _statement(child) if child.type == "internal_module" else (s.Evaluate(read_expression(child)),)


def _declarations(node: Node) -> Iterator[s.Statement]:
    for child in named_of(node):
        if child.type == "variable_declarator":
            value = field_of(child, "value")
            yield s.Declare(
                read_pattern(field_of(child, "name")),
                read_expression(value) if value else None,
                annotation_of(field_of(child, "type")),
                whole_function=node.type == "variable_declaration",
            )


def _function_declaration(node: Node) -> Iterator[s.Statement]:
    function = read_function(node)
    yield s.Declare(s.NamePattern(function.name or "default"), function)


def _class_declaration(node: Node) -> Iterator[s.Statement]:
    read = read_class(node)
    yield s.Declare(s.NamePattern(read.name or "default"), read)


def _enum(node: Node) -> Iterator[s.Statement]:
    members = []
    for child in named_of(field_of(node, "body") or node):
        if child.type == "enum_assignment":
            value = read_expression_or_none(field_of(child, "value"))
            members.append(s.ClassMember(key_text(field_of(child, "name")), value, "field", static=True))
    name = text_of(field_of(node, "name"))
    yield s.Declare(s.NamePattern(name), s.Class(name, (), tuple(members), line_of(node)))


def _if(node: Node) -> Iterator[s.Statement]:
    otherwise = field_of(node, "alternative")
    yield s.If(
        read_expression(field_of(node, "condition")),
        _body(field_of(node, "consequence")),
        tuple(one for child in (named_of(otherwise) if otherwise else ()) for one in _body(child)),
    )


def _for_in(node: Node) -> Iterator[s.Statement]:
    left, operator = field_of(node, "left"), text_of(field_of(node, "operator"))
    yield s.Loop(
        read_pattern(left),
        read_expression(field_of(node, "right")),
        _body(field_of(node, "body")),
        keys=operator == "in",
    )


def _for(node: Node) -> Iterator[s.Statement]:
    first = field_of(node, "initializer")
    inner = s.Loop(None, None, _body(field_of(node, "body")))
    condition = field_of(node, "condition")
    before = [*(_statement(first) if first else ()), *(_statement(condition) if condition else ())]
    yield s.Block((*before, inner))


def _while(node: Node) -> Iterator[s.Statement]:
    condition = field_of(node, "condition")
    if condition:
        yield s.Evaluate(read_expression(condition))
    yield s.Loop(None, None, _body(field_of(node, "body")))


def _try(node: Node) -> Iterator[s.Statement]:
    handler, final = field_of(node, "handler"), field_of(node, "finalizer")
    handlers: tuple[tuple[s.Statement, ...], ...] = ()
    if handler:
        parameter = field_of(handler, "parameter")
        bound = (s.Declare(read_pattern(parameter), None),) if parameter else ()
        handlers = ((*bound, *_body(field_of(handler, "body"))),)
    yield s.Try(_body(field_of(node, "body")), handlers, _body(field_of(final, "body")) if final else ())


def _switch(node: Node) -> Iterator[s.Statement]:
    cases = []
    for child in named_of(field_of(node, "body") or node):
        if child.type in {"switch_case", "switch_default"}:
            value = field_of(child, "value")
            bodies = child.children_by_field_name("body")
            statements = tuple(one for each in bodies for one in _statement(each))
            cases.append((read_expression(value) if value else None, statements))
    yield s.Switch(read_expression(field_of(node, "value")), tuple(cases))


def _return(node: Node) -> Iterator[s.Statement]:
    inside = named_of(node)
    yield s.Return(read_expression(inside[0]) if inside else None)


def _leave(node: Node) -> Iterator[s.Statement]:
    inside = named_of(node) if node.type == "throw_statement" else []
    kind = node.type.partition("_")[0]
    yield s.Leave(kind, read_expression(inside[0]) if inside else None)


def _import(node: Node) -> Iterator[s.Statement]:
    names: list[tuple[str, str]] = []
    source = string_of(field_of(node, "source"))
    for clause in named_of(node):
        if clause.type == "import_require_clause":
            yield s.Import(string_of(field_of(clause, "source")), (("*", text_of(named_of(clause)[0])),))
            return
        for child in named_of(clause) if clause.type == "import_clause" else ():
            if child.type == "identifier":
                names.append(("default", text_of(child)))
            elif child.type == "namespace_import":
                names.append(("*", text_of(named_of(child)[0])))
            else:
                names.extend(_specifiers(child))
    yield s.Import(source, tuple(names))


def _specifiers(clause: Node) -> list[tuple[str, str]]:
    found = []
    for child in named_of(clause):
        if child.type in {"import_specifier", "export_specifier"}:
            name = key_text(field_of(child, "name"))
            found.append((name, key_text(field_of(child, "alias")) or name))
    return found


def _export(node: Node) -> Iterator[s.Statement]:
    source, declaration, value = field_of(node, "source"), field_of(node, "declaration"), field_of(node, "value")
    default = any(child.type == "default" for child in node.children)
    if declaration:
        yield from _exported_declaration(declaration, default=default)
    elif value:
        yield s.ExportName(read_expression(value), "default")
    elif source:
        clauses = [child for child in named_of(node) if child.type in {"export_clause", "namespace_export"}]
        if clauses and clauses[0].type == "namespace_export":
            yield s.ExportAll(string_of(source), (("*", text_of(named_of(clauses[0])[0])),))
        else:
            yield s.ExportAll(string_of(source), tuple(_specifiers(clauses[0])) if clauses else ())
    elif any(child.type == "export_clause" for child in named_of(node)):
        for name, alias in _specifiers(next(child for child in named_of(node) if child.type == "export_clause")):
            yield s.ExportName(s.Name(name), alias)
    else:
        # `export = value`
        for child in named_of(node)[:1]:
            yield s.ExportName(read_expression(child), "default")


def _exported_declaration(node: Node, *, default: bool) -> Iterator[s.Statement]:
    for statement in _statement(node):
        yield statement
        if isinstance(statement, s.Declare):
            for name in _bound_names(statement.pattern):
                yield s.ExportName(s.Name(name), "default" if default else name)


def _bound_names(pattern: s.Pattern) -> Iterator[str]:
    match pattern:
        case s.NamePattern(name):
            yield name
        case s.RecordPattern(entries):
            for _, inner, _default in entries:
                yield from _bound_names(inner)
        case s.SequencePattern(items):
            for item in items:
                yield from _bound_names(item[0]) if item else ()
        case _:
            return


def _namespace(node: Node) -> Iterator[s.Statement]:
    name = text_of(field_of(node, "name"))
    body = _statements(field_of(node, "body"))
    entries = tuple(s.Entry(s.Literal(one.name), one.value) for one in body if isinstance(one, s.ExportName))
    ending = s.Return(s.Record(entries))
    inner = (*(one for one in body if not isinstance(one, s.ExportName)), ending)
    function = s.Function(name, (), lambda: inner, line_of(node), arrow=True)
    yield s.Declare(s.NamePattern(name), s.Call(function, (), line_of(node)))


_STATEMENTS: dict[str, Callable[[Node], Iterator[s.Statement]]] = {
    "expression_statement": _evaluate,
    "lexical_declaration": _declarations,
    "variable_declaration": _declarations,
    "function_declaration": _function_declaration,
    "generator_function_declaration": _function_declaration,
    "class_declaration": _class_declaration,
    "abstract_class_declaration": _class_declaration,
    "enum_declaration": _enum,
    "if_statement": _if,
    "for_in_statement": _for_in,
    "for_statement": _for,
    "while_statement": _while,
    "do_statement": _while,
    "try_statement": _try,
    "switch_statement": _switch,
    "return_statement": _return,
    "throw_statement": _leave,
    "break_statement": _leave,
    "continue_statement": _leave,
    "import_statement": _import,
    "export_statement": _export,
    "internal_module": _namespace,
    "module": _namespace,
    "statement_block": lambda node: iter((s.Block(_statements(node)),)),
    "labeled_statement": lambda node: iter(_body(field_of(node, "body"))),
}

read_bodies_with(_statements)
