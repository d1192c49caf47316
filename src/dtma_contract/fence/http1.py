"""HTTP/1.1 request heads, read so strictly that no second reader can disagree. Pure.

Odd requests that mean one thing pass byte for byte: any percent-encoding, raw bytes above ASCII, repeated or strange
headers, unknown methods. What two parsers could read differently is refused (RFC 9112 sections 2.2, 5.1, 5.2, 6.3 and
11.2), because the fence would then judge another request than the target carries out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

__all__ = ["MAX_HEAD_BYTES", "RequestHead", "UnreadableRequestError", "has_broken_line", "parse_head", "render_head"]

# Twice what common servers accept, so that the target's own limit is what a test meets first.
MAX_HEAD_BYTES: Final = 64 * 1024

_METHOD: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,40}")
_TARGET: Final = re.compile(rb"[^\x00-\x20\x7f]+")
_NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
# A leading zero would be octal to some.
_LENGTH: Final = re.compile(rb"0|[1-9][0-9]{0,14}")
_FRAMING: Final = {b"content-length", b"transfer-encoding", b"host", b"connection", b"authorization", b"content-type"}

# Between a client and the fence only (RFC 9110 section 7.6.1).
_HOP_BY_HOP: Final = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"expect"}
)
_SWITCHES: Final = frozenset({b"upgrade", b"http2-settings"})


class UnreadableRequestError(ValueError):
    """Two parsers could read the request differently; the message says why."""


@dataclass(frozen=True, slots=True)
class RequestHead:
    """The head of a request.

    Attributes:
        method: as sent.
        target: as sent.
        version: ``HTTP/1.1`` or ``HTTP/1.0``.
        headers: names and values as sent, in order; values without the white space around them.
        lines: the header lines, as sent and in order.
    """

    method: bytes
    target: bytes
    version: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    lines: tuple[bytes, ...]

    @classmethod
    def of(cls, method: str, target: str, authorization: str) -> RequestHead:
        """Return the head of a request of the fence's own, without a body."""
        header = (b"Authorization", authorization.encode())
        return cls(method.encode(), target.encode(), b"HTTP/1.1", (header,), (b": ".join(header),))

    def values(self, name: bytes) -> list[bytes]:
        """Return all values of a header, by its name in lower case."""
        return [value for key, value in self.headers if key.lower() == name]

    @property
    def content_length(self) -> int | None:
        """The length of the body, or None where it is chunked."""
        if self.values(b"transfer-encoding"):
            return None
        return int(next(iter(self.values(b"content-length")), b"0"))

    @property
    def keeps_alive(self) -> bool:
        """Whether the client may send another request over the same connection."""
        options = {part.strip().lower() for value in self.values(b"connection") for part in value.split(b",")}
        return self.version == b"HTTP/1.1" and b"close" not in options

    @property
    def expects_continue(self) -> bool:
        """Whether the client waits for a word before it sends the body (RFC 9110 section 10.1.1)."""
        return any(value.lower() == b"100-continue" for value in self.values(b"expect"))


def has_broken_line(data: bytes) -> bool:
    """Return whether the bytes so far hold a line feed that no carriage return precedes."""
    return data.count(b"\n") != data.count(b"\r\n")


def parse_head(data: bytes) -> RequestHead:
    """Read a request head.

    Args:
        data: from the request line up to and including the empty line.

    Raises:
        UnreadableRequestError: two parsers could read it differently, or it asks for another protocol.
    """
    if len(data) > MAX_HEAD_BYTES:
        raise UnreadableRequestError("the head is too long")
    request_line, *lines = data.removesuffix(b"\r\n\r\n").split(b"\r\n")
    if any(byte in line for line in (request_line, *lines) for byte in (b"\r", b"\n", b"\x00")):
        raise UnreadableRequestError("a line holds a bare carriage return, a bare line feed or a NUL")
    parts = request_line.split(b" ")
    if len(parts) != 3 or not _METHOD.fullmatch(parts[0]) or not _TARGET.fullmatch(parts[1]):  # noqa: PLR2004 - RFC 9112 section 3
        raise UnreadableRequestError("the request line is not METHOD TARGET VERSION with single spaces")
    method, target, version = parts
    if version not in {b"HTTP/1.1", b"HTTP/1.0"}:
        raise UnreadableRequestError("the version is neither HTTP/1.1 nor HTTP/1.0")
    if method.upper() == b"CONNECT":
        raise UnreadableRequestError("CONNECT would open a tunnel past the fence")
    head = RequestHead(method, target, version, tuple(_header(line) for line in lines), tuple(lines))
    _check_headers(head)
    return head


