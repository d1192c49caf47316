"""What a handler answers with, before it becomes bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

__all__ = ["Answer", "render", "timestamp"]


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and its content.

    Attributes:
        status: HTTP status code.
        content: what JSON can say, or text for another media type.
        media_type: without parameters.
        headers: further header fields.
    """

    status: int
    content: Any
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


def render(answer: Answer) -> Response:
    """Return the response that says it."""
    if answer.media_type == "application/json":
        # ASCII only: a lone surrogate, which JSON can carry, has no UTF-8 form.
        content = json.dumps(answer.content, separators=(",", ":")).encode("ascii")
    else:
        content = str(answer.content).encode()
    return Response(content, answer.status, dict(answer.headers), answer.media_type)


def timestamp() -> str:
    """Return the current time, ISO 8601 in UTC with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
