"""What the image says of its origin beside what the source says: the facts of a comparison, without a verdict. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dtma_contract.discovery.container_image.image_provenance import ImageProvenance, PackageFacts

__all__ = ["PackageDifference", "ProvenanceComparison", "compare_provenance"]


@dataclass(frozen=True, slots=True)
class PackageDifference:
    """One thing that differs between two package.json.

    Attributes:
        what: ``version``, or a dependency's name.
        source: as the source has it, or None where it has none.
        image: likewise of the image.
    """

    what: str
    source: str | None
    image: str | None


@dataclass(frozen=True, slots=True)
class ProvenanceComparison:
    """How an image relates to a source.

    Attributes:
        revision: that the image says it was built from; empty where it says nothing.
        commit: of the source; empty where it has none.
        same: whether both are the same commit; None where that cannot be told.
        behind: how many commits the image lacks, or None.
        ahead: how many commits the image has that the source lacks, or None.
        dirty: whether the source differs from its commit, or None.
        differences: between the two package.json.
        notes: what could not be told, and why, as sentences.
    """

    revision: str
    commit: str
    same: bool | None
    behind: int | None
    ahead: int | None
    dirty: bool | None
    differences: tuple[PackageDifference, ...]
    notes: tuple[str, ...]

    @property
    def stale(self) -> bool | None:
        """Whether the image is known to lag behind the source; None where that cannot be told."""
        if self.behind is not None:
            return self.behind > 0
        return False if self.same else None

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {
            "revision": self.revision,
            "commit": self.commit,
            "same": self.same,
            "behind": self.behind,
            "ahead": self.ahead,
            "dirty": self.dirty,
            "differences": [
                {"what": each.what, "source": each.source, "image": each.image} for each in self.differences
            ],
            "notes": list(self.notes),
        }


def compare_provenance(
    image: ImageProvenance,
    *,
    commit: str,
    dirty: bool | None,
    package: PackageFacts | None,
    behind: int | None = None,
    ahead: int | None = None,
    problems: tuple[str, ...] = (),
) -> ProvenanceComparison:
    """Return how an image relates to a source.

    Args:
        image: what the image says of itself.
        commit: that the source is at; empty where it has none.
        dirty: whether the source differs from it, or None.
        package: of the source, or None.
        behind: how many commits the image's revision lies behind the source's, or None.
        ahead: the other way round.
        problems: why something could not be told, as sentences without a full stop; empty ones do not count.
    """
    notes = [f"{problem[:1].upper()}{problem[1:]}." for problem in problems if problem]
    same: bool | None = None
    if not image.revision:
        notes.append(
            "The image has no label org.opencontainers.image.revision, so nothing says what it was built from."
        )
    elif commit:
        # Labels may hold a short id.
        same = commit.startswith(image.revision.lower())
    if same and behind is None:
        behind = ahead = 0
    if dirty:
        notes.append("The source has changes that are in no commit, so its commit does not say all of it.")
    return ProvenanceComparison(
        image.revision, commit, same, behind, ahead, dirty, _differences(package, image.package), tuple(notes)
    )


def _differences(source: PackageFacts | None, image: PackageFacts | None) -> tuple[PackageDifference, ...]:
    if source is None or image is None:
        return ()
    found = []
    if source.version != image.version:
        found.append(PackageDifference("version", source.version or None, image.version or None))
    both: Mapping[str, None] = dict.fromkeys(sorted({*source.dependencies, *image.dependencies}))
    for name in both:
        pair = source.dependencies.get(name), image.dependencies.get(name)
        if pair[0] != pair[1]:
            found.append(PackageDifference(name, *pair))
    return tuple(found)
