"""JavaScript and TypeScript files as the callers' syntax, read by tree-sitter."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache

import tree_sitter_typescript
from tree_sitter import Language, Node, Parser

from dtma_contract.discovery.consumer import syntax as s

__all__ = ["read_javascript"]

# Kinds of nodes that stand for what is inside them.
_TRANSPARENT = {
    "parenthesized_expression", "await_expression", "as_expression", "satisfies_expression", "non_null_expression",
    "type_assertion", "jsx_expression", "instantiation_expression", "optional_chain",
}  # fmt: skip
_SIMPLE_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": ""}
_SCRIPTS = re.compile(rb"<script\b[^>]*>(.*?)</script>", re.DOTALL)


def read_javascript(path: str, content: bytes) -> s.Program:
    """Return a file as the callers' syntax; what does not parse is left out, the rest is read.

    The tsx grammar reads JavaScript too. TypeScript's casts in angle brackets need the other one, so a file is read with
    the one that fits its name, and with the other where the first one fails.

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


def _text(node: Node | None) -> str:
    return node.text.decode("utf-8", "replace") if node is not None and node.text is not None else ""


def _line(node: Node) -> int:
    return int(node.start_point[0]) + 1


def _named(node: Node) -> list[Node]:
    return [child for child in node.named_children if child.type != "comment"]


def _field(node: Node, name: str) -> Node | None:
    return node.child_by_field_name(name)


# --- statements


def _statements(node: Node | None) -> tuple[s.Statement, ...]:
    return tuple(one for child in (_named(node) if node else ()) for one in _statement(child))


def _body(node: Node | None) -> tuple[s.Statement, ...]:
    """Return the statements of a block, or the one statement that stands in a block's place."""
    if node is None:
        return ()
    return _statements(node) if node.type == "statement_block" else tuple(_statement(node))


def _statement(node: Node) -> Iterator[s.Statement]:
    reader = _STATEMENTS.get(node.type)
    if reader is not None:
        yield from reader(node)
    elif node.type in _EXPRESSIONS or node.type in _TRANSPARENT:
        yield s.Evaluate(_expression(node))
    elif node.type == "ERROR":
        # What the parser could not fit together is still read piece by piece.
        yield from _statements(node)


def _evaluate(node: Node) -> Iterator[s.Statement]:
    for child in _named(node):
        yield from _statement(child) if child.type == "internal_module" else (s.Evaluate(_expression(child)),)


def _declarations(node: Node) -> Iterator[s.Statement]:
    for child in _named(node):
        if child.type == "variable_declarator":
            value = _field(child, "value")
            yield s.Declare(
                _pattern(_field(child, "name")),
                _expression(value) if value else None,
                _annotation(_field(child, "type")),
                whole_function=node.type == "variable_declaration",
            )


def _function_declaration(node: Node) -> Iterator[s.Statement]:
    function = _function(node)
    yield s.Declare(s.NamePattern(function.name or "default"), function)


def _class_declaration(node: Node) -> Iterator[s.Statement]:
    read = _class(node)
    yield s.Declare(s.NamePattern(read.name or "default"), read)


def _enum(node: Node) -> Iterator[s.Statement]:
    members = []
    for child in _named(_field(node, "body") or node):
        if child.type == "enum_assignment":
            value = _expression_or_none(_field(child, "value"))
            members.append(s.ClassMember(_key_text(_field(child, "name")), value, "field", static=True))
    name = _text(_field(node, "name"))
    yield s.Declare(s.NamePattern(name), s.Class(name, None, tuple(members), _line(node)))


def _if(node: Node) -> Iterator[s.Statement]:
    otherwise = _field(node, "alternative")
    yield s.If(
        _expression(_field(node, "condition")),
        _body(_field(node, "consequence")),
        tuple(one for child in (_named(otherwise) if otherwise else ()) for one in _body(child)),
    )


def _for_in(node: Node) -> Iterator[s.Statement]:
    left, operator = _field(node, "left"), _text(_field(node, "operator"))
    yield s.Loop(_pattern(left), _expression(_field(node, "right")), _body(_field(node, "body")), keys=operator == "in")


