"""Whatever answers in a Docker Engine's place becomes facts; nothing it does raises, hangs or gets a secret out."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time

import pytest
from neighbours.fake_engine import running_fake_engine
from neighbours.processes import free_port

from dtma_contract.probes import agent_host
from dtma_contract.probes.agent_host import observe_docker

TARGET = "http://droplet:30000"
LINE = b"2026-11-24T10:00:00.5Z key=hunter22 hunter22\n"
FRAMED = b"\1\0\0\0" + len(LINE).to_bytes(4) + LINE
LISTED = {"Id": "a1" * 32, "Names": ["/dtma_manager"], "State": "running", "Image": "dtma:latest"}
INSPECTED = {
    "Id": "a1" * 32,
    "Name": "/dtma_manager",
    "State": {"Status": "running"},
    "Config": {"Image": "dtma:latest", "Env": ["SOMETHING=hunter22"]},
}


@pytest.fixture
def engine(tmp_path):
    """Give what runs a fake engine with some answers and observes it."""

    def observe(answers, **options):
        with running_fake_engine(tmp_path, answers) as fake:
            facts = observe_docker(fake.endpoint, TARGET, **options)
        assert {request.split()[0] for request in fake.requests} <= {"GET"}
        return facts, fake

    return observe


def drip(write, ended):
    write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n[")
    while not ended.wait(0.05):
        write(b" ")


def silence(write, ended):
    ended.wait()


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"<html>hello</html>", "no Docker Engine"),
        ({"message": "x"}, "no Docker Engine"),
        (None, "no Docker Engine"),
        (b"[" * 100_000, "no Docker Engine"),
        ((500, {"message": "driver is broken"}), "it answered 500: driver is broken"),
        ((403, b"no"), "it answered 403"),
        ((500, {"message": "password=hunter22"}), r"password=\[redacted\]"),
        ((500, {"message": "\ud800"}), "it answered 500"),
        (lambda write, ended: write(b"\0\1\2garbage\r\n\r\n"), "no proper HTTP"),
        (lambda write, ended: None, "closed the connection"),
        (lambda write, ended: write(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 1000), "no proper HTTP"),
        (lambda write, ended: write(b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 9_000_000), "more than 8388608 bytes"),
    ],
)
def test_what_answers_and_is_no_engine_is_a_problem(engine, answer, problem):
    """The facts say what came instead."""
    facts, _ = engine({"/containers/json": answer})

    assert re.search(problem, facts.problem)
    assert (facts.containers, facts.log, facts.agent) == ((), (), "")


@pytest.mark.parametrize("answer", [drip, silence])
def test_an_engine_that_never_ends_its_answer_is_given_up(engine, monkeypatch, answer):
    """Bytes that trickle in hold nothing up for longer than the whole observation may take."""
    monkeypatch.setattr(agent_host, "_SECONDS", 0.5)
    began = time.monotonic()
    facts, _ = engine({"/containers/json": answer})

    assert re.search("did not answer", facts.problem)
    assert time.monotonic() - began < 3


def test_a_container_that_hangs_hides_no_other(engine, monkeypatch):
    """Of the one that cannot be inspected, the list tells; the time that is over is no problem of the others."""
    monkeypatch.setattr(agent_host, "_SECONDS", 1)
    other = {**LISTED, "Id": "b2" * 32, "Names": ["/other"]}
    facts, _ = engine(
        {
            "/containers/json": [LISTED, other],
            f"/containers/{other['Id']}/json": drip,
            f"/containers/{LISTED['Id']}/json": INSPECTED,
        }
    )

    assert [(each.name, each.state, bool(each.environment)) for each in facts.containers] == [
        ("dtma_manager", "running", True),
        ("other", "running", False),
    ]


@pytest.mark.parametrize(
    "endpoint", ["unix:///no/such/socket", "nonsense://x", "tcp://", "", "unix://\0", "ssh://a b\0"]
)
def test_an_endpoint_that_leads_nowhere_is_a_problem(endpoint):
    """Also one that is no address at all."""
    facts = observe_docker(endpoint, TARGET)

    assert facts.problem
    assert facts.containers == ()


def test_a_closed_port_is_a_problem():
    """With what the operating system says."""
    facts = observe_docker(f"tcp://127.0.0.1:{free_port()}", TARGET)

    assert facts.problem == "the Docker Engine cannot be asked: connection refused"


def test_a_password_in_an_endpoint_is_not_repeated():
    """Nor is a given secret."""
    facts = observe_docker("tcp://user:hunter22@127.0.0.1:1/word44", TARGET, secrets=["word44"])

    assert (facts.endpoint, "hunter22" in repr(facts), "word44" in repr(facts)) == (
        "tcp://[redacted]@127.0.0.1:1/[redacted]",
        False,
        False,
    )


def test_an_engine_on_tcp_is_asked_too(tmp_path):
    """A minimal one that closes each connection after its answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            # Until the server is closed, which may be while it is waited for.
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection:
                        connection.recv(4096)
                        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[]")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        facts = observe_docker(f"tcp://127.0.0.1:{server.getsockname()[1]}", TARGET)

    assert (facts.problem, facts.agent, facts.chosen_by) == (
        "",
        "",
        "no container publishes port 30000, and none has dtma in its name or image",
    )


