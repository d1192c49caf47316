"""What a real Docker Engine says of an agent's container, in all the states that one can be in."""

from __future__ import annotations

import base64
import contextlib
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import quote

import docker
import pytest
from neighbours.engine import engine_client, listing
from neighbours.images import import_image
from neighbours.processes import free_port, wait_until

from dtma_contract.probes.agent_host import observe_docker

pytestmark = pytest.mark.docker

TOKEN = f"{secrets.token_urlsafe(12)}/+ {secrets.token_hex(4)}"
KEY_LINES = [secrets.token_hex(16), secrets.token_hex(16)]
AGENT_SAYS = (
    'echo "token $DTMA_BEARER_TOKEN"; echo "key $KEY" >&2; echo "$QUOTED $BASE"; echo "connect $DATABASE_URL";'
    ' echo "GET /tools/x/start 404 in production"; exec sleep 1000'
)


@dataclass(frozen=True)
class Host:
    """An engine with containers, of which each name ends alike.

    Attributes:
        endpoint: of the engine.
        suffix: of all names.
        port: that the agent publishes.
        crashing_port: that the crash loop is to publish.
        image: of all containers.
    """

    endpoint: str
    suffix: str
    port: int
    crashing_port: int
    image: str

    def observe(self, name="", *, port=1, **options):
        """Return the facts, with the agent's container named or told by its port."""
        container = f"{name}-{self.suffix}" if name else ""
        return observe_docker(self.endpoint, f"http://127.0.0.1:{port}", container=container, **options)


@pytest.fixture(scope="module")
def host(docker_endpoint):
    """Hold the containers; none ever has to be waited for when it ends."""
    suffix = secrets.token_hex(4)
    image = f"selfcheck-facts-{suffix}:latest"
    held = Host(docker_endpoint, suffix, free_port(), free_port(), image)
    import_image(docker_endpoint, image, says="facts")
    with engine_client(docker_endpoint) as client, contextlib.ExitStack() as stack:
        stack.callback(client.images.remove, image, force=True)

        def make(name, *script, **options):
            command = ["sh", "-c", *script] if script else ["sleep", "1000"]
            made = client.containers.create(image, command, name=f"{name}-{suffix}", **options)
            stack.callback(made.remove, force=True, v=True)
            return made

        make(
            "agent",
            AGENT_SAYS,
            environment={
                "DTMA_BEARER_TOKEN": TOKEN,
                "KEY": "\n".join(KEY_LINES),
                "QUOTED": quote(TOKEN, safe=""),
                "BASE": base64.b64encode(f"u:{TOKEN}".encode()).decode(),
                "DATABASE_URL": f"postgres://app:{quote(TOKEN, safe='')}@db:5432/app",
                "NODE_ENV": "production",
                "EMPTY": "",
            },
            ports={"30000/tcp": ("127.0.0.1", held.port)},
            volumes={docker_endpoint.removeprefix("unix://"): {"bind": "/var/run/docker.sock", "mode": "rw"}},
            labels={"org.opencontainers.image.revision": "4f1c", "dtma.note": f"made with {TOKEN}", "private": TOKEN},
        ).start()
        make(
            "crashing",
            "echo starting; echo failed >&2; exit 1",
            ports={"30000/tcp": ("127.0.0.1", held.crashing_port)},
            restart_policy={"Name": "always"},
        ).start()
        make("ended", "echo over; exit 3").start()
        make("terminal", "echo one; echo two >&2; exec sleep 1000", tty=True).start()
        make("long", f"echo {'x.' * 8_185}{TOKEN.split(' ', maxsplit=1)[0]}{'y' * 200}; echo end").start()
        with pytest.raises(docker.errors.APIError, match="port is already allocated"):
            make("stuck", ports={"8080/tcp": ("127.0.0.1", held.port)}).start()
        for name in ("ended", "long"):
            client.containers.get(f"{name}-{suffix}").wait()
        wait_until(lambda: len(client.containers.get(f"agent-{suffix}").logs().splitlines()) > 5, "log", seconds=10)
        wait_until(lambda: len(client.containers.get(f"terminal-{suffix}").logs().splitlines()) > 1, "log", seconds=10)
        yield held


def test_a_running_agent_is_found_by_its_port(host):
    """With its image, its mounts and its labels; of its variables no value, of its labels none of other people."""
    facts = host.observe(port=host.port)

    agent = facts.agent_container
    assert (facts.problem, facts.agent) == ("", f"agent-{host.suffix}")
    assert facts.chosen_by == f"it publishes port {host.port}, as stuck-{host.suffix} does"
    assert (agent.state, agent.exit_code, agent.error, agent.restart_count) == ("running", None, "", 0)
    assert (agent.image, agent.image_id[:7], agent.revision) == (host.image, "sha256:", "4f1c")
    assert (agent.ports, agent.socket_mounted) == ({"30000/tcp": (host.port,)}, True)
    assert agent.environment == {
        **dict.fromkeys(("BASE", "DATABASE_URL", "DTMA_BEARER_TOKEN", "KEY", "NODE_ENV", "PATH", "QUOTED"), False),
        "EMPTY": True,
    }
    assert agent.labels == {"org.opencontainers.image.revision": "4f1c", "dtma.note": "made with [redacted]"}
    assert agent.created_at <= agent.started_at < facts.at
    assert agent.image_created <= agent.created_at


