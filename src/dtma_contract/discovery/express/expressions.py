"""What expressions stand for."""

from __future__ import annotations

from collections.abc import Callable

from dtma_contract.discovery.express.classes import construct_into, define_class, define_method, initialise_fields
from dtma_contract.discovery.express.conditions import condition_of, sides_of
from dtma_contract.discovery.express.declarations import assign_to, function_of, property_name
from dtma_contract.discovery.express.language import call_member, member_of
from dtma_contract.discovery.express.machine import Machine
from dtma_contract.discovery.express.operators import as_text, binary, negation, signed, type_name
from dtma_contract.discovery.express.statements import iterated
from dtma_contract.discovery.express.syntax import Node, unescape
from dtma_contract.discovery.express.values import (
    NULL,
    UNDEFINED,
    ArrayValue,
    DefaultText,
    Either,
    FunctionValue,
    Link,
    Nothing,
    ObjectValue,
    Opaque,
    PatternValue,
    PromiseValue,
    Scope,
    Value,
    either,
    truth,
)

__all__ = ["EVALUATORS", "merge_into", "spread_into"]

_MAX_DOUBTFUL = 60
# What other hosts of the language bring, and Node does not.
_NOT_IN_NODE = {"define", "window", "document", "self", "importScripts", "XMLHttpRequest", "Deno", "Bun"}
_VERBS = {"get", "post", "put", "delete", "patch", "all", "use", "route", "head", "options", "del"}


def _identifier(machine: Machine, node: Node, scope: Scope) -> Value:
    name = node.text
    if name in machine.helpers:
        # What compilers put into every file is known, however it is written there.
        return machine.helpers[name]
    holder = scope.holder(name)
    if holder is not None:
        value = holder.names[name]
        return machine.read(value) if isinstance(value, Link) else value
    if name == "undefined":
        return UNDEFINED
    return Opaque(name)


def _string(machine: Machine, node: Node, scope: Scope) -> Value:
    if node.cache is None:
        node.cache = "".join(unescape(kid.text) if kid.type == "escape_sequence" else kid.text for kid in node.kids)
    return node.cache


def _template(machine: Machine, node: Node, scope: Scope) -> Value:
    value: Value = ""
    for kid in node.kids:
        if kid.type == "template_substitution":
            piece = machine.evaluate(kid.kids[0], scope) if kid.kids else ""
            value = binary("+", value, as_text(machine.resolved(piece)))
        else:
            value = binary("+", value, unescape(kid.text) if kid.type == "escape_sequence" else kid.text)
    return value


def _number(machine: Machine, node: Node, scope: Scope) -> Value:
    text = node.text.replace("_", "").rstrip("n")
    try:
        return int(text, 0)
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return Opaque(text)
    return int(number) if number.is_integer() else number


def _regex(machine: Machine, node: Node, scope: Scope) -> Value:
    pattern, flags = node.get("pattern"), node.get("flags")
    return PatternValue(pattern.text if pattern is not None else "", flags.text if flags is not None else "")


def _this(machine: Machine, node: Node, scope: Scope) -> Value:
    holder = scope.holder("this")
    return holder.names["this"] if holder is not None else UNDEFINED


def _array(machine: Machine, node: Node, scope: Scope) -> Value:
    made = ArrayValue()
    for kid in node.kids:
        if kid.type == "spread_element":
            spread_into(machine, made, machine.evaluate(kid.kids[0], scope), kid)
        else:
            made.items.append(machine.evaluate(kid, scope))
    return made


def spread_into(machine: Machine, made: ArrayValue, source: Value, node: Node) -> None:
    """Append what a spread gives; items of an unknown one are unknown."""
    source = machine.resolved(source)
    if isinstance(source, Opaque):
        made.is_open = True
        return
    doubtful = 0
    for condition, item in iterated(machine, source, node):
        if len(made.items) > machine.limits.items:
            made.is_open = True
            break
        doubtful += bool(condition)
        if doubtful > _MAX_DOUBTFUL:
            # What may be there doubles with every spread of a spread.
            made.is_open = True
            break
        if isinstance(item, Opaque) and item.origin.startswith("an item"):
            made.is_open = True
        else:
            made.items.append(either((condition, item)) if condition else item)


def _object(machine: Machine, node: Node, scope: Scope) -> Value:
    made = ObjectValue()
    for kid in node.kids:
        if kid.type == "pair":
            key_node, value_node = kid.get("key"), kid.get("value")
            assert key_node is not None
            assert value_node is not None
            key = property_name(machine, key_node, scope)
            value = machine.named(machine.evaluate(value_node, scope), key_node)
            if isinstance(key, str):
                made.props[key] = value
            else:
                made.is_open = True
                made.rest.append(value)
        elif kid.type == "shorthand_property_identifier":
            made.props[kid.text] = _identifier(machine, kid, scope)
        elif kid.type == "method_definition":
            define_method(machine, kid, made, scope)
        elif kid.type == "spread_element":
            merge_into(machine, made, machine.resolved(machine.evaluate(kid.kids[0], scope)), kid)
    return made


