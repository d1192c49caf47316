"""Figures of the host: load, memory, disk, uptime. From /proc where there is one."""

from __future__ import annotations

import os
import platform
import shutil
import time
from pathlib import Path
from typing import Any

__all__ = ["describe", "metrics"]

_MEMORY = Path("/proc/meminfo")
_STARTED = time.monotonic()


def metrics() -> dict[str, Any]:
    """Return the answer of ``GET /system``."""
    total, free, available = _memory()
    disk = shutil.disk_usage("/")
    return {
        # One process that always wants to run is the load of one processor.
        "cpu_load_percent": round(min(100.0, os.getloadavg()[0] / (os.cpu_count() or 1) * 100), 2),
        "memory": {
            "total_bytes": total,
            "active_bytes": total - available,
            "free_bytes": free,
            "used_bytes": total - free,
        },
        "disk": {"mount": "/", "total_bytes": disk.total, "used_bytes": disk.used, "free_bytes": disk.free},
    }


def describe() -> dict[str, Any]:
    """Return what ``GET /diagnostics/system`` tells beside the figures."""
    return {
        "platform": platform.system().lower(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "pid": os.getpid(),
        "uptime_seconds": round(time.monotonic() - _STARTED, 3),
    }


def _memory() -> tuple[int, int, int]:
    """Return total, free and available bytes."""
    if not _MEMORY.exists():
        page = os.sysconf("SC_PAGE_SIZE")
        total = page * os.sysconf("SC_PHYS_PAGES")
        free = page * os.sysconf("SC_AVPHYS_PAGES")
        return total, free, free
    fields = dict(line.split(":", 1) for line in _MEMORY.read_text().splitlines())
    total, free, available = (
        int(fields.get(name, "0 kB").split()[0]) * 1024 for name in ("MemTotal", "MemFree", "MemAvailable")
    )
    return total, free, available
