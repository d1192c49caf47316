"""The functions of ``Object``, and those of ``Reflect`` with the metadata that decorators keep (reflect-metadata)."""

from __future__ import annotations

from collections.abc import Callable

from dtma_contract.discovery.express.expressions import merge_into
from dtma_contract.discovery.express.language import store_member
from dtma_contract.discovery.express.machine import Machine
from dtma_contract.discovery.express.natives import NativeCall
from dtma_contract.discovery.express.operators import as_text
from dtma_contract.discovery.express.registrations import RouterValue
from dtma_contract.discovery.express.statements import iterated
from dtma_contract.discovery.express.syntax import Node
from dtma_contract.discovery.express.values import (
    NULL,
    UNDEFINED,
    Accessor,
    ArrayValue,
    Either,
    FunctionValue,
    NativeFunction,
    Nothing,
    ObjectValue,
    Opaque,
    PatternValue,
    Value,
    alternatives,
    either,
)

__all__ = ["OBJECT_FUNCTIONS", "REFLECT_FUNCTIONS", "class_text", "has_own"]


# -- Object


def _keys(machine: Machine, arguments: list[Value], node: Node) -> Value:
    return _listed(arguments, lambda name, value: name, lambda: Opaque("a name"))


def _values(machine: Machine, arguments: list[Value], node: Node) -> Value:
    return _listed(arguments, lambda name, value: _plain(machine, value, node), lambda: Opaque("a member"))


def _entries(machine: Machine, arguments: list[Value], node: Node) -> Value:
    return _listed(
        arguments,
        lambda name, value: ArrayValue([name, _plain(machine, value, node)]),
        lambda: ArrayValue([Opaque("a name"), Opaque("a member")]),
    )


def _plain(machine: Machine, value: Value, node: Node) -> Value:
    return machine.got(value, UNDEFINED, node)


def _listed(arguments: list[Value], make: Callable[[str, Value], Value], unknown: Callable[[], Value]) -> Value:
    made = ArrayValue()
    for condition, option in alternatives(arguments[0]) if arguments else ():
        found: list[Value] = []
        if isinstance(option, ArrayValue):
            found = [make(str(position), item) for position, item in enumerate(option.items)]
            made.is_open = made.is_open or option.is_open
        elif isinstance(option, ObjectValue):
            hidden = ("@@", "%", "#")
            names = [n for n in option.props if not n.startswith(hidden) and n not in {"__esModule", "prototype"}]
            found = [make(name, option.props[name]) for name in names]
            if option.is_open:
                found.append(unknown())
        elif isinstance(option, Opaque):
            made.is_open = True
        made.items += [either((condition, item)) if condition else item for item in found]
    return made


def _assign(machine: Machine, arguments: list[Value], node: Node) -> Value:
    target = arguments[0] if arguments else UNDEFINED
    for _, option in alternatives(target):
        if isinstance(option, ObjectValue):
            machine.changed(option)
            for source in arguments[1:]:
                merge_into(machine, option, machine.read(source), node)
    return target


def _first(machine: Machine, arguments: list[Value], node: Node) -> Value:
    return arguments[0] if arguments else UNDEFINED


def _create(machine: Machine, arguments: list[Value], node: Node) -> Value:
    parent = arguments[0] if arguments else NULL
    made = ObjectValue(proto=parent if isinstance(parent, ObjectValue) else None)
    if isinstance(parent, RouterValue):
        return parent
    made.is_open = isinstance(parent, Opaque)
    if len(arguments) > 1:
        _define_all(machine, made, arguments[1], node)
    return made


def _define_property(machine: Machine, arguments: list[Value], node: Node) -> Value:
    target, name = arguments[0], as_text(arguments[1]) if len(arguments) > 1 else UNDEFINED
    if isinstance(target, ObjectValue) and isinstance(name, str) and len(arguments) > 2:  # noqa: PLR2004 - target, name, descriptor
        _define(machine, target, name, arguments[2])
    return target


def _define(machine: Machine, target: ObjectValue, name: str, descriptor: Value) -> None:
    for _, option in alternatives(descriptor):
        if isinstance(option, ObjectValue):
            if "get" in option.props:
                machine.write(target, name, Accessor(option.props["get"], option.props.get("set")))
            elif "value" in option.props:
                machine.write(target, name, option.props["value"])
        elif isinstance(option, Opaque):
            machine.write(target, name, Opaque(name))


def _define_all(machine: Machine, target: ObjectValue, descriptors: Value, node: Node) -> None:
    if isinstance(descriptors, ObjectValue):
        for name, descriptor in descriptors.props.items():
            _define(machine, target, name, descriptor)


def _define_properties(machine: Machine, arguments: list[Value], node: Node) -> Value:
    if len(arguments) > 1 and isinstance(arguments[0], ObjectValue):
        _define_all(machine, arguments[0], arguments[1], node)
    return arguments[0] if arguments else UNDEFINED


def _from_entries(machine: Machine, arguments: list[Value], node: Node) -> Value:
    made = ObjectValue()
    for _, pair in iterated(machine, arguments[0], node) if arguments else ():
        items = pair.items if isinstance(pair, ArrayValue) else []
        if len(items) > 1 and isinstance(items[0], str):
            made.props[items[0]] = items[1]
        else:
            made.is_open = True
    return made


def _prototype_of(machine: Machine, arguments: list[Value], node: Node) -> Value:
    value = arguments[0] if arguments else UNDEFINED
    if isinstance(value, ObjectValue):
        return value.proto if value.proto is not None else NULL
    return Opaque("a prototype")


