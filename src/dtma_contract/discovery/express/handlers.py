"""What can be told of a request handler from its text: its name, whether it leaves requests to others."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dtma_contract.discovery.express.contents import routers_in
from dtma_contract.discovery.express.credentials import asks_for_credentials, lets_some_pass
from dtma_contract.discovery.express.machine import Machine
from dtma_contract.discovery.express.middleware_packages import is_transparent
from dtma_contract.discovery.express.registrations import Handler, RouterValue
from dtma_contract.discovery.express.syntax import Node
from dtma_contract.discovery.express.values import (
    UNDEFINED,
    FunctionValue,
    NativeFunction,
    ObjectValue,
    Opaque,
    Value,
    alternatives,
)

__all__ = ["dispatches", "handler_name", "handler_of", "may_leave", "passes_on", "routers_behind"]

# Request, response and the way on (Express, "Writing middleware").
_WITH_NEXT = 3
# A function that takes less than a request and a response handles none.
_HANDLER_PARAMETERS = 2
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


def handler_of(machine: Machine, written: Node | None, value: Value, *, passes: bool | None) -> Handler:
    """Return what is told of a handler.

    Args:
        machine: the evaluation.
        written: the argument that stands for it, or None.
        value: what that is.
        passes: whether it may leave a request to what was registered after it.
    """
    options = [option for _, option in alternatives(value)]
    asking = {asks_for_credentials(machine, option) for option in options}
    return Handler(
        handler_name(written, value),
        passes,
        any(map(_skips, options)),
        asking.pop() if len(asking) == 1 else None,
        any(map(lets_some_pass, options)),
    )


def _skips(value: Value) -> bool:
    """Return whether a handler may leave the rest of its own route (`next('route')`)."""
    return isinstance(value, FunctionValue) and bool(re.search(r"['\"`]route['\"`]|\.\.\.", value.node.text))


def may_leave(value: Value) -> bool:
    """Return whether a callback for a parameter may leave the route at hand (`next('route')`), as far as it shows."""
    if not isinstance(value, FunctionValue):
        return True
    names = _parameters(value.node)
    if len(names) < _WITH_NEXT or None in names:
        return bool(re.search(r"\barguments\b|\.next\b", value.node.text)) or None in names
    name = re.escape(str(names[2]))
    body = value.node.get("body")
    text = body.text if body is not None else name
    # A call with nothing, or with what everyone calls an error.
    plain = rf"\b{name}\(\s*(?:\)|(?:e|err|error|ex)\s*\)|new \w*Error\b)"
    return len(re.findall(rf"\b{name}\b", text)) > len(re.findall(plain, text))


def dispatches(function: FunctionValue) -> bool:
    """Return whether a handler may hand its request on to a router by calling it."""
    body = function.node.get("body")
    return body is not None and bool(_HANDS_ON.search(body.text))


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
        # Its arguments, or the request itself, may know the way on; another handler may be called.
        return None if re.search(r"\barguments\b|\.next\b", body.text) or dispatches(value) else False
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
        # The request knows the way on as well.
        return None if re.search(r"\.next\b", body.text) else False
    caught = list(_caught_errors(body))
    verdict: bool | None = False
    mentions = len(re.findall(rf"\b{re.escape(name)}\b", body.text))
    understood = 0
    for node in body.descendants():
        if node.type != "call_expression":
            continue
        callee, arguments = node.get("function"), node.get("arguments")
        if callee is None or arguments is None:
            continue
        passed = arguments.kids
        if callee.type == "identifier" and callee.text == name:
            understood += 1
            if not passed or passed[0].type in {"string", "undefined"}:
                return True
            if not _is_surely_error(passed[0], caught):
                verdict = None
            continue
        places = [
            index for index, argument in enumerate(passed) if argument.type == "identifier" and argument.text == name
        ]
        if not places:
            continue
        understood += len(places)
        method = callee.get("property") if callee.type == "member_expression" else None
        if method is not None and method.text == "catch":
            continue
        inner = _resolved_callee(callee, function) if places == [2] else None
        is_handler = isinstance(inner, FunctionValue) and len(_parameters(inner.node)) == _WITH_NEXT
        answer = passes_on(machine, inner, depth + 1) if is_handler else None
        if answer:
            return True
        verdict = None if answer is None else verdict
    # Any other mention, such as a wrapper object, may lead anywhere.
    return verdict if mentions <= understood else None


def _caught_errors(body: Node) -> Iterator[tuple[int, int, str]]:
    """Yield where an error is surely at hand, and its name: in a catch clause, and in what `.catch` calls."""
    for node in body.descendants():
        if node.type == "catch_clause" and (parameter := node.get("parameter")) is not None:
            yield node.start, node.end, parameter.text
        elif node.type == "call_expression":
            callee, arguments = node.get("function"), node.get("arguments")
            method = callee.get("property") if callee is not None and callee.type == "member_expression" else None
            if method is not None and method.text == "catch" and arguments is not None and arguments.kids:
                handler = arguments.kids[0]
                names = _parameters(handler) if handler.type in {"arrow_function", "function_expression"} else []
                if names and names[0]:
                    yield handler.start, handler.end, names[0]


def _is_surely_error(argument: Node, caught: list[tuple[int, int, str]]) -> bool:
    """Return whether `next` is given an error, so that only error handlers see the request: `next(null)` goes on."""
    if argument.type in {"new_expression", "object", "number", "template_string"}:
        return True
    return argument.type == "identifier" and any(
        start <= argument.start < end and argument.text == name for start, end, name in caught
    )


def _resolved_callee(callee: Node, function: FunctionValue) -> Value | None:
    if callee.type != "identifier":
        return None
    holder = function.scope.holder(callee.text)
    found = holder.names[callee.text] if holder is not None else None
    return found if isinstance(found, FunctionValue) else None


def routers_behind(machine: Machine, value: Opaque, node: Node) -> Iterator[RouterValue]:
    """Yield the apps and routers that unknown middleware was made of: given as they are, or by a function.

    So are made ``vhost('example.org', app)`` and ``lazyRouter(() => import('./api'))``.
    """
    for given in value.given:
        if not isinstance(given, FunctionValue):
            yield from routers_in([given])
        elif len(parameters := _parameters(given.node)) < _HANDLER_PARAMETERS:
            limit = machine.limits.speculative_steps
            answer = machine.call_unknowing(given, node, limit, None if parameters else [])
            for _, option in alternatives(machine.resolved(answer) if answer is not None else UNDEFINED):
                exported = option.props.get("default") if type(option) is ObjectValue else None
                yield from routers_in([machine.read(exported) if exported is not None else option], 0)