def test_no_secret_of_a_log_gets_out(host):
    """However it is spelled there; what tells of the agent's work stays."""
    facts = host.observe("agent")

    texts = {line.text for line in facts.log}
    assert "GET /tools/x/start 404 in production" in texts
    assert "token [redacted]" in texts
    told = repr(facts)
    assert [value for value in (*TOKEN.split(), *KEY_LINES, quote(TOKEN, safe="")) if value in told] == []
    assert base64.b64encode(f"u:{TOKEN}".encode()).decode()[4:20] not in told


def test_a_crash_loop_is_told_with_its_count_its_exit_code_and_its_log(host):
    """Between two starts nothing is published; what is to be published tells that it is the agent's."""

    def has_restarted():
        container = host.observe("crashing").agent_container
        return container.restart_count > 1 and container.state == "restarting"

    wait_until(has_restarted, "restarting", seconds=20)
    facts = host.observe(port=host.crashing_port)

    crashing = facts.agent_container
    assert facts.agent == f"crashing-{host.suffix}"
    assert crashing.state in {"restarting", "running"}
    assert crashing.exit_code == (1 if crashing.state == "restarting" else None)
    assert (crashing.restart_policy, crashing.host_ports) == ("always", {host.crashing_port})
    assert {line.text for line in facts.log} == {"starting", "failed"}
    assert not crashing.socket_mounted


def test_a_container_that_has_ended_is_told_with_its_exit_code(host):
    """And with its last words. The engine may stamp the start of so short a life after its end and its words."""
    facts = host.observe("ended")

    ended = facts.agent_container
    assert (facts.chosen_by, ended.state, ended.exit_code) == ("it was named", "exited", 3)
    assert ended.created_at < min(ended.started_at, ended.finished_at, facts.log[0].at)
    assert [line.text for line in facts.log] == ["over"]


def test_a_container_that_could_not_start_says_why(host):
    """A taken port leaves it behind as created; it never ended, and has no exit code."""
    stuck = host.observe("stuck").agent_container

    assert (stuck.state, stuck.exit_code, stuck.started_at, stuck.host_ports) == ("created", None, "", {host.port})
    assert "port is already allocated" in stuck.error


def test_the_log_of_a_terminal_is_read(host):
    """It comes without frames."""
    log = host.observe("terminal").log

    assert [line.text for line in log] == ["one", "two"]
    assert [line.at[:2] for line in log] == ["20", "20"]


def test_a_line_that_the_engine_has_cut_is_put_together(host):
    """It cuts at 16 KiB, here in the middle of a secret of another container."""
    log = host.observe("long").log

    assert [line.text for line in log] == ["x." * 149 + "x…", "end"]


def test_the_last_lines_are_given(host):
    """As many as are asked for."""
    assert [line.text for line in host.observe("terminal", most_lines=1).log] == ["two"]


def test_a_name_that_is_not_there_is_told(host):
    """The other containers are told all the same."""
    facts = host.observe("missing")

    assert (facts.problem, facts.agent, facts.log) == ("", "", ())
    assert facts.chosen_by == f"no container is named missing-{host.suffix}"
    assert facts.container(f"agent-{host.suffix}")


def test_nothing_changes_on_the_host(host):
    """The engine's list of containers is the same before and after, but for the one that restarts by itself."""

    def others():
        return [line for line in listing(host.endpoint).splitlines() if "crashing" not in line]

    before = others()
    host.observe("agent")

    assert others() == before


def test_an_engine_behind_ssh_says_the_same(host, ssh_host):
    """Through this machine's own ssh."""
    socket = host.endpoint.removeprefix("unix://")
    facts = observe_docker(ssh_host.endpoint(socket), f"http://127.0.0.1:{host.port}")

    here = host.observe(port=host.port)
    assert (facts.problem, facts.agent_container) == ("", here.agent_container)
    assert facts.log == here.log


def test_a_socket_that_the_ssh_host_does_not_have_is_told(ssh_host, tmp_path, docker_endpoint):
    """The host is there, its engine is not."""
    facts = observe_docker(ssh_host.endpoint(tmp_path / "none.sock"), "http://127.0.0.1:1")

    assert facts.problem == "the Docker Engine cannot be asked: it closed the connection without an answer"


def test_fifty_containers_take_under_three_seconds(host):
    """They are inspected side by side, and all their variables are looked for in the log."""
    with engine_client(host.endpoint) as client, contextlib.ExitStack() as stack:

        def make(number):
            environment = {f"SETTING_{each}": secrets.token_urlsafe(24) for each in range(20)}
            made = client.containers.create(host.image, environment=environment, name=f"many-{number}-{host.suffix}")
            stack.callback(made.remove, force=True)

        with ThreadPoolExecutor(4) as makers:
            list(makers.map(make, range(45)))
        began = time.monotonic()
        facts = host.observe("agent")
        took = time.monotonic() - began

    assert len(facts.containers) >= 50
    assert took < 3
