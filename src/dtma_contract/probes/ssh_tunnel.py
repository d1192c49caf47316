"""The socket of a Docker Engine on another host, brought here by the ssh of this machine, with its keys and settings.

The Docker SDK would need a second implementation of SSH for this, which knows nothing of the user's configuration.
"""

from __future__ import annotations

import contextlib
import math
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from dtma_contract.errors import EngineError

__all__ = ["SshTunnel", "SshTunnelError"]

# A host that is far away and busy answers within seconds; nobody waits longer for a password that is not asked for.
_CONNECT_SECONDS = 15

# What is left for the log-in, once the host has answered.
_LOGIN_SECONDS = 5

_POLL_SECONDS = 0.02

# ssh misses a signal that comes between its look for one and its wait for the network; the next one wakes it.
_ASKED_TO_END = 10
_END_SECONDS = 0.5

_REMOTE_SOCKET = "/var/run/docker.sock"


class SshTunnelError(EngineError):
    """The other host cannot be reached through ssh."""


class SshTunnel:
    """A local socket that leads to the engine's on another host.

    Args:
        process: the running ssh.
        folder: holds the socket, and is removed on closing.
    """

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self._process = process
        self._folder = folder

    @property
    def url(self) -> str:
        """Endpoint on this side, such as ``unix:///tmp/…/engine.sock``."""
        return f"unix://{self._folder}/engine.sock"

    @classmethod
    def open(cls, url: str, *, seconds: float = _CONNECT_SECONDS) -> Self:
        """Return the tunnel to ``ssh://[user@]host[:port][/path/of/the.sock]``.

        Nothing is ever asked for on the terminal: keys come from the agent or from files without a password.

        Args:
            url: the address.
            seconds: how long the host may take to answer.

        Raises:
            SshTunnelError: ssh is not installed, the address is none, or the host refuses.
        """
        program = shutil.which("ssh")
        if program is None:
            raise SshTunnelError("There is no ssh on this machine, which ssh:// endpoints need.", "Install OpenSSH.")
        try:
            address = urlsplit(url)
            host, port = address.hostname or "", address.port
        except ValueError:
            host, port = "", None
        user = address.username or "" if host else ""
        # ssh takes what begins with a hyphen for an option.
        if not host or host.startswith("-") or user.startswith("-") or (host and address.password):
            raise SshTunnelError(f"{url!r} is no address of an engine.", "Write it as ssh://user@host.")
        remote = address.path if address.path not in {"", "/"} else _REMOTE_SOCKET
        # Short, because the path of a socket may have about a hundred characters.
        folder = Path(tempfile.mkdtemp(prefix="dtmac-ssh-"))
        command = [program, "-nNT", "-o", "BatchMode=yes", "-o", "ExitOnForwardFailure=yes"]
        command += ["-o", f"ConnectTimeout={math.ceil(seconds)}", "-o", "ServerAliveInterval=15"]
        command += ["-L", f"{folder}/engine.sock:{remote}"]
        command += ["-p", str(port)] if port else []
        command += ["-l", user] if user else []
        log = folder / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*command, "--", host],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        tunnel = cls(process, folder)
        try:
            tunnel._wait(url, log, seconds)
        except BaseException:
            tunnel.close()
            raise
        return tunnel

    def close(self) -> None:
        """End ssh and remove the socket; can be called twice."""
        for _ in range(_ASKED_TO_END):
            if self._process.poll() is not None:
                break
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_SECONDS)
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _wait(self, url: str, log: Path, seconds: float) -> None:
        deadline = time.monotonic() + seconds + _LOGIN_SECONDS
        place = self._folder / "engine.sock"
        while self._process.poll() is None:
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
                connection.connect(str(place))
                return
            if time.monotonic() > deadline:
                raise SshTunnelError(f"The host of {url} did not answer within {seconds + _LOGIN_SECONDS:.0f} seconds.")
            time.sleep(_POLL_SECONDS)
        said = log.read_text("utf-8", "replace").strip().splitlines()
        reason = said[-1].strip() if said else f"ssh ended with {self._process.returncode}"
        raise SshTunnelError(
            f"The host of {url} cannot be reached: {reason}.", "Try it by hand: `ssh -o BatchMode=yes USER@HOST true`."
        )
