"""Which image references may be deployed: the probe image, and what provably names no image. Pure."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["cannot_resolve"]

# RFC 6761 section 6: names under these top-level domains never resolve in the public DNS.
_RESERVED_HOST: Final = re.compile(r"(?:[A-Za-z0-9_-]+\.)+(?:invalid|test)(?::\d{1,5})?/[A-Za-z0-9._/:@-]+")

# A reference that could mean something to a shell is no reference at all, but might be a command.
_SHELL: Final = re.compile(r"[`$;&|<>(){}\[\]'\"\\\n\r\t\x00-\x1f\x7f]|[^\x00-\x7f]")

# None of these stands in a reference (distribution/reference, its grammar).
_IMPOSSIBLE: Final = frozenset("!%^=,?~*+#")


def cannot_resolve(reference: str) -> bool:
    """Return whether no engine can find an image by this reference.

    True for registries under ``.invalid`` and ``.test``, and for text that the reference grammar refuses: with a
    space inside, upper case in the path, or a character that never stands in one. In doubt it is False.
    """
    if _RESERVED_HOST.fullmatch(reference) and ".." not in reference:
        return True
    words = reference.split(" ")
    if reference != reference.strip() or _SHELL.search(reference) or any(word.startswith("-") for word in words):
        return False
    if len([word for word in words if word]) > 1:
        return True
    return bool(_IMPOSSIBLE & set(reference)) or _has_upper_case_path(reference)


def _has_upper_case_path(reference: str) -> bool:
    name = reference.partition("@")[0]
    host, slash, path = name.partition("/")
    if slash and (any(mark in host for mark in ".:") or host.lower() == "localhost"):
        name = path
    # After the last slash a colon begins the tag, where upper case is fine.
    folder, slash, last = name.rpartition("/")
    path = folder + slash + last.partition(":")[0]
    return path != path.lower()
