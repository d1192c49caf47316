"""The facts of an image's application, from what was read of it."""

from __future__ import annotations

from posixpath import join

from dtma_contract.discovery.container_image.configuration import ImageConfig
from dtma_contract.discovery.container_image.content import ImageContent
from dtma_contract.discovery.container_image.entry_point import package_document
from dtma_contract.discovery.container_image.file_systems import FileSystem
from dtma_contract.discovery.container_image.image_provenance import ImageOrigin, ImageProvenance, PackageFacts
from dtma_contract.discovery.file_tree import FileTree

__all__ = ["content_of", "package_facts"]


def content_of(system: FileSystem, config: ImageConfig, origin: ImageOrigin) -> ImageContent:
    """Return what was read as one value.

    Args:
        system: the files and the entry point.
        config: how a container is started.
        origin: where the image was read.
    """
    folder = system.entry_point.folder if system.entry_point else config.working_dir
    return ImageContent(
        tree=system.tree,
        config=config,
        provenance=ImageProvenance.of(origin, config, package_facts(system.tree, folder)),
        entry_point=system.entry_point,
        entry_problem=system.entry_problem,
        unread=system.unread,
    )


def package_facts(tree: FileTree, folder: str) -> PackageFacts | None:
    """Return what the package of a folder says of itself, or None where it has no package.json.

    Args:
        tree: of a source or of an image.
        folder: of the package.
    """
    document = package_document(tree, folder)
    if document is None:
        return None
    facts = PackageFacts.from_json(document)
    installed = {name: version for name in facts.dependencies if (version := _installed(tree, folder, name))}
    return PackageFacts.from_json(document, installed)


def _installed(tree: FileTree, folder: str, name: str) -> str:
    """Return the version that node would load."""
    place = folder
    while True:
        found = package_document(tree, join(place, "node_modules", name))
        if found is not None:
            return str(found.get("version") or "")
        if not place:
            return ""
        place = place.rpartition("/")[0]
