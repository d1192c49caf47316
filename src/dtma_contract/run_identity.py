"""Who a run is: its id, and the namespace that every name it creates begins with. Pure."""

from __future__ import annotations

import random
import string
from dataclasses import dataclass
from datetime import datetime

__all__ = ["RunIdentity"]

# 8 letters and digits are 41 bits: no customer has a container of such a name by accident. The
# prefix holds letters beyond f, so that Docker can never take a name for the prefix of a container id.
_NAMESPACE_LENGTH = 8
_ALPHABET = string.ascii_lowercase + string.digits


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """One run.

    Attributes:
        run: sortable id and name of the report folder, such as ``20261123-145530-k3f9x2ab``.
        namespace: what the name of everything that the run creates begins with, such as ``dtmac-k3f9x2ab-``.
    """

    run: str
    namespace: str

    @classmethod
    def new(cls, now: datetime, random_source: random.Random) -> RunIdentity:
        """Return a fresh identity for a run that starts ``now``."""
        token = "".join(random_source.choices(_ALPHABET, k=_NAMESPACE_LENGTH))
        return cls(run=f"{now:%Y%m%d-%H%M%S}-{token}", namespace=f"dtmac-{token}-")

    def name(self, suffix: str) -> str:
        """Return an instance or group name of this run."""
        return f"{self.namespace}{suffix}"
