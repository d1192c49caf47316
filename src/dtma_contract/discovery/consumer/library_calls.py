"""What calls of HTTP libraries send, and what the languages' own functions give. Pure."""

from __future__ import annotations

from collections.abc import Callable

from dtma_contract.discovery.consumer.calling import Calls, header_names
from dtma_contract.discovery.consumer.joining import combine, join_segments, resolve_url
from dtma_contract.discovery.consumer.language_calls import language_call
from dtma_contract.discovery.consumer.libraries import LIBRARIES, PACKAGES, VERBS, Library, package_export
from dtma_contract.discovery.consumer.operations import read_field
from dtma_contract.discovery.consumer.values import (
    NOTHING,
    UNSET,
    Arguments,
    FunctionValue,
    Hole,
    Items,
    Native,
    Plain,
    Text,
    Thing,
    Value,
    alternatives,
    hole,
    join_texts,
    lift,
    text,
    to_text,
)

__all__ = ["LibraryCalls", "make_native", "read_field_or_nothing"]

_BODIES = {"POST", "PUT", "PATCH"}
_METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}
# Options that hold the URL.
_URLS = ("url", "uri", "path", "href")


def make_native(kind: str, package: str = "") -> Native:
    """Return a thing of a library of that kind."""
    return Native(kind, {"package": text(package)} if package else {})


