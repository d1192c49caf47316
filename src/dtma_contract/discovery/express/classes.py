"""Classes: what they declare, what their decorators are called with, and what instantiating them does."""

from __future__ import annotations

from dtma_contract.discovery.express.declarations import function_of, property_name
from dtma_contract.discovery.express.machine import Machine
from dtma_contract.discovery.express.syntax import Node
from dtma_contract.discovery.express.unknown_calls import call_unknown
from dtma_contract.discovery.express.values import (
    UNDEFINED,
    Accessor,
    FunctionValue,
    NativeFunction,
    Nothing,
    ObjectValue,
    Opaque,
    Scope,
    Value,
    alternatives,
    either,
)

__all__ = ["construct_into", "define_class", "define_method", "initialise_fields", "instantiate"]

# `instance.constructor` is the class; what it runs stands aside under this name.
_CONSTRUCTOR = "%constructor"


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
        if isinstance(parent, NativeFunction) and parent.name == "EventEmitter":
            made.prototype().proto = parent.props["prototype"]
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
        is_getter = "get" in node.marks
        machine.write(
            holder, name, Accessor(function, accessor.setter) if is_getter else Accessor(accessor.getter, function)
        )
    else:
        machine.write(holder, name, function)


def _define_field(machine: Machine, node: Node, holder: ObjectValue, scope: Scope) -> None:
    name_node, value_node = node.get("name"), node.get("value")
    # What is abstract or only declared is a type.
    if name_node is None or not {"declare", "abstract"}.isdisjoint(node.marks):
        return
    name = property_name(machine, name_node, scope)
    if not isinstance(name, str):
        return
    if value_node is None:
        _define_empty(machine, node, holder, name)
        return
    value = machine.named(machine.evaluate(value_node, scope), name_node)
    machine.write(holder, name, value)


def _define_empty(machine: Machine, node: Node, holder: ObjectValue, name: str) -> None:
    """Define a field without a value: a compiler leaves it out, or makes it a member that hides an inherited one."""
    inherited = holder.proto.find(name) if holder.proto is not None and name not in holder.props else None
    is_decorated = any(kid.type == "decorator" for kid in node.kids)
    defines = None if is_decorated else machine.defines_fields(node.file.path)
    if inherited is None or defines:
        # Declared for its type: a constructor or an injector may set it.
        holder.props.setdefault(name, UNDEFINED)
    elif defines is None and isinstance(inherited, Accessor):
        # Either reading may hold; what is written is a member of its own in both that matter.
        def get(this: Value, arguments: list[Value], site: Node) -> Value:
            return either(("", machine.got(inherited, this, site)), ("", UNDEFINED))

        def put(this: Value, arguments: list[Value], site: Node) -> Value:
            if isinstance(this, ObjectValue) and arguments:
                machine.write(this, name, arguments[0])
            return UNDEFINED

        holder.props[name] = Accessor(NativeFunction(name, get), NativeFunction(name, put))


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
                call_unknown(machine, made, UNDEFINED, arguments, node)
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
