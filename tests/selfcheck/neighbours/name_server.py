"""A name server of one's own, and how a program is made to ask it: in a mount namespace with another resolv.conf."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from .processes import NeighbourError
from .tools import path_of

__all__ = ["name_server"]

_PORT = 53
_LONGEST = 512
# Response, recursion desired and available; the lower four bits are the answer's code (RFC 1035, section 4.1.1).
_FLAGS = 0x8180
_NO_SUCH_NAME = 3
_HEADER = 12


@contextlib.contextmanager
def name_server(*, answers: bool = True) -> Iterator[tuple[str, ...]]:
    """Run a name server that knows no name, until the block ends.

    Args:
        answers: whether it says so; else it never answers.

    Yields:
        The words before a command that make its program ask this name server and no other.

    Raises:
        MissingToolError: unshare is not installed.
        NeighbourError: it needs root.
    """
    if os.geteuid() != 0:
        raise NeighbourError("A name server's port, and a mount namespace, need root.")
    unshare = path_of("unshare")
    # The whole of 127.0.0.0/8 is loopback: an address of its own has port 53 free.
    address = f"127.53.{secrets.randbelow(254) + 1}.{secrets.randbelow(254) + 1}"
    with (
        tempfile.TemporaryDirectory(prefix="dtmac-names-") as folder,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server,
    ):
        server.bind((address, _PORT))
        configuration = Path(folder, "resolv.conf")
        configuration.write_text(f"nameserver {address}\noptions timeout:1 attempts:1\n")
        thread = threading.Thread(target=_serve, args=(server, answers))
        thread.start()
        try:
            mounted = f'mount --bind {configuration} /etc/resolv.conf && exec "$@"'
            yield (str(unshare), "--mount", "sh", "-c", mounted, "sh")
        finally:
            # An empty packet ends it: closing alone would not wake a thread that waits.
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waking:
                waking.sendto(b"", (address, _PORT))
            thread.join()


def _serve(server: socket.socket, answers: bool) -> None:  # noqa: FBT001 - a thread takes no names
    while True:
        question, client = server.recvfrom(_LONGEST)
        if not question:
            return
        if answers and len(question) > _HEADER:
            server.sendto(_unknown(question), client)


def _unknown(question: bytes) -> bytes:
    """Return the answer that there is no such name: the question, and nothing else."""
    end = _HEADER
    while question[end]:
        end += 1 + question[end]
    flags = _FLAGS | _NO_SUCH_NAME
    counts = b"\x00\x01" + b"\x00\x00" * 3
    return question[:2] + flags.to_bytes(2, "big") + counts + question[_HEADER : end + 5]
