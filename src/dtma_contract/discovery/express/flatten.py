"""The tree of registrations as a flat table: full paths in the order they are tried, with what shadows what. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from dtma_contract.discovery.express.paths import (
    is_read_alike,
    is_regex,
    join_paths,
    matches_nothing,
    regex_template,
    template_of,
)
from dtma_contract.discovery.express.registrations import (
    Handler,
    Item,
    Layer,
    Mount,
    OpaqueLayer,
    PathValue,
    RegisteredRoute,
    RouterValue,
)
from dtma_contract.discovery.express.values import DefaultText, Hole, PatternValue, Text
from dtma_contract.discovery.express.version_ranges import ExpressVersion
from dtma_contract.routes import (
    ALL_METHODS,
    UNRESOLVED,
    Cell,
    Corner,
    Location,
    Route,
    Unknown,
    canonical_path,
    is_partial,
    path_covers,
)

__all__ = ["DEFAULT_AUTH_NAMES", "Flattened", "flatten"]

# Names of middleware that asks for a token, as people write them; --auth-name adds others.
DEFAULT_AUTH_NAMES = (
    r"auth(?!or)",
    r"(?:require|verify|ensure|need|is)\w*(?:token|user|admin|login|logged|session|apikey|api_key|permission|role)",
    r"(?:check|validate)\w*(?:token|session|apikey|api_key|permission|role)",
    r"jwt",
    r"bearer",
    r"protect",
    r"guard",
    r"restrict",
    r"authoriz|authoris",
    r"passport",
)
_NO_AUTH = re.compile(
    r"optional|skip|no_?auth|without|anonymous|oauth.*callback|initialize|session$|csrf|limit|logg|xss|exists",
    re.IGNORECASE,
)
_UNNAMED = "an anonymous function"

# Routers that mount each other in a circle end.
_MAX_DEPTH = 24
_MAX_ROUTES = 20_000


@dataclass(frozen=True, slots=True)
class Flattened:
    """What was flattened.

    Attributes:
        routes: in the order in which they are tried.
        unknown: what may hide routes, with the prefix below which it may.
    """

    routes: tuple[Route, ...]
    unknown: tuple[Unknown, ...]


@dataclass(slots=True)
class _Blocker:
    """Something that answers before what is registered later.

    Attributes:
        method: that it answers.
        path: template; of a layer everything below it too.
        whole: whether it answers everything below the path.
        described: how a reader finds it.
        location: where it stands.
        raw: its path as it was written; empty for a layer.
    """

    method: str
    path: str
    whole: bool
    described: str
    location: Location
    raw: str = ""


@dataclass(slots=True)
class _State:
    corner: Corner
    express: ExpressVersion
    auth: re.Pattern[str]
    routes: list[Route] = field(default_factory=list)
    unknown: list[Unknown] = field(default_factory=list)
    blockers: list[_Blocker] = field(default_factory=list)
    seen: set[tuple[object, ...]] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a router stands.

    Attributes:
        template: the prefix.
        raw: the prefix as it was written.
        layers: middleware that runs before, with the path below which it does.
        conditions: what the mounts around it depend on.
        reached: whether requests get there at all.
        trail: the routers around it.
        altered: why what is registered there may be gone again; empty where nothing may take it away.
        leaves: whether a request may leave it before a route answers, by what a parameter's callback does.
        defaults: what its prefix has a default for, such as ``process.env.PREFIX``.
        via: the mount that decides: the outermost conditional one, or else the innermost; None at the root.
    """

    template: str = "/"
    raw: str = ""
    layers: tuple[tuple[str, Handler], ...] = ()
    conditions: tuple[str, ...] = ()
    reached: bool = True
    trail: tuple[int, ...] = ()
    altered: str = ""
    via: Location | None = None
    leaves: bool = False
    defaults: tuple[str, ...] = ()


def flatten(
    roots: Sequence[RouterValue],
    *,
    corner: Corner,
    express: ExpressVersion,
    auth_names: Sequence[str] = (),
    prefix: str = "/",
) -> Flattened:
    """Return the routes of servers, in order.

    Args:
        roots: the apps that are served.
        corner: for what is unknown.
        express: its version; of a path that other versions read otherwise, that is said.
        auth_names: regular expressions for names of middleware that asks for a token, besides the usual ones.
        prefix: path template that stands before all paths.
    """
    auth = re.compile("|".join([*DEFAULT_AUTH_NAMES, *auth_names]), re.IGNORECASE)
    state = _State(corner, express, auth)
    for root in roots:
        state.blockers = []
        _walk(state, root, _Place(template=prefix, raw="" if prefix == "/" else prefix))
    return Flattened(tuple(state.routes), tuple(dict.fromkeys(state.unknown)))


