"""The agent as a process: real HTTP, restarts that lose nothing, ends that leave nothing."""

from __future__ import annotations

import http.client
import os
import signal
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from neighbours.processes import is_listening, wait_until
from neighbours.reference import running_reference
from reference.callers import ROW, deployment

import dtma_reference

# Another process finds the package where this one did, whatever its working directory is.
WHERE = {"PYTHONPATH": str(Path(dtma_reference.__file__).parents[1])}


@pytest.fixture(scope="module")
def reference():
    """A running agent with two foreign containers, and a client that has its token."""
    with running_agent("--foreign", "db", "--foreign", "old:exited", "--version-label", "v-of-test") as agent:
        yield agent


@pytest.fixture
def client(reference):
    """A client of the running agent."""
    with httpx.Client(base_url=reference.url, headers={"Authorization": f"Bearer {reference.token}"}) as client:
        yield client


def running_agent(*arguments):
    return running_reference(*arguments, env=WHERE)


def containers(client):
    found = client.get("/diagnostics/docker").json()["diagnostics"]["containers"]
    return {item["name"]: (item["state"], item["managed"]) for item in found}


def server(name):
    return {"instanceName": name, "dockerImageUrl": "nginx:latest"}


def pid_of(client):
    return client.get("/diagnostics/system").json()["diagnostics"]["pid"]


def restarted(client):
    """Ask for a restart, and return as soon as another process answers."""
    before = pid_of(client)
    assert client.post("/restart").status_code == 200

    def is_another():
        try:
            return pid_of(client) != before
        except httpx.TransportError:
            return False

    wait_until(is_another, "another process", seconds=10)


def test_it_says_once_that_it_listens(reference):
    """One line on standard output, and nothing else."""
    assert reference.log.read_text() == f"dtma-reference listening on {reference.url}\n"


def test_it_says_that_it_has_no_token(reference):
    """Where both are empty: whoever forgot to set one learns it before the first request fails."""
    said = "dtma-reference: neither DTMA_BEARER_TOKEN nor BACKEND_TO_DTMA_API_KEY is set"
    with running_reference(env={"DTMA_BEARER_TOKEN": "", "BACKEND_TO_DTMA_API_KEY": ""}) as agent:
        assert httpx.get(f"{agent.url}/tools").status_code == 500
        assert agent.log.read_text().count(said) == 1
    assert said not in reference.log.read_text()


def test_the_whole_core_over_http(client):
    """What holds in one process holds over a socket."""
    assert client.get("/health").text == "OK"
    assert client.get("/status").json()["version"] == "v-of-test"
    assert client.get("/status").json()["environment"]["port"] == str(client.base_url.port)
    assert client.post("/tools", json=deployment("whole", port=8080)).status_code == 201
    assert client.post("/tools/whole/stop").status_code == 200
    assert client.post("/tools/whole/start").status_code == 200
    assert [tool["status"] for tool in client.get("/tools").json()["tools"]] == ["running"]
    assert client.post("/tools", json=deployment("late", port=8080)).status_code == 409
    assert client.post("/tools", json=deployment("bad", dockerImageUrl="registry.invalid/x:1")).status_code == 502
    assert client.delete("/tools/whole").status_code == 200
    assert containers(client) == {"db": ("running", False), "old": ("exited", False)}


def test_head_has_no_body(client):
    """Over a socket it is left out, with the length that GET would have."""
    response = client.head("/health")

    assert (response.status_code, response.content, response.headers["content-length"]) == (200, b"", "2")


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/tools/../start", 404),
        ("/tools/%2E%2E/start", 404),
        ("/tools/a%2Fb/start", 404),
        ("/tools/%FF/start", 400),
        ("/tools/x/start?y=%FF", 404),
    ],
)
def test_a_request_line_is_taken_as_it_was_sent(reference, target, status):
    """Nothing is normalised before routes are matched."""
    connection = http.client.HTTPConnection(httpx.URL(reference.url).netloc.decode())
    connection.request("POST", target, headers={"Authorization": f"Bearer {reference.token}"})
    response = connection.getresponse()
    body = response.read()
    connection.close()

    assert response.status == status
    assert b"Not Found" not in body


