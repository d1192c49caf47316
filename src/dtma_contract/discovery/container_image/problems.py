"""What can be wrong with an image, and the bounds within which one is read. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from dtma_contract.errors import UsageError

__all__ = ["GIB", "KIB", "MIB", "ImageError", "Limits", "size_text"]

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB


class ImageError(UsageError):
    """The image cannot be read: it is not there, is none, is damaged, or goes beyond a bound."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of reading one image; the defaults are far above what an Express service needs.

    Attributes:
        unpacked_bytes: of all layers together, as they are unpacked. Nothing of that size is ever held: it bounds time.
        entries: in all layers together. The largest public Node images have a quarter of a million.
        document_bytes: one manifest, index or configuration. The distribution API's own bound is 4 MiB.
        kept_bytes: contents of files that are held at the same time.
    """

    unpacked_bytes: int = 16 * GIB
    entries: int = 1_000_000
    document_bytes: int = 8 * MIB
    kept_bytes: int = 96 * MIB


def size_text(size: int) -> str:
    """Return a number of bytes as people write it, such as ``10.0 GiB``."""
    for unit, name in ((GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size} bytes"
