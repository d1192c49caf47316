"""The bounds within which the fence talks to a target. Pure."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds. The defaults suit a small droplet.

    Attributes:
        connect_seconds: until a connection stands, name resolution and TLS included.
        response_seconds: from sending to the last byte; a deploy may have to pull an image.
        read_seconds: the same for an operation that only reads; the agent's callers give up after 10.
        create_seconds: the same for an operation that makes something.
        idle_seconds: between two bytes, once an answer has begun.
        response_bytes: of an answer, before and after its content coding is taken off.
        request_bytes: of a request's body.
        requests_per_second: sustained; a second's worth may come at once.
        concurrency: requests at the target at the same time.
        gone_after: consecutive failures to connect after which the target counts as gone.
        retry_seconds: between two attempts to reach a target that is gone.
        restart_seconds: how long a target that was told to restart may fail to connect.
    """

    connect_seconds: float = 5.0
    response_seconds: float = 60.0
    read_seconds: float = 15.0
    create_seconds: float = 60.0
    idle_seconds: float = 15.0
    response_bytes: int = 8 * 1024 * 1024
    request_bytes: int = 4 * 1024 * 1024
    requests_per_second: float = 300.0
    concurrency: int = 16
    gone_after: int = 5
    retry_seconds: float = 1.0
    restart_seconds: float = 60.0
