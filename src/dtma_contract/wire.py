"""Plain HTTP/1.1 to the fence: what a client of one well-behaved server on the loopback needs, and no more.

A general client spends three times as long on a request. A run sends hundreds, its own tests hundreds of thousands.
"""

from __future__ import annotations

import contextlib
import select
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import h11

__all__ = ["Answer", "Header", "LoopbackWire", "Wire", "WireError"]

Header = tuple[str, str]

_CHUNK: Final = 64 * 1024
# More than any answer's head that the fence lets through.
_LONGEST_HEAD: Final = 256 * 1024
# They send a length even where there is no body (RFC 9110 section 8.6).
_WITH_BODY: Final = {"POST", "PUT", "PATCH"}


class WireError(Exception):
    """The fence gave no answer; the message says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came.

    Attributes:
        status: its status code.
        headers: names in lower case, and values.
        body: its body.
    """

    status: int
    headers: tuple[Header, ...]
    body: bytes


class Wire(Protocol):
    """Sends requests and returns their answers."""

    def ask(self, method: str, target: str, headers: Sequence[Header], body: bytes) -> Answer:
        """Send a request and return its answer.

        Args:
            method: such as ``GET``.
            target: path and query in ASCII, percent-encoded.
            headers: all but Host, Content-Length and Connection.
            body: may be empty.

        Raises:
            WireError: there is none.
        """

    def close(self) -> None:
        """Close all connections. Can be called again."""


class LoopbackWire:
    """Sends over connections that are kept, one for each request that is under way. Threads may share it.

    Args:
        host: of the fence.
        port: the same.
        patience: seconds of silence after which a request is given up.
    """

    def __init__(self, host: str, port: int, patience: float) -> None:
        self._address = (host, port)
        self._patience = patience
        # Threads take and put back at once: each of the two is one step, and taking is tried rather than asked for.
        self._idle: list[_Connection] = []

    def ask(self, method: str, target: str, headers: Sequence[Header], body: bytes) -> Answer:
        """As :meth:`Wire.ask`."""
        complete = [("Host", "{}:{}".format(*self._address)), *headers]
        if body or method in _WITH_BODY:
            complete.append(("Content-Length", str(len(body))))
        try:
            connection = self._kept() or _Connection(self._address, self._patience)
            with contextlib.ExitStack() as stack:
                stack.callback(connection.close)
                answer = connection.ask(h11.Request(method=method, target=target, headers=complete), body)
                if connection.can_be_kept():
                    stack.pop_all()
                    self._idle.append(connection)
        except (OSError, h11.ProtocolError) as problem:
            raise WireError(f"{type(problem).__name__}: {problem}") from None
        return answer

    def close(self) -> None:
        """As :meth:`Wire.close`."""
        for connection in iter(self._taken, None):
            connection.close()

    def _kept(self) -> _Connection | None:
        for connection in iter(self._taken, None):
            if connection.is_quiet():
                return connection
            connection.close()
        return None

    def _taken(self) -> _Connection | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None


class _Connection:
    """One connection, and where it is in the protocol."""

    def __init__(self, address: tuple[str, int], patience: float) -> None:
        self._socket = socket.create_connection(address, timeout=patience)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._protocol = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LONGEST_HEAD)
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)

    def ask(self, request: h11.Request, body: bytes) -> Answer:
        parts = [self._protocol.send(request)]
        if body:
            parts.append(self._protocol.send(h11.Data(data=body)))
        parts.append(self._protocol.send(h11.EndOfMessage()))
        # A server may answer and close before it has read everything: what it said is there to be read all the same.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._socket.sendall(b"".join(part for part in parts if part))
        return self._answer()

    def _answer(self) -> Answer:
        head: h11.Response | None = None
        body: list[bytes] = []
        while True:
            event = self._protocol.next_event()
            if event is h11.NEED_DATA:
                self._protocol.receive_data(self._socket.recv(_CHUNK))
            elif isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                body.append(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers)
                return Answer(head.status_code, headers, b"".join(body))
            elif not isinstance(event, h11.InformationalResponse):
                raise h11.RemoteProtocolError("the connection ended, or became another, before the answer did")

    def can_be_kept(self) -> bool:
        """Make ready for the next request; False where there can be none."""
        if self._protocol.our_state is not h11.DONE or self._protocol.their_state is not h11.DONE:
            return False
        self._protocol.start_next_cycle()
        return True

    def is_quiet(self) -> bool:
        """Whether nothing has come since the last answer: an end, above all."""
        return not self._poll.poll(0)

    def close(self) -> None:
        self._socket.close()
