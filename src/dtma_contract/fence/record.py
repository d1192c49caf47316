"""The run's record: one JSON line an exchange, redacted and bounded, in ``exchanges.jsonl``."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from dtma_contract.errors import EngineError
from dtma_contract.fence.answers import Answer
from dtma_contract.fence.decisions import FenceRequest
from dtma_contract.redaction import REDACTED, TokenSpellings, redact_environment

__all__ = ["RECORD_NAME", "ExchangeRecord"]

RECORD_NAME: Final = "exchanges.jsonl"

# Enough to understand an exchange; a fuzzed run has thousands.
_SHOWN_BYTES: Final = 4096

_CREDENTIALS: Final = {
    b"authorization",
    b"proxy-authorization",
    b"cookie",
    b"set-cookie",
    b"x-api-key",
    b"x-auth-token",
}

_Cleaner = Callable[[bytes], bytes]


class ExchangeRecord:
    """Writes the record.

    Each line has ``n``, ``at`` (ISO 8601, UTC), ``method``, ``target``, ``operation`` (id or null), ``decision``
    (``sent``, ``refused; <reason>`` or ``failed; <cause>``), ``status``, ``milliseconds``, ``leaks``, and ``request``
    and ``response``, each with ``headers`` (pairs), ``body`` (text) and ``bytes`` (its full size).

    Args:
        folder: of the run.
        spellings: the secret to take out.
        name: of the file.
    """

    def __init__(self, folder: Path, spellings: TokenSpellings, name: str = RECORD_NAME) -> None:
        self._spellings = spellings
        try:
            folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as problem:
            raise EngineError(f"The record of exchanges in {folder} cannot be written: {problem}.") from None
        self._file = os.fdopen(descriptor, "ab", buffering=0)

    def write(
        self,
        number: int,
        *,
        began: datetime,
        milliseconds: float,
        request: FenceRequest,
        operation: str | None,
        answer: Answer,
    ) -> None:
        """Write one exchange.

        Raises:
            EngineError: the file cannot be written.
        """
        sent = b"\n".join((request.target, *(value for _, value in request.headers), request.body))
        clean = self._clean if self._spellings.occur_in(sent) else _clean_environment
        line = {
            "n": number,
            "at": began.astimezone(UTC).isoformat(timespec="milliseconds"),
            "method": request.method,
            "target": _text(request.target, clean),
            "operation": operation,
            "decision": answer.fence or "sent",
            "status": answer.status,
            "milliseconds": round(milliseconds, 3),
            "leaks": list(answer.leaks),
            "request": self._part(request.headers, request.body, clean),
            # What a target answered has been scrubbed for the client already.
            "response": self._part(answer.headers, answer.body, _keep),
        }
        try:
            self._file.write(json.dumps(line).encode() + b"\n")
        except OSError as problem:
            raise EngineError(f"The record of exchanges cannot be written: {problem}.") from None

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _part(self, headers: Iterable[tuple[bytes, bytes]], body: bytes, clean: _Cleaner) -> dict[str, Any]:
        return {
            "headers": [[name.decode("latin-1"), self._value(name, value, clean)] for name, value in headers],
            "body": _text(body, clean),
            "bytes": len(body),
        }

    def _value(self, name: bytes, value: bytes, clean: _Cleaner) -> str:
        folded = name.lower()
        if folded in _CREDENTIALS and not (folded == b"authorization" and self._spellings.is_placeholder(value)):
            scheme, space, _ = value.partition(b" ")
            known = folded == b"authorization" and space and scheme.lower() in {b"bearer", b"basic", b"token"}
            return f"{scheme.decode()} {REDACTED}" if known else REDACTED
        return _text(value, clean)

    def _clean(self, data: bytes) -> bytes:
        return _clean_environment(self._spellings.scrub(data).data)


def _clean_environment(data: bytes) -> bytes:
    return redact_environment(data).data


def _keep(data: bytes) -> bytes:
    return data


def _text(data: bytes, clean: _Cleaner) -> str:
    # Cut with a margin first: redaction of megabytes is not needed for what is shown, but must see whole secrets.
    shown = clean(data[: 2 * _SHOWN_BYTES])
    text = shown[:_SHOWN_BYTES].decode("utf-8", "backslashreplace")
    return text if len(shown) <= _SHOWN_BYTES and len(data) <= 2 * _SHOWN_BYTES else text + "…"
