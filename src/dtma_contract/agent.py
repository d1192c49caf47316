"""The client of the suite: sends requests to the target through the fence and returns exchanges."""

from __future__ import annotations

import contextlib
import json as json_codec
import ssl
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

import httpx

from dtma_contract import __version__
from dtma_contract.contract import Effect, Operation
from dtma_contract.evidence import TOKEN_PLACEHOLDER, Exchange
from dtma_contract.judgement import ClauseViolatedError, NotJudgedError, RateLimitedError, TargetGoneError

__all__ = ["VALID", "Agent"]

VALID: Final = f"Bearer {TOKEN_PLACEHOLDER}"

# Longer than every bound of the fence, so that it is always the fence that says what went wrong.
_PATIENCE = 90.0

_HEADERS: Final = {
    "Accept": "application/json, text/plain;q=0.9",
    "Accept-Encoding": "identity",
    "User-Agent": f"dtma-contract/{__version__}",
}

_TOO_MANY_REQUESTS = 429  # RFC 6585 section 4

# The request itself got no proper answer; everything else that the fence reports means that no request gets one.
_BROKEN_ANSWERS = {
    "connection-reset": "the target closed the connection without a complete answer",
    "response-timeout": "the target did not finish its answer in time",
    "response-too-large": "the answer is larger than the fence lets through",
    "response-malformed": "the answer is not valid HTTP",
}


class Agent:
    """Sends to the target through the fence.

    Args:
        base_url: the fence's URL, such as ``http://127.0.0.1:40123``.
        patience: seconds after which a request is given up.
        transport: carries requests to the fence in another way than over the loopback.

    Attributes:
        restarting: whether the target said yes to a restart that nobody has waited for yet.
    """

    def __init__(
        self, base_url: str, patience: float = _PATIENCE, transport: httpx.BaseTransport | None = None
    ) -> None:
        self.restarting = False
        self._url = httpx.URL(base_url)
        self._timeout = httpx.Timeout(patience).as_dict()
        # Without a client above it, which would follow, decode and normalise: what is sent and read is as it is.
        # The fence speaks plain HTTP; reading the certificates of the world takes longer than forty requests.
        self._transport = transport or httpx.HTTPTransport(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def call(
        self,
        operation: Operation,
        *names: str,
        auth: str | None = VALID,
        json: Any = ...,
        content: bytes = b"",
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Exchange:
        """Send a request to an operation.

        Args:
            operation: the operation.
            names: values of its path parameters in order; each is percent-encoded.
            auth: value of the Authorization header, None for no such header.
            json: body to send as JSON; left out when not given.
            content: body to send as it is, as JSON's media type.
            query: query parameters.
            headers: further headers.

        Raises:
            NotJudgedError: the fence refused to send it.
            RateLimitedError: the target answers that there were too many requests.
            TargetGoneError: the target does not answer any more.
            ClauseViolatedError: the target broke off its answer.
        """
        values = iter(names)
        path = "/".join(
            quote(next(values), safe="") if part.startswith("{") else part for part in operation.path.split("/")
        )
        answer = self.send(operation.method, path, auth=auth, json=json, content=content, query=query, headers=headers)
        if operation.effect in {Effect.RESTART, Effect.REDEPLOY} and answer.status == operation.success:
            self.restarting = True
        return answer

    def send(
        self,
        method: str,
        path: str,
        *,
        auth: str | None = VALID,
        json: Any = ...,
        content: bytes = b"",
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Exchange:
        """Send a request to a path, percent-encoded by the caller; arguments and errors as in :meth:`call`."""
        exchange = self.exchange(method, path, auth=auth, json=json, content=content, query=query, headers=headers)
        _raise_for_fence(exchange)
        return exchange

    def exchange(
        self,
        method: str,
        path: str,
        *,
        auth: str | None = VALID,
        json: Any = ...,
        content: bytes = b"",
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Exchange:
        """Send a request as :meth:`send` does, and return whatever is answered, by the fence itself too.

        Raises:
            TargetGoneError: the fence does not answer, or not in time.
        """
        body = content if json is ... else json_codec.dumps(json).encode()
        sent_headers = dict(headers or {})
        if auth is not None:
            sent_headers["Authorization"] = auth
        if body and not any(name.lower() == "content-type" for name in sent_headers):
            sent_headers["Content-Type"] = "application/json"
        target = f"{path}?{urlencode(query)}" if query else path
        given = {name.lower() for name in sent_headers}
        defaults = {name: value for name, value in _HEADERS.items() if name.lower() not in given}
        request = httpx.Request(
            method,
            self._url,
            headers={**defaults, **sent_headers},
            content=body,
            # The target byte for byte, where a URL would lose its dot segments.
            extensions={"target": target.encode("ascii"), "timeout": self._timeout},
        )
        started = time.perf_counter()
        try:
            with contextlib.closing(self._transport.handle_request(request)) as answer:
                received = b"".join(answer.iter_raw())
        except httpx.TransportError as problem:
            raise TargetGoneError(f"fence-unreachable: {type(problem).__name__}: {problem}") from None
        return Exchange(
            method=method,
            target=target,
            request_headers=sent_headers,
            request_body=body,
            status=answer.status_code,
            # Values of one that came again stand behind each other (RFC 9110 section 5.3).
            headers=dict(answer.headers.items()),
            body=received,
            milliseconds=(time.perf_counter() - started) * 1000,
        )


def _raise_for_fence(exchange: Exchange) -> None:
    verdict, _, reason = exchange.headers.get("x-dtmac-fence", "").partition(";")
    reason, detail = reason.strip(), str(exchange.member("detail") or "").strip()
    if verdict == "refused":
        raise NotJudgedError(f"the fence refused {exchange.method} {exchange.target}: {reason}: {detail}")
    if verdict == "failed" and reason in _BROKEN_ANSWERS:
        raise ClauseViolatedError(f"{_BROKEN_ANSWERS[reason]} ({reason}: {detail})", exchange=exchange)
    if verdict == "failed":
        raise TargetGoneError(f"{reason}: {detail}")
    if exchange.status == _TOO_MANY_REQUESTS:
        # It says nothing of the operation; the contract documents it nowhere.
        after = exchange.headers.get("retry-after", "")
        told = f", Retry-After {after[:40]}" if after else ""
        raise RateLimitedError(
            f"the target limits requests: {exchange.method} {exchange.target} is {exchange.describe()}{told}"
        )
