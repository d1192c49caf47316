"""What functions, classes, enums and patterns declare, and what calling and instantiating them does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dtma_contract.discovery.express.machine import NORMAL, THROW, Frame, Machine
from dtma_contract.discovery.express.syntax import Node, unescape
from dtma_contract.discovery.express.values import (
    NULL,
    UNDEFINED,
    Accessor,
    ArrayValue,
    Either,
    FunctionValue,
    Nothing,
    ObjectValue,
    Opaque,
    PromiseValue,
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
    "define_class",
    "define_enum",
    "define_method",
    "enter",
    "function_of",
    "hoist",
    "instantiate",
    "property_name",
]

_FUNCTION_DECLARATIONS = {"function_declaration", "generator_function_declaration"}
_CONSTRUCTOR = "%constructor"
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
        assign_pattern(machine, left, _defaulted(machine, value, right, scope), target, scope, declares=declares)
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


def _defaulted(machine: Machine, value: Value, default: Node, scope: Scope) -> Value:
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
            got = _defaulted(machine, got, default, scope)
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


# -- functions


def enter(
    machine: Machine, function: FunctionValue, this: Value, arguments: list[Value] | None, frame: Frame, site: Node
) -> Value:
    """Run the body of a function and return what it gives.

    Args:
        machine: the evaluation.
        function: what is called.
        this: its receiver.
        arguments: its arguments, or None where all of them are unknown.
        frame: of the call.
        site: the call.
    """
    node = function.node
    if function.is_class:
        return instantiate(machine, function, arguments or [], site)
    scope = Scope(function.scope, is_function=True)
    if node.type != "arrow_function":
        scope.names["this"] = this
        scope.names["arguments"] = ArrayValue(list(arguments or []), is_open=arguments is None)
        if function.home is not None:
            scope.names["%home"] = function.home
        own = node.get("name")
        if node.type in {"function_expression", "generator_function"} and own is not None:
            scope.names[own.text] = function
    _bind_parameters(machine, node, arguments, scope, this)
    body = node.get("body")
    if body is None:
        return UNDEFINED
    is_async = "async" in node.marks
    if body.type != "statement_block":
        value = machine.evaluate(body, scope)
        return PromiseValue(machine.resolved(value)) if is_async else value
    statements = body.kids
    hoist(machine, statements, scope)
    bits = machine.block(statements, scope)
    if "*" in node.marks:
        return ArrayValue(frame.yielded) if not frame.returned else _generated(frame)
    if bits == THROW:
        # A service that starts throws nothing on its way: what leads here was not followed well enough.
        return PromiseValue(Opaque("an error")) if is_async else Opaque("an error")
    returned = [*frame.returned, *([("", UNDEFINED)] if bits & NORMAL and frame.returned else [])]
    value = either(*returned) if returned else UNDEFINED
    return PromiseValue(machine.resolved(value)) if is_async else value


def _generated(frame: Frame) -> Value:
    result = ArrayValue(frame.yielded)
    # What drives a generator as a coroutine wants what it returns.
    result.props["%returned"] = either(*frame.returned)
    return result


def _bind_parameters(machine: Machine, node: Node, arguments: list[Value] | None, scope: Scope, this: Value) -> None:
    single = node.get("parameter")
    parameters = (
        [single] if single is not None else (node.get("parameters") or node).kids if node.get("parameters") else []
    )
    position = 0
    for parameter in parameters:
        pattern, default = parameter, None
        if parameter.type in {"required_parameter", "optional_parameter"}:
            named = parameter.get("pattern")
            if named is None or named.type == "this":
                continue
            pattern, default = named, parameter.get("value")
        elif parameter.type == "assignment_pattern":
            left = parameter.get("left")
            assert left is not None
            pattern, default = left, parameter.get("right")
        if pattern.type == "rest_pattern":
            rest = ArrayValue(list(arguments[position:])) if arguments is not None else ArrayValue(is_open=True)
            assign_pattern(machine, pattern.kids[0], rest, scope, scope, declares=True)
            break
        if arguments is None:
            value: Value = Opaque(pattern.text[:60])
        else:
            value = arguments[position] if position < len(arguments) else UNDEFINED
        if default is not None:
            value = _defaulted(machine, value, default, scope)
        assign_pattern(machine, pattern, value, scope, scope, declares=True)
        # A parameter property of TypeScript: `constructor(private app: Application)`.
        if (
            any(kid.type in {"accessibility_modifier", "override_modifier"} for kid in parameter.kids)
            or "readonly" in parameter.marks
        ):
            if isinstance(this, ObjectValue) and pattern.type == "identifier":
                machine.write(this, pattern.text, value)
        position += 1


# -- classes


def define_class(machine: Machine, node: Node, scope: Scope) -> Value:
    """Return the class that a node declares, its static members and its decorators applied."""
    name = node.get("name")
    inner = Scope(scope)
    made = FunctionValue(node, inner, name.text if name is not None else "")
    made.is_class = True
    if name is not None:
        inner.names[name.text] = made
    heritage = next((kid for kid in node.kids if kid.type == "class_heritage"), None)
    prototype = made.prototype()
    if heritage is not None:
        clause = next((kid for kid in heritage.kids if kid.type == "extends_clause"), heritage)
        parent_node = clause.get("value") or (clause.kids[0] if clause.kids and clause is heritage else None)
        if parent_node is not None and parent_node.type != "implements_clause":
            _inherit(machine, made, machine.evaluate(parent_node, scope))
    body = node.get("body")
    statics: list[Node] = []
    decorated: list[tuple[list[Node], Node]] = []
    waiting: list[Node] = []
    for part in body.kids if body is not None else []:
        if part.type == "decorator":
            waiting.append(part)
            continue
        own = [kid for kid in part.kids if kid.type == "decorator"]
        if waiting or own:
            decorated.append(([*waiting, *own], part))
            waiting = []
        if part.type == "method_definition":
            part_name = part.get("name")
            if part_name is not None and part_name.text == "constructor":
                # `instance.constructor` is the class; what it runs stands aside.
                prototype.props[_CONSTRUCTOR] = function_of(machine, part, inner, made.name, prototype)
            else:
                define_method(machine, part, made if "static" in part.marks else prototype, inner)
        elif part.type in {"public_field_definition", "field_definition"}:
            (statics if "static" in part.marks else made.fields).append(part)
        elif part.type == "class_static_block":
            statics.append(part)
    for part in statics:
        static_scope = Scope(inner, is_function=True)
        static_scope.names["this"] = made
        static_scope.names["%home"] = made
        if part.type == "class_static_block":
            block = part.get("body")
            if block is not None:
                machine.execute(block, static_scope)
        else:
            _define_field(machine, part, made, static_scope)
    decorators = [kid for kid in node.kids if kid.type == "decorator"]
    return _decorate(machine, made, decorated, decorators, inner)


def _inherit(machine: Machine, made: FunctionValue, parent: Value) -> None:
    parents = [option for _, option in alternatives(parent) if isinstance(option, FunctionValue)]
    if parents:
        made.parent = parents[0]
        made.proto = parents[0]
        made.prototype().proto = parents[0].prototype()
    elif not isinstance(parent, Nothing):
        made.parent = parent
        made.is_open = True
        made.prototype().is_open = True


def _decorate(
    machine: Machine,
    made: FunctionValue,
    members: list[tuple[list[Node], Node]],
    decorators: list[Node],
    scope: Scope,
) -> Value:
    for nodes, member in members:
        name_node = member.get("name")
        if name_node is None:
            continue
        name = property_name(machine, name_node, scope)
        holder: ObjectValue = made if "static" in member.marks else made.prototype()
        for node in reversed(nodes):
            decorator = machine.evaluate(node.kids[0], scope)
            if isinstance(decorator, Opaque):
                machine.hands_out(made)
                continue
            descriptor = ObjectValue({"value": holder.find(name) or UNDEFINED if isinstance(name, str) else UNDEFINED})
            machine.call(decorator, UNDEFINED, [holder, name, descriptor], node)
    value: Value = made
    for node in reversed(decorators):
        decorator = machine.evaluate(node.kids[0], scope)
        if isinstance(decorator, Opaque):
            machine.hands_out(made)
            continue
        replaced = machine.call(decorator, UNDEFINED, [value], node)
        if isinstance(replaced, FunctionValue):
            value = replaced
    return value


def define_method(machine: Machine, node: Node, holder: ObjectValue, scope: Scope) -> None:
    """Define a method or an accessor of a class or of an object literal."""
    name_node = node.get("name")
    assert name_node is not None
    name = property_name(machine, name_node, scope)
    function = function_of(machine, node, scope, name if isinstance(name, str) else "", holder)
    if not isinstance(name, str):
        holder.is_open = True
        holder.rest.append(function)
        return
    if "get" in node.marks or "set" in node.marks:
        known = holder.props.get(name)
        accessor = known if isinstance(known, Accessor) else Accessor()
        if "get" in node.marks:
            accessor = Accessor(function, accessor.setter)
        else:
            accessor = Accessor(accessor.getter, function)
        machine.write(holder, name, accessor)
    else:
        machine.write(holder, name, function)


def _define_field(machine: Machine, node: Node, holder: ObjectValue, scope: Scope) -> None:
    name_node, value_node = node.get("name"), node.get("value")
    if name_node is None or "declare" in node.marks:
        return
    name = property_name(machine, name_node, scope)
    if not isinstance(name, str):
        return
    if value_node is None:
        # Declared for its type: a constructor or an injector may set it.
        holder.props.setdefault(name, UNDEFINED)
        return
    value = machine.named(machine.evaluate(value_node, scope), name_node)
    machine.write(holder, name, value)


def instantiate(machine: Machine, made: FunctionValue, arguments: list[Value] | None, node: Node) -> Value:
    """Return what ``new`` of a class or of a constructor function gives."""
    if made.bound is not None:
        _, first = made.bound
        arguments = [*first, *(arguments or [])]
    instance = ObjectValue(proto=made.prototype())
    returned = construct_into(machine, made, instance, arguments or [], node)
    return returned if isinstance(returned, ObjectValue) else instance


def construct_into(machine: Machine, made: Value, instance: ObjectValue, arguments: list[Value], node: Node) -> Value:
    """Run the constructors of a class on an instance, the inherited ones where ``super`` calls them."""
    if not isinstance(made, FunctionValue):
        if not isinstance(made, Nothing) and made is not None:
            instance.is_open = True
            if isinstance(made, Opaque):
                machine.call_opaque(made, UNDEFINED, arguments, node)
        return UNDEFINED
    if not made.is_class:
        function = FunctionValue(made.node, made.scope, made.name, made.home)
        return machine.call(function, instance, arguments, node)
    written = made.prototype().props.get(_CONSTRUCTOR)
    if written is None and made.parent is not None:
        returned = construct_into(machine, made.parent, instance, arguments, node)
        if isinstance(returned, ObjectValue) and returned is not instance:
            return returned
    if written is None or made.parent is None:
        initialise_fields(machine, made, instance)
    if written is not None:
        return machine.call(written, instance, arguments, node)
    return UNDEFINED


def initialise_fields(machine: Machine, made: FunctionValue, instance: ObjectValue) -> None:
    """Set the fields that a class declares on an instance."""
    if not made.fields:
        return
    scope = Scope(made.scope, is_function=True)
    scope.names["this"] = instance
    scope.names["%home"] = made.prototype()
    for field in made.fields:
        _define_field(machine, field, instance, scope)


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
