"""Whether a request handler asks for credentials, as far as its own text tells: what it is called need not say so."""

from __future__ import annotations

import re

from dtma_contract.discovery.express.machine import Machine
from dtma_contract.discovery.express.middleware_packages import is_transparent
from dtma_contract.discovery.express.values import FunctionValue, Opaque, Value

__all__ = ["asks_for_credentials", "lets_some_pass"]

_CREDENTIALS = re.compile(
    r"authoriz|authoris|authent|bearer|token|jwt|api[-_]?key|credential|session|cookie|secret|password|\.user\b",
    re.IGNORECASE,
)
_REFUSES = re.compile(r"\b40[13]\b|unauthori[sz]ed|unauthenticated|forbidden|www-authenticate", re.IGNORECASE)
# It decides by what is asked for.
_BY_PATH = re.compile(r"\w\.(?:path|url|originalUrl|baseUrl|method)\b")
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
    text = _text(machine, value, _MAX_DEPTH)
    looks, refuses = bool(_CREDENTIALS.search(text)), bool(_REFUSES.search(text))
    if looks and refuses:
        return None if _BY_PATH.search(text) else True
    return None if looks or refuses else False


def lets_some_pass(value: Value) -> bool:
    """Return whether a handler treats requests by their paths or methods, so that some may pass it unasked."""
    return isinstance(value, FunctionValue) and bool(_BY_PATH.search(value.node.text))


def _text(machine: Machine, function: FunctionValue, depth: int) -> str:
    """Return the text of a function with that of the functions it calls by their names."""
    texts = [function.node.text]
    for node in function.node.descendants() if depth else ():
        callee = node.get("function") if node.type == "call_expression" else None
        holder = function.scope.holder(callee.text) if callee is not None and callee.type == "identifier" else None
        called = machine.read(holder.names[callee.text]) if holder is not None and callee is not None else None
        if isinstance(called, FunctionValue) and called is not function:
            texts.append(_text(machine, called, depth - 1))
    return "\n".join(texts)
