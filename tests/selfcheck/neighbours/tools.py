"""The programs that real neighbours need, and the Debian packages that bring them.

Standard library only, and a program as well: it prints the packages that this machine lacks.
"""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

__all__ = ["PACKAGES", "MissingToolError", "missing_packages", "path_of"]

PACKAGES = {
    "busybox": "busybox-static",
    "containerd": "docker.io",
    "docker-registry": "docker-registry",
    "dockerd": "docker.io",
    "git": "git",
    "initdb": "postgresql",
    "ip": "iproute2",
    "nginx": "nginx-light",
    "node": "nodejs",
    "npm": "npm",
    "openssl": "openssl",
    "postgres": "postgresql",
    "setpriv": "util-linux",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "sshd": "openssh-server",
    "unshare": "util-linux",
}

# Debian keeps servers where an ordinary user's PATH does not look.
# The programs of PostgreSQL can be there in several versions: newest first.
_SYSTEM_FOLDERS = (
    *("/usr/sbin", "/sbin", "/usr/local/sbin"),
    *sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True),
)

_PT_INTERP = 3


class MissingToolError(Exception):
    """A program is not installed. The message says which line installs it."""

    def __init__(self, tool: str) -> None:
        packages = " ".join(missing_packages() or [PACKAGES[tool]])
        super().__init__(
            f"{tool} is not installed. On Debian and Ubuntu: apt-get install -y --no-install-recommends {packages}"
        )


def path_of(tool: str) -> Path:
    """Return where the tool is.

    Raises:
        MissingToolError: it is not installed (or, for busybox, not as a static program).
    """
    found = _find(tool)
    if found is None:
        raise MissingToolError(tool)
    return found


def missing_packages() -> list[str]:
    """Return the packages that would bring what is not here, each once."""
    return sorted({package for tool, package in PACKAGES.items() if _find(tool) is None})


def _find(tool: str) -> Path | None:
    name = shutil.which(tool) or shutil.which(tool, path=":".join(_SYSTEM_FOLDERS))
    if name is None or (tool == "busybox" and not _is_static(Path(name))):
        return None
    return Path(name)


def _is_static(program: Path) -> bool:
    """Tell whether a 64-bit ELF program names no interpreter, so that it runs in an image that holds nothing else."""
    content = program.read_bytes()
    if content[:5] != b"\x7fELF\x02":
        return False
    order = "<" if content[5] == 1 else ">"
    (table,) = struct.unpack_from(f"{order}Q", content, 0x20)
    size, count = struct.unpack_from(f"{order}HH", content, 0x36)
    kinds = (struct.unpack_from(f"{order}I", content, table + index * size)[0] for index in range(count))
    return _PT_INTERP not in kinds


if __name__ == "__main__":
    print(" ".join(missing_packages()))  # noqa: T201 (this is the program's answer)
