"""A database that goes away, a disk that fills, fifty callers at once, two agents on one registry."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest
from neighbours.fixtures import lacking
from neighbours.postgres import running_postgres
from neighbours.processes import wait_until
from neighbours.tools import MissingToolError
from reference.callers import TOKEN, deployment
from registry.rows import a_row

from dtma_reference.engines.memory import MemoryEngine
from dtma_reference.registry import database, server_connection
from dtma_reference.registry.environment import Vault
from dtma_reference.registry.location import RegistryLocation
from dtma_reference.registry.opening import agent_registry
from dtma_reference.registry.records import Entry, Status
from dtma_reference.registry.service import ContainerRegistryService
from dtma_reference.registry.store import StoreUnavailableError

# How long the database is away, in seconds.
AWAY = 10


def all_at_once(callers, bodies):
    """Send deployments through the agents in turn, all at once, and return the answers."""
    headers = {"Authorization": f"Bearer {TOKEN}"}

    async def send():
        requests = (
            callers[number % len(callers)].http.post("/tools", json=body, headers=headers, timeout=60)
            for number, body in enumerate(bodies)
        )
        return await asyncio.gather(*requests)

    return callers[0].runner.run(send())


@pytest.fixture(params=["memory", "one agent on sqlite", "one agent on postgresql", "two agents on postgresql"])
def callers(request, agent, tmp_path):
    """One agent or two, which share an engine."""
    engine = MemoryEngine()
    if request.param == "memory":
        return [agent("memory", engine)]
    if "sqlite" in request.param:
        return [agent(f"sqlite:///{tmp_path}/registry.db", engine)]
    url = request.getfixturevalue("postgres").database()
    return [agent(url, engine) for _ in range(2 if "two" in request.param else 1)]


@pytest.mark.parametrize("contended", ["name", "port"])
def test_of_fifty_deployments_at_once_one_succeeds(callers, contended):
    """Of one name or of one host port: one is a 201, the others are a 409, and one container is left."""
    same_name = contended == "name"
    bodies = [
        deployment("tool" if same_name else f"tool-{number}", port=None if same_name else 8080) for number in range(50)
    ]

    answers = all_at_once(callers, bodies)

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 49
    assert len(callers[0].engine.list()) == 1
    assert all(len(caller.listed()) == 1 for caller in callers)


def test_two_agents_work_on_the_same_instances(postgres, agent):
    """What one has deployed the other lists, stops and deletes; where both act at once, both are answered."""
    url, engine = postgres.database(), MemoryEngine()
    one, two = agent(url, engine), agent(url, engine)
    one.deploy("tool")

    assert two.listed() == {"tool": "running"}
    assert two("POST", "/tools/tool/stop").status_code == 200
    assert one.listed() == {"tool": "exited"}
    headers = {"Authorization": f"Bearer {TOKEN}"}

    async def both():
        verbs = ["start", "stop"] * 10
        requests = (
            (one, two)[number % 2].http.post(f"/tools/tool/{verb}", headers=headers)
            for number, verb in enumerate(verbs)
        )
        return await asyncio.gather(*requests)

    assert {answer.status_code for answer in one.runner.run(both())} == {200}
    assert one.listed() == two.listed() == {"tool": engine.inspect("tool").state.status}
    assert two("DELETE", "/tools/tool").status_code == 200
    assert one("POST", "/tools/tool/start").status_code == 404


def test_an_agent_that_others_forestall_again_and_again_gets_its_turn(postgres, agent, monkeypatch):
    """However often another agent was faster with the same instance, the one that waits acts in the end."""
    url, engine = postgres.database(), MemoryEngine()
    slow, fast = agent(url, engine), agent_registry(RegistryLocation.parse(url), Vault())
    slow.deploy("tool")
    forestalled = []
    begin = ContainerRegistryService.operation

    def begin_late(registry, instance, status, actor=None):
        if registry is not fast and len(forestalled) < 25:
            with begin(fast, fast.get("tool"), Status.STARTING) as operation:
                forestalled.append(operation.finish(engine.inspect(instance.container_id).container))
        return begin(registry, instance, status, actor)

    monkeypatch.setattr(ContainerRegistryService, "operation", begin_late)

    with contextlib.closing(fast.store):
        assert slow("POST", "/tools/tool/stop").status_code == 200
        assert len(forestalled) == 25


def test_a_database_server_that_is_away_is_a_503_and_nothing_is_lost(agent):
    """Clear and quick while it is away; by itself, everything works again when it is back."""
    try:
        held = contextlib.ExitStack()
        server = held.enter_context(running_postgres())
    except MissingToolError as error:
        lacking(str(error))
    with held:
        caller = agent(server.database())
        caller.deploy("tool", port=8080)
        server.stop()
        back = time.monotonic() + AWAY
        answers = 0
        while time.monotonic() < back or answers < 6:
            for ask in (
                lambda: caller("GET", "/tools"),
                lambda: caller("GET", "/status", token=None),
                lambda: caller.deploy("late"),
                lambda: caller("POST", "/tools/tool/stop"),
                lambda: caller("DELETE", "/tools/tool"),
                lambda: caller("GET", "/mcp/status"),
            ):
                asked = time.monotonic()
                response = ask()
                assert response.status_code == 503
                assert response.json()["message"] == "The registry: it does not answer."
                assert time.monotonic() - asked < 5
                answers += 1
            assert caller("GET", "/health", token=None).status_code == 200
            time.sleep(0.2)
        assert caller.contained() == {"db": "running", "tool": "running"}
        server.start()

        wait_until(lambda: caller("GET", "/tools").status_code == 200, "the agent's recovery", seconds=5)
        assert caller.listed() == {"tool": "running"}
        assert caller.deploy("late").status_code == 201
        assert caller("DELETE", "/tools/tool").status_code == 200
        held.callback(lambda: None)


def test_an_agent_starts_while_its_database_is_away(agent):
    """It answers 503 until the server is there."""
    with running_postgres() as server:
        url = server.database()
        server.stop()
        caller = agent(url)
        assert caller("GET", "/tools").status_code == 503
        server.start()
        assert caller.deploy("tool").status_code == 201


def test_a_server_that_hangs_is_a_503(postgres, agent, monkeypatch):
    """It takes connections and answers nothing; when it answers again, everything works."""
    caller = agent(postgres.database())
    caller.deploy("tool")

    with postgres.hanging(), monkeypatch.context() as patched:
        for wait in ("_ANSWER_WAIT", "_SIGN_WAIT"):
            patched.setattr(server_connection, wait, 0.2)
        answer = caller("GET", "/tools")
        assert answer.status_code == 503
        assert answer.json()["message"] == "The registry: it does not answer."

    wait_until(lambda: caller("GET", "/tools").status_code == 200, "the agent's recovery", seconds=30)
    assert caller.deploy("late").status_code == 201
    assert caller.listed() == {"tool": "running", "late": "running"}


def test_whoever_waits_too_long_for_other_writers_is_told(tmp_path, opened, monkeypatch):
    """Where each of them waits for another process's lock, the last would wait for all."""
    monkeypatch.setattr(database, "_TURN_WAIT", 0.1)
    store = opened(f"sqlite:///{tmp_path}/registry.db")

    with store._database._writer, pytest.raises(StoreUnavailableError, match="holds it locked"):
        store.insert(a_row())
    assert store.insert(a_row()) == store.get("web")


