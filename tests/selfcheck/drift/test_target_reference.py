"""What the reference agent has mounted is told exactly, faults and all, and its host stays as it was."""

from __future__ import annotations

import json
import time

import httpx
import pytest
from neighbours.liars import lying
from neighbours.processes import free_port
from neighbours.reference import running_reference
from pure.shipped_contract import CONTRACT

from dtma_contract.discovery.claims import claim_differences
from dtma_contract.discovery.live_target import MOST_REQUESTS, read_target
from dtma_contract.routes import Cell
from dtma_reference.faults.catalogue import UNMOUNTED

SECURED = {operation.id: operation.secured for operation in CONTRACT.operations}
# Never asked for; OPTIONS tells that they are there, not whether they ask for a token.
UNASKED = {operation.id for operation in CONTRACT.operations if operation.effect.level.name == "RESTART"}
VAGUE = ("resource-404-as-fallback",)


def read(agent, *, token=True, **more):
    return read_target(agent.url, CONTRACT, agent.token if token else None, **more)


def cells(table):
    ids = {(operation.method, operation.path): operation.id for operation in CONTRACT.operations}
    return {ids[route.method, route.path]: route.state for route in table.routes if (route.method, route.path) in ids}


def of_state(table, state):
    return {operation for operation, cell in cells(table).items() if cell is state}


def secured(table):
    ids = {(operation.method, operation.path): operation.id for operation in CONTRACT.operations}
    return {ids[route.method, route.path]: route.secured for route in table.routes if (route.method, route.path) in ids}


@pytest.fixture(scope="module")
def honest():
    with running_reference("--allow-ssh") as agent:
        yield agent


@pytest.mark.parametrize("token", [True, False], ids=["with a token", "without a token"])
def test_an_honest_agent_has_all_mounted(honest, token):
    """Every operation is found, and whether it asks for a token, within the budget; each row has its evidence."""
    table = read(honest, token=token)

    assert {Cell.MOUNTED} == set(cells(table).values())
    assert {key: value for key, value in SECURED.items() if key not in UNASKED} == {
        key: value for key, value in secured(table).items() if key not in UNASKED
    }
    assert all(route.detail for route in table.routes)
    assert table.complete
    assert table.provenance["requests"] <= MOST_REQUESTS


@pytest.mark.parametrize(
    "faults",
    [*((fault,) for fault in UNMOUNTED), ("start-route-missing", *VAGUE), ("stub-deployment", *VAGUE), VAGUE],
    ids="+".join,
)
def test_a_route_that_is_not_mounted_is_absent_and_no_other(faults):
    """Exactly the unmounted operations are absent, also where unknown names are answered as unknown paths are."""
    with running_reference(*(word for fault in faults for word in ("--fault", fault))) as agent:
        table = read(agent)

    assert {operation for fault in faults for operation in UNMOUNTED.get(fault, ())} == of_state(table, Cell.ABSENT)
    assert set() == of_state(table, Cell.UNKNOWN)


@pytest.mark.parametrize("fault", ["start-route-missing", "stub-deployment"])
def test_an_absence_is_told_without_a_token_too(fault):
    """Routes of which each asks for the token itself are told from the fallback by their refusal."""
    with running_reference("--fault", fault) as agent:
        table = read(agent, token=False)

    assert set(UNMOUNTED[fault]) == of_state(table, Cell.ABSENT)
    assert set() == of_state(table, Cell.UNKNOWN)


@pytest.mark.parametrize(
    ("fault", "open_ones"),
    [
        ("auth-off-start", {"core.tools.start"}),
        ("mcp-status-open", {"mcp.status"}),
        ("auth-off", {operation for operation, asks in SECURED.items() if asks}),
    ],
)
def test_a_route_that_lets_everyone_in_is_told(fault, open_ones):
    """Whether a route asks for a token is seen, not believed."""
    with running_reference("--fault", fault) as agent:
        told = secured(read(agent))

    assert open_ones - UNASKED == {
        operation for operation, asks in told.items() if asks is False and SECURED[operation]
    }


@pytest.mark.parametrize("fault", ["fallback-is-html", "method-not-allowed-is-405", "unknown-instance-is-500"])
def test_odd_answers_mislead_nobody(fault):
    """Whatever an agent answers to what it does not have, what it has is found."""
    with running_reference("--fault", fault) as agent:
        table = read(agent)

    assert {Cell.MOUNTED} == set(cells(table).values())


ALSO = {
    ("GET", "/tools/{id}/status"): Cell.ABSENT,
    ("POST", "/tools/{id}/restart"): Cell.ABSENT,
    ("PUT", "/tools/{id}"): Cell.UNKNOWN,
    ("GET", "/metrics"): Cell.ABSENT,
    ("POST", "/metrics"): Cell.UNKNOWN,
    ("GET", "/admin/shutdown"): Cell.UNKNOWN,
    ("GET", "/files/*"): Cell.UNKNOWN,
    ("GET", "/{?}/status"): Cell.UNKNOWN,
    ("GET", "/^\\/x$/"): Cell.UNKNOWN,
    ("ALL", "/mcp"): Cell.UNKNOWN,
    ("HEAD", "/status"): Cell.MOUNTED,
}