def render_head(
    head: RequestHead, *, prefix: bytes, host: bytes, body: bytes, authorization: tuple[bytes, ...], add: bool
) -> bytes:
    """Return the head as it goes to the target.

    All is passed on byte for byte except Host, Connection and other headers of the hop, the values of Authorization,
    and the framing of a chunked body, which is sent with a Content-Length instead.

    Args:
        head: as the client sent it.
        prefix: path of the target's URL, put in front of the request target.
        host: authority of the target.
        body: the body, decoded from its transfer coding.
        authorization: what to write for each Authorization header, in order.
        add: whether to write the last of them as a header of its own, since the client sent none.
    """
    target = prefix + head.target if head.target.startswith(b"/") else head.target
    lines = [b" ".join((head.method, target, head.version))]
    credentials = iter(authorization)
    seen_host = False
    for (name, _), line in zip(head.headers, head.lines, strict=True):
        folded = name.lower()
        if folded == b"host":
            seen_host = True
            lines.append(name + b": " + host)
        elif folded == b"authorization":
            value = next(credentials)
            raw = line.partition(b":")[2]
            lines.append(line if value == raw.strip(b" \t") else name + b": " + value)
        elif folded not in _HOP_BY_HOP:
            lines.append(line)
    if not seen_host:
        lines.append(b"Host: " + host)
    if add:
        lines.append(b"Authorization: " + authorization[-1])
    if head.values(b"transfer-encoding"):
        lines.append(b"Content-Length: %d" % len(body))
    lines.append(b"Connection: close")
    return b"\r\n".join(lines) + b"\r\n\r\n"


def _header(line: bytes) -> tuple[bytes, bytes]:
    if line[:1] in (b" ", b"\t"):
        raise UnreadableRequestError("a header is folded over several lines")
    name, colon, value = line.partition(b":")
    if not colon or not _NAME.fullmatch(name):
        raise UnreadableRequestError("a header line has no colon, or its name is no token")
    if not _VALUE.fullmatch(value):
        raise UnreadableRequestError("a header value holds a control character")
    return name, value.strip(b" \t")


def _check_headers(head: RequestHead) -> None:
    names = [name.lower() for name, _ in head.headers]
    if _SWITCHES & set(names):
        raise UnreadableRequestError("an upgrade would leave HTTP/1.1, which is all that the fence can judge")
    for name in names:
        if b"_" in name and name.replace(b"_", b"-") in _FRAMING:
            raise UnreadableRequestError("a header is spelled with an underscore, which gateways read as a hyphen")
    for name in (b"host", b"content-length", b"transfer-encoding"):
        if names.count(name) > 1:
            raise UnreadableRequestError(f"{name.decode()} stands more than once")
    if head.version == b"HTTP/1.0" and any(value.lower() != b"close" for value in head.values(b"connection")):
        raise UnreadableRequestError("HTTP/1.0 has no common way to keep a connection")
    if any(value.lower() != b"100-continue" for value in head.values(b"expect")):
        raise UnreadableRequestError("the expectation is unknown")
    _check_framing(head)


def _check_framing(head: RequestHead) -> None:
    lengths, codings = head.values(b"content-length"), head.values(b"transfer-encoding")
    if lengths and codings:
        raise UnreadableRequestError("both Content-Length and Transfer-Encoding are given")
    if lengths and not _LENGTH.fullmatch(lengths[0]):
        raise UnreadableRequestError("the Content-Length is no plain number")
    if codings and (codings[0].lower() != b"chunked" or head.version == b"HTTP/1.0"):
        raise UnreadableRequestError("the transfer coding is not chunked of HTTP/1.1")
