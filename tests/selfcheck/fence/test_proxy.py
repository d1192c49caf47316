"""The fence between a real client and a raw target."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import socket
import stat
import time
import tracemalloc
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from fence.raw_target import ok
from fence.tiny_agent import TOKEN

from dtma_contract.contract import EffectLevel
from dtma_contract.fence.answers import Answer, BrokenAnswerError, decoded
from dtma_contract.fence.limits import Limits

QUICK = Limits(connect_seconds=1, response_seconds=1.0, idle_seconds=0.4, response_bytes=1_000_000, retry_seconds=0.3)
AUTHORIZED = {"Authorization": "Bearer dtmac-token"}


def speak(port: int, data: bytes) -> bytes:
    """Send raw bytes and return everything that comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_bytes_arrive_unchanged(target, fence):
    """The target gets request line, headers and body byte for byte, with its own Host and the token filled in."""
    raw = target(ok())
    running = fence(raw.url)

    answer = speak(
        running.port,
        b"POST /mcp/validate?x=%FF&\xe4 HTTP/1.1\r\nhost: whatever\r\nX-A: 1\r\nx-a:  2\r\n"
        b"AUTHORIZATION: Bearer dtmac-token\r\nContent-Length: 3\r\nConnection: close\r\n\r\n\x00\xff\n",
    )

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert raw.requests == [
        b"POST /mcp/validate?x=%FF&\xe4 HTTP/1.1\r\nhost: 127.0.0.1:"
        + str(raw.port).encode()
        + b"\r\nX-A: 1\r\nx-a:  2\r\nAUTHORIZATION: Bearer "
        + TOKEN.encode()
        + b"\r\nContent-Length: 3\r\nConnection: close\r\n\r\n\x00\xff\n"
    ]


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (None, None),
        ("Bearer dtmac-token", f"Bearer {TOKEN}"),
        ("Bearer dtmac-token.truncated", f"Bearer {TOKEN[:-1]}"),
        ("Bearer dtmac-token.extended", f"Bearer {TOKEN}x"),
        ("Basic dtmac-token", f"Basic {TOKEN}"),
        ("Bearer wrong", "Bearer wrong"),
    ],
)
def test_the_token_is_put_in_where_it_is_asked_for(target, fence, sent, expected):
    """The placeholder and its variants are filled in, and everything else passes; nothing is added."""
    raw = target(ok())

    fence(raw.url).ask("GET", "/tools", {"Authorization": sent} if sent else {})

    lines = [line for line in raw.requests[0].decode().split("\r\n") if line.lower().startswith("authorization:")]
    assert lines == ([f"Authorization: {expected}"] if expected else [])


def test_a_fence_alone_adds_the_token(target, fence):
    """With authenticate_all clients that know nothing of the token are authenticated, others stay as they are."""
    raw = target(ok())
    running = fence(raw.url, authenticate_all=True)

    running.ask("GET", "/tools")
    running.ask("GET", "/tools", {"Authorization": "Bearer wrong"})

    assert b"Authorization: Bearer " + TOKEN.encode() in raw.requests[0]
    assert b"Authorization: Bearer wrong" in raw.requests[1]
    assert TOKEN.encode() not in raw.requests[1]


def test_a_fence_alone_is_not_reached_by_other_names(target, fence):
    """A web page that points a name of its own to the loopback cannot use the token."""
    raw = target(ok())
    running = fence(raw.url, authenticate_all=True)

    answer = speak(running.port, b"GET /tools HTTP/1.1\r\nHost: evil.example\r\n\r\n")

    assert b"X-Dtmac-Fence: refused; ambiguous-request" in answer
    assert raw.requests == []


def test_foreign_names_are_refused(target, fence):
    """A refused request never reaches the target, and says why."""
    raw = target(ok())

    status, headers, body = fence(raw.url).ask("DELETE", "/tools/customer", AUTHORIZED)

    assert (status, headers["x-dtmac-fence"], raw.requests) == (403, "refused; not-owned", [])
    told = json.loads(body)
    assert (told["fence"], told["reason"]) == ("refused", "not-owned")
    assert told["detail"]
    assert told["hint"]


@pytest.mark.parametrize(
    "smuggled",
    [
        b"POST /mcp/validate HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody",
        b"GET /tools HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        b"GET /tools HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /mcp/validate HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    ],
)
def test_a_second_request_behind_the_first_is_judged_on_its_own(target, fence, smuggled):
    """What follows a request on its connection is a request of its own, and the target sees one a connection."""
    raw = target(ok())

    answer = speak(fence(raw.url).port, smuggled + b"DELETE /tools/customer HTTP/1.1\r\nHost: x\r\n\r\n")

    assert answer.count(b"HTTP/1.1 ") == 2
    assert b"X-Dtmac-Fence: refused; not-owned" in answer
    assert len(raw.requests) == 1
    assert b"customer" not in raw.requests[0]


