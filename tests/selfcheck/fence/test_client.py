"""The suite's client of the fence: bytes as they are, both ways; whatever is no answer is an error, no wait."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from fence.raw_target import ok, raw_target
from neighbours.processes import wait_until

from dtma_contract.agent import Agent
from dtma_contract.judgement import TargetGoneError


@pytest.fixture
def client_of():
    """Clients, closed afterwards."""
    clients = []

    def make(target, patience=5.0):
        clients.append(Agent(f"http://127.0.0.1:{target.port}", patience))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


def always(answer, connections):
    """Answer each request of a connection, and note the connections."""

    async def behave(reader, writer):
        connections.append(writer)
        writer.write(answer)
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(answer)

    return behave


def test_a_connection_is_kept(client_of):
    """Request after request goes over the same connection, and each has its own answer."""
    connections = []
    with raw_target(always(ok(b'{"a": 1}', b"X-Note: one"), connections)) as target:
        client = client_of(target)
        answers = [client.send("GET", f"/{number}") for number in range(5)]

    assert [(answer.status, answer.body) for answer in answers] == [(200, b'{"a": 1}')] * 5
    assert answers[0].headers["x-note"] == "one"
    assert len(connections) == 1


def test_one_that_was_closed_meanwhile_is_not_used_again(client_of):
    """A server that closes a kept connection, as one that was started anew has, is asked over a new one."""
    with raw_target(ok()) as target:
        client = client_of(target)
        client.send("GET", "/")
        kept = client._transport._pool.connections
        wait_until(lambda: all(one.has_expired() for one in kept), "the end of the connection", seconds=5)
        answer = client.send("GET", "/")

    assert answer.status == 200
    assert len(target.requests) == 2


def test_threads_share_a_client(client_of):
    """Requests at the same time never get each other's answers."""

    async def echo(reader, writer):
        head = target.requests[-1]
        while True:
            writer.write(ok(head.split(b" ")[1]))
            head = await reader.readuntil(b"\r\n\r\n")

    with raw_target(echo) as target, ThreadPoolExecutor(4) as pool:
        client = client_of(target)
        paths = [f"/{number}" for number in range(200)]
        bodies = list(pool.map(lambda path: client.send("GET", path).body.decode(), paths))

    assert paths == bodies


def test_a_request_is_sent_as_it_was_asked_for(client_of):
    """Target, headers and body arrive byte for byte; what may have a body says its length, also where it is empty."""
    with raw_target(ok(b"{}", b"Connection: close")) as target:
        client = client_of(target)
        client.send("POST", "/a/../b//%2e%2e%2F'[]?c=%00", headers={"X-Odd": ""}, content=b"{}", auth=None)
        client.send("POST", "/")
        client.send("DELETE", "/")
    first, second, third = target.requests

    assert first.startswith(b"POST /a/../b//%2e%2e%2F'[]?c=%00 HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"\r\nX-Odd: \r\n" in first
    assert b"\r\nContent-Length: 2\r\n" in first
    assert first.endswith(b"\r\n\r\n{}")
    assert (b"Content-Length: 0" in second, b"Content-Length" in third) == (True, False)


def test_an_answer_is_read_as_it_came(client_of):
    """What calls itself compressed is not unpacked: its bytes are what is judged."""
    with raw_target(ok(b"no gzip", b"Content-Encoding: gzip", b"Location: /elsewhere", status=b"302 Found")) as target:
        answer = client_of(target).send("GET", "/")

    assert (answer.status, answer.body) == (302, b"no gzip")


def test_an_answer_before_the_whole_request_is_an_answer(client_of):
    """A server that refuses a large body without reading it is heard."""
    with raw_target(ok(status=b"413 Content Too Large")) as target:
        target.reads = False
        answer = client_of(target).send("POST", "/", content=b"x" * 100)

    assert answer.status == 413


def test_more_headers_than_most_clients_take(client_of):
    """Two hundred headers are no reason to take a target for dead."""
    with raw_target(ok(b"{}", *(b"X-%d: y" % number for number in range(200)))) as target:
        answer = client_of(target).send("GET", "/")

    assert len(answer.headers) == 202


def test_a_header_that_comes_again_is_kept_whole(client_of):
    """Its values stand behind each other, as RFC 9110 section 5.3 has it: none hides another."""
    with raw_target(ok(b"{}", b"X-Note: one", b"x-note: two")) as target:
        answer = client_of(target).send("GET", "/")

    assert answer.headers["x-note"] == "one, two"


async def silent(reader, _writer):
    await reader.read()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"", "RemoteProtocolError"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", "RemoteProtocolError"),
        (b"garbage\r\n\r\n", "RemoteProtocolError"),
        (silent, "ReadTimeout"),
    ],
    ids=["closes", "breaks off", "no HTTP", "silent"],
)
def test_no_answer_is_an_error(client_of, answer, said):
    """What is not answered, in whatever way, is said within the patience."""
    with raw_target(answer) as target, pytest.raises(TargetGoneError, match=f"fence-unreachable: {said}"):
        client_of(target, patience=0.2).send("GET", "/")


def test_nobody_there_is_an_error(client_of):
    """Where nothing listens, this is what is said."""
    with raw_target(ok()) as target:
        gone = target
    with pytest.raises(TargetGoneError, match="fence-unreachable: ConnectError"):
        client_of(gone).send("GET", "/")