def _set_prototype(machine: Machine, arguments: list[Value], node: Node) -> Value:
    if len(arguments) > 1 and isinstance(arguments[0], ObjectValue) and isinstance(arguments[1], ObjectValue):
        arguments[0].proto = arguments[1]
        if isinstance(arguments[0], FunctionValue) and isinstance(arguments[1], FunctionValue):
            arguments[0].parent = arguments[1]
    return arguments[0] if arguments else UNDEFINED


def _own_names(machine: Machine, arguments: list[Value], node: Node) -> Value:
    value = arguments[0] if arguments else UNDEFINED
    if not isinstance(value, ObjectValue):
        return ArrayValue(is_open=True)
    return ArrayValue([name for name in value.props if not name.startswith(("@@", "%", "#"))], is_open=value.is_open)


def _descriptor(machine: Machine, arguments: list[Value], node: Node) -> Value:
    holder, name = arguments[0] if arguments else UNDEFINED, arguments[1] if len(arguments) > 1 else UNDEFINED
    if isinstance(holder, ObjectValue) and isinstance(name, str) and name in holder.props:
        stored = holder.props[name]
        if isinstance(stored, Accessor):
            return ObjectValue({"get": stored.getter or UNDEFINED, "set": stored.setter or UNDEFINED})
        return ObjectValue({"value": machine.read(stored), "writable": True, "enumerable": True, "configurable": True})
    return Opaque("a descriptor") if not isinstance(holder, ObjectValue) or holder.is_open else UNDEFINED


def has_own(machine: Machine, arguments: list[Value], node: Node) -> Value:
    """Return whether an object, the first argument, has a member of its own of a name, the second."""
    holder, name = arguments[0] if arguments else UNDEFINED, arguments[1] if len(arguments) > 1 else UNDEFINED
    if isinstance(holder, ObjectValue) and isinstance(name, str) and not holder.is_open:
        return name in holder.props
    return Opaque("a membership")


def class_text(value: Value) -> Value:
    """Return what ``Object.prototype.toString`` gives (ECMA-262, section 20.1.3.6)."""
    if isinstance(value, Opaque | Either):
        return Opaque("the text of an object")
    if isinstance(value, Nothing):
        return f"[object {value.name.capitalize()}]"
    kinds = (
        (ArrayValue, "Array"), (FunctionValue | NativeFunction, "Function"), (PatternValue, "RegExp"),
        (bool, "Boolean"), (int | float, "Number"), (str, "String"),
    )  # fmt: skip
    return f"[object {next((name for kind, name in kinds if isinstance(value, kind)), 'Object')}]"


OBJECT_FUNCTIONS: dict[str, NativeCall] = {
    "keys": _keys,
    "values": _values,
    "entries": _entries,
    "assign": _assign,
    "freeze": _first,
    "seal": _first,
    "preventExtensions": _first,
    "create": _create,
    "defineProperty": _define_property,
    "defineProperties": _define_properties,
    "fromEntries": _from_entries,
    "getPrototypeOf": _prototype_of,
    "setPrototypeOf": _set_prototype,
    "getOwnPropertyNames": _own_names,
    "getOwnPropertyDescriptor": _descriptor,
    "hasOwn": has_own,
    "is": lambda machine, arguments, node: Opaque("a comparison"),
}

# -- Reflect, with the metadata that decorators keep (reflect-metadata)


def _metadata_key(arguments: list[Value], member: int) -> str:
    name = arguments[member] if len(arguments) > member else ""
    return f"@@metadata:{as_text(arguments[0]) if arguments else ''}:{as_text(name) if name is not UNDEFINED else ''}"


def _define_metadata(machine: Machine, arguments: list[Value], node: Node) -> Value:
    if len(arguments) > 2 and isinstance(arguments[2], ObjectValue):  # noqa: PLR2004 - key, value, target, member
        machine.write(arguments[2], _metadata_key(arguments, 3), arguments[1])
    return UNDEFINED


def _get_metadata(machine: Machine, arguments: list[Value], node: Node) -> Value:
    target = arguments[1] if len(arguments) > 1 else UNDEFINED
    if isinstance(target, ObjectValue):
        found = target.find(_metadata_key(arguments, 2))
        return found if found is not None else UNDEFINED
    return Opaque("metadata")


def _has_metadata(machine: Machine, arguments: list[Value], node: Node) -> Value:
    found = _get_metadata(machine, arguments, node)
    return found if isinstance(found, Opaque) else found is not UNDEFINED


def _set(machine: Machine, arguments: list[Value], node: Node) -> Value:
    if len(arguments) > 2 and isinstance(arguments[0], ObjectValue):  # noqa: PLR2004 - holder, name, value
        store_member(machine, arguments[0], arguments[1], arguments[2], node)
    return True


REFLECT_FUNCTIONS: dict[str, NativeCall] = {
    "defineMetadata": _define_metadata,
    "getMetadata": _get_metadata,
    "getOwnMetadata": _get_metadata,
    "hasMetadata": _has_metadata,
    "hasOwnMetadata": _has_metadata,
    "ownKeys": _own_names,
    "getPrototypeOf": _prototype_of,
    "setPrototypeOf": _set_prototype,
    "defineProperty": _define_property,
    "has": has_own,
    "get": lambda machine, arguments, node: (
        machine.member(arguments[0], arguments[1], node) if len(arguments) > 1 else UNDEFINED
    ),
    "set": _set,
    "apply": lambda machine, arguments, node: machine.call(
        arguments[0], arguments[1], list(arguments[2].items) if isinstance(arguments[2], ArrayValue) else [], node
    ),
    "construct": lambda machine, arguments, node: machine.construct(
        arguments[0], list(arguments[1].items) if isinstance(arguments[1], ArrayValue) else [], node
    ),
}