def _walk(state: _State, router: RouterValue, place: _Place) -> None:
    if id(router) in place.trail or len(place.trail) > _MAX_DEPTH or len(state.routes) > _MAX_ROUTES:
        return
    layers = list(place.layers)
    trail = (*place.trail, id(router))
    altering = [position for position, item in enumerate(router.items) if isinstance(item, OpaqueLayer) and item.alters]
    for position, item in enumerate(router.items):
        change = router.items[altering[-1]] if altering and position < altering[-1] else None
        altered = change.reason if isinstance(change, OpaqueLayer) else place.altered
        template, raw, is_reached = _joined(state, place, item.path)
        _doubted(state, item)
        conditions = tuple(dict.fromkeys((*place.conditions, *item.conditions)))
        leaves = place.leaves or _leaves(router, item.path)
        defaults = (*place.defaults, *_defaults(item.path))
        if isinstance(item, RegisteredRoute):
            via = place.via if place.conditions or not conditions else None
            held = replace(place, conditions=conditions, via=via, leaves=leaves, defaults=defaults)
            _route(state, item, template, raw, held, layers, reached=is_reached, altered=altered)
            if ALL_METHODS in item.methods and template.endswith("*"):
                # `app.all('/api/*', requireToken)` runs before what is registered later, as middleware does.
                layers += [(template, handler) for handler in item.handlers if handler.passes_on is not False]
        elif isinstance(item, Mount):
            via = place.via if place.conditions else item.location
            inner = _Place(template, raw, tuple(layers), conditions, is_reached, trail, altered, via, leaves, defaults)
            _walk(state, item.router, inner)
        elif isinstance(item, Layer):
            layers.append((template, item.handler))
            if (
                item.handler.passes_on is False
                and not conditions
                and not altered
                and not leaves
                and is_reached
                and not is_partial(template)
            ):
                described = f"`{item.handler.name}` at {item.location}, which answers everything below {template}"
                state.blockers.append(
                    _Blocker(ALL_METHODS, template, whole=True, described=described, location=item.location)
                )
        elif isinstance(item, OpaqueLayer):
            reason = item.reason + (f" (below {template})" if template != "/" else "")
            state.unknown.append(Unknown(state.corner, item.location.file, item.location.line, reason, template))


def _joined(state: _State, place: _Place, path: PathValue) -> tuple[str, str, bool]:
    """Return the full template, the full path as written, and whether a request can get there."""
    if isinstance(path, PatternValue):
        source = regex_template(path.source)
        return join_paths(place.template, source), f"{place.raw}/{path.source}/{path.flags}", place.reached
    raw = _raw(path)
    template = template_of(raw, state.express.major) if raw else "/"
    if raw and not raw.startswith("/") and not template.startswith("/") and place.template not in {"", "/"}:
        pass
    is_reached = place.reached and not (raw and matches_nothing(raw, state.express.major))
    whole = join_paths(place.template, template)
    return (
        (whole if whole.startswith(("/", UNRESOLVED, "*")) else f"/{whole}"),
        place.raw + ("" if raw == "/" and place.raw else raw),
        is_reached,
    )


def _doubted(state: _State, item: Item) -> None:
    """Note that a path means something else in another version that the service may run with."""
    raw = _raw(item.path)
    for other in state.express.others if raw else ():
        if not is_read_alike(raw, state.express.major, other):
            reason = (
                f"{raw!r} is no path of the same meaning in Express {state.express.major} and {other}, and which one "
                f"runs is not known (told by {state.express.told_by})"
            )
            state.unknown.append(Unknown(state.corner, item.location.file, item.location.line, reason))
            return


def _leaves(router: RouterValue, path: PathValue) -> bool:
    """Return whether a callback for a parameter of a path may leave what is registered there."""
    named = set(re.findall(r":(\w+)", _raw(path)))
    return bool(named) and ("*" in router.leaving or not named.isdisjoint(router.leaving))


def _defaults(path: PathValue) -> tuple[str, ...]:
    return (path.origin or "something that is not known",) if isinstance(path, DefaultText) else ()


def _raw(path: PathValue) -> str:
    if isinstance(path, Text):
        return "".join(UNRESOLVED if isinstance(part, Hole) else part for part in path.parts)
    return path if isinstance(path, str) else ""


def _route(
    state: _State,
    item: RegisteredRoute,
    template: str,
    raw: str,
    place: _Place,
    layers: list[tuple[str, Handler]],
    *,
    reached: bool,
    altered: str,
) -> None:
    above = [handler for path, handler in layers if _runs_before(path, template)]
    handlers = [*above, *item.handlers[:-1]]
    secured = _secured(state, handlers, item.handlers[-1:])
    holes = _holes(item.path)
    for method in item.methods:
        key = (method, canonical_path(template), item.location, place.conditions)
        if key in state.seen:
            continue
        state.seen.add(key)
        route = Route(
            method if method != "?" else ALL_METHODS,
            template,
            location=item.location,
            raw=raw or "/",
            middleware=tuple(handler.name for handler in handlers),
            secured=secured,
            via=place.via,
        )
        if altered:
            state.routes.append(replace(route, state=Cell.UNKNOWN, detail=altered))
            continue
        state.routes.append(_judged(state, route, item, place, holes, reached=reached, is_method_known=method != "?"))


