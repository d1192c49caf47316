"""What every program finds without importing it: Object, JSON, Promise, Map, timers and the rest of the language."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from urllib.parse import quote

from dtma_contract.discovery.express.array_methods import ARRAY_METHODS
from dtma_contract.discovery.express.compiler_helpers import regenerator
from dtma_contract.discovery.express.expressions import merge_into, spread_into
from dtma_contract.discovery.express.machine import Machine
from dtma_contract.discovery.express.operators import as_text
from dtma_contract.discovery.express.registrations import RouterValue
from dtma_contract.discovery.express.statements import iterated
from dtma_contract.discovery.express.syntax import Node
from dtma_contract.discovery.express.text_methods import TEXT_METHODS
from dtma_contract.discovery.express.values import (
    NULL,
    UNDEFINED,
    Accessor,
    ArrayValue,
    Either,
    FunctionValue,
    MapValue,
    NativeFunction,
    Nothing,
    ObjectValue,
    Opaque,
    PatternValue,
    PromiseValue,
    ProxyValue,
    Value,
    alternatives,
    either,
    truth,
)

__all__ = ["from_json", "install_globals"]

_Call = Callable[[Machine, list[Value], Node], Value]


def from_json(data: object) -> Value:
    """Return decoded JSON as a value."""
    if isinstance(data, dict):
        return ObjectValue({str(key): from_json(item) for key, item in data.items()})
    if isinstance(data, list):
        return ArrayValue([from_json(item) for item in data])
    return NULL if data is None else data


def install_globals(machine: Machine) -> None:
    """Put the language's own names into the outermost scope."""
    names = machine.globals.names

    def native(name: str, call: _Call, construct: _Call | None = None) -> NativeFunction:
        return NativeFunction(
            name,
            lambda this, arguments, node: call(machine, arguments, node),
            (lambda this, arguments, node: construct(machine, arguments, node)) if construct else None,
        )

    def space(name: str, members: dict[str, _Call], call: _Call | None = None, construct: _Call | None = None) -> None:
        holder = native(name, call or _opaque(name), construct)
        holder.props |= {key: native(f"{name}.{key}", member) for key, member in members.items()}
        names[name] = holder

    space("Object", _OBJECT, lambda m, a, n: a[0] if a and isinstance(a[0], ObjectValue) else ObjectValue())
    space("Array", _ARRAY, _new_array)
    space("Promise", _PROMISE, None, _new_promise)
    space("JSON", {"stringify": _stringify, "parse": _parse})
    space("String", {"raw": _opaque("String.raw")}, lambda m, a, n: as_text(a[0]) if a else "")
    space("Number", {"isInteger": _opaque("Number"), "parseInt": _number, "isNaN": _opaque("Number")}, _number)
    space("Boolean", {}, lambda m, a, n: _boolean(a[0]) if a else False)
    space("Symbol", {"for": lambda m, a, n: f"@@{as_text(a[0])}" if a else "@@"}, _symbol)
    for name in ("iterator", "asyncIterator", "toStringTag", "hasInstance"):
        names["Symbol"].props[name] = f"@@{name}"
    space("Reflect", _REFLECT)
    names["Object"].props["prototype"] = ObjectValue(
        {
            "hasOwnProperty": NativeFunction(
                "hasOwnProperty", lambda this, arguments, node: _has_own(machine, [this, *arguments], node)
            ),
            "toString": NativeFunction("toString", lambda this, arguments, node: _class_text(this)),
        }
    )
    names["Array"].props["prototype"] = ObjectValue(
        {
            name: NativeFunction(
                name, lambda this, arguments, node, method=method: method(machine, this, arguments, node)
            )
            for name, method in ARRAY_METHODS.items()
        }
    )
    names["String"].props["prototype"] = ObjectValue(
        {
            name: NativeFunction(
                name, lambda this, arguments, node, method=method: method(machine, this, arguments, node)
            )
            for name, method in TEXT_METHODS.items()
        }
    )
    for name, is_set in (("Map", False), ("WeakMap", False), ("Set", True), ("WeakSet", True)):
        space(name, {}, None, lambda m, a, n, is_set=is_set: _new_map(m, a, n, is_set=is_set))
    for name in ("Error", "TypeError", "RangeError", "SyntaxError"):
        space(name, {"captureStackTrace": lambda m, a, n: UNDEFINED}, lambda m, a, n: Opaque("an error"))
    for name in ("setTimeout", "setImmediate", "setInterval", "queueMicrotask", "requestAnimationFrame"):
        names[name] = native(name, _later)
    names["parseInt"] = native("parseInt", _number)
    names["parseFloat"] = native("parseFloat", _number)
    names["encodeURIComponent"] = native("encodeURIComponent", lambda m, a, n: _encoded(a, "!'()*-._~"))
    names["encodeURI"] = native("encodeURI", lambda m, a, n: _encoded(a, ";,/?:@&=+$-_.!~*'()#"))
    space("Proxy", {}, None, _new_proxy)
    names["RegExp"] = native("RegExp", _new_pattern)
    names["Function"] = native("Function", _opaque("Function"))
    names["NaN"], names["Infinity"] = math.nan, math.inf
    console = ObjectValue()
    console.props |= {name: native(f"console.{name}", lambda m, a, n: UNDEFINED) for name in
                      ("log", "info", "warn", "error", "debug", "trace", "table", "dir", "group", "groupEnd", "time", "timeEnd")}  # fmt: skip
    names["console"] = console
    whole = ObjectValue(names)
    whole.is_open = True
    names["globalThis"] = names["global"] = whole
    names["regeneratorRuntime"] = names["_regeneratorRuntime"] = regenerator(machine)


