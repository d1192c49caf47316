"""What a value holds: routers, functions, anything that acts. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from dtma_contract.discovery.express.registrations import RouterValue, StackValue
from dtma_contract.discovery.express.values import (
    Accessor,
    ArrayValue,
    Either,
    FunctionValue,
    Link,
    NativeFunction,
    ObjectValue,
    Opaque,
    ProxyValue,
    Value,
    alternatives,
)

__all__ = ["functions_in", "may_act", "routers_in"]


def routers_in(values: Sequence[Value], depth: int = 2) -> list[RouterValue]:
    """Return the apps and routers among values, and in the lists and objects among them, so many deep."""
    found: list[RouterValue] = []
    for value in values:
        for _, option in alternatives(value):
            if isinstance(option, ProxyValue):
                found += routers_in([option.target], depth)
            elif isinstance(option, RouterValue):
                found.append(option)
            elif isinstance(option, StackValue):
                found.append(option.router)
            elif depth and isinstance(option, ArrayValue):
                found += routers_in(option.items[:20], depth - 1)
            elif depth and isinstance(option, ObjectValue) and not isinstance(option, FunctionValue):
                found += routers_in(list(option.props.values())[:20], depth - 1)
    return found


def functions_in(value: Value, depth: int = 3) -> list[FunctionValue]:
    """Return the functions in a value, but for classes and the methods of instances, so many deep."""
    found: list[FunctionValue] = []
    for _, option in alternatives(value):
        if isinstance(option, FunctionValue):
            found += [] if option.is_class else [option]
        elif depth and isinstance(option, ArrayValue):
            found += [function for item in option.items[:50] for function in functions_in(item, depth - 1)]
        elif depth and isinstance(option, ObjectValue) and option.proto is None and not option.tag:
            # Options, such as `{ server: () => app }`; the members of an instance are its own business.
            found += [
                function for item in list(option.props.values())[:50] for function in functions_in(item, depth - 1)
            ]
    return found


def may_act(value: Value, depth: int = 3) -> bool:
    """Return whether a value holds anything that can be called, or that is not known."""
    if isinstance(value, Either):
        return any(may_act(option, depth) for _, option in value.options)
    if isinstance(value, Opaque):
        # What the environment says is a setting too.
        return bool(value.package or value.unresolved)
    if isinstance(value, FunctionValue | NativeFunction | RouterValue | Link | Accessor):
        return True
    if isinstance(value, ArrayValue):
        return value.is_open or any(may_act(item, depth - 1) for item in value.items)
    if isinstance(value, ObjectValue) and depth:
        return any(may_act(member, depth - 1) for member in value.props.values())
    return False
