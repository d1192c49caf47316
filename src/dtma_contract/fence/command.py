"""The fence alone, in the foreground: any other client can be pointed at a live host without harm."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import signal
from collections.abc import Callable
from dataclasses import replace

from dtma_contract.cleanup import CleanupReport
from dtma_contract.errors import UsageError
from dtma_contract.fence.decisions import FenceRequest, Refuse
from dtma_contract.fence.service import FenceService
from dtma_contract.fence.settings import FenceSettings
from dtma_contract.verdict import ExitCode

__all__ = ["read_listen", "report_lines", "run_fence_command"]


def read_listen(text: str) -> tuple[str, int]:
    """Return host and port of ``127.0.0.1:PORT``, ``localhost:PORT`` or ``[::1]:PORT``.

    Raises:
        UsageError: it is malformed, or not on the loopback: whoever reaches the fence uses the token.
    """
    host, _, port = text.rpartition(":")
    host = "127.0.0.1" if host == "localhost" else host.strip("[]")
    if not port.isdecimal() or int(port) > 65535:  # noqa: PLR2004 - the highest port
        raise UsageError(f'"{text}" is no address to listen on.', "Give one such as 127.0.0.1:8080.")
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise UsageError(
            f'The fence does not listen on "{host}".',
            "Whoever can reach it acts with the token, so it stays on the loopback: give 127.0.0.1:PORT.",
        )
    return host, int(port)


def report_lines(report: CleanupReport) -> list[str]:
    """Return what a clean-up did, for people."""
    lines = [f"removed: {name}" for name in report.removed]
    for item in report.left_behind:
        lines += [f"left behind: {item.kind} {item.name}: {item.reason}", f"  remove it with: {item.command}"]
    return lines or ["nothing was left to remove"]


def run_fence_command(settings: FenceSettings, token: str | None, say: Callable[[str], None]) -> ExitCode:
    """Serve until interrupted, then clean up.

    Requests without Authorization get the token.

    Args:
        settings: of the fence; ``read_listen`` yields its host and port.
        token: the secret, or None.
        say: prints one line.

    Returns:
        ``KEPT``, or ``VIOLATED`` when something is left behind.

    Raises:
        UsageError: the target, the token or the address to listen on is unusable.
        EngineError: the run's folder cannot be written.
    """
    return asyncio.run(_serve(replace(settings, authenticate_all=True), token, say))


async def _serve(settings: FenceSettings, token: str | None, say: Callable[[str], None]) -> ExitCode:
    def tell(request: FenceRequest, refusal: Refuse) -> None:
        target = request.target.decode("ascii", "backslashreplace")
        hear(f"refused ({refusal.reason}): {request.method} {target}: {refusal.detail}")

    def hear(line: str) -> None:
        # Whoever reads the lines may be gone; that must not keep anything from being removed.
        with contextlib.suppress(OSError):
            say(line)

    service = await FenceService.start(settings, token, on_refused=tell)
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    hear(f"fence: {service.base_url} -> {settings.target}")
    hear(f"effects: {settings.effects}; names of this run begin with {settings.identity.namespace}")
    hear("end it with Ctrl-C; what it created is removed then")
    await ended.wait()
    report = await service.finish()
    await service.close()
    for line in report_lines(report):
        hear(line)
    return ExitCode.VIOLATED if report.left_behind else ExitCode.KEPT
