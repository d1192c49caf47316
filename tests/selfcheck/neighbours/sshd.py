"""An ssh server on loopback that lets this user in by key, and an ssh that knows it."""

from __future__ import annotations

import contextlib
import getpass
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .processes import free_port, is_listening, running
from .tools import path_of

__all__ = ["SshHost", "running_sshd"]


@dataclass(frozen=True, slots=True)
class SshHost:
    """Where to find it.

    Attributes:
        port: on loopback.
        user: who is let in.
        path: a value of ``PATH`` with an ssh in it that has the key and trusts the host.
    """

    port: int
    user: str
    path: str

    def endpoint(self, socket: Path | str) -> str:
        """Return the address of an engine behind this server, given its socket as a path or as ``unix://…``."""
        return f"ssh://{self.user}@127.0.0.1:{self.port}{str(socket).removeprefix('unix://')}"


@contextlib.contextmanager
def running_sshd(folder: Path) -> Iterator[SshHost]:
    """Run an ssh server until the block ends.

    Args:
        folder: empty, for keys and configuration; whoever may read it may log in.

    Raises:
        MissingToolError: OpenSSH is not installed.
        NeighbourError: the server does not start.
    """
    server, client, keygen = path_of("sshd"), path_of("ssh"), path_of("ssh-keygen")
    for name in ("host", "user"):
        subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    shutil.copyfile(folder / "user.pub", folder / "authorized")
    port = free_port()
    lines = [
        f"Port {port}", "ListenAddress 127.0.0.1", f"HostKey {folder}/host",
        f"AuthorizedKeysFile {folder}/authorized",
        "StrictModes no", "UsePAM no", "PasswordAuthentication no", "PermitRootLogin yes", f"PidFile {folder}/pid",
    ]  # fmt: skip
    (folder / "sshd_config").write_text("\n".join(lines))
    # ssh is told by a wrapper what a user's own configuration would tell it.
    wrapper = folder / "bin" / "ssh"
    wrapper.parent.mkdir()
    wrapper.write_text(
        f"#!/bin/sh\nexec {client} -F /dev/null -i {folder}/user -o IdentitiesOnly=yes "
        f'-o StrictHostKeyChecking=no -o UserKnownHostsFile={folder}/known -o LogLevel=ERROR "$@"\n'
    )
    wrapper.chmod(0o755)
    # Debian's server wants a folder that its start script makes; where only root may, root has.
    Path("/run/sshd").mkdir(exist_ok=True)
    command = [server, "-D", "-e", "-f", folder / "sshd_config"]
    with running(command, log=folder / "log", ready=lambda: is_listening(port)):
        yield SshHost(port, getpass.getuser(), f"{wrapper.parent}:/usr/bin:/bin")