def test_of_fifty_deployments_of_one_name_at_once_one_succeeds(client):
    """Over fifty connections."""

    def deploy(_number):
        with httpx.Client(base_url=client.base_url, headers=client.headers, timeout=30) as own:
            return own.post("/tools", json=deployment("parallel")).status_code

    with ThreadPoolExecutor(50) as threads:
        statuses = sorted(threads.map(deploy, range(50)))
    client.delete("/tools/parallel")

    assert statuses == [201] + [409] * 49


def test_a_restart_is_another_process_that_knows_its_instances(client):
    """Listed, stopped, started, executed in and deleted as before, and the name is taken as before."""
    client.post("/tools", json=deployment("survivor", port=8081))
    client.post("/mcp/groups", json={"groupId": "team", "servers": [server("member")]})
    before = client.get("/tools").json()

    restarted(client)

    assert client.get("/tools").json() == before
    assert client.get("/mcp/health/team").json()["data"]["status"] == "healthy"
    assert client.post("/tools", json=deployment("survivor")).status_code == 409
    assert client.post("/tools", json=deployment("another", port=8081)).status_code == 409
    assert client.post("/tools/survivor/stop").json()["data"]["state"]["Status"] == "exited"
    assert client.post("/tools/survivor/start").json()["data"]["state"]["Status"] == "running"
    command = {"agentId": "a", "capabilityName": "true", "accountToolInstanceId": ROW}
    assert client.post("/tools/survivor/execute", json=command).json()["data"]["exitCode"] == 0
    assert client.delete("/tools/survivor").status_code == 200
    assert client.delete("/mcp/groups/team").status_code == 200
    assert containers(client) == {"db": ("running", False), "old": ("exited", False)}


def test_with_a_registry_in_memory_a_restart_forgets_everything_and_finds_all_containers():
    """The container runs on, and the agent does not know it any more."""
    with (
        running_agent("--registry", "memory") as agent,
        httpx.Client(base_url=agent.url, headers={"Authorization": f"Bearer {agent.token}"}) as client,
    ):
        client.post("/tools", json=deployment("survivor"))

        restarted(client)

        assert containers(client)["survivor"] == ("running", False)
        assert client.get("/tools").json() == {"tools": []}
        response = client.post("/tools/survivor/start")
        assert response.status_code == 404
        assert response.json()["error"] == "Tool instance 'survivor' not found or not managed by this DTMA."
        assert client.post("/tools", json=deployment("survivor")).status_code == 409


def test_an_agent_restarts_one_second_after_its_answer_and_is_back_soon(client):
    """The old process answers until then; the port is the same."""
    before = pid_of(client)
    asked = time.monotonic()
    client.post("/restart")
    while time.monotonic() < asked + 0.7:
        assert pid_of(client) == before

    def is_another():
        try:
            return pid_of(client) != before
        except httpx.TransportError:
            return False

    wait_until(is_another, "another process", seconds=10)
    assert time.monotonic() - asked > 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_the_agent_ends_with_its_supervisor(number):
    """Whatever ends the one ends the other, in the midst of a request too."""
    with running_agent("--allow-ssh") as agent:
        headers = {"Authorization": f"Bearer {agent.token}"}
        child = httpx.get(f"{agent.url}/diagnostics/system", headers=headers).json()["diagnostics"]["pid"]
        with ThreadPoolExecutor(1) as thread:
            body = {"command": "sleep 5"}
            long = thread.submit(lambda: httpx.post(f"{agent.url}/ssh/execute", json=body, headers=headers, timeout=9))
            wait_until(
                lambda: (
                    "sleep 5"
                    in httpx.post(
                        f"{agent.url}/ssh/execute", json={"command": f"ps -o args= --ppid {child}"}, headers=headers
                    ).json()["stdout"]
                ),
                "the long request",
                seconds=5,
            )
            os.kill(agent.process_id, number)
            wait_until(lambda: not Path(f"/proc/{child}").exists(), "the agent's end", seconds=5)
            with pytest.raises(httpx.TransportError):
                long.result()
        assert not is_listening(httpx.URL(agent.url).port)


