"""An ssh server on loopback that lets this user in by key, and an ``ssh`` that knows the key."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .processes import free_port, is_listening, running
from .tools import path_of

__all__ = ["SshHost", "ssh_host"]


@dataclass(frozen=True, slots=True)
class SshHost:
    """A host that ssh leads to.

    Attributes:
        port: of its server, on 127.0.0.1.
        user: who is let in.
        path: a PATH whose ``ssh`` is told by a wrapper what a user's own configuration would tell it.
    """

    port: int
    user: str
    path: str

    def endpoint(self, engine: str) -> str:
        """Return how an engine of this host is reached over ssh.

        Args:
            engine: its ``unix://`` address.
        """
        return f"ssh://{self.user}@127.0.0.1:{self.port}{engine.removeprefix('unix://')}"


@contextlib.contextmanager
def ssh_host() -> Iterator[SshHost]:
    """Run the server until the block ends.

    Raises:
        MissingToolError: OpenSSH is not installed.
        NeighbourError: the server does not start.
    """
    server, client = path_of("sshd"), path_of("ssh")
    with tempfile.TemporaryDirectory(prefix="dtmac-ssh-") as name:
        folder = Path(name)
        for key in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / key], check=True)
        shutil.copyfile(folder / "user.pub", folder / "authorized")
        port = free_port()
        lines = [
            f"Port {port}", "ListenAddress 127.0.0.1", f"HostKey {folder}/host",
            f"AuthorizedKeysFile {folder}/authorized",
            "StrictModes no", "UsePAM no", "PasswordAuthentication no", "PermitRootLogin yes", f"PidFile {folder}/pid",
        ]  # fmt: skip
        (folder / "sshd_config").write_text("\n".join(lines))
        wrapper = folder / "bin" / "ssh"
        wrapper.parent.mkdir()
        wrapper.write_text(
            f"#!/bin/sh\nexec {client} -F /dev/null -i {folder}/user -o IdentitiesOnly=yes "
            f'-o StrictHostKeyChecking=no -o UserKnownHostsFile={folder}/known -o LogLevel=ERROR "$@"\n'
        )
        wrapper.chmod(0o755)
        if os.geteuid() == 0:
            # Debian's server wants a folder that its start script makes.
            Path("/run/sshd").mkdir(exist_ok=True)
        command = [server, "-D", "-e", "-f", folder / "sshd_config"]
        with running(command, log=folder / "log", ready=lambda: is_listening(port)):
            yield SshHost(port, getpass.getuser(), f"{wrapper.parent}:/usr/bin:/bin")
