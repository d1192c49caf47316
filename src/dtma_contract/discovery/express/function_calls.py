"""What a call of a function of the program does: its parameters are bound, and its body runs."""

from __future__ import annotations

from dtma_contract.discovery.express.classes import instantiate
from dtma_contract.discovery.express.declarations import assign_pattern, defaulted, hoist
from dtma_contract.discovery.express.endings import NORMAL, THROW
from dtma_contract.discovery.express.frames import Frame
from dtma_contract.discovery.express.machine import Machine
from dtma_contract.discovery.express.syntax import Node
from dtma_contract.discovery.express.values import (
    UNDEFINED,
    ArrayValue,
    FunctionValue,
    ObjectValue,
    Opaque,
    PromiseValue,
    Scope,
    Value,
    either,
)

__all__ = ["enter"]


def enter(
    machine: Machine, function: FunctionValue, this: Value, arguments: list[Value] | None, frame: Frame, site: Node
) -> Value:
    """Run the body of a function and return what it gives.

    Args:
        machine: the evaluation.
        function: what is called.
        this: its receiver.
        arguments: its arguments, or None where all of them are unknown.
        frame: of the call.
        site: the call.
    """
    node = function.node
    if function.is_class:
        return instantiate(machine, function, arguments or [], site)
    scope = Scope(function.scope, is_function=True)
    if node.type != "arrow_function":
        scope.names["this"] = this
        scope.names["arguments"] = ArrayValue(list(arguments or []), is_open=arguments is None)
        if function.home is not None:
            scope.names["%home"] = function.home
        own = node.get("name")
        if node.type in {"function_expression", "generator_function"} and own is not None:
            scope.names[own.text] = function
    _bind_parameters(machine, node, arguments, scope, this)
    body = node.get("body")
    if body is None:
        return UNDEFINED
    is_async = "async" in node.marks
    if body.type != "statement_block":
        value = machine.evaluate(body, scope)
        return PromiseValue(machine.resolved(value)) if is_async else value
    statements = body.kids
    hoist(machine, statements, scope)
    bits = machine.block(statements, scope)
    if "*" in node.marks:
        return ArrayValue(frame.yielded) if not frame.returned else _generated(frame)
    if bits == THROW:
        machine.end.in_function(node, statements)
        # A service that starts throws nothing on its way: what leads here was not followed well enough.
        return PromiseValue(Opaque("an error")) if is_async else Opaque("an error")
    returned = [*frame.returned, *([("", UNDEFINED)] if bits & NORMAL and frame.returned else [])]
    value = either(*returned) if returned else UNDEFINED
    return PromiseValue(machine.resolved(value)) if is_async else value


def _generated(frame: Frame) -> Value:
    result = ArrayValue(frame.yielded)
    # What drives a generator as a coroutine wants what it returns.
    result.props["%returned"] = either(*frame.returned)
    return result


def _bind_parameters(machine: Machine, node: Node, arguments: list[Value] | None, scope: Scope, this: Value) -> None:
    single = node.get("parameter")
    parameters = (
        [single] if single is not None else (node.get("parameters") or node).kids if node.get("parameters") else []
    )
    position = 0
    for parameter in parameters:
        pattern, default = parameter, None
        if parameter.type in {"required_parameter", "optional_parameter"}:
            named = parameter.get("pattern")
            if named is None or named.type == "this":
                continue
            pattern, default = named, parameter.get("value")
        elif parameter.type == "assignment_pattern":
            left = parameter.get("left")
            assert left is not None
            pattern, default = left, parameter.get("right")
        if pattern.type == "rest_pattern":
            rest = ArrayValue(list(arguments[position:])) if arguments is not None else ArrayValue(is_open=True)
            assign_pattern(machine, pattern.kids[0], rest, scope, scope, declares=True)
            break
        if arguments is None:
            value: Value = Opaque(pattern.text[:60])
        else:
            value = arguments[position] if position < len(arguments) else UNDEFINED
        if default is not None:
            value = defaulted(machine, value, default, scope)
        assign_pattern(machine, pattern, value, scope, scope, declares=True)
        if isinstance(this, ObjectValue) and pattern.type == "identifier" and _is_property(parameter):
            machine.write(this, pattern.text, value)
        position += 1


def _is_property(parameter: Node) -> bool:
    """Return whether a parameter is a property as well, as TypeScript has it: ``constructor(private app: App)``."""
    modifiers = {"accessibility_modifier", "override_modifier"}
    return "readonly" in parameter.marks or any(kid.type in modifiers for kid in parameter.kids)