def merge_into(machine: Machine, made: ObjectValue, source: Value, node: Node) -> None:
    """Copy the members of a value; those of an unknown one are unknown."""
    if isinstance(source, Either):
        for condition, option in source.options:
            if isinstance(option, ObjectValue):
                for name, member in option.props.items():
                    known = made.props.get(name, UNDEFINED)
                    made.props[name] = either((condition, machine.got(member, option, node)), ("", known))
                made.is_open = made.is_open or option.is_open
            elif not isinstance(option, Nothing | bool | str):
                made.is_open = True
    elif isinstance(source, ObjectValue):
        for name, member in list(source.props.items()):
            made.props[name] = machine.got(member, source, node)
        if isinstance(source, ArrayValue):
            made.props |= {str(position): item for position, item in enumerate(source.items)}
        made.is_open = made.is_open or source.is_open
        made.rest += source.rest
    elif not isinstance(source, Nothing | bool | str | int | float):
        made.is_open = True


def _function(machine: Machine, node: Node, scope: Scope) -> Value:
    return function_of(machine, node, scope)


def _member(machine: Machine, node: Node, scope: Scope) -> Value:
    holder_node, name = node.get("object"), node.get("property")
    assert holder_node is not None
    assert name is not None
    if holder_node.type == "super":
        return _super_member(machine, name.text, scope, node)
    holder = machine.evaluate(holder_node, scope)
    if isinstance(holder, Nothing) and node.get("optional_chain") is not None:
        return UNDEFINED
    return member_of(machine, holder, name.text, node)


def _super_member(machine: Machine, name: str, scope: Scope, node: Node) -> Value:
    home, this = scope.holder("%home"), _this(machine, node, scope)
    holder = home.names["%home"] if home is not None else None
    if isinstance(holder, ObjectValue) and holder.proto is not None:
        found = holder.proto.find(name)
        if found is not None:
            return machine.got(found, this, node)
    return Opaque(f"super.{name}")


def _subscript(machine: Machine, node: Node, scope: Scope) -> Value:
    holder_node, index = node.get("object"), node.get("index")
    assert holder_node is not None
    assert index is not None
    holder = machine.evaluate(holder_node, scope)
    key = machine.evaluate(index, scope)
    return member_of(machine, holder, key, node)


def _arguments(machine: Machine, node: Node | None, scope: Scope) -> list[Value]:
    if node is None:
        return []
    if node.type != "arguments":
        # A tagged template.
        return [Opaque("a template")]
    made = ArrayValue()
    for kid in node.kids:
        if kid.type == "spread_element":
            spread_into(machine, made, machine.evaluate(kid.kids[0], scope), kid)
            if made.is_open:
                made.items.append(Opaque(f"...{kid.kids[0].text[:60]}"))
                made.is_open = False
        else:
            made.items.append(machine.evaluate(kid, scope))
    return made.items


def _call(machine: Machine, node: Node, scope: Scope) -> Value:
    callee_node, arguments_node = node.get("function"), node.get("arguments")
    assert callee_node is not None
    kind = callee_node.type
    if kind == "import":
        specifier = _arguments(machine, arguments_node, scope)
        return PromiseValue(_imported(machine, specifier, node))
    if kind == "super":
        return _super_call(machine, _arguments(machine, arguments_node, scope), scope, node)
    if kind in {"member_expression", "subscript_expression"}:
        return _method_call(machine, callee_node, arguments_node, scope, node)
    callee = machine.evaluate(callee_node, scope)
    if isinstance(callee, Nothing) and "?." in [kid.type for kid in node.kids] + node.marks:
        return UNDEFINED
    # `(0, x_1.default)()` calls without a receiver.
    return machine.call(callee, UNDEFINED, _arguments(machine, arguments_node, scope), node)


def _imported(machine: Machine, arguments: list[Value], node: Node) -> Value:
    specifier = as_text(arguments[0]) if arguments else UNDEFINED
    if isinstance(specifier, DefaultText):
        machine.problem(node, f"`{condition_of(node)}` may load another module than by default")
    if isinstance(specifier, str):
        # What is not awaited fails on its own, and whoever holds the promise may catch that.
        is_awaited = node.file.content[: node.start].rstrip().endswith(b"await")
        machine.unsure += not is_awaited
        try:
            return machine.load(node.file.path, specifier, node)
        finally:
            machine.unsure -= not is_awaited
    machine.problem(node, f"which module `{condition_of(node)}` imports is not known")
    return Opaque(condition_of(node), unresolved="a module that is not known")