def _for(node: Node) -> Iterator[s.Statement]:
    first = _field(node, "initializer")
    inner = s.Loop(None, None, _body(_field(node, "body")))
    condition = _field(node, "condition")
    before = [*(_statement(first) if first else ()), *(_statement(condition) if condition else ())]
    yield s.Block((*before, inner))


def _while(node: Node) -> Iterator[s.Statement]:
    condition = _field(node, "condition")
    if condition:
        yield s.Evaluate(_expression(condition))
    yield s.Loop(None, None, _body(_field(node, "body")))


def _try(node: Node) -> Iterator[s.Statement]:
    handler, final = _field(node, "handler"), _field(node, "finalizer")
    handlers: tuple[tuple[s.Statement, ...], ...] = ()
    if handler:
        parameter = _field(handler, "parameter")
        bound = (s.Declare(_pattern(parameter), None),) if parameter else ()
        handlers = ((*bound, *_body(_field(handler, "body"))),)
    yield s.Try(_body(_field(node, "body")), handlers, _body(_field(final, "body")) if final else ())


def _switch(node: Node) -> Iterator[s.Statement]:
    cases = []
    for child in _named(_field(node, "body") or node):
        if child.type in {"switch_case", "switch_default"}:
            value = _field(child, "value")
            bodies = child.children_by_field_name("body")
            statements = tuple(one for each in bodies for one in _statement(each))
            cases.append((_expression(value) if value else None, statements))
    yield s.Switch(_expression(_field(node, "value")), tuple(cases))


def _return(node: Node) -> Iterator[s.Statement]:
    inside = _named(node)
    yield s.Return(_expression(inside[0]) if inside else None)


def _leave(node: Node) -> Iterator[s.Statement]:
    inside = _named(node) if node.type == "throw_statement" else []
    kind = node.type.partition("_")[0]
    yield s.Leave(kind, _expression(inside[0]) if inside else None)


def _import(node: Node) -> Iterator[s.Statement]:
    names: list[tuple[str, str]] = []
    source = _string(_field(node, "source"))
    for clause in _named(node):
        if clause.type == "import_require_clause":
            yield s.Import(_string(_field(clause, "source")), (("*", _text(_named(clause)[0])),))
            return
        for child in _named(clause) if clause.type == "import_clause" else ():
            if child.type == "identifier":
                names.append(("default", _text(child)))
            elif child.type == "namespace_import":
                names.append(("*", _text(_named(child)[0])))
            else:
                names.extend(_specifiers(child))
    yield s.Import(source, tuple(names))


def _specifiers(clause: Node) -> list[tuple[str, str]]:
    found = []
    for child in _named(clause):
        if child.type in {"import_specifier", "export_specifier"}:
            name = _key_text(_field(child, "name"))
            found.append((name, _key_text(_field(child, "alias")) or name))
    return found


def _export(node: Node) -> Iterator[s.Statement]:
    source, declaration, value = _field(node, "source"), _field(node, "declaration"), _field(node, "value")
    default = any(child.type == "default" for child in node.children)
    if declaration:
        yield from _exported_declaration(declaration, default=default)
    elif value:
        yield s.ExportName(_expression(value), "default")
    elif source:
        clauses = [child for child in _named(node) if child.type in {"export_clause", "namespace_export"}]
        if clauses and clauses[0].type == "namespace_export":
            yield s.ExportAll(_string(source), (("*", _text(_named(clauses[0])[0])),))
        else:
            yield s.ExportAll(_string(source), tuple(_specifiers(clauses[0])) if clauses else ())
    elif any(child.type == "export_clause" for child in _named(node)):
        for name, alias in _specifiers(next(child for child in _named(node) if child.type == "export_clause")):
            yield s.ExportName(s.Name(name), alias)
    else:
        # `export = value`
        for child in _named(node)[:1]:
            yield s.ExportName(_expression(child), "default")


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
    name = _text(_field(node, "name"))
    body = _statements(_field(node, "body"))
    entries = tuple(s.Entry(s.Literal(one.name), one.value) for one in body if isinstance(one, s.ExportName))
    ending = s.Return(s.Record(entries))
    inner = (*(one for one in body if not isinstance(one, s.ExportName)), ending)
    function = s.Function(name, (), lambda: inner, _line(node), arrow=True)
    yield s.Declare(s.NamePattern(name), s.Call(function, (), _line(node)))


