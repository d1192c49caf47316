"""Questions to a Docker Engine that only read, with a bound on time and on size.

The Docker SDK waits for as long as bytes trickle in, and reads answers of any size into memory. Here the other side may
be broken or hostile, so each connection is owned, and is cut at the deadline. There is no request but ``GET``.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

from dtma_contract.probes.ssh_tunnel import SshTunnel, SshTunnelError

__all__ = ["EngineReader", "EngineReply", "EngineUnreachableError"]

# An engine answers a question in milliseconds; one under load takes seconds.
_ANSWER_SECONDS: Final = 5.0
# A list of a thousand containers has two megabytes.
_MOST_BYTES: Final = 8 * 1024 * 1024
# More questions at once make no engine faster, and ssh no more channels.
_AT_ONCE: Final = 8
_DOCKER_PORT: Final = 2375
_OK: Final = 200
_CLOSED: Final = "it closed the connection without an answer"


class EngineUnreachableError(Exception):
    """No engine answers at the endpoint; the text says why, without a full stop."""


@dataclass(frozen=True, slots=True)
class EngineReply:
    """One answer.

    Attributes:
        status: code; 0 where there was no proper answer.
        body: of the answer.
        media_type: of the body, lower case, without parameters.
        problem: why there was no proper answer; empty where there was.
        is_too_long: whether that is because of its length.
    """

    status: int
    body: bytes = field(repr=False, default=b"")
    media_type: str = ""
    problem: str = ""
    is_too_long: bool = False

    @property
    def json(self) -> Any:
        """The decoded body, or None where it is no JSON or the status is not 200."""
        if self.status != _OK or self.problem:
            return None
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def refusal(self) -> str:
        """Why there is nothing to be read; empty where the status is 200."""
        if self.problem:
            return self.problem
        if self.status == _OK:
            return ""
        try:
            said = json.loads(self.body)
        except (ValueError, RecursionError):
            said = None
        message = said.get("message") if isinstance(said, Mapping) else None
        return f"it answered {self.status}" + (f": {message}" if isinstance(message, str) and message else "")


class EngineReader:
    """A Docker Engine that is asked, and never told.

    Args:
        dial: makes a new connection, given its time-out in seconds.
        seconds: after which every connection is cut.
        close: ends what leads to the engine.
    """

    def __init__(
        self, dial: Callable[[float], socket.socket], *, seconds: float, close: Callable[[], None] = lambda: None
    ) -> None:
        self._dial = dial
        self._close = close
        self._deadline = time.monotonic() + seconds
        self._seconds = seconds
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._connections: list[_Connection] = []
        self._own = threading.local()
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._timer.start()

    @classmethod
    def at(cls, endpoint: str, *, seconds: float) -> Self:
        """Return the engine at ``unix://…``, ``tcp://…``, ``http://…`` or ``ssh://[user@]host[:port]``.

        Args:
            endpoint: of the engine.
            seconds: for everything, from now on.

        Raises:
            EngineUnreachableError: the endpoint is none, or the other host cannot be reached.
        """
        begun = time.monotonic()
        if endpoint.startswith("ssh://"):
            try:
                tunnel = SshTunnel.open(endpoint, seconds=seconds)
            except SshTunnelError as problem:
                raise EngineUnreachableError(str(problem).rstrip(".")) from None
            except (OSError, ValueError) as problem:
                raise EngineUnreachableError(f"ssh cannot be started: {problem}") from None
            path = tunnel.url.removeprefix("unix://")
            left = max(1.0, seconds - (time.monotonic() - begun))
            return cls(lambda limit: _unix(path, limit), seconds=left, close=tunnel.close)
        if endpoint.startswith("unix://"):
            path = endpoint.removeprefix("unix://")
            return cls(lambda limit: _unix(path, limit), seconds=seconds)
        try:
            address = urlsplit(endpoint)
            host, port = address.hostname, address.port or _DOCKER_PORT
        except ValueError:
            host, port = None, 0
        if endpoint.partition("://")[0] not in {"tcp", "http"} or not host:
            raise EngineUnreachableError("it is no address of an engine; write unix://, tcp:// or ssh://user@host")
        return cls(lambda limit: socket.create_connection((host, port), limit), seconds=seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._timer.cancel()
        self._cut()
        for connection in self._connections:
            connection.close()
        self._close()

    @property
    def is_late(self) -> bool:
        """Whether the deadline is over."""
        return time.monotonic() >= self._deadline

    def get(self, path: str, *, most_bytes: int = _MOST_BYTES) -> EngineReply:
        """Return the answer to ``GET path``.

        Args:
            path: with its query, percent-encoded.
            most_bytes: a longer answer is a problem.
        """
        is_kept = getattr(self._own, "connection", None) is not None
        reply = self._ask(path, most_bytes)
        # A connection that was kept may have been closed meanwhile; a new one is asked once more.
        return self._ask(path, most_bytes) if is_kept and reply.problem == _CLOSED else reply

    def get_all(self, paths: Sequence[str], *, most_bytes: int = _MOST_BYTES) -> list[EngineReply]:
        """Return the answers to several paths, asked side by side, in the order of the paths."""
        if not paths:
            return []
        with ThreadPoolExecutor(min(_AT_ONCE, len(paths)), thread_name_prefix="engine-reader") as workers:
            return list(workers.map(lambda path: self.get(path, most_bytes=most_bytes), paths))

    def _ask(self, path: str, most_bytes: int) -> EngineReply:
        left = self._deadline - time.monotonic()
        if left <= 0:
            return EngineReply(0, problem=self._late())
        connection = getattr(self._own, "connection", None)
        try:
            if connection is None:
                connection = self._own.connection = self._connected(min(left, _ANSWER_SECONDS))
            connection.sock.settimeout(min(left, _ANSWER_SECONDS))
            connection.request("GET", path, headers={"Host": "docker"})
            with connection.getresponse() as response:
                body = response.read(most_bytes + 1)
                media_type = str(response.headers.get_content_type()) if response.headers["Content-Type"] else ""
                if len(body) > most_bytes or response.will_close:
                    self._forget()
                if len(body) > most_bytes:
                    return EngineReply(0, problem=f"its answer has more than {most_bytes} bytes", is_too_long=True)
                if response.length or self.is_late:
                    raise http.client.IncompleteRead(body)
                return EngineReply(response.status, body, media_type)
        except (OSError, http.client.HTTPException, ValueError) as problem:
            self._forget()
            return EngineReply(0, problem=self._late() if self.is_late else _told(problem))

    def _late(self) -> str:
        return f"it did not answer everything within {self._seconds:.0f} seconds"

    def _connected(self, seconds: float) -> _Connection:
        made = self._dial(seconds)
        with self._lock:
            self._sockets.add(made)
        if self.is_late:
            made.close()
            raise TimeoutError
        connection = _Connection(made)
        self._connections.append(connection)
        return connection

    def _forget(self) -> None:
        connection = getattr(self._own, "connection", None)
        self._own.connection = None
        if connection is not None:
            connection.close()

    def _cut(self) -> None:
        with self._lock:
            for each in self._sockets:
                # What reads from it wakes up; closing alone would leave it waiting.
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)


class _Connection(http.client.HTTPConnection):
    """HTTP over a socket that is connected already, and that never opens another."""

    auto_open = 0

    def __init__(self, connected: socket.socket) -> None:
        super().__init__("docker")
        self.sock = connected


def _unix(path: str, seconds: float) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(seconds)
        connection.connect(path)
    except BaseException:
        connection.close()
        raise
    return connection


def _told(problem: Exception) -> str:
    """Return what the operating system or the protocol says, without numbers that mean nothing to a reader."""
    if isinstance(problem, http.client.RemoteDisconnected | ConnectionResetError | BrokenPipeError):
        return _CLOSED
    if isinstance(problem, http.client.IncompleteRead):
        return "it stopped in the middle of its answer"
    if isinstance(problem, TimeoutError):
        return f"it did not answer within {_ANSWER_SECONDS:.0f} seconds"
    if isinstance(problem, OSError) and problem.strerror:
        return problem.strerror.lower()
    return f"its answer is no proper HTTP ({type(problem).__name__})"
