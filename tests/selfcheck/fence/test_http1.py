"""Request heads: what means one thing passes unchanged, what could mean two is refused."""

from __future__ import annotations

import pytest

from dtma_contract.fence.answers import AnswerReader, BrokenAnswerError
from dtma_contract.fence.decisions import Failure
from dtma_contract.fence.http1 import UnreadableRequestError, has_broken_line, parse_head, render_head

PLAIN = b"GET /tools HTTP/1.1\r\nHost: fence\r\n"


def head(*lines: bytes, start: bytes = b"POST /tools HTTP/1.1") -> bytes:
    return b"\r\n".join((start, b"Host: fence", *lines)) + b"\r\n\r\n"


def render(data: bytes, body: bytes = b"", authorization: tuple[bytes, ...] = ()) -> bytes:
    return render_head(
        parse_head(data), prefix=b"", host=b"target:1", body=body, authorization=authorization, add=False
    )


@pytest.mark.parametrize(
    "data",
    [
        head(b"Transfer-Encoding: chunked", b"Content-Length: 5"),
        head(b"Content-Length: 5", b"Content-Length: 6"),
        head(b"Content-Length: 5", b"Content-Length: 5"),
        head(b"Content-Length: 5, 5"),
        head(b"Content-Length: +5"),
        head(b"Content-Length: 010"),
        head(b"Content-Length: -5"),
        head(b"Content-Length: 0x5"),
        head(b"Content-Length:"),
        head(b"Content-Length: 5_0"),
        head(b"Content_Length: 5"),
        head(b"Transfer-Encoding: gzip, chunked"),
        head(b"Transfer-Encoding: xchunked"),
        head(b"Transfer-Encoding: chunked, identity"),
        head(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
        head(b"Transfer_Encoding: chunked"),
        head(b"Transfer-Encoding : chunked"),
        head(b"Transfer-Encoding\t: chunked"),
        head(b" Folded: x"),
        head(b"A: b", b"\tfolded"),
        head(b"No colon here"),
        head(b": empty name"),
        head(b"Na me: x"),
        head(b"N\xe4me: x"),
        head(b"A: x\x00y"),
        head(b"A: x\ry"),
        head(b"A: x\x01y"),
        head(b"A: x\ny"),
        head(b"Host: other"),
        head(b"Upgrade: websocket"),
        head(b"HTTP2-Settings: AAMAAABk"),
        head(b"Expect: 200-ok"),
        head(start=b"CONNECT host:1 HTTP/1.1"),
        head(start=b"PRI * HTTP/2.0"),
        head(start=b"GET /tools"),
        head(start=b"GET  /tools HTTP/1.1"),
        head(start=b"GET /to ols HTTP/1.1"),
        head(start=b"GET /to\tols HTTP/1.1"),
        head(start=b"GET\t/tools HTTP/1.1"),
        head(start=b"GET /tools HTTP/1.1 "),
        head(start=b"GET /tools HTTP/1.2"),
        head(start=b"GET /tools http/1.1"),
        head(start=b" GET /tools HTTP/1.1"),
        head(start=b"GE(T /tools HTTP/1.1"),
        head(start=b"GET /x\x00y HTTP/1.1"),
        head(b"Connection: keep-alive", start=b"GET / HTTP/1.0"),
        head(b"Transfer-Encoding: chunked", start=b"POST / HTTP/1.0"),
        head(b"A: " + b"x" * 70_000),
    ],
)
def test_what_two_parsers_could_read_differently_is_refused(data):
    """Smuggling, folding, bare control characters and other protocols never reach the target."""
    with pytest.raises(UnreadableRequestError):
        parse_head(data)


@pytest.mark.parametrize(
    ("start", "lines"),
    [
        (b"GET /tools/%FF/start HTTP/1.1", (b"X: 1",)),
        (b"GET /tools/\xff\x80 HTTP/1.1", (b"X: 1",)),
        (b"FOO /a?b=c&d;e#f HTTP/1.1", (b"X: 1",)),
        (b"PROPFIND /%2e%2e/ HTTP/1.1", (b"x-A: 1", b"X-a: 2", b"x-A: 1")),
        (b"POST /tools HTTP/1.1", (b"Content-Length: 5", b"X:no-space", b"X:   many   ")),
        (b"POST /tools HTTP/1.1", (b"Accept: \xe4\xf6", b"Empty:", b"Authorization: Foo")),
        (b"OPTIONS * HTTP/1.1", (b"X: 1",)),
        (b"GET /\\..\\x HTTP/1.1", (b'X: "quoted"',)),
    ],
)
def test_odd_and_unambiguous_requests_pass_byte_for_byte(start, lines):
    """Request line and headers reach the target as they were sent, in order; only Host and Connection change."""
    sent = render(head(*lines, start=start), authorization=(b"Foo",))

    expected = b"\r\n".join((start, b"Host: target:1", *lines, b"Connection: close")) + b"\r\n\r\n"
    assert sent == expected


def test_headers_of_the_hop_stay_on_it():
    """Connection and its kin are not passed on, and a chunked body is framed by its length."""
    data = head(b"Connection: keep-alive, X", b"Keep-Alive: 5", b"TE: trailers", b"Transfer-Encoding: chunked", b"X: 1")

    sent = render(data, body=b"12345")

    assert sent == (b"POST /tools HTTP/1.1\r\nHost: target:1\r\nX: 1\r\nContent-Length: 5\r\nConnection: close\r\n\r\n")


def test_the_prefix_of_the_target_comes_first():
    """A target below a path gets its requests below that path."""
    request = parse_head(PLAIN + b"\r\n")

    sent = render_head(request, prefix=b"/agent", host=b"h", body=b"", authorization=(b"Bearer x",), add=True)

    assert sent.startswith(b"GET /agent/tools HTTP/1.1\r\n")
    assert b"\r\nAuthorization: Bearer x\r\n" in sent


def test_bare_line_feeds_are_seen_before_the_head_is_complete():
    """A head that never ends properly is refused at its first bare line feed."""
    assert has_broken_line(b"GET / HTTP/1.1\nHost: x\n\n")
    assert not has_broken_line(b"GET / HTTP/1.1\r\nHost: x\r")


@pytest.mark.parametrize("said", [b"-ERR unknown\r\n", b"\x15\x03\x01\x00\x02\x02F", b"220 mail.example\r\n"])
def test_another_protocol_is_told_at_its_first_bytes(said):
    """Its peer may wait for the next request, so that no end of a head would ever come."""
    with pytest.raises(BrokenAnswerError, match=r"no HTTP/1\.1") as told:
        AnswerReader("GET", 1000).feed(said)

    assert told.value.failure == Failure.RESPONSE_MALFORMED


def test_an_answer_may_come_byte_by_byte():
    """The first bytes are compared as far as they are there."""
    reader = AnswerReader("GET", 1000)
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"

    answers = [reader.feed(whole[place : place + 1]) for place in range(len(whole))]

    assert answers[:-1] == [None] * (len(whole) - 1)
    assert answers[-1] is not None
    assert answers[-1].body == b"OK"
