"""The agent's own recent log lines: what was asked, and how it was answered. No secrets."""

from __future__ import annotations

import logging
import threading
from collections import deque

from dtma_reference.answers import timestamp
from dtma_reference.tokens import Secrets

__all__ = ["RecentLog"]

# Enough for a day of one status poll each minute and some work; a few hundred kilobytes.
_KEPT_LINES = 2000


class RecentLog(logging.Handler):
    """A ring of lines, also fed by the ``dtma_reference`` loggers. Thread-safe.

    Args:
        secrets: what must never be in a line.
    """

    def __init__(self, secrets: Secrets) -> None:
        super().__init__()
        self._secrets = secrets
        self._ring_lock = threading.Lock()
        self._ring: deque[str] = deque(maxlen=_KEPT_LINES)

    def add(self, text: str) -> None:
        """Add a line, with the time before it."""
        line = f"{timestamp()} {self._secrets.scrub(text)}"
        with self._ring_lock:
            self._ring.append(line)

    def emit(self, record: logging.LogRecord) -> None:
        """Add a log record."""
        self.add(f"{record.levelname} {record.getMessage()}")

    def lines(self, count: int | None = None) -> list[str]:
        """Return the last lines, oldest first."""
        with self._ring_lock:
            kept = list(self._ring)
        return kept if count is None else kept[-count:]
