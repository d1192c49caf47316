"""Requests that no operation takes, and paths as they were sent: what Express does, the agent does."""

from __future__ import annotations

import pytest

FALLBACK = {"error": "Not Found"}


@pytest.mark.parametrize(
    "path", ["/nowhere", "/tools/x/y/z", "/tools/", "/tools//start", "/TOOLS", "/docs", "/openapi.json"]
)
def test_an_unknown_path_is_the_fallback_for_everyone(caller, path):
    """404 with the fallback's body, whatever the method and the token."""
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FROBNICATE"):
        for token in (None, "wrong"):
            response = caller(method, path, token=token)

            assert (response.status_code, response.json()) == (404, FALLBACK)
            assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/tools"), ("POST", "/health"), ("GET", "/tools/x"), ("GET", "/tools/x/start"), ("DELETE", "/status")],
)
def test_an_undeclared_method_is_the_fallback_too(caller, method, path):
    """404 and not 405: the route was never declared."""
    response = caller(method, path)

    assert (response.status_code, response.json()) == (404, FALLBACK)
    assert "allow" not in response.headers


@pytest.mark.parametrize("path", ["/mcp", "/mcp/", "/mcp/nowhere", "/mcp/groups/x/y"])
def test_below_mcp_the_router_has_a_fallback_of_its_own_behind_authentication(caller, path):
    """It tells the router's endpoints, to those who are let in."""
    response = caller("GET", path)

    assert response.status_code == 404
    assert response.json()["error"] == "MCP endpoint not found"
    assert response.json()["success"] is False
    assert "GET /mcp/status" in response.json()["availableEndpoints"]
    assert len(response.json()["availableEndpoints"]) == 9
    assert caller("GET", path, token=None).status_code == 401
    assert caller("GET", path, token="wrong").status_code == 403  # noqa: S106 - it opens nothing


def test_a_path_that_only_begins_like_mcp_is_not_below_it(caller):
    """/mcpx is a path like any other."""
    assert caller("GET", "/mcpx", token=None).json() == FALLBACK


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/tools", "GET,HEAD,POST"),
        ("/health", "GET,HEAD"),
        ("/tools/any-name", "DELETE"),
        ("/tools/any-name/start", "POST"),
        ("/mcp/groups", "POST"),
        ("/restart", "POST"),
    ],
)
def test_options_tells_the_methods_of_a_known_path_to_everyone(caller, path, allowed):
    """That proves a route without using it."""
    response = caller("OPTIONS", path, token=None)

    assert (response.status_code, response.headers["allow"], response.text) == (200, allowed, allowed)
    assert caller.restarts == []


def test_head_answers_like_get(caller):
    """Same status and same headers; the server leaves the body out."""
    for path, status in (("/health", 200), ("/tools", 200), ("/nowhere", 404)):
        head, get = caller("HEAD", path), caller("GET", path)

        assert head.status_code == get.status_code == status
        assert head.headers["content-type"] == get.headers["content-type"]


@pytest.mark.parametrize(
    "path", ["/tools/%FF/start", "/tools/%zz/stop", "/tools/%", "/tools/%C3/execute", "/mcp/health/%FF"]
)
def test_broken_percent_encoding_is_a_400_where_a_route_matches(caller, path):
    """Express decodes a parameter only where the path fits: it proves the path, not the method."""
    for method in ("GET", "POST", "DELETE"):
        response = caller(method, path)

        assert response.status_code == 400
        assert response.json()["success"] is False


@pytest.mark.parametrize("path", ["/nowhere/%FF", "/tools/%FF/nowhere", "/%FF"])
def test_broken_percent_encoding_elsewhere_is_the_fallback(caller, path):
    """No route matches, so nothing is decoded."""
    response = caller("POST", path)

    assert (response.status_code, response.json()) == (404, FALLBACK)


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("a%2Fb", "a/b"),
        ("a%2fb", "a/b"),
        ("Context7%20MCP%20Server-1", "Context7 MCP Server-1"),
        ("a%2520b", "a%20b"),
        ("%C3%A4", "ä"),
        ("%00", "\0"),
        ("%2E%2E", ".."),
        ("a+b", "a+b"),
        ("a'b", "a'b"),
        ("%F0%9F%98%80", "\U0001f600"),
        ("x" * 3000, "x" * 3000),
    ],
)
def test_a_name_is_decoded_once_and_taken_as_it_is(caller, sent, name):
    """What is not managed is unknown under exactly the name that was meant."""
    for method, path in (
        ("POST", f"/tools/{sent}/start"),
        ("POST", f"/tools/{sent}/stop"),
        ("DELETE", f"/tools/{sent}"),
    ):
        response = caller.raw(method, path)

        assert response.status_code == 404
        assert response.json() == {
            "success": False,
            "error": f"Tool instance '{name}' not found or not managed by this DTMA.",
        }


def test_a_name_may_be_sent_encoded(caller):
    """%74ool is tool."""
    caller.deploy("tool")

    assert caller("POST", "/tools/%74ool/stop").status_code == 200
    assert caller.listed() == {"tool": "exited"}


def test_the_word_status_is_a_name_where_a_name_stands(caller):
    """GET /tools/status is an operation of its own; an instance of that name can be deployed and removed."""
    caller.deploy("status")

    assert caller("GET", "/tools/status").json()["service"] == "DTMA"
    assert caller("DELETE", "/tools/status").status_code == 200
    assert caller.contained() == {"db": "running"}


def test_the_service_information_names_every_operation(caller, contract):
    """What is offered is what the contract has."""
    endpoints = caller("GET", "/", token=None).json()["endpoints"]

    told = {endpoint.partition(" - ")[0] for endpoint in endpoints}
    assert told == {f"{item.method} {item.path}" for item in contract.operations}


def test_a_query_value_that_is_wrong_is_brought_into_range(caller):
    """No value of ?lines= or ?tail= is an error."""
    caller.deploy("tool")
    for _ in range(120):
        caller("GET", "/health")
    expected = {"5": 5, "0": 1, "-3": 1, "": 100, "x": 100, "99999999": None, "9" * 5000: 100, "1e3": 100, "1.5": 100}

    for text, count in expected.items():
        logs = caller("GET", f"/diagnostics/logs?lines={text}").json()["logs"]
        assert len(logs) == count if count else len(logs) > 100
    for query in (
        "tail=x&since=y",
        "tail=0",
        "since=2020-01-01T00:00:00Z",
        "since=0",
        "since=99999999999999999999",
        "since=%00",
    ):
        response = caller("GET", f"/mcp/servers/tool/logs?{query}")
        assert response.status_code == 200
        assert response.json()["data"]["logs"] == ([] if query.startswith("since=999") else ["started"])
