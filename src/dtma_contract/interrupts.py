"""Signals end a run in order: it stops judging, removes what it made and reports, however often it is told to."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any, Final

__all__ = ["Interrupts", "ended_in_order"]

_NUMBERS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# Ctrl-C pressed twice, or sent to a whole group and passed on once more, is one wish.
_ONE_WISH_SECONDS: Final = 1.0
_STANDARD_ERROR: Final = 2


@contextlib.contextmanager
def ended_in_order() -> Iterator[None]:
    """End the block as Ctrl-C does where SIGTERM or SIGHUP arrives, so that nothing temporary stays.

    Only the first signal does so: a second one would break off what the first one set going. One that this process was
    started to ignore, as nohup does, stays ignored.
    """
    arrived = False

    def arrive(_number: int, _frame: FrameType | None) -> None:
        nonlocal arrived
        if not arrived:
            arrived = True
            raise KeyboardInterrupt

    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, arrive)
    try:
        yield
    finally:
        for changed, handler in before.items():
            signal.signal(changed, handler)


class Interrupts:
    """Turns SIGINT, SIGTERM and SIGHUP into a KeyboardInterrupt, and holds it back while the run cleans up.

    Attributes:
        interrupted: whether a signal stopped the judging.
    """

    def __init__(self) -> None:
        self.interrupted = False
        self._last = float("-inf")
        self._waiting: int | None = None
        self._before: dict[int, Any] = {}

    def install(self) -> None:
        """Listen to the signals; one that this process was started to ignore, as nohup does, stays ignored."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number in _NUMBERS:
            before = signal.getsignal(number)
            if before is not signal.SIG_IGN:
                self._before[number] = before
                signal.signal(number, self._arrive)

    def restore(self) -> None:
        """Give the signals back to whoever had them; after an interrupt, Ctrl-C could only spoil the report now."""
        while self._before:
            number, before = self._before.popitem()
            spoils = self.interrupted and number == signal.SIGINT
            signal.signal(number, signal.SIG_IGN if spoils else before)

    @contextlib.contextmanager
    def held_back(self) -> Iterator[None]:
        """Clean up within: one more signal is answered with a word, and only the next one breaks in."""
        self._waiting = 0
        try:
            yield
        finally:
            self._waiting = None

    def _arrive(self, _number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        again, self._last = now - self._last < _ONE_WISH_SECONDS, now
        if again:
            return
        if self._waiting is None:
            self.interrupted = True
            raise KeyboardInterrupt
        self._waiting += 1
        if self._waiting > 1:
            raise KeyboardInterrupt
        # A buffered stream may be in the middle of a line of this very thread.
        os.write(_STANDARD_ERROR, b"still removing what the run made; once more leaves it to the fence\n")
