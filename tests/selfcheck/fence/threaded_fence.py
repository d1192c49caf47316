"""A fence in a thread of this process, so that a test can look inside."""

from __future__ import annotations

import asyncio
import http.client
import threading
from typing import Any

from dtma_contract.fence.service import FenceService
from dtma_contract.fence.settings import FenceSettings


class ThreadedFence:
    """A fence in a thread of this process, so that a test can look inside."""

    def __init__(self, settings: FenceSettings, token: str | None) -> None:
        self.settings = settings
        self.refusals: list[str] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.service: FenceService = self.run(
            FenceService.start(settings, token, lambda _, refusal: self.refusals.append(refusal.reason))
        )

    @property
    def port(self) -> int:
        """Where clients send to."""
        return int(self.service.base_url.rpartition(":")[2])

    def run(self, coroutine: Any) -> Any:
        """Run a coroutine in the fence's loop and return its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)

    def ask(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Send one request and return status, headers in lower case, and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in (headers or {}).items():
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            return response.status, {key.lower(): value for key, value in response.getheaders()}, response.read()
        finally:
            connection.close()

    def close(self) -> None:
        """Stop listening, and the thread."""
        self.run(self.service.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
