"""A real PostgreSQL server of one's own: in a temporary folder, on a Unix socket, as a user without rights."""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from .processes import NeighbourError, clean_environment, running
from .tools import path_of

__all__ = ["Postgres", "running_postgres"]

_USER = "dtma"
# The user that Debian's package brings; PostgreSQL refuses to run as root.
_SERVER_USER = "postgres"
_serial = itertools.count()


@dataclass
class Postgres:
    """A running server.

    Attributes:
        folder: holds its data and its socket.
    """

    folder: Path
    _up: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def database(self) -> str:
        """Make an empty database, and return its URL."""
        name = f"registry_{next(_serial)}"
        with psycopg.connect(host=str(self.folder), user=_USER, dbname="postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} STRATEGY file_copy")
        return f"postgresql+psycopg://{_USER}@/{name}?host={self.folder}"

    def start(self) -> None:
        """Start it; a server that was killed recovers."""
        # The machine's next crash may take all of it; killed processes lose nothing.
        quick = [word for name in ("fsync", "full_page_writes") for word in ("-c", f"{name}=off")]
        command = [
            *_as_server_user(),
            *(path_of("postgres"), "-D", self.folder / "data", "-k", self.folder, "-h", "", "-N", "150"),
            *(*quick, "-c", "shared_buffers=16MB"),
        ]
        process = self._up.enter_context(
            running(command, log=self.folder / "log", ready=self._answers, env=clean_environment(), cwd=self.folder)
        )
        # Told by TERM, a server waits for its clients.
        self._up.callback(process.send_signal, signal.SIGINT)

    def stop(self) -> None:
        """Stop it; clients are cut off."""
        self._up.close()

    @contextlib.contextmanager
    def hanging(self) -> Iterator[None]:
        """Have it say nothing for the duration of the block, to anybody, while its connections stay."""
        first = (self.folder / "data" / "postmaster.pid").read_text().split()[0]
        stopped = []
        try:
            os.kill(int(first), signal.SIGSTOP)
            stopped.append(first)
            # From here on there are no others.
            for process in Path(f"/proc/{first}/task/{first}/children").read_text().split():
                os.kill(int(process), signal.SIGSTOP)
                stopped.append(process)
            yield
        finally:
            for process in stopped:
                os.kill(int(process), signal.SIGCONT)

    def _answers(self) -> bool:
        try:
            psycopg.connect(host=str(self.folder), user=_USER, dbname="postgres").close()
        except psycopg.OperationalError:
            return False
        return True


@contextlib.contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Run a server until the block ends.

    Raises:
        MissingToolError: PostgreSQL is not installed.
        NeighbourError: it does not start; the message holds the end of its log.
    """
    initdb = path_of("initdb")
    folder = Path(tempfile.mkdtemp(prefix="dtmac-pg-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, _SERVER_USER)
        command = [*_as_server_user(), initdb, "-D", folder / "data", "-U", _USER]
        options = ["-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync", "--no-instructions"]
        made = subprocess.run([*map(str, command), *options], check=False, capture_output=True, text=True, cwd=folder)
        if made.returncode != 0:
            raise NeighbourError(f"initdb: {made.stderr.strip()}")
        server = Postgres(folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def _as_server_user() -> list[str | Path]:
    """Return what comes before a command, so that it runs without root's rights and ends with this process."""
    if os.geteuid() != 0:
        return []
    user = pwd.getpwnam(_SERVER_USER)
    return [path_of("setpriv"), f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--pdeathsig=INT"]