def _super_call(machine: Machine, arguments: list[Value], scope: Scope, node: Node) -> Value:
    home, this = scope.holder("%home"), _this(machine, node, scope)
    prototype = home.names["%home"] if home is not None else None
    made = prototype.props.get("constructor") if isinstance(prototype, ObjectValue) else None
    if not isinstance(made, FunctionValue) or not isinstance(this, ObjectValue):
        return UNDEFINED
    construct_into(machine, made.parent, this, arguments, node)
    initialise_fields(machine, made, this)
    return UNDEFINED


def _method_call(machine: Machine, callee: Node, arguments_node: Node | None, scope: Scope, node: Node) -> Value:
    holder_node = callee.get("object")
    assert holder_node is not None
    name: Value
    index = callee.get("index")
    if callee.type == "member_expression":
        name_node = callee.get("property")
        assert name_node is not None
        name = name_node.text
    else:
        assert index is not None
        name = ...
    if holder_node.type == "super":
        arguments = _arguments(machine, arguments_node, scope)
        return machine.call(
            _super_member(machine, str(name), scope, node), _this(machine, node, scope), arguments, node
        )
    holder = machine.evaluate(holder_node, scope)
    if index is not None and name is ...:
        name = machine.evaluate(index, scope)
    if name in _VERBS if isinstance(name, str) else True:
        machine.visited.add((node.file.path, node.start))
    if isinstance(holder, Nothing) and callee.get("optional_chain") is not None:
        return UNDEFINED
    if "?." in node.marks and isinstance(member_of(machine, holder, name, node), Nothing):
        return UNDEFINED
    arguments = _arguments(machine, arguments_node, scope)
    return call_member(machine, holder, name, arguments, node)


def _new(machine: Machine, node: Node, scope: Scope) -> Value:
    constructor = node.get("constructor")
    assert constructor is not None
    made = machine.evaluate(constructor, scope)
    return machine.construct(made, _arguments(machine, node.get("arguments"), scope), node)


def _assignment(machine: Machine, node: Node, scope: Scope) -> Value:
    left, right = node.get("left"), node.get("right")
    assert left is not None
    assert right is not None
    value = machine.evaluate(right, scope)
    assign_to(machine, left, value, scope)
    return value


def _augmented(machine: Machine, node: Node, scope: Scope) -> Value:
    left, right = node.get("left"), node.get("right")
    assert left is not None
    assert right is not None
    sign = next((kid.type for kid in node.all("operator")), "") or next(
        (m for m in node.marks if m.endswith("=")), "+="
    )
    before = machine.evaluate(left, scope)
    if sign in {"||=", "&&=", "??="}:
        value = _choice(machine, sign[:2], before, right, left, scope)
    else:
        value = binary(sign[:-1], before, machine.evaluate(right, scope))
    assign_to(machine, left, value, scope)
    return value


def _sign(node: Node) -> str:
    return next((mark for mark in node.marks if mark not in {"(", ")"}), "")


def _binary(machine: Machine, node: Node, scope: Scope) -> Value:
    left, right, sign = node.get("left"), node.get("right"), _sign(node)
    assert left is not None
    assert right is not None
    if left.type == "private_property_identifier":
        return Opaque("a membership")
    before = machine.evaluate(left, scope)
    if sign in {"||", "&&", "??"}:
        return _choice(machine, sign, before, right, left, scope)
    return binary(sign, before, machine.evaluate(right, scope))


def _choice(machine: Machine, sign: str, before: Value, right: Node, left: Node, scope: Scope) -> Value:
    """Return what a short-circuit operator gives; its right side runs only where the left one asks for it."""
    if sign == "??":
        decided = None if isinstance(before, Opaque | Either) else not isinstance(before, Nothing)
    else:
        decided = truth(before)
    if decided is not None:
        with machine.end.chosen():
            return machine.evaluate(right, scope) if decided == (sign == "&&") else before
    condition = condition_of(left)
    if sign == "&&":
        value = machine.branches(
            [(condition, lambda: machine.evaluate(right, scope)), ("", lambda: None)], leaves=lambda _: False
        )[0]
        return Either(((condition, value if value is not None else UNDEFINED),))
    # A default serves as a value, and never decides a branch.
    value = machine.branches(
        [("", lambda: machine.evaluate(right, scope)), ("", lambda: None)], leaves=lambda _: False
    )[0]
    if isinstance(before, Either):
        kept = [(c, o) for c, o in before.options if not isinstance(o, Nothing) and truth(o) is not False]
        before = either(*kept) if kept else before
    return either(("", before), ("", value if value is not None else UNDEFINED))