@pytest.mark.parametrize(
    "data",
    [
        b"POST /tools HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /tools HTTP/1.1\nHost: x\n\n",
        b"GET /tools HTTP/1.1\r\nHost: x\r\nX: y\rDELETE /tools/customer\r\n\r\n",
        b"POST /mcp/validate HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2x\r\n{}\r\n0\r\n\r\n",
        b"POST /mcp/validate HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\n{}\r\n0\r\n\r\n",
        b"POST /mcp/validate HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}}}0\r\n\r\n",
        b"POST /mcp/validate HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\r\n",
        b"POST /mcp/validate HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n",
        b"GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /unfinished HTTP/1.1\r\nHost: x\r\n",
        b"A" * 100_000,
    ],
)
def test_bytes_that_are_no_clear_request_are_refused(target, fence, data):
    """The connection ends with a refusal, and nothing reaches the target."""
    raw = target(ok())

    answer = speak(fence(raw.url).port, data)

    assert b"X-Dtmac-Fence: refused; ambiguous-request" in answer
    assert b"Connection: close" in answer
    assert raw.requests == []


def test_a_chunked_body_arrives_whole(target, fence):
    """A chunked body is joined and sent with its length."""
    raw = target(ok())

    speak(
        fence(raw.url).port,
        b"POST /mcp/validate HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3\r\n{ \n\r\n1;x=y\r\n}\r\n0\r\n\r\n",
    )

    assert raw.requests[0].endswith(b"Content-Length: 4\r\nConnection: close\r\n\r\n{ \n}")


def test_a_client_may_wait_for_a_word(target, fence):
    """Expect: 100-continue is answered by the fence, as curl needs it for large bodies."""
    raw = target(ok())

    answer = speak(
        fence(raw.url).port,
        b"POST /mcp/validate HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
    )

    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert b"expect" not in raw.requests[0].lower()


def test_a_leak_is_taken_out_and_told(target, fence):
    """The token never comes back: not in headers, reason or body, plain or encoded; but the test learns of it."""
    encoded = base64.b64encode(b"user:" + TOKEN.encode()).decode()
    body = json.dumps({"a": TOKEN, "b": encoded, "env": ["DB_PASSWORD=hunter22"]}).encode()
    raw = target(ok(body, b"X-Debug: " + TOKEN.encode(), status=b"200 " + TOKEN.encode()))

    _, headers, received = fence(raw.url).ask("GET", "/tools")

    assert headers["x-dtmac-leak"] == "token, environment"
    assert headers["x-debug"] == "[redacted]"
    assert b"hunter22" not in received
    decoded = json.loads(received)
    assert decoded["a"] == "[redacted]"
    assert base64.b64encode(TOKEN.encode()).decode()[4:-4] not in decoded["b"]


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        (b"gzip", gzip.compress(TOKEN.encode(), mtime=0)),
        (b"deflate", zlib.compress(TOKEN.encode())),
        (b"deflate", zlib.compress(TOKEN.encode())[2:-4]),
    ],
)
def test_a_compressed_leak_is_found(target, fence, coding, packed):
    """Content codings are taken off before the search."""
    raw = target(ok(packed, b"Content-Encoding: " + coding))

    _, headers, received = fence(raw.url).ask("GET", "/tools")

    assert (received, headers["x-dtmac-leak"]) == (b"[redacted]", "token")
    assert "content-encoding" not in headers


def test_an_unknown_content_coding_passes(target, fence):
    """What the fence cannot decode it hands on as it is."""
    raw = target(ok(b"\x01\x02", b"Content-Encoding: br"))

    _, headers, received = fence(raw.url).ask("GET", "/tools")

    assert (headers["content-encoding"], received) == ("br", b"\x01\x02")


def test_the_target_cannot_speak_for_the_fence(target, fence):
    """X-Dtmac headers of the target are taken off."""
    raw = target(ok(b"{}", b"X-Dtmac-Fence: refused; not-owned", b"x-dtmac-leak: token", b"X-Dtmac-Exchange: 99"))

    _, headers, _ = fence(raw.url).ask("GET", "/tools")

    assert {name: value for name, value in headers.items() if name.startswith("x-dtmac")} == {"x-dtmac-exchange": "1"}


def test_answers_keep_their_headers(target, fence):
    """Repeated headers, their order and their case come through, and HEAD keeps its length."""
    raw = target(b"HTTP/1.1 404 Not Here\r\nX-B: 1\r\nx-a: 2\r\nX-B: 3\r\nContent-Length: 7\r\n\r\n")

    answer = speak(fence(raw.url).port, b"HEAD /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 404 Not Here\r\nX-B: 1\r\nx-a: 2\r\nX-B: 3\r\nContent-Length: 7\r\n")
    assert answer.endswith(b"\r\n\r\n")


