"""A thread with a stack for what nests deep."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable

__all__ = ["deeply"]

# A program nests its calls, and each of its calls is a dozen of ours.
_RECURSION_LIMIT = 60_000
_STACK_BYTES = 512 * 1024 * 1024


def deeply(run: Callable[[], None]) -> None:
    """Run something that nests deep, in a thread with a stack to match.

    Raises:
        BaseException: whatever it raises.
    """
    failures: list[BaseException] = []

    def guarded() -> None:
        try:
            run()
        except BaseException as failure:  # noqa: BLE001 - handed to the caller's thread
            failures.append(failure)

    before, limit = threading.stack_size(_STACK_BYTES), sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, _RECURSION_LIMIT))
    # Syntax and values live until the end; looking for garbage among them takes more time than all the rest.
    collects = gc.isenabled()
    gc.disable()
    try:
        thread = threading.Thread(target=guarded, name="evaluation")
        thread.start()
        thread.join()
    finally:
        if collects:
            gc.enable()
        threading.stack_size(before)
        sys.setrecursionlimit(limit)
    if failures:
        raise failures[0]