class LibraryCalls:
    """Members and calls of libraries' things.

    Args:
        calls: the evaluator of calls.
        send: told of each request: method, URL, names in its token, whether it has one, line.
        require: what `require(name)` gives.
    """

    def __init__(
        self,
        calls: Calls,
        send: Callable[[str, Text, tuple[str, ...], bool, int], None],
        require: Callable[[str], Value],
    ) -> None:
        self.calls = calls
        self.send = send
        self.require = require

    # --- members

    def member(self, value: Native, name: str) -> Value | None:  # noqa: C901, PLR0911, PLR0912 - one return for each kind
        """Return what a library's thing has under a name, or None where that is nothing known."""
        kind, _, which = value.kind.partition(":")
        package = value.data.get("package")
        if isinstance(package, Text) and package.constant and (export := package_export(package.constant, name)):
            return make_native(export, package.constant) if export.startswith("client:") else make_native(export)
        match kind:
            case "client":
                return self._client_member(value, which, name)
            case "package":
                return self._package_member(which, name)
            case "global":
                return self.calls.interpreter.resolve(hole(name))
            case "environ":
                return Native("getenv", {}) if name in {"get", "getenv"} else hole(name)
            case "node-http" if name in {"request", "get"}:
                return Native(f"node-http.{name}")
            case "follow-redirects" if name in {"http", "https"}:
                return Native("node-http")
            case "url":
                return self._url_member(value, name)
            case "path" if name in {"join", "resolve"}:
                return Native("path.join")
            case "Object" | "Promise" | "Array":
                return Native(f"{value.kind}.{name}")
            case "navigator":
                return Native("beacon") if name == "sendBeacon" else None
            case "xhr":
                return Native("xhr.open") if name == "open" else None
            case "wretch":
                return self._wretch_member(value, name)
            case "fetch" | "url" | "wrapper" if name == "default":
                return value
            case "connect" if name == "request":
                return Native("send:http.client", value.data)
            case _:
                return None

    def _client_member(self, value: Native, which: str, name: str) -> Value | None:
        library = LIBRARIES[which]
        if name in library.send:
            return Native(f"send:{which}", value.data, value.own)
        if name in VERBS:
            return Native(f"verb:{which}", {**value.data, "verb": text(VERBS[name])}, value.own)
        if name in library.create:
            return Native(f"create:{which}", value.data, value.own)
        if name in {"default", "axiosRef", "stream", "promises", "lazy"}:
            return value
        if name in {"headers", "defaults"}:
            value.own = value.own or Thing({})
            return value.own.fields.setdefault(name, Thing({}))
        return None

    def _package_member(self, which: str, name: str) -> Value:
        export = package_export(which, name)
        if export:
            return make_native(export)
        inner = f"{which}.{name}"
        if any(known == inner or known.startswith(f"{inner}.") for known in PACKAGES):
            star = package_export(inner, "*")
            return make_native(star or f"package:{inner}", inner)
        return hole(inner)

    def _url_member(self, value: Native, name: str) -> Value | None:
        if name in {"searchParams", "search", "query"}:
            return Thing({}, Hole())
        if name in {"href", "toString"}:
            return to_text(value) if name == "href" else None
        return None

    def _wretch_member(self, value: Native, name: str) -> Value | None:
        base = value.data.get("base", NOTHING)
        if name == "url":
            return Native("wretch.url", {"base": base})
        if name in VERBS:
            return Native("verb:wretch", {**value.data, "verb": text(VERBS[name])})
        return (
            Native("wretch.more", {"base": base}) if name in {"auth", "headers", "json", "options", "query"} else None
        )

    # --- calls

    def call(self, value: Native, arguments: Arguments, line: int, new: bool = False) -> Value:  # noqa: C901, PLR0911, PLR0912, FBT001, FBT002 - one case for each kind
        """Return what a call of a library's thing gives; requests are told on the way."""
        kind, _, which = value.kind.partition(":")
        match kind:
            case "fetch":
                return self._fetch(value, arguments, line)
            case "client":
                return self._called(value, which, arguments, line)
            case "verb":
                return self._verb(value, which, arguments, line)
            case "send":
                return self._send(value, which, arguments, line)
            case "sent":
                return self._send(Native(f"send:{which}", {}), which, arguments, line)
            case "create":
                return self._create(value, which, arguments)
            case "class":
                return self._made(which, arguments, line)
            case "unknown verb":
                return self._unknown_verb(value.data, arguments, line)
            case "node-http.request" | "node-http.get":
                return self._node_request(arguments, kind.endswith("get"), line)
            case "undici.request":
                return self._verb(value, "undici", arguments, line)
            case "urllib.urlopen":
                return self._urlopen(arguments, line)
            case "urllib.Request":
                return self._urllib_request(arguments)
            case "xhr.open":
                return self._request(arguments.get(0), arguments.get(1), NOTHING, line)
            case "beacon":
                return self._request(text("POST"), arguments.get(0), NOTHING, line)
            case "url.join":
                return resolve_url(arguments.get(0, "base"), arguments.get(1, "url"))
            case "url.resolve":
                return resolve_url(arguments.get(0), arguments.get(1))
            case "path.join":
                return join_segments(arguments.values)
            case "wretch" | "wretch.url" | "wretch.more":
                base = value.data.get("base", NOTHING)
                return Native("wretch", {"base": base if kind == "wretch.more" else combine(base, arguments.get(0))})
            case "proxy":
                return self._proxy(arguments, line)
            case "wrapper":
                return arguments.get(0)
            case "require":
                name = arguments.get(0)
                return self.require(name.constant) if isinstance(name, Text) and name.constant else Hole()
            case "partial":
                return self._partial(value, arguments, line)
            case _:
                found = language_call(value, arguments, self.calls, new=new)
                self.calls._call_back(arguments)  # noqa: SLF001 - the two classes are one evaluator
                return found

    def _request(self, method: Value, url: Value, headers: Value, line: int) -> Value:
        """Tell of a request, once for each combination of what can be; return its answer."""
        names, token = header_names(headers)
        found = list(alternatives(_upper(method), self._url_text(url)))
        # A variable that only some branches set is not sent unset.
        set_ones = [one for one in found if not (isinstance(one[1], Text) and UNSET in one[1].parts)]
        for one_method, one_url in set_ones or found:
            known = one_method.constant if isinstance(one_method, Text) else None
            if one_url == NOTHING:
                continue
            target = one_url if isinstance(one_url, Text) else Text((Hole(),))
            self.send(known or "", target, names, token, line)
        return hole("response")

    def _url_text(self, url: Value) -> Value:
        if isinstance(url, Plain):
            return NOTHING
        return to_text(url)

    def _fetch(self, value: Native, arguments: Arguments, line: int) -> Value:
        first, options = arguments.get(0), arguments.get(1)
        if isinstance(first, Native) and first.kind == "request":
            method = (
                first.data["method"] if options == NOTHING else _or(read_field(options, "method"), first.data["method"])
            )
            return self._request(method, first.data["url"], first.data["headers"], line)
        url = combine(value.data.get("base", NOTHING), self._url_of(first))
        return self._request(
            _or(read_field_or_nothing(options, "method"), text("GET")), url, self._headers(value, options), line
        )

    def _url_of(self, value: Value) -> Value:
        if isinstance(value, Thing):
            return next((value.fields[name] for name in _URLS if name in value.fields), NOTHING)
        return value

    def _headers(self, client: Native, options: Value) -> Value:
        """Return the headers of a call, with those of its client."""
        found = read_field_or_nothing(options, "headers")
        merged: dict[str, Value] = {}
        for one in (client.data.get("headers"), client.own.fields.get("headers") if client.own else None, found):
            if isinstance(one, Thing):
                merged.update(one.fields)
        auth = read_field_or_nothing(options, "auth")
        if auth != NOTHING and not isinstance(auth, Hole):
            merged.setdefault("auth", auth)
        return Thing(merged)

    def _base(self, client: Native, library: Library, options: Value) -> Value:
        for name in library.base:
            found = read_field_or_nothing(options, name)
            if found != NOTHING and not isinstance(options, Hole):
                return found
        defaults = client.own.fields.get("defaults") if client.own else None
        for name in library.base:
            if isinstance(defaults, Thing) and name in defaults.fields:
                return defaults.fields[name]
            if client.own and name in client.own.fields:
                return client.own.fields[name]
        return client.data.get("base", NOTHING)

    def _called(self, client: Native, which: str, arguments: Arguments, line: int) -> Value:
        library = LIBRARIES[which]
        first = arguments.get(0)
        if library.called == "method":
            known = first.constant if isinstance(first, Text) else None
            if len(arguments.values) > 1 and (known or "GET").upper() in _METHODS and not _is_address(first):
                return self._request(first, arguments.get(1), self._headers(client, arguments.get(3)), line)
            return self._request(text("GET"), first, self._headers(client, NOTHING), line)
        if not library.called:
            return Hole()
        options = first if isinstance(first, Thing) else arguments.get(1)
        url = combine(self._base(client, library, options), self._url_of(first))
        return self._request(
            _or(read_field_or_nothing(options, "method"), text("GET")), url, self._headers(client, options), line
        )

    def _verb(self, client: Native, which: str, arguments: Arguments, line: int) -> Value:
        library = LIBRARIES.get(which, Library())
        verb = client.data.get("verb", text("GET"))
        first = arguments.get(0, "url")
        known = verb.constant if isinstance(verb, Text) else ""
        options = arguments.get(library.body_config if known in _BODIES else library.config)
        if isinstance(first, Thing):
            options = first
        if arguments.keywords:
            options = Thing(dict(arguments.keywords))
        if isinstance(first, FunctionValue):
            return Hole()
        join = combine if library.always_joined else resolve_url
        url = join(self._base(client, library, options), self._url_of(first))
        if which == "undici" and isinstance(options, Thing):
            verb = _or(read_field_or_nothing(options, "method"), verb)
        return self._request(verb, url, self._headers(client, options), line)

    def _send(self, client: Native, which: str, arguments: Arguments, line: int) -> Value:
        library = LIBRARIES[which]
        if library.send_form == "config" or (library.send_form == "url" and isinstance(arguments.get(0), Thing)):
            options = arguments.get(0)
            if isinstance(options, Text):
                options, url = arguments.get(1), options
            else:
                url = _first_field(options, _URLS)
            method = _or(
                read_field_or_nothing(options, "method"), _or(read_field_or_nothing(options, "type"), text("GET"))
            )
        elif library.send_form == "url":
            options, url = arguments.get(1), arguments.get(0)
            method = _or(
                read_field_or_nothing(options, "method"), _or(read_field_or_nothing(options, "type"), text("GET"))
            )
        else:
            method, url = arguments.get(0, "method"), arguments.get(1, "url", "str_or_url")
            options = Thing(dict(arguments.keywords)) if arguments.keywords else arguments.get(2)
            if isinstance(method, Native | Thing):
                return Hole()
        join = combine if library.always_joined else resolve_url
        return self._request(
            method, join(self._base(client, library, options), url), self._headers(client, options), line
        )

    def _create(self, client: Native, which: str, arguments: Arguments) -> Value:
        library = LIBRARIES[which]
        options = arguments.get(0)
        own: Value = NOTHING
        for name in library.base:
            found = read_field_or_nothing(options, name)
            own = found if found != NOTHING else own
        base = own if own != NOTHING else client.data.get("base", NOTHING)
        return Native(f"client:{which}", {"base": base, "headers": self._headers(client, options)})

    def _made(self, which: str, arguments: Arguments, line: int) -> Value:  # noqa: C901, PLR0911 - one return for each class
        first = arguments.get(0)
        match which:
            case "URL":
                return Native("url", {"href": resolve_url(arguments.get(1), first)})
            case "search":
                return Native("search", {"href": Text((Hole(("query",)),))})
            case "Headers":
                return Thing(dict(first.fields)) if isinstance(first, Thing) else Thing({}, Hole())
            case "Request":
                options = arguments.get(1)
                return Native(
                    "request",
                    {
                        "url": first,
                        "method": _or(read_field_or_nothing(options, "method"), text("GET")),
                        "headers": read_field_or_nothing(options, "headers"),
                    },
                )
            case "xhr":
                return Native("xhr")
            case "EventSource":
                return self._request(text("GET"), first, NOTHING, line)
            case "undici":
                return Native("client:undici-client", {"base": first})
            case "http.client":
                port = arguments.get(1, "port")
                host = join_texts(text("http://"), arguments.get(0, "host"))
                base = host if port == NOTHING else join_texts(host, text(":"), port)
                return Native("client:http.client", {"base": base})
            case "urllib3-url":
                return Native("client:urllib3", {"base": first})
            case _ if which in LIBRARIES:
                return self._made_client(which, arguments)
            case _:
                return language_call(Native(f"class:{which}"), arguments, self.calls, new=True)

    def _made_client(self, which: str, arguments: Arguments) -> Value:
        library = LIBRARIES[which]
        options: Value = Thing(dict(arguments.keywords)) if arguments.keywords else arguments.get(0)
        base: Value = NOTHING
        if isinstance(options, Text | Native):
            base, options = options, NOTHING
        for name in library.base:
            found = read_field_or_nothing(options, name)
            # Of options that are not known, a base is not known to be among them.
            if found != NOTHING and (isinstance(options, Thing) or not isinstance(found, Hole)):
                base = found
        if isinstance(options, Hole) and arguments.values and which == "aiohttp":
            base = options
        return Native(f"client:{which}", {"base": base, "headers": self._headers(Native(""), options)})

    def _unknown_verb(self, data: dict[str, Value], arguments: Arguments, line: int) -> Value:
        """Tell of `client[method](url)`."""
        owner = data["owner"]
        if not isinstance(owner, Native) or not owner.kind.startswith("client:"):
            return Hole()
        which = owner.kind.partition(":")[2]
        return self._verb(Native(f"verb:{which}", {**owner.data, "verb": Hole()}, owner.own), which, arguments, line)

    def _node_request(self, arguments: Arguments, get: bool, line: int) -> Value:  # noqa: FBT001 - which of the two it is
        first, second = arguments.get(0), arguments.get(1)
        options = first if not isinstance(first, Text | Native) else second
        method = text("GET") if get else _or(read_field_or_nothing(options, "method"), text("GET"))
        if isinstance(first, Text | Native):
            url: Value = to_text(first)
        elif isinstance(first, Hole):
            url = first
        elif read_field_or_nothing(options, "socketPath") != NOTHING:
            return Hole()
        else:
            url = _assembled(options)
        self._request(method, url, self._headers(Native(""), options), line)
        self.calls._call_back(arguments)  # noqa: SLF001 - the two classes are one evaluator
        return hole("request")

    def _urllib_request(self, arguments: Arguments) -> Value:
        data = arguments.get(1, "data")
        method = arguments.get(5, "method")
        default = text("GET") if data == NOTHING else text("POST")
        return Native(
            "request",
            {"url": arguments.get(0, "url"), "method": _or(method, default), "headers": arguments.get(2, "headers")},
        )

    def _urlopen(self, arguments: Arguments, line: int) -> Value:
        first = arguments.get(0, "url")
        if isinstance(first, Native) and first.kind == "request":
            return self._request(first.data["method"], first.data["url"], first.data["headers"], line)
        method = text("GET") if arguments.get(1, "data") == NOTHING else text("POST")
        return self._request(method, first, NOTHING, line)

    def _proxy(self, arguments: Arguments, line: int) -> Value:
        """Tell of a proxy: whatever comes in is asked for."""
        first = arguments.get(0)
        options = first if isinstance(first, Thing) else arguments.get(1)
        target = first if isinstance(first, Text) else read_field_or_nothing(options, "target")
        if target != NOTHING:
            self._request(Hole(), join_texts(target, Hole()), NOTHING, line)
        return hole("proxy")

    def _partial(self, value: Native, arguments: Arguments, line: int) -> Value:
        function, given = value.data.get("function"), value.data.get("given")
        if function is None:
            return Native("partial", {"function": arguments.get(0), "given": Items(arguments.values[1:])})
        before = list(getattr(given, "items", []))
        return self.calls.call(function, Arguments([*before, *arguments.values], arguments.keywords), line, None)


