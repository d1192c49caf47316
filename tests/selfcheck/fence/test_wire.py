"""The suite's wire to the fence: connections are kept, and whatever is no answer is an error and not a wait."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from fence.raw_target import ok, raw_target
from neighbours.processes import wait_until

from dtma_contract.agent import Agent
from dtma_contract.wire import LoopbackWire, WireError


@pytest.fixture
def wire_to():
    """Wires, closed afterwards."""
    wires = []

    def make(target, patience=5.0):
        wires.append(LoopbackWire("127.0.0.1", target.port, patience))
        return wires[-1]

    yield make
    for wire in wires:
        wire.close()


def always(answer, connections):
    """Answer each request of a connection, and note the connections."""

    async def behave(reader, writer):
        connections.append(writer)
        writer.write(answer)
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(answer)

    return behave


def test_a_connection_is_kept(wire_to):
    """Request after request goes over the same connection, and each has its own answer."""
    connections = []
    with raw_target(always(ok(b'{"a": 1}', b"X-Note: one"), connections)) as target:
        wire = wire_to(target)
        answers = [wire.ask("GET", f"/{number}", [], b"") for number in range(5)]

    assert [(answer.status, answer.body) for answer in answers] == [(200, b'{"a": 1}')] * 5
    assert dict(answers[0].headers)["x-note"] == "one"
    assert len(connections) == 1


def test_one_that_ends_is_not_used_again(wire_to):
    """After an answer that announces the end the next request goes over a new connection."""
    with raw_target(ok(b"{}", b"Connection: close")) as target:
        wire = wire_to(target)
        answers = [wire.ask("GET", "/", [], b"").status for _ in range(5)]

    assert answers == [200] * 5
    assert len(target.requests) == 5


def test_one_that_was_closed_meanwhile_is_not_used_again(wire_to):
    """A server that closes a kept connection, as one that was started anew has, is asked over a new one."""
    with raw_target(ok()) as target:
        wire = wire_to(target)
        wire.ask("GET", "/", [], b"")
        (kept,) = wire._idle
        wait_until(lambda: not kept.is_quiet(), "the end of the connection", seconds=5)
        answer = wire.ask("GET", "/", [], b"")

    assert answer.status == 200
    assert len(target.requests) == 2


def test_threads_share_a_wire(wire_to):
    """Requests at the same time never get each other's answers."""

    async def echo(reader, writer):
        head = target.requests[-1]
        while True:
            writer.write(ok(head.split(b" ")[1]))
            head = await reader.readuntil(b"\r\n\r\n")

    with raw_target(echo) as target, ThreadPoolExecutor(4) as pool:
        wire = wire_to(target)
        paths = [f"/{number}" for number in range(200)]
        bodies = list(pool.map(lambda path: wire.ask("GET", path, [], b"").body.decode(), paths))

    assert paths == bodies


def test_a_request_is_sent_as_it_was_asked_for(wire_to):
    """Target, headers and body arrive byte for byte; what may have a body says its length, also where it is empty."""
    with raw_target(ok(b"{}", b"Connection: close")) as target:
        wire = wire_to(target)
        wire.ask("POST", "/a%2Fb?c=%00", [("X-Odd", "")], b"{}")
        wire.ask("POST", "/", [], b"")
        wire.ask("DELETE", "/", [], b"")
    first, second, third = target.requests

    assert first.startswith(b"POST /a%2Fb?c=%00 HTTP/1.1\r\nHost: 127.0.0.1:")
    assert first.endswith(b"X-Odd: \r\nContent-Length: 2\r\n\r\n{}")
    assert (b"Content-Length: 0" in second, b"Content-Length" in third) == (True, False)


def test_an_answer_before_the_whole_request_is_an_answer(wire_to):
    """A server that refuses a large body without reading it is heard."""
    with raw_target(ok(status=b"413 Content Too Large")) as target:
        target.reads = False
        answer = wire_to(target).ask("POST", "/", [], b"x" * 100)

    assert answer.status == 413


def test_more_headers_than_most_clients_take(wire_to):
    """Two hundred headers are no reason to take a target for dead."""
    with raw_target(ok(b"{}", *(b"X-%d: y" % number for number in range(200)))) as target:
        answer = wire_to(target).ask("GET", "/", [], b"")

    assert len(answer.headers) == 202


def test_a_header_that_comes_again_is_kept_whole(wire_to):
    """Its values stand behind each other, as RFC 9110 section 5.3 has it: none hides another."""
    with raw_target(ok(b"{}", b"X-Note: one", b"x-note: two")) as target:
        answer = Agent(f"http://127.0.0.1:{target.port}", wire=wire_to(target)).send("GET", "/")

    assert answer.headers["x-note"] == "one, two"


async def silent(reader, _writer):
    await reader.read()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"", "RemoteProtocolError"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", "RemoteProtocolError"),
        (b"garbage\r\n\r\n", "RemoteProtocolError"),
        (silent, "TimeoutError"),
    ],
    ids=["closes", "breaks off", "no HTTP", "silent"],
)
def test_no_answer_is_an_error(wire_to, answer, said):
    """What is not answered, in whatever way, is said within the patience."""
    with raw_target(answer) as target, pytest.raises(WireError, match=said):
        wire_to(target, patience=0.2).ask("GET", "/", [], b"")


def test_nobody_there_is_an_error():
    """Where nothing listens, this is what is said."""
    with raw_target(ok()) as target:
        port = target.port
    with pytest.raises(WireError, match="ConnectionRefusedError"):
        LoopbackWire("127.0.0.1", port, 5.0).ask("GET", "/", [], b"")
