"""What an agent without faults does, one small fact each; a fault breaks the facts that it should and no others."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator

from reference.callers import API_KEY, ROW, TOKEN, Caller, deployment

from dtma_reference.engines.protocol import ContainerSpec

__all__ = ["FACTS", "broken_facts"]

Fact = Callable[[Caller], bool]
FACTS: dict[str, Fact] = {}
FALLBACK = (404, {"error": "Not Found"})
DATABASE = ContainerSpec("db", "nginx:latest")
UNPULLABLE = "registry.invalid/nothing:1"


def broken_facts(caller: Caller, looked_at: Iterable[str]) -> set[str]:
    """Return which of these facts do not hold, each looked at on an engine with nothing but ``db``."""
    broken = set()
    for name in looked_at:
        # Something else than expected, such as a missing field, breaks the fact as well.
        holds = False
        with contextlib.suppress(AssertionError, KeyError, IndexError, ValueError, TypeError):
            holds = FACTS[name](caller)
        if not holds:
            broken.add(name)
        for container in caller.engine.list():
            caller.engine.remove(container.id)
        caller.engine.start(caller.engine.create(DATABASE))
    return broken


def fact(function: Fact) -> Fact:
    """Add a fact to the list."""
    FACTS[function.__name__] = function
    return function


_numbers: Iterator[int] = iter(range(10**9))


def fresh() -> str:
    return f"tool-{next(_numbers)}"


def running(caller: Caller, **changes: object) -> str:
    """Return the name of an instance that runs; whatever the answer to its deployment looks like."""
    name = fresh()
    caller.deploy(name, **changes)
    assert caller.contained()[name] == "running"
    return name


def quoted(name: str) -> str:
    """Return a name as it stands in JSON, so that no part of another text is taken for it."""
    return f'"{name}"'


def answer(response) -> tuple[int, object]:
    return response.status_code, response.json()


def unknown(name: str) -> tuple[int, object]:
    return 404, {"success": False, "error": f"Tool instance '{name}' not found or not managed by this DTMA."}


def row_of(caller: Caller, name: str) -> dict:
    (row,) = (tool for tool in caller("GET", "/tools").json()["tools"] if tool["instance_name_on_toolbox"] == name)
    return row


# ------------------------------------------------------------------ routes


@fact
def start_is_mounted(caller):
    return caller("OPTIONS", "/tools/x/start").status_code == 200


@fact
def stop_is_mounted(caller):
    return caller("OPTIONS", "/tools/x/stop").status_code == 200


@fact
def delete_is_mounted(caller):
    return caller("OPTIONS", "/tools/x").status_code == 200


@fact
def templates_are_mounted(caller):
    return caller("GET", "/mcp/templates").status_code == 200


@fact
def health_is_ok(caller):
    response = caller("GET", "/health", token=None)
    return (response.status_code, response.text, response.headers["content-type"][:10]) == (200, "OK", "text/plain")


@fact
def an_unknown_path_is_the_fallback(caller):
    return answer(caller("POST", "/nowhere")) == FALLBACK


@fact
def an_undeclared_method_is_404(caller):
    return caller("PUT", "/tools").status_code == 404


@fact
def mcp_has_a_fallback(caller):
    return caller("GET", "/mcp/nowhere").json()["error"] == "MCP endpoint not found"


# ------------------------------------------------------------------ deploy


@fact
def deploy_is_201(caller):
    return caller.deploy(fresh()).status_code == 201


@fact
def deploy_runs_a_container(caller):
    return bool(running(caller))


@fact
def deploy_tells_the_state(caller):
    return caller.deploy(fresh()).json()["data"]["state"]["Running"] is True


@fact
def deploy_manages(caller):
    return row_of(caller, running(caller))["status"] == "running"


@fact
def deploy_publishes_ports(caller):
    return row_of(caller, running(caller, port=8080))["ports"][0]["public_port"] == 8080


@fact
def deploy_sets_the_environment(caller):
    name = running(caller, baseConfigOverrideJson={"Env": ["A=1"]})
    return "A=1" in caller.engine.inspect(name).environment


@fact
def an_unknown_image_is_502(caller):
    return caller.deploy(fresh(), dockerImageUrl=UNPULLABLE).status_code == 502


@fact
def an_unknown_image_leaves_nothing(caller):
    name = fresh()
    caller.deploy(name, dockerImageUrl=UNPULLABLE)
    return quoted(name) not in caller("GET", "/tools").text and caller.deploy(name).status_code in {200, 201}


@fact
def a_managed_name_is_409(caller):
    return caller.deploy(running(caller)).status_code == 409


@fact
def a_managed_name_keeps_its_container(caller):
    name = running(caller)
    before = caller.engine.list()
    caller.deploy(name)
    return caller.engine.list() == before


@fact
def a_foreign_name_is_409(caller):
    return caller.deploy("db").status_code == 409


@fact
def a_taken_port_is_409(caller):
    running(caller, port=8080)
    return caller.deploy(fresh(), port=8080).status_code == 409


@fact
def a_taken_port_leaves_nothing(caller):
    running(caller, port=8080)
    before = caller.engine.list()
    caller.deploy(fresh(), port=8080)
    return caller.engine.list() == before


# ------------------------------------------------------------------ start, stop, delete, execute


@fact
def start_of_a_running_instance_is_200(caller):
    return caller("POST", f"/tools/{running(caller)}/start").status_code == 200


@fact
def start_starts(caller):
    name = running(caller)
    caller.engine.stop(name)
    return caller("POST", f"/tools/{name}/start").status_code == 200 and caller.contained()[name] == "running"


@fact
def stop_stops(caller):
    name = running(caller)
    return caller("POST", f"/tools/{name}/stop").status_code == 200 and caller.contained()[name] == "exited"


@fact
def stop_of_a_stopped_instance_is_200(caller):
    name = running(caller)
    caller.engine.stop(name)
    return caller("POST", f"/tools/{name}/stop").status_code == 200


@fact
def stop_leaves_others_alone(caller):
    one, two = running(caller), running(caller)
    caller("POST", f"/tools/{one}/stop")
    return caller.contained()[two] == "running"


@fact
def delete_removes_the_container(caller):
    name = running(caller)
    return caller("DELETE", f"/tools/{name}").status_code == 200 and name not in caller.contained()


@fact
def delete_of_a_stopped_instance_removes_the_container(caller):
    name = running(caller)
    caller.engine.stop(name)
    return caller("DELETE", f"/tools/{name}").status_code == 200 and name not in caller.contained()


@fact
def a_deleted_instance_is_not_managed(caller):
    name = running(caller)
    caller("DELETE", f"/tools/{name}")
    return answer(caller("POST", f"/tools/{name}/start")) == unknown(name)


@fact
def a_deleted_instance_is_not_listed(caller):
    name = running(caller)
    assert quoted(name) in caller("GET", "/tools").text
    caller.engine.stop(name)
    caller("DELETE", f"/tools/{name}")
    return quoted(name) not in caller("GET", "/tools").text


@fact
def an_unknown_instance_is_404_for_start(caller):
    return answer(caller("POST", "/tools/nobody/start")) == unknown("nobody")


@fact
def an_unknown_instance_is_404_for_stop(caller):
    return answer(caller("POST", "/tools/nobody/stop")) == unknown("nobody")


@fact
def an_unknown_instance_is_404_for_delete(caller):
    return answer(caller("DELETE", "/tools/nobody")) == unknown("nobody")


@fact
def a_foreign_container_is_left_alone(caller):
    before = caller.engine.list()
    for method, path in (("POST", "/tools/db/stop"), ("POST", "/tools/db/start"), ("DELETE", "/tools/db")):
        caller(method, path)
    return caller.engine.list() == before


@fact
def a_name_in_another_case_is_unknown(caller):
    return caller("POST", f"/tools/{running(caller).upper()}/start").status_code != 200


@fact
def a_container_id_is_no_name(caller):
    container = caller.engine.inspect(running(caller)).container.id
    return caller("POST", f"/tools/{container[:12]}/stop").status_code != 200


@fact
def execute_tells_the_exit_code(caller):
    body = {"agentId": "a", "capabilityName": "false"}
    return caller("POST", f"/tools/{running(caller)}/execute", body).json()["data"]["exitCode"] == 1


# ------------------------------------------------------------------ listings and status


@fact
def a_listed_instance_has_the_callers_fields(caller):
    container = caller.engine.inspect(running(caller)).container
    (tool,) = (item for item in caller("GET", "/tools").json()["tools"] if container.id in str(item))
    return set(tool) == {
        "account_tool_instance_id",
        "instance_name_on_toolbox",
        "container_id",
        "status",
        "image",
        "ports",
        "created",
    }


@fact
def created_is_a_number(caller):
    running(caller)
    return all(type(tool["created"]) is int for tool in caller("GET", "/tools").json()["tools"])


@fact
def a_stopped_instance_is_listed(caller):
    name = running(caller)
    caller.engine.stop(name)
    return quoted(name) in caller("GET", "/tools").text


@fact
def a_foreign_container_is_not_listed(caller):
    return '"db"' not in caller("GET", "/tools").text


@fact
def the_status_has_its_fields(caller):
    status = caller("GET", "/status", token=None).json()
    return status["service"] == "DTMA" and status["status"] == "healthy"


@fact
def the_status_has_the_port_in_text(caller):
    return caller("GET", "/status").json()["environment"]["port"] == "30000"


@fact
def the_status_has_nothing_more_in_its_environment(caller):
    return set(caller("GET", "/tools/status").json()["environment"]) == {
        "hasAuthToken",
        "hasApiKey",
        "hasApiBaseUrl",
        "port",
    }


@fact
def the_status_lists_what_the_listing_lists(caller):
    running(caller)
    return caller("GET", "/status").json()["tool_instances"] == caller("GET", "/tools").json()["tools"]


@fact
def log_lines_are_text(caller):
    caller("GET", "/health")
    return all(isinstance(line, str) for line in caller("GET", "/logs").json()["logs"])


# ------------------------------------------------------------------ authentication and secrets


@fact
def without_a_token_nothing_is_listed(caller):
    return caller("GET", "/tools", token=None).status_code == 401


@fact
def without_a_token_nothing_is_started(caller):
    return caller("POST", "/tools/nobody/start", token=None).status_code in {401, 403}


@fact
def without_a_token_no_group_is_told(caller):
    return caller("GET", "/mcp/status", token=None).status_code in {401, 403}


@fact
def a_wrong_token_is_403(caller):
    return caller("GET", "/tools", token="wrong-token").status_code == 403  # noqa: S106 - it opens nothing


@fact
def a_part_of_the_token_is_refused(caller):
    return caller("GET", "/tools", token=TOKEN[:8]).status_code in {401, 403}


@fact
def more_than_the_token_is_refused(caller):
    return caller("GET", "/tools", token=TOKEN + "x").status_code in {401, 403}


@fact
def the_scheme_has_no_case(caller):
    return caller("GET", "/tools", token=None, headers={"Authorization": f"bearer {TOKEN}"}).status_code == 200


@fact
def both_tokens_let_in(caller):
    return all(caller("GET", "/tools", token=token).status_code == 200 for token in (TOKEN, API_KEY))


@fact
def a_refusal_does_not_repeat_what_was_sent(caller):
    return "wrong-token" not in caller("GET", "/tools", token="wrong-token").text  # noqa: S106 - it opens nothing


@fact
def no_header_and_no_status_has_a_token(caller):
    responses = [caller("GET", path) for path in ("/", "/status", "/tools/status", "/tools")]
    return not any(TOKEN in response.text + repr(response.headers.raw) for response in responses)


@fact
def the_log_has_no_token(caller):
    return TOKEN not in caller("GET", "/logs").text


# ------------------------------------------------------------------ malformed requests, the agent, its groups


@fact
def malformed_json_is_400(caller):
    return caller("POST", "/tools", b"{").status_code == 400


@fact
def a_body_that_is_no_object_is_400(caller):
    return caller("POST", "/tools", b"[]").status_code == 400


@fact
def a_missing_field_is_400(caller):
    body = {key: value for key, value in deployment(fresh()).items() if value != ROW}
    return caller("POST", "/tools", body).status_code == 400


@fact
def another_missing_field_is_400(caller):
    return caller("POST", "/tools", {"instanceNameOnToolbox": fresh(), "accountToolInstanceId": ROW}).status_code == 400


@fact
def an_invalid_name_is_400(caller):
    return caller.deploy("a b").status_code == 400


@fact
def restart_ends_the_process(caller):
    caller.restarts.clear()
    return caller("POST", "/restart").status_code == 200 and caller.restarts == [None]


@fact
def an_unknown_group_is_404(caller):
    return answer(caller("DELETE", "/mcp/groups/x")) == (
        404,
        {"success": False, "error": "MCP group 'x' not found"},
    )


@fact
def a_removed_group_leaves_nothing(caller):
    name = fresh()
    server = {"instanceName": name, "dockerImageUrl": "nginx:latest"}
    caller("POST", "/mcp/groups", {"groupId": f"group-of-{name}", "servers": [server]})
    assert name in caller.contained()
    return caller("DELETE", f"/mcp/groups/group-of-{name}").status_code == 200 and name not in caller.contained()
