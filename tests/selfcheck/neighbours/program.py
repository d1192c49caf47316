"""How a script that starts neighbours begins and ends."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import NoReturn

from .processes import NeighbourError
from .tools import MissingToolError

__all__ = ["run_as_program"]

# Shells tell so that a program was ended by a signal.
_SIGNAL_EXIT_CODE = 128


def run_as_program(main: Callable[[list[str]], int]) -> NoReturn:
    """Call ``main`` with the arguments of the command line, and exit with what it returns.

    Ctrl-C, TERM and HUP unwind it, so that everything it started is ended in order. What a machine
    lacks, or what does not start, is told in a sentence.
    """
    try:
        with _unwound_by_signals():
            sys.exit(main(sys.argv[1:]))
    except (MissingToolError, NeighbourError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        print("interrupted; everything that was started is ended", file=sys.stderr)  # noqa: T201 (a program's own word)
        sys.exit(_SIGNAL_EXIT_CODE + signal.SIGINT)


@contextlib.contextmanager
def _unwound_by_signals() -> Iterator[None]:
    numbers = (signal.SIGTERM, signal.SIGHUP)

    def leave(number: int, _: FrameType | None) -> None:
        # Once is enough: a second signal must not break off what the first one set in motion.
        for each in numbers:
            signal.signal(each, signal.SIG_IGN)
        sys.exit(_SIGNAL_EXIT_CODE + number)

    before = {number: signal.signal(number, leave) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
