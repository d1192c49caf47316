"""The text, names and fields of tree-sitter's nodes. Pure."""

from __future__ import annotations

from tree_sitter import Node

__all__ = ["annotation_of", "escape_of", "field_of", "key_text", "line_of", "named_of", "string_of", "text_of"]

_SIMPLE_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": ""}


def text_of(node: Node | None) -> str:
    """Return the text of a node."""
    return node.text.decode("utf-8", "replace") if node is not None and node.text is not None else ""


def line_of(node: Node) -> int:
    """Return the line of a node, counted from 1."""
    return int(node.start_point[0]) + 1


def named_of(node: Node) -> list[Node]:
    """Return the named nodes inside, without comments."""
    return [child for child in node.named_children if child.type != "comment"]


def field_of(node: Node, name: str) -> Node | None:
    """Return the node in a field, or None."""
    return node.child_by_field_name(name)


def escape_of(text: str) -> str:
    """Return what an escape sequence stands for."""
    body = text[1:]
    if body[:1] in {"u", "x"}:
        digits = body[1:].strip("{}")
        try:
            return chr(int(digits, 16))
        except (ValueError, OverflowError):
            return ""
    return _SIMPLE_ESCAPES.get(body, body)


def string_of(node: Node | None) -> str:
    """Return the text of a string."""
    if node is None:
        return ""
    return "".join(
        escape_of(text_of(part)) if part.type == "escape_sequence" else text_of(part) for part in named_of(node)
    )


def key_text(node: Node | None) -> str:
    """Return the name of a property."""
    if node is None:
        return ""
    if node.type == "string":
        return string_of(node)
    return text_of(node).lstrip("#")


def annotation_of(node: Node | None) -> str:
    """Return the name of a type, the innermost one of what wraps it (`Promise<T>`, `Readonly<T>`, `T | null`)."""
    if node is None:
        return ""
    if node.type in {"type_identifier", "identifier", "nested_type_identifier"}:
        return text_of(node).rpartition(".")[2]
    if node.type == "generic_type":
        name, arguments = text_of(field_of(node, "name")), field_of(node, "type_arguments")
        wrapped = {"Promise", "Readonly", "Partial", "Required", "InstanceType", "Awaited", "NonNullable"}
        return annotation_of(arguments) if name in wrapped else name
    if node.type in {"type_annotation", "union_type", "type_arguments", "parenthesized_type", "type_query"}:
        return next(filter(None, (annotation_of(child) for child in named_of(node))), "")
    return ""
