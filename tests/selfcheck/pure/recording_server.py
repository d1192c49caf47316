"""A server that writes down every request exactly as it came over the wire."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recorded:
    """A request as it came.

    Attributes:
        method: of the request line.
        target: of the request line.
        headers: by lower-case name.
        body: all of it.
    """

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class RecordingServer:
    """Answers every request with 200, and keeps it.

    Attributes:
        url: where it listens.
        seen: all requests in order.
    """

    def __init__(self, listener: socket.socket) -> None:
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.seen: list[Recorded] = []
        self._listener = listener

    def serve(self) -> None:
        """Answer until the listener is closed."""
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as stream:
                method, target, _version = stream.readline().decode("latin-1").split()
                lines = iter(lambda: stream.readline().decode("latin-1").rstrip("\r\n"), "")
                pairs = (line.partition(":") for line in lines)
                headers = {name.lower(): value.strip() for name, _, value in pairs}
                if headers.get("expect", "").lower() == "100-continue":
                    connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                body = stream.read(int(headers.get("content-length", "0")))
                self.seen.append(Recorded(method, target, headers, body))
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n")
                if method != "HEAD":
                    connection.sendall(b"ok")


@contextmanager
def recording_server() -> Iterator[RecordingServer]:
    """Run a recording server on loopback in a thread."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = RecordingServer(listener)
        thread = threading.Thread(target=server.serve, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            # Closing alone leaves a thread waiting in accept.
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)
