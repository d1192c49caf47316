"""Agents that are killed again and again, and clients that know what they were told."""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import secrets
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from neighbours.processes import clean_environment, running, wait_until

import dtma_reference
from dtma_reference.settings import AgentSettings
from dtma_reference.supervisor import reserve_port

__all__ = ["Agents", "Client", "agents", "engine_process", "killed_round", "quiet", "states_of"]

HERE = Path(__file__).parent
ABSENT, RUNNING, STOPPED = "absent", "running", "stopped"
NOT_SENT = (ConnectionRefusedError,)


@dataclass
class Agents:
    """Starts and kills agents on one port.

    Attributes:
        settings: what each is started with.
        engine: socket of the engine, or None for Docker.
        token: opens them.
    """

    settings: AgentSettings
    engine: str | None
    token: str
    _launcher: subprocess.Popen[str]
    _agent: int = 0

    def start(self) -> None:
        """Start an agent; it does not listen yet."""
        self._agent = int(self._ask({"start": self.settings.to_json(), "engine": self.engine}))

    def wait(self) -> None:
        """Return when it listens."""
        assert self._ask({"wait": True}), "The agent did not start."

    def kill(self) -> None:
        """Kill it, and return when it is gone."""
        self._ask({"kill": self._agent})

    def connection(self, seconds: float = 20) -> http.client.HTTPConnection:
        """Return a connection to whichever agent runs."""
        return http.client.HTTPConnection(self.settings.host, self.settings.port, timeout=seconds)

    def call(self, connection, method: str, path: str, body: object = None) -> tuple[int, dict]:
        """Send a request, and return status and JSON."""
        headers = {"Authorization": f"Bearer {self.token}"}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())

    def _ask(self, line: object) -> object:
        self._launcher.stdin.write(json.dumps(line) + "\n")
        self._launcher.stdin.flush()
        return json.loads(self._launcher.stdout.readline())


@contextlib.contextmanager
def agents(registry: str, engine: str | None = None, docker: str | None = None) -> Iterator[Agents]:
    """Hold a launcher of agents on a free port."""
    token = secrets.token_urlsafe(24)
    path = {"PYTHONPATH": f"{Path(dtma_reference.__file__).parents[1]}:{HERE.parent}", "DTMA_BEARER_TOKEN": token}
    with reserve_port("127.0.0.1", 0) as reserved:
        settings = AgentSettings(port=reserved.getsockname()[1], registry=registry, docker=docker)
        launcher = subprocess.Popen(
            [sys.executable, "-m", "registry.launcher"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=clean_environment(path),
        )
        made = Agents(settings, engine, token, launcher)
        try:
            yield made
        finally:
            if made._agent:
                with contextlib.suppress(ValueError):  # it may have been killed already
                    made.kill()
            launcher.stdin.close()
            launcher.wait(10)
            launcher.stdout.close()


@contextlib.contextmanager
def engine_process(folder: Path, seed: int) -> Iterator[str]:
    """Run a memory engine until the block ends, and yield its socket."""
    address = folder / "engine.sock"
    command = [sys.executable, HERE / "engine_process.py", address, str(seed)]
    env = clean_environment({"PYTHONPATH": str(Path(dtma_reference.__file__).parents[1])})

    def is_there() -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(address)) == 0

    with running(command, log=folder / "engine.log", ready=is_there, env=env):
        yield str(address)