# --- patterns and parameters


def _pattern(node: Node | None) -> s.Pattern:
    if node is None:
        return s.NamePattern("")
    match node.type:
        case "identifier" | "shorthand_property_identifier_pattern" | "shorthand_property_identifier":
            return s.NamePattern(_text(node))
        case "object_pattern" | "object":
            return _object_pattern(node)
        case "array_pattern" | "array":
            return _array_pattern(node)
        case "parenthesized_expression" | "non_null_expression" | "as_expression":
            return _pattern(_named(node)[0])
        case "member_expression" | "subscript_expression":
            return s.TargetPattern(_expression(node))
        case _:
            return s.NamePattern("")


def _object_pattern(node: Node) -> s.RecordPattern:
    entries: list[tuple[str, s.Pattern, s.Expression | None]] = []
    rest = ""
    for child in _named(node):
        match child.type:
            case "shorthand_property_identifier_pattern" | "shorthand_property_identifier":
                entries.append((_text(child), s.NamePattern(_text(child)), None))
            case "object_assignment_pattern":
                name = _text(_field(child, "left"))
                entries.append((name, s.NamePattern(name), _expression_or_none(_field(child, "right"))))
            case "pair_pattern" | "pair":
                inner, default = _with_default(_field(child, "value"))
                entries.append((_key_text(_field(child, "key")), inner, default))
            case "rest_pattern":
                rest = _text(_named(child)[0])
            case _:
                continue
    return s.RecordPattern(tuple(entries), rest)


def _array_pattern(node: Node) -> s.SequencePattern:
    items: list[tuple[s.Pattern, s.Expression | None] | None] = []
    rest, expected = "", True
    for child in node.children[1:-1]:
        if child.type == ",":
            if expected:
                items.append(None)
            expected = True
        elif child.type == "rest_pattern":
            rest = _text(_named(child)[0])
        elif child.type != "comment":
            items.append(_with_default(child))
            expected = False
    return s.SequencePattern(tuple(items), rest)


def _with_default(node: Node | None) -> tuple[s.Pattern, s.Expression | None]:
    if node is not None and node.type in {"assignment_pattern", "assignment_expression"}:
        return _pattern(_field(node, "left")), _expression_or_none(_field(node, "right"))
    return _pattern(node), None


def _annotation(node: Node | None) -> str:
    """Return the name of a type, the innermost one of what wraps it (`Promise<T>`, `Readonly<T>`, `T | null`)."""
    if node is None:
        return ""
    if node.type in {"type_identifier", "identifier", "nested_type_identifier"}:
        return _text(node).rpartition(".")[2]
    if node.type == "generic_type":
        name, arguments = _text(_field(node, "name")), _field(node, "type_arguments")
        wrapped = {"Promise", "Readonly", "Partial", "Required", "InstanceType", "Awaited", "NonNullable"}
        return _annotation(arguments) if name in wrapped else name
    if node.type in {"type_annotation", "union_type", "type_arguments", "parenthesized_type", "type_query"}:
        return next(filter(None, (_annotation(child) for child in _named(node))), "")
    return ""


def _parameters(node: Node) -> tuple[s.Parameter, ...]:
    single = _field(node, "parameter")
    if single:
        return (s.Parameter(_pattern(single)),)
    found = []
    for child in _named(_field(node, "parameters") or node) if _field(node, "parameters") else ():
        if child.type not in {"required_parameter", "optional_parameter"}:
            continue
        inner = _field(child, "pattern")
        rest = ""
        if inner is not None and inner.type == "this":
            continue
        if inner is not None and inner.type == "rest_pattern":
            inner, rest = _named(inner)[0], "*"
        default = _field(child, "value")
        is_field = any(
            part.type in {"accessibility_modifier", "readonly", "override_modifier"} for part in child.children
        )
        found.append(
            s.Parameter(
                _pattern(inner),
                _expression(default) if default else None,
                _annotation(_field(child, "type")),
                rest,
                is_field,
            )
        )
    return tuple(found)


# --- functions and classes


