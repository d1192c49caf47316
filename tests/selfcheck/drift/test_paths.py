"""Paths of Express 4 and 5 become templates."""

from __future__ import annotations

import pytest

from dtma_contract.discovery.express.paths import (
    is_regex,
    join_paths,
    matches_nothing,
    regex_template,
    syntax_error,
    template_of,
)
from dtma_contract.routes import path_covers

BOTH = [
    ("/", "/"),
    ("", "/"),
    ("/tools", "/tools"),
    ("/tools/", "/tools"),
    ("/Tools//Status", "/Tools/Status"),
    ("/tools/:name", "/tools/{name}"),
    ("/tools/:name/start", "/tools/{name}/start"),
    ("/:from-:to", "/{from}-{to}"),
    ("/flights/:from-:to/seats", "/flights/{from}-{to}/seats"),
    ("/:name.:ext", "/{name}.{ext}"),
    ("/v:major/users", "/v{major}/users"),
    ("/feed.xml", "/feed.xml"),
    ("/@:user", "/@{user}"),
    ("/a_b-c~d", "/a_b-c~d"),
    (r"/a\:b", "/a:b"),
    (r"/accounts\:search", "/accounts:search"),
    ("{?}/status", "/{?}/status"),
    ("/{?}/status", "/{?}/status"),
    ("/api{?}", "/api{?}"),
    ("/v{?}/:id", "/v{?}/{id}"),
]

EXPRESS_4 = [
    ("*", "/*"),
    ("/*", "/*"),
    ("/files/*", "/files/*"),
    ("/files*", "/files*"),
    ("/a/*/b", "/a/*/b"),
    ("/a/**", "/a/*"),
    ("/:id?", "/{id?}"),
    ("/users/:id?/posts", "/users/{id?}/posts"),
    (r"/:id(\d+)", "/{id}"),
    (r"/users/:id(\d+)/edit", "/users/{id}/edit"),
    (r"/users/:id(\d+)?", "/users/{id?}"),
    (r"/:uuid([0-9a-f]{8}-[0-9a-f]{4})", "/{uuid}"),
    ("/:kind(cat|dog)/x", "/{kind}/x"),
    ("/:a((b|c)d)/x", "/{a}/x"),
    ("/:slug([^/]+)", "/{slug}"),
    ("/:path(*)", "/*"),
    ("/files/:path(.*)", "/files/*"),
    ("/files/:path*", "/files/*"),
    ("/files/:path+", "/files/*"),
    (r"/:path([\s\S]+)", "/*"),
    ("/(cat|dog)/x", "/{0}/x"),
    ("/(*)", "/*"),
    (r"/\$batch", "/$batch"),
    ("/:name.:ext?", "/{name}"),
    ("/ab?cd", "/^\\/ab?cd$/"),
    ("/ab+cd", "/^\\/ab+cd$/"),
    ("/a(/b)?", "/^\\/a(\\/b)?$/"),
    ("/feed.:format?", "/^\\/feed(?:\\.([^\\/]+))?$/"),
    ("/(.*)", "/^\\/(\\..*)$/"),
]

EXPRESS_5 = [
    ("/*splat", "/*"),
    ("/{*splat}", "/*"),
    ("{*splat}", "/*"),
    ("{/*splat}", "/*"),
    ("/files/*path", "/files/*"),
    ("/files{/*path}", "/files/*"),
    ("/a/*mid/b", "/a/*/b"),
    ("{/:id}", "/{id?}"),
    ("/users{/:id}", "/users/{id?}"),
    ("/users{/:id}/posts", "/users/{id?}/posts"),
    ("/users{/}", "/users"),
    ("/:file{.:ext}", "/{file}"),
    ("/:a{-:b}/c", "/{a}/c"),
    ('/:"from-city"/x', "/{from-city}/x"),
    ('/*"the rest"', "/*"),
    (r"/\$batch", "/$batch"),
    ("/$batch", "/$batch"),
    (r"/a\*b\?", "/a*b?"),
    ("/a{/b}", "/^\\/a(?:\\/b)?$/"),
    ("/a{/:b/:c}", "/^\\/a(?:\\/([^\\/]+)\\/([^\\/]+))?$/"),
    ("/color{s}", "/^\\/color(?:s)?$/"),
    # Refused, and read as what it was written for.
    ("*", "/*"),
    ("/:id?", "/{id?}"),
]


