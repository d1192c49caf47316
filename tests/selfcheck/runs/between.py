"""Stands between a run and a reference agent: passes everything on, and tampers with what a test names."""

from __future__ import annotations

import http.client
import re
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from urllib.parse import urlsplit

from neighbours.liars import FLAWS, Conversation, Liar, lying

__all__ = ["hiding", "lying_about", "passing_on"]

# Longer than anything that the reference agent does.
_PATIENCE = 60

_HOP_BY_HOP = {"connection", "transfer-encoding", "content-length"}  # RFC 9110 section 7.6.1, and what answer() sets


def passing_on(url: str, before: Callable[[Conversation], bool]) -> AbstractContextManager[Liar]:
    """Pass requests on to ``url``, unless ``before`` returns that it has dealt with one itself."""
    upstream = urlsplit(url).netloc

    def converse(conversation: Conversation) -> None:
        if not before(conversation):
            _pass_on(conversation, upstream)

    return lying(converse)


def lying_about(url: str, flaw: str, method: str, path: str) -> AbstractContextManager[Liar]:
    """Pass requests on, but answer one operation with a flaw of ``neighbours.liars``; ``path`` is a pattern."""

    def before(conversation: Conversation) -> bool:
        asked = conversation.asked
        lies = asked.method == method and re.fullmatch(path, asked.path) is not None
        if lies:
            FLAWS[flaw](conversation)
        return lies

    return passing_on(url, before)


def hiding(url: str, prefix: str) -> AbstractContextManager[Liar]:
    """Pass requests on, but answer everything below a prefix as the agent answers a path that it does not have."""

    def before(conversation: Conversation) -> bool:
        hidden = conversation.asked.path.startswith(prefix)
        if hidden:
            conversation.answer("404 Not Found", "application/json", b'{"error":"Not Found"}', "Server: dtma-reference")
        return hidden

    return passing_on(url, before)


_counting = threading.Lock()


def _pass_on(conversation: Conversation, upstream: str) -> None:
    asked = conversation.asked
    connection = http.client.HTTPConnection(upstream, timeout=_PATIENCE)
    try:
        connection.putrequest(asked.method, asked.path, skip_host=True, skip_accept_encoding=True)
        for name, value in asked.headers:
            if name.lower() not in _HOP_BY_HOP:
                connection.putheader(name, value)
        if asked.body:
            connection.putheader("Content-Length", str(len(asked.body)))
        connection.endheaders(asked.body or None)
        answer = connection.getresponse()
        body = answer.read()
        headers = [f"{name}: {value}" for name, value in answer.getheaders() if name.lower() not in _HOP_BY_HOP]
        media_type = [line for line in headers if line.lower().startswith("content-type:")]
        rest = [line for line in headers if line not in media_type]
        status = f"{answer.status} {answer.reason}"
        conversation.answer(status, media_type[0].partition(": ")[2] if media_type else "", body, *rest)
    finally:
        connection.close()
