"""What the agent does with what was interrupted, and with what somebody did by hand, on each kind of store."""

from __future__ import annotations

import dataclasses
import json

import pytest
from reference.callers import ROW, deployment

from dtma_reference.engines.memory import MemoryEngine
from dtma_reference.engines.protocol import ContainerSpec, EngineError, EngineUnavailableError
from dtma_reference.registry.reconciler import Reconciler
from dtma_reference.registry.records import REGISTRY_LABEL, ROW_LABEL, Intent, ManagedInstance, Status
from dtma_reference.registry.service import ContainerRegistryService
from dtma_reference.registry.store import StoreUnavailableError

DEAD = 12345  # nobody's


@pytest.fixture
def registry(store):
    return ContainerRegistryService(lambda: store)


@pytest.fixture
def caller(agent, registry):
    """An agent whose registry was used by one that died."""
    return agent(registry)


@pytest.fixture
def reconcile(caller, registry):
    return Reconciler(registry, caller.engine).run


def interrupted(store, name, status, **changes):
    """Leave an instance as an agent does that was killed in the midst of something."""
    row = store.get(name)
    return store.change(
        row, dataclasses.replace(row, status=status, intent=Intent("t", DEAD, "DTMA_BEARER_TOKEN"), **changes)
    )


def told(store, name):
    return [(line.entry.actor, line.entry.operation, line.entry.outcome) for line in store.history(name)]


def claimed(store, name="tool", container_id=None):
    """Leave a deployment that was interrupted after its intent."""
    intent = Intent("t", DEAD, "DTMA_BEARER_TOKEN")
    row_id = "00000000-0000-0000-0000-000000000001"
    return store.insert(
        ManagedInstance(row_id, name, ROW, "nginx:latest", container_id, Status.DEPLOYING, intent=intent)
    )


def made(caller, store, row):
    """Make the container that an interrupted deployment had got to."""
    labels = {REGISTRY_LABEL: store.identity, ROW_LABEL: row.row_id}
    caller.engine.pull("nginx:latest")
    return caller.engine.create(ContainerSpec(row.name, row.image, labels=labels))


def test_every_operation_is_in_the_audit_trail_with_its_actor(caller, store):
    """Before and after; the name of the variable whose secret was sent, and no value."""
    caller.deploy("tool", baseConfigOverrideJson={"Env": ["KEY=of-the-customer"]})
    caller("POST", "/tools/tool/stop", token="Backend51d0c9aa37")  # noqa: S106 - opens nothing else
    caller("POST", "/tools/tool/start")
    caller("POST", "/mcp/servers/tool/restart")
    caller("DELETE", "/tools/tool")

    lines = store.history("tool")

    assert [(line.entry.operation, line.entry.actor) for line in lines] == [
        ("deploy", "DTMA_BEARER_TOKEN"),
        ("stop", "BACKEND_TO_DTMA_API_KEY"),
        ("start", "DTMA_BEARER_TOKEN"),
        ("restart", "DTMA_BEARER_TOKEN"),
        ("delete", "DTMA_BEARER_TOKEN"),
    ]
    steps = [((line.before or {}).get("status"), (line.after or {}).get("status")) for line in lines]
    assert steps == [
        (None, "running"),
        ("running", "stopped"),
        ("stopped", "running"),
        ("running",) * 2,
        ("running", None),
    ]
    assert "of-the-customer" not in repr(lines)


def test_what_fails_is_in_the_audit_trail_too(caller, store, monkeypatch):
    """With the reason, and the instance as it was."""
    caller.deploy("tool", dockerImageUrl="registry.invalid/nothing:1")
    caller.deploy("tool")

    def broken(_container):
        raise EngineError("no space left on device")

    monkeypatch.setattr(caller.engine, "stop", broken)
    assert caller("POST", "/tools/tool/stop").status_code == 500

    failed = [line for line in store.history("tool") if line.entry.outcome == "failed"]
    assert [(line.entry.operation, line.entry.detail) for line in failed] == [
        ("deploy", "pull access denied for registry.invalid/nothing:1, repository does not exist"),
        ("stop", "no space left on device"),
    ]
    assert store.get("tool").status is Status.RUNNING


