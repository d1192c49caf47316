"""Each corner's word for each route: what counts as the same route, and how sure an absence is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from drift.judged_tables import CONTRACT, add, called, clean, drift, drop, route, states, unread

from dtma_contract.drift.matching import hides, is_expression, variants
from dtma_contract.routes import Cell, Corner, RouteTable, Unknown

START = "POST /tools/{instanceNameOnToolbox}/start"
SOURCE, IMAGE, TARGET = Corner.SOURCE, Corner.IMAGE, Corner.TARGET


def only(*routes, corner=SOURCE, unknown=(), **more):
    """Return a table of a few routes."""
    return RouteTable(corner, routes, tuple(unknown), **more)


def hidden(prefix="/", method="ALL"):
    return Unknown(SOURCE, "src/index.ts", 3, "a package registers routes here", prefix, method)


# What the source has, the row that is looked at, and the source's word for it.
CELLS = {
    "the same": (only(route("GET /tools")), "GET /tools", "mounted"),
    "other parameter names": (only(route("POST /tools/{id}/start")), START, "mounted"),
    "a slash at the end": (only(route("GET /tools/")), "GET /tools", "mounted"),
    "another method": (only(route("PUT /tools")), "GET /tools", "absent"),
    "every method": (only(route("ALL /tools")), "GET /tools", "mounted"),
    "GET answers HEAD": (only(route("GET /x"), route("HEAD /x")), "HEAD /x", "mounted"),
    "an optional parameter left out": (only(route("GET /logs/{lines?}")), "GET /logs", "mounted"),
    "an optional parameter given": (only(route("DELETE /tools/{name?}")), "DELETE /tools/{n}", "mounted"),
    "declared": (only(route("GET /tools", Cell.DECLARED)), "GET /tools", "declared"),
    "conditional": (only(route("GET /tools", Cell.CONDITIONAL)), "GET /tools", "conditional"),
    "unknown": (only(route("GET /tools", Cell.UNKNOWN)), "GET /tools", "unknown"),
    "shadowed": (only(route("GET /tools", Cell.SHADOWED)), "GET /tools", "shadowed"),
    "mounted and declared": (
        only(route("GET /tools", Cell.DECLARED), route("GET /tools", place="src/a.ts:1")), "GET /tools", "mounted",
    ),
    "mounted and conditional": (
        only(route("GET /tools", Cell.CONDITIONAL), route("GET /tools", place="src/a.ts:1")), "GET /tools", "mounted",
    ),
    "conditional and declared": (
        only(route("GET /tools", Cell.DECLARED), route("GET /tools", Cell.CONDITIONAL)), "GET /tools", "conditional",
    ),
    "shadowed by the same path": (
        only(route("GET /tools", place="src/a.ts:1"), route("GET /tools", Cell.SHADOWED)), "GET /tools", "shadowed",
    ),
    "the same line, mounted twice": (
        only(route("GET /tools"), route("GET /tools", Cell.SHADOWED)), "GET /tools", "mounted",
    ),
    "part of the path is unknown": (only(route("POST /{?}/start")), START, "unknown"),
    "all of the path is unknown": (only(route("ALL /{?}")), START, "unknown"),
    "an unknown part that cannot be it": (only(route("POST /{?}/begin")), START, "absent"),
    "an unknown part of another method": (only(route("GET /{?}/start")), START, "absent"),
    "confirmed beside an unknown part": (only(route("POST /{?}/start"), route(START)), START, "mounted"),
    "a declared unknown part": (only(route("POST /{?}/{id}/start", Cell.DECLARED)), START, "declared"),
    "a wildcard": (only(route("ALL /*")), START, "absent"),
    "a wildcard below the prefix": (only(route("ALL /mcp/*")), "GET /mcp/status", "absent"),
    "an expression that takes it": (only(route(r"POST /^\/tools\/[^/]+\/start$/")), START, "unknown"),
    "an expression behind a prefix": (only(route(r"POST /tools/^\/([^\/]+)\/start\/?$/")), START, "unknown"),
    "an expression that does not": (only(route(r"POST /^\/tools\/[^/]+\/stop$/")), START, "absent"),
    "an expression that Python cannot read": (only(route(r"POST /^\/tools\/(?<=[a-z]+)x$/")), START, "unknown"),
    "a parameter in a word's place": (only(route("POST /tools/{name}/{action}")), START, "unknown"),
    "a promised route in its place": (only(route("DELETE /tools/{name}")), "GET /tools/status", "absent"),
    "nothing at all": (only(), START, "absent"),
    "hidden everywhere": (only(unknown=[hidden()]), START, "unknown"),
    "hidden below its prefix": (only(unknown=[hidden("/tools")]), START, "unknown"),
    "hidden below another prefix": (only(unknown=[hidden("/mcp")]), START, "absent"),
    "hidden below a prefix of letters": (only(unknown=[hidden("/tool")]), START, "absent"),
    "hidden below a parameter": (only(unknown=[hidden("/{any}/x")]), "GET /diagnostics/logs", "absent"),
    "hidden below an unknown prefix": (only(unknown=[hidden("/{?}")]), START, "unknown"),
    "hidden by code that may run": (only(unknown=[hidden("{?}/{name}/start")]), START, "unknown"),
    "hidden by code of another end": (only(unknown=[hidden("{?}/{name}/stop")]), START, "absent"),
    "hidden of another method": (only(unknown=[hidden(method="GET")]), START, "absent"),
    "hides nothing": (only(unknown=[hidden("")]), START, "absent"),
    "crashed": (only(route(START), crash="a name is not exported"), START, "declared"),
    "crashed without it": (only(crash="a name is not exported"), START, "absent"),
}  # fmt: skip


@pytest.mark.parametrize(("table", "name", "word"), CELLS.values(), ids=CELLS)
def test_the_word_of_a_corner(table, name, word):
    """Parameters have no names, what is known in part confirms nothing, an absence is as sure as the reading."""
    report = drift(table, only(route(name), corner=IMAGE))

    assert (word, "mounted") == (states(report, name)["source"], states(report, name)["image"])


def test_a_target_that_was_not_asked_says_nothing():
    """A live agent is asked route by route, so that what it was not asked for is unknown."""
    asked = only(route("GET /tools", place=""), route("GET /logs", Cell.ABSENT, place=""), corner=TARGET)
    report = drift(asked)

    words = [states(report, name)["target"] for name in ("GET /tools", "GET /logs", "GET /status")]
    assert words == ["mounted", "absent", "unknown"]


def test_a_corner_that_was_not_asked_for_is_null():
    """Null is not absent."""
    (row, *_) = drift(clean()).to_json()["routes"]

    assert [row[corner] for corner in ("contract", "source", "image", "target", "consumer")] == [
        "mounted", "mounted", None, None, None,
    ]  # fmt: skip


def test_a_corner_that_could_not_be_read_is_unknown_everywhere():
    """An empty set would claim that nothing is there."""
    report = drift(clean(), unread(IMAGE, "the registry refuses the credentials"))

    assert {row.state(IMAGE) for row in report.rows} == {Cell.UNKNOWN}
    assert [unknown.to_json()["reason"] for unknown in report.unknown] == ["the registry refuses the credentials"]
    assert not report.complete


def test_rows_are_the_contract_s_and_then_what_else_there_is():
    """One row for each method and path, in the contract's order and with its template."""
    source = add(clean(), route("GET /a/{id}"), route("POST /tools/{x}/start", place="src/a.ts:1"))
    report = drift(source, add(clean(IMAGE), route("GET /a/{name}")))

    names = [row.name for row in report.rows]
    assert names == [*(f"{o.method} {o.path}" for o in CONTRACT.operations), "GET /a/{id}"]