def test_further_routes_are_asked_about_where_that_is_harmless(honest):
    """A route of the source or a caller is told where asking can do no harm, and is unknown elsewhere."""
    table = read(honest, also=ALSO)
    told = {(route.method, route.path): route.state for route in table.routes}
    unknown = {(item.method, item.prefix) for item in table.unknown}

    assert {route: told[route] for route in ALSO} == ALSO
    assert {route for route, cell in ALSO.items() if cell is Cell.UNKNOWN} == unknown


def test_what_may_have_an_effect_is_never_sent(honest, tmp_path):
    """Of routes with an effect, documented or not, nothing but OPTIONS and names of the run reach the agent."""
    read(honest, also=ALSO, folder=tmp_path)
    sent = [json.loads(line) for line in (tmp_path / "exchanges.jsonl").read_text().splitlines()]
    asked = {(each["method"], each["target"]) for each in sent}
    effective = {(method, path) for method, path in asked if method not in {"GET", "HEAD", "OPTIONS"}}

    assert {path for _, path in effective if "dtmac-" not in path} == {"/tools", "/mcp/groups", "/mcp/validate"}
    assert ("GET", "/admin/shutdown") not in asked
    assert {"sent"} == {each["decision"] for each in sent}


def test_a_host_is_left_as_it_was(tmp_path):
    """Containers of a customer and of others have the same ids and states as before."""
    with running_reference("--foreign", "postgres:running", "--foreign", "old-backup:exited") as agent:
        call(agent, "POST", "/tools", json=deploy("crm-sync"))
        before = containers(agent)
        read(agent, also=[*ALSO, ("POST", "/tools/{id}/restart")])

        assert before == containers(agent)
        assert len(before) == 3


def call(agent, method, path, **arguments):
    headers = {"Authorization": f"Bearer {agent.token}"}
    return httpx.request(method, agent.url + path, headers=headers, timeout=10, trust_env=False, **arguments)


def deploy(name):
    account = "00000000-0000-4000-8000-000000000001"
    return {"dockerImageUrl": "nginx:latest", "instanceNameOnToolbox": name, "accountToolInstanceId": account}


def containers(agent):
    found = call(agent, "GET", "/diagnostics/docker").json()["diagnostics"]["containers"]
    return sorted((each["id"], each["name"], each["state"]) for each in found)


def test_what_the_agent_claims_is_in_the_provenance(honest):
    """The endpoints of `GET /` are read, asked about, and compared with the truth."""
    table = read(honest)
    claims = [tuple(claim) for claim in table.provenance["claims"]]

    assert {(operation.method, operation.path) for operation in CONTRACT.operations} <= set(claims)
    assert (claim_differences(claims, table).absent, claim_differences(claims, table).unclaimed) == ((), ())
    assert (table.provenance["service"], table.provenance["token"]) == ("DTMA", "accepted")


def test_the_same_target_gives_the_same_rows(honest):
    """No name of one run stands in a report."""
    assert read(honest).routes == read(honest).routes


def test_a_dead_target_is_a_stated_fact():
    """The table says why nothing is known, and that nothing is."""
    table = read_target(f"http://127.0.0.1:{free_port()}", CONTRACT, "some-token")

    assert (table.routes, table.provenance["cause"]) == ((), "connection-refused")
    assert [(item.prefix, item.method) for item in table.unknown] == [("/", "ALL")]
    assert table.provenance["hint"]


@pytest.mark.parametrize("flaw", ["another-json-service", "html-for-everything", "closes-at-once"])
def test_another_service_is_a_stated_fact(flaw):
    """What is no DTMA has no route table."""
    with lying(flaw) as liar:
        table = read_target(liar.url, CONTRACT, "some-token")

    assert table.routes == ()
    assert table.provenance["cause"] in {"not-a-dtma", "connection-refused"}


def test_a_wrong_token_is_a_stated_fact_and_the_rest_is_told(honest):
    """With another droplet's token the routes are told as without one."""
    table = read_target(honest.url, CONTRACT, "another-droplets-token")

    assert (table.provenance["cause"], table.provenance["token"]) == ("token-rejected", "rejected")
    assert {Cell.MOUNTED} == set(cells(table).values())


@pytest.mark.alone
def test_a_target_is_read_in_a_few_seconds(honest):
    """A healthy agent is read within 5 seconds, the start of the fence included."""
    started = time.perf_counter()
    read(honest, also=ALSO)

    assert time.perf_counter() - started < 5
