"""The time, as facts and reports write it."""

from __future__ import annotations

import datetime as dt

__all__ = ["now"]


def now() -> str:
    """Return the time in UTC, ISO 8601 to the millisecond, such as ``2026-03-01T03:00:00.123Z``."""
    return dt.datetime.now(tz=dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
