"""What is wrong becomes a finding of its kind, at the corner that has to be mended, and one root is one finding."""

from __future__ import annotations

from dataclasses import replace

import pytest
from drift.judged_tables import CONTRACT, add, called, change, clean, drift, drop, kinds, move, route, unread

from dtma_contract.drift.kinds import KINDS
from dtma_contract.routes import Cell, Corner, Location, RouteTable, Unknown
from dtma_contract.verdict import ExitCode

SOURCE, IMAGE, TARGET, CONSUMER = Corner.SOURCE, Corner.IMAGE, Corner.TARGET, Corner.CONSUMER
START = "POST /tools/{instanceNameOnToolbox}/start"
STOP = "POST /tools/{instanceNameOnToolbox}/stop"
DELETE = "DELETE /tools/{instanceNameOnToolbox}"
EVERYTHING = [f"{operation.method} {operation.path}" for operation in CONTRACT.operations]
STUBBED = ["GET /", "GET /status", "GET /tools", "POST /tools"]
BEYOND_THE_STUB = [name for name in EVERYTHING if name not in STUBBED]
CORE = [f"{operation.method} {operation.path}" for operation in CONTRACT.operations if operation.profile == "core"]

S, M, T = (clean(corner) for corner in (SOURCE, IMAGE, TARGET))


def declared(table, *names):
    """Return the table with routes that nothing mounts, their prefix unknown."""
    for name in names:
        path = name.partition(" ")[2]
        (shown,) = (route for route in table.routes if f"{route.method} {route.path}" == name)
        prefix = "/" + path.split("/")[1]
        table = change(table, name, path="/{?}" + shown.path.removeprefix(prefix), state=Cell.DECLARED)
    return table


def stub(table):
    """Return the table of the incident: a stub entry point answers four routes, every router is mounted by nothing."""
    routers = declared(
        table, *(name for name in EVERYTHING if name.startswith(("POST /tools", "GET /tools", "DELETE")))
    )
    routers = change(routers, "/s*", "/h*", "/l*", "/r*", "/d*", "/m*", state=Cell.DECLARED)
    own = [route(name, place="src/index.ts:9", secured=False) for name in STUBBED]
    return add(drop(routers, "GET /"), *own, first=True)


def behind(image, commits):
    """Return an image's table that says how far it lags."""
    return replace(image, provenance={"revision": "a" * 40, "commits_behind": commits})


def lacking(image, *paths):
    """Return an image's table that says which files are not in it."""
    files = [{"path": path, "variable": "", "file": "src/index.ts", "line": 14} for path in paths]
    return replace(image, provenance={"lacks_files": files})


OLD = add(drop(M, START, STOP), route("POST /tools/{id}/restart", place="dist/routes/tools.js:30"))
HIDDEN = Unknown(SOURCE, "src/index.ts", 3, "a package registers routes here", "/tools")
CATCH_ALL = "app.use (src/app.ts:20) answers everything"

