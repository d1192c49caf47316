"""A source that is read in a thread of its own: unpacking and hashing run beside the reading of entries."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Iterator

from dtma_contract.discovery.container_image.problems import MIB
from dtma_contract.discovery.container_image.tar_stream import ByteSource

__all__ = ["read_ahead"]

# Enough that neither side waits for the other; this is all that is held.
_CHUNK = MIB
_CHUNKS = 4

# How soon a reader whose pieces nobody takes any more sees that.
_LOOK_SECONDS = 0.05
_JOIN_SECONDS = 2


@contextlib.contextmanager
def read_ahead(source: ByteSource) -> Iterator[ByteSource]:
    """Yield the same bytes; an error of the source is raised where its bytes would have come.

    When the block ends, nobody reads the source any more.
    """
    reader = _Reader(source)
    try:
        yield reader
    finally:
        reader.stop()


class _Reader:
    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._pieces: queue.Queue[bytes | BaseException] = queue.Queue(_CHUNKS)
        self._stopped = threading.Event()
        self._rest = b""
        self._ended = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def read(self, size: int, /) -> bytes:
        if not self._rest and not self._ended:
            piece = self._pieces.get()
            if isinstance(piece, BaseException):
                self._ended = True
                raise piece
            self._rest, self._ended = piece, not piece
        piece, self._rest = (self._rest, b"") if len(self._rest) <= size else (self._rest[:size], self._rest[size:])
        return piece

    def stop(self) -> None:
        self._stopped.set()
        # One that waits for a network ends by itself, within that one's time limit.
        self._thread.join(_JOIN_SECONDS)

    def _run(self) -> None:
        piece: bytes | BaseException = b"-"
        while piece and not isinstance(piece, BaseException):
            try:
                piece = self._source.read(_CHUNK)
            except BaseException as problem:  # noqa: BLE001 - it is raised on the other side
                piece = problem
            while not self._stopped.is_set():
                with contextlib.suppress(queue.Full):
                    self._pieces.put(piece, timeout=_LOOK_SECONDS)
                    break
            if self._stopped.is_set():
                return
