"""What happens to containers: exactly what was asked for, nothing else, and nothing is left behind."""

from __future__ import annotations

import asyncio

import pytest
from reference.callers import API_KEY, ROW, TOKEN, deployment

from dtma_reference.engines.protocol import ContainerSpec, EngineError


def test_a_deployed_instance_runs_and_is_listed_as_the_callers_read_it(caller):
    """Deployment, listing, status and engine tell the same."""
    deployed = caller.deploy("tool", port=8080).json()["data"]
    (listed,) = caller("GET", "/tools").json()["tools"]
    inspection = caller.engine.inspect("tool")

    assert deployed["state"]["Status"] == "running"
    assert deployed["state"]["Running"] is True
    assert listed == {
        "account_tool_instance_id": ROW,
        "instance_name_on_toolbox": "tool",
        "container_id": inspection.container.id,
        "status": "running",
        "image": "nginx:latest",
        "ports": [{"ip": "0.0.0.0", "private_port": 80, "public_port": 8080, "type": "tcp"}],  # noqa: S104 - shown, not bound
        "created": inspection.container.created,
    }
    assert deployed["container_id"] == listed["container_id"]
    assert deployed["ports"] == listed["ports"]
    for path in ("/status", "/tools/status"):
        assert caller("GET", path).json()["tool_instances"] == [listed]
    assert inspection.restart_policy == "unless-stopped"
    assert inspection.container.labels["dtma.managed"] == "true"


def test_a_whole_life(caller):
    """Deploy, start, stop, stop, start, delete: the listing follows, each step is a success."""
    steps = [
        ("POST", "/tools/tool/start", "running"),
        ("POST", "/tools/tool/stop", "exited"),
        ("POST", "/tools/tool/stop", "exited"),
        ("POST", "/tools/tool/start", "running"),
    ]
    caller.deploy("tool")
    for method, path, status in steps:
        response = caller(method, path)

        assert response.status_code == 200
        assert response.json()["success"] is True
        assert response.json()["data"]["state"]["Status"] == status
        assert caller.listed() == {"tool": status}
    assert caller("DELETE", "/tools/tool").status_code == 200
    assert caller.listed() == {}
    assert caller.contained() == {"db": "running"}
    assert caller("DELETE", "/tools/tool").status_code == 404


def test_a_stopped_instance_can_be_deleted_and_its_name_and_port_used_again(caller):
    """Nothing of it blocks anything."""
    for _ in range(3):
        assert caller.deploy("tool", port=8080).status_code == 201
        caller("POST", "/tools/tool/stop")
        assert caller("DELETE", "/tools/tool").status_code == 200

    assert caller.contained() == {"db": "running"}


def test_actions_leave_other_instances_alone(caller):
    """Neither managed nor foreign containers notice."""
    caller.deploy("one")
    caller.deploy("two")

    caller("POST", "/tools/one/stop")
    assert caller.contained() == {"db": "running", "one": "exited", "two": "running"}
    caller("DELETE", "/tools/one")
    assert caller.contained() == {"db": "running", "two": "running"}


def test_a_name_is_exact(caller):
    """Another case, a part of the name, the container's id and a foreign container's name name no instance."""
    container = caller.deploy("tool").json()["data"]["container_id"]
    for name in ("TOOL", "Tool", "too", "tool2", container, container[:12], container[:1], "db", "/tool"):
        for method, path in (
            ("POST", f"/tools/{name}/start"),
            ("POST", f"/tools/{name}/stop"),
            ("DELETE", f"/tools/{name}"),
        ):
            assert caller.raw(method, path.replace("//tool", "/%2Ftool")).status_code == 404

    assert caller.contained() == {"db": "running", "tool": "running"}


@pytest.mark.parametrize("name", ["tool", "db"])
def test_a_taken_name_is_a_409_and_its_holder_stays(caller, name):
    """Managed or foreign, running as before."""
    caller.deploy("tool")
    before = caller.engine.list()

    response = caller.deploy(name)

    assert response.status_code == 409
    assert name in response.json()["error"]
    assert caller.engine.list() == before


def test_a_taken_host_port_is_a_409_and_nothing_is_left(caller):
    """The container that was created is removed again, and the name is free."""
    caller.deploy("tool", port=8080)
    before = caller.engine.list()

    response = caller.deploy("late", port=8080)

    assert response.status_code == 409
    assert "port" in response.json()["error"]
    assert caller.engine.list() == before
    assert caller.deploy("late", port=8081).status_code == 201