# What is compared, and the findings with level and corner; promised-but-not-called is left out.
CASES = {
    "clean source": ([S], []),
    "clean in all corners": ([S, M, T, called(*EVERYTHING)], []),
    "a caller of some": ([S, called(START, "GET /status")], []),
    "a whole optional profile is nowhere": ([drop(S, "/mcp*"), drop(M, "/mcp*"), drop(T, "/mcp*")], []),
    "a single route is a whole profile": ([drop(S, "POST /ssh/execute")], []),
    "a fallback at the end": ([add(S, route("ALL /*")), M], []),
    "a fallback of a router": ([add(S, route("ALL /mcp/*"))], []),
    "what a browser asks first": ([add(S, route("OPTIONS /x"))], []),
    "the target could not be asked": ([S, unread(TARGET)], []),
    "an absence that is not sure": ([replace(drop(S, START), unknown=(HIDDEN,))], []),
    "a route of unknown path": ([add(drop(S, START), route("POST /{?}/start"))], []),
    "authentication that could not be told": ([change(S, START, secured=None)], []),
    "a name that was not recognised, and the target asks": ([change(S, "/tools*", secured=False), T], []),
    "declared twice, mounted once": ([add(S, route(START, Cell.DECLARED, "src/old.ts:3"))], []),
    "a router that is mounted twice": ([add(S, replace(S.routes[0], state=Cell.SHADOWED))], []),
    "declared, and promised by nobody": ([add(S, route("GET /x", Cell.DECLARED))], []),
    "the image is of the source's commit": ([S, behind(M, 0)], []),
    "how far the image lags cannot be told": ([S, behind(M, None)], []),
    "a caller uses what may be there": ([replace(drop(S, START), unknown=(HIDDEN,)), called(START)], []),
    # Declared, and mounted by nothing.
    "a router that nothing mounts": ([declared(S, START, STOP)], [("declared-not-mounted", "must", "source")]),
    "and so in image and target": (
        [declared(S, START, STOP), declared(M, START, STOP), drop(T, START, STOP)],
        [("declared-not-mounted", "must", "source")],
    ),
    "only in the image": ([S, declared(M, START)], [("missing-in-image", "must", "image")]),
    "only in the image, which starts another file": (
        [S, replace(declared(M, START), provenance={"entry": "x.js"})], [("declared-not-mounted", "must", "image")],
    ),
    "only the image is looked at": ([declared(M, START)], [("declared-not-mounted", "must", "image")]),
    "the stub entry point": ([stub(S)], [("declared-not-mounted", "must", "source")]),
    "the stub in front, the full source beside it": (
        [S, stub(M), drop(T, *BEYOND_THE_STUB)],
        [("declared-not-mounted", "must", "image")],
    ),
    "the stub is built and deployed": (
        [stub(S), stub(M), drop(T, *BEYOND_THE_STUB)],
        [("declared-not-mounted", "must", "source")],
    ),
    "two files are forgotten, the others are mounted": (
        [change(change(S, "/mcp*", state=Cell.DECLARED), "/diagnostics*", state=Cell.DECLARED)],
        [("declared-not-mounted", "must", "source")] * 2,
    ),
    "by code that may run": (
        [replace(declared(S, START), unknown=(Unknown(SOURCE, "src/routes/tools.ts", 17, "it may run", "{?}/x"),))],
        [("declared-not-mounted", "should", "source")],
    ),
    "a file it needs": ([S, lacking(M, "/etc/dtma.conf")], [("missing-configuration", "should", "image")]),
    "two such files": ([lacking(M, "/etc/a", "/etc/b")], [("missing-configuration", "should", "image")]),
    "an image that lacks no file": ([lacking(M)], []),
    "what ends before reads no file": (
        [replace(lacking(M, "/etc/dtma.conf"), crash="it throws")], [("crashes-at-load", "must", "image")],
    ),
    # Another prefix.
    "a router under another prefix": ([move(S, "/tools", "/tool")], [("prefix-differs", "must", "source")]),
    "the same in image and target": (
        [move(S, "/tools", "/tool"), move(M, "/tools", "/tool"), drop(T, "/tools*")],
        [("prefix-differs", "must", "source")],
    ),
    "an optional profile under another prefix": (
        [move(S, "/diagnostics", "/diagnostic")], [("prefix-differs", "must", "source")],
    ),
    "everything below a prefix": ([move(S, "", "/api")], [("prefix-differs", "must", "source")]),
    "a prefix is left out": ([move(S, "/mcp", "")], [("prefix-differs", "must", "source")]),
    "one route below a prefix": ([move(S, "/health", "/api/health")], [("prefix-differs", "must", "source")]),
    "two routers under other prefixes": (
        [move(move(S, "/mcp", "/mpc"), "/diagnostics", "/diag")], [("prefix-differs", "must", "source")] * 2,
    ),
    "two routes that only end alike": (
        [add(drop(S, "GET /logs"), route("GET /users/{id}/logs"))],
        [("missing-in-source", "must", "source"), ("undocumented", "should", "source")],
    ),
    # Shadowed.
    "a catch-all too early": (
        [change(S, "/mcp*", "/ssh*", state=Cell.SHADOWED, detail=CATCH_ALL)], [("shadowed", "must", "source")],
    ),
    "and so in the image": (
        [change(t, "/mcp*", state=Cell.SHADOWED, detail=CATCH_ALL) for t in (S, M)], [("shadowed", "must", "source")],
    ),
    "an earlier route without authentication": (
        [add(change(S, "GET /mcp/status", state=Cell.SHADOWED, detail="GET /mcp/status (src/app.ts:9) answers first"),
             route("GET /mcp/status", place="src/app.ts:9", secured=False), first=True)],
        [("shadowed", "must", "source")],
    ),
    "two roots": (
        [change(change(S, "/mcp*", state=Cell.SHADOWED, detail="a"), START, state=Cell.SHADOWED, detail="b")],
        [("shadowed", "must", "source")] * 2,
    ),
    "only what nobody promises": (
        [add(S, route("GET /x", Cell.SHADOWED, detail=CATCH_ALL))], [("shadowed", "should", "source")],
    ),
    "only a fallback": ([add(S, route("ALL /*", Cell.SHADOWED, detail=CATCH_ALL))], []),
    # Conditional.
    "core behind a switch": (
        [change(S, START, STOP, state=Cell.CONDITIONAL, detail="ENABLE_START")], [("conditional", "must", "source")],
    ),
    "an optional profile behind a switch": (
        [change(t, "/mcp*", state=Cell.CONDITIONAL, detail="ENABLE_MCP") for t in (S, M)] + [drop(T, "/mcp*")],
        [("conditional", "should", "source")],
    ),
    "two switches": (
        [change(change(S, START, state=Cell.CONDITIONAL, detail="A"), STOP, state=Cell.CONDITIONAL, detail="B")],
        [("conditional", "must", "source")] * 2,
    ),
    "behind a switch, and gone in the image": (
        [change(S, START, state=Cell.CONDITIONAL, detail="A"), drop(M, START)],
        [("conditional", "must", "source"), ("missing-in-image", "must", "image")],
    ),
    # Missing.
    "missing in the source": ([drop(S, START, STOP)], [("missing-in-source", "must", "source")]),
    "missing everywhere is the source's": (
        [drop(S, START), drop(M, START), drop(T, START)], [("missing-in-source", "must", "source")],
    ),
    "half a profile": ([drop(S, "GET /mcp/templates")], [("missing-in-source", "must", "source")]),
    "missing in the image": ([S, drop(M, START), drop(T, START)], [("missing-in-image", "must", "image")]),
    "a whole profile is missing in the image": ([S, drop(M, "/mcp*")], [("missing-in-image", "should", "image")]),
    "what nobody promises is missing in the image": (
        [add(S, route("GET /x")), M], [("missing-in-image", "should", "image"), ("undocumented", "should", "source")],
    ),
    "missing on the target": ([S, M, drop(T, START, STOP)], [("missing-on-target", "must", "target")]),
    "missing on the target, the image could not be read": (
        [S, unread(IMAGE), drop(T, START)], [("missing-on-target", "must", "target")],
    ),
    "only the target was asked": ([drop(T, START, STOP, DELETE)], [("missing-on-target", "must", "target")]),
    "a whole profile is missing on the target": ([S, drop(T, "/mcp*")], [("missing-on-target", "should", "target")]),
    "core and half of mcp": (
        [drop(S, START, "GET /mcp/status")], [("missing-in-source", "must", "source")] * 2,
    ),
    # The image.
    "routes differ both ways": ([S, OLD], [("stale-image", "must", "image")]),
    "and the target runs it": (
        [S, OLD, add(drop(T, START, STOP), route("POST /tools/{id}/restart", place=""))],
        [("stale-image", "must", "image")],
    ),
    "the image is five commits behind": ([S, behind(M, 5)], [("stale-image", "must", "image")]),
    "five behind, and routes are missing": ([S, behind(drop(M, START), 5)], [("stale-image", "must", "image")]),
    "five behind, and it lets everyone in": (
        [S, behind(change(M, "/tools*", secured=False), 5)], [("stale-image", "must", "image")],
    ),
    "five behind, and the source lacks a route": (
        [drop(S, STOP), behind(drop(M, START, STOP), 5)],
        [("missing-in-source", "must", "source"), ("stale-image", "must", "image")],
    ),
    "the source crashes": (
        [replace(S, crash="createApplication is not exported", crash_location=Location("src/index.ts", 4))],
        [("crashes-at-load", "must", "source")],
    ),
    "source and image crash, the target is dead": (
        [replace(S, crash="it is not exported"), replace(M, crash="it is not exported"), unread(TARGET)],
        [("crashes-at-load", "must", "source")],
    ),
    "the image alone crashes": ([S, replace(M, crash="x"), T], [("crashes-at-load", "must", "image")]),
    "a crash with odd routes": (
        [replace(add(drop(S, START), route("GET /x")), crash="x")], [("crashes-at-load", "must", "source")],
    ),
    # Authentication.
    "the source lets everyone in": ([change(S, "/tools*", secured=False)], [("auth-differs", "must", "source")]),
    "the target lets everyone in": ([S, change(T, "/tools*", secured=False)], [("auth-differs", "must", "target")]),
    "source and image let everyone in": (
        [change(S, START, secured=False), change(M, START, secured=False)], [("auth-differs", "must", "source")],
    ),
    "the code asks where it should not": (
        [change(S, "GET /health", secured=True)],
        [("auth-differs", "should", "source")],
    ),
    "the target asks where it should not": (
        [S, change(T, "GET /health", secured=True)], [("auth-differs", "must", "target")],
    ),
    "both directions": (
        [change(change(S, "GET /health", secured=True), START, secured=False)],
        [("auth-differs", "must", "source"), ("auth-differs", "should", "source")],
    ),
    # What nobody promises.
    "two routes of one file": (
        [add(S, route("GET /x"), route("POST /y"))], [("undocumented", "should", "source")],
    ),
    "two files": (
        [add(S, route("GET /x"), route("GET /y", place="src/y.ts:1"))],
        [("undocumented", "should", "source")] * 2,
    ),
    "in source and image": (
        [add(S, route("GET /x")), add(M, route("GET /x"))],
        [("undocumented", "should", "source")],
    ),
    "served by the image only": ([S, add(M, route("GET /x"))], [("undocumented", "should", "image")]),
    "a catch-all below a prefix of its own": (
        [add(S, route("ALL /admin/*"))],
        [("undocumented", "should", "source")],
    ),
    "only under a condition": ([add(S, route("GET /x", Cell.CONDITIONAL))], [("undocumented", "should", "source")]),
    # Callers.
    "a call that nobody promises": ([called("GET /tools/{id}/status")], [("called-but-absent", "must", "consumer")]),
    "and nobody serves": ([S, M, called("POST /tools/{id}/restart")], [("called-but-absent", "must", "consumer")]),
    "a call that nobody promises, and one serves": (
        [add(S, route("GET /x")), called("GET /x")], [("undocumented", "should", "source")],
    ),
    "a call that may be served": (
        [replace(S, unknown=(replace(HIDDEN, prefix="/x"),)), called("GET /x")],
        [("called-but-absent", "should", "consumer")],
    ),
    "a call that nobody promises, and the target was not asked about": (
        [S, T, called("GET /x")], [("called-but-absent", "must", "consumer")],
    ),
    "a call of a profile that no build has": (
        [drop(S, "/mcp*"), called("GET /mcp/status")],
        [("called-but-absent", "must", "consumer")],
    ),
    "a call of a missing route is the source's": (
        [drop(S, START), called(START)],
        [("missing-in-source", "must", "source")],
    ),
    "a call known in part": ([S, called("GET /{?}/nowhere")], []),
}  # fmt: skip


