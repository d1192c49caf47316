"""Members of values: what they hold themselves, and what the language gives to text, arrays, functions and promises."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from dtma_contract.discovery.express.array_methods import ARRAY_METHODS
from dtma_contract.discovery.express.express_api import alter, is_registration_like, router_member, store_setting
from dtma_contract.discovery.express.injection import injected
from dtma_contract.discovery.express.machine import Machine
from dtma_contract.discovery.express.map_methods import MAP_METHODS
from dtma_contract.discovery.express.operators import as_text, number_as_text
from dtma_contract.discovery.express.registrations import RouterValue, StackValue
from dtma_contract.discovery.express.syntax import Node, excerpt
from dtma_contract.discovery.express.text_methods import TEXT_METHODS
from dtma_contract.discovery.express.values import (
    UNDEFINED,
    Accessor,
    ArrayValue,
    Either,
    FunctionValue,
    Link,
    MapValue,
    NativeFunction,
    Nothing,
    ObjectValue,
    Opaque,
    PatternValue,
    PromiseValue,
    ProxyValue,
    Text,
    Value,
    alternatives,
    either,
)

__all__ = ["call_member", "member_of", "store_member"]

_MAX_MEMBERS = 24
# Members of a promise that call what they are given.
_PROMISE_CALLS = {"then", "catch", "finally"}


def member_of(machine: Machine, holder: Value, name: Value, node: Node) -> Value:
    """Return a member of a value.

    Args:
        machine: the evaluation.
        holder: the value.
        name: its name or index; not always known.
        node: where it is read.
    """
    if isinstance(name, bool):
        name = "true" if name else "false"
    elif isinstance(name, int | float):
        name = str(int(name)) if name == int(name) else str(name)
    if isinstance(name, Either):
        options = [(c, member_of(machine, holder, option, node)) for c, option in alternatives(name)]
        return either(*options[:_MAX_MEMBERS])
    if isinstance(holder, Either):
        return _member_of_each(machine, holder, name, node)
    if not isinstance(name, str):
        return holder if isinstance(holder, StackValue) else _some_member(machine, holder, name, node)
    if isinstance(holder, ObjectValue):
        return _object_member(machine, holder, name, node)
    if isinstance(holder, str):
        if name == "length":
            return len(holder)
        if name.isdigit():
            return holder[int(name)] if int(name) < len(holder) else UNDEFINED
    if isinstance(holder, Opaque):
        if name in {"default", "prototype"} and holder.package:
            return holder
        return dict(holder.known).get(name) or holder.derived(f"{holder.origin}.{name}")
    if isinstance(holder, Nothing):
        return Opaque(f"{holder.name}.{name}")
    return _method(machine, holder, name)


def _member_of_each(machine: Machine, holder: Either, name: Value, node: Node) -> Value:
    options = list(alternatives(holder))
    useful = [(c, option) for c, option in options if not isinstance(option, Nothing)]
    got = [(c, member_of(machine, option, name, node)) for c, option in useful]
    known = [(c, value) for c, value in got if value is not UNDEFINED] or got
    return either(*known) if known else UNDEFINED


def _object_member(machine: Machine, holder: ObjectValue, name: str, node: Node) -> Value:
    if isinstance(holder, ProxyValue):
        trap = holder.traps.find("get")
        if trap is None:
            return member_of(machine, holder.target, name, node)
        return machine.call(trap, holder.traps, [holder.target, name, holder], node)
    found = holder.find(name)
    if found is not None:
        if isinstance(found, Accessor | Link):
            return machine.got(found, holder, node)
        return found
    if isinstance(holder, RouterValue):
        return router_member(machine, holder, name)
    if isinstance(holder, StackValue) and name.isdecimal():
        # What is stored on one of its layers changes what is registered too.
        return holder
    if isinstance(holder, ArrayValue):
        if name == "length":
            return Opaque("a length") if holder.is_open else len(holder.items)
        if name.isdigit():
            index = int(name)
            if index < len(holder.items):
                return holder.items[index]
            return Opaque("an item") if holder.is_open else UNDEFINED
    if isinstance(holder, FunctionValue):
        if name == "prototype":
            return holder.prototype()
        if name == "name":
            return holder.name
    if isinstance(holder, MapValue) and name == "size":
        return len(holder.entries)
    if name == "default" and not isinstance(holder, ArrayValue) and holder.tag != "module":
        # Interoperation of module systems: a default that is not there is the module itself.
        return holder
    method = _method(machine, holder, name)
    if method is not UNDEFINED:
        return method
    if name == "__proto__":
        return holder.proto if holder.proto is not None else UNDEFINED
    if holder.rest:
        return either(*(("", value) for value in holder.rest), ("", Opaque(name)))
    return Opaque(f"{holder.tag or 'an object'}.{name}") if holder.may_have_more else UNDEFINED


def _some_member(machine: Machine, holder: Value, name: Value, node: Node) -> Value:
    """Return what reading a member without a known name may give: any one of them."""
    if isinstance(holder, ArrayValue):
        values = [("", item) for item in holder.items]
    elif isinstance(holder, ObjectValue) and not isinstance(holder, RouterValue | FunctionValue):
        asked = f"{name.origin} is " if isinstance(name, Opaque) and len(holder.props) > 1 else ""
        members = [(key, value) for key, value in holder.props.items() if key[:1] not in "@%"]
        values = [(f"{asked}{key}" if asked else "", machine.got(value, holder, node)) for key, value in members]
        values += [("", value) for value in holder.rest]
    else:
        values = []
    if not values:
        return holder.derived(f"{holder.origin}[…]") if isinstance(holder, Opaque) else Opaque("a member")
    return either(*values[:_MAX_MEMBERS])


def _method(machine: Machine, holder: Value, name: str) -> Value:
    """Return a method that the language brings, bound to nothing: it takes its receiver from the call."""
    table: dict[str, Callable[..., Value]] | None = None
    if isinstance(holder, str | Text):
        table = TEXT_METHODS
    elif isinstance(holder, ArrayValue):
        table = ARRAY_METHODS
    elif isinstance(holder, MapValue):
        table = MAP_METHODS
    elif isinstance(holder, PromiseValue):
        table = _PROMISE_METHODS
    elif isinstance(holder, FunctionValue | NativeFunction):
        table = _FUNCTION_METHODS
    elif isinstance(holder, PatternValue):
        table = _PATTERN_METHODS
    elif isinstance(holder, int | float) and not isinstance(holder, bool):
        table = {"toString": lambda machine, this, arguments, node: number_as_text(this, arguments)}
    found = table.get(name) if table else None
    if found is None and isinstance(holder, ObjectValue):
        found = _OBJECT_METHODS.get(name)
    if found is None:
        return UNDEFINED
    return NativeFunction(name, lambda this, arguments, node: found(machine, this, arguments, node))


def call_member(machine: Machine, holder: Value, name: Value, arguments: list[Value], node: Node) -> Value:
    """Return what a call of a method gives."""
    if isinstance(holder, Either):
        options = [(c, option) for c, option in alternatives(holder) if not isinstance(option, Nothing)]
        known = [(c, option) for c, option in options if not isinstance(option, Opaque)]
        unknown = [option for _, option in options if isinstance(option, Opaque)]
        options = known or options[:1]
        runs = [(c, lambda option=option: call_member(machine, option, name, arguments, node)) for c, option in options]
        results = machine.branches(runs, leaves=lambda _: False)
        got = [(c, r) for (c, _), r in zip(options, results, strict=True) if r is not None]
        if known and unknown and all(isinstance(option, str | Text | ArrayValue | MapValue) for _, option in known):
            # What is known is a default: whatever is unknown gives something as well, and calls back with it.
            for argument in arguments:
                if isinstance(argument, FunctionValue) and not argument.is_class:
                    machine.callbacks.remember(argument, node)
            got.append(("", unknown[0].derived(f"{unknown[0].origin}.{name}()")))
        return either(*got) if got else UNDEFINED
    if isinstance(holder, RouterValue) and isinstance(name, Either | Opaque | Text):
        return _called_by_unknown_name(machine, holder, name, arguments, node)
    if isinstance(holder, Opaque):
        instance = injected(machine, name, arguments, node)
        if instance is not None:
            return instance
        if is_registration_like(name, arguments):
            machine.problem(node, f"`{holder.origin}` could not be resolved, and a route is registered on it")
        if isinstance(name, str) and name in _PROMISE_CALLS and not holder.package:
            return _settled(machine, holder, name, arguments, node)
    callee = member_of(machine, holder, name, node)
    if isinstance(callee, Nothing) and isinstance(holder, ObjectValue):
        callee = Opaque(excerpt(node.get("function") or node))
        # Whatever it is, it may give the object members (`exports.__defineGetter__`).
        holder.is_open = True
    return machine.call(callee, holder, arguments, node)


def _called_by_unknown_name(
    machine: Machine, router: RouterValue, name: Value, arguments: list[Value], node: Node
) -> Value:
    known = [(c, option) for c, option in alternatives(name) if isinstance(option, str)]
    if known and len(known) == len(list(alternatives(name))):
        for condition, option in known:
            run = partial(call_member, machine, router, option, arguments, node)
            machine.branches([(condition, run)], leaves=lambda _: False)
        return router
    return machine.call(router_member(machine, router, "?"), router, arguments, node)


def store_member(machine: Machine, holder: Value, name: Value, value: Value, node: Node) -> None:
    """Store a member of a value."""
    if isinstance(name, bool | int | float):
        name = str(int(name))
    for _, option in alternatives(holder):
        if not isinstance(option, ObjectValue):
            machine.hands_out(value)
            continue
        if isinstance(option, StackValue):
            alter(machine, option.router, node)
            continue
        if not isinstance(name, str):
            machine.changed(option)
            option.is_open = True
            option.rest.append(value)
            known = [key for _, key in alternatives(name) if isinstance(key, str)]
            for key in known:
                machine.write(option, key, value)
            continue
        if isinstance(option, ProxyValue):
            option = option.target  # noqa: PLW2901 - what is stored on a proxy is stored behind it
        if isinstance(option, RouterValue):
            store_setting(machine, option, name, value, node)
        known_member = option.find(name)
        if isinstance(known_member, Accessor):
            if known_member.setter is not None:
                machine.call(known_member.setter, option, [value], node)
            continue
        if isinstance(option, ArrayValue) and name.isdigit() and int(name) <= len(option.items):
            machine.changed(option)
            option.items[int(name) : int(name) + 1] = [value]
        else:
            machine.write(option, name, value)


# -- promises


def _settled(machine: Machine, this: Value, name: str, arguments: list[Value], node: Node) -> Value:
    value = machine.resolved(this)
    if name == "then" and arguments:
        got = _called_back(machine, arguments[0], [value], node)
        if len(arguments) > 1:
            machine.under(
                "a promise is rejected", lambda: _called_back(machine, arguments[1], [Opaque("an error")], node)
            )
        return PromiseValue(machine.resolved(got))
    if name == "catch" and arguments:
        machine.under("a promise is rejected", lambda: _called_back(machine, arguments[0], [Opaque("an error")], node))
    elif name == "finally" and arguments:
        _called_back(machine, arguments[0], [], node)
    return PromiseValue(value)


def _called_back(machine: Machine, callback: Value, arguments: list[Value], node: Node) -> Value:
    if isinstance(callback, Nothing):
        return arguments[0] if arguments else UNDEFINED
    return machine.call(callback, UNDEFINED, arguments, node)


_PROMISE_METHODS: dict[str, Callable[..., Value]] = {
    "then": lambda machine, this, arguments, node: _settled(machine, this, "then", arguments, node),
    "catch": lambda machine, this, arguments, node: _settled(machine, this, "catch", arguments, node),
    "finally": lambda machine, this, arguments, node: _settled(machine, this, "finally", arguments, node),
}


# -- functions


def _apply(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    listed = arguments[1] if len(arguments) > 1 else UNDEFINED
    passed = (
        list(listed.items) if isinstance(listed, ArrayValue) else [] if isinstance(listed, Nothing) else [Opaque("…")]
    )
    return machine.call(this, arguments[0] if arguments else UNDEFINED, passed, node)


def _bind(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    if isinstance(this, FunctionValue) and not this.is_class:
        bound = FunctionValue(this.node, this.scope, this.name, this.home)
        before = this.bound or (UNDEFINED, [])
        receiver = before[0] if this.bound is not None else arguments[0] if arguments else UNDEFINED
        bound.bound = (receiver, [*before[1], *arguments[1:]])
        return bound
    if isinstance(this, NativeFunction):
        receiver, first = (arguments[0] if arguments else UNDEFINED), arguments[1:]
        return NativeFunction(this.name, lambda _, more, call: this.call(receiver, [*first, *more], call))
    return this


_FUNCTION_METHODS: dict[str, Callable[..., Value]] = {
    "call": lambda machine, this, arguments, node: machine.call(
        this, arguments[0] if arguments else UNDEFINED, arguments[1:], node
    ),
    "apply": _apply,
    "bind": _bind,
    "toString": lambda machine, this, arguments, node: Opaque("the text of a function"),
}

_PATTERN_METHODS: dict[str, Callable[..., Value]] = {
    "test": TEXT_METHODS["%test"],
    "exec": TEXT_METHODS["%exec"],
}


def _has_own(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    name = as_text(arguments[0]) if arguments else UNDEFINED
    if isinstance(this, ObjectValue) and isinstance(name, str) and not this.is_open:
        return name in this.props
    return Opaque("a membership")


_OBJECT_METHODS: dict[str, Callable[..., Value]] = {
    "hasOwnProperty": _has_own,
    "toString": lambda machine, this, arguments, node: (
        "[object Object]" if not isinstance(this, ArrayValue) else as_text(this)
    ),
    "valueOf": lambda machine, this, arguments, node: this,
    "isPrototypeOf": lambda machine, this, arguments, node: Opaque("a membership"),
}
