"""A stand-in for the Docker Engine of a host without containers, for agents that are asked about other things.

It has no image, pulls none and runs nothing. What concerns containers is proven on a real engine.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from .liars import Conversation, lying

__all__ = ["quiet_engine"]

_VERSION = {"Version": "26.1.5", "ApiVersion": "1.45", "MinAPIVersion": "1.24"}
_INFO = {"Containers": 0, "Images": 0, "OperatingSystem": "an empty host"}


@contextlib.contextmanager
def quiet_engine() -> Iterator[str]:
    """Serve until the block ends, and yield the endpoint, such as ``tcp://127.0.0.1:40001``."""
    with lying(_answer) as server:
        yield server.url.replace("http://", "tcp://")


def _answer(conversation: Conversation) -> None:
    path = re.sub(r"^/v\d+\.\d+", "", conversation.asked.path.partition("?")[0])
    known = {"/version": _VERSION, "/info": _INFO, "/containers/json": [], "/images/json": []}
    if path == "/_ping":
        conversation.answer("200 OK", "text/plain", b"OK", "Api-Version: 1.45")
    elif path in known:
        conversation.answer_json(known[path])
    elif path == "/images/create":
        asked = parse_qs(urlsplit(conversation.asked.path).query)
        _refuse(conversation, _no_such_image(asked.get("fromImage", [""])[0]))
    else:
        _refuse(conversation, f"No such {'image' if path.startswith('/images/') else 'container'}")


def _no_such_image(reference: str) -> str:
    """Return what an engine says of an image that no registry gives, as its registry answers or cannot be found."""
    registry = reference.partition("/")[0].partition(":")[0]
    if registry.endswith(".invalid"):
        return f'Get "https://{registry}/v2/": dial tcp: lookup {registry}: no such host'
    return f"pull access denied for {reference}, repository does not exist or may require 'docker login'"


def _refuse(conversation: Conversation, message: str) -> None:
    conversation.answer("404 Not Found", "application/json", json.dumps({"message": message}).encode())