def claiming(*names, table=T):
    """Return a target's table with what its GET / claims."""
    return replace(table, provenance={"claims": [name.split(" ") for name in names]})


CLAIMS = {
    "every route": (claiming(*EVERYTHING), None),
    "every path, without methods": (claiming(*(f"ALL {name.partition(' ')[2]}" for name in EVERYTHING)), None),
    "nothing": (claiming(), None),
    "other parameter names": (claiming(*(name.replace("instanceNameOnToolbox", "id") for name in EVERYTHING)), None),
    "not itself": (claiming(*EVERYTHING[1:]), None),
    "one too few": (claiming(*(name for name in EVERYTHING if name != "GET /logs")), {"GET /logs"}),
    "one that was never there": (
        claiming(*EVERYTHING, "GET /metrics", table=add(T, route("GET /metrics", Cell.ABSENT, place=""))),
        {"GET /metrics"},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("table", "routes"), CLAIMS.values(), ids=CLAIMS)
def test_what_the_target_claims(table, routes):
    """A claim of what is absent, and silence about what is mounted, is one finding; without claims there is none."""
    found = [
        set(found.routes) for found in drift(S, table, called("GET /metrics")).findings if found.kind == "claims-differ"
    ]

    assert found == ([] if routes is None else [routes])


def test_a_claim_of_a_route_that_has_its_finding_is_none():
    """A stub that claims start has one root: start is missing."""
    report = drift(claiming(*EVERYTHING, table=drop(T, START)))

    assert said(report) == [("missing-on-target", "must", "target")]


def said(report):
    return [found for found in kinds(report) if found[0] != "promised-but-not-called"]


@pytest.mark.parametrize(("tables", "findings"), CASES.values(), ids=CASES)
def test_the_findings(tables, findings):
    """Kind, level and corner of each, and the exit code that follows."""
    report = drift(*tables)

    assert findings == said(report)
    blocks = any(level == "must" for _kind, level, _where in findings)
    kept = ExitCode.NOTHING_JUDGED if report.unread else ExitCode.KEPT
    assert report.exit_code == (ExitCode.VIOLATED if blocks else kept)


def test_every_kind_is_found_by_a_case():
    """A kind that no case leads to would not have been seen to judge."""
    found = {kind for _tables, findings in CASES.values() for kind, _level, _where in findings}

    assert KINDS.keys() - found == {"promised-but-not-called", "claims-differ"}  # both have tests of their own


# The rows of the incident table (dtma-api.md, section 1) that routes can tell: what is looked at, and what is said.
INCIDENTS = {
    "the entry point never mounts the router": (
        [stub(S), stub(M)], "declared-not-mounted", "source", {START, STOP, DELETE, "GET /health"},
    ),
    "later commits fail to compile": ([S, behind(OLD, 3)], "stale-image", "image", {START, STOP}),
    "the entry point imports a name that is not exported": (
        [replace(S, crash="createApplication is not exported by src/app.ts")], "crashes-at-load", "source", set(),
    ),
    "everyone is let in": ([S, M, change(T, "/tools*", "/mcp*", secured=False)], "auth-differs", "target", {START}),
    "an earlier handler answers": (
        [add(change(S, "GET /mcp/status", state=Cell.SHADOWED, detail="GET /mcp/status (src/app.ts:9) answers first"),
             route("GET /mcp/status", place="src/app.ts:9", secured=False), first=True)],
        "shadowed", "source", {"GET /mcp/status"},
    ),
    "callers use routes that never existed": (
        [S, M, T, called("GET /tools/{id}/status")], "called-but-absent", "consumer", {"GET /tools/{id}/status"},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("tables", "kind", "where", "routes"), INCIDENTS.values(), ids=INCIDENTS)
def test_the_incidents(tables, kind, where, routes):
    """Each is one finding, at the corner that has to be mended, with every route that users miss."""
    (found,) = (found for found in drift(*tables).findings if found.kind != "promised-but-not-called")

    assert (kind, where, "must") == (found.kind, str(found.where), str(found.level))
    assert routes <= set(found.routes)


def only_finding(*tables):
    (found,) = (found for found in drift(*tables).findings if found.kind != "promised-but-not-called")
    return found


def test_a_finding_names_place_and_routes():
    """The first route stands in front, all of them in the detail, with the place of the first."""
    found = only_finding(declared(S, START, STOP))
    data = found.to_json()

    assert (data["method"], data["path"]) == ("POST", "/tools/{instanceNameOnToolbox}/start")
    assert (data["file"], data["line"] > 0) == ("src/routes/tools.ts", True)
    assert [START in data["detail"], STOP in data["detail"], "src/index.ts" in data["title"]] == [True, True, True]
    assert "Mount src/routes/tools.ts in src/index.ts" in data["remedy"]


def test_the_json_keys_are_those_that_are_documented():
    """Others read them."""
    data = drift(drop(S, START)).to_json()

    assert list(data) == ["routes", "findings", "provenance", "complete", "unknown"]
    assert set(data["findings"][0]) == {
        "kind", "level", "method", "path", "where", "title", "detail", "file", "line", "remedy",
    }  # fmt: skip
    assert list(data["routes"][0]) == [
        "method", "path", "contract", "source", "image", "target", "consumer", "evidence",
    ]  # fmt: skip


def test_the_stub_s_own_handlers_are_said_beside_it():
    """They let everyone in, which is no finding of its own: the real handlers are not mounted."""
    found = only_finding(stub(S))

    assert "GET /status, GET /tools, POST /tools are answered by another handler in the meantime" in found.detail


def test_a_moved_router_names_both_prefixes():
    """And each route under both names."""
    found = only_finding(move(S, "/tools", "/tool"))

    assert found.title == "7 routes of src/routes/tools.ts are mounted under /tool in place of /tools."
    assert f"POST /tool/{{instanceNameOnToolbox}}/start in place of {START}" in found.detail


def test_a_shadow_that_opens_a_route_says_so():
    """The router's authentication is lost with its handler."""
    tables, *_ = INCIDENTS["an earlier handler answers"]

    assert "What answers asks for no token: GET /mcp/status" in only_finding(*tables).detail


def test_a_stale_image_lists_what_it_lacks_and_still_has():
    """With both commits."""
    found = only_finding(replace(S, provenance={"commit": "b" * 40}), behind(OLD, 3))

    assert found.title == f"The image was built from {'a' * 12}, 3 commits behind the source."
    assert f"The image lacks {START}, {STOP}." in found.detail
    assert "The image still has POST /tools/{id}/restart." in found.detail
    assert f"Expected: revision {'b' * 12}" in found.detail


def test_consequences_are_named_in_the_root_s_detail():
    """Image and target that follow need no finding, and the reader need not look for one."""
    found = only_finding(drop(S, START), drop(M, START), drop(T, START))

    assert "The image and the target show the same, and need no change of their own." in found.detail


def test_a_missing_route_points_to_its_neighbour():
    """There is no line where it is missing; its neighbours' is where it belongs."""
    found = only_finding(drop(S, START))

    assert (found.location.file, "registered at src/routes/tools.ts" in found.detail) == ("src/routes/tools.ts", True)


def test_an_empty_source_was_read():
    """A service that registers nothing is a finding, not a failure to read."""
    report = drift(RouteTable(SOURCE, ()))

    assert kinds(report)[0] == ("missing-in-source", "must", "source")
    assert report.compared == {Corner.CONTRACT, SOURCE}


def test_findings_stand_must_first_and_roots_first():
    """A tired reader reads the first one."""
    source = add(change(drop(S, STOP), "GET /health", secured=True), route("GET /x"))
    order = [(level, kind) for kind, level, _where in kinds(drift(source, called("GET /nowhere")))]

    assert order == [
        ("must", "missing-in-source"), ("must", "called-but-absent"), ("should", "auth-differs"),
        ("should", "undocumented"), ("should", "promised-but-not-called"),
    ]  # fmt: skip


def test_core_is_what_a_caller_misses():
    """The cases above speak of these nine."""
    assert len(CORE) == 9