def test_a_host_port_of_a_stopped_instance_is_free_and_its_start_is_then_a_500(caller):
    """As with Docker, a port is taken while its container runs."""
    caller.deploy("tool", port=8080)
    caller("POST", "/tools/tool/stop")
    caller.deploy("late", port=8080)

    response = caller("POST", "/tools/tool/start")

    assert response.status_code == 500
    assert response.json()["success"] is False
    assert caller.listed() == {"tool": "exited", "late": "running"}


def test_an_image_that_cannot_be_pulled_is_a_502_and_nothing_is_left(caller):
    """Neither an instance nor a name taken."""
    response = caller.deploy("tool", dockerImageUrl="registry.invalid/nothing:1")

    assert response.status_code == 502
    assert caller.contained() == {"db": "running"}
    assert caller.listed() == {}
    assert caller("POST", "/tools/tool/start").status_code == 404
    assert caller.deploy("tool").status_code == 201


def test_a_start_that_fails_for_another_reason_is_a_500_and_nothing_is_left(caller, monkeypatch):
    """Whatever goes wrong after creation, the container is removed."""

    def broken(_container):
        raise EngineError("no space left on device")

    monkeypatch.setattr(caller.engine, "start", broken)
    response = caller.deploy("tool")

    assert response.status_code == 500
    assert response.json()["message"] == "no space left on device"
    assert caller.contained() == {"db": "running"}


def test_a_container_that_cannot_be_removed_again_is_told_in_the_log_only(caller, monkeypatch):
    """The caller hears why the deployment failed."""

    def broken(_container):
        raise EngineError("the engine is tired")

    monkeypatch.setattr(caller.engine, "start", broken)
    monkeypatch.setattr(caller.engine, "remove", broken)

    assert caller.deploy("tool").status_code == 500
    assert caller.contained()["tool"] == "created"


def test_a_name_taken_at_the_last_moment_is_a_409(caller, monkeypatch):
    """The engine's own refusal counts, too."""
    create = caller.engine.create

    def overtaken(spec):
        create(ContainerSpec(name=spec.name, image=spec.image))
        return create(spec)

    monkeypatch.setattr(caller.engine, "create", overtaken)

    assert caller.deploy("tool").status_code == 409
    assert caller.contained()["tool"] == "created"


def test_what_is_done_by_hand_shows_in_the_listing(caller):
    """The state is the engine's, not the agent's."""
    caller.deploy("tool")
    caller.engine.stop("tool")

    assert caller.listed() == {"tool": "exited"}
    assert caller("POST", "/tools/tool/start").status_code == 200
    assert caller.contained()["tool"] == "running"


@pytest.mark.parametrize(
    "action", [("POST", "/tools/tool/start"), ("POST", "/tools/tool/stop"), ("DELETE", "/tools/tool")]
)
def test_an_instance_whose_container_was_removed_by_hand_is_forgotten(caller, action):
    """It is unknown, its name is free, and a foreign container that took the name is left alone."""
    caller.deploy("tool")
    caller.engine.remove("tool")
    assert caller.listed() == {}
    foreign = caller.engine.create(ContainerSpec(name="tool", image="nginx:latest"))

    assert caller(*action).status_code == 404
    assert caller.engine.inspect(foreign).state.status == "created"
    assert caller.deploy("tool").status_code == 409
    caller.engine.remove(foreign)
    assert caller.deploy("tool").status_code == 201


def test_environment_arrives_in_the_container(caller):
    """What baseConfigOverrideJson says is what a command sees."""
    caller.deploy("tool", baseConfigOverrideJson={"Env": ["GREETING=hello there"]})

    body = {"agentId": "a", "capabilityName": "env", "accountToolInstanceId": ROW}
    response = caller("POST", "/tools/tool/execute", body)

    assert response.json()["data"]["exitCode"] == 0
    assert "GREETING=hello there\n" in response.json()["data"]["output"]