def _function(node: Node, name: str = "") -> s.Function:
    body = _field(node, "body")
    arrow = node.type == "arrow_function"

    @cache
    def read() -> tuple[s.Statement, ...]:
        if body is None:
            return ()
        if body.type == "statement_block":
            return _statements(body)
        return (s.Return(_expression(body)),)

    named = _field(node, "name")
    return s.Function(
        _key_text(named) if named else name,
        _parameters(node),
        read,
        _line(node),
        arrow=arrow,
        returns=_annotation(_field(node, "return_type")),
    )


def _class(node: Node) -> s.Class:
    base: s.Expression | None = None
    for heritage in _named(node):
        for clause in _named(heritage) if heritage.type == "class_heritage" else ():
            if clause.type == "extends_clause":
                base = _expression_or_none(_field(clause, "value"))
            elif clause.type != "implements_clause":
                base = _expression(clause)
    members = []
    for child in _named(_field(node, "body") or node):
        static = any(part.type == "static" for part in child.children)
        name = _key_text(_field(child, "name") or _field(child, "property"))
        if child.type == "method_definition":
            kind = "getter" if any(part.type == "get" for part in child.children) else "method"
            if not any(part.type == "set" for part in child.children):
                members.append(s.ClassMember(name, _function(child), kind, static))
        elif child.type in {"public_field_definition", "field_definition"}:
            value = _expression_or_none(_field(child, "value"))
            members.append(s.ClassMember(name, value, "field", static, _annotation(_field(child, "type"))))
    return s.Class(_text(_field(node, "name")), base, tuple(members), _line(node))


# --- expressions


def _expression_or_none(node: Node | None) -> s.Expression | None:
    return _expression(node) if node is not None else None


def _expression(node: Node | None) -> s.Expression:
    if node is None:
        return s.Literal(None)
    if node.type in _TRANSPARENT:
        inside = [child for child in _named(node) if not child.type.endswith(("_type", "type_arguments"))]
        if node.type == "type_assertion":
            inside = inside[-1:]
        return _expression(inside[0]) if inside else s.Literal(None)
    reader = _EXPRESSIONS.get(node.type)
    if reader is not None:
        return reader(node)
    return s.Parts(tuple(_expression(child) for child in _named(node) if _may_act(child)))


def _may_act(node: Node) -> bool:
    return not node.type.endswith(
        ("_type", "_annotation", "type_arguments", "_fragment", "jsx_text", "property_identifier")
    )


def _name(node: Node) -> s.Expression:
    text = _text(node)
    return s.Literal(None) if text == "undefined" else s.Name(text)


def _number(node: Node) -> s.Expression:
    text = _text(node).replace("_", "").rstrip("n")
    try:
        return s.Literal(int(text, 0))
    except ValueError:
        try:
            return s.Literal(float(text))
        except ValueError:
            return s.Literal(None)


def _escape(text: str) -> str:
    body = text[1:]
    if body[:1] in {"u", "x"}:
        digits = body[1:].strip("{}")
        try:
            return chr(int(digits, 16))
        except (ValueError, OverflowError):
            return ""
    return _SIMPLE_ESCAPES.get(body, body)


def _string(node: Node | None) -> str:
    if node is None:
        return ""
    return "".join(_escape(_text(part)) if part.type == "escape_sequence" else _text(part) for part in _named(node))


def _template(node: Node) -> s.Expression:
    parts: list[str | s.Expression] = []
    for child in _named(node):
        match child.type:
            case "template_substitution":
                parts.append(_expression(_named(child)[0]) if _named(child) else "")
            case "escape_sequence":
                parts.append(_escape(_text(child)))
            case _:
                parts.append(_text(child))
    return s.Template(tuple(parts))


def _key_text(node: Node | None) -> str:
    if node is None:
        return ""
    if node.type == "string":
        return _string(node)
    return _text(node).lstrip("#")


def _key(node: Node | None) -> s.Expression:
    if node is not None and node.type == "computed_property_name":
        return _expression(_named(node)[0])
    return s.Literal(_key_text(node))


def _object(node: Node) -> s.Expression:
    entries = []
    for child in _named(node):
        match child.type:
            case "pair":
                key, value = _field(child, "key"), _field(child, "value")
                entries.append(s.Entry(_key(key), _with_name(value, _key_text(key))))
            case "shorthand_property_identifier":
                entries.append(s.Entry(s.Literal(_text(child)), s.Name(_text(child))))
            case "spread_element":
                entries.append(s.Entry(None, _expression(_named(child)[0])))
            case "method_definition":
                entries.append(s.Entry(_key(_field(child, "name")), _object_method(child)))
            case _:
                continue
    return s.Record(tuple(entries))


