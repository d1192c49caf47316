"""Is each fault of the reference agent found by its own clauses, and by no others?

The run is the real command against a real process. Nothing is generated (depth smoke), so that what is found is found
by the scripted clauses; what generation finds is proven in test_seeds.py.

Most of the time is the runs', so that faults of different clauses share an agent where none keeps another from being
judged. `make seeds` gives each fault an agent of its own.
"""

import os

import pytest
from neighbours.reference import running_reference
from neighbours.verify import verify

# Fault -> the clauses that it violates, and the causes that are named.
FOUND = {
    "start-route-missing": ({"core.tools.start/mounted"}, {"route-missing"}),
    "stop-route-missing": ({"core.tools.stop/mounted"}, {"route-missing"}),
    "delete-route-missing": ({"core.tools.delete/mounted"}, {"route-missing"}),
    "health-route-missing": ({"core.health/mounted"}, {"route-missing"}),
    "mcp-templates-missing": ({"mcp.templates/mounted"}, {"route-missing"}),
    "stub-deployment": (
        {
            "core.health/mounted",
            "core.tools.delete/mounted",
            "core.tools.start/mounted",
            "core.tools.stop/mounted",
            "core.tools.deploy/stub-is-told",
        },
        {"stub-deployment"},
    ),
    "fallback-is-html": (
        {"core.fallback/unknown-path-is-404", "core.fallback/undeclared-method-is-404"},
        {"response-drift"},
    ),
    "deploy-answers-200": ({"core.tools.deploy/success", "mcp.groups.deploy/success"}, {"response-drift"}),
    "deploy-creates-nothing": ({"lifecycle/deploy-creates-running"}, {"stub-deployment"}),
    "deploy-does-not-start": ({"lifecycle/deploy-creates-running"}, set()),
    "deploy-state-missing": ({"core.tools.deploy/success"}, {"response-drift"}),
    "overrides-ignored": ({"lifecycle/deploy-publishes-port"}, set()),
    "unknown-image-is-201": (
        {"core.tools.deploy/stub-is-told", "lifecycle/unknown-image-leaves-nothing"},
        {"stub-deployment"},
    ),
    "name-conflict-undetected": ({"lifecycle/name-conflict-is-409"}, set()),
    "name-conflict-is-500": ({"lifecycle/name-conflict-is-409"}, set()),
    "port-conflict-undetected": ({"lifecycle/port-conflict-is-409"}, set()),
    "port-conflict-is-500": ({"lifecycle/port-conflict-is-409"}, set()),
    "failed-start-left-behind": ({"lifecycle/port-conflict-is-409"}, set()),
    "failed-pull-left-behind": ({"lifecycle/unknown-image-leaves-nothing"}, set()),
    "start-does-nothing": ({"lifecycle/start-starts-again"}, set()),
    "start-running-is-500": ({"lifecycle/start-while-running-succeeds"}, set()),
    "stop-does-nothing": ({"lifecycle/stop-stops"}, set()),
    "stop-stopped-is-500": ({"lifecycle/stop-while-stopped-succeeds"}, set()),
    "acts-on-another": ({"lifecycle/instances-are-independent"}, set()),
    "case-insensitive-names": ({"lifecycle/names-are-exact"}, set()),
    "delete-does-nothing": ({"lifecycle/delete-removes"}, set()),
    "delete-leaves-container": ({"lifecycle/name-is-free-after-delete"}, set()),
    "delete-running-is-500": ({"lifecycle/delete-removes"}, set()),
    "deleted-still-listed": ({"lifecycle/delete-removes", "lifecycle/group-lives-and-goes"}, set()),
    "resource-404-as-fallback": (
        {
            "core.tools.delete/unknown-instance-is-404",
            "core.tools.start/unknown-instance-is-404",
            "core.tools.stop/unknown-instance-is-404",
            "execute.tools.execute/unknown-instance-is-404",
            "mcp.credentials.refresh/unknown-instance-is-404",
            "mcp.groups.remove/unknown-group-is-404",
            "mcp.health/unknown-group-is-404",
            "mcp.servers.logs/unknown-instance-is-404",
            "mcp.servers.restart/unknown-instance-is-404",
            "lifecycle/deleted-is-unknown",
        },
        {"response-drift"},
    ),
    "listing-shows-docker-fields": ({"lifecycle/listed-as-documented"}, {"response-drift"}),
    "listing-type-changed": ({"lifecycle/listed-as-documented"}, {"response-drift"}),
    "listing-forgets-stopped": ({"lifecycle/stop-stops"}, set()),
    "status-field-missing": (
        {"core.status/success", "core.tools.status/success", "lifecycle/listed-as-documented"},
        {"response-drift"},
    ),
    "status-type-changed": (
        {"core.status/success", "core.tools.status/success", "lifecycle/listed-as-documented"},
        {"response-drift"},
    ),
    "status-instances-missing": ({"lifecycle/deploy-is-in-status"}, set()),
    "health-is-json": ({"core.health/success"}, {"response-drift"}),
    "logs-are-objects": ({"console.logs/success"}, {"response-drift"}),
    "auth-off-start": (
        {
            "core.tools.start/requires-token",
            "core.tools.start/rejects-wrong-token",
            "core.tools.start/rejects-near-token",
            "core.tools.start/rejects-malformed-header",
        },
        # That one route is open may have several causes, and only its code would tell.
        set(),
    ),
    "missing-field-accepted": ({"core.tools.deploy/missing-field-is-400"}, set()),
    "invalid-name-is-500": ({"lifecycle/odd-names-are-refused"}, set()),
    "secrets-in-status": (
        {
            "core.status/no-secret-values",
            "core.status/success",
            "core.tools.status/success",
            "lifecycle/listed-as-documented",
        },
        {"response-drift"},
    ),
    "token-echoed": ({"core.status/no-secret-values"}, set()),
    "token-in-logs": ({"core.status/no-secret-values"}, set()),
    "mcp-group-servers-left": ({"lifecycle/group-lives-and-goes"}, set()),
    "execute-ignores-exit-code": ({"execute.tools.execute/success"}, set()),
}

