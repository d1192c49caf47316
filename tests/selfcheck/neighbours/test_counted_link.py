"""The link knows what the engine is still doing for those who are gone."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from .counted_link import counted_link
from .processes import wait_until


def test_a_request_counts_until_the_engine_closes(tmp_path):
    """Its client may be gone long before; what it sent arrives whole."""
    address = str(tmp_path / "engine.sock")
    with socket.socket(socket.AF_UNIX) as engine:
        engine.bind(address)
        engine.listen()
        with counted_link(tmp_path, f"unix://{address}") as link:
            before = link.connections
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(link.endpoint.removeprefix("unix://"))
                client.sendall(b"start it")
            connection, _ = engine.accept()
            with connection:
                asked = b"".join(iter(lambda: connection.recv(64), b""))
                while_it_works = link.connections
            wait_until(lambda: link.connections == 0, "the connection closed", seconds=10)

    assert (before, asked, while_it_works) == (0, b"start it", 1)


def test_catching_up_takes_what_came_before(tmp_path):
    """Whoever was there first has reached the engine when it returns, and so is counted."""
    address = str(tmp_path / "engine.sock")
    with socket.socket(socket.AF_UNIX) as engine, ExitStack() as held:
        engine.bind(address)
        engine.listen(32)
        with counted_link(tmp_path, f"unix://{address}") as link, ThreadPoolExecutor(1) as pool:
            for _ in range(9):
                with socket.socket(socket.AF_UNIX) as client:
                    client.connect(link.endpoint.removeprefix("unix://"))
                    client.sendall(b"start it")
            caught_up = pool.submit(link.catch_up)
            while not caught_up.done():
                connection, _ = engine.accept()
                if connection.recv(64):
                    held.enter_context(connection)
                else:
                    connection.close()
                    caught_up.result(10)
            counted = link.connections

    assert counted in {9, 10}  # the last one may be on its way out
