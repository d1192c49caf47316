"""A link to an engine that knows whether the engine is still doing something for those who came by it.

Who is killed takes his connection with him, but what he has asked for is carried out all the same.
The engine closes its end when that is done, and only the link sees it.
"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

__all__ = ["CountedLink", "counted_link"]

_CHUNK = 65536


class CountedLink(socketserver.ThreadingUnixStreamServer):
    """Passes connections on.

    Args:
        path: the socket that it listens on.
        upstream: the engine's socket.

    Attributes:
        endpoint: its address, such as ``unix:///…/link.sock``.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, path: Path, upstream: str) -> None:
        super().__init__(str(path), _Link)
        self.endpoint = f"unix://{path}"
        self.upstream = upstream
        self._changing = threading.Lock()
        self._open = 0

    @property
    def connections(self) -> int:
        """How many connections the engine has not closed."""
        return self._open

    def catch_up(self) -> None:
        """Return when all connections that were begun before are counted: they are taken in the order they came in."""
        with socket.socket(socket.AF_UNIX) as last:
            last.connect(self.server_address)
            last.shutdown(socket.SHUT_WR)
            last.recv(1)

    def count(self, difference: int) -> None:
        """Note that connections were opened, or closed by the engine."""
        with self._changing:
            self._open += difference

    def verify_request(self, request: object, client_address: object) -> bool:
        """Count a connection before anything can close it."""
        self.count(1)
        return True


class _Link(socketserver.BaseRequestHandler):
    server: CountedLink

    def handle(self) -> None:
        try:
            with socket.socket(socket.AF_UNIX) as upstream:
                upstream.connect(self.server.upstream)
                sending = threading.Thread(target=_pass_on, args=(self.request, upstream), daemon=True)
                sending.start()
                _pass_on(upstream, self.request)
                with contextlib.suppress(OSError):
                    self.request.shutdown(socket.SHUT_RDWR)
                sending.join()
        finally:
            self.server.count(-1)


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    """Pass on until the source ends; what the sink does not take is read all the same."""
    with contextlib.suppress(ConnectionError):
        while chunk := source.recv(_CHUNK):
            with contextlib.suppress(OSError):
                sink.sendall(chunk)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def counted_link(folder: Path, endpoint: str) -> Iterator[CountedLink]:
    """Serve until the block ends.

    Args:
        folder: where its socket is made.
        endpoint: the engine's, which must be a Unix socket.
    """
    with CountedLink(folder / "link.sock", endpoint.removeprefix("unix://")) as link:
        threading.Thread(target=link.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield link
        finally:
            link.shutdown()
