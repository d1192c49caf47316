"""Expressions, patterns, functions and classes of JavaScript and TypeScript as the callers' syntax. Pure."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from tree_sitter import Node

from dtma_contract.discovery.consumer import syntax as s
from dtma_contract.discovery.consumer.javascript_nodes import (
    annotation_of,
    escape_of,
    field_of,
    key_text,
    line_of,
    named_of,
    string_of,
    text_of,
)

__all__ = [
    "EXPRESSIONS",
    "TRANSPARENT",
    "read_bodies_with",
    "read_class",
    "read_expression",
    "read_expression_or_none",
    "read_function",
    "read_pattern",
]

# Kinds of nodes that stand for what is inside them.
TRANSPARENT = {
    "parenthesized_expression", "await_expression", "as_expression", "satisfies_expression", "non_null_expression",
    "type_assertion", "jsx_expression", "instantiation_expression", "optional_chain",
}  # fmt: skip
# Functions are expressions that hold statements, and statements hold expressions: their reader is told here.
_statement_readers: list[Callable[[Node], tuple[s.Statement, ...]]] = []


def read_bodies_with(reader: Callable[[Node], tuple[s.Statement, ...]]) -> None:
    """Set what reads the statements of a function's body.

    Args:
        reader: returns the statements of a block.
    """
    _statement_readers[:] = [reader]


# --- patterns and parameters


def read_pattern(node: Node | None) -> s.Pattern:  # noqa: PLR0911 - one case for each kind
    """Return what a declaration binds or an assignment sets."""
    if node is None:
        return s.NamePattern("")
    match node.type:
        case "identifier" | "shorthand_property_identifier_pattern" | "shorthand_property_identifier":
            return s.NamePattern(text_of(node))
        case "object_pattern" | "object":
            return _object_pattern(node)
        case "array_pattern" | "array":
            return _array_pattern(node)
        case "parenthesized_expression" | "non_null_expression" | "as_expression":
            return read_pattern(named_of(node)[0])
        case "member_expression" | "subscript_expression":
            return s.TargetPattern(read_expression(node))
        case _:
            return s.NamePattern("")


def _object_pattern(node: Node) -> s.RecordPattern:
    entries: list[tuple[str, s.Pattern, s.Expression | None]] = []
    rest = ""
    for child in named_of(node):
        match child.type:
            case "shorthand_property_identifier_pattern" | "shorthand_property_identifier":
                entries.append((text_of(child), s.NamePattern(text_of(child)), None))
            case "object_assignment_pattern":
                name = text_of(field_of(child, "left"))
                entries.append((name, s.NamePattern(name), read_expression_or_none(field_of(child, "right"))))
            case "pair_pattern" | "pair":
                inner, default = _with_default(field_of(child, "value"))
                entries.append((key_text(field_of(child, "key")), inner, default))
            case "rest_pattern":
                rest = text_of(named_of(child)[0])
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
            rest = text_of(named_of(child)[0])
        elif child.type != "comment":
            items.append(_with_default(child))
            expected = False
    return s.SequencePattern(tuple(items), rest)


def _with_default(node: Node | None) -> tuple[s.Pattern, s.Expression | None]:
    if node is not None and node.type in {"assignment_pattern", "assignment_expression"}:
        return read_pattern(field_of(node, "left")), read_expression_or_none(field_of(node, "right"))
    return read_pattern(node), None


def _parameters(node: Node) -> tuple[s.Parameter, ...]:
    single = field_of(node, "parameter")
    if single:
        return (s.Parameter(read_pattern(single)),)
    found = []
    for child in named_of(field_of(node, "parameters") or node) if field_of(node, "parameters") else ():
        if child.type not in {"required_parameter", "optional_parameter"}:
            continue
        inner = field_of(child, "pattern")
        rest = ""
        if inner is not None and inner.type == "this":
            continue
        if inner is not None and inner.type == "rest_pattern":
            inner, rest = named_of(inner)[0], "*"
        default = field_of(child, "value")
        is_field = any(
            part.type in {"accessibility_modifier", "readonly", "override_modifier"} for part in child.children
        )
        found.append(
            s.Parameter(
                read_pattern(inner),
                read_expression(default) if default else None,
                annotation_of(field_of(child, "type")),
                rest,
                is_field,
            )
        )
    return tuple(found)


# --- functions and classes


def read_function(node: Node, name: str = "") -> s.Function:
    """Return a function; its body is read when it is first called."""
    body = field_of(node, "body")
    arrow = node.type == "arrow_function"

    @cache
    def read() -> tuple[s.Statement, ...]:
        if body is None:
            return ()
        if body.type == "statement_block":
            return _statement_readers[0](body)
        return (s.Return(read_expression(body)),)

    named = field_of(node, "name")
    return s.Function(
        key_text(named) if named else name,
        _parameters(node),
        read,
        line_of(node),
        arrow=arrow,
        returns=annotation_of(field_of(node, "return_type")),
    )


def read_class(node: Node) -> s.Class:
    """Return a class."""
    bases: list[s.Expression] = []
    for heritage in named_of(node):
        for clause in named_of(heritage) if heritage.type == "class_heritage" else ():
            if clause.type == "extends_clause":
                bases.append(read_expression(field_of(clause, "value")))
            elif clause.type != "implements_clause":
                bases.append(read_expression(clause))
    members = []
    for child in named_of(field_of(node, "body") or node):
        static = any(part.type == "static" for part in child.children)
        name = key_text(field_of(child, "name") or field_of(child, "property"))
        if child.type == "method_definition":
            kind = "getter" if any(part.type == "get" for part in child.children) else "method"
            if not any(part.type == "set" for part in child.children):
                members.append(s.ClassMember(name, read_function(child), kind, static))
        elif child.type in {"public_field_definition", "field_definition"}:
            value = read_expression_or_none(field_of(child, "value"))
            members.append(s.ClassMember(name, value, "field", static, annotation_of(field_of(child, "type"))))
    return s.Class(text_of(field_of(node, "name")), tuple(bases), tuple(members), line_of(node))


# --- expressions


def read_expression_or_none(node: Node | None) -> s.Expression | None:
    """Return an expression, or None where there is none."""
    return read_expression(node) if node is not None else None


def read_expression(node: Node | None) -> s.Expression:
    """Return an expression."""
    if node is None:
        return s.Literal(None)
    if node.type in TRANSPARENT:
        inside = [child for child in named_of(node) if not child.type.endswith(("_type", "type_arguments"))]
        if node.type == "type_assertion":
            inside = inside[-1:]
        return read_expression(inside[0]) if inside else s.Literal(None)
    reader = EXPRESSIONS.get(node.type)
    if reader is not None:
        return reader(node)
    return s.Parts(tuple(read_expression(child) for child in named_of(node) if _may_act(child)))


def _may_act(node: Node) -> bool:
    return not node.type.endswith(
        ("_type", "annotation_of", "type_arguments", "_fragment", "jsx_text", "property_identifier")
    )


def _name(node: Node) -> s.Expression:
    text = text_of(node)
    return s.Literal(None) if text == "undefined" else s.Name(text)


def _number(node: Node) -> s.Expression:
    text = text_of(node).replace("_", "").rstrip("n")
    try:
        return s.Literal(int(text, 0))
    except ValueError:
        try:
            return s.Literal(float(text))
        except ValueError:
            return s.Literal(None)


def _template(node: Node) -> s.Expression:
    parts: list[str | s.Expression] = []
    for child in named_of(node):
        match child.type:
            case "template_substitution":
                parts.append(read_expression(named_of(child)[0]) if named_of(child) else "")
            case "escape_sequence":
                parts.append(escape_of(text_of(child)))
            case _:
                parts.append(text_of(child))
    return s.Template(tuple(parts))


def _key(node: Node | None) -> s.Expression:
    if node is not None and node.type == "computed_property_name":
        return read_expression(named_of(node)[0])
    return s.Literal(key_text(node))


def _object(node: Node) -> s.Expression:
    entries = []
    for child in named_of(node):
        match child.type:
            case "pair":
                key, value = field_of(child, "key"), field_of(child, "value")
                entries.append(s.Entry(_key(key), _with_name(value, key_text(key))))
            case "shorthand_property_identifier":
                entries.append(s.Entry(s.Literal(text_of(child)), s.Name(text_of(child))))
            case "spread_element":
                entries.append(s.Entry(None, read_expression(named_of(child)[0])))
            case "method_definition":
                entries.append(s.Entry(_key(field_of(child, "name")), _object_method(child)))
            case _:
                continue
    return s.Record(tuple(entries))


def _object_method(node: Node) -> s.Expression:
    function = read_function(node)
    if any(part.type == "get" for part in node.children):
        return s.Call(function, (), line_of(node))
    return function


def _with_name(node: Node | None, name: str) -> s.Expression:
    if node is not None and node.type in _FUNCTIONS:
        return read_function(node, name)
    return read_expression(node)


def _arguments(node: Node | None) -> tuple[s.Argument, ...]:
    if node is None:
        return ()
    if node.type == "template_string":
        return (s.Argument(_template(node)),)
    return tuple(
        s.Argument(read_expression(named_of(child)[0]), spread=True)
        if child.type == "spread_element"
        else s.Argument(read_expression(child))
        for child in named_of(node)
    )


def _call(node: Node) -> s.Expression:
    function = field_of(node, "function") or field_of(node, "constructor")
    line = line_of(node)
    if function is not None:
        last = field_of(function, "property") or function
        line = line_of(last) if last is not function or function.type == "identifier" else line
    return s.Call(
        read_expression(function), _arguments(field_of(node, "arguments")), line, new=node.type == "new_expression"
    )


def _member(node: Node) -> s.Expression:
    return s.Member(read_expression(field_of(node, "object")), key_text(field_of(node, "property")))


def _subscript(node: Node) -> s.Expression:
    return s.Index(read_expression(field_of(node, "object")), read_expression(field_of(node, "index")))


def _binary(node: Node) -> s.Expression:
    operator = {"===": "==", "!==": "!="}.get(text_of(field_of(node, "operator")), text_of(field_of(node, "operator")))
    return s.Operation(operator, read_expression(field_of(node, "left")), read_expression(field_of(node, "right")))


def _unary(node: Node) -> s.Expression:
    operator = text_of(field_of(node, "operator"))
    inner = read_expression(field_of(node, "argument"))
    return s.Operation("!", inner, s.Literal(None)) if operator == "!" else s.Parts((inner,))


def _conditional(node: Node) -> s.Expression:
    return s.Conditional(
        read_expression(field_of(node, "condition")),
        read_expression(field_of(node, "consequence")),
        read_expression(field_of(node, "alternative")),
    )


def _assignment(node: Node) -> s.Expression:
    operator = text_of(field_of(node, "operator")).removesuffix("=")
    return s.Assignment(read_pattern(field_of(node, "left")), operator, read_expression(field_of(node, "right")))


def _array(node: Node) -> s.Expression:
    return s.Sequence(_arguments(node))


def _comma(node: Node) -> s.Expression:
    return s.Parts(tuple(read_expression(child) for child in named_of(node)), last=True)


def _regex(node: Node) -> s.Expression:
    return s.Call(
        s.Name("RegExp"), (s.Argument(s.Literal(text_of(field_of(node, "pattern")))),), line_of(node), new=True
    )


_FUNCTIONS = {"function_expression", "arrow_function", "generator_function", "function"}
EXPRESSIONS: dict[str, Callable[[Node], s.Expression]] = {
    "identifier": _name,
    "undefined": lambda _: s.Literal(None),
    "this": lambda _: s.Name("this"),
    "import": lambda _: s.Name("import()"),
    "meta_property": lambda _: s.Name("import.meta"),
    "super": lambda _: s.Name("super"),
    "shorthand_property_identifier": _name,
    "string": lambda node: s.Literal(string_of(node)),
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
    "class": read_class,
    **dict.fromkeys(_FUNCTIONS, read_function),
}
