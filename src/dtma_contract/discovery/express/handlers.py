"""What can be told of a request handler from its text: its name, whether it leaves requests to others."""

from __future__ import annotations

import re

from dtma_contract.discovery.express.machine import Machine
from dtma_contract.discovery.express.middleware_packages import is_transparent
from dtma_contract.discovery.express.registrations import RouterValue
from dtma_contract.discovery.express.syntax import Node
from dtma_contract.discovery.express.values import FunctionValue, NativeFunction, Opaque, Value

__all__ = ["dispatches", "handler_name", "passes_on"]

# Request, response and the way on (Express, "Writing middleware").
_WITH_NEXT = 3
_MAX_NAME = 80
_MAX_DEPTH = 6

# A call that hands request and response on: `router(req, res, next)`, `app.handle(req, res)`.
_HANDS_ON = re.compile(r"[\w\])]\(\s*(\w*[rR]eq(?:uest)?)\s*(?:as any)?,\s*(\w*[rR]es(?:ponse)?)\b")


def handler_name(written: Node | None, value: Value) -> str:
    """Return what a reader calls a handler: its identifier, the function that made it, or its own name."""
    if written is not None:
        node = written
        while node.type == "call_expression":
            callee = node.get("function")
            if callee is None:
                break
            inner = callee.get("property") if callee.type == "member_expression" else None
            if inner is not None and inner.text in {"bind", "call"}:
                holder = callee.get("object")
                node = holder if holder is not None else callee
            else:
                node = callee
        if node.type in {"identifier", "member_expression", "subscript_expression"}:
            return " ".join(node.text.split())[:_MAX_NAME]
    if isinstance(value, FunctionValue):
        return value.name or "an anonymous function"
    if isinstance(value, NativeFunction):
        return value.name
    if isinstance(value, Opaque):
        return value.origin[:_MAX_NAME]
    return "a handler"


def dispatches(function: FunctionValue) -> bool:
    """Return whether a handler may hand its request on to a router by calling it."""
    return bool(_HANDS_ON.search(function.node.text))


def passes_on(machine: Machine, value: Value, depth: int = 0) -> bool | None:
    """Return whether a handler may leave a request to what was registered after it, or None where that is not known.

    ``next(error)`` leaves it to error handlers only, which is no way on.
    """
    if isinstance(value, RouterValue):
        return True
    if isinstance(value, Opaque):
        return True if is_transparent(value.package) else None
    if isinstance(value, NativeFunction):
        return True
    if not isinstance(value, FunctionValue) or value.is_class or depth > _MAX_DEPTH:
        return None
    node = value.node
    parameters = _parameters(node)[len(value.bound[1]) if value.bound else 0 :]
    if any(parameter is None for parameter in parameters):
        return None
    if len(parameters) > _WITH_NEXT:
        # An error handler: it never sees an ordinary request.
        return True
    body = node.get("body")
    if body is None:
        return None
    if len(parameters) < _WITH_NEXT:
        return None if re.search(r"\barguments\b", body.text) else False
    return _uses_next(machine, body, parameters[2] or "", value, depth)


def _parameters(node: Node) -> list[str | None]:
    """Return the names of a function's parameters; None for one that takes several."""
    single = node.get("parameter")
    if single is not None:
        return [single.text]
    listed = node.get("parameters")
    names: list[str | None] = []
    for parameter in listed.kids if listed is not None else []:
        pattern = parameter.get("pattern") or parameter.get("left") or parameter
        if pattern.type == "this":
            continue
        names.append(None if pattern.type == "rest_pattern" else pattern.text)
    return names


def _uses_next(machine: Machine, body: Node, name: str, function: FunctionValue, depth: int) -> bool | None:
    if not re.search(rf"\b{re.escape(name)}\b", body.text):
        return False
    verdict: bool | None = False
    for node in body.descendants():
        if node.type != "call_expression":
            continue
        callee, arguments = node.get("function"), node.get("arguments")
        if callee is None or arguments is None:
            continue
        passed = arguments.kids
        if callee.type == "identifier" and callee.text == name:
            if not passed or passed[0].type in {"string", "undefined"}:
                return True
            continue
        if not any(argument.type == "identifier" and argument.text == name for argument in passed):
            continue
        method = callee.get("property") if callee.type == "member_expression" else None
        if method is not None and method.text == "catch":
            continue
        inner = _resolved_callee(callee, function)
        answer = passes_on(machine, inner, depth + 1) if inner is not None else None
        if answer:
            return True
        verdict = None if answer is None else verdict
    # Any other mention, such as a wrapper object, may lead anywhere.
    mentions = len(re.findall(rf"\b{re.escape(name)}\b", body.text))
    calls = len(re.findall(rf"\b{re.escape(name)}\s*\(|\b{re.escape(name)}\s*[,)]", body.text))
    return verdict if mentions <= calls else None


def _resolved_callee(callee: Node, function: FunctionValue) -> Value | None:
    if callee.type != "identifier":
        return None
    holder = function.scope.holder(callee.text)
    found = holder.names[callee.text] if holder is not None else None
    return found if isinstance(found, FunctionValue) else None
