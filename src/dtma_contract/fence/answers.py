"""Answers as the fence hands them on: read from the target's bytes, decoded, scrubbed, written again. Pure."""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import h11

from dtma_contract.fence.decisions import Failure, Refuse
from dtma_contract.redaction import TokenSpellings, redact_environment

__all__ = ["Answer", "AnswerReader", "BrokenAnswerError", "decoded", "failed", "refused", "relocated", "scrubbed"]

_FENCE: Final = b"x-dtmac-"
_HOP_BY_HOP: Final = {b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade", b"trailer"}
# What every answer begins with (RFC 9112 section 4), and how much of what begins otherwise is told.
_STATUS_LINE: Final = b"HTTP/"
_SHOWN_START: Final = 40
_BODILESS: Final = {204, 304}
_TEXT: Final = ("json", "text", "xml", "javascript", "html", "urlencoded")


class BrokenAnswerError(Exception):
    """The target did not give a proper answer.

    Args:
        failure: stable id.
        detail: what was seen, one sentence.
    """

    def __init__(self, failure: Failure, detail: str) -> None:
        super().__init__(detail)
        self.failure = failure
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer.

    Attributes:
        status: status code.
        reason: reason phrase.
        headers: names and values, in order, without those of the hop.
        body: decoded from its transfer coding.
        fence: what stands in ``X-Dtmac-Fence`` where the fence answers itself, else empty.
        leaks: which kinds of secrets were taken out.
    """

    status: int
    reason: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    fence: str = ""
    leaks: tuple[str, ...] = ()

    def render(self, method: str, exchange: int, *, close: bool) -> bytes:
        """Return the bytes for the client.

        Args:
            method: of the request; an answer to HEAD has no body.
            exchange: number of the exchange in the run's record.
            close: whether the connection ends with it.
        """
        bodiless = method == "HEAD" or self.status in _BODILESS
        lines = [b"HTTP/1.1 %d %s" % (self.status, self.reason)]
        lines += [name + b": " + value for name, value in self.headers if bodiless or name.lower() != b"content-length"]
        lines.append(b"X-Dtmac-Exchange: %d" % exchange)
        if self.fence:
            lines.append(b"X-Dtmac-Fence: " + self.fence.encode())
        if self.leaks:
            lines.append(b"X-Dtmac-Leak: " + ", ".join(self.leaks).encode())
        if not bodiless:
            lines.append(b"Content-Length: %d" % len(self.body))
        lines.append(b"Connection: close" if close else b"Connection: keep-alive")
        return b"\r\n".join(lines) + b"\r\n\r\n" + (b"" if bodiless else self.body)


class AnswerReader:
    """Takes in bytes of the target and yields its answer, or says how it is broken.

    Args:
        method: of the request.
        most: largest body in bytes.
    """

    def __init__(self, method: str, most: int) -> None:
        self._connection = h11.Connection(h11.CLIENT)
        # Only the method matters for how an answer is framed (RFC 9112 section 6.3).
        self._connection.send(h11.Request(method=method, target="/", headers=[("Host", "x"), ("Connection", "close")]))
        self._connection.send(h11.EndOfMessage())
        self._most = most
        self._size = 0
        self._head: h11.Response | None = None
        self._parts: list[bytes] = []
        self._start = b""

    @property
    def has_begun(self) -> bool:
        """Whether the final answer's head is complete."""
        return self._head is not None

    def feed(self, data: bytes) -> Answer | None:
        """Take in bytes, empty ones for the end of the stream; return the answer once it is complete.

        Raises:
            BrokenAnswerError: it is too large, broken off or no HTTP.
        """
        self._check_start(data)
        try:
            self._connection.receive_data(data)
            while True:
                event = self._connection.next_event()
                if event is h11.NEED_DATA or event is h11.PAUSED:
                    return None
                if isinstance(event, h11.Response):
                    self._head = event
                elif isinstance(event, h11.Data):
                    self._add(bytes(event.data))
                elif isinstance(event, h11.EndOfMessage):
                    return self._answer()
                elif isinstance(event, h11.ConnectionClosed):
                    raise BrokenAnswerError(Failure.CONNECTION_RESET, "The target closed the connection.")
        except h11.RemoteProtocolError as problem:
            if not data:
                raise BrokenAnswerError(
                    Failure.CONNECTION_RESET, "The target closed the connection before its answer was complete."
                ) from None
            raise BrokenAnswerError(
                Failure.RESPONSE_MALFORMED, f"The target's bytes are no HTTP/1.1: {str(problem)[:200]}."
            ) from None

    def _check_start(self, data: bytes) -> None:
        """Refuse another protocol by its first bytes: an ssh server's greeting, for one, never ends a head."""
        self._start += data[: len(_STATUS_LINE) - len(self._start)]
        if not _STATUS_LINE.startswith(self._start):
            begins = re.sub(r"[^ -~].*", "", data[:_SHOWN_START].decode("latin-1"), flags=re.DOTALL)
            raise BrokenAnswerError(
                Failure.RESPONSE_MALFORMED, f'The target\'s bytes are no HTTP/1.1; they begin with "{begins}".'
            )

    def _add(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._most:
            raise BrokenAnswerError(Failure.RESPONSE_TOO_LARGE, f"The body has more than {self._most} bytes.")
        self._parts.append(data)

    def _answer(self) -> Answer:
        if self._head is None:
            raise BrokenAnswerError(Failure.RESPONSE_MALFORMED, "The answer has no head.")
        headers = tuple(
            (bytes(name), bytes(value))
            for name, value in self._head.headers.raw_items()
            if name.lower() not in _HOP_BY_HOP and not name.lower().startswith(_FENCE)
        )
        return Answer(self._head.status_code, bytes(self._head.reason), headers, b"".join(self._parts))


def decoded(answer: Answer, most: int) -> Answer:
    """Return the answer with gzip or deflate taken off; other content codings stay.

    Raises:
        BrokenAnswerError: it grows beyond ``most`` bytes, or is damaged.
    """
    codings = [value.strip().lower() for name, value in answer.headers if name.lower() == b"content-encoding"]
    if len(codings) != 1 or codings[0] not in {b"gzip", b"x-gzip", b"deflate"} or not answer.body:
        return answer
    # 47 recognises gzip and zlib; some servers send deflate without its wrapper (RFC 9110 section 8.4.1.2).
    windows = (47,) if codings[0] != b"deflate" else (47, -15)
    for window in windows:
        try:
            unpacker = zlib.decompressobj(window)
            body = unpacker.decompress(answer.body, most + 1)
        except zlib.error:
            continue
        if len(body) > most:
            raise BrokenAnswerError(Failure.RESPONSE_TOO_LARGE, f"The decoded body has more than {most} bytes.")
        if not unpacker.eof:
            break
        headers = tuple(
            (name, value)
            for name, value in answer.headers
            if name.lower() not in {b"content-encoding", b"content-length"}
        )
        return replace(answer, headers=headers, body=body)
    raise BrokenAnswerError(Failure.RESPONSE_MALFORMED, "The body is damaged within its content coding.")


def scrubbed(answer: Answer, spellings: TokenSpellings) -> Answer:
    """Return the answer without secrets, and with a note of which kinds there were."""
    leaks: dict[str, None] = {}
    whole = b"\n".join((answer.reason, *(part for header in answer.headers for part in header), answer.body))
    if spellings.occur_in(whole):
        answer, leaked = _without_token(answer, spellings)
        if leaked:
            leaks["token"] = None
    body = answer.body
    if _is_text(answer):
        environment = redact_environment(body)
        body = environment.data
        if environment.found:
            leaks["environment"] = None
    return replace(answer, body=body, leaks=tuple(leaks))


def _without_token(answer: Answer, spellings: TokenSpellings) -> tuple[Answer, bool]:
    leaked = False

    def clean(data: bytes) -> bytes:
        nonlocal leaked
        result = spellings.scrub(data)
        leaked = leaked or result.found
        return result.data

    headers = tuple((_header_name(clean(name)), clean(value)) for name, value in answer.headers)
    return replace(answer, reason=clean(answer.reason), headers=headers, body=clean(answer.body)), leaked


def relocated(answer: Answer, hostname: str) -> Answer:
    """Return the answer with redirects to the target's own host made relative, so that they lead through the fence."""

    def rewrite(value: bytes) -> bytes:
        try:
            parts = urlsplit(value.decode("latin-1"))
            if parts.hostname != hostname.lower():
                return value
        except ValueError:
            return value
        return parts._replace(scheme="", netloc="").geturl().encode("latin-1") or b"/"

    headers = tuple((name, rewrite(value) if name.lower() == b"location" else value) for name, value in answer.headers)
    return replace(answer, headers=headers)


def refused(refusal: Refuse) -> Answer:
    """Return the fence's own answer to a request that was not sent."""
    return _own(HTTPStatus.FORBIDDEN, "refused", refusal.reason.value, refusal.detail, refusal.hint)


def failed(failure: Failure, detail: str) -> Answer:
    """Return the fence's own answer where the target gave none."""
    return _own(HTTPStatus(failure.status), "failed", failure.value, detail, failure.hint)


def _own(status: HTTPStatus, verdict: str, reason: str, detail: str, hint: str) -> Answer:
    body = json.dumps({"fence": verdict, "reason": reason, "detail": detail, "hint": hint}).encode()
    headers = ((b"Content-Type", b"application/json"),)
    return Answer(status.value, status.phrase.encode(), headers, body, fence=f"{verdict}; {reason}")


def _is_text(answer: Answer) -> bool:
    types = [value.lower().decode("latin-1") for name, value in answer.headers if name.lower() == b"content-type"]
    return not types or any(word in types[0] for word in _TEXT)


def _header_name(name: bytes) -> bytes:
    return name.replace(b"[redacted]", b"redacted")