def _opaque(origin: str) -> _Call:
    return lambda machine, arguments, node: Opaque(f"{origin}()")


def _boolean(value: Value) -> Value:
    decided = truth(value)
    return Opaque("a test") if decided is None else decided


def _symbol(machine: Machine, arguments: list[Value], node: Node) -> Value:
    # Two symbols of one description are two; their place tells them apart.
    return f"@@{as_text(arguments[0]) if arguments else ''}:{node.file.path}:{node.start}"


def _encoded(arguments: list[Value], safe: str) -> Value:
    text = as_text(arguments[0]) if arguments else "undefined"
    return quote(text, safe=safe) if isinstance(text, str) else text


def _number(machine: Machine, arguments: list[Value], node: Node) -> Value:
    value = arguments[0] if arguments else UNDEFINED
    if isinstance(value, int | float):
        return value
    if isinstance(value, str) and (match := re.match(r"\s*[-+]?\d+(?:\.\d+)?", value)):
        number = float(match[0])
        return int(number) if number.is_integer() else number
    if isinstance(value, Either):
        options = [(c, _number(machine, [option], node)) for c, option in alternatives(value)]
        return either(*options)
    return Opaque("a number")


def _new_pattern(machine: Machine, arguments: list[Value], node: Node) -> Value:
    if arguments and isinstance(arguments[0], PatternValue):
        return arguments[0]
    source = as_text(arguments[0]) if arguments else ""
    flags = arguments[1] if len(arguments) > 1 and isinstance(arguments[1], str) else ""
    return PatternValue(source, flags) if isinstance(source, str) else Opaque("a regular expression")


def _new_proxy(machine: Machine, arguments: list[Value], node: Node) -> Value:
    target = arguments[0] if arguments else UNDEFINED
    traps = arguments[1] if len(arguments) > 1 else UNDEFINED
    if not isinstance(target, ObjectValue) or not isinstance(traps, ObjectValue):
        return Opaque("a proxy")
    return ProxyValue(target, traps)


def _later(machine: Machine, arguments: list[Value], node: Node) -> Value:
    if arguments and isinstance(arguments[0], FunctionValue):
        machine.speculate(arguments[0], node)
    return Opaque("a timer")


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
            names = [
                n for n in option.props if not n.startswith(hidden) and not (n == "__esModule" or n == "prototype")
            ]
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


def _has_own(machine: Machine, arguments: list[Value], node: Node) -> Value:
    holder, name = arguments[0] if arguments else UNDEFINED, arguments[1] if len(arguments) > 1 else UNDEFINED
    if isinstance(holder, ObjectValue) and isinstance(name, str) and not holder.is_open:
        return name in holder.props
    return Opaque("a membership")


def _class_text(value: Value) -> Value:
    """Return what ``Object.prototype.toString`` gives (ECMA-262, section 20.1.3.6)."""
    if isinstance(value, Opaque | Either):
        return Opaque("the text of an object")
    if isinstance(value, Nothing):
        return f"[object {value.name.capitalize()}]"
    kinds = ((ArrayValue, "Array"), (FunctionValue | NativeFunction, "Function"), (PatternValue, "RegExp"), (bool, "Boolean"),
             (int | float, "Number"), (str, "String"))  # fmt: skip
    return f"[object {next((name for kind, name in kinds if isinstance(value, kind)), 'Object')}]"


_OBJECT: dict[str, _Call] = {
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
    "hasOwn": _has_own,
    "is": lambda machine, arguments, node: Opaque("a comparison"),
}

# -- Array, Map, JSON


def _new_array(machine: Machine, arguments: list[Value], node: Node) -> Value:
    if len(arguments) == 1 and isinstance(arguments[0], int):
        return ArrayValue([UNDEFINED] * min(arguments[0], 10_000))
    if len(arguments) == 1 and isinstance(arguments[0], Opaque):
        return ArrayValue(is_open=True)
    return ArrayValue(list(arguments))


