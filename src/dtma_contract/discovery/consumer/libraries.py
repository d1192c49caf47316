"""The HTTP libraries that callers use: what of a call is the URL, the method, the base. Pure tables.

Sources: the documentation of each library, for the signatures of its calls.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ANNOTATIONS", "GLOBALS", "LIBRARIES", "PACKAGES", "PYTHON_GLOBALS", "VERBS", "Library", "package_export"]

# Methods of clients that are named after what they send.
VERBS = {
    "get": "GET", "post": "POST", "put": "PUT", "patch": "PATCH", "delete": "DELETE", "head": "HEAD",
    "options": "OPTIONS", "del": "DELETE", "postForm": "POST", "putForm": "PUT", "patchForm": "PATCH",
    "GET": "GET", "POST": "POST", "PUT": "PUT", "PATCH": "PATCH", "DELETE": "DELETE", "HEAD": "HEAD",
    "getJSON": "GET", "$get": "GET", "$post": "POST", "$put": "PUT", "$patch": "PATCH", "$delete": "DELETE",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Library:
    """How a library's calls are written.

    Attributes:
        config: position of the options behind the URL in a call that has the verb for its name and no body.
        body_config: the same where a body stands before the options.
        called: how it is called itself: ``url`` (URL, options), ``method`` (method, URL), empty for not at all.
        send: names of methods that take options alone, or method and URL, as ``send_form`` says.
        send_form: ``config``, ``method`` or ``url``.
        create: names that make another client with a base.
        base: names of the option that holds the base.
        always_joined: whether a path with a slash in front is still put behind the base's own path.
    """

    config: int = 1
    body_config: int = 1
    called: str = ""
    send: tuple[str, ...] = ()
    send_form: str = "config"
    create: tuple[str, ...] = ()
    base: tuple[str, ...] = ()
    always_joined: bool = True


LIBRARIES: dict[str, Library] = {
    "fetch": Library(called="url", base=("baseURL",)),
    "axios": Library(body_config=2, called="url", send=("request",), create=("create",), base=("baseURL",)),
    "got": Library(called="url", create=("extend",), base=("prefixUrl",)),
    "ky": Library(called="url", create=("create", "extend"), base=("prefixUrl", "prefix")),
    "ofetch": Library(called="url", send=("raw", "native"), send_form="url", create=("create",), base=("baseURL",)),
    "request": Library(called="url", create=("defaults",), base=("baseUrl",)),
    "superagent": Library(called="method", create=("agent",)),
    "needle": Library(called="method", send=("request",), send_form="method"),
    "jquery": Library(send=("ajax",), send_form="url"),
    "angular": Library(body_config=2, send=("request",), send_form="method"),
    "openapi": Library(send=("request",), send_form="method", create=("create",), base=("baseUrl",)),
    "undici": Library(called="url", send=("request", "fetch", "stream", "pipeline"), send_form="url"),
    "undici-client": Library(send=("request", "stream", "pipeline"), base=()),
    "requests": Library(send=("request", "stream", "build_request", "Request"), send_form="method", base=("base_url",)),
    "aiohttp": Library(
        send=("request", "_request"), send_form="method", base=("base_url",), always_joined=False,
    ),
    "urllib3": Library(send=("request", "urlopen", "request_encode_url"), send_form="method"),
    "http.client": Library(send=("request", "putrequest"), send_form="method"),
}  # fmt: skip

# What packages export, by the kind of thing it is; `*` for the package itself when it is called or has verbs.
_FETCH = {"default": "fetch", "*": "fetch", "fetch": "fetch", "Request": "class:Request", "Headers": "class:Headers"}
PACKAGES: dict[str, dict[str, str]] = {
    "axios": {"default": "client:axios", "*": "client:axios", "axios": "client:axios", "Axios": "class:axios"},
    "node-fetch": _FETCH,
    "node-fetch-native": _FETCH,
    "cross-fetch": _FETCH,
    "isomorphic-fetch": _FETCH,
    "isomorphic-unfetch": _FETCH,
    "whatwg-fetch": _FETCH,
    "fetch-retry": {"default": "wrapper", "*": "wrapper"},
    "axios-retry": {},
    "got": {"default": "client:got", "*": "client:got", "got": "client:got"},
    "ky": {"default": "client:ky", "*": "client:ky"},
    "ky-universal": {"default": "client:ky", "*": "client:ky"},
    "ofetch": dict.fromkeys(("ofetch", "$fetch", "default"), "client:ofetch"),
    "request": {"default": "client:request", "*": "client:request"},
    "request-promise": {"default": "client:request", "*": "client:request"},
    "request-promise-native": {"default": "client:request", "*": "client:request"},
    "superagent": {"default": "client:superagent", "*": "client:superagent"},
    "openapi-fetch": {"default": "create:openapi", "*": "create:openapi"},
    "http-proxy-middleware": {
        "createProxyMiddleware": "proxy", "default": "proxy", "*": "proxy", "legacyCreateProxyMiddleware": "proxy",
    },
    "express-http-proxy": {"default": "proxy", "*": "proxy"},
    "@fastify/http-proxy": {"default": "proxy", "*": "proxy"},
    "needle": {"default": "client:needle", "*": "client:needle"},
    "jquery": {"default": "client:jquery", "*": "client:jquery"},
    "undici": {
        "fetch": "fetch", "request": "client:undici", "stream": "client:undici", "Client": "class:undici",
        "Pool": "class:undici", "Request": "class:Request", "default": "client:undici", "*": "client:undici",
    },
    "@angular/common/http": {"HttpClient": "class:angular"},
    "@nestjs/axios": {"HttpService": "class:axios"},
    "@nestjs/common": {"HttpService": "class:axios"},
    **{
        f"{prefix}{name}": {"*": "node-http", "default": "node-http", "request": "node-http.request",
            "get": "node-http.get"}
        for prefix in ("", "node:")
        for name in ("http", "https", "http2")
    },
    "follow-redirects": {"http": "node-http", "https": "node-http", "default": "node-http", "*": "follow-redirects"},
    **{
        f"{prefix}url": {"URL": "class:URL", "URLSearchParams": "class:search", "resolve": "url.resolve",
            "format": "url.format"}
        for prefix in ("", "node:")
    },
    **{
        f"{prefix}{name}": {"stringify": "search", "encode": "search"}
        for prefix in ("", "node:")
        for name in ("querystring", "qs", "query-string")
    },
    **{
        f"{prefix}path{more}": {"join": "path.join", "posix": "path", "default": "path", "*": "path",
            "resolve": "path.join"}
        for prefix in ("", "node:")
        for more in ("", "/posix")
    },
    "url-join": {"default": "path.join", "*": "path.join"},
    "urljoin": {"default": "path.join", "*": "path.join"},
    "wretch": {"default": "wretch", "*": "wretch"},
    # Python
    "requests": {
        "*": "client:requests", "Session": "class:requests", "session": "class:requests", "Request": "sent:requests",
        "sessions": "package:requests",
    },
    "httpx": {
        "*": "client:requests", "Client": "class:requests", "AsyncClient": "class:requests", "Request": "sent:requests",
        "URL": "class:URL",
    },
    "aiohttp": {"*": "client:aiohttp",
        "ClientSession": "class:aiohttp", "request": "sent:aiohttp", "client": "package:aiohttp"},
    "niquests": {"*": "client:requests", "Session": "class:requests", "AsyncSession": "class:requests"},
    "requests_toolbelt.sessions": {"BaseUrlSession": "class:requests"},
    "urllib3": {
        "PoolManager": "class:urllib3", "HTTPConnectionPool": "class:http.client", "request": "sent:urllib3",
        "connection_from_url": "class:urllib3-url", "HTTPSConnectionPool": "class:http.client",
    },
    "http.client": {"HTTPConnection": "class:http.client", "HTTPSConnection": "class:http.client"},
    "urllib.request": {"urlopen": "urllib.urlopen", "Request": "urllib.Request", "urlretrieve": "urllib.urlopen"},
    "urllib.parse": {
        "urljoin": "url.join", "quote": "encode", "quote_plus": "encode", "urlencode": "search",
        "urlunsplit": "urlunsplit", "urlunparse": "urlunsplit", "unquote": "encode",
    },
    "yarl": {"URL": "class:URL"},
    "furl": {"furl": "class:URL"},
    "posixpath": {"join": "path.join"},
    "os": {"environ": "environ", "getenv": "getenv", "path": "package:posixpath"},
    "functools": {"partial": "partial"},
    "asyncio": {},
    "pathlib": {"PurePosixPath": "encode", "Path": "encode"},
}  # fmt: skip

# What needs no import.
GLOBALS: dict[str, str] = {
    "fetch": "fetch",
    "Request": "class:Request",
    "URL": "class:URL",
    "URLSearchParams": "class:search",
    "Headers": "class:Headers",
    "XMLHttpRequest": "class:xhr",
    "EventSource": "class:EventSource",
    "$fetch": "client:ofetch",
    "useFetch": "client:ofetch",
    "$": "client:jquery",
    "jQuery": "client:jquery",
    "encodeURIComponent": "encode",
    "encodeURI": "encode",
    "escape": "encode",
    "String": "encode",
    "str": "encode",
    "RegExp": "class:pattern",
    "Object": "Object",
    "Promise": "Promise",
    "Array": "Array",
    "require": "require",
    "import()": "require",
    "globalThis": "global",
    "window": "global",
    "self": "global",
    "navigator": "navigator",
    "Map": "class:Map",
    "dict": "dict",
    "getattr": "getattr",
    "enumerate": "enumerate",
    "list": "encode",
    "tuple": "encode",
    "reversed": "encode",
    "set": "encode",
    "sorted": "encode",
}

# Those of them that Python has; all others are JavaScript's.
PYTHON_GLOBALS = {"str", "dict", "getattr", "enumerate", "list", "tuple", "reversed", "set", "sorted"}

# Types whose name tells what a parameter or field is.
ANNOTATIONS: dict[str, str] = {
    "AxiosInstance": "client:axios",
    "AxiosStatic": "client:axios",
    "HttpService": "client:axios",
    "HttpClient": "client:angular",
    "KyInstance": "client:ky",
    "Got": "client:got",
    "$Fetch": "client:ofetch",
    "ClientSession": "client:aiohttp",
    "AsyncClient": "client:requests",
    "Session": "client:requests",
    "PoolManager": "client:urllib3",
}


def package_export(package: str, name: str) -> str:
    """Return the kind of what a package exports under a name (``*`` for all of it), or an empty text.

    Args:
        package: as the import names it; Deno's ``npm:``, ``jsr:`` and ``https:`` forms too.
        name: the exported name.
    """
    return _plain(package).get(name, "")


def _plain(package: str) -> dict[str, str]:
    if package in PACKAGES:
        return PACKAGES[package]
    bare = package.removeprefix("npm:").removeprefix("jsr:")
    if "://" in bare:
        # https://esm.sh/axios@1.6.0?dts, https://cdn.skypack.dev/ky
        bare = bare.partition("://")[2].partition("/")[2].removeprefix("npm/").removeprefix("v135/").partition("?")[0]
    scope = "@" if bare.startswith("@") else ""
    bare = scope + bare.removeprefix("@").partition("@")[0]
    return PACKAGES.get(bare) or PACKAGES.get(bare.partition("/")[0]) or {}
