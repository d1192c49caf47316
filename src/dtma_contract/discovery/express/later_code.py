"""Code that a program may run later: what was handed to Express, to Node or to a package, and what that mentions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from dtma_contract.discovery.express.machine import Machine
from dtma_contract.discovery.express.syntax import Node
from dtma_contract.discovery.express.values import (
    Accessor,
    ArrayValue,
    Either,
    FunctionValue,
    MapValue,
    ObjectValue,
    PromiseValue,
    Value,
)

__all__ = ["LaterCode"]

_FUNCTIONS = {
    "function_declaration", "generator_function_declaration", "function_expression", "generator_function",
    "arrow_function", "method_definition", "class_declaration", "abstract_class_declaration", "class",
}  # fmt: skip
# What gives a function the name that others call it by: the field with the name, and the one with the function.
_NAMING = {
    "variable_declarator": ("name", "value"),
    "assignment_expression": ("left", "right"),
    "pair": ("key", "value"),
    "public_field_definition": ("name", "value"),
}
_WORD = re.compile(r"[\w$]+")


class LaterCode:
    """Functions that were not seen to be called, and that may be.

    Args:
        machine: the evaluation, at its end.
        roots: the syntax of the modules that were loaded.
    """

    def __init__(self, machine: Machine, roots: Sequence[Node]) -> None:
        self._machine = machine
        self._names = {(node.file.path, node.start): name for root in roots for name, node in _named_functions(root)}
        handed = list(_functions_in(machine.handed.values()))
        self._handed = {(node.file.path, node.start) for node in handed}
        self._words: set[str] = set()
        waiting: dict[str, list[Node]] = {}
        for root in roots:
            for name, node in _named_functions(root):
                if not machine.was_entered(node):
                    waiting.setdefault(name, []).append(node)
        while handed:
            words = set(_WORD.findall(handed.pop().text)) - self._words
            self._words |= words
            handed += [node for word in words for node in waiting.pop(word, [])]

    def holds(self, root: Node, offset: int) -> bool:
        """Return whether what stands at an offset of a module may run, although evaluation did not come there."""
        return any(
            (node.file.path, node.start) in self._handed or self._names.get((node.file.path, node.start)) in self._words
            for node in _around(root, offset)
            if not self._machine.was_entered(node)
        )


def _around(root: Node, offset: int) -> Iterator[Node]:
    """Yield the functions and classes around an offset."""
    inner: Node | None = root
    while inner is not None:
        if inner.type in _FUNCTIONS:
            yield inner
        inner = next((kid for kid in inner.kids if kid.start <= offset < kid.end), None)


def _named_functions(root: Node) -> Iterator[tuple[str, Node]]:
    for node in root.descendants():
        if node.type in _FUNCTIONS and (name := node.get("name")) is not None:
            yield name.text, node
        elif node.type in _NAMING:
            name, value = (node.get(field) for field in _NAMING[node.type])
            if name is not None and value is not None and value.type in _FUNCTIONS:
                yield _WORD.findall(name.text)[-1] if _WORD.search(name.text) else "", value


def _functions_in(values: Iterable[Value]) -> Iterator[Node]:
    """Yield the functions and classes in values, as deep as they lie."""
    pending: list[Value] = list(values)
    seen: set[int] = set()
    while pending:
        value = pending.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, Either):
            pending += [option for _, option in value.options]
        elif isinstance(value, PromiseValue):
            pending.append(value.value)
        elif isinstance(value, Accessor):
            pending += [value.getter, value.setter]
        elif isinstance(value, ObjectValue):
            if isinstance(value, FunctionValue):
                yield value.node
                pending += [value.parent, value.wraps]
            pending += [*value.props.values(), *value.rest, value.proto]
            if isinstance(value, ArrayValue):
                pending += value.items
            elif isinstance(value, MapValue):
                pending += [part for entry in value.entries for part in entry]
