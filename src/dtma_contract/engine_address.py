"""How the address of a Docker Engine is written. Pure.

That an Engine does not answer is an observation; that its address cannot be one is a mistake of whoever wrote it, and
is told before anything is asked.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from dtma_contract.errors import UsageError

__all__ = ["read_engine_address"]

_SOCKET: Final = "unix"
# What the Docker SDK and our own reader of engines speak.
_REMOTE: Final = frozenset({"ssh", "tcp", "http", "https"})
_FORMS: Final = "Write it as unix:///var/run/docker.sock, ssh://user@HOST or tcp://HOST:2375."


def read_engine_address(text: str, named_by: str = "--docker") -> str:
    """Return the address as it was written.

    Args:
        text: ``unix://PATH``, ``ssh://[user@]HOST[:PORT][/PATH]`` or ``tcp://HOST[:PORT]``.
        named_by: the option or variable that it came from.

    Raises:
        UsageError: it is none of them.
    """
    if not _is_address(text):
        # A password must not be repeated in a message.
        shown = f' ("{text}")' if "@" not in text else ""
        raise UsageError(f"What {named_by} names is no address of a Docker Engine{shown}.", _hint(text))
    return text


def _is_address(text: str) -> bool:
    scheme, mark, rest = text.partition("://")
    if not mark or text != text.strip() or not text.isprintable():
        return False
    if scheme == _SOCKET:
        return bool(rest.strip("/"))
    if scheme not in _REMOTE:
        return False
    try:
        address = urlsplit(text)
        # Reading the port is what finds it to be none.
        host, user, port = address.hostname or "", address.username or "", address.port
    except ValueError:
        return False
    if scheme == "ssh":
        # It takes what begins with a hyphen for an option, and is never asked with a password.
        is_taken = not (host.startswith("-") or user.startswith("-") or address.password)
    else:
        # The Docker SDK takes no user here, and repeats what it does not take.
        is_taken = "@" not in address.netloc
    return bool(host) and port != 0 and is_taken


def _hint(text: str) -> str:
    path = text.removeprefix(f"{_SOCKET}:")
    if path.startswith("/") and path.strip("/") and not path.startswith("//"):
        return f'Did you mean "unix://{path}"?'
    return _FORMS
