"""What an agent claims is read in every form in which agents write it, and compared with what was seen."""

from __future__ import annotations

import pytest

from dtma_contract.discovery.claims import ClaimDifferences, claim_differences, read_claims
from dtma_contract.routes import Cell, Corner, Route, RouteTable


@pytest.mark.parametrize(
    ("endpoints", "expected"),
    [
        (["GET /status - Health check"], [("GET", "/status")]),
        (["POST /tools/:name/start \N{EN DASH} Start"], [("POST", "/tools/{name}/start")]),
        (["`DELETE /tools/{id}`: remove"], [("DELETE", "/tools/{id}")]),
        (["get /health"], [("GET", "/health")]),
        (["POST: /tools"], [("POST", "/tools")]),
        (["GET, POST /tools"], [("GET", "/tools"), ("POST", "/tools")]),
        (["/tools - all about tools"], [("ALL", "/tools")]),
        (["GET /logs?lines=100 - Logs"], [("GET", "/logs")]),
        (["GET /tools/:id?"], [("GET", "/tools/{id?}")]),
        (["GET /files/*"], [("GET", "/files/*")]),
        (["GET /items/:id(\\d+)"], [("GET", "/items/{id}")]),
        (["GET /items/<int:id>"], [("GET", "/items/{id}")]),
        (["GET http://host:30000/status"], [("GET", "/status")]),
        (["GET /a", "GET /a"], [("GET", "/a")]),
        ("GET /status", [("GET", "/status")]),
        ({"GET /status": "Health check"}, [("GET", "/status")]),
        ({"/status": "Health check"}, [("ALL", "/status")]),
        ({"/status": "GET - Health check"}, [("GET", "/status")]),
        ({"status": "GET /status"}, [("GET", "/status")]),
        ({"status": "/status"}, [("ALL", "/status")]),
        ({"/tools": ["GET", "POST"]}, [("GET", "/tools"), ("POST", "/tools")]),
        ({"/tools": {"get": "List", "post": "Deploy"}}, [("GET", "/tools"), ("POST", "/tools")]),
        ({"GET": ["/status", "/health"]}, [("GET", "/status"), ("GET", "/health")]),
        ({"tools": ["GET /tools", "POST /tools"]}, [("GET", "/tools"), ("POST", "/tools")]),
        ([{"method": "GET", "path": "/tools/:id"}], [("GET", "/tools/{id}")]),
        ([{"methods": ["GET", "PUT"], "url": "/x"}], [("GET", "/x"), ("PUT", "/x")]),
        ([{"path": "GET /x", "description": "an x"}], [("GET", "/x")]),
    ],
)
def test_a_claim_is_read(endpoints, expected):
    """Text, objects and groups name methods and paths."""
    assert tuple(expected) == read_claims(endpoints)


@pytest.mark.parametrize(
    "endpoints",
    [None, 7, True, [], {}, [None, 1, [], {}], "no path here", ["see /docs"], {"a": {"b": {"c": {"d": {"e": "/f"}}}}}],
)
def test_what_names_no_route_claims_nothing(endpoints):
    """Prose, numbers and what is nested deeper than any listing are no claim."""
    assert read_claims(endpoints) == ()


def test_a_flood_of_claims_is_cut_off():
    """A listing without end costs no time without end."""
    assert len(read_claims([f"GET /{number}" for number in range(10_000)])) == 300


def table(*routes):
    return RouteTable(Corner.TARGET, tuple(Route(method, path, state) for method, path, state in routes))


SEEN = table(
    ("GET", "/", Cell.MOUNTED),
    ("GET", "/status", Cell.MOUNTED),
    ("POST", "/tools/{instanceNameOnToolbox}/start", Cell.ABSENT),
    ("POST", "/tools/{instanceNameOnToolbox}/stop", Cell.MOUNTED),
    ("POST", "/restart", Cell.UNKNOWN),
)


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ([], ClaimDifferences()),
        ([("GET", "/status"), ("POST", "/tools/{id}/stop")], ClaimDifferences()),
        ([("ALL", "/status"), ("ALL", "/tools/*")], ClaimDifferences()),
        (
            [("GET", "/status"), ("POST", "/tools/{id}/stop"), ("POST", "/tools/{id}/start")],
            ClaimDifferences(absent=(("POST", "/tools/{id}/start"),)),
        ),
        (
            [("GET", "/status"), ("POST", "/tools/{id}/stop"), ("ALL", "/tools/{id}/start")],
            ClaimDifferences(absent=(("ALL", "/tools/{id}/start"),)),
        ),
        (
            [("GET", "/status")],
            ClaimDifferences(unclaimed=(("POST", "/tools/{instanceNameOnToolbox}/stop"),)),
        ),
        (
            [("GET", "/status"), ("POST", "/tools/{id}/stop"), ("POST", "/restart"), ("GET", "/never/asked")],
            ClaimDifferences(),
        ),
    ],
    ids=["none", "exact", "wide", "absent", "absent without a method", "unclaimed", "what is not known"],
)
def test_claims_differ_where_the_truth_is_known(claims, expected):
    """A claim is wrong only where the route is surely absent; nobody who claims nothing leaves anything out."""
    assert expected == claim_differences(claims, SEEN)