# What the corners have, and the rows that this adds to the contract's.
ADDED = {
    "ALL beside a promised path": ([only(route("ALL /tools"))], []),
    "ALL that nobody else names": ([only(route("ALL /x"))], ["ALL /x"]),
    "ALL beside another corner's method": ([only(route("ALL /x")), only(route("GET /x"), corner=IMAGE)], ["GET /x"]),
    "an optional parameter of a promised path": ([only(route("GET /logs/{lines?}"))], []),
    "an optional parameter of its own": ([only(route("GET /x/{y?}"))], ["GET /x/{y?}"]),
    "a path that may be a promised one": ([only(route("POST /{?}/start"))], []),
    "a path that cannot be": ([only(route("POST /{?}/begin"))], ["POST /{?}/begin"]),
    "a fallback": ([only(route("ALL /*"))], ["ALL /*"]),
    "a call with a name in the parameter's place": ([called("POST /tools/nginx/start")], []),
    "a call with a parameter in the word's place": ([called("POST /tools/{name}/{action}")], []),
    "a call of nobody's route": ([called("POST /tools/{name}/begin")], ["POST /tools/{name}/begin"]),
    "what a target claims and does not have": ([only(route("GET /x", Cell.ABSENT), corner=TARGET)], ["GET /x"]),
}


@pytest.mark.parametrize(("tables", "rows"), ADDED.values(), ids=ADDED)
def test_rows_of_their_own(tables, rows):
    """A route that a row shows already has none of its own."""
    names = [row.name for row in drift(*tables).rows]

    assert names[len(CONTRACT.operations) :] == rows


CALLS = {
    "the template": ("POST /tools/{name}/start", "mounted"),
    "a name": ("POST /tools/nginx/start", "mounted"),
    "an unknown part": ("POST /{?}/start", "unknown"),
    "a parameter in a word's place": ("POST /tools/{name}/{action}", "unknown"),
    "another method": ("GET /tools/{name}/start", "absent"),
    "a method that is not known": ("ALL /tools/{name}/start", "unknown"),
}