def test_a_supervisor_does_not_outlive_an_agent_that_died():
    """Only POST /restart is followed by another process."""
    with running_agent() as agent:
        headers = {"Authorization": f"Bearer {agent.token}"}
        child = httpx.get(f"{agent.url}/diagnostics/system", headers=headers).json()["diagnostics"]["pid"]
        os.kill(child, signal.SIGKILL)
        wait_until(lambda: "ended by itself" in agent.log.read_text(), "the supervisor's last words", seconds=5)


def test_a_restart_that_does_nothing_leaves_the_process():
    """The fault reaches the process, too."""
    with (
        running_agent("--fault", "restart-does-nothing", "--fault", "health-is-json") as agent,
        httpx.Client(base_url=agent.url, headers={"Authorization": f"Bearer {agent.token}"}) as client,
    ):
        before = pid_of(client)
        assert client.post("/restart").json()["success"] is True
        deadline = time.monotonic() + 1.5
        while time.monotonic() < deadline:
            assert pid_of(client) == before
        assert client.get("/health").json() == {"status": "OK"}


@pytest.mark.slow
def test_the_agent_is_quick(client):
    """A deployment takes a few milliseconds, an engine in another process or not."""
    times = []
    for number in range(200):
        started = time.perf_counter()
        client.post("/tools", json=deployment(f"quick{number}"))
        times.append(time.perf_counter() - started)
        client.delete(f"/tools/quick{number}")

    assert statistics.median(times) < 0.05  # measured: 0.003 on an idle machine


@pytest.mark.docker
def test_the_agent_on_docker_itself(docker_endpoint, probe_image):
    """The same life, with a real container; nothing is left behind."""
    name = f"dtmar-agent-{os.getpid()}-z"
    with (
        running_agent("--engine", "docker", "--docker", docker_endpoint) as agent,
        httpx.Client(base_url=agent.url, headers={"Authorization": f"Bearer {agent.token}"}, timeout=60) as client,
    ):
        body = deployment(name, port=18732, dockerImageUrl=probe_image)
        deployed = client.post("/tools", json=body)
        try:
            assert deployed.status_code == 201, deployed.text
            assert deployed.json()["data"]["state"]["Running"] is True
            ports = client.get("/tools").json()["tools"][0]["ports"]
            assert 18732 in {port.get("public_port") for port in ports}
            assert client.post("/tools", json=body).status_code == 409
            late = deployment(f"{name}2", port=18732, dockerImageUrl=probe_image)
            assert client.post("/tools", json=late).status_code == 409
            unknown = deployment(f"{name}3", dockerImageUrl="registry.invalid/x:1")
            assert client.post("/tools", json=unknown).status_code == 502
            command = {"agentId": "a", "capabilityName": "sh", "payload": {"args": ["-c", "echo hi; exit 4"]}}
            executed = client.post(f"/tools/{name}/execute", json=command).json()["data"]
            assert executed == {"output": "hi\n", "exitCode": 4}
            assert client.post(f"/tools/{name}/stop").json()["data"]["state"]["Status"] == "exited"
            assert client.post(f"/tools/{name}/stop").status_code == 200
            assert client.post(f"/tools/{name}/start").json()["data"]["state"]["Status"] == "running"
            assert client.get(f"/mcp/servers/{name}/logs?tail=5").status_code == 200
        finally:
            removed = client.delete(f"/tools/{name}")
        assert removed.status_code == 200
        assert not [other for other in containers(client) if other.startswith(name)]


def test_an_agent_starts_without_its_engine():
    """/health is fine, and what needs the engine says so."""
    with running_agent("--engine", "docker", "--docker", "unix:///nowhere/docker.sock") as agent:
        assert httpx.get(f"{agent.url}/health").text == "OK"
        response = httpx.get(f"{agent.url}/status")

    assert response.status_code == 500
    assert response.json()["success"] is False
