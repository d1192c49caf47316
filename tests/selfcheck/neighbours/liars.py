"""Small servers that pose as a DTMA, each with exactly one flaw."""

from __future__ import annotations

import contextlib
import functools
import json
import socket
import ssl
import subprocess
import tempfile
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import h11

from .tools import path_of

__all__ = [
    "BOMB_BYTES",
    "FLAWS",
    "LARGE_BYTES",
    "Asked",
    "Conversation",
    "Liar",
    "lying",
    "lying_redirect",
    "lying_self_signed",
]

LARGE_BYTES = 20 * 1024 * 1024
BOMB_BYTES = 1024 * 1024 * 1024

# A client that takes longer than this to send its request is none of a selfcheck's.
_REQUEST_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came in."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the value of the first header of that name, or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class Conversation:
    """One connection, after its request was read."""

    asked: Asked
    connection: socket.socket
    over: threading.Event

    def send(self, content: bytes) -> None:
        """Send bytes as they are."""
        self.connection.sendall(content)

    def answer(self, status: str, media_type: str, body: bytes, *headers: str) -> None:
        """Send a complete response, and close afterwards."""
        self.send(_head(status, f"Content-Type: {media_type}", f"Content-Length: {len(body)}", *headers) + body)

    def answer_json(self, content: object) -> None:
        """Send 200 and a JSON document."""
        self.answer("200 OK", "application/json", json.dumps(content).encode())


Flaw = Callable[[Conversation], None]


@dataclass(frozen=True, slots=True)
class Liar:
    """A running liar: where it is, and what it was asked so far."""

    url: str
    asked: list[Asked] = field(default_factory=list)


def _html(conversation: Conversation) -> None:
    conversation.answer("200 OK", "text/html", b"<!DOCTYPE html><html><body>It works!</body></html>")


def _garbage(conversation: Conversation) -> None:
    conversation.send(b"\x00\xff\x16\x03\x01 this was never HTTP \xfe\r\n\r\n")


def _large(conversation: Conversation) -> None:
    conversation.answer("200 OK", "application/json", b'"' + b"x" * (LARGE_BYTES - 2) + b'"')


def _slow(conversation: Conversation) -> None:
    conversation.send(_head("200 OK", "Content-Type: application/json", "Content-Length: 3600"))
    while not conversation.over.wait(1):
        conversation.send(b" ")


def _bomb(conversation: Conversation) -> None:
    conversation.answer("200 OK", "application/json", _gzip_of_spaces(), "Content-Encoding: gzip")


def _echo(conversation: Conversation) -> None:
    asked = conversation.asked
    conversation.answer_json({"headers": dict(asked.headers), "body": asked.body.decode(errors="replace")})


def _silent(conversation: Conversation) -> None:
    conversation.over.wait()


def _closing(conversation: Conversation) -> None:
    """Say nothing: the connection is closed when a flaw returns."""


def _other_service(conversation: Conversation) -> None:
    conversation.answer_json({"service": "inventory", "status": "ok", "items": []})


FLAWS: dict[str, Flaw] = {
    "html-for-everything": _html,
    "garbage": _garbage,
    "large-body": _large,
    "one-byte-a-second": _slow,
    "gzip-bomb": _bomb,
    "echoes-the-request": _echo,
    "never-answers": _silent,
    "closes-at-once": _closing,
    "another-json-service": _other_service,
}


@contextlib.contextmanager
def lying(flaw: str | Flaw, *, tls: ssl.SSLContext | None = None) -> Iterator[Liar]:
    """Serve on a loopback port until the block ends.

    Args:
        flaw: a name of ``FLAWS``, or a function that answers one request.
        tls: speak TLS with this context's certificate.
    """
    answer = FLAWS[flaw] if isinstance(flaw, str) else flaw
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener, contextlib.ExitStack() as stack:
        liar = Liar(f"{'https' if tls else 'http'}://127.0.0.1:{listener.getsockname()[1]}")

        def converse(connection: socket.socket) -> None:
            # A client may leave whenever it likes, that is what the flaws are for.
            with contextlib.suppress(OSError), contextlib.closing(connection):
                connection.settimeout(_REQUEST_SECONDS)
                spoken = tls.wrap_socket(connection, server_side=True) if tls else connection
                with contextlib.closing(spoken):
                    asked = _read_request(spoken)
                    if asked is not None:
                        liar.asked.append(asked)
                        answer(Conversation(asked, spoken, over))

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return  # the listener was shut down
                thread = threading.Thread(target=converse, args=(connection,), daemon=True)
                thread.start()
                stack.callback(thread.join)
                stack.callback(_hang_up, connection)

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        try:
            yield liar
        finally:
            over.set()
            # Closing alone would not wake a thread that waits in accept().
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()


@contextlib.contextmanager
def lying_redirect() -> Iterator[tuple[Liar, Liar]]:
    """Yield a liar that answers 302 to another host, and that host, which records whether it was asked."""
    with lying("echoes-the-request") as other:
        # Another name of the same machine: another host to every client.
        elsewhere = other.url.replace("127.0.0.1", "localhost")

        def redirect(conversation: Conversation) -> None:
            where = f"Location: {elsewhere}{conversation.asked.path}"
            conversation.answer("302 Found", "text/plain", b"elsewhere", where)

        with lying(redirect) as liar:
            yield liar, other


@contextlib.contextmanager
def lying_self_signed() -> Iterator[Liar]:
    """Yield another JSON service over TLS, with a certificate that nobody has signed but itself.

    Raises:
        MissingToolError: openssl is not installed.
    """
    with tempfile.TemporaryDirectory(prefix="dtmac-tls-") as folder:
        certificate, key = Path(folder, "certificate.pem"), Path(folder, "key.pem")
        names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
        new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        subprocess.run(
            [path_of("openssl"), "req", "-x509", *new_key, *names, "-days", "1", "-keyout", key, "-out", certificate],
            check=True,
            capture_output=True,
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
    with lying("another-json-service", tls=context) as liar:
        yield liar


def _hang_up(connection: socket.socket) -> None:
    """Wake a thread that waits for its client."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _head(status: str, *headers: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", "Connection: close", *headers, "", ""]).encode()


def _read_request(connection: socket.socket) -> Asked | None:
    """Return the request, or None where the client left before it was complete or did not speak HTTP."""
    parser = h11.Connection(h11.SERVER)
    head, body = None, b""
    while True:
        try:
            event = parser.next_event()
        except h11.RemoteProtocolError:
            return None
        if event is h11.NEED_DATA:
            parser.receive_data(connection.recv(65536))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif head is not None and isinstance(event, h11.EndOfMessage):
            headers = tuple(
                (name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers.raw_items()
            )
            return Asked(head.method.decode(), head.target.decode("latin-1"), headers, body)
        else:
            return None


@functools.cache
def _gzip_of_spaces() -> bytes:
    """Return a gzip stream, about a megabyte, of ``BOMB_BYTES`` spaces.

    One piece is deflated up to a full flush, after which a stream depends on nothing before it, so that the piece can
    be repeated; a thousandth of the work, for the same bytes on the wire.
    """
    piece = b" " * (16 * 1024 * 1024)
    repeats = BOMB_BYTES // len(piece)
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    deflated = deflater.compress(piece) + deflater.flush(zlib.Z_FULL_FLUSH)
    checksum = functools.reduce(lambda crc, _: zlib.crc32(piece, crc), range(repeats), 0)
    header = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
    trailer = checksum.to_bytes(4, "little") + (BOMB_BYTES % 2**32).to_bytes(4, "little")
    return header + deflated * repeats + deflater.flush(zlib.Z_FINISH) + trailer
