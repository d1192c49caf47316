"""How an image's commit stands to its source's, from what both say of themselves. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Freshness"]

# As much of a commit as people read.
_SHORT = 12


@dataclass(frozen=True, slots=True)
class Freshness:
    """Whether the image lags its source.

    Attributes:
        revision: commit that the image says it was built from; empty where it does not say.
        commit: of the source; empty where it is not in a repository.
        behind: how many commits of the source's folder lie after the image's; None where that cannot be told.
    """

    revision: str = ""
    commit: str = ""
    behind: int | None = None

    @classmethod
    def from_provenance(cls, source: Mapping[str, Any], image: Mapping[str, Any]) -> Freshness:
        """Return what the two corners' provenance says.

        Args:
            source: of the source; ``commit`` is read.
            image: of the image; ``revision`` and ``commits_behind`` are read.
        """
        behind = image.get("commits_behind")
        return cls(
            str(image.get("revision") or ""),
            str(source.get("commit") or ""),
            behind if isinstance(behind, int) and not isinstance(behind, bool) else None,
        )

    @property
    def is_behind(self) -> bool:
        """Whether the source has surely moved on since the image was built."""
        return self.behind is not None and self.behind > 0

    @property
    def title(self) -> str:
        """One sentence, where the image is behind."""
        if not self.is_behind:
            return ""
        count = f"{self.behind} commit{'s' * (self.behind != 1)}"
        return f"The image was built from {self.revision[:_SHORT]}, {count} behind the source."

    @property
    def detail(self) -> str:
        """What the image says, and the source's commit."""
        if not self.revision or not self.commit:
            return ""
        return f"Expected: revision {self.commit[:_SHORT]}, the source's commit; seen: {self.revision[:_SHORT]}."