@pytest.mark.parametrize(
    ("command", "arguments", "exit_code"),
    [("true", [], 0), ("false", [], 1), ("sh", ["-c", "exit 42"], 42), ("no-such-program", [], 127)],
)
def test_a_command_that_fails_is_a_success_of_the_agent(caller, command, arguments, exit_code):
    """Its exit code tells."""
    caller.deploy("tool")

    body = {"agentId": "a", "capabilityName": command, "payload": {"args": arguments}}
    response = caller("POST", "/tools/tool/execute", body)

    assert response.status_code == 200
    assert response.json()["data"]["exitCode"] == exit_code


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"agentId": ""}, 400),
        ({"capabilityName": ""}, 400),
        ({"capabilityName": "a\0b"}, 400),
        ({"payload": None}, 400),
        ({"payload": {"args": "x"}}, 400),
        ({"payload": {"args": [1]}}, 400),
        ({"payload": {"args": ["\0"]}}, 400),
        ({"accountToolInstanceId": "another"}, 400),
        ({"accountToolInstanceId": 7}, 400),
        ({"payload": {"args": []}, "more": 1}, 200),
    ],
)
def test_a_malformed_command_is_refused(caller, change, status):
    """Before anything runs."""
    caller.deploy("tool")

    body = {"agentId": "a", "capabilityName": "true", **change}

    assert caller("POST", "/tools/tool/execute", body).status_code == status


def test_no_command_runs_in_an_instance_that_does_not_run(caller):
    """It is a 500, as documented."""
    caller.deploy("tool")
    caller("POST", "/tools/tool/stop")

    response = caller("POST", "/tools/tool/execute", {"agentId": "a", "capabilityName": "true"})

    assert response.status_code == 500
    assert response.json()["success"] is False


def test_of_fifty_deployments_of_one_name_at_once_one_succeeds(caller):
    """The others are told that the name is taken, and one container runs."""

    async def all_at_once():
        headers = {"Authorization": f"Bearer {TOKEN}"}
        requests = (caller.http.post("/tools", json=deployment("tool"), headers=headers) for _ in range(50))
        return await asyncio.gather(*requests)

    statuses = sorted(response.status_code for response in caller.runner.run(all_at_once()))

    assert statuses == [201] + [409] * 49
    assert caller.contained() == {"db": "running", "tool": "running"}


def test_deployments_and_deletions_at_once_end_consistently(caller):
    """Whatever the order was, registry and engine agree afterwards."""

    async def all_at_once():
        headers = {"Authorization": f"Bearer {API_KEY}"}
        requests = []
        for number in range(60):
            name = f"tool{number % 3}"
            method, path, body = [
                ("POST", "/tools", deployment(name, port=9000 + number % 3)),
                ("DELETE", f"/tools/{name}", None),
                ("POST", f"/tools/{name}/stop", None),
                ("POST", f"/tools/{name}/start", None),
            ][number % 4]
            requests.append(caller.http.request(method, path, json=body, headers=headers))
        return await asyncio.gather(*requests)

    statuses = {response.status_code for response in caller.runner.run(all_at_once())}

    assert statuses <= {200, 201, 404, 409}
    assert {"db": "running", **caller.listed()} == caller.contained()


def test_the_engines_whole_list_is_in_the_diagnostics(caller):
    """So that it can be seen from outside that nothing foreign was touched."""
    caller.deploy("tool")

    containers = caller("GET", "/diagnostics/docker").json()["diagnostics"]["containers"]

    seen = {item["name"]: (item["state"], item["managed"]) for item in containers}
    assert seen == {"db": ("running", False), "tool": ("running", True)}
    assert {item["id"] for item in containers} == {item.id for item in caller.engine.list()}


def test_a_body_that_is_too_large_is_refused(caller):
    """The agent does not hold it in memory."""
    response = caller("POST", "/tools", b'{"a": "' + b"x" * 2_000_000 + b'"}')

    assert response.status_code == 413
    assert response.json()["success"] is False


def test_a_restart_is_asked_for_once(caller):
    """The answer comes first; what ends the process is not this application's business."""
    response = caller("POST", "/restart")

    assert response.json()["success"] is True
    assert caller.restarts == [None]
    assert caller("POST", "/redeploy").json()["success"] is True
    assert caller.restarts == [None]


def test_requests_are_in_the_log(caller):
    """Method, path and status; no query."""
    caller("POST", "/tools/nobody/start?secret=1")

    lines = caller("GET", "/logs").json()["logs"]

    assert lines[-1].endswith(" INFO POST /tools/nobody/start 404")
    assert caller("GET", "/diagnostics/logs?lines=2").json()["logs"][0] == lines[-1]


def test_a_defect_of_the_agent_is_a_500_in_json(caller, monkeypatch):
    """Nothing of it leaks."""

    def defect():
        raise RuntimeError("the secret of the defect")

    monkeypatch.setattr(caller.engine, "list", defect)
    response = caller("GET", "/tools")

    assert (response.status_code, response.json()) == (500, {"success": False, "error": "Internal server error"})