@pytest.mark.parametrize(
    ("major", "raw", "template"),
    [*((4, *row) for row in BOTH + EXPRESS_4), *((5, *row) for row in BOTH + EXPRESS_5)],
)
def test_a_path_becomes_a_template(major, raw, template):
    """Each syntax of each version is the template of the same meaning."""
    assert template_of(raw, major) == template


@pytest.mark.parametrize(
    ("source", "template"),
    [
        (r"^\/x$", r"/^\/x$/"),
        ("^/x/(a|b)$", r"/^\/x\/(a|b)$/"),
        ("^/[^/]+$", r"/^\/[^/]+$/"),
        (r"\[/]", r"/\[\/]/"),
    ],
)
def test_a_regular_expression_is_written_as_node_writes_it(source, template):
    """A slash is escaped outside of a class, as in `RegExp.prototype.source`."""
    assert regex_template(source) == template
    assert is_regex(template)


@pytest.mark.parametrize(
    ("prefix", "path", "full"),
    [
        ("", "/", "/"),
        ("/", "/x", "/x"),
        ("/api", "/", "/api"),
        ("/api", "", "/api"),
        ("/api", "/users/{id}", "/api/users/{id}"),
        ("/api", "/*", "/api/*"),
        ("/*", "/x", "/*/x"),
        ("/{?}", "/x", "/{?}/x"),
        ("/api", r"/^\/x$/", r"/api/^\/x$/"),
        (r"/^\/v\d/", "/users", r"/^\/v\d//users"),
    ],
)
def test_a_path_is_joined_to_its_prefix(prefix, path, full):
    """Nothing is doubled, and a prefix that is a regular expression stays one."""
    assert join_paths(prefix, path) == full


@pytest.mark.parametrize(
    "raw", ["*", "/*", "/:id?", r"/:id(\d+)", "/a(b)", "/a+", "/:", "/{a", "/a}", "/:a:b", "/x\\", '/:"a']
)
def test_express_5_refuses_what_its_grammar_does_not_have(raw):
    """The reason names the path."""
    assert repr(raw) in syntax_error(raw, 5)


@pytest.mark.parametrize(("raw", "refused"), [("/(a", True), ("*", False), ("/:id?", False), ("/ab?cd", False)])
def test_express_4_refuses_no_more_than_an_open_parenthesis(raw, refused):
    """All else is a regular expression to it."""
    assert bool(syntax_error(raw, 4)) is refused


@pytest.mark.parametrize("major", [4, 5])
@pytest.mark.parametrize(
    ("raw", "nothing"),
    [("users", True), (":id", True), ("/users", False), ("", False), ("/", False), ("{?}x", False)],
)
def test_a_path_without_a_slash_in_front_matches_nothing(major, raw, nothing):
    """A request's path always begins with one."""
    assert matches_nothing(raw, major) is nothing


@pytest.mark.parametrize(("major", "raw"), [(4, "*"), (4, "(/a|/b)"), (5, "*all"), (5, "{/:id}"), (5, "{*all}")])
def test_a_wildcard_in_front_matches_the_slash_itself(major, raw):
    """It needs none of its own."""
    assert not matches_nothing(raw, major)


@pytest.mark.parametrize(
    ("major", "raw", "path"),
    [(4, "/files/*", "/files/a/b"), (5, "{/:id}", "/x"), (5, "/a{/*rest}", "/a"), (4, "/users/:id?", "/users")],
)
def test_a_template_covers_what_its_path_matches(major, raw, path):
    """The templates are those that tables of routes are compared by."""
    assert path_covers(template_of(raw, major), path)