def _unary(machine: Machine, node: Node, scope: Scope) -> Value:
    operand = node.get("argument")
    assert operand is not None
    sign = _sign(node)
    value = machine.evaluate(operand, scope)
    if sign == "!":
        return negation(value)
    if sign == "typeof":
        if isinstance(value, Opaque) and operand.type == "identifier" and scope.holder(operand.text) is None:
            return "undefined" if operand.text in _NOT_IN_NODE else Opaque("typeof")
        return type_name(value)
    if sign == "void":
        return UNDEFINED
    if sign == "delete":
        return True
    return signed(sign, value)


def _update(machine: Machine, node: Node, scope: Scope) -> Value:
    place = node.get("argument")
    assert place is not None
    before = machine.evaluate(place, scope)
    after = (
        binary("+", before, 1 if "++" in node.marks else -1) if isinstance(before, int | float) else Opaque("a count")
    )
    assign_to(machine, place, after, scope)
    return after if node.marks and node.text.startswith(("++", "--")) else before


def _ternary(machine: Machine, node: Node, scope: Scope) -> Value:
    test, then, other = node.get("condition"), node.get("consequence"), node.get("alternative")
    assert test is not None
    assert then is not None
    assert other is not None
    decided = truth(machine.evaluate(test, scope))
    if decided is not None:
        with machine.end.chosen():
            return machine.evaluate(then if decided else other, scope)
    condition, opposite = sides_of(test)
    sides: list[tuple[str, Callable[[], Value]]] = [
        (condition, lambda: machine.evaluate(then, scope)),
        (opposite, lambda: machine.evaluate(other, scope)),
    ]
    results = machine.branches(sides, leaves=lambda _: False)
    got = [(label, result) for (label, _), result in zip(sides, results, strict=True) if result is not None]
    return either(*got) if got else UNDEFINED


def _sequence(machine: Machine, node: Node, scope: Scope) -> Value:
    value: Value = UNDEFINED
    for kid in node.kids:
        value = machine.evaluate(kid, scope)
    return value


def _await(machine: Machine, node: Node, scope: Scope) -> Value:
    return machine.resolved(machine.evaluate(node.kids[0], scope)) if node.kids else UNDEFINED


def _yield(machine: Machine, node: Node, scope: Scope) -> Value:
    value = machine.evaluate(node.kids[0], scope) if node.kids else UNDEFINED
    if "*" in node.marks and isinstance(value, ArrayValue):
        machine.frames[-1].yielded += value.items
    else:
        machine.frames[-1].yielded.append(value)
    # A coroutine driver sends back what a yielded promise resolves to.
    return machine.resolved(value)


def _meta(machine: Machine, node: Node, scope: Scope) -> Value:
    if node.text.startswith("import"):
        path = f"/{node.file.path}"
        folder = path.rpartition("/")[0]
        script = machine.member(machine.member(machine.globals.names["process"], "argv", node), "1", node)
        is_main = binary("===", path, script)
        meta = ObjectValue({"url": f"file://{path}", "dirname": folder or "/", "filename": path, "main": is_main})
        meta.is_open = True
        return meta
    return Opaque(node.text)


def _class(machine: Machine, node: Node, scope: Scope) -> Value:
    return define_class(machine, node, scope)


EVALUATORS = {
    "identifier": _identifier,
    "shorthand_property_identifier": _identifier,
    "undefined": lambda machine, node, scope: UNDEFINED,
    "null": lambda machine, node, scope: NULL,
    "true": lambda machine, node, scope: True,
    "false": lambda machine, node, scope: False,
    "string": _string,
    "template_string": _template,
    "number": _number,
    "regex": _regex,
    "this": _this,
    "array": _array,
    "object": _object,
    "arrow_function": _function,
    "function_expression": _function,
    "function": _function,
    "generator_function": _function,
    "class": _class,
    "member_expression": _member,
    "subscript_expression": _subscript,
    "call_expression": _call,
    "new_expression": _new,
    "assignment_expression": _assignment,
    "augmented_assignment_expression": _augmented,
    "binary_expression": _binary,
    "unary_expression": _unary,
    "update_expression": _update,
    "ternary_expression": _ternary,
    "sequence_expression": _sequence,
    "await_expression": _await,
    "yield_expression": _yield,
    "meta_property": _meta,
    "parenthesized_expression": _sequence,
    "jsx_element": lambda machine, node, scope: Opaque("markup"),
    "jsx_self_closing_element": lambda machine, node, scope: Opaque("markup"),
}
