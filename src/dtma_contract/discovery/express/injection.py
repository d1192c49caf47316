"""Dependency injection: a container that is asked for a class gives an instance of it, and of all that it asks for."""

from __future__ import annotations

import re

from dtma_contract.discovery.express.machine import Machine
from dtma_contract.discovery.express.syntax import Node
from dtma_contract.discovery.express.values import FunctionValue, ObjectValue, Opaque, Value

__all__ = ["injected"]

# What containers are asked by: typedi, inversify, tsyringe, awilix, the ones of frameworks.
_ASKS = {"get", "resolve", "resolveClass", "getInstance", "instantiate", "make", "injectClass", "build"}
_MAX_DEPTH = 12

_INJECT = re.compile(r"@[Ii]nject\(\s*(?:\(\s*\)\s*=>\s*)?([A-Z]\w*)\s*\)")
_TYPE = re.compile(r":\s*([A-Z]\w*)\s*(?:<[^>]*>)?\s*(?:=|$)")
_CONSTRUCTOR = "%constructor"
_CACHE = "%injected"


def injected(machine: Machine, name: Value, arguments: list[Value], node: Node) -> Value | None:
    """Return what a call of an unknown container gives, or None where it is no question for a class.

    Args:
        machine: the evaluation.
        name: of the method that is called.
        arguments: of the call.
        node: the call.
    """
    if name not in _ASKS or not arguments:
        return None
    wanted = arguments[0]
    return _instance(machine, wanted, node, 0) if isinstance(wanted, FunctionValue) and wanted.is_class else None


def _instance(machine: Machine, made: FunctionValue, node: Node, depth: int) -> Value:
    known = made.props.get(_CACHE)
    if known is not None:
        return known
    if depth > _MAX_DEPTH:
        return Opaque(made.name)
    constructor = made.prototype().find(_CONSTRUCTOR)
    arguments = _arguments(machine, constructor, node, depth) if isinstance(constructor, FunctionValue) else []
    instance = machine.construct(made, arguments, node)
    if isinstance(instance, ObjectValue):
        # What is injected into fields is not known.
        instance.is_open = True
    made.props[_CACHE] = instance
    return instance


def _arguments(machine: Machine, constructor: FunctionValue, node: Node, depth: int) -> list[Value]:
    listed = constructor.node.get("parameters")
    found: list[Value] = []
    for parameter in listed.kids if listed is not None else []:
        match = _INJECT.search(parameter.text) or _TYPE.search(parameter.text)
        holder = constructor.scope.holder(match[1]) if match else None
        wanted = machine.read(holder.names[match[1]]) if holder is not None and match else None
        if isinstance(wanted, FunctionValue) and wanted.is_class:
            found.append(_instance(machine, wanted, node, depth + 1))
        else:
            found.append(Opaque(parameter.text[:60]))
    return found
