"""Standard streams that outlive whoever reads them: what cannot be written breaks nothing off, and is told at the end.

A run must judge, clean up and report in its folder whatever became of its terminal. So no write ever raises: a reader
that went away (``| head``) has seen enough, which changes no verdict; what a full device did not take is kept in mind.
"""

from __future__ import annotations

import contextlib
import io
import os
import select
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

__all__ = ["StandardStreams"]

_INPUT: Final = 0
_OUTPUT: Final = 1
_ERROR: Final = 2
# A terminal of ten thousand columns is none.
_MOST_DIGITS: Final = 4


@dataclass(frozen=True, slots=True)
class StandardStreams:
    """The streams of this process, made so that no write to them raises.

    Attributes:
        outlets: by descriptor, what is under those that were replaced.
    """

    outlets: dict[int, _Outlet]

    @classmethod
    def install(cls) -> Self:
        """Replace ``sys.stdout`` and ``sys.stderr``, and forget a ``COLUMNS`` that is no width.

        A stream that somebody put in their place stays, as a test does.
        """
        _fill_closed_descriptors()
        if not _is_width(os.environ.get("COLUMNS", "80")):
            del os.environ["COLUMNS"]
        outlets: dict[int, _Outlet] = {}
        for name, descriptor in (("stdout", _OUTPUT), ("stderr", _ERROR)):
            stream = getattr(sys, name)
            if stream is getattr(sys, f"__{name}__"):
                outlets[descriptor] = _Outlet(descriptor)
                setattr(sys, name, _text_on(outlets[descriptor], stream))
            elif isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        return cls(outlets)

    def lost(self) -> str:
        """Write what is buffered, and return why standard output does not have all of it; empty where it does."""
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                with contextlib.suppress(OSError, ValueError):
                    stream.flush()
        outlet = self.outlets.get(_OUTPUT)
        return outlet.problem if outlet is not None else ""


class _Outlet(io.FileIO):
    """A descriptor that takes everything.

    Attributes:
        problem: what the operating system said to the first write that failed, unless the reader went away.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self.problem = ""
        self._is_shut = False

    def write(self, data: ReadableBuffer, /) -> int:
        """Write what is taken; once a write has failed nothing more is tried, and all counts as written."""
        size = memoryview(data).nbytes
        if self._is_shut:
            return size
        try:
            # A neighbour may have made the terminal non-blocking; then a full one takes nothing for a while.
            while (written := super().write(data)) is None:
                select.select([], [self], [])
        except (BrokenPipeError, ConnectionResetError):
            self._is_shut = True
        except OSError as problem:
            self._is_shut = True
            self.problem = problem.strerror or str(problem)
        else:
            return written
        return size


def _is_width(columns: str) -> bool:
    """Return whether what a shell or a terminal says of its width is one; nothing at all is printed in 0 columns."""
    return columns.isascii() and columns.isdigit() and len(columns) <= _MOST_DIGITS and int(columns) > 0


def _text_on(outlet: _Outlet, before: Any) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        io.BufferedWriter(outlet),
        encoding=getattr(before, "encoding", None) or "utf-8",
        # What was read may hold half of a character, which no encoding can write.
        errors="backslashreplace",
        line_buffering=getattr(before, "line_buffering", False),
        write_through=getattr(before, "write_through", False),
    )


def _fill_closed_descriptors() -> None:
    """Open those of the three that this process was started without: a file of the run must not take their place."""
    for descriptor in (_INPUT, _OUTPUT, _ERROR):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest that is free is this one; those before it are open.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # noqa: FBT003 - the only way to say it
