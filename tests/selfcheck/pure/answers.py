"""Exchanges as tests write them."""

from __future__ import annotations

import json
from typing import Any

from dtma_contract.evidence import Exchange


def answer(
    status: int = 200,
    body: Any = None,
    *,
    method: str = "GET",
    target: str = "/tools",
    media_type: str = "application/json",
    headers: dict[str, str] | None = None,
) -> Exchange:
    """Return an answer; a body of text stands as it is, any other one as JSON."""
    content = body.encode() if isinstance(body, str) else json.dumps({} if body is None else body).encode()
    return Exchange(method, target, {}, b"", status, {"content-type": media_type, **(headers or {})}, content, 1.0)


def request(
    method: str = "GET", target: str = "/tools", headers: dict[str, str] | None = None, body: bytes = b""
) -> Exchange:
    """Return an exchange of which only the request matters."""
    return Exchange(method, target, headers or {}, body, 200, {}, b"", 1.0)
