"""The wire to the clients: a listener on loopback that hands whole, unambiguous requests to the gate."""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
from typing import Final, Self

from dtma_contract.errors import EngineError, UsageError
from dtma_contract.fence.gate import Gate, GateAnswer
from dtma_contract.fence.http1 import (
    MAX_HEAD_BYTES,
    RequestHead,
    UnreadableRequestError,
    has_broken_line,
    parse_head,
)
from dtma_contract.fence.limits import Limits

__all__ = ["Proxy"]

_CHUNK: Final = 64 * 1024
_CHUNK_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,8})(?:[ \t]*;[\t\x20-\x7e]*)?\r\n")
# A client that stops in the middle of a request gives its place up; one that is between requests may stay.
_REQUEST_SECONDS: Final = 30.0
# For what is only to be written down yet.
_END_SECONDS: Final = 0.2


class Proxy:
    """Serves clients.

    Args:
        gate: what judges and sends.
        limits: the bounds.
    """

    def __init__(self, gate: Gate, limits: Limits) -> None:
        self._gate = gate
        self._limits = limits
        self._server: asyncio.Server | None = None
        self._clients: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._authority: frozenset[bytes] | None = None

    @classmethod
    async def listen(cls, gate: Gate, limits: Limits, host: str, port: int, *, only_local_names: bool = False) -> Self:
        """Return a proxy that listens.

        Args:
            gate: what judges and sends.
            limits: the bounds.
            host: address to listen on.
            port: port to listen on, 0 for a free one.
            only_local_names: whether Host must name the loopback, so that no web page can reach the proxy by a name
                that it points there.

        Raises:
            UsageError: it cannot listen there.
        """
        proxy = cls(gate, limits)
        try:
            proxy._server = await asyncio.start_server(proxy._serve, host, port, limit=2 * MAX_HEAD_BYTES)
        except OSError as problem:
            raise UsageError(
                f"The fence cannot listen on {host}:{port}: {problem.strerror or problem}.", "Choose another --listen."
            ) from None
        if only_local_names:
            proxy._authority = frozenset(
                f"{name}:{proxy.port}".encode() for name in ("127.0.0.1", "localhost", "[::1]", host)
            )
        return proxy

    @property
    def port(self) -> int:
        """The port that it listens on."""
        if self._server is None:
            raise EngineError("The fence does not listen.")
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening and drop all clients."""
        if self._server is not None:
            self._server.close()
            for writer in self._clients.values():
                writer.transport.abort()
            if self._clients:
                _, waiting = await asyncio.wait(list(self._clients), timeout=_END_SECONDS)
                # A target that never answers would hold them up for as long as an answer may take.
                for task in waiting:
                    task.cancel()
                await asyncio.gather(*waiting, return_exceptions=True)
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise EngineError("A client is served outside a task.")
        self._clients[task] = writer
        buffer = _Buffer(reader)
        try:
            while await self._serve_one(buffer, writer):
                pass
        except (OSError, EOFError, TimeoutError):
            # The client went away in the middle of a request: there is no one to answer.
            return
        except EngineError as problem:
            # Without a ledger nothing may be sent; the client sees its connection end.
            print(problem, file=sys.stderr, flush=True)  # noqa: T201 - this process's log
        finally:
            del self._clients[task]
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _serve_one(self, buffer: _Buffer, writer: asyncio.StreamWriter) -> bool:
        """Serve one request; return whether another may follow."""
        try:
            data = await buffer.head()
            if not data:
                return False
            head = parse_head(data)
            self._check_host(head)
            async with asyncio.timeout(_REQUEST_SECONDS):
                if head.expects_continue:
                    writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                body = await self._body(head, buffer)
        except UnreadableRequestError as problem:
            await self._answer(writer, "", self._gate.unreadable(str(problem)), close=True)
            return False
        answer = await self._gate.exchange(head, body)
        await self._answer(writer, head.method.decode("ascii"), answer, close=not head.keeps_alive)
        return head.keeps_alive

    def _check_host(self, head: RequestHead) -> None:
        if self._authority is not None and not set(head.values(b"host")) <= self._authority:
            raise UnreadableRequestError("the Host is not the fence's own address")

    async def _body(self, head: RequestHead, buffer: _Buffer) -> bytes:
        length = head.content_length
        if length is None:
            return await self._chunks(buffer)
        if length > self._limits.request_bytes:
            raise UnreadableRequestError(f"the body has more than {self._limits.request_bytes} bytes")
        return await buffer.exactly(length)

    async def _chunks(self, buffer: _Buffer) -> bytes:
        parts: list[bytes] = []
        size = 0
        while True:
            match = _CHUNK_SIZE.fullmatch(await buffer.line())
            if match is None:
                raise UnreadableRequestError("a chunk has no proper size")
            length = int(match[1], 16)
            size += length
            if size > self._limits.request_bytes:
                raise UnreadableRequestError(f"the body has more than {self._limits.request_bytes} bytes")
            if length == 0:
                break
            parts.append(await buffer.exactly(length))
            if await buffer.exactly(2) != b"\r\n":
                raise UnreadableRequestError("a chunk is longer than its size")
        if await buffer.line() != b"\r\n":
            raise UnreadableRequestError("the chunked body has a trailer")
        return b"".join(parts)

    async def _answer(self, writer: asyncio.StreamWriter, method: str, answer: GateAnswer, *, close: bool) -> None:
        writer.write(answer.answer.render(method, answer.number, close=close))
        await writer.drain()


class _Buffer:
    """A client's bytes, handed out in the pieces that HTTP/1.1 is made of."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._data = b""

    async def head(self) -> bytes:
        """Return the bytes up to and including the empty line, or none where the client has ended."""
        while True:
            # RFC 9112 section 2.2: a server should ignore an empty line before the request line.
            while self._data.startswith(b"\r\n"):
                self._data = self._data[2:]
            end = self._data.find(b"\r\n\r\n")
            if has_broken_line(self._data[: end if end >= 0 else None]):
                raise UnreadableRequestError("a line ends with a bare line feed")
            if end >= 0:
                return self._take(end + 4)
            if len(self._data) > MAX_HEAD_BYTES:
                raise UnreadableRequestError("the head is too long")
            if self._data:
                async with asyncio.timeout(_REQUEST_SECONDS):
                    data = await self._reader.read(_CHUNK)
            else:
                data = await self._reader.read(_CHUNK)
            if not data:
                if self._data.strip():
                    raise UnreadableRequestError("the request ends within its head")
                return b""
            self._data += data

    async def line(self) -> bytes:
        """Return one line of at most 4 KiB with its end."""
        while b"\n" not in self._data:
            if len(self._data) > 4096:  # noqa: PLR2004 - a chunk size needs less
                raise UnreadableRequestError("a chunk's line is too long")
            await self._more()
        return self._take(self._data.index(b"\n") + 1)

    async def exactly(self, length: int) -> bytes:
        """Return that many bytes."""
        if len(self._data) >= length:
            return self._take(length)
        parts = [self._data]
        missing = length - len(self._data)
        self._data = b""
        parts.append(await self._reader.readexactly(missing))
        return b"".join(parts)

    async def _more(self) -> None:
        data = await self._reader.read(_CHUNK)
        if not data:
            raise EOFError
        self._data += data

    def _take(self, length: int) -> bytes:
        taken, self._data = self._data[:length], self._data[length:]
        return taken
