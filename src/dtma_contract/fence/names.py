"""Whose a name is. Pure."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["is_own", "may_mean_several"]

# Docker's list filter reads a name as a regular expression, where "|" matches something else as well; the rest would
# end a word in a shell. A quote ends one in SQL, and is harmless only where nothing but word characters follows.
_SEVERAL: Final = re.compile(r"[|;&$`<>\r\n]|['\"].*[^A-Za-z0-9_.'\"]", re.DOTALL)


def is_own(name: str, namespace: str) -> bool:
    """Return whether a name begins with the run's namespace, exactly and in its case."""
    return name.startswith(namespace)


def may_mean_several(name: str) -> bool:
    """Return whether a careless agent could find more in the name than one name."""
    return bool(_SEVERAL.search(name))
