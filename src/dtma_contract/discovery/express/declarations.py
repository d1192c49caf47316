"""What declarations, patterns and enums give names to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dtma_contract.discovery.express.machine import Machine
from dtma_contract.discovery.express.syntax import Node, unescape
from dtma_contract.discovery.express.values import (
    NULL,
    UNDEFINED,
    ArrayValue,
    Either,
    FunctionValue,
    ObjectValue,
    Opaque,
    Scope,
    Text,
    Value,
    alternatives,
    either,
)

__all__ = [
    "assign_pattern",
    "assign_to",
    "declare_all",
    "defaulted",
    "define_enum",
    "function_of",
    "hoist",
    "property_name",
]

_FUNCTION_DECLARATIONS = {"function_declaration", "generator_function_declaration"}
_DECLARATIONS = {"lexical_declaration", "variable_declaration"}


def function_of(
    machine: Machine, node: Node, scope: Scope, name: str = "", home: ObjectValue | None = None
) -> FunctionValue:
    """Return the function that a node declares."""
    own = node.get("name")
    return FunctionValue(node, scope, own.text if own is not None and not name else name, home)


def hoist(machine: Machine, statements: Sequence[Node], scope: Scope) -> None:
    """Declare the functions of a block before its first statement runs (ECMA-262, section 14.2.3)."""
    for statement in statements:
        declared = statement
        if statement.type == "export_statement":
            declared = statement.get("declaration") or statement.get("value") or statement
        if declared.type in _FUNCTION_DECLARATIONS and (name := declared.get("name")) is not None:
            machine.declare(scope, name.text, function_of(machine, declared, scope))


def declare_all(node: Node) -> Iterator[str]:
    """Yield the names that a declaration declares."""
    if node.type in _DECLARATIONS:
        for declarator in node.kids:
            name = declarator.get("name") if declarator.type == "variable_declarator" else None
            if name is not None:
                yield from _pattern_names(name)
    elif (name := node.get("name")) is not None:
        yield name.text


def _pattern_names(pattern: Node) -> Iterator[str]:
    if pattern.type in {"identifier", "shorthand_property_identifier_pattern"}:
        yield pattern.text
    elif pattern.type == "pair_pattern":
        value = pattern.get("value")
        if value is not None:
            yield from _pattern_names(value)
    elif pattern.type in {"object_assignment_pattern", "assignment_pattern"}:
        left = pattern.get("left")
        if left is not None:
            yield from _pattern_names(left)
    else:
        for kid in pattern.kids:
            yield from _pattern_names(kid)


# -- patterns


def assign_pattern(
    machine: Machine, pattern: Node, value: Value, target: Scope, scope: Scope, *, declares: bool = False
) -> None:
    """Bind the names of a pattern to the parts of a value.

    Args:
        machine: the evaluation.
        pattern: an identifier, a member, or a destructuring pattern.
        value: what is taken apart.
        target: the scope that declares the names.
        scope: the scope in which defaults and keys are evaluated.
        declares: whether the names are new.
    """
    kind = pattern.type
    if kind in {"identifier", "shorthand_property_identifier_pattern", "undefined"}:
        if declares:
            machine.declare(target, pattern.text, value)
        else:
            assign_to(machine, pattern, value, scope)
    elif kind in {"assignment_pattern", "object_assignment_pattern"}:
        left, right = pattern.get("left"), pattern.get("right")
        assert left is not None
        assert right is not None
        assign_pattern(machine, left, defaulted(machine, value, right, scope), target, scope, declares=declares)
    elif kind in {"object_pattern", "object"}:
        _assign_object(machine, pattern, machine.resolved(value), target, scope, declares=declares)
    elif kind in {"array_pattern", "array"}:
        _assign_array(machine, pattern, machine.resolved(value), target, scope, declares=declares)
    elif kind == "rest_pattern":
        assign_pattern(machine, pattern.kids[0], value, target, scope, declares=declares)
    elif kind in _DECLARATIONS:
        for declarator in pattern.kids:
            name = declarator.get("name")
            if name is not None:
                assign_pattern(machine, name, value, target, scope, declares=True)
    else:
        assign_to(machine, pattern, value, scope)


def defaulted(machine: Machine, value: Value, default: Node, scope: Scope) -> Value:
    """Return a value, or what its default gives where it is, or may be, missing."""
    if value is UNDEFINED:
        return machine.evaluate(default, scope)
    if isinstance(value, Opaque):
        known = [("", value)]
    elif isinstance(value, Either) and any(option is UNDEFINED for _, option in alternatives(value)):
        known = [(condition, option) for condition, option in alternatives(value) if option is not UNDEFINED]
    else:
        return value
    # What is not known may be missing: the default serves as a value, where it is one and no complaint.
    other = machine.branches(
        [("", lambda: machine.evaluate(default, scope)), ("", lambda: None)], leaves=lambda _: False
    )[0]
    return either(*known, ("", other)) if other is not None else either(*known)


def _assign_object(
    machine: Machine, pattern: Node, value: Value, target: Scope, scope: Scope, *, declares: bool
) -> None:
    taken: set[str] = set()
    for part in pattern.kids:
        if part.type in {"rest_pattern", "spread_element"}:
            assign_pattern(machine, part.kids[0], _without(value, taken), target, scope, declares=declares)
            continue
        default: Node | None = None
        inner = part
        if part.type in {"pair_pattern", "pair"}:
            key_node, named = part.get("key"), part.get("value")
            assert key_node is not None
            assert named is not None
            key, inner = property_name(machine, key_node, scope), named
        elif part.type in {"object_assignment_pattern", "assignment_pattern"}:
            left, default = part.get("left"), part.get("right")
            assert left is not None
            key, inner = left.text, left
        else:
            key = part.text
        if isinstance(key, str):
            taken.add(key)
            got = machine.member(value, key, part)
        else:
            got = Opaque("a member")
        if default is not None:
            got = defaulted(machine, got, default, scope)
        assign_pattern(machine, inner, got, target, scope, declares=declares)


def _without(value: Value, taken: set[str]) -> Value:
    if not isinstance(value, ObjectValue):
        return value if isinstance(value, Opaque) else ObjectValue()
    rest = ObjectValue({name: member for name, member in value.props.items() if name not in taken})
    rest.is_open = value.may_have_more
    return rest


def _assign_array(
    machine: Machine, pattern: Node, value: Value, target: Scope, scope: Scope, *, declares: bool
) -> None:
    from dtma_contract.discovery.express.statements import iterated  # noqa: PLC0415 - statements need patterns

    options = [option for _, option in alternatives(value)]
    items: list[Value] | None = None
    is_open = True
    if len(options) == 1 and isinstance(options[0], ObjectValue):
        items = [item for _, item in iterated(machine, options[0], pattern)]
        is_open = options[0].is_open
    position = 0
    for part, skipped in _elements(pattern):
        position += skipped
        if part.type in {"rest_pattern", "spread_element"}:
            rest = ArrayValue(items[position:], is_open=is_open) if items is not None else value
            assign_pattern(machine, part.kids[0], rest, target, scope, declares=declares)
            break
        if items is not None and position < len(items):
            got = items[position]
        elif items is not None and not is_open:
            got = UNDEFINED
        elif len(options) > 1:
            got = either(*(("", machine.member(option, str(position), part)) for option in options))
        else:
            got = (
                options[0].derived(f"{options[0].origin}[{position}]")
                if isinstance(options[0], Opaque)
                else Opaque("an item")
            )
        assign_pattern(machine, part, got, target, scope, declares=declares)
        position += 1


def _elements(pattern: Node) -> Iterator[tuple[Node, int]]:
    """Yield the elements of an array pattern, each with how many empty places stand before it."""
    text = pattern.text
    if ", ," not in text and ",," not in text and not text.startswith(("[,", "[ ,")):
        yield from ((kid, 0) for kid in pattern.kids)
        return
    content, last = pattern.file.content, pattern.start + 1
    for index, kid in enumerate(pattern.kids):
        commas = content[last : kid.start].count(b",")
        yield kid, commas - (1 if index else 0)
        last = kid.end


def assign_to(machine: Machine, place: Node, value: Value, scope: Scope) -> None:
    """Store a value in an existing name or member."""
    from dtma_contract.discovery.express.language import store_member  # noqa: PLC0415 - it needs this module's machine

    if place.type in {"identifier", "shorthand_property_identifier_pattern"}:
        holder = scope.holder(place.text)
        store = machine.declare if holder is not None and _is_local(holder, scope) else machine.assign
        store(holder or machine.globals, place.text, machine.named(value, place))
    elif place.type == "member_expression":
        target, name = place.get("object"), place.get("property")
        assert target is not None
        assert name is not None
        store_member(machine, machine.evaluate(target, scope), name.text, machine.named(value, name), place)
    elif place.type == "subscript_expression":
        target, index = place.get("object"), place.get("index")
        assert target is not None
        assert index is not None
        store_member(machine, machine.evaluate(target, scope), machine.evaluate(index, scope), value, place)
    elif place.type in {"object", "array", "object_pattern", "array_pattern", "assignment_pattern"}:
        assign_pattern(machine, place, value, scope, scope)


def _is_local(holder: Scope, scope: Scope) -> bool:
    """Return whether a scope belongs to the call under way."""
    inner: Scope | None = scope
    while inner is not None and inner is not holder:
        if inner.is_function:
            return False
        inner = inner.parent
    return True


def property_name(machine: Machine, node: Node, scope: Scope) -> Value:
    """Return the name that a key of an object, a class or a pattern stands for."""
    if node.type in {
        "property_identifier",
        "private_property_identifier",
        "identifier",
        "shorthand_property_identifier",
    }:
        return node.text
    if node.type == "computed_property_name":
        key = machine.evaluate(node.kids[0], scope)
        if isinstance(key, int | float) and not isinstance(key, bool):
            return str(int(key)) if key == int(key) else str(key)
        return key
    if node.type == "string":
        return "".join(unescape(kid.text) if kid.type == "escape_sequence" else kid.text for kid in node.kids)
    return node.text


def define_enum(machine: Machine, node: Node, scope: Scope) -> ObjectValue:
    """Return the object that a TypeScript enum stands for."""
    made = ObjectValue()
    inner = Scope(scope)
    number: Value = 0
    body = node.get("body")
    for member in body.kids if body is not None else []:
        if member.type == "enum_assignment":
            name_node, value_node = member.get("name"), member.get("value")
            assert name_node is not None
            assert value_node is not None
            name, number = property_name(machine, name_node, inner), machine.evaluate(value_node, inner)
        else:
            name = property_name(machine, member, inner)
        if not isinstance(name, str):
            continue
        made.props[name] = inner.names[name] = number
        if isinstance(number, int) and not isinstance(number, bool):
            made.props[str(number)] = name
            number = number + 1
        elif not isinstance(number, str | Text):
            number = NULL
    return made
