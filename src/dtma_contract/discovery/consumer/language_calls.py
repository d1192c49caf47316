"""What the languages' own functions give: Object, Promise, Array, Map, str, dict. Pure."""

from __future__ import annotations

from dtma_contract.discovery.consumer.calling import Calls
from dtma_contract.discovery.consumer.operations import entries_of
from dtma_contract.discovery.consumer.values import (
    NOTHING,
    Arguments,
    FunctionValue,
    Hole,
    Items,
    Native,
    Text,
    Thing,
    Value,
    hole,
    join_texts,
    lift,
    names_of,
    new_choice,
    text,
    to_text,
)

__all__ = ["language_call"]


def language_call(value: Native, arguments: Arguments, calls: Calls, *, new: bool) -> Value:  # noqa: C901, PLR0911, PLR0912 - one return for each function
    """Return what a function of the language gives.

    Args:
        value: the function.
        arguments: what it is called with.
        calls: the evaluator of calls, for functions that are handed over.
        new: whether it is constructed.
    """
    first = arguments.get(0)
    match value.kind:
        case "encode":
            return first if isinstance(first, Items | Hole) else to_text(first)
        case "search":
            return Text((Hole(("query",)),))
        case "class:pattern":
            return Native("pattern", {"source": first})
        case "class:Map":
            return _record_of(first)
        case "dict":
            return Thing(dict(arguments.keywords) | (dict(first.fields) if isinstance(first, Thing) else {}))
        case "enumerate":
            return _pairs(first)
        case "getattr":
            return lift(lambda name: _attribute(first, name, calls), arguments.get(1))
        case "getenv":
            known = first.constant if isinstance(first, Text) else None
            default = arguments.get(1, "default")
            found = hole(known or "", *names_of(first))
            return found if default == NOTHING else new_choice([found, default])
        case "urlunsplit":
            pieces = first.items if isinstance(first, Items) else []
            if len(pieces) > 2:  # noqa: PLR2004 - scheme, host, path
                return join_texts(pieces[0], text("://"), pieces[1], pieces[2])
            return Hole()
        case "url.format":
            return _formatted(first)
        case "Promise" if new:
            return Hole()
        case _ if value.kind.startswith(("Object.", "Promise.", "Array.")):
            return _static(value.kind, arguments, calls)
        case _:
            return hole(*names_of(first)) if names_of(first) else Hole()


def _attribute(owner: Value, name: Value, calls: Calls) -> Value:
    if isinstance(name, Text) and name.constant:
        return calls.member(owner, name.constant)
    return Native("unknown verb", {"owner": owner})


def _static(kind: str, arguments: Arguments, calls: Calls) -> Value:  # noqa: C901, PLR0911 - one return for each function
    first = arguments.get(0)
    match kind:
        case "Object.entries":
            return _pairs(first)
        case "Object.keys":
            return (
                Items([text(key) for key in first.fields], first.open)
                if isinstance(first, Thing)
                else Items([], Hole())
            )
        case "Object.values":
            return Items(list(first.fields.values()), first.open) if isinstance(first, Thing) else Items([], Hole())
        case "Object.assign":
            made = first if isinstance(first, Thing) else Thing({})
            for other in arguments.values[1:]:
                if isinstance(other, Thing):
                    made.fields.update(other.fields)
                    made.open = made.open or other.open
                elif isinstance(other, Hole):
                    made.open = made.open or other
            return made
        case "Object.fromEntries":
            return _record_of(first)
        case "Array.from" if isinstance(arguments.get(1), FunctionValue):
            function = arguments.get(1)
            if isinstance(function, FunctionValue):
                calls.call_function(function, Arguments([Hole(), Hole()]), None)
            return Items([], Hole())
        case _:
            return first


def _pairs(value: Value) -> Value:
    entries = entries_of(value)
    if entries is None:
        return Items([Items([Hole(("key",)), Hole(("value",))])])
    return Items([Items([key, one]) for key, one in entries])


def _record_of(pairs: Value) -> Value:
    made = Thing({}, None if isinstance(pairs, Items) and not pairs.open else Hole())
    for pair in pairs.items if isinstance(pairs, Items) else []:
        key = pair.items[0] if isinstance(pair, Items) and pair.items else NOTHING
        if isinstance(pair, Items) and isinstance(key, Text) and key.constant and len(pair.items) > 1:
            made.fields[key.constant] = pair.items[1]
    return made


def _formatted(value: Value) -> Value:
    """Return the URL of node's `url.format({protocol, hostname, port, pathname})`."""
    if not isinstance(value, Thing):
        return value
    host = value.fields.get("hostname", value.fields.get("host", Hole()))
    url = join_texts(text("http://"), host)
    if "port" in value.fields:
        url = join_texts(url, text(":"), value.fields["port"])
    return join_texts(url, value.fields.get("pathname", text("/")))
