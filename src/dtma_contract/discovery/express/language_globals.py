"""What every program finds without importing it: Object, JSON, Promise, Map, timers and the rest of the language."""

from __future__ import annotations

import json
import math
import re
from functools import partial
from urllib.parse import quote

from dtma_contract.discovery.express.array_methods import ARRAY_METHODS
from dtma_contract.discovery.express.compiler_helpers import regenerator
from dtma_contract.discovery.express.expressions import spread_into
from dtma_contract.discovery.express.machine import Machine
from dtma_contract.discovery.express.object_functions import (
    OBJECT_FUNCTIONS,
    REFLECT_FUNCTIONS,
    NativeCall,
    class_text,
    has_own,
)
from dtma_contract.discovery.express.operators import as_text
from dtma_contract.discovery.express.statements import iterated
from dtma_contract.discovery.express.syntax import Node
from dtma_contract.discovery.express.text_methods import TEXT_METHODS
from dtma_contract.discovery.express.values import (
    NULL,
    UNDEFINED,
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

_CONSOLE = (
    "log", "info", "warn", "error", "debug", "trace", "table", "dir", "group", "groupEnd", "time", "timeEnd",
)  # fmt: skip


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

    def native(name: str, call: NativeCall, construct: NativeCall | None = None) -> NativeFunction:
        return NativeFunction(
            name,
            lambda this, arguments, node: call(machine, arguments, node),
            (lambda this, arguments, node: construct(machine, arguments, node)) if construct else None,
        )

    def space(
        name: str, members: dict[str, NativeCall], call: NativeCall | None = None, construct: NativeCall | None = None
    ) -> None:
        holder = native(name, call or _opaque(name), construct)
        holder.props |= {key: native(f"{name}.{key}", member) for key, member in members.items()}
        names[name] = holder

    space("Object", OBJECT_FUNCTIONS, lambda m, a, n: a[0] if a and isinstance(a[0], ObjectValue) else ObjectValue())
    space("Array", _ARRAY, _new_array)
    space("Promise", _PROMISE, None, _new_promise)
    space("JSON", {"stringify": _stringify, "parse": _parse})
    space("String", {"raw": _opaque("String.raw")}, lambda m, a, n: as_text(a[0]) if a else "")
    space("Number", {"isInteger": _opaque("Number"), "parseInt": _number, "isNaN": _opaque("Number")}, _number)
    space("Boolean", {}, lambda m, a, n: _boolean(a[0]) if a else False)
    space("Symbol", {"for": lambda m, a, n: f"@@{as_text(a[0])}" if a else "@@"}, _symbol)
    for name in ("iterator", "asyncIterator", "toStringTag", "hasInstance"):
        names["Symbol"].props[name] = f"@@{name}"
    space("Reflect", REFLECT_FUNCTIONS)
    names["Object"].props["prototype"] = ObjectValue(
        {
            "hasOwnProperty": NativeFunction(
                "hasOwnProperty", lambda this, arguments, node: has_own(machine, [this, *arguments], node)
            ),
            "toString": NativeFunction("toString", lambda this, arguments, node: class_text(this)),
        }
    )
    for name, methods in (("Array", ARRAY_METHODS), ("String", TEXT_METHODS)):
        made = {key: NativeFunction(key, partial(method, machine)) for key, method in methods.items()}
        names[name].props["prototype"] = ObjectValue(made)
    for name, is_set in (("Map", False), ("WeakMap", False), ("Set", True), ("WeakSet", True)):
        space(name, {}, None, partial(_new_map, is_set=is_set))
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
    console.props |= {name: native(f"console.{name}", lambda m, a, n: UNDEFINED) for name in _CONSOLE}
    names["console"] = console
    whole = ObjectValue(names)
    whole.is_open = True
    names["globalThis"] = names["global"] = whole
    names["regeneratorRuntime"] = names["_regeneratorRuntime"] = regenerator(machine)


def _opaque(origin: str) -> NativeCall:
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
        machine.callbacks.remember(arguments[0], node)
    return Opaque("a timer")


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


_ARRAY: dict[str, NativeCall] = {
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

    def settle(this: Value, given: list[Value], call: Node) -> Value:
        settled.append(given[0] if given else UNDEFINED)
        return UNDEFINED

    resolve = NativeFunction("resolve", settle)
    reject = NativeFunction("reject", lambda this, given, call: UNDEFINED)
    if arguments:
        machine.call(arguments[0], UNDEFINED, [resolve, reject], node)
    return PromiseValue(machine.resolved(settled[0]) if settled else Opaque("what a promise resolves to"))


def _all(machine: Machine, arguments: list[Value], node: Node) -> Value:
    source = arguments[0] if arguments else UNDEFINED
    if isinstance(source, ArrayValue):
        return PromiseValue(ArrayValue([machine.resolved(item) for item in source.items], is_open=source.is_open))
    return PromiseValue(ArrayValue(is_open=True))


_PROMISE: dict[str, NativeCall] = {
    "all": _all,
    "allSettled": lambda machine, arguments, node: PromiseValue(ArrayValue(is_open=True)),
    "race": lambda machine, arguments, node: PromiseValue(Opaque("a race")),
    "any": lambda machine, arguments, node: PromiseValue(Opaque("a race")),
    "resolve": lambda machine, arguments, node: PromiseValue(
        machine.resolved(arguments[0]) if arguments else UNDEFINED
    ),
    "reject": lambda machine, arguments, node: PromiseValue(Opaque("an error")),
}
