"""MCP groups: their servers are instances, deployed and removed together."""

from __future__ import annotations

import pytest

MEMBER = {"instanceName": "one", "dockerImageUrl": "nginx:latest"}


def group(*servers, group_id="team"):
    return {"groupId": group_id, "servers": list(servers)}


def server(name, **changes):
    return {**MEMBER, "instanceName": name, **changes}


def on_port(name, port):
    override = {"HostConfig": {"PortBindings": {"80/tcp": [{"HostPort": str(port)}]}}}
    return server(name, baseConfigOverrideJson=override)


def test_a_groups_servers_are_instances_like_any_other(caller):
    """They are listed, can be stopped and deleted; the group's health follows, and with its last server it is gone."""
    response = caller("POST", "/mcp/groups", group(server("one"), server("two")))

    data = response.json()["data"]
    assert (data["totalServers"], data["successfulDeployments"], data["errors"]) == (2, 2, [])
    assert [item["instanceName"] for item in data["deployedServers"]] == ["one", "two"]
    assert caller.listed() == {"one": "running", "two": "running"}
    assert caller("GET", "/mcp/health/team").json()["data"]["status"] == "healthy"
    caller("POST", "/tools/one/stop")
    assert caller("GET", "/mcp/health/team").json()["data"]["status"] == "degraded"
    assert caller("GET", "/mcp/status").json()["data"]["summary"] == {
        "totalGroups": 1,
        "totalServers": 2,
        "runningServers": 1,
    }
    caller("POST", "/tools/two/stop")
    assert caller("GET", "/mcp/health/team").json()["data"]["status"] == "unhealthy"
    assert caller("POST", "/mcp/servers/one/restart").status_code == 200
    assert caller.listed() == {"one": "running", "two": "exited"}
    caller("DELETE", "/tools/one")
    caller("DELETE", "/tools/two")
    assert caller("GET", "/mcp/health/team").status_code == 404
    assert caller("GET", "/mcp/status").json()["data"]["groups"] == []


def test_removing_a_group_removes_its_servers_and_no_others(caller):
    """Containers and names are free again."""
    caller.deploy("other")
    caller("POST", "/mcp/groups", group(server("one"), server("two")))

    response = caller("DELETE", "/mcp/groups/team?forceRemove=perhaps&gracefulTimeoutMs=-1")

    assert response.json()["data"] == {"groupId": "team", "removedServers": ["one", "two"]}
    assert caller.contained() == {"db": "running", "other": "running"}
    assert caller("DELETE", "/mcp/groups/team").status_code == 404
    assert caller("POST", "/mcp/groups", group(server("one"))).status_code == 201


def test_a_server_that_cannot_be_deployed_is_told_and_the_others_run(caller):
    """Each failure with its reason."""
    caller.deploy("taken", port=8080)
    servers = [
        server("good"),
        server("taken"),
        server("bad-image", dockerImageUrl="registry.invalid/nothing"),
        on_port("bad-port", 8080),
        server("good"),
    ]

    data = caller("POST", "/mcp/groups", group(*servers)).json()["data"]

    assert [item["instanceName"] for item in data["deployedServers"]] == ["good"]
    assert [item["instanceName"] for item in data["errors"]] == ["taken", "bad-image", "bad-port", "good"]
    assert all(item["error"] for item in data["errors"])
    assert (data["totalServers"], data["successfulDeployments"]) == (5, 1)
    assert caller.contained() == {"db": "running", "taken": "running", "good": "running"}


def test_a_group_of_which_nothing_could_be_deployed_is_a_500_and_does_not_exist(caller):
    """Nothing is kept."""
    response = caller("POST", "/mcp/groups", group(server("db"), server("x1", dockerImageUrl="registry.invalid/y")))

    assert response.status_code == 500
    assert response.json()["success"] is False
    assert caller("GET", "/mcp/health/team").status_code == 404
    assert caller.contained() == {"db": "running"}


def test_a_group_that_exists_is_a_400(caller):
    """And stays as it is."""
    caller("POST", "/mcp/groups", group(server("one")))

    response = caller("POST", "/mcp/groups", group(server("two")))

    assert response.status_code == 400
    assert caller.listed() == {"one": "running"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (group(group_id="a b"), "groupId"),
        (group(), "servers"),
        (group(7), "servers[0]"),
        (group(server("a b")), "servers[0].instanceName"),
        (group(server("one"), server("two", dockerImageUrl="")), "servers[1].dockerImageUrl"),
        (group(server("one", accountToolInstanceId="7")), "servers[0].accountToolInstanceId"),
        ({**group(server("one")), "options": []}, "options"),
    ],
)
def test_a_malformed_group_is_a_400_that_names_the_field(caller, body, field):
    """Before anything is deployed."""
    response = caller("POST", "/mcp/groups", body)

    assert response.status_code == 400
    assert f"'{field}'" in response.json()["error"]
    assert caller.contained() == {"db": "running"}


def test_validation_judges_each_definition_and_deploys_nothing(caller):
    """In the order of the request, whatever the items are."""
    servers = [server("one"), server("a b"), {}, None, 7, "text", [], server("two", dockerImageUrl=7)]

    data = caller("POST", "/mcp/validate", {"servers": servers}).json()["data"]

    assert [result["valid"] for result in data["results"]] == [True] + [False] * 7
    assert all(bool(result["errors"]) != result["valid"] for result in data["results"])
    assert data["results"][1]["instanceName"] == "a b"
    assert data["valid"] is False
    assert data["summary"] == {"total": 8, "valid": 1, "invalid": 7}
    assert caller("POST", "/mcp/validate", {"servers": []}).json()["data"]["valid"] is True
    assert caller.contained() == {"db": "running"}


def test_a_restart_under_a_name_that_breaks_the_rule_is_a_400(caller):
    """One that only names nothing is a 404."""
    assert caller("POST", "/mcp/servers/a%20b/restart").status_code == 400
    assert caller("POST", "/mcp/servers/ab/restart").status_code == 404


def test_a_servers_log_can_be_cut(caller):
    """``tail`` bounds the lines, ``since`` their age."""
    caller.deploy("tool")
    caller("POST", "/mcp/servers/tool/restart")

    def logs(query):
        return caller("GET", f"/mcp/servers/tool/logs{query}").json()["data"]["logs"]

    assert logs("") == ["started", "stopped", "started"]
    assert logs("?tail=1") == ["started"]
    assert logs("?since=2999-01-01T00:00:00Z") == []
    assert logs("?since=2020-01-01T00:00:00") == ["started", "stopped", "started"]
