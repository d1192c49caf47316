"""What a service registers: apps and routers with their routes, mounts and middleware, in order. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from dtma_contract.discovery.express.values import ObjectValue, PatternValue, Text
from dtma_contract.routes import Location

__all__ = [
    "Handler",
    "Item",
    "Layer",
    "Mount",
    "OpaqueLayer",
    "PathValue",
    "RegisteredRoute",
    "RouterValue",
    "StackValue",
]

# A path as it is registered: known, partly known, or a regular expression.
PathValue = str | Text | PatternValue


@dataclass(frozen=True, slots=True)
class Handler:
    """A function that answers requests or passes them on.

    Attributes:
        name: as the program names it, such as ``requireToken`` or ``cors``.
        skips: whether it may leave the rest of its own route.
        passes_on: whether it may leave the request to what was registered later, or None where that is not known.
        asks: whether its text asks for credentials, or None where it may.
        lets_some_pass: whether it treats requests by their paths, so that some may pass it unasked.
    """

    name: str
    passes_on: bool | None = None
    skips: bool = False
    asks: bool | None = False
    lets_some_pass: bool = False


@dataclass(frozen=True, slots=True)
class RegisteredRoute:
    """A route on a router.

    Attributes:
        methods: upper case; ``ALL`` for every one, ``?`` where it is not known.
        path: as registered, relative to the router.
        handlers: in order; the last one is meant to answer.
        conditions: what the registration depends on.
        location: where it stands.
    """

    methods: tuple[str, ...]
    path: PathValue
    handlers: tuple[Handler, ...]
    conditions: tuple[str, ...]
    location: Location


@dataclass(frozen=True, slots=True)
class Mount:
    """A router below a path of another one."""

    path: PathValue
    router: RouterValue
    conditions: tuple[str, ...]
    location: Location


@dataclass(frozen=True, slots=True)
class Layer:
    """Middleware below a path."""

    path: PathValue
    handler: Handler
    conditions: tuple[str, ...]
    location: Location


@dataclass(frozen=True, slots=True)
class OpaqueLayer:
    """Something that may register or answer what cannot be seen.

    Attributes:
        path: below which it may.
        reason: what it is, one sentence without a full stop.
        conditions: what it depends on.
        location: where it stands.
        alters: whether it may take away what was registered before.
    """

    path: PathValue
    reason: str
    conditions: tuple[str, ...]
    location: Location
    alters: bool = False


Item = RegisteredRoute | Mount | Layer | OpaqueLayer


class RouterValue(ObjectValue):
    """An Express app or router.

    Attributes:
        is_app: whether it is an app.
        items: what was registered on it, in order.
        location: where it was made.
        is_served: whether it was seen to listen, or to be handed to a server.
        is_mounted: whether another one mounts it.
        leaving: parameters of which a callback may leave the route at hand; ``*`` for any.
    """

    __slots__ = ("is_app", "is_mounted", "is_served", "items", "leaving", "location", "settings")

    def __init__(self, location: Location, *, is_app: bool) -> None:
        super().__init__(tag="app" if is_app else "router")
        self.is_app = is_app
        self.items: list[Item] = []
        self.location = location
        self.is_served = False
        self.is_mounted = False
        self.leaving: set[str] = set()
        self.settings: dict[str, object] = {}


class StackValue(ObjectValue):
    """The list of layers that Express keeps in a router.

    Attributes:
        router: whose it is.
    """

    __slots__ = ("router",)

    def __init__(self, router: RouterValue) -> None:
        super().__init__(tag="stack")
        self.is_open = True
        self.router = router
