"""What methods of arrays give."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from dtma_contract.discovery.express.machine import Machine
from dtma_contract.discovery.express.natives import Method
from dtma_contract.discovery.express.operators import as_text, loosely_equal
from dtma_contract.discovery.express.syntax import Node
from dtma_contract.discovery.express.values import (
    UNDEFINED,
    ArrayValue,
    Either,
    Nothing,
    ObjectValue,
    Opaque,
    Text,
    Value,
    alternatives,
    either,
    truth,
)

__all__ = ["ARRAY_METHODS"]

# What is given back where the items that follow are not looked at any more.
_ENOUGH: Final = object()


def _items(this: Value) -> list[Value]:
    return this.items if isinstance(this, ArrayValue) else []


def _is_open(this: Value) -> bool:
    return not isinstance(this, ArrayValue) or this.is_open


def _each(machine: Machine, this: Value, callback: Value, node: Node, run: Callable[[Value, Value], object]) -> None:
    """Call a callback for every item, under the item's condition where it may be missing, and once for unknown ones.

    It ends where ``run`` says that it has seen enough.
    """

    def call(item: Value, index: Value) -> object:
        return run(item, machine.call(callback, UNDEFINED, [item, index, this], node))

    position = 0
    while position < len(_items(this)):
        machine.spend(1)
        item = _items(this)[position]
        if isinstance(item, Either) and len(item.options) == 1:
            condition, single = item.options[0]
            machine.under(condition, partial(call, single, position))
        elif call(item, position) is _ENOUGH:
            return
        position += 1
        if position > machine.limits.turns:
            machine.problem(node, f"the list is followed for {machine.limits.turns} items")
            break
    if _is_open(this):
        call(Opaque("an item"), Opaque("an index"))


def _for_each(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    if arguments:
        _each(machine, this, arguments[0], node, lambda item, got: None)
    return UNDEFINED


def _map(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    made = ArrayValue()
    if arguments:
        _each(machine, this, arguments[0], node, lambda item, got: made.items.append(got))
    return made


def _flat_map(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    return _flat(machine, _map(machine, this, arguments, node), [], node)


def _filter(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    made = ArrayValue(is_open=False)

    def keep(item: Value, got: Value) -> None:
        decided = truth(got)
        if decided is None and not isinstance(item, Opaque):
            made.items.append(either(("a filter keeps it", item)))
        elif decided is not False:
            made.items.append(item)

    if arguments:
        _each(machine, this, arguments[0], node, keep)
    return made


def _found(machine: Machine, this: Value, arguments: list[Value], node: Node) -> list[tuple[int, Value, bool | None]]:
    results: list[tuple[int, Value, bool | None]] = []
    for position, item in enumerate(list(_items(this))):
        decided = truth(machine.call(arguments[0], UNDEFINED, [item, position, this], node)) if arguments else None
        results.append((position, item, decided))
        if decided is True:
            break
    return results


def _find(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    results = [result for result in _found(machine, this, arguments, node) if result[2] is not False]
    if not results:
        return Opaque("an item") if _is_open(this) else UNDEFINED
    if results[0][2] is True and not _is_open(this):
        return results[0][1]
    return either(*(("", item) for _, item, _ in results))


def _find_index(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    results = [result for result in _found(machine, this, arguments, node) if result[2] is not False]
    if not results:
        return Opaque("an index") if _is_open(this) else -1
    return results[0][0] if results[0][2] is True else Opaque("an index")


def _some(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    decided = [result[2] for result in _found(machine, this, arguments, node)]
    if True in decided:
        return True
    return Opaque("a test") if None in decided or _is_open(this) else False


def _every(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    decided: list[bool | None] = []

    def test(item: Value, got: Value) -> object:
        decided.append(truth(got))
        return _ENOUGH if decided[-1] is False else None

    if arguments:
        _each(machine, this, arguments[0], node, test)
    if False in decided:
        return False
    return Opaque("a test") if None in decided or _is_open(this) else True


def _reduce(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    items = list(_items(this))
    if not arguments:
        return UNDEFINED
    if len(arguments) > 1:
        total = arguments[1]
    elif items:
        total = items.pop(0)
    else:
        return Opaque("a reduction")
    if _is_open(this):
        items.append(Opaque("an item"))
    for position, item in enumerate(items):
        total = machine.call(arguments[0], UNDEFINED, [total, item, position, this], node)
    return total


def _reduce_right(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    if _is_open(this):
        return Opaque("a reduction")
    return _reduce(machine, ArrayValue(list(reversed(_items(this)))), arguments, node)


def _push(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    if isinstance(this, ArrayValue):
        machine.changed(this)
        if len(this.items) > machine.limits.turns:
            this.is_open = True
            return Opaque("a length")
        condition = " and ".join(machine.conditions[machine.frames[-1].mark :])
        this.items += [either((condition, item)) if condition else item for item in arguments]
    return Opaque("a length")


def _unshift(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    if isinstance(this, ArrayValue):
        machine.changed(this)
        this.items[:0] = arguments
    return Opaque("a length")


def _pop(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    if isinstance(this, ArrayValue):
        machine.changed(this)
    return _items(this).pop() if _items(this) else Opaque("an item") if _is_open(this) else UNDEFINED


def _shift(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    if isinstance(this, ArrayValue):
        machine.changed(this)
    return _items(this).pop(0) if _items(this) else Opaque("an item") if _is_open(this) else UNDEFINED


def _concat(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    made = ArrayValue(list(_items(this)), is_open=_is_open(this))
    machine.spend(len(made.items))
    if len(made.items) > machine.limits.items:
        made.is_open = True
        return made
    for argument in arguments:
        for condition, option in alternatives(argument):
            if isinstance(option, ArrayValue):
                made.items += [either((condition, item)) if condition else item for item in option.items]
                made.is_open = made.is_open or option.is_open
            elif isinstance(option, Opaque):
                made.is_open = True
            elif not isinstance(option, Nothing):
                made.items.append(either((condition, option)) if condition else option)
    return made


def _flat(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    made = ArrayValue(is_open=_is_open(this))
    depth = arguments[0] if arguments and isinstance(arguments[0], int | float) else 1
    for item in _items(this):
        for condition, option in alternatives(item):
            if isinstance(option, ArrayValue) and depth >= 1:
                inner = _flat(machine, option, [depth - 1], node) if depth > 1 else option
                assert isinstance(inner, ArrayValue)
                made.items += [either((condition, each)) if condition else each for each in inner.items]
                made.is_open = made.is_open or inner.is_open
            else:
                made.items.append(either((condition, option)) if condition else option)
    return made


def _slice(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    bounds = [int(a) if isinstance(a, int | float) else None for a in arguments[:2]]
    return ArrayValue(
        _items(this)[slice(*(bounds or [None]), *([] if len(bounds) > 1 else [None]))], is_open=_is_open(this)
    )


def _splice(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    if not isinstance(this, ArrayValue) or not arguments or not isinstance(arguments[0], int):
        return ArrayValue(is_open=True)
    machine.changed(this)
    start = arguments[0]
    count = arguments[1] if len(arguments) > 1 and isinstance(arguments[1], int) else len(this.items)
    end = start + count if start >= 0 else len(this.items) + start + count
    removed = this.items[start:end]
    this.items[start:end] = arguments[2:]
    return ArrayValue(removed, is_open=this.is_open)


def _join(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    separator = as_text(arguments[0]) if arguments and arguments[0] is not UNDEFINED else ","
    if _is_open(this) and not _items(this):
        return Opaque("a joined text")
    pieces: list[Value] = []
    for position, item in enumerate(_items(this)):
        text = "" if isinstance(item, Nothing) else as_text(item)
        pieces += [separator] if position else []
        pieces.append(text if isinstance(text, str | Text) else as_text(Opaque("?")))
    return Text.joined(pieces) if not _is_open(this) else Text.joined([*pieces, as_text(Opaque("?"))])


def _includes(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    decided = [loosely_equal(item, arguments[0]) for item in _items(this)] if arguments else []
    if True in decided:
        return True
    return Opaque("a membership") if None in decided or _is_open(this) else False


def _index_of(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    for position, item in enumerate(_items(this)):
        decided = loosely_equal(item, arguments[0]) if arguments else None
        if decided is None:
            return Opaque("an index")
        if decided:
            return position
    return Opaque("an index") if _is_open(this) else -1


def _entries(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    return ArrayValue(
        [ArrayValue([position, item]) for position, item in enumerate(_items(this))], is_open=_is_open(this)
    )


def _sort(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    if isinstance(this, ArrayValue) and not arguments and all(isinstance(item, str) for item in this.items):
        machine.changed(this)
        this.items.sort()
    return this


def _reverse(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    if isinstance(this, ArrayValue):
        machine.changed(this)
    _items(this).reverse()
    return this


def _fill(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    items = _items(this)
    if isinstance(this, ArrayValue):
        machine.changed(this)
    items[:] = [arguments[0] if arguments else UNDEFINED] * len(items)
    return this


def _at(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    index = arguments[0] if arguments else 0
    items = _items(this)
    if isinstance(index, int) and -len(items) <= index < len(items):
        return items[index]
    return Opaque("an item") if _is_open(this) else UNDEFINED


def _next(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    # What a generator is driven by, one step at a time.
    if isinstance(this, ArrayValue) and this.items:
        machine.changed(this)
        return ObjectValue({"value": this.items.pop(0), "done": False})
    returned = this.props.get("%returned", UNDEFINED) if isinstance(this, ArrayValue) else UNDEFINED
    return ObjectValue({"value": returned, "done": True})


ARRAY_METHODS: dict[str, Method] = {
    "forEach": _for_each,
    "map": _map,
    "flatMap": _flat_map,
    "filter": _filter,
    "find": _find,
    "findLast": _find,
    "findIndex": _find_index,
    "some": _some,
    "every": _every,
    "reduce": _reduce,
    "reduceRight": _reduce_right,
    "push": _push,
    "unshift": _unshift,
    "pop": _pop,
    "shift": _shift,
    "concat": _concat,
    "flat": _flat,
    "slice": _slice,
    "splice": _splice,
    "join": _join,
    "includes": _includes,
    "indexOf": _index_of,
    "entries": _entries,
    "values": lambda machine, this, arguments, node: ArrayValue(list(_items(this)), is_open=_is_open(this)),
    "keys": lambda machine, this, arguments, node: ArrayValue(list(range(len(_items(this)))), is_open=_is_open(this)),
    "sort": _sort,
    "toSorted": _sort,
    "reverse": _reverse,
    "fill": _fill,
    "at": _at,
    "next": _next,
    "toString": lambda machine, this, arguments, node: _join(machine, this, [","], node),
}