@dataclass
class Client:
    """One client, with names of its own: it asks at random, and knows what each name can be by what it was told.

    Attributes:
        agents: whom it asks.
        number: tells it from the others.
        image: what it deploys.
        ports: host ports that all clients share.
        names: the names.
        possible: what each of them can be; more than one word after an answer that never came.
        wrong: answers that cannot be, given all before.
    """

    agents: Agents
    number: int
    image: str
    ports: Sequence[int]
    names: list[str] = field(default_factory=list)
    possible: dict[str, set[str]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    answered: int = 0
    unanswered: int = 0

    def work(self, random_numbers: random.Random, ending: threading.Event) -> None:
        """Ask until the agent is gone."""
        connection = self.agents.connection()
        while not ending.is_set() and not self.wrong:
            if not self._ask(connection, random_numbers):
                break
        connection.close()

    def see(self, states: dict[str, str]) -> None:
        """Take note of what the agent, just started, lists."""
        for name in self.names:
            state = states.get(name, ABSENT)
            if state not in self.possible[name]:
                self.wrong.append(f"{name} is {state}, and can only be {sorted(self.possible[name])}")
            self.possible[name] = {state}

    def _ask(self, connection: http.client.HTTPConnection, numbers: random.Random) -> bool:
        name = numbers.choice(self.names)
        likely = {ABSENT: ("deploy", "deploy", "start"), RUNNING: ("stop", "delete"), STOPPED: ("start", "delete")}
        verb = numbers.choice(["deploy", "start", "stop", "delete", *likely[min(self.possible[name])]])
        method, path, body = {
            "deploy": ("POST", "/tools", self._deployment(name, numbers)),
            "start": ("POST", f"/tools/{name}/start", None),
            "stop": ("POST", f"/tools/{name}/stop", None),
            "delete": ("DELETE", f"/tools/{name}", None),
        }[verb]
        try:
            status, answer = self.agents.call(connection, method, path, body)
        except NOT_SENT:
            return False
        except (OSError, http.client.HTTPException, ValueError):
            self.unanswered += 1
            self._may_be(name, verb)
            return False
        self.answered += 1
        self._is(name, verb, status, answer)
        return True

    def _may_be(self, name: str, verb: str) -> None:
        """Widen what a name can be: it was done, or not."""
        before = self.possible[name]
        after = {
            "deploy": {RUNNING} if ABSENT in before else set(),
            "start": {RUNNING} if STOPPED in before else set(),
            "stop": {STOPPED} if RUNNING in before else set(),
            "delete": {ABSENT},
        }[verb]
        self.possible[name] = before | after

    def _is(self, name: str, verb: str, status: int, answer: dict) -> None:
        """Narrow what a name can be, by an answer."""
        said = f"{answer.get('error', '')} {answer.get('message', '')}"
        port_is_taken = "port" in said
        expected: dict[tuple[str, int], tuple[set[str], str | None]] = {
            ("deploy", 201): ({ABSENT}, RUNNING),
            ("deploy", 409): ({ABSENT} if port_is_taken else {RUNNING, STOPPED}, None),
            ("start", 200): ({RUNNING, STOPPED}, RUNNING),
            ("start", 404): ({ABSENT}, None),
            ("start", 500): ({STOPPED} if port_is_taken else set(), None),
            ("stop", 200): ({RUNNING, STOPPED}, STOPPED),
            ("stop", 404): ({ABSENT}, None),
            ("delete", 200): ({RUNNING, STOPPED}, ABSENT),
            ("delete", 404): ({ABSENT}, None),
        }
        can_have_been, is_now = expected.get((verb, status), (set(), None))
        still_possible = self.possible[name] & can_have_been
        if not still_possible:
            self.wrong.append(f"{verb} {name}: {status} {said}, and it was {sorted(self.possible[name])}")
        self.possible[name] = {is_now} if is_now is not None else still_possible

    def _deployment(self, name: str, numbers: random.Random) -> dict:
        body = {
            "dockerImageUrl": self.image,
            "instanceNameOnToolbox": name,
            "accountToolInstanceId": str(uuid.UUID(int=numbers.getrandbits(128))),
            "baseConfigOverrideJson": {"Env": ["SECRET=of-a-client"]},
        }
        if numbers.random() < 0.5:
            port = str(numbers.choice(self.ports))
            body["baseConfigOverrideJson"]["HostConfig"] = {"PortBindings": {"80/tcp": [{"HostPort": port}]}}
        return body


def states_of(tools: list[dict]) -> dict[str, str]:
    """Return what a listing says of each name."""
    return {tool["instance_name_on_toolbox"]: RUNNING if tool["status"] == "running" else STOPPED for tool in tools}


def killed_round(ours: Agents, clients: list[Client], numbers: random.Random, longest: float) -> list[dict]:
    """Start an agent, judge what it lists, have all clients ask at once, and kill it at a random moment."""
    ours.start()
    if numbers.random() < 0.1:
        # In the midst of its start.
        time.sleep(numbers.uniform(0, longest / 2))
        ours.kill()
        ours.start()
    ours.wait()
    connection = ours.connection()
    status, answer = ours.call(connection, "GET", "/tools")
    connection.close()
    assert status == 200, answer
    states = states_of(answer["tools"])
    for client in clients:
        client.see(states)
    unknown = states.keys() - {name for client in clients for name in client.names}
    assert not unknown, f"Nobody ever asked for {sorted(unknown)}."
    ending = threading.Event()
    seeds = [numbers.getrandbits(64) for _ in clients]
    threads = [
        threading.Thread(target=client.work, args=(random.Random(seed), ending))  # noqa: S311 - to be replayed, not to be guessed
        for client, seed in zip(clients, seeds, strict=True)
    ]
    for thread in threads:
        thread.start()
    if numbers.random() < 0.5:
        time.sleep(numbers.uniform(0, longest))  # the moment itself is what is tried
    else:
        _wait_for_answers(clients, numbers.randint(1, 4 * len(clients)), threads)
        time.sleep(numbers.uniform(0, longest / 10))
    ours.kill()
    ending.set()
    for thread in threads:
        thread.join()
    return answer["tools"]


def _wait_for_answers(clients: list[Client], more: int, threads: list[threading.Thread]) -> None:
    """Return when all clients together have had so many more answers, or have given up."""
    enough = sum(client.answered for client in clients) + more

    def is_enough() -> bool:
        return sum(client.answered for client in clients) >= enough or not any(each.is_alive() for each in threads)

    wait_until(is_enough, "answers", seconds=30)


def quiet(engine) -> None:
    """Return when the engine has done all that agents, dead by now, have asked of it."""
    wait_until(lambda: engine.connections() == 1, "the engine quiet", seconds=10)