def _array_from(machine: Machine, arguments: list[Value], node: Node) -> Value:
    made = ArrayValue()
    source = arguments[0] if arguments else UNDEFINED
    length = (
        source.props.get("length") if isinstance(source, ObjectValue) and not isinstance(source, ArrayValue) else None
    )
    if isinstance(length, int):
        made.items = [UNDEFINED] * min(length, 10_000)
    else:
        spread_into(machine, made, source, node)
    if len(arguments) > 1:
        return ARRAY_METHODS["map"](machine, made, [arguments[1]], node)
    return made


def _is_array(machine: Machine, arguments: list[Value], node: Node) -> Value:
    decided = {
        None if isinstance(o, Opaque) else isinstance(o, ArrayValue)
        for _, o in alternatives(arguments[0] if arguments else UNDEFINED)
    }
    return decided.pop() if len(decided) == 1 and None not in decided else Opaque("a test")


_ARRAY: dict[str, _Call] = {
    "from": _array_from,
    "isArray": _is_array,
    "of": lambda machine, arguments, node: ArrayValue(list(arguments)),
}


def _new_map(machine: Machine, arguments: list[Value], node: Node, *, is_set: bool) -> Value:
    made = MapValue([], is_set=is_set)
    if not arguments or isinstance(arguments[0], Nothing):
        return made
    for _, item in iterated(machine, arguments[0], node):
        if is_set:
            made.entries.append((item, item))
        elif isinstance(item, ArrayValue) and len(item.items) > 1:
            made.entries.append((item.items[0], item.items[1]))
        else:
            made.is_open = True
    return made


def _stringify(machine: Machine, arguments: list[Value], node: Node) -> Value:
    value = arguments[0] if arguments else UNDEFINED
    return json.dumps(value) if isinstance(value, str | int | float | bool) else Opaque("JSON")


def _parse(machine: Machine, arguments: list[Value], node: Node) -> Value:
    if arguments and isinstance(arguments[0], str):
        try:
            return from_json(json.loads(arguments[0]))
        except (ValueError, RecursionError):
            return Opaque("JSON")
    return Opaque("JSON.parse()")


# -- Promise


def _new_promise(machine: Machine, arguments: list[Value], node: Node) -> Value:
    settled: list[Value] = []
    resolve = NativeFunction(
        "resolve", lambda this, given, call: settled.append(given[0] if given else UNDEFINED) or UNDEFINED
    )
    reject = NativeFunction("reject", lambda this, given, call: UNDEFINED)
    if arguments:
        machine.call(arguments[0], UNDEFINED, [resolve, reject], node)
    return PromiseValue(machine.resolved(settled[0]) if settled else Opaque("what a promise resolves to"))


def _all(machine: Machine, arguments: list[Value], node: Node) -> Value:
    source = arguments[0] if arguments else UNDEFINED
    if isinstance(source, ArrayValue):
        return PromiseValue(ArrayValue([machine.resolved(item) for item in source.items], is_open=source.is_open))
    return PromiseValue(ArrayValue(is_open=True))


_PROMISE: dict[str, _Call] = {
    "all": _all,
    "allSettled": lambda machine, arguments, node: PromiseValue(ArrayValue(is_open=True)),
    "race": lambda machine, arguments, node: PromiseValue(Opaque("a race")),
    "any": lambda machine, arguments, node: PromiseValue(Opaque("a race")),
    "resolve": lambda machine, arguments, node: PromiseValue(
        machine.resolved(arguments[0]) if arguments else UNDEFINED
    ),
    "reject": lambda machine, arguments, node: PromiseValue(Opaque("an error")),
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


_REFLECT: dict[str, _Call] = {
    "defineMetadata": _define_metadata,
    "getMetadata": _get_metadata,
    "getOwnMetadata": _get_metadata,
    "hasMetadata": _has_metadata,
    "hasOwnMetadata": _has_metadata,
    "ownKeys": _own_names,
    "getPrototypeOf": _prototype_of,
    "setPrototypeOf": _set_prototype,
    "defineProperty": _define_property,
    "has": _has_own,
    "get": lambda machine, arguments, node: (
        machine.member(arguments[0], arguments[1], node) if len(arguments) > 1 else UNDEFINED
    ),
    "apply": lambda machine, arguments, node: machine.call(
        arguments[0], arguments[1], list(arguments[2].items) if isinstance(arguments[2], ArrayValue) else [], node
    ),
    "construct": lambda machine, arguments, node: machine.construct(
        arguments[0], list(arguments[1].items) if isinstance(arguments[1], ArrayValue) else [], node
    ),
}
