"""What an image holds, read without running it: files of the application, configuration, provenance, entry point."""

from __future__ import annotations

from dtma_contract.discovery.container_image.content import ImageContent
from dtma_contract.discovery.container_image.entry_point import EntryPoint
from dtma_contract.discovery.container_image.image_provenance import ImageOrigin, ImageProvenance, PackageFacts
from dtma_contract.discovery.container_image.problems import ImageError, Limits
from dtma_contract.discovery.container_image.reading import DEFAULT_PLATFORM, read_image

__all__ = [
    "DEFAULT_PLATFORM",
    "EntryPoint",
    "ImageContent",
    "ImageError",
    "ImageOrigin",
    "ImageProvenance",
    "Limits",
    "PackageFacts",
    "read_image",
]