def read_field_or_nothing(options: Value, name: str) -> Value:
    """Return an option, or nothing where there are no options."""
    return lift(
        lambda one: NOTHING if isinstance(one, Plain | Text | FunctionValue) else read_field(one, name), options
    )


def _first_field(options: Value, names: tuple[str, ...]) -> Value:
    for name in names:
        found = read_field_or_nothing(options, name)
        if found != NOTHING:
            return found
    return NOTHING


def _or(value: Value, otherwise: Value) -> Value:
    return lift(lambda one: otherwise if one == NOTHING else one, value)


def _upper(method: Value) -> Value:
    def raised(one: Value) -> Value:
        known = one.constant if isinstance(one, Text) else None
        return text(known.upper()) if known else Hole()

    return lift(raised, method)


def _is_address(value: Value) -> bool:
    return isinstance(value, Text) and ("/" in value.start or not value.start)


def _assembled(options: Value) -> Value:
    """Return the URL of node's request options: host, port, path."""
    host = _first_field(options, ("hostname", "host"))
    port, path = read_field_or_nothing(options, "port"), read_field_or_nothing(options, "path")
    url = join_texts(text("http://"), text("localhost") if host == NOTHING else host)
    if port != NOTHING:
        url = join_texts(url, text(":"), port)
    if path == NOTHING:
        return join_texts(url, text("/"))
    return lift(lambda one: join_texts(url, one), path)
