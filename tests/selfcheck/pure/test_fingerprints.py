"""Two answers have the same fingerprint exactly where the same handler may have given them."""

from __future__ import annotations

import pytest
from pure.answers import answer

FALLBACK = {"error": "Not Found"}
NAMES = ["dtmac-x-absent", "dtmac-x-nowhere"]


def missing(name):
    return {"success": False, "error": f"Tool instance '{name}' not found or not managed by this DTMA."}


SAME = [
    pytest.param(
        answer(404, missing("dtmac-x-a"), target="/tools/dtmac-x-a/start"),
        answer(404, missing("dtmac-x-b"), target="/tools/dtmac-x-b/start"),
        id="two names in the path",
    ),
    pytest.param(
        answer(404, missing("dtmac-x-absent"), target="/mcp/x"),
        answer(404, missing("dtmac-x-nowhere"), target="/mcp/x"),
        id="two names that are given",
    ),
    pytest.param(
        answer(404, "Cannot GET /tools/nowhere", target="/tools/nowhere", media_type="text/html"),
        answer(404, "Cannot GET /status/nowhere", target="/status/nowhere", media_type="text/html"),
        id="the whole path in a text",
    ),
    pytest.param(
        answer(404, "<pre>Cannot GET /</pre>", target="/", media_type="text/html"),
        answer(404, "<pre>Cannot GET /nowhere</pre>", target="/nowhere", media_type="text/html"),
        id="the root in a text",
    ),
    pytest.param(
        answer(404, {"error": "Not Found", "path": "/"}, target="/"),
        answer(404, {"error": "Not Found", "path": "/nowhere"}, target="/nowhere"),
        id="the root in JSON",
    ),
    pytest.param(
        answer(404, "<h1>404</h1><a href='/x'>back</a>", target="/", media_type="text/html"),
        answer(404, "<h1>404</h1><a href='/x'>back</a>", target="/nowhere", media_type="text/html"),
        id="the root and a page full of slashes",
    ),
    pytest.param(
        answer(404, "Cannot GET /a/b?c=1", target="/a/b?c=1"),
        answer(404, "Cannot GET /a/d?c=2", target="/a/d?c=2"),
        id="path and numbers of a query",
    ),
    pytest.param(
        answer(200, {"time": "2026-11-23T16:45:01.123Z"}),
        answer(200, {"time": "2027-01-02T03:04:05+02:00"}),
        id="times in two spellings",
    ),
    pytest.param(answer(200, {"uptime": 12}), answer(200, {"uptime": 123456}), id="numbers"),
    pytest.param(answer(200, {"at": "0xdeadbeef"}), answer(200, {"at": "0x1f"}), id="addresses"),
    pytest.param(
        answer(404, '{"error": "Not Found"}'), answer(404, '{"error":\n  "Not Found"}'), id="white space in a text"
    ),
    pytest.param(
        answer(404, FALLBACK),
        answer(404, FALLBACK, media_type="application/json; charset=utf-8"),
        id="parameters of the media type",
    ),
    pytest.param(
        answer(404, FALLBACK, headers={"date": "Mon", "etag": "a"}),
        answer(404, FALLBACK, headers={"date": "Tue", "etag": "b"}),
        id="date and etag",
    ),
]

OTHER = [
    pytest.param(answer(404, FALLBACK), answer(404, missing("a")), id="fallback and resource-level 404"),
    pytest.param(answer(404, FALLBACK), answer(401, FALLBACK), id="two statuses"),
    pytest.param(
        answer(404, '{"error": "Not Found"}'),
        answer(404, '{"error": "Not Found"}', media_type="text/html"),
        id="two media types",
    ),
    pytest.param(
        answer(404, FALLBACK),
        answer(404, "<html><h1>404 Not Found</h1></html>", media_type="text/html"),
        id="JSON and a page",
    ),
    pytest.param(
        answer(404, FALLBACK, headers={"server": "uvicorn"}),
        answer(404, FALLBACK, headers={"server": "nginx"}),
        id="two servers",
    ),
    pytest.param(
        answer(404, FALLBACK, headers={"x-powered-by": "Express"}), answer(404, FALLBACK), id="two frameworks"
    ),
    pytest.param(answer(404, {"error": "Not Found"}), answer(404, {"message": "Not Found"}), id="two keys"),
    pytest.param(answer(404, {"error": "Not Found"}), answer(404, {"error": "Not found"}), id="two words"),
    pytest.param(answer(404, {"data": [{"a": "x"}]}), answer(404, {"data": {"a": "x"}}), id="list and object"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_handler_has_one_fingerprint(one, other):
    """Names, paths, times and numbers of a request do not make another answer."""
    assert one.fingerprint(NAMES) == other.fingerprint(NAMES)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_another_handler_has_another_fingerprint(one, other):
    """Status, media type, keys, words and the server's own headers each tell two handlers apart."""
    assert one.fingerprint(NAMES) != other.fingerprint(NAMES)


@pytest.mark.parametrize(
    "body", ["", "null", "[", "[" * 100_000, '"text"', "12", "\ufffd\x00", '{"a": {"b": [1, {}]}}']
)
def test_every_body_has_a_fingerprint(body):
    """An empty, broken or deeply nested body has one as well, which equals itself."""
    assert answer(404, body).fingerprint() == answer(404, body).fingerprint()


def test_an_answer_is_described_in_one_short_line():
    """Status, media type and the beginning of the body, white space folded."""
    shown = answer(500, "a\n\n b" + "c" * 400, media_type="text/plain; charset=utf-8").describe()

    assert shown == "500 text/plain a b" + "c" * 297 + "…"


@pytest.mark.parametrize(
    ("body", "path", "expected"),
    [
        ('{"data": {"state": {"Status": "running"}}}', ("data", "state", "Status"), "running"),
        ('{"data": []}', ("data", "state"), None),
        ("[]", ("data",), None),
        ("no JSON", ("data",), None),
        ('{"data": null}', ("data", "state"), None),
    ],
)
def test_a_member_that_is_not_there_is_none(body, path, expected):
    """Reading a nested member never breaks on another shape."""
    assert expected == answer(200, body).member(*path)


@pytest.mark.parametrize(
    ("media_type", "expected"),
    [("application/json", {"a": 1}), ("application/problem+json", {"a": 1}), ("text/plain", '{"a": 1}')],
)
def test_content_is_what_the_media_type_says(media_type, expected):
    """A text that looks like JSON is decoded only where its media type says so."""
    assert expected == answer(200, '{"a": 1}', media_type=media_type).content


@pytest.mark.parametrize(
    ("header", "expected"), [("", ()), ("token", ("token",)), ("token, environment", ("token", "environment"))]
)
def test_leaks_are_what_the_fence_says(header, expected):
    """The kinds of secrets are read from the fence's own header."""
    assert expected == answer(headers={"x-dtmac-leak": header}).leaks