@pytest.mark.parametrize("when", ["before its container", "before its start", "after its start"])
def test_an_interrupted_deployment_is_whole_or_absent(caller, store, reconcile, when):
    """Without a running container it is as if it had never been asked for; the name is free at once."""
    row = claimed(store)
    if when != "before its container":
        container = made(caller, store, row)
    if when == "after its start":
        caller.engine.start(container)

    assert reconcile() == 1

    whole = when == "after its start"
    assert caller.listed() == ({"tool": "running"} if whole else {})
    assert ("tool" in caller.contained()) is whole
    assert told(store, "tool") == [("reconciliation", "deploy", "completed" if whole else "rolled-back")]
    assert caller.deploy("tool").status_code == (409 if whole else 201)


def test_a_name_that_an_interrupted_deployment_holds_is_free_for_the_next(caller, store):
    """Nobody has to wait for the next reconciliation."""
    claimed(store)

    assert caller.deploy("tool").status_code == 201
    assert caller.listed() == {"tool": "running"}


@pytest.mark.parametrize("status", [Status.STARTING, Status.STOPPING, Status.RESTARTING])
@pytest.mark.parametrize("running", [True, False])
def test_an_interrupted_start_or_stop_is_what_the_container_does(caller, store, reconcile, status, running):
    """A restart that was interrupted while the container was down is brought to its end."""
    caller.deploy("tool")
    if not running:
        caller.engine.stop("tool")
    interrupted(store, "tool", status)

    assert reconcile() == 1

    ends_running = running or status is Status.RESTARTING
    assert store.get("tool").status is (Status.RUNNING if ends_running else Status.STOPPED)
    assert store.get("tool").intent is None
    assert caller.listed() == {"tool": "running" if ends_running else "exited"}
    assert caller.contained() == {"db": "running", **caller.listed()}


@pytest.mark.parametrize("removed", [True, False])
def test_an_interrupted_deletion_is_brought_to_its_end(caller, store, reconcile, removed):
    """Whether the container was removed already or not."""
    caller.deploy("tool")
    if removed:
        caller.engine.remove("tool")
    interrupted(store, "tool", Status.DELETING)
    assert caller.listed() == {}

    assert reconcile() == 1

    assert (caller.contained(), store.all()) == ({"db": "running"}, ())


@pytest.mark.parametrize(
    ("request_line", "status"),
    [(("POST", "/tools/tool/start"), 200), (("POST", "/tools/tool/stop"), 200), (("DELETE", "/tools/tool"), 200)],
)
def test_whoever_comes_next_settles_what_was_interrupted(caller, store, request_line, status):
    """An operation on such an instance is answered as on any other."""
    caller.deploy("tool")
    interrupted(store, "tool", Status.STOPPING)

    assert caller(*request_line).status_code == status
    assert told(store, "tool")[1] == ("reconciliation", "stop", "interrupted")


def test_what_is_done_by_hand_is_written_down_once(caller, store, reconcile):
    """Stopped, started and renamed behind the agent's back."""
    caller.deploy("tool")
    caller.engine.stop("tool")
    assert (reconcile(), reconcile()) == (1, 0)
    caller.engine.start("tool")
    assert (reconcile(), reconcile()) == (1, 0)
    caller.engine._find("tool").spec = dataclasses.replace(caller.engine._find("tool").spec, name="renamed")
    assert (reconcile(), reconcile()) == (1, 0)

    assert told(store, "tool")[1:] == [
        ("reconciliation", "notice", "stopped-by-hand"),
        ("reconciliation", "notice", "running-by-hand"),
        ("reconciliation", "notice", "renamed"),
    ]
    assert caller.listed() == {"tool": "running"}
    assert caller("DELETE", "/tools/tool").status_code == 200
    assert caller.contained() == {"db": "running"}


def test_a_host_port_of_an_instance_that_was_stopped_by_hand_is_free(caller, store):
    """The registry looks before it believes itself."""
    caller.deploy("tool", port=8080)
    assert caller.deploy("late", port=8080).status_code == 409
    caller.engine.stop("tool")

    assert caller.deploy("late", port=8080).status_code == 201
    assert store.get("tool").status is Status.STOPPED


def test_an_engine_that_was_away_costs_no_row(caller, store, reconcile, registry):
    """Asked at the wrong engine, every instance seems gone; with the right one, all are back."""
    caller.deploy("tool", port=8080)
    Reconciler(registry, MemoryEngine()).run()
    assert caller("POST", "/tools/tool/start").status_code == 404

    assert reconcile() == 1

    assert caller.listed() == {"tool": "running"}
    assert told(store, "tool")[1:] == [("reconciliation", "notice", "gone"), ("reconciliation", "notice", "returned")]


