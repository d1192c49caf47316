"""Each liar really has its flaw."""

from __future__ import annotations

import socket
import time
import zlib
from contextlib import suppress

import httpx
import pytest

from .liars import BOMB_BYTES, LARGE_BYTES, lying, lying_redirect, lying_self_signed


@pytest.fixture
def client():
    with httpx.Client(timeout=5) as opened:
        yield opened


def test_html_is_the_answer_to_everything(client):
    """A documented path and a path that exists nowhere get the same HTML page, with 200."""
    with lying("html-for-everything") as liar:
        answers = [client.get(f"{liar.url}{path}") for path in ("/status", "/no/such/path")]

    assert [(answer.status_code, answer.headers["content-type"]) for answer in answers] == [
        (200, "text/html"),
        (200, "text/html"),
    ]
    assert answers[0].text == answers[1].text


def test_garbage_is_no_http(client):
    """The bytes that come back are no HTTP response."""
    with lying("garbage") as liar, pytest.raises(httpx.RemoteProtocolError):
        client.get(liar.url)


def test_a_large_body_is_really_sent(client):
    """The body has 20 MiB, and is valid JSON."""
    with lying("large-body") as liar:
        answer = client.get(liar.url)

    assert len(answer.content) == LARGE_BYTES
    assert isinstance(answer.json(), str)


def test_a_slow_body_never_exceeds_a_read_timeout_and_never_ends(client):
    """Bytes keep coming within each read time-out, so that only a limit for the whole answer ends it."""
    started = time.monotonic()
    with lying("one-byte-a-second") as liar, client.stream("GET", liar.url, timeout=3) as answer:
        received = b"".join(chunk for chunk, _ in zip(answer.iter_raw(), range(2), strict=False))

    assert received == b"  "
    assert time.monotonic() - started < 10


def test_a_redirect_names_another_host_and_tells_whether_it_was_asked(client):
    """Who does not follow leaves the other host unasked; who follows shows up there, with what was sent along."""
    with lying_redirect() as (liar, other):
        answer = client.get(f"{liar.url}/status")
        unasked = list(other.asked)
        client.get(f"{liar.url}/status", follow_redirects=True)

    assert answer.status_code == 302
    assert httpx.URL(liar.url).host != httpx.URL(answer.headers["location"]).host
    assert unasked == []
    assert [asked.path for asked in other.asked] == ["/status"]


def test_a_gzip_bomb_is_small_on_the_wire_and_huge_when_decoded(client):
    """About a megabyte arrives; it is one valid gzip stream of a gibibyte."""
    with lying("gzip-bomb") as liar, client.stream("GET", liar.url) as answer:
        raw = b"".join(answer.iter_raw())

    decoder = zlib.decompressobj(16 + zlib.MAX_WBITS)
    decoded = len(decoder.decompress(raw, 1024 * 1024))
    while not decoder.eof:
        decoded += len(decoder.decompress(decoder.unconsumed_tail, 16 * 1024 * 1024))

    assert len(raw) < 2 * 1024 * 1024
    assert decoded == BOMB_BYTES


def test_an_echo_holds_headers_and_body_of_the_request(client):
    """What the client sent comes back in the body, an Authorization header included."""
    with lying("echoes-the-request") as liar:
        answer = client.post(liar.url, headers={"Authorization": "Bearer dtmac-token"}, content=b"sent")

    echoed = answer.json()
    assert {key.lower(): value for key, value in echoed["headers"].items()}["authorization"] == "Bearer dtmac-token"
    assert echoed["body"] == "sent"


def test_a_chunked_request_is_read_whole(client):
    """A body without a length is recorded as it was sent."""
    with lying("echoes-the-request") as liar:
        client.post(liar.url, content=iter([b"one ", b"two"]))

    assert [asked.body for asked in liar.asked] == [b"one two"]


def test_the_silent_one_accepts_and_never_answers(client):
    """The request is taken, and the client's time-out is what ends the wait."""
    with lying("never-answers") as liar:
        with pytest.raises(httpx.ReadTimeout):
            client.get(liar.url, timeout=0.3)
        asked = list(liar.asked)

    assert [each.path for each in asked] == ["/"]


def test_the_closing_one_answers_nothing(client):
    """The connection ends before a single byte came back."""
    with lying("closes-at-once") as liar, pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        client.get(liar.url)


def test_another_service_speaks_json_but_is_no_dtma(client):
    """It answers 200 and valid JSON for every path, and names itself."""
    with lying("another-json-service") as liar:
        answer = client.get(f"{liar.url}/status")

    assert (answer.status_code, answer.json()["service"]) == (200, "inventory")


@pytest.mark.usefixtures("needs_openssl")
def test_a_self_signed_certificate_is_refused_unless_verification_is_off(client):
    """A client that verifies does not get through; one that does not verify finds a service."""
    with lying_self_signed() as liar:
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            client.get(liar.url)
        with httpx.Client(verify=False) as careless:  # noqa: S501 (that is the difference to be shown)
            answer = careless.get(liar.url)

    assert answer.status_code == 200


def test_a_liar_is_gone_when_its_block_ends():
    """Nothing listens any more, although a client was still being lied to."""
    with lying("never-answers") as liar:
        port = int(liar.url.rpartition(":")[2])
        waiting = socket.create_connection(("127.0.0.1", port))
        waiting.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")

    with suppress(ConnectionResetError):
        assert waiting.recv(1) == b""
    waiting.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