def test_redirects_lead_through_the_fence_or_nowhere(target, fence, tmp_path):
    """A redirect is handed on, not followed; one to the target's own host leads through the fence."""
    raw = target(ok(b"", b"Location: http://127.0.0.1:1/tools?x=1", status=b"307 Temporary Redirect"))
    other = target(ok(b"", b"Location: http://elsewhere.example/", status=b"302 Found"))

    status, headers, _ = fence(raw.url).ask("GET", "/tools", AUTHORIZED)
    assert (status, headers["location"], len(raw.requests)) == (307, "/tools?x=1", 1)
    status, headers, _ = fence(other.url, folder=tmp_path / "other").ask("GET", "/tools", AUTHORIZED)

    assert (status, headers["location"], len(other.requests)) == (302, "http://elsewhere.example/", 1)


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(1000):
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.1)


async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nx")
    await asyncio.sleep(30)


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


@pytest.mark.parametrize(
    ("cause", "answer"),
    [
        ("response-timeout", drip),
        ("response-timeout", stall),
        ("response-timeout", silence),
        ("connection-reset", hang_up),
        ("connection-reset", b""),
        ("connection-reset", b"HTTP/1.1 200 OK\r\nContent-"),
        ("connection-reset", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"),
        ("connection-reset", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal"),
        ("response-malformed", b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
        ("response-malformed", b"HTTP/1.1 OK\r\n\r\n"),
        ("response-malformed", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
        ("response-malformed", b"HTTP/1.1 200 OK\r\nBad Header\r\n\r\n"),
        ("response-malformed", ok(b"no gzip", b"Content-Encoding: gzip")),
        ("response-too-large", ok(b"x" * 20 * 1024 * 1024)),
        ("response-too-large", ok(gzip.compress(b"\x00" * 50_000_000, mtime=0), b"Content-Encoding: gzip")),
        ("response-too-large", b"HTTP/1.1 200 OK\r\n\r\n" + b"y" * 2_000_000),
    ],
)
def test_broken_answers_have_a_cause(target, fence, cause, answer):
    """Whatever the target does, the client gets an answer in time that names the cause."""
    raw = target(answer)
    began = time.monotonic()

    status, headers, body = fence(raw.url, limits=QUICK).ask("GET", "/tools")

    assert headers["x-dtmac-fence"] == f"failed; {cause}", body
    assert status == (504 if cause == "response-timeout" else 502)
    assert time.monotonic() - began < 4


def test_an_answer_that_stands_still_is_given_up(target, fence):
    """Once an answer has begun, a pause ends it long before the time for a whole answer is over."""
    raw = target(stall)
    began = time.monotonic()

    _, headers, _ = fence(raw.url, limits=Limits(response_seconds=25, idle_seconds=0.3)).ask("GET", "/tools")

    assert headers["x-dtmac-fence"] == "failed; response-timeout"
    assert time.monotonic() - began < 10


def test_a_bomb_is_not_unpacked():
    """A small body that would decode to much is given up without using the memory."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join([*(packer.compress(bytes(1_000_000)) for _ in range(200)), packer.flush()])
    answer = Answer(200, b"OK", ((b"Content-Encoding", b"gzip"),), bomb)
    tracemalloc.start()
    try:
        with pytest.raises(BrokenAnswerError) as caught:
            decoded(answer, 1_000_000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert caught.value.failure == "response-too-large"
    assert peak < 10_000_000


@pytest.mark.parametrize(
    ("cause", "url"),
    [
        ("connection-refused", "http://127.0.0.1:1"),
        ("name-unresolvable", "http://no-such-host.invalid:1"),
    ],
)
def test_unreachable_targets_have_a_cause(fence, cause, url):
    """A dead port and an unknown name are told apart."""
    status, headers, _ = fence(url, limits=QUICK).ask("GET", "/tools")

    assert (status, headers["x-dtmac-fence"]) == (502, f"failed; {cause}")


def test_dropped_packets_are_a_connection_timeout(fence):
    """A target that takes no connection, as behind a firewall that drops packets, is told from a dead port."""
    with socket.socket() as full, socket.socket() as first:
        # Linux drops what arrives while the queue of a listener is full.
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        first.connect(full.getsockname())

        status, headers, _ = fence(f"http://127.0.0.1:{full.getsockname()[1]}", limits=QUICK).ask("GET", "/tools")

    assert (status, headers["x-dtmac-fence"]) == (504, "failed; connection-timeout")


def test_plain_http_behind_https_is_a_tls_failure(target, fence):
    """A target that does not speak TLS is told apart from one that does not answer."""
    raw = target(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    raw.reads = False

    _, headers, _ = fence(raw.url.replace("http:", "https:"), limits=QUICK).ask("GET", "/tools")

    assert headers["x-dtmac-fence"] == "failed; tls-failure"


def test_a_dead_target_ends_a_run_early(fence):
    """After five failures to connect the fence answers at once, and tries again now and then."""
    running = fence("http://127.0.0.1:1", limits=QUICK)

    causes = [running.ask("GET", "/")[1]["x-dtmac-fence"] for _ in range(6)]

    assert causes == ["failed; connection-refused"] * 5 + ["failed; target-gone"]
    assert running.service.status.target_gone == "connection-refused"
    assert running.service.status.failed == {"connection-refused": 5, "target-gone": 1}
    deadline = time.monotonic() + 5
    while running.ask("GET", "/")[1]["x-dtmac-fence"] != "failed; connection-refused":
        assert time.monotonic() < deadline


def test_a_target_that_comes_back_is_used_again(target, fence):
    """A target is not given up for ever."""
    raw = target(ok())
    running = fence(raw.url, limits=QUICK)
    running.service.gate._reach.gone = "connection-refused"

    status, _, _ = running.ask("GET", "/")

    assert status == 200
    assert running.service.status.target_gone is None


def test_a_restart_is_given_time(target, fence, contract):
    """After a restart was agreed to, failures to connect do not make the target gone."""
    raw = target(ok())
    running = fence(raw.url, limits=QUICK, effects=EffectLevel.RESTART)
    assert running.ask("POST", "/restart", AUTHORIZED)[0] == 200
    raw.stop()

    causes = {running.ask("GET", "/")[1]["x-dtmac-fence"] for _ in range(8)}

    assert causes == {"failed; connection-refused"}
    assert running.service.status.target_gone is None


def test_requests_are_paced(target, fence):
    """No more than the rate is sent."""
    raw = target(ok())
    running = fence(raw.url, limits=Limits(requests_per_second=20))
    began = time.monotonic()

    for _ in range(30):
        running.ask("GET", "/health")

    assert time.monotonic() - began >= 0.45


def test_requests_at_once_are_bounded(target, fence):
    """No more than the concurrency is at the target at the same time."""
    now, most = 0, 0

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.05)
        now -= 1
        writer.write(ok())

    raw = target(count)
    running = fence(raw.url, limits=Limits(concurrency=2))
    with ThreadPoolExecutor(10) as pool:
        statuses = list(pool.map(lambda _: running.ask("GET", "/")[0], range(10)))

    assert (set(statuses), most) == ({200}, 2)


def test_everything_is_recorded_once_and_redacted(target, fence, identity, tmp_path):
    """The record has one line an exchange, readable by the owner only, without any token."""
    raw = target(ok(json.dumps({"token": TOKEN}).encode()))
    running = fence(raw.url)
    running.ask("GET", "/tools?x=" + TOKEN, AUTHORIZED)
    running.ask("GET", "/status", {"Authorization": "Bearer another-secret-token", "Cookie": "session=abcdef"})
    running.ask("DELETE", "/tools/customer")
    speak(running.port, b"nonsense\r\n\r\n")

    running.run(running.service.finish())
    path = tmp_path / "run" / "exchanges.jsonl"
    text = path.read_text()
    lines = [json.loads(line) for line in text.splitlines()]

    assert [(line["n"], line["operation"], line["decision"], line["status"]) for line in lines] == [
        (1, "core.tools.list", "sent", 200),
        (2, "core.status", "sent", 200),
        (3, "core.tools.delete", "refused; not-owned", 403),
        (4, None, "refused; ambiguous-request", 403),
    ]
    assert lines[0]["leaks"] == ["token"]
    assert ["Authorization", "Bearer dtmac-token"] in lines[0]["request"]["headers"]
    assert ["Authorization", "Bearer [redacted]"] in lines[1]["request"]["headers"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not any(secret in text for secret in (TOKEN, "another-secret", "abcdef"))


def test_a_create_is_in_the_ledger_before_it_is_sent(target, fence, identity, tmp_path):
    """When the target sees a deploy, the ledger on the disk holds its name."""
    seen = []

    async def look(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append((tmp_path / "run" / "ledger.jsonl").read_text())
        writer.write(ok(status=b"201 Created"))

    name = identity.name("a")
    body = json.dumps({"dockerImageUrl": "nginx:latest", "instanceNameOnToolbox": name}).encode()
    headers = {"Content-Type": "application/json"}

    running = fence(target(look).url)
    ledger, synced = running.service.gate.ledger, []
    ledger.sync, sync = lambda: (synced.append(ledger.path.read_text()), sync()), ledger.sync

    assert running.ask("POST", "/tools", headers, body)[0] == 201
    assert name in seen[0]
    assert [name in text for text in synced] == [True]