def test_a_file_that_another_process_holds_locked_is_a_503(agent, tmp_path, monkeypatch):
    """For all who wait; when it is let go, everything works."""
    for wait in ("_LOCK_WAIT", "_TURN_WAIT"):
        monkeypatch.setattr(database, wait, 0.2)
    caller = agent(f"sqlite:///{tmp_path}/registry.db")
    caller.deploy("tool")

    with contextlib.closing(sqlite3.connect(tmp_path / "registry.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answers = all_at_once([caller], [deployment(f"late-{number}") for number in range(10)])
        assert {answer.status_code for answer in answers} == {503}
        assert {answer.json()["message"] for answer in answers} == {"The registry: another process holds it locked."}
        assert caller.listed() == {"tool": "running"}
        other.execute("ROLLBACK")
    assert caller.deploy("late").status_code == 201
    assert caller.contained().keys() == {"db", "tool", "late"}


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own with 4 MiB, and what fills it."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "none", tmp_path], check=False, capture_output=True, text=True
    )
    if mounted.returncode != 0:
        lacking(f"A file system cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield tmp_path
    finally:
        subprocess.run(["umount", "--lazy", tmp_path], check=True)


def fill(folder: Path) -> Path:
    """Fill a disk to its last byte, and return the file that does."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(os.urandom(4096))
    return filler


def test_a_full_disk_is_a_503_and_nothing_is_lost(agent, small_disk):
    """What is listed can still be listed; when there is room again, everything works."""
    caller = agent(f"sqlite:///{small_disk}/registry.db")
    caller.deploy("tool", port=8080)
    filler = fill(small_disk)

    statuses = [caller.deploy(f"late-{number}").status_code for number in range(40)]

    # What was written before may have left some room.
    assert set(statuses) <= {201, 503}
    assert statuses[-5:] == [503] * 5
    assert caller.deploy("late").json()["message"] == "The registry: its disk is full."
    assert caller("DELETE", "/tools/tool").status_code == 503
    made = {f"late-{number}": "running" for number, status in enumerate(statuses) if status == 201}
    assert caller.listed() == {"tool": "running", **made}
    filler.unlink()
    assert caller.contained() == {"db": "running", **caller.listed()}
    assert caller.deploy("late").status_code == 201
    assert caller("DELETE", "/tools/tool").status_code == 200


def test_a_registry_on_a_disk_that_is_read_only_can_be_read(small_disk, opened, run):
    """By commands that only read; whatever writes says that it cannot."""
    folder = small_disk / "100%20 #ü"
    folder.mkdir()
    url = f"sqlite:///{folder}/registry.db"
    store = opened(url)
    store.insert(a_row(), (), Entry("DTMA_BEARER_TOKEN", "deploy"))
    store.close()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)

    code, out, _ = run("history", "--registry", url)
    refused, _, told = run("migrate", "--registry", url)

    assert (code, "deploy web: done" in out) == (0, True)
    assert (refused, told) == (4, "dtma-reference: The registry cannot be used: its file cannot be opened.\n")


def test_a_registry_that_cannot_even_be_made_is_a_503(agent, small_disk):
    """An empty file on a full disk is tried again."""
    filler = fill(small_disk)
    caller = agent(f"sqlite:///{small_disk}/registry.db")

    assert caller.deploy("tool").status_code == 503
    filler.unlink()
    assert caller.deploy("tool").status_code == 201
    assert caller.contained() == {"db": "running", "tool": "running"}