@pytest.mark.parametrize(("call", "word"), CALLS.values(), ids=CALLS)
def test_the_word_of_a_caller(call, word):
    """A call with a name in it is a call of the route; one that is known in part confirms nothing."""
    caller = called(call)
    if call.startswith("ALL"):
        caller = replace(caller, routes=tuple(replace(route, state=Cell.UNKNOWN) for route in caller.routes))

    assert states(drift(caller), START)["consumer"] == word


def test_the_evidence_of_a_cell():
    """File, line, raw path, middleware, token and reason stand beside the word."""
    told = route(START, Cell.CONDITIONAL, "src/tools.ts:4", raw="/tools/:n/start", middleware=("auth",), secured=True,
                 detail="only where START is set")  # fmt: skip
    row = next(row for row in drift(only(told)).to_json()["routes"] if row["path"].endswith("/start"))

    assert row["evidence"] == {
        "source": {
            "file": "src/tools.ts", "line": 4, "raw": "/tools/:n/start", "middleware": ["auth"], "secured": True,
            "detail": "only where START is set",
        }
    }  # fmt: skip


def test_what_makes_a_promised_route_unknown_is_listed():
    """A route of unknown path is an unknown with its place, also where the reader did not list it."""
    report = drift(add(drop(clean(), START), route("POST /{?}/start", place="src/x.ts:9")))

    assert [unknown.to_json() for unknown in report.unknown] == [
        {"where": "source", "file": "src/x.ts", "line": 9, "reason": "POST /{?}/start (src/x.ts:9) may be it"}
    ]


# Router files that nothing mounts: what they declare, and the promised rows that they would serve.
ROUTERS = {
    "most of its routes tell the prefix": (
        ["GET /{?}", "POST /{?}", "POST /{?}/{id}/start", "DELETE /{?}/{id}"],
        ["GET /tools", "POST /tools", "DELETE /tools/{}", "POST /tools/{}/start"],
    ),
    "one route with a word": (["GET /{?}/templates"], ["GET /mcp/templates"]),
    "one route without a word tells nothing": (["GET /{?}"], []),
    "several prefixes do equally well": (["GET /{?}/status"], ["GET /status", "GET /tools/status", "GET /mcp/status"]),
    "what another method has": (["PUT /{?}/templates"], []),
}


@pytest.mark.parametrize(("declared", "rows"), ROUTERS.values(), ids=ROUTERS)
def test_the_prefix_of_a_router_that_nothing_mounts(declared, rows):
    """It is inferred from the routes of its file together."""
    table = only(*(route(name, Cell.DECLARED, f"src/r.ts:{line}") for line, name in enumerate(declared, 1)))
    found = [
        (row.method, row.path.replace("instanceNameOnToolbox", "")) for row in drift(table).rows
        if row.is_promised and row.state(SOURCE) is Cell.DECLARED
    ]  # fmt: skip

    assert [f"{method} {path}" for method, path in found] == rows


def test_two_routers_share_what_they_would_serve():
    """A doubtful file gets what a clear one leaves: `/execute` is the tools router's and the ssh router's."""
    tools = [
        route(f"POST /{{?}}/{{n}}/{word}", Cell.DECLARED, "src/tools.ts:1") for word in ("start", "stop", "execute")
    ]
    ssh = route("POST /{?}/execute", Cell.DECLARED, "src/a-shell.ts:1")
    report = drift(only(ssh, *tools))

    files = {
        row.path.split("/")[1]: row.cells[SOURCE].route.location.file
        for row in report.rows
        if row.path.endswith("/execute")
    }
    assert files == {"tools": "src/tools.ts", "ssh": "src/a-shell.ts"}


@pytest.mark.parametrize(
    ("path", "paths"),
    [("/a", ["/a"]), ("/a/{b?}", ["/a/{}", "/a"]), ("/{a?}/b/{c?}", ["/{}/b/{}", "/{}/b", "/b/{}", "/b"])],
)
def test_optional_parameters_stand_for_both(path, paths):
    """With and without each."""
    assert list(variants(path)) == paths


@pytest.mark.parametrize(
    ("path", "is_one"), [("/^a$/", True), ("/a/^b.*$/", True), ("/a/{b}", False), ("/a*", False), ("/a/^", False)]
)
def test_expressions_are_told_from_paths(path, is_one):
    """They begin with a circumflex behind a slash."""
    assert is_expression(path) is is_one


def test_a_longer_prefix_hides_no_shorter_path():
    """What stands below `/tools/x` is not `/tools`."""
    assert not hides(Unknown(SOURCE, "", 0, "a reason", "/tools/x"), "GET", "/tools")
