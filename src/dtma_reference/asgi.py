"""What stands before the routes: paths as they were sent, and the request log."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dtma_reference.log import RecentLog

__all__ = ["RawPath", "RequestLogging", "is_well_encoded"]

_BROKEN_ESCAPE = re.compile(rb"%(?![0-9a-fA-F]{2})")


class RawPath:
    """Matches routes against the path as it was sent, so that ``%2F`` belongs to a name and does not split it.

    Args:
        app: the next application.
        refusal: gives the answer to a path with broken percent-encoding, or None to let it pass.
    """

    def __init__(self, app: ASGIApp, refusal: Callable[[str], Response | None]) -> None:
        self._app = app
        self._refusal = refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] == "http":
            raw: bytes = scope["raw_path"]
            path = raw.decode("latin-1")
            scope["path"] = path
            refusal = None if is_well_encoded(raw) else self._refusal(path)
            if refusal is not None:
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)


def is_well_encoded(raw: bytes) -> bool:
    """Return whether a path can be percent-decoded to UTF-8."""
    if raw.isascii() and b"%" not in raw:
        return True
    if _BROKEN_ESCAPE.search(raw):
        return False
    try:
        unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        return False
    return True


class RequestLogging:
    """Writes one line a request: method, path without query, status.

    Args:
        app: the next application.
        log: where the lines go.
    """

    def __init__(self, app: ASGIApp, log: RecentLog) -> None:
        self._app = app
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500  # what the server answers where an exception leaves the application

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            self._log.add(f"INFO {scope['method']} {scope['raw_path'].decode('latin-1')} {status}")
