"""An engine on another host is reached through the machine's own ssh."""

from __future__ import annotations

import getpass
import shutil
import socket
import subprocess
import threading
from pathlib import Path

import pytest
from neighbours.fixtures import lacking
from neighbours.processes import free_port, is_listening, running

from dtma_contract.probes.ssh_tunnel import SshTunnel, SshTunnelError


@pytest.fixture
def ssh_host(tmp_path, monkeypatch):
    """Return the port of an ssh server on loopback that lets this user in by key, and the user's name."""
    server = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin")
    if server is None or shutil.which("ssh") is None:
        lacking("OpenSSH's server and client are not installed.")
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / name], check=True)
    (tmp_path / "authorized").write_bytes((tmp_path / "user.pub").read_bytes())
    port = free_port()
    lines = [
        f"Port {port}", "ListenAddress 127.0.0.1", f"HostKey {tmp_path}/host",
        f"AuthorizedKeysFile {tmp_path}/authorized",
        "StrictModes no", "UsePAM no", "PasswordAuthentication no", "PermitRootLogin yes", f"PidFile {tmp_path}/pid",
    ]  # fmt: skip
    (tmp_path / "sshd_config").write_text("\n".join(lines))
    # ssh is told by a wrapper what a user's own configuration would tell it.
    wrapper = tmp_path / "bin" / "ssh"
    wrapper.parent.mkdir()
    wrapper.write_text(
        f"#!/bin/sh\nexec {shutil.which('ssh')} -F /dev/null -i {tmp_path}/user -o IdentitiesOnly=yes "
        f'-o StrictHostKeyChecking=no -o UserKnownHostsFile={tmp_path}/known -o LogLevel=ERROR "$@"\n'
    )
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{wrapper.parent}:/usr/bin:/bin")
    # Debian's server wants a folder that its start script makes; where only root may, root has.
    Path("/run/sshd").mkdir(exist_ok=True)
    command = [server, "-D", "-e", "-f", tmp_path / "sshd_config"]
    with running(command, log=tmp_path / "log", ready=lambda: is_listening(port)):
        yield port, getpass.getuser()


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
                with connection:
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
    port, user = ssh_host
    tunnel = SshTunnel.open(f"ssh://{user}@127.0.0.1:{port}{remote_socket}")
    folder = Path(tunnel.url.removeprefix("unix://")).parent

    assert asked(tunnel.url) == b"engine"
    tunnel.close()
    tunnel.close()
    assert not folder.exists()


def test_a_host_that_refuses_is_told(ssh_host):
    """Another user has no key there; nothing is asked for on the terminal."""
    with pytest.raises(SshTunnelError, match=r"cannot be reached: .*Permission denied"):
        SshTunnel.open(f"ssh://nobody-of-that-name@127.0.0.1:{ssh_host[0]}")


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
