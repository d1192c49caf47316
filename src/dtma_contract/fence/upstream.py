"""The wire to the target: one connection a request, bounded in every direction."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit

from dtma_contract.errors import UsageError
from dtma_contract.fence.answers import Answer, AnswerReader, BrokenAnswerError
from dtma_contract.fence.decisions import Failure
from dtma_contract.fence.limits import Limits

__all__ = ["TargetAddress", "Upstream"]

# Long enough to spare a lookup for every request, short enough to follow a host that moves within a run.
_RESOLVED_SECONDS: Final = 30.0
_CHUNK: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class TargetAddress:
    """Where the target is.

    Attributes:
        scheme: ``http`` or ``https``.
        hostname: name or address.
        port: number.
        authority: as it stands in Host.
        prefix: path of the URL without a slash at its end.
    """

    scheme: str
    hostname: str
    port: int
    authority: str
    prefix: str

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Return the address that a URL names.

        Raises:
            UsageError: it is no http or https URL of a host, or carries what belongs elsewhere.
        """
        example = "Give one such as http://203.0.113.7:30000."
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as problem:
            raise UsageError(f'The target "{url}" is no URL: {problem}.', example) from None
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise UsageError(f'The target "{url}" is no http or https URL.', example)
        if "@" in parts.netloc:
            raise UsageError("The target's URL holds a user or password.", "Leave it out; the token goes elsewhere.")
        if parts.query or parts.fragment or not url.isascii() or any(letter <= " " for letter in url):
            raise UsageError(f'The target "{url}" has a query, a fragment, or letters that belong encoded.', example)
        return cls(
            scheme=parts.scheme,
            hostname=parts.hostname,
            port=port or {"http": 80, "https": 443}[parts.scheme],
            authority=parts.netloc,
            prefix=parts.path.rstrip("/"),
        )


class Upstream:
    """Sends requests to the target.

    Args:
        address: where it is.
        limits: the bounds.
    """

    def __init__(self, address: TargetAddress, limits: Limits) -> None:
        self.address = address
        self._limits = limits
        self._tls = ssl.create_default_context() if address.scheme == "https" else None
        self._slots = asyncio.Semaphore(limits.concurrency)
        self._tokens = limits.requests_per_second
        self._refilled = time.monotonic()
        self._places: list[tuple[socket.AddressFamily, str]] = []
        self._resolved = float("-inf")

    async def send(self, method: str, head: bytes, body: bytes, *, seconds: float | None = None) -> Answer:
        """Send a request and return its answer, not decoded from its content coding.

        Args:
            method: of the request.
            head: as it goes over the wire.
            body: the same.
            seconds: until its answer is complete, where that is less than for any other.

        Raises:
            BrokenAnswerError: there is no proper answer; with the failure.
        """
        limits = self._limits
        seconds = limits.response_seconds if seconds is None else min(seconds, limits.response_seconds)
        async with self._slots:
            await self._take_token()
            reader, writer = await self._connect()
            try:
                async with asyncio.timeout(seconds):
                    return await self._exchange(method, head + body, reader, writer)
            except TimeoutError:
                raise BrokenAnswerError(Failure.RESPONSE_TIMEOUT, f"No complete answer within {seconds:g} s.") from None
            finally:
                writer.transport.abort()

    async def _exchange(
        self, method: str, request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Answer:
        answer_reader = AnswerReader(method, self._limits.response_bytes)
        sending = asyncio.ensure_future(self._write(writer, request)) if len(request) > _CHUNK else None
        if sending is None:
            writer.write(request)
        try:
            while True:
                data = await self._read(reader, idle=answer_reader.has_begun)
                answer = answer_reader.feed(data)
                if answer is not None:
                    return answer
                if not data:
                    raise BrokenAnswerError(Failure.CONNECTION_RESET, "The target closed the connection.")
        finally:
            if sending is not None:
                sending.cancel()

    async def _write(self, writer: asyncio.StreamWriter, request: bytes) -> None:
        # A target may answer, and close, before it has read everything; its answer tells more than the error.
        with contextlib.suppress(OSError):
            writer.write(request)
            await writer.drain()

    async def _read(self, reader: asyncio.StreamReader, *, idle: bool) -> bytes:
        try:
            if not idle:
                return await reader.read(_CHUNK)
            async with asyncio.timeout(self._limits.idle_seconds):
                return await reader.read(_CHUNK)
        except ssl.SSLError as problem:
            raise BrokenAnswerError(Failure.CONNECTION_RESET, f"TLS broke off: {problem.reason}.") from None
        except OSError as problem:
            if isinstance(problem, TimeoutError):
                raise BrokenAnswerError(
                    Failure.RESPONSE_TIMEOUT, f"The answer stood still for {self._limits.idle_seconds:g} s."
                ) from None
            raise BrokenAnswerError(
                Failure.CONNECTION_RESET, f"The connection broke: {problem.strerror or problem}."
            ) from None

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        where = f"{self.address.hostname}:{self.address.port}"
        try:
            async with asyncio.timeout(self._limits.connect_seconds):
                return await self._open()
        except TimeoutError:
            raise BrokenAnswerError(
                Failure.CONNECTION_TIMEOUT, f"{where} accepted no connection within {self._limits.connect_seconds:g} s."
            ) from None
        except socket.gaierror as problem:
            raise BrokenAnswerError(
                Failure.NAME_UNRESOLVABLE, f"{self.address.hostname} cannot be resolved: {problem.strerror}."
            ) from None
        except ssl.SSLError as problem:
            raise BrokenAnswerError(Failure.TLS_FAILURE, f"{where}: TLS failed: {problem.reason or problem}.") from None
        except OSError as problem:
            tls = self._tls is not None and isinstance(problem, ConnectionResetError)
            raise BrokenAnswerError(
                Failure.TLS_FAILURE if tls else Failure.CONNECTION_REFUSED,
                f"{where} accepts no connection: {_why(problem)}.",
            ) from None

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        trouble: OSError | None = None
        for place in await self._resolve():
            try:
                streams = await asyncio.open_connection(
                    host=place[1],
                    port=self.address.port,
                    family=place[0],
                    limit=4 * _CHUNK,
                    ssl=self._tls,
                    server_hostname=self.address.hostname if self._tls else None,
                )
            except ssl.SSLError:
                raise
            except OSError as problem:
                trouble = trouble or problem
            else:
                # The place that worked comes first from now on.
                self._places.sort(key=lambda known: known != place)
                return streams
        raise trouble or OSError("no address")

    async def _resolve(self) -> tuple[tuple[socket.AddressFamily, str], ...]:
        if time.monotonic() - self._resolved > _RESOLVED_SECONDS:
            found = await asyncio.get_running_loop().getaddrinfo(
                self.address.hostname, self.address.port, type=socket.SOCK_STREAM
            )
            self._places = list(dict.fromkeys((family, str(address[0])) for family, _, _, _, address in found))
            self._resolved = time.monotonic()
        return tuple(self._places)

    async def _take_token(self) -> None:
        rate = self._limits.requests_per_second
        now = time.monotonic()
        self._tokens = min(max(rate, 1.0), self._tokens + (now - self._refilled) * rate) - 1.0
        self._refilled = now
        if self._tokens < 0:
            await asyncio.sleep(-self._tokens / rate)


def _why(problem: OSError) -> str:
    # asyncio puts the address into the text, which says it twice; a connection that ends within TLS has none.
    return os.strerror(problem.errno).lower() if problem.errno else str(problem) or "it is closed at once"
