"""Places that no request gets through to: dropped packets, a neighbour that is not there, a full queue, a hang-up.

No firewall rule of the machine is touched: a network namespace of its own stands for the host behind the firewall.
"""

from __future__ import annotations

import contextlib
import ipaddress
import itertools
import json
import os
import secrets
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from . import leftovers
from .processes import NeighbourError
from .tools import path_of

__all__ = ["DeadEnd", "dropping_host", "full_queue", "hanging_up"]

# Reserved for benchmarks of networks (RFC 2544): no network of anybody lies there.
_SUBNETS = ipaddress.IPv4Network("198.18.0.0/15")
_PREFIX = 29
# Engines number what they name from 0 on.
_serial = itertools.count(50)


@dataclass(frozen=True, slots=True)
class DeadEnd:
    """A host that is routed to and never answers.

    Attributes:
        address: of the host, which drops what it would answer.
        nobody: an address beside it that no host has, so that the link layer finds nobody.
    """

    address: str
    nobody: str


@contextlib.contextmanager
def dropping_host() -> Iterator[DeadEnd]:
    """Have a host behind a link of its own, which takes packets and lets none out, until the block ends.

    Raises:
        MissingToolError: ip is not installed.
        NeighbourError: it needs root.
    """
    if os.geteuid() != 0:
        raise NeighbourError("A network namespace needs root.")
    name = leftovers.named_for_this_process(next(_serial))
    for orphan in leftovers.of_dead_processes(each["name"] for each in json.loads(_ip("netns", "list") or "[]")):
        _ip("netns", "delete", orphan)
    first = int(_SUBNETS.network_address) + secrets.randbelow(2 ** (_PREFIX - _SUBNETS.prefixlen)) * 2 ** (32 - _PREFIX)
    here, there, nobody = (str(ipaddress.IPv4Address(first + each)) for each in (1, 2, 3))
    hardware = "02:00:" + ":".join(f"{byte:02x}" for byte in ipaddress.IPv4Address(there).packed)
    with contextlib.ExitStack() as stack:
        _ip("netns", "add", name)
        stack.callback(_ip, "netns", "delete", name)
        _ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "address", hardware, "netns", name)
        # The other end goes with it.
        stack.callback(_ip, "link", "delete", name)
        _ip("address", "add", f"{here}/{_PREFIX}", "dev", name)
        _ip("link", "set", name, "up")
        _ip("neighbour", "replace", there, "lladdr", hardware, "dev", name, "nud", "permanent")
        _ip("-n", name, "address", "add", f"{there}/{_PREFIX}", "dev", "eth0")
        _ip("-n", name, "link", "set", "eth0", "up")
        # What the host would answer goes nowhere, as with a firewall that drops.
        _ip("-n", name, "route", "add", "blackhole", f"{here}/32")
        yield DeadEnd(there, nobody)


@contextlib.contextmanager
def full_queue() -> Iterator[int]:
    """Have a loopback port whose program accepts nobody any more, and yield it: its queue is full, so Linux drops."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        port = listener.getsockname()[1]
        # A queue of length 0 holds one connection.
        stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        yield port


def _ip(*words: str) -> str:
    done = subprocess.run([path_of("ip"), "-json", *words], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise NeighbourError(f"ip {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


@contextlib.contextmanager
def hanging_up(*, once_asked: bool) -> Iterator[str]:
    """Take every connection and close it, at once or when something was said; yield the URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return  # the listener was shut down
                threading.Thread(target=close, args=(connection,)).start()

        def close(connection: socket.socket) -> None:
            with connection, contextlib.suppress(OSError):
                if once_asked:
                    connection.recv(4096)

        thread = threading.Thread(target=hang_up)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
