"""Whatever the moment at which an agent is killed: registry, engine and clients tell the same story afterwards."""

from __future__ import annotations

import contextlib
import os
import random
import secrets
import time

import pytest
from neighbours.counted_link import counted_link
from neighbours.processes import free_port, wait_until
from registry.crashing import Client, agents, engine_process, killed_round, quiet, states_of
from registry.engine_process import connect

from dtma_reference.engines.docker import DockerEngine
from dtma_reference.engines.memory import DEFAULT_IMAGE
from dtma_reference.registry.environment import Vault
from dtma_reference.registry.location import RegistryLocation
from dtma_reference.registry.opening import open_database_store
from dtma_reference.registry.records import Status

KILLS = int(os.environ.get("DTMA_SELFCHECK_KILLS", "200"))
# How long an agent lives at most once it listens, in seconds.
LONGEST = 0.06
# The same on Docker, whose every step takes longer.
KILLS_ON_DOCKER, LONGEST_ON_DOCKER = 30, 0.8
CLIENTS, NAMES = 5, 3


def kept_rows(registry):
    """Return what the registry itself says of each name."""
    store = open_database_store(RegistryLocation.parse(registry), Vault())
    rows = [row for row in store.all() if row.status is not Status.GONE]
    store.close()
    return rows


def made_clients(ours, image, ports, prefix="tool"):
    clients = [Client(ours, number, image, ports) for number in range(CLIENTS)]
    for client in clients:
        client.names = [f"{prefix}-{client.number}-{index}" for index in range(NAMES)]
        client.possible = {name: {"absent"} for name in client.names}
    return clients


def killed(ours, clients, numbers, kills, longest, is_quiet):
    """Kill so many agents, and return what the next one lists, and what was measured."""
    started = time.monotonic()
    for _ in range(kills):
        killed_round(ours, clients, numbers, longest)
        is_quiet()
        assert wrong_answers(clients) == []
    each = (time.monotonic() - started) / kills
    ours.start()
    ours.wait()
    with contextlib.closing(ours.connection()) as connection:
        _, answer = ours.call(connection, "GET", "/tools")
    for client in clients:
        client.see(states_of(answer["tools"]))
    answered, unanswered = (sum(getattr(client, what) for client in clients) for what in ("answered", "unanswered"))
    return answer["tools"], (each, answered, unanswered)


def wrong_answers(clients):
    return [wrong for client in clients for wrong in client.wrong]


def judge(tools, containers, rows, clients, kills, measured):
    """Clients, engine and registry tell the same story, and it was tried in earnest."""
    each, answered, unanswered = measured
    print(f"{kills} kills, {each:.3f} s each, {answered} answers, {unanswered} cut off")  # noqa: T201 - the measure
    told = {tool["container_id"]: (tool["instance_name_on_toolbox"], tool["status"]) for tool in tools}
    assert wrong_answers(clients) == []
    assert told == {container.id: (container.name, container.status) for container in containers}
    assert told == {row.container_id: (row.name, row.docker_status) for row in rows}
    assert all(row.intent is None for row in rows)
    assert unanswered > kills
    assert answered > kills


@pytest.mark.slow
def test_two_hundred_kills_lose_nothing_and_leave_nothing(database_url, seed, tmp_path):
    """After each kill, what is listed is what clients were told, and the engine has these containers and no others."""
    numbers = random.Random(seed)  # noqa: S311 - to be replayed, not to be guessed
    with engine_process(tmp_path, seed) as address, agents(database_url, address) as ours:
        engine = connect(address)
        clients = made_clients(ours, DEFAULT_IMAGE, range(9000, 9004))
        tools, measured = killed(ours, clients, numbers, KILLS, LONGEST, lambda: quiet(engine))
        judge(tools, engine.list(), kept_rows(database_url), clients, KILLS, measured)


@pytest.mark.docker
@pytest.mark.slow
def test_thirty_kills_on_docker_lose_nothing_and_leave_nothing(docker_endpoint, probe_image, seed, tmp_path):
    """The same with real containers, beside others that stay as they are."""
    numbers = random.Random(seed)  # noqa: S311 - to be replayed, not to be guessed
    prefix = f"dtmar-{secrets.token_hex(4)}"
    database_url = f"sqlite:///{tmp_path}/registry.db"
    with contextlib.closing(DockerEngine(docker_endpoint)) as engine:
        if not engine.has_image(probe_image):
            engine.pull(probe_image)

        def ours_in_engine():
            return [container for container in engine.list() if container.name.startswith(prefix)]

        def is_quiet():
            """Return when what dead agents have asked for is done."""

            def nothing_is_going():
                return link.connections == 0 and "removing" not in {each.status for each in ours_in_engine()}

            link.catch_up()
            wait_until(nothing_is_going, "the engine quiet", seconds=60)

        try:
            with counted_link(tmp_path, docker_endpoint) as link, agents(database_url, docker=link.endpoint) as ours:
                clients = made_clients(ours, probe_image, [free_port() for _ in range(4)], prefix)
                tools, measured = killed(ours, clients, numbers, KILLS_ON_DOCKER, LONGEST_ON_DOCKER, is_quiet)
                judge(tools, ours_in_engine(), kept_rows(database_url), clients, KILLS_ON_DOCKER, measured)
        finally:
            for container in ours_in_engine():
                engine.remove(container.id)
