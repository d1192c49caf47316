"""Whether a request handler asks for credentials, as far as its own text tells: what it is called need not say so."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dtma_contract.discovery.express.machine import Machine
from dtma_contract.discovery.express.middleware_packages import is_transparent
from dtma_contract.discovery.express.values import FunctionValue, Opaque, Value

__all__ = ["asks_for_credentials", "lets_some_pass"]

_CREDENTIALS = re.compile(
    r"authoriz|authoris|authent|bearer|token|jwt|api[-_]?key|credential|session|cookie|secret|password|\.user\b",
    re.IGNORECASE,
)
_REFUSES = re.compile(r"\b40[13]\b|unauthori[sz]ed|unauthenticated|forbidden|www-authenticate", re.IGNORECASE)
# What is asked for, and where it is weighed: in a condition, or compared. A line for the log may hold it as well.
_ASKED_FOR = r"\w\.(?:path|url|originalUrl|baseUrl|method)\b"
_BY_PATH = re.compile(
    rf"{_ASKED_FOR}\)?\s*(?:[!=]==?|\.(?:startsWith|endsWith|includes|match|indexOf)\b)|[!=]==?\s*{_ASKED_FOR}|"
    rf"\b(?:includes|has|test|exec|indexOf)\(\s*{_ASKED_FOR}"
)
_CHOICES = {"if_statement": "condition", "ternary_expression": "condition", "switch_statement": "value"}
_PACKAGES = re.compile(r"auth|jwt|passport|bearer|openid|oidc|keycloak|saml|cognito|clerk", re.IGNORECASE)
# Request, response and the way on; an error handler takes one more, and sees no ordinary request.
_MOST_PARAMETERS = 3
_MAX_DEPTH = 2


def asks_for_credentials(machine: Machine, value: Value) -> bool | None:
    """Return whether a handler refuses who shows no credentials, or None where it may."""
    if isinstance(value, Opaque):
        return None if _PACKAGES.search(value.package) or not is_transparent(value.package) else False
    if not isinstance(value, FunctionValue):
        return False
    listed = value.node.get("parameters")
    if listed is not None and len(listed.kids) > _MOST_PARAMETERS:
        return False
    functions = tuple(_followed(machine, value, _MAX_DEPTH))
    text = "\n".join(function.node.text for function in functions)
    looks, refuses = bool(_CREDENTIALS.search(text)), bool(_REFUSES.search(text))
    if looks and refuses:
        return None if any(map(lets_some_pass, functions)) else True
    return None if looks or refuses else False


def lets_some_pass(value: Value) -> bool:
    """Return whether a handler weighs the paths or methods of requests, so that some may pass it unasked."""
    return isinstance(value, FunctionValue) and (
        bool(_BY_PATH.search(value.node.text))
        or any(
            re.search(_ASKED_FOR, test.text)
            for node in value.node.descendants()
            if (test := node.get(_CHOICES.get(node.type, ""))) is not None
        )
    )


def _followed(machine: Machine, function: FunctionValue, depth: int) -> Iterator[FunctionValue]:
    """Yield a function and those that it calls by their names."""
    yield function
    for node in function.node.descendants() if depth else ():
        callee = node.get("function") if node.type == "call_expression" else None
        holder = function.scope.holder(callee.text) if callee is not None and callee.type == "identifier" else None
        called = machine.read(holder.names[callee.text]) if holder is not None and callee is not None else None
        if isinstance(called, FunctionValue) and called is not function:
            yield from _followed(machine, called, depth - 1)
