"""An engine on another host is reached through the machine's own ssh."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path

import pytest
from neighbours.processes import free_port

from dtma_contract.probes.ssh_tunnel import SshTunnel, SshTunnelError


@pytest.fixture
def remote_socket(tmp_path):
    """Return a socket that answers whatever it is asked with its own word."""
    path = tmp_path / "remote.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        def answer():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                # A client may be gone before it is answered.
                with connection, contextlib.suppress(OSError):
                    if connection.recv(99):
                        connection.sendall(b"engine")

        thread = threading.Thread(target=answer)
        thread.start()
        yield path
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def asked(url):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(url.removeprefix("unix://"))
        connection.sendall(b"hello")
        return connection.recv(99)


def test_the_socket_of_another_host_is_brought_here(ssh_host, remote_socket):
    """And is gone when the tunnel is closed, which can be done twice."""
    tunnel = SshTunnel.open(ssh_host.endpoint(remote_socket))
    folder = Path(tunnel.url.removeprefix("unix://")).parent

    assert asked(tunnel.url) == b"engine"
    tunnel.close()
    tunnel.close()
    assert not folder.exists()


def test_a_host_that_refuses_is_told(ssh_host):
    """Another user has no key there; nothing is asked for on the terminal."""
    with pytest.raises(SshTunnelError, match=r"cannot be reached: .*Permission denied"):
        SshTunnel.open(f"ssh://nobody-of-that-name@127.0.0.1:{ssh_host.port}")


def test_a_port_without_a_server_is_told(ssh_host):
    """With what ssh says."""
    with pytest.raises(SshTunnelError, match=r"cannot be reached: .*refused"):
        SshTunnel.open(f"ssh://127.0.0.1:{free_port()}")


@pytest.mark.parametrize(
    "url", ["ssh://", "ssh://-oProxyCommand=true", "ssh://-l@host", "ssh://host:port", "ssh://user:word@host"]
)
def test_what_is_no_address_is_refused(url):
    """In particular what ssh would take for an option."""
    with pytest.raises(SshTunnelError, match="is no address of an engine"):
        SshTunnel.open(url)
