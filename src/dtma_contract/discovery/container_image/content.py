"""What was found in an image, as one value."""

from __future__ import annotations

from dataclasses import dataclass

from dtma_contract.discovery.container_image.configuration import ImageConfig
from dtma_contract.discovery.container_image.entry_point import EntryPoint
from dtma_contract.discovery.container_image.image_provenance import ImageProvenance
from dtma_contract.discovery.container_image.kept_files import KeptFiles
from dtma_contract.discovery.container_image.problems import ImageError
from dtma_contract.discovery.file_tree import FileTree

__all__ = ["ImageContent"]


@dataclass(frozen=True, slots=True)
class ImageContent:
    """An image, or a container's files, as far as they matter.

    Attributes:
        tree: files from the image's root: code and its descriptions; of dependencies that they are there.
        config: how a container is started.
        provenance: where it comes from.
        entry_point: the program that is started, or None where ``entry_problem`` says why there is none.
        entry_problem: one sentence; empty where there is an entry point.
        unread: files that matter and were not read, because they are too large, or a link to nothing.
    """

    tree: FileTree
    config: ImageConfig
    provenance: ImageProvenance
    entry_point: EntryPoint | None
    entry_problem: str = ""
    unread: tuple[str, ...] = ()

    @property
    def entry(self) -> str | None:
        """Path of the entry file in the tree, or None."""
        return self.entry_point.file if self.entry_point else None

    @property
    def working_dir(self) -> str:
        """The working folder, relative to the image's root."""
        return self.config.working_dir

    def surely_lacks(self, path: str) -> bool:
        """Return whether there is surely nothing at a path, which is relative to the image's root.

        Of most of the operating system's folders it is not known what lies in them.
        """
        return KeptFiles().names(path) and not (self.tree.is_file(path) or self.tree.is_folder(path))

    def require_entry(self) -> EntryPoint:
        """Return the entry point.

        Raises:
            ImageError: there is none; the message says why.
        """
        if self.entry_point is None:
            raise ImageError(self.entry_problem, "Name the program's file with --entry.")
        return self.entry_point