# Faults of a rule that holds for every operation: each clause of these aspects is violated, and nothing else.
FOUND_EVERYWHERE = {
    "auth-off": {"requires-token", "rejects-wrong-token", "rejects-near-token", "rejects-malformed-header"},
    "wrong-token-accepted": {"rejects-wrong-token", "rejects-near-token"},
    "token-compared-by-prefix": {"rejects-near-token"},
    "auth-statuses-swapped": {
        "requires-token",
        "rejects-wrong-token",
        "rejects-near-token",
        "rejects-malformed-header",
    },
    "malformed-json-is-500": {"malformed-json-is-400"},
    "non-object-body-is-500": {"non-object-body-is-400"},
}


SHARED = [
    ("start-route-missing", "missing-field-accepted", "port-conflict-is-500"),
    ("stop-route-missing", "name-conflict-is-500", "health-is-json"),
    ("delete-route-missing", "logs-are-objects"),
    ("health-route-missing", "name-conflict-undetected", "listing-forgets-stopped"),
    ("mcp-templates-missing", "port-conflict-undetected", "stop-stopped-is-500"),
    ("fallback-is-html", "start-does-nothing", "overrides-ignored"),
    ("deploy-answers-200", "start-running-is-500", "execute-ignores-exit-code", "listing-shows-docker-fields"),
    ("deploy-creates-nothing", "auth-off-start"),
    ("deploy-state-missing", "failed-pull-left-behind", "acts-on-another"),
    ("listing-type-changed", "status-instances-missing", "invalid-name-is-500"),
    ("unknown-image-is-201", "stop-does-nothing", "case-insensitive-names"),
    ("failed-start-left-behind", "status-field-missing", "mcp-group-servers-left"),
    ("delete-leaves-container", "token-in-logs"),
    ("delete-does-nothing", "token-echoed"),
    ("deleted-still-listed", "status-type-changed"),
]


def agents():
    """Return the faults of each agent; every fault is an agent's."""
    shared = [] if os.environ.get("DTMA_SELFCHECK_FAULTS") == "alone" else SHARED
    return [*shared, *((fault,) for fault in sorted(FOUND.keys() - {fault for faults in shared for fault in faults}))]


@pytest.mark.slow
@pytest.mark.parametrize("faults", agents(), ids=" ".join)
def test_faults_are_found_by_their_own_clauses(faults, tmp_path):
    """A fault in one place is found by the clauses that promise this, and blamed on nothing else."""
    with running_reference(*(word for fault in faults for word in ("--fault", fault)), "--allow-ssh") as agent:
        verdict = verify(agent, tmp_path, "--depth", "smoke")

    # Named one by one, so that a clause which two faults violate is told: one of the two would prove nothing.
    assert sorted(clause for fault in faults for clause in FOUND[fault][0]) == sorted(verdict.violated)
    assert {fault: FOUND[fault][1] for fault in faults} == {
        fault: verdict.causes_of(FOUND[fault][0]) for fault in faults
    }
    assert verdict.exit_code == 1
    assert not verdict.broken


@pytest.mark.slow
@pytest.mark.parametrize("fault", sorted(FOUND_EVERYWHERE))
def test_fault_everywhere_is_found_everywhere(fault, tmp_path):
    """A fault of every operation is found on every one that was judged, and by no other aspect."""
    with running_reference("--fault", fault, "--allow-ssh") as agent:
        verdict = verify(agent, tmp_path, "--depth", "smoke")

    assert FOUND_EVERYWHERE[fault] == {clause.rpartition("/")[2] for clause in verdict.violated}
    kept = {clause for clause in verdict.kept if clause.rpartition("/")[2] in FOUND_EVERYWHERE[fault]}
    assert kept == set()
    assert verdict.exit_code == 1


@pytest.mark.slow
def test_an_agent_that_does_not_restart_is_found(tmp_path):
    """A restart that is acknowledged and does not happen is found, where the run may restart."""
    with running_reference("--fault", "restart-does-nothing") as agent:
        verdict = verify(agent, tmp_path, "--effects", "restart", "--only", "console.restart")

    assert verdict.violated == {"console.restart/success"}


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["failed-start-left-behind", "delete-leaves-container", "mcp-group-servers-left"])
def test_what_the_agent_forgot_is_said_to_be_left_behind(fault, tmp_path):
    """A container that the agent made and does not know of is named, once, with what removes it by hand."""
    only = [word for clause in FOUND[fault][0] for word in ("--only", clause)]
    with running_reference("--fault", fault) as agent:
        verdict = verify(agent, tmp_path, *only)

    assert [item["kind"] for item in verdict.document["left_behind"]] == ["container"]
    assert verdict.document["left_behind"][0]["command"].startswith("docker rm -f dtmac-")