ODD = [
    None,
    [],
    "x",
    7,
    True,
    {"a": 1},
    [None, 7, {}],
    {"80/tcp": [None, {"HostPort": "x"}, {"HostPort": 9}]},
    "\ud800",
]


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_a_member_of_another_type_is_left_out(engine, odd):
    """Whatever stands in any place of an inspection, the container is told by its name."""
    keys = ("State", "Config", "HostConfig", "NetworkSettings", "Mounts", "Args", "Created", "RestartCount", "Image")
    inner = [
        {
            **INSPECTED,
            "State": dict.fromkeys(("Status", "ExitCode", "Error", "Health", "FinishedAt", "OOMKilled"), odd),
        },
        {**INSPECTED, "Config": dict.fromkeys(("Image", "Env", "Labels", "Tty", "Cmd", "ExposedPorts"), odd)},
        {**INSPECTED, "HostConfig": dict.fromkeys(("PortBindings", "RestartPolicy", "Binds", "NetworkMode"), odd)},
        {**INSPECTED, "NetworkSettings": {"Ports": odd}, "Mounts": [odd]},
    ]
    several = [{**INSPECTED, key: odd} for key in keys] + inner
    entries = [{**LISTED, "Id": f"{number:064x}", "Names": [f"/c{number}"]} for number in range(len(several))]
    answers = {
        f"/containers/{entry['Id']}/json": {**each, "Id": entry["Id"], "Name": entry["Names"][0]}
        for entry, each in zip(entries, several, strict=True)
    }
    facts, _ = engine({"/containers/json": [odd, *entries], "/images/": odd, **answers})

    assert [each.name for each in facts.containers] == [f"c{number}" for number in range(len(several))]
    repr(facts).encode()


@pytest.mark.parametrize("inspection", [(404, {}), (500, {"message": "no"}), [], {}, b"{"])
def test_a_container_that_cannot_be_inspected_is_told_by_the_list(engine, inspection):
    """One that went away meanwhile is left out. The log stays away: its secrets are not known."""
    facts, fake = engine(
        {
            "/containers/json": [LISTED],
            f"/containers/{LISTED['Id']}/json": inspection,
            f"/containers/{LISTED['Id']}/logs": FRAMED,
        }
    )

    is_gone = inspection == (404, {})
    assert [each.name for each in facts.containers] == ([] if is_gone else ["dtma_manager"])
    assert facts.log == ()
    assert not [request for request in fake.requests if "/logs" in request]


def test_a_log_that_cannot_be_read_is_told(engine):
    """Some log drivers give nothing back."""
    refusal = (501, {"message": "configured logging driver does not support reading"})
    facts, _ = engine(
        {
            "/containers/json": [LISTED],
            f"/containers/{LISTED['Id']}/json": INSPECTED,
            f"/containers/{LISTED['Id']}/logs": refusal,
        }
    )

    assert (facts.agent, facts.log_problem) == (
        "dtma_manager",
        "it answered 501: configured logging driver does not support reading",
    )


def test_no_value_of_a_variable_gets_out(engine):
    """Not in the log, not in an error, not in a label; of the variable, its name alone is told."""
    inspected = {
        **INSPECTED,
        "State": {"Status": "created", "Error": "exec: hunter22: not found"},
        "Config": {**INSPECTED["Config"], "Labels": {"dtma.note": "hunter22", "other": "hunter22"}},
    }
    facts, _ = engine(
        {
            "/containers/json": [LISTED],
            f"/containers/{LISTED['Id']}/json": inspected,
            f"/containers/{LISTED['Id']}/logs": FRAMED,
        }
    )

    (container,) = facts.containers
    assert [line.text for line in facts.log] == ["key=[redacted] [redacted]"]
    assert (container.error, dict(container.labels)) == ("exec: [redacted]: not found", {"dtma.note": "[redacted]"})
    assert container.environment == {"SOMETHING": False}
    assert "hunter22" not in repr(facts)


def test_of_many_containers_the_agent_is_inspected_wherever_it_is_listed(engine):
    """Two hundred are inspected at most; the others are told by the list."""
    others = [{**LISTED, "Id": f"{number:064x}", "Names": [f"/c{number}"], "Image": "x"} for number in range(300)]
    answers = {
        f"/containers/{each['Id']}/json": {**INSPECTED, "Id": each["Id"], "Name": each["Names"][0]} for each in others
    }
    facts, fake = engine(
        {"/containers/json": [*others, LISTED], f"/containers/{LISTED['Id']}/json": INSPECTED, **answers}
    )

    assert len(facts.containers) == 301
    assert facts.agent_container.environment == {"SOMETHING": False}
    assert len([request for request in fake.requests if request.endswith("/json") and "/containers/" in request]) == 200


def test_one_failure_to_list_is_asked_again(engine):
    """Some engines fail to list where a container is removed meanwhile."""
    said = iter([b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"])
    facts, _ = engine({"/containers/json": lambda write, ended: write(next(said))})

    assert facts.problem == ""
