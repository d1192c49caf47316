"""The evaluator finds the routes of every case of the corpus, as the case itself told them under Express 4 and 5."""

from __future__ import annotations

import functools

import pytest
from corpus.case import Case, Endpoint, all_cases

from dtma_contract.discovery.express import read_routes
from dtma_contract.routes import ALL_METHODS, UNRESOLVED, Cell, Corner, RouteTable, canonical_path, path_covers

CASES = all_cases()
SERVED = {Cell.MOUNTED, Cell.CONDITIONAL, Cell.SHADOWED}


def runs(cases: list[Case]):
    return [pytest.param(case, major, id=f"{case.name}-{major}") for case in cases for major in case.express]


STARTING = [case for case in CASES if not case.crash]
RESOLVABLE = [case for case in STARTING if not case.dynamic]
DYNAMIC = [case for case in STARTING if case.dynamic]


@functools.cache
def table_of(case: Case, major: int) -> RouteTable:
    return read_routes(case.tree(major), corner=Corner.SOURCE, entry=case.entry)


def endpoints(table: RouteTable, *states: Cell) -> set[Endpoint]:
    return {(route.method, route.path) for route in table.routes if route.state in states}


def covered(endpoint: Endpoint, patterns: set[Endpoint]) -> bool:
    method, path = endpoint
    return any(other in {method, ALL_METHODS} and path_covers(pattern, path) for other, pattern in patterns)


def hidden(endpoint: Endpoint, table: RouteTable) -> bool:
    """Tell whether the table says that it may lack this route."""
    method, path = endpoint
    return any(
        unknown.method in {method, ALL_METHODS}
        and unknown.prefix
        and (path_covers(unknown.prefix, path) or path.startswith(unknown.prefix.rstrip("/") + "/"))
        for unknown in table.unknown
    )


def test_the_corpus_covers_what_was_promised():
    """Over a hundred constructs, some of which cannot be known without running them."""
    assert len(CASES) >= 100
    assert len(DYNAMIC) >= 10


@pytest.mark.parametrize(("case", "major"), runs(RESOLVABLE))
def test_every_route_of_a_resolvable_case_is_found_and_no_other(case, major):
    """Recall and precision are 100 %."""
    assert endpoints(table_of(case, major), *SERVED) == case.truth(major)


@pytest.mark.parametrize(("case", "major"), runs(RESOLVABLE))
def test_a_resolvable_case_hides_nothing(case, major):
    """Where all can be resolved, an absence is sure."""
    table = table_of(case, major)

    assert case.complete in {table.complete, None}, table.unknown


@pytest.mark.parametrize(("case", "major"), runs(RESOLVABLE))
def test_a_route_has_the_state_that_the_case_says(case, major):
    """What no mount reaches, what another answers first and what stands under a condition is told apart."""
    expected = {state: case.states[state] for state in ("declared", "shadowed", "conditional")}
    # A router that nothing mounts has no known prefix.
    found = {
        state: {
            (method, path.removeprefix(UNRESOLVED).removeprefix(f"/{UNRESOLVED}") or "/")
            for method, path in endpoints(table_of(case, major), Cell(state))
        }
        for state in expected
    }

    assert {state: found[state] for state in expected if expected[state] is not None} == {
        state: routes for state, routes in expected.items() if routes is not None
    }


@pytest.mark.parametrize(("case", "major"), runs([case for case in STARTING if case.secured is not None]))
def test_the_routes_that_ask_for_a_token_are_told(case, major):
    """A guard counts where it stands before the route: in the call, on the router, on the prefix, on the app."""
    table = table_of(case, major)

    assert {
        (route.method, route.path) for route in table.routes if route.secured and route.state in SERVED
    } == case.secured


@pytest.mark.parametrize(("case", "major"), runs(DYNAMIC))
def test_nothing_of_a_dynamic_case_is_missing_without_an_unknown(case, major):
    """Each true route is in the table, matches one of its patterns, or lies where the table says that it is blind."""
    table = table_of(case, major)
    found = {(route.method, route.path) for route in table.routes if route.state is not Cell.DECLARED}

    assert {route for route in case.truth(major) if not covered(route, found) and not hidden(route, table)} == set()


@pytest.mark.parametrize(("case", "major"), runs(DYNAMIC))
def test_nothing_is_made_up_for_a_dynamic_case(case, major):
    """What is said to be served is served, or is a pattern of something that is."""
    truth = case.truth(major)
    found = endpoints(table_of(case, major), *SERVED)

    assert {(method, path) for method, path in found if not _serves(truth, method, path)} == set()


def _serves(truth: frozenset[Endpoint], method: str, path: str) -> bool:
    if UNRESOLVED in path:
        return any(path_covers(path, true) for other, true in truth if method in {other, ALL_METHODS})
    return any(method == other and canonical_path(path) == canonical_path(true) for other, true in truth)


@pytest.mark.parametrize(("case", "major"), runs(DYNAMIC))
def test_what_cannot_be_resolved_is_reported(case, major):
    """The table names the file, the dependency and the prefix, shows the part in place, and is never complete."""
    table = table_of(case, major)
    reasons = " ".join(unknown.reason for unknown in table.unknown)

    assert case.complete in {table.complete, None}
    assert set(case.unknown_in) - {unknown.file for unknown in table.unknown} == set()
    assert [text for text in case.unknown_says if text not in reasons] == []
    assert case.partial - {(route.method, route.path) for route in table.routes} == frozenset()
    if case.prefixes:
        assert {unknown.prefix for unknown in table.unknown} == set(case.prefixes)


@pytest.mark.parametrize(("case", "major"), runs([case for case in CASES if case.crash]))
def test_a_service_that_ends_while_it_loads_is_told(case, major):
    """None of its routes is served, whatever is registered before."""
    assert bool(table_of(case, major).crash) is (major in case.crash)
