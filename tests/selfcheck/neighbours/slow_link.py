"""A slow link to an agent: every answer comes late, and whole."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import httpx

from .liars import Conversation, lying

__all__ = ["slow_link"]

# Of one hop only (RFC 9110, section 7.6.1), or set anew by who answers.
_OF_THE_HOP = {"connection", "content-encoding", "content-length", "content-type", "transfer-encoding", "host"}


@contextlib.contextmanager
def slow_link(upstream: str, *, seconds: float) -> Iterator[str]:
    """Serve until the block ends, and yield the URL.

    Args:
        upstream: URL of the agent.
        seconds: how late each answer is.
    """
    with httpx.Client(base_url=upstream, trust_env=False, timeout=30) as client:

        def pass_on(conversation: Conversation) -> None:
            asked = conversation.asked
            headers = [(name, value) for name, value in asked.headers if name.lower() not in _OF_THE_HOP]
            media_type = asked.header("content-type")
            headers += [("Content-Type", media_type)] if media_type else []
            answer = client.request(asked.method, asked.path, headers=headers, content=asked.body)
            kept = [f"{name}: {value}" for name, value in answer.headers.items() if name not in _OF_THE_HOP]
            conversation.over.wait(seconds)
            status = f"{answer.status_code} {answer.reason_phrase}"
            conversation.answer(status, answer.headers.get("content-type", "text/plain"), answer.content, *kept)

        with lying(pass_on) as relay:
            yield relay.url
