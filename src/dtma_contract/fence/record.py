"""The run's record: one JSON line an exchange, redacted and bounded, in ``exchanges.jsonl``."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
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


class ExchangeRecord:
    """Writes the record.

    Each line has ``n``, ``at`` (ISO 8601, UTC), ``method``, ``target``, ``operation`` (id or null), ``decision``
    (``sent``, ``refused; <reason>`` or ``failed; <cause>``), ``status``, ``milliseconds``, ``leaks``, and ``request``
    and ``response``, each with ``headers`` (pairs), ``body`` (text) and ``bytes`` (its full size).

    Args:
        folder: of the run.
        spellings: the secret to take out.
    """

    def __init__(self, folder: Path, spellings: TokenSpellings) -> None:
        self._spellings = spellings
        try:
            folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(folder / RECORD_NAME, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
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
        """Write one exchange."""
        line = {
            "n": number,
            "at": began.astimezone(UTC).isoformat(timespec="milliseconds"),
            "method": request.method,
            "target": self._text(request.target),
            "operation": operation,
            "decision": answer.fence or "sent",
            "status": answer.status,
            "milliseconds": round(milliseconds, 3),
            "leaks": list(answer.leaks),
            "request": self._part(request.headers, request.body),
            "response": self._part(answer.headers, answer.body),
        }
        self._file.write(json.dumps(line).encode() + b"\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _part(self, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> dict[str, Any]:
        return {
            "headers": [[name.decode("latin-1"), self._value(name, value)] for name, value in headers],
            "body": self._text(body),
            "bytes": len(body),
        }

    def _value(self, name: bytes, value: bytes) -> str:
        folded = name.lower()
        if folded in _CREDENTIALS and not (folded == b"authorization" and self._spellings.is_placeholder(value)):
            scheme, space, _ = value.partition(b" ")
            known = folded == b"authorization" and space and scheme.lower() in {b"bearer", b"basic", b"token"}
            return f"{scheme.decode()} {REDACTED}" if known else REDACTED
        return self._text(value)

    def _text(self, data: bytes) -> str:
        # Cut with a margin first: redaction of megabytes is not needed for what is shown, but must see whole secrets.
        margin = data[: 2 * _SHOWN_BYTES]
        clean = redact_environment(self._spellings.scrub(margin).data).data
        text = clean[:_SHOWN_BYTES].decode("utf-8", "backslashreplace")
        return text if len(clean) <= _SHOWN_BYTES and len(data) == len(margin) else text + "…"
