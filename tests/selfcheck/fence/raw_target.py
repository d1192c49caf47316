"""A target that records the bytes it gets and answers with the bytes it is told."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class RawTarget:
    """Serves in a thread of its own.

    Attributes:
        requests: the bytes of each connection up to the end of the request.
        port: where it listens.
        answer: bytes, or what to do with a connection after the request was read.
        reads: whether a request is awaited before the answer.
    """

    def __init__(self, answer: bytes | Behaviour) -> None:
        self.answer = answer
        self.requests: list[bytes] = []
        self.port = 0
        self.reads = True
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Serve until it is stopped."""
        self._thread.start()
        assert self._ready.wait(10)

    def stop(self) -> None:
        """Drop everything; can be called again."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._ended.set)
            self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._main())
        finally:
            self._loop.close()

    async def _main(self) -> None:
        self._ended = asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._ended.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self.reads:
                self.requests.append(await _request(reader))
            if isinstance(self.answer, bytes):
                writer.write(self.answer)
                await writer.drain()
            else:
                await self.answer(reader, writer)
        except (OSError, EOFError):
            return
        finally:
            writer.close()


async def _request(reader: asyncio.StreamReader) -> bytes:
    data = await reader.readuntil(b"\r\n\r\n")
    for line in data.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            data += await reader.readexactly(int(line.partition(b":")[2]))
    return data


@contextmanager
def raw_target(answer: bytes | Behaviour) -> Iterator[RawTarget]:
    target = RawTarget(answer)
    target.start()
    try:
        yield target
    finally:
        target.stop()


def ok(body: bytes = b"{}", *headers: bytes, status: bytes = b"200 OK") -> bytes:
    lines = [b"HTTP/1.1 " + status, b"Content-Type: application/json", b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
