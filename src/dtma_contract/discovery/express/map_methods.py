"""What methods of maps and sets give."""

from __future__ import annotations

from collections.abc import Callable

from dtma_contract.discovery.express.machine import Machine
from dtma_contract.discovery.express.operators import loosely_equal
from dtma_contract.discovery.express.syntax import Node
from dtma_contract.discovery.express.values import UNDEFINED, ArrayValue, MapValue, Opaque, Value, either

__all__ = ["MAP_METHODS"]

Method = Callable[[Machine, Value, list[Value], Node], Value]


def _same(one: Value, other: Value) -> bool:
    return one is other or loosely_equal(one, other) is True


def _get(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    assert isinstance(this, MapValue)
    key = arguments[0] if arguments else UNDEFINED
    for known, value in reversed(this.entries):
        if _same(known, key):
            return value
    if isinstance(key, Opaque) and this.entries:
        return either(*(("", value) for _, value in this.entries))
    return Opaque("a member") if this.is_open or isinstance(key, Opaque) else UNDEFINED


def _set(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    assert isinstance(this, MapValue)
    machine.changed(this)
    key = arguments[0] if arguments else UNDEFINED
    value = arguments[1] if len(arguments) > 1 else UNDEFINED
    for position, (known, _) in enumerate(this.entries):
        if _same(known, key):
            this.entries[position] = (known, value)
            return this
    this.entries.append((key, value))
    return this


def _add(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    assert isinstance(this, MapValue)
    machine.changed(this)
    if arguments and not any(_same(known, arguments[0]) for known, _ in this.entries):
        this.entries.append((arguments[0], arguments[0]))
    return this


def _has(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    assert isinstance(this, MapValue)
    decided = (
        [known is arguments[0] or loosely_equal(known, arguments[0]) for known, _ in this.entries] if arguments else []
    )
    if True in decided:
        return True
    return Opaque("a membership") if None in decided or this.is_open else False


def _for_each(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    assert isinstance(this, MapValue)
    for key, value in list(this.entries):
        if arguments:
            machine.call(arguments[0], UNDEFINED, [value, key, this], node)
    return UNDEFINED


def _delete(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    assert isinstance(this, MapValue)
    if not machine.conditions and arguments:
        machine.changed(this)
        this.entries = [(key, value) for key, value in this.entries if not _same(key, arguments[0])]
    return Opaque("a deletion")


MAP_METHODS: dict[str, Method] = {
    "get": _get,
    "set": _set,
    "add": _add,
    "has": _has,
    "delete": _delete,
    "forEach": _for_each,
    "entries": lambda machine, this, arguments, node: ArrayValue([ArrayValue([k, v]) for k, v in this.entries]),
    "keys": lambda machine, this, arguments, node: ArrayValue([key for key, _ in this.entries]),
    "values": lambda machine, this, arguments, node: ArrayValue([value for _, value in this.entries]),
}
