"""Emitters of events: what listens is called with what is emitted, at once (Node, module events)."""

from __future__ import annotations

from functools import partial

from dtma_contract.discovery.express.machine import Machine
from dtma_contract.discovery.express.syntax import Node
from dtma_contract.discovery.express.unknown_calls import call_unknown
from dtma_contract.discovery.express.values import (
    UNDEFINED,
    ArrayValue,
    Either,
    FunctionValue,
    NativeFunction,
    ObjectValue,
    Opaque,
    Value,
    alternatives,
)

__all__ = ["emit", "emitter_class", "listen"]

_LISTENING = ("on", "once", "addListener", "prependListener", "prependOnceListener")
_LISTENERS = "@@listeners:"


def emitter_class(machine: Machine) -> NativeFunction:
    """Return the class ``EventEmitter``, which is its module as well."""
    prototype = ObjectValue()
    made = NativeFunction(
        "EventEmitter",
        lambda this, arguments, node: this,
        lambda this, arguments, node: _made(prototype),
    )
    listening = {name: NativeFunction(name, partial(listen, machine)) for name in _LISTENING}
    prototype.props |= {**listening, "emit": NativeFunction("emit", partial(emit, machine))}
    made.props |= {"prototype": prototype, "EventEmitter": made, "default": made}
    made.is_open = True
    return made


def _made(prototype: ObjectValue) -> ObjectValue:
    made = ObjectValue(proto=prototype)
    made.is_open = True
    return made


def listen(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    """Keep a listener; one that nothing is seen to call may be called by something else."""
    event = arguments[0] if arguments else None
    condition = " and ".join(machine.conditions)
    for argument in arguments[1:2]:
        for _, listener in alternatives(argument):
            if not isinstance(listener, FunctionValue):
                call_unknown(machine, Opaque("an emitter"), UNDEFINED, [listener], node)
                continue
            if isinstance(event, str) and isinstance(this, ObjectValue):
                kept = this.props.setdefault(f"{_LISTENERS}{event}", ArrayValue())
                kept.items.append(Either(((condition, listener),)))
            machine.callbacks.remember(listener, node)
    return this


def emit(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    """Call the listeners of an event; where it is not known which event that is, nothing is known of the call."""
    event = arguments[0] if arguments else None
    if not isinstance(event, str) or not isinstance(this, ObjectValue):
        return call_unknown(machine, Opaque("an emitter"), UNDEFINED, arguments, node)
    kept = this.props.get(f"{_LISTENERS}{event}")
    for item in list(kept.items) if isinstance(kept, ArrayValue) else []:
        ((condition, listener),) = item.options
        machine.callbacks.settle(listener)
        call = partial(machine.call, listener, this, arguments[1:], node)
        if condition and condition not in " and ".join(machine.conditions):
            machine.under(condition, call)
        else:
            call()
    return Opaque("whether something listens")