def _secured(state: _State, handlers: Sequence[Handler], last: Sequence[Handler]) -> bool | None:
    """Return whether a token is asked for, or None where a handler without a name, or the last one, may ask for it."""
    named = [h for h in handlers if state.auth.search(h.name) and not _NO_AUTH.search(h.name)]
    if any(not handler.lets_some_pass for handler in named) or any(handler.asks for handler in handlers):
        return True
    is_doubtful = bool(named) or any(handler.name == _UNNAMED or handler.asks is None for handler in handlers)
    is_doubtful |= any(state.auth.search(handler.name) or handler.asks is not False for handler in last)
    return None if is_doubtful else False


def _judged(
    state: _State,
    route: Route,
    item: RegisteredRoute,
    place: _Place,
    holes: str,
    *,
    reached: bool,
    is_method_known: bool,
) -> Route:
    if is_partial(route.path):
        reason = f"a part of the path {route.path} is not known: {holes or 'its prefix'}"
        state.unknown.append(
            Unknown(state.corner, item.location.file, item.location.line, reason, route.path, route.method)
        )
    if not is_method_known:
        reason = f"the method of the route at {route.path} is not known"
        state.unknown.append(Unknown(state.corner, item.location.file, item.location.line, reason, route.path))
        return replace(route, state=Cell.UNKNOWN, detail=reason)
    if not reached:
        return replace(
            route, state=Cell.DECLARED, detail=f"no request matches {route.raw!r}, which begins without a slash"
        )
    blocker = next((blocker for blocker in state.blockers if _blocks(blocker, route)), None)
    if blocker is not None and not is_partial(route.path):
        return replace(route, state=Cell.SHADOWED, detail=f"shadowed by {blocker.described}", via=blocker.location)
    passing = [handler.passes_on for handler in item.handlers]
    answers = passing[-1:] == [False] and not (place.leaves or any(handler.skips for handler in item.handlers[:-1]))
    # A parameter with a constraint, or a group, takes less than its template says.
    is_plain = not is_partial(route.path) and not is_regex(route.path) and "(" not in route.raw
    if not place.conditions and answers and is_plain:
        described = f"{route.method} {route.path} at {item.location}"
        state.blockers.append(
            _Blocker(route.method, route.path, whole=False, described=described, location=item.location, raw=route.raw)
        )
    if place.conditions:
        return replace(route, state=Cell.CONDITIONAL, detail=f"only if {' and '.join(place.conditions)}")
    if place.defaults:
        # What is deployed without the variable has it, and the reader is told that there is one.
        named = ", ".join(dict.fromkeys(place.defaults))
        return replace(route, detail=f"its path is a default, in place of which {named} may name another")
    return route


def _holes(path: PathValue) -> str:
    if isinstance(path, Text):
        return ", ".join(dict.fromkeys(part.origin for part in path.parts if isinstance(part, Hole)))
    return ""


def _runs_before(layer: str, template: str) -> bool:
    """Return whether middleware at a path runs for a route; what the layer leaves open may match anything."""
    if layer in {"", "/", "*", "/*"}:
        return True
    parts, whole = canonical_path(layer).split("/"), canonical_path(template).split("/")
    return len(parts) <= len(whole) and all(
        part == other or part in {"{}", UNRESOLVED} or (part.endswith("*") and other.startswith(part[:-1]))
        for part, other in zip(parts, whole, strict=False)
    )


def _blocks(blocker: _Blocker, route: Route) -> bool:
    if blocker.method not in {ALL_METHODS, route.method} and not (blocker.method == "GET" and route.method == "HEAD"):
        return False
    if is_regex(route.path) or is_regex(blocker.path):
        return False
    if not blocker.whole and blocker.raw != route.raw and blocker.raw.strip("/") == route.raw.strip("/"):
        # With strict routing they are two.
        return False
    if not blocker.whole:
        return path_covers(blocker.path, route.path)
    if blocker.path in {"", "/", "*", "/*"}:
        return True
    path = canonical_path(route.path)
    return any(path_covers(blocker.path, prefix) for prefix in _prefixes(path))


def _prefixes(path: str) -> Iterator[str]:
    parts = path.split("/")
    for length in range(2, len(parts) + 1):
        yield "/".join(parts[:length])