def test_a_container_that_cannot_be_removed_is_removed_later(caller, store, reconcile, monkeypatch):
    """Its name stays taken until then."""

    def broken(_container):
        raise EngineError("the engine is tired")

    with monkeypatch.context() as patched:
        patched.setattr(caller.engine, "start", broken)
        patched.setattr(caller.engine, "remove", broken)
        assert caller.deploy("tool").status_code == 500
        assert caller.listed() == {}
        assert caller("POST", "/tools/tool/start").status_code == 404

    assert reconcile() == 1
    assert (caller.contained(), store.all()) == ({"db": "running"}, ())


def test_an_engine_that_breaks_off_may_have_made_the_container(caller, store, reconcile, monkeypatch):
    """It bears the row's label, and is found by it."""
    create = caller.engine.create

    def made_and_gone(spec):
        create(spec)
        raise EngineUnavailableError("connection reset")

    with monkeypatch.context() as patched:
        patched.setattr(caller.engine, "create", made_and_gone)
        assert caller.deploy("tool").status_code == 500
    assert caller.contained()["tool"] == "created"

    assert reconcile() == 1
    assert (caller.contained(), store.all()) == ({"db": "running"}, ())


def test_a_container_of_ours_that_is_not_recorded_is_recorded(caller, store, reconcile):
    """A row that a restored backup lacks is written again, from the container's labels."""
    caller.deploy("tool")
    caller(
        "POST", "/mcp/groups", {"groupId": "team", "servers": [{"instanceName": "member", "dockerImageUrl": "nginx"}]}
    )
    before = caller("GET", "/tools").json()
    for row in store.all():
        store.change(row, None)
    assert caller.listed() == {}

    assert reconcile() == 2

    def by_name(listing):
        return sorted(listing["tools"], key=lambda tool: tool["instance_name_on_toolbox"])

    assert by_name(caller("GET", "/tools").json()) == by_name(before)
    assert caller("GET", "/mcp/health/team").status_code == 200


def test_a_remnant_that_bears_our_label_does_not_hold_a_name(caller, store):
    """A container that an engine made after all, when its deployment had been given up."""
    row = claimed(store)
    made(caller, store, row)
    store.change(row, None)

    assert caller.deploy("tool").status_code == 201
    assert caller.contained() == {"db": "running", "tool": "running"}


@pytest.mark.parametrize("step", ["intent", "result"])
@pytest.mark.parametrize("verb", ["deploy", "start", "stop", "delete"])
def test_a_registry_that_cannot_be_written_is_a_503_and_costs_nothing(
    caller, store, reconcile, monkeypatch, verb, step
):
    """Before the engine is asked nothing happens; after it, what happened is settled as soon as it can be written."""
    caller.deploy("tool", port=8080)
    caller("POST", f"/tools/tool/{'stop' if verb == 'start' else 'start'}")
    left = 1 if step == "result" else 0

    with monkeypatch.context() as patched:
        for name in ("insert", "change"):
            write = getattr(store, name)

            def fails(*arguments, write=write):
                nonlocal left
                left -= 1
                if left < 0:
                    raise StoreUnavailableError("its disk is full")
                return write(*arguments)

            patched.setattr(store, name, fails)
        response = {
            "deploy": lambda: caller.deploy("late"),
            "start": lambda: caller("POST", "/tools/tool/start"),
            "stop": lambda: caller("POST", "/tools/tool/stop"),
            "delete": lambda: caller("DELETE", "/tools/tool"),
        }[verb]()
        assert (response.status_code, response.headers["retry-after"]) == (503, "1")
        assert response.json() == {
            "success": False,
            "error": "The registry of instances cannot be used now.",
            "message": "The registry: its disk is full.",
        }

    reconcile()

    contained = caller.contained()
    del contained["db"]
    assert caller.listed() == contained
    assert {row.name for row in store.all()} == contained.keys()
    assert all(row.intent is None for row in store.all())
    if verb == "deploy":
        assert contained == {"tool": "running"}
        assert caller.deploy("late").status_code == 201


def test_no_secret_value_is_in_any_answer(caller):
    """What the environment of an instance holds stays there."""
    body = deployment("tool", baseConfigOverrideJson={"Env": ["KEY=of-the-customer"]})

    answers = [caller("POST", "/tools", body), caller("POST", "/tools", body)]
    answers += [
        caller("GET", path) for path in ("/tools", "/status", "/logs", "/diagnostics/docker", "/diagnostics/logs")
    ]

    assert "of-the-customer" not in json.dumps([response.text for response in answers])
