"""The fence's own process. Its parent speaks to it in JSON lines; see :mod:`dtma_contract.fence.process`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import signal
import sys
from typing import Any

from dtma_contract.errors import DtmaContractError
from dtma_contract.fence.service import FenceService
from dtma_contract.fence.settings import FenceSettings


async def main() -> int:
    """Serve until the parent closes the fence, goes away, or a signal ends it; clean up in any case."""
    loop = asyncio.get_running_loop()
    # An interrupt is for the parent, which ends the run in order. A hang-up may be for the whole session.
    for ignored in (signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(ignored, lambda: None)
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    reader = asyncio.StreamReader(limit=64 * 1024 * 1024)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    try:
        start = json.loads(await reader.readline())
        settings = FenceSettings.from_json(start["settings"])
        service = await FenceService.start(settings, start["token"])
    except DtmaContractError as problem:
        _say({"error": {"kind": type(problem).__name__, "message": problem.message, "hint": problem.hint}})
        return 1
    del start
    _say({"base_url": service.base_url})
    commands = asyncio.create_task(_obey(reader, service))
    signalled = asyncio.create_task(ended.wait())
    await asyncio.wait({commands, signalled}, return_when=asyncio.FIRST_COMPLETED)
    if signalled.done():
        commands.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await commands
    signalled.cancel()
    await service.finish()
    await service.close()
    if settings.is_temporary:
        shutil.rmtree(settings.folder, ignore_errors=True)
    return 0


async def _obey(reader: asyncio.StreamReader, service: FenceService) -> None:
    while line := await reader.readline():
        command = json.loads(line)["command"]
        if command == "status":
            _say(service.status.to_json())
        elif command == "finish":
            _say((await service.finish()).to_json())
        elif command == "close":
            return


def _say(data: dict[str, Any]) -> None:
    # The parent may be gone; clean-up goes on.
    with contextlib.suppress(BrokenPipeError):
        print(json.dumps(data), flush=True)  # noqa: T201 - standard output is the parent's ear


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
