"""One operation of the API as a value: where it is, who may call it, what answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import unquote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from dtma_reference.answers import Answer
from dtma_reference.errors import BodyTooLargeError

__all__ = ["Endpoint", "blocking", "body_of", "number_in_query", "path_value"]

# Far above any real request; what a caller sends is held in memory.
_BODY_LIMIT = 1_048_576

Handler = Callable[[Request], Awaitable[Answer]]

# Calls that wait for the engine or the disk run beside the event loop.
blocking = run_in_threadpool


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An operation.

    Attributes:
        operation: its id, such as ``core.tools.start``.
        method: ``GET``, ``POST`` or ``DELETE``.
        path: path template.
        summary: a few words for the service information.
        handler: answers the request.
        secured: whether the caller must be let in.
    """

    operation: str
    method: str
    path: str
    summary: str
    handler: Handler
    secured: bool = True

    @property
    def methods(self) -> tuple[str, ...]:
        """All methods that it answers: HEAD goes with GET."""
        return ("GET", "HEAD") if self.method == "GET" else (self.method,)


def path_value(request: Request, parameter: str) -> str:
    """Return a path parameter, percent-decoded once; the route matched the path as it was sent."""
    return unquote(request.path_params[parameter])


def number_in_query(request: Request, parameter: str, default: int, highest: int) -> int:
    """Return a number of the query between 1 and the highest; the default where it is no number."""
    text = request.query_params.get(parameter, "")
    try:
        return max(1, min(int(text), highest))
    except ValueError:
        return default


async def body_of(request: Request) -> bytes:
    """Return the request's body.

    Raises:
        BodyTooLargeError: it is too large.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _BODY_LIMIT:
            raise BodyTooLargeError(f"The request body is larger than {_BODY_LIMIT} bytes.")
    return bytes(body)
