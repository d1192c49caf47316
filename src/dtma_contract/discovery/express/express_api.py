"""What Express does with a program's calls: apps and routers that remember what is registered on them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial

from dtma_contract.discovery.express.absent_exports import absent_export
from dtma_contract.discovery.express.emitters import emit, listen
from dtma_contract.discovery.express.handlers import (
    dispatches,
    handler_name,
    handler_of,
    may_leave,
    passes_on,
    routers_behind,
)
from dtma_contract.discovery.express.machine import Machine
from dtma_contract.discovery.express.middleware_packages import is_transparent
from dtma_contract.discovery.express.paths import syntax_error
from dtma_contract.discovery.express.registrations import (
    Handler,
    Layer,
    Mount,
    OpaqueLayer,
    PathValue,
    RegisteredRoute,
    RouterValue,
    StackValue,
)
from dtma_contract.discovery.express.syntax import Node, excerpt
from dtma_contract.discovery.express.unknown_calls import configure
from dtma_contract.discovery.express.values import (
    UNDEFINED,
    ArrayValue,
    DefaultText,
    Either,
    FunctionValue,
    Hole,
    Link,
    NativeFunction,
    Nothing,
    ObjectValue,
    Opaque,
    PatternValue,
    PromiseValue,
    ProxyValue,
    Text,
    Value,
    alternatives,
)
from dtma_contract.routes import Location

__all__ = [
    "METHODS",
    "alter",
    "express_module",
    "is_registration_like",
    "mount",
    "router_member",
    "store_setting",
]

# The methods that Express knows (Node.js, http.METHODS), in lower case.
METHODS = (
    "acl", "bind", "checkout", "connect", "copy", "delete", "get", "head", "link", "lock", "m-search", "merge",
    "mkactivity", "mkcalendar", "mkcol", "move", "notify", "options", "patch", "post", "propfind", "proppatch", "purge",
    "put", "rebind", "report", "search", "source", "subscribe", "trace", "unbind", "unlink", "unlock", "unsubscribe",
)  # fmt: skip
# Members that register nothing and give the app back.
_CHAINING = {
    "on",
    "once",
    "off",
    "addListener",
    "removeListener",
    "engine",
    "setMaxListeners",
    "bind",
    "path",
    "render",
    "enabled",
    "disabled",
}
_VERBS = {*METHODS, "all", "del"} - {"bind"}
# Other methods are called like functions of many libraries (`copy`, `link`, `move`).
_USUAL_VERBS = {"get", "post", "put", "patch", "delete", "head", "options", "all", "use"}

# An unknown value in the first place of `use` is taken for a path when it is called like one.
_PATH_LIKE = re.compile(
    r"path|prefix|base|url|uri|route|mount|root|endpoint|version|env|config|option|setting|api", re.IGNORECASE
)
_MAX_PATHS = 64
# Methods that change the array that they are called on (ECMA-262, section 23.1.3).
_LIST_CHANGES = ("copyWithin", "fill", "pop", "push", "reverse", "shift", "sort", "splice", "unshift")
# A handler that hands its request on does little before.
_DISPATCH_STEPS = 20_000


def _new_router(machine: Machine, node: Node, *, is_app: bool) -> RouterValue:
    """Return a new app or router."""
    machine.registered()
    router = RouterValue(machine.location(node), is_app=is_app)
    machine.routers.append(router)
    return router


def express_module(machine: Machine) -> NativeFunction:
    """Return what importing ``express`` gives."""

    def make(*, is_app: bool) -> Callable[[Value, list[Value], Node], Value]:
        return lambda this, arguments, node: _new_router(machine, node, is_app=is_app)

    module = NativeFunction("express", make(is_app=True))
    router = NativeFunction("express.Router", make(is_app=False))
    module.props |= {
        "Router": router,
        "default": module,
        "application": ObjectValue(tag="application"),
    }
    for name in ("json", "urlencoded", "raw", "text", "static", "query"):
        module.props[name] = NativeFunction(f"express.{name}", partial(_middleware, f"express.{name}"))
    for name in ("request", "response", "Route"):
        made = ObjectValue()
        made.is_open = True
        module.props[name] = made
    return module


def _middleware(name: str, this: Value, arguments: list[Value], node: Node) -> Value:
    return NativeFunction(name, _no_effect)


def _no_effect(this: Value, arguments: list[Value], node: Node) -> Value:
    return UNDEFINED


# -- members of apps and routers


def router_member(machine: Machine, router: RouterValue, name: str) -> Value:
    """Return a method of an app or a router; ``?`` stands for one of which the name is not known."""
    if name in _VERBS or name == "?":
        return NativeFunction(name, lambda this, arguments, node: _verb(machine, router, name, arguments, node))
    made: dict[str, Callable[[Value, list[Value], Node], Value]] = {
        "use": lambda this, arguments, node: _use(machine, router, arguments, node),
        "route": lambda this, arguments, node: _route(machine, router, arguments, node),
        "listen": lambda this, arguments, node: _listen(machine, router, arguments, node),
        "handle": lambda this, arguments, node: machine.dispatched(router, node),
        "set": lambda this, arguments, node: _set(machine, router, arguments),
        "enable": lambda this, arguments, node: _set(machine, router, [*arguments[:1], True]),
        "disable": lambda this, arguments, node: _set(machine, router, [*arguments[:1], False]),
    }
    if name == "param":
        return NativeFunction(name, lambda this, arguments, node: _param(machine, router, arguments))
    if name == "emit":
        return NativeFunction(name, lambda this, arguments, node: emit(machine, router, arguments, node))
    if name in {"on", "once"}:
        return NativeFunction(name, lambda this, arguments, node: _on(machine, router, arguments, node))
    if name == "configure":
        return NativeFunction(name, lambda this, arguments, node: configure(machine, router, arguments, node))
    if name in _CHAINING:
        return NativeFunction(name, lambda this, arguments, node: router)
    if name in {"call", "apply"}:
        return NativeFunction(name, lambda this, arguments, node: machine.dispatched(router, node))
    if name in made:
        return NativeFunction(name, made[name])
    if name == "locals":
        router.props["locals"] = ObjectValue()
        router.props["locals"].is_open = True
        return router.props["locals"]
    if name == "default" or (router.is_app and name in {"_router", "router"}):
        # The router inside of an app holds what is registered on the app.
        return router
    if name == "stack":
        return _stack(machine, router)
    return Opaque(f"{router.tag}.{name}")


def _stack(machine: Machine, router: RouterValue) -> StackValue:
    stack = StackValue(router)

    def change(this: Value, arguments: list[Value], node: Node) -> Value:
        alter(machine, router, node)
        return Opaque("a layer")

    stack.props |= {name: NativeFunction(name, change) for name in _LIST_CHANGES}
    return stack


def alter(machine: Machine, router: RouterValue, node: Node) -> None:
    """Note that a program changes by hand what Express keeps of its registrations."""
    machine.registered()
    reason = f"`{excerpt(node)}` changes by hand what is registered"
    conditions, location = tuple(machine.conditions), machine.location(node)
    router.items.append(OpaqueLayer("/", reason, conditions, location, alters=True))


def store_setting(machine: Machine, router: RouterValue, name: str, value: Value, node: Node) -> None:
    """Remember what a program stores on an app under a name of its own."""
    router.settings[name] = value
    if name in {"stack", "_router"}:
        alter(machine, router, node)


def _on(machine: Machine, router: RouterValue, arguments: list[Value], node: Node) -> Value:
    # An app is told when another one mounts it (Express, API reference: app.onmount).
    if len(arguments) > 1 and arguments[0] == "mount" and isinstance(arguments[1], FunctionValue):
        machine.call(arguments[1], router, [Opaque("the app that mounts it")], node)
        return router
    return listen(machine, router, arguments, node)


def _param(machine: Machine, router: RouterValue, arguments: list[Value]) -> Value:
    """Note the parameters whose callback may leave a route: `next('route')` (Express, API reference: router.param)."""
    names = arguments[0].items if arguments and isinstance(arguments[0], ArrayValue) else arguments[:1]
    callbacks = [option for value in arguments[1:] for _, option in alternatives(machine.read(value))]
    if not callbacks or any(map(may_leave, callbacks)):
        router.leaving |= {name if isinstance(name, str) and callbacks else "*" for name in names}
    return router


def _set(machine: Machine, router: RouterValue, arguments: list[Value]) -> Value:
    if len(arguments) > 1 and isinstance(arguments[0], str):
        machine.changed(router)
        router.settings[arguments[0]] = arguments[1]
    return router


def _listen(machine: Machine, router: RouterValue, arguments: list[Value], node: Node) -> Value:
    router.is_served = True
    for argument in arguments:
        if isinstance(argument, FunctionValue):
            machine.callbacks.remember(argument, node)
    return Opaque("a server", package="http")


def _verb(machine: Machine, router: RouterValue, method: str, arguments: list[Value], node: Node) -> Value:
    if method == "get" and router.is_app and len(arguments) == 1:
        known = router.settings.get(arguments[0]) if isinstance(arguments[0], str) else None
        return (
            known if known is not None else Opaque(f"a setting {arguments[0] if isinstance(arguments[0], str) else ''}")
        )
    if not arguments:
        return router
    _register(machine, router, method, arguments[0], arguments[1:], _argument_nodes(node)[1:], node)
    return router


def _route(machine: Machine, router: RouterValue, arguments: list[Value], node: Node) -> Value:
    path = arguments[0] if arguments else "/"
    builder = ObjectValue(tag="route")

    def verb(method: str) -> NativeFunction:
        def register(this: Value, handlers: list[Value], call: Node) -> Value:
            _register(machine, router, method, path, handlers, _argument_nodes(call), call)
            return builder

        return NativeFunction(method, register)

    builder.props = {method: verb(method) for method in _VERBS}
    return builder


def _register(
    machine: Machine,
    router: RouterValue,
    method: str,
    path: Value,
    handlers: list[Value],
    nodes: list[Node | None],
    node: Node,
) -> None:
    machine.registered()
    methods = ("ALL",) if method == "all" else ("DELETE",) if method == "del" else (method.upper(),)
    if not handlers and method != "?":
        return
    described = tuple(_handlers(machine, handlers, nodes, node))
    # The call site of a chain is where its own method stands, not where the chain begins.
    place = node.get("function")
    name = place.get("property") if place is not None else None
    known = next((option for _, option in alternatives(path) if isinstance(option, str)), "")
    location = machine.site_of(node, known)
    if location.line == node.line:
        location = machine.location(name or node)
    for condition, single in _paths_of(path):
        _refused(machine, condition, single, node)
        conditions = (*machine.conditions, *([condition] if condition else []))
        router.items.append(RegisteredRoute(methods, single, described, conditions, location))
    if method == "?":
        machine.problem(node, "the method of a route is not known", hides=False)


def _refused(machine: Machine, condition: str, path: PathValue, node: Node) -> None:
    """Note that Express throws at a path; a default stands for another one, and says nothing."""
    if not condition and isinstance(path, str) and not isinstance(path, DefaultText):
        version = machine.express
        reason = syntax_error(path, version.major)
        # Where the version is not sure, flattening tells that the path has two readings.
        if reason and all(syntax_error(path, other) for other in version.others):
            machine.crashes(node, f"Express {version.major} refuses the path {path!r}: {reason}")


def _no_handler(machine: Machine, value: Value, written: Node | None, node: Node) -> None:
    """Note that Express throws at a handler that its module does not export, where it is imported."""
    absent: tuple[Location, str] | None = None
    if isinstance(value, Opaque) and value.missing_at is not None:
        absent = value.missing_at, value.unresolved
    elif isinstance(value, Opaque | Nothing):
        absent = absent_export(machine, written)
    if absent is not None:
        place, reason = absent
        where = f"and is handed to Express as a handler at {machine.location(node)}"
        machine.crashes(place, f"{reason}, {where}: the process ends while it loads")


def _handlers(machine: Machine, values: list[Value], nodes: list[Node | None], node: Node) -> Iterator[Handler]:
    for position, given in enumerate(values):
        written = nodes[position] if position < len(nodes) else None
        value = machine.resolved(given)
        if isinstance(value, ArrayValue):
            inner = written.kids if written is not None and written.type == "array" else []
            yield from _handlers(machine, value.items, [*inner], node)
            continue
        options = [option for _, option in alternatives(value)]
        _no_handler(machine, value, written, node)
        for option in options:
            if isinstance(option, ArrayValue):
                yield from _handlers(machine, option.items, [], node)
        passing = [passes_on(machine, option) for option in options if not isinstance(option, ArrayValue)]
        if passing:
            passes = passing[0] if len(set(passing)) == 1 else None
            yield handler_of(machine, written, value, passes=passes)


# -- use


def _use(machine: Machine, router: RouterValue, arguments: list[Value], node: Node) -> Value:
    machine.registered()
    nodes = _argument_nodes(node)
    if not arguments:
        return router
    path: Value = "/"
    first = machine.resolved(arguments[0])
    if _is_path(first, more=len(arguments) > 1):
        path, arguments, nodes = first, arguments[1:], nodes[1:]
    for condition, single in _paths_of(path):
        _refused(machine, condition, single, node)
        if condition:
            machine.conditions.append(condition)
        try:
            for position, argument in enumerate(arguments):
                written = nodes[position] if position < len(nodes) else None
                _use_one(machine, router, single, argument, written, node)
        finally:
            if condition:
                machine.conditions.pop()
    return router


def _is_path(value: Value, *, more: bool) -> bool:
    options = [option for _, option in alternatives(value)]
    if any(isinstance(option, str | Text | PatternValue) for option in options):
        return True
    if isinstance(value, ArrayValue):
        return bool(value.items) and all(_is_path(item, more=False) for item in value.items)
    if more and len(options) == 1 and isinstance(options[0], Opaque):
        return bool(_PATH_LIKE.search(options[0].origin)) and not is_transparent(options[0].package)
    return False


def _use_one(
    machine: Machine, router: RouterValue, path: PathValue, value: Value, written: Node | None, node: Node
) -> None:
    value = machine.resolved(machine.read(value) if isinstance(value, Link) else value)
    if isinstance(value, Either):
        known = [option for option in value.options if not isinstance(option[1], Nothing | bool)]
        for condition, option in known:
            if isinstance(option, Opaque) and len(known) > 1 and not option.package:
                # A default stands for what a caller may give.
                continue
            mark = len(machine.conditions)
            machine.conditions += [condition] if condition else []
            _use_one(machine, router, path, option, written, node)
            del machine.conditions[mark:]
        return
    conditions, location = tuple(machine.conditions), machine.location(node)
    if isinstance(value, ProxyValue):
        value = value.target
    _no_handler(machine, value, written, node)
    if isinstance(value, RouterValue):
        mount(machine, router, path, value, node)
    elif isinstance(value, ArrayValue):
        inner = written.kids if written is not None and written.type == "array" else []
        for position, item in enumerate(value.items):
            _use_one(machine, router, path, item, inner[position] if position < len(inner) else None, node)
        if value.is_open:
            router.items.append(OpaqueLayer(path, "a list of middleware is not wholly known", conditions, location))
    elif isinstance(value, FunctionValue):
        handler = handler_of(machine, written, value, passes=passes_on(machine, value))
        router.items.append(Layer(path, handler, conditions, location))
        if dispatches(value):
            machine.dispatching.append((router, path))
            try:
                machine.call_unknowing(value, node, _DISPATCH_STEPS)
            finally:
                machine.dispatching.pop()
    elif isinstance(value, NativeFunction):
        router.items.append(Layer(path, Handler(value.name, passes_on=True), conditions, location))
    elif isinstance(value, Opaque):
        _use_opaque(machine, router, path, value, written, node)
    elif isinstance(value, ObjectValue) and isinstance(value.find("handle"), FunctionValue):
        router.items.append(OpaqueLayer(path, "an object that handles requests is mounted", conditions, location))
    elif isinstance(value, PromiseValue | ObjectValue | Text | PatternValue | str):
        router.items.append(
            OpaqueLayer(path, f"`{handler_name(written, value)}` could not be resolved", conditions, location)
        )
    elif isinstance(value, Nothing):
        # Express throws here, unless what was evaluated is not what would be.
        router.items.append(
            OpaqueLayer(
                path,
                f"`{handler_name(written, value)}` is {value.name} as far as it could be followed",
                conditions,
                location,
            )
        )


def _use_opaque(
    machine: Machine, router: RouterValue, path: PathValue, value: Opaque, written: Node | None, node: Node
) -> None:
    conditions, location = tuple(machine.conditions), machine.location(node)
    name = handler_name(written, value)
    if is_transparent(value.package):
        router.items.append(Layer(path, handler_of(machine, written, value, passes=True), conditions, location))
        return
    if value.package:
        reason = f"`{name}` comes from the package {value.package}, which may answer or register routes"
    else:
        reason = f"`{name}` could not be resolved{': ' + value.unresolved if value.unresolved else ''}"
    router.items.append(Layer(path, handler_of(machine, written, value, passes=None), conditions, location))
    router.items.append(OpaqueLayer(path, reason, conditions, location))
    for child in routers_behind(machine, value, node):
        mark = len(machine.conditions)
        machine.conditions.append(f"`{name}` hands requests on to it")
        mount(machine, router, path, child, node)
        del machine.conditions[mark:]


def mount(machine: Machine, router: RouterValue, path: PathValue, child: RouterValue, node: Node) -> None:
    """Mount a router below a path of another one."""
    machine.registered()
    if child is router:
        return
    child.is_mounted = True
    router.items.append(Mount(path, child, tuple(machine.conditions), machine.location(node)))


def _paths_of(value: Value) -> Iterator[tuple[str, PathValue]]:
    """Yield the paths that a first argument stands for, each with its condition; what is not known is a hole."""
    options = list(alternatives(value))
    known = [(c, option) for c, option in options if not isinstance(option, Opaque | Nothing)]
    if len(known) == 1 and len(options) > 1:
        # A default is the path of a program to which nothing else was said.
        origins = [option.origin for _, option in options if isinstance(option, Opaque)]
        known = [("", DefaultText(known[0][1], *origins[:1]) if isinstance(known[0][1], str) else known[0][1])]
    for condition, option in (known or options)[:_MAX_PATHS]:
        if isinstance(option, str | Text | PatternValue):
            yield condition, option
        elif isinstance(option, ArrayValue):
            for item in option.items:
                yield from ((condition or inner, single) for inner, single in _paths_of(item))
            if option.is_open:
                yield condition, Text((Hole("a list of paths"),))
        else:
            yield condition, Text((Hole(option.origin if isinstance(option, Opaque) else "?"),))


def _argument_nodes(node: Node) -> list[Node | None]:
    arguments = node.get("arguments")
    if arguments is None or arguments.type != "arguments":
        return []
    return [kid if kid.type != "spread_element" else None for kid in arguments.kids]


def is_registration_like(name: Value, arguments: list[Value]) -> bool:
    """Return whether a call on something unknown looks like the registration of a route."""
    if not isinstance(name, str) or name not in _USUAL_VERBS or len(arguments) < 2:  # noqa: PLR2004 - path and handler
        return False
    first, last = arguments[0], arguments[-1]
    starts = first if isinstance(first, str) else first.parts[0] if isinstance(first, Text) else ""
    is_handler = isinstance(last, FunctionValue | RouterValue) or (
        isinstance(last, ArrayValue) and any(isinstance(item, FunctionValue) for item in last.items)
    )
    return isinstance(starts, str) and starts.startswith(("/", "*")) and is_handler
