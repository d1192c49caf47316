"""Calls of what is not known: its callbacks may be called, and it may register on the routers that it is handed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dtma_contract.discovery.express.contents import functions_in, routers_in
from dtma_contract.discovery.express.registrations import OpaqueLayer, RouterValue
from dtma_contract.discovery.express.syntax import Node
from dtma_contract.discovery.express.values import FunctionValue, ObjectValue, Opaque, Value

if TYPE_CHECKING:
    from dtma_contract.discovery.express.machine import Machine

__all__ = ["call_unknown", "configure", "unnamed"]

_NAME_LENGTH = 80

# Packages and members that take an app or a router and register nothing on it.
_HARMLESS_TAKERS = {
    "http", "https", "http2", "spdy", "net", "cluster", "util", "events", "console", "winston", "pino", "supertest",
    "http-terminator", "stoppable", "http-shutdown", "terminus", "socket.io", "ws", "express-async-errors",
    "@godaddy/terminus", "server-destroy", "death", "lodash",
}  # fmt: skip


def call_unknown(machine: Machine, callee: Opaque, this: Value, arguments: list[Value], node: Node) -> Value:
    """Return what a call of something unknown gives: its callbacks are called, and routers escape into it."""
    machine.hands_out(this, *arguments)
    for argument in arguments:
        if isinstance(argument, ObjectValue) and argument.tag == "module":
            # What a module exports may be added to.
            argument.is_open = True
    harmless = callee.package in _HARMLESS_TAKERS
    for router in routers_in([*arguments, *([this] if isinstance(this, RouterValue) else [])]):
        if harmless:
            router.is_served = True
        else:
            _escapes(machine, router, callee, node)
    for argument in arguments:
        for function in functions_in(argument):
            machine.callbacks.remember(function, node)
    answer = callee.derived(f"{callee.origin}()")
    made_of = [value for value in arguments if isinstance(value, FunctionValue) or routers_in([value])]
    return replace(answer, given=tuple(made_of)) if made_of else answer


def configure(machine: Machine, router: RouterValue, arguments: list[Value], node: Node) -> Value:
    """Call functions with the app, as what stands on Express does (Feathers, API reference: app.configure)."""
    for argument in arguments:
        if isinstance(argument, FunctionValue):
            machine.call(argument, router, [router], node)
        else:
            call_unknown(machine, Opaque("app.configure"), router, [argument], node)
    return router


def unnamed(node: Node) -> Opaque:
    """Return what stands for the value of a node of which nothing is known: it goes by its text."""
    text = " ".join(node.text[:200].split())
    return Opaque(text if len(text) <= _NAME_LENGTH else text[:_NAME_LENGTH] + "…")


def _escapes(machine: Machine, router: RouterValue, callee: Opaque, node: Node) -> None:
    router.is_served = router.is_served or router.is_app
    machine.effects += 1
    what = f"the package {callee.package}" if callee.package else f"`{callee.origin}`, which could not be resolved,"
    kind = "app" if router.is_app else "router"
    router.items.append(
        OpaqueLayer(
            "/",
            f"{what} is handed the {kind} and may register routes on it",
            tuple(machine.conditions),
            machine.location(node),
        )
    )