def _object_method(node: Node) -> s.Expression:
    function = _function(node)
    if any(part.type == "get" for part in node.children):
        return s.Call(function, (), _line(node))
    return function


def _with_name(node: Node | None, name: str) -> s.Expression:
    if node is not None and node.type in _FUNCTIONS:
        return _function(node, name)
    return _expression(node)


def _arguments(node: Node | None) -> tuple[s.Argument, ...]:
    if node is None:
        return ()
    if node.type == "template_string":
        return (s.Argument(_template(node)),)
    return tuple(
        s.Argument(_expression(_named(child)[0]), spread=True)
        if child.type == "spread_element"
        else s.Argument(_expression(child))
        for child in _named(node)
    )


def _call(node: Node) -> s.Expression:
    function = _field(node, "function") or _field(node, "constructor")
    line = _line(node)
    if function is not None:
        last = _field(function, "property") or function
        line = _line(last) if last is not function or function.type == "identifier" else line
    return s.Call(_expression(function), _arguments(_field(node, "arguments")), line, new=node.type == "new_expression")


def _member(node: Node) -> s.Expression:
    return s.Member(_expression(_field(node, "object")), _key_text(_field(node, "property")))


def _subscript(node: Node) -> s.Expression:
    return s.Index(_expression(_field(node, "object")), _expression(_field(node, "index")))


def _binary(node: Node) -> s.Expression:
    operator = {"===": "==", "!==": "!="}.get(_text(_field(node, "operator")), _text(_field(node, "operator")))
    return s.Operation(operator, _expression(_field(node, "left")), _expression(_field(node, "right")))


def _unary(node: Node) -> s.Expression:
    operator = _text(_field(node, "operator"))
    inner = _expression(_field(node, "argument"))
    return s.Operation("!", inner, s.Literal(None)) if operator == "!" else s.Parts((inner,))


def _conditional(node: Node) -> s.Expression:
    return s.Conditional(
        _expression(_field(node, "condition")),
        _expression(_field(node, "consequence")),
        _expression(_field(node, "alternative")),
    )


def _assignment(node: Node) -> s.Expression:
    operator = _text(_field(node, "operator")).removesuffix("=")
    return s.Assignment(_pattern(_field(node, "left")), operator, _expression(_field(node, "right")))


def _array(node: Node) -> s.Expression:
    return s.Sequence(_arguments(node))


def _comma(node: Node) -> s.Expression:
    return s.Parts(tuple(_expression(child) for child in _named(node)), last=True)


def _regex(node: Node) -> s.Expression:
    return s.Call(s.Name("RegExp"), (s.Argument(s.Literal(_text(_field(node, "pattern")))),), _line(node), new=True)


_FUNCTIONS = {"function_expression", "arrow_function", "generator_function", "function"}
_EXPRESSIONS: dict[str, Callable[[Node], s.Expression]] = {
    "identifier": _name,
    "undefined": lambda _: s.Literal(None),
    "this": lambda _: s.Name("this"),
    "import": lambda _: s.Name("import()"),
    "meta_property": lambda _: s.Name("import.meta"),
    "super": lambda _: s.Name("super"),
    "shorthand_property_identifier": _name,
    "string": lambda node: s.Literal(_string(node)),
    "template_string": _template,
    "number": _number,
    "true": lambda _: s.Literal(value=True),
    "false": lambda _: s.Literal(value=False),
    "null": lambda _: s.Literal(None),
    "object": _object,
    "array": _array,
    "call_expression": _call,
    "new_expression": _call,
    "member_expression": _member,
    "subscript_expression": _subscript,
    "binary_expression": _binary,
    "unary_expression": _unary,
    "ternary_expression": _conditional,
    "assignment_expression": _assignment,
    "augmented_assignment_expression": _assignment,
    "sequence_expression": _comma,
    "regex": _regex,
    "class": _class,
    **dict.fromkeys(_FUNCTIONS, _function),
}
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
    "labeled_statement": lambda node: iter(_body(_field(node, "body"))),
}
