"""Keep a program running, as the restart policy of a container does: whenever it ends by itself, it is started again.

A program as well: ``python supervisor.py COMMAND ARGUMENT …``. Standard library only.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading
from types import FrameType

__all__ = ["RESTARTED"]

# What it says on each restart, followed by the exit code.
RESTARTED = "supervisor: started again after exit code"

# Docker's first delay; it grows there, which nothing here needs.
_DELAY_SECONDS = 0.1


def _keep_running(command: list[str]) -> None:
    """Run the command again and again, until TERM or INT ends both."""
    ending = threading.Event()
    children: list[subprocess.Popen[bytes]] = []

    def end(_number: int, _frame: FrameType | None) -> None:
        ending.set()
        for child in children:
            child.terminate()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    if setpriv := shutil.which("setpriv"):
        command = [setpriv, "--pdeathsig", "KILL", *command]
    while not ending.is_set():
        children[:] = [subprocess.Popen(command)]
        if ending.is_set():  # asked to end while it was being started
            children[0].terminate()
        exit_code = children[0].wait()
        if not ending.wait(_DELAY_SECONDS):
            print(f"{RESTARTED} {exit_code}", flush=True)  # noqa: T201 (its log is how it is watched)


if __name__ == "__main__":
    _keep_running(sys.argv[1:])
