"""The file system of an image from its blobs; layers are read again where more turns out to matter."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from posixpath import basename

from dtma_contract.discovery.container_image.archives import Blobs
from dtma_contract.discovery.container_image.byte_streams import Expansion, VerifiedSource, unpacked
from dtma_contract.discovery.container_image.configuration import ImageConfig
from dtma_contract.discovery.container_image.entry_point import EntryPoint, EntryProblem, find_entry, package_document
from dtma_contract.discovery.container_image.kept_files import KeptFiles, application_root, package_folder
from dtma_contract.discovery.container_image.layers import Budget, Change, read_layer
from dtma_contract.discovery.container_image.manifests import Manifest
from dtma_contract.discovery.container_image.problems import Limits
from dtma_contract.discovery.container_image.read_ahead import read_ahead
from dtma_contract.discovery.container_image.root_tree import RootTree
from dtma_contract.discovery.container_image.tar_stream import EntryKind

__all__ = ["FileSystem", "read_file_system", "read_layers"]

# The first reading finds the program, the second what it needs, the third what that needs.
_MAX_READINGS = 3

# Versions of a dependency that is a part of the same repository.
_OWN_DEPENDENCY = ("file:", "link:", "workspace:", "portal:")


@dataclass(frozen=True, slots=True)
class FileSystem:
    """What was read.

    Attributes:
        tree: the files.
        entry_point: what is started, or None.
        entry_problem: why there is none.
        unread: files that matter and could not be held.
    """

    tree: RootTree
    entry_point: EntryPoint | None
    entry_problem: str
    unread: tuple[str, ...]


def read_file_system(read: Callable[[KeptFiles], tuple[RootTree, tuple[str, ...]]], config: ImageConfig) -> FileSystem:
    """Read as often as it takes until nothing is missing that the program was found to need.

    Args:
        read: reads all layers, with the files that are to be kept.
        config: how a container is started.

    Raises:
        ImageError: a layer is damaged, or goes beyond a bound.
    """
    absolute = [word.rpartition("/")[0].strip("/") for word in config.command if word.startswith("/")]
    kept = KeptFiles.around([config.working_dir, *absolute])
    for reading in range(_MAX_READINGS):
        tree, unread = read(kept)
        entry_point: EntryPoint | None = None
        problem = ""
        try:
            entry_point = find_entry(tree, config)
        except EntryProblem as found:
            problem = str(found)
        wider = _widened(kept, tree, config, entry_point)
        if wider == kept or reading == _MAX_READINGS - 1:
            break
        kept = wider
    return FileSystem(tree, entry_point, problem, unread)


def read_layers(blobs: Blobs, manifest: Manifest, kept: KeptFiles, limits: Limits) -> tuple[RootTree, tuple[str, ...]]:
    """Read all layers of an image and put them on top of each other.

    Raises:
        ImageError: a layer is missing, damaged, or goes beyond a bound.
    """
    budget = Budget(limits)
    expansion = Expansion()
    layers: list[list[Change]] = [[] for _ in manifest.layers]
    files: list[frozenset[str]] = [frozenset() for _ in manifest.layers]
    unread: list[str] = []
    for number in blobs.order(manifest.layers):
        descriptor = manifest.layers[number]
        # Single files that are asked for may be hidden under one name and linked under another.
        above = frozenset().union(*files[number + 1 :]) - kept.files
        name = f"The layer {descriptor}"
        with blobs.layer(descriptor) as packed:
            # Archives of older engines name layers by the digest of what is unpacked, all others by that of the blob.
            blob = packed if descriptor.name else VerifiedSource(packed, descriptor.digest, name, descriptor.size)
            source = unpacked(blob, name, expansion)
            if descriptor.name:
                source = VerifiedSource(source, descriptor.digest, name)
            with read_ahead(source) as ahead:
                changes, large = read_layer(ahead, name, kept=kept, budget=budget, hidden=above.__contains__)
            for verified in (source, blob):
                if isinstance(verified, VerifiedSource):
                    verified.verify()
        layers[number] = changes
        files[number] = frozenset(change.path for change in changes if change.kind is EntryKind.FILE)
        unread += large
    tree = RootTree(layers)
    return tree, tuple(sorted({path for path in unread if tree.is_file(path) and tree.read(path) is None}))


def _widened(kept: KeptFiles, tree: RootTree, config: ImageConfig, entry_point: EntryPoint | None) -> KeptFiles:
    """Return what is to be kept after what was seen."""
    files = set(tree.lacking)
    roots: set[str] = set()
    packages: set[str] = set()
    links = list(tree.links())
    commands = frozenset(basename(word) for text in _start_texts(tree, config, entry_point) for word in text.split())
    for path, target in links:
        if _is_package_link(path):
            # A package of the same repository, which a link leads to: its code is the application's.
            if package_folder(f"{target}/x") is None:
                roots |= _roots([target])
        elif entry_point is None and basename(path) in commands:
            packages |= {package for package in [package_folder(target)] if package}
    for folder in [config.working_dir, *([entry_point.folder, entry_point.working_dir] if entry_point else [])]:
        roots |= _roots([real for real in [tree.real_path(folder)] if real])
        packages |= _own_dependencies(tree, folder)
    if entry_point is not None:
        real = tree.real_path(entry_point.file)
        if real is not None and tree.read(real) is None:
            files.add(real)
        package = package_folder(real) if real is not None else None
        if package is not None:
            packages.add(package)
    return kept.widened(roots=roots, packages=packages, files=files)


def _roots(folders: Iterable[str]) -> set[str]:
    # A folder outside of the system's is kept anyway.
    return {root for root in map(application_root, folders) if "/" in root}


def _is_package_link(path: str) -> bool:
    parent, _, name = path.rpartition("/")
    if basename(parent).startswith("@"):
        parent = parent.rpartition("/")[0]
    return basename(parent) == "node_modules" and not name.startswith(".")


def _start_texts(tree: RootTree, config: ImageConfig, entry_point: EntryPoint | None) -> list[str]:
    if entry_point is not None:
        return []
    scripts = (package_document(tree, config.working_dir) or {}).get("scripts")
    return [*config.command, *(map(str, scripts.values()) if isinstance(scripts, dict) else ())]


def _own_dependencies(tree: RootTree, folder: str) -> set[str]:
    """Return the folders of dependencies that are copies of packages of the same repository."""
    dependencies = (package_document(tree, folder) or {}).get("dependencies")
    if not isinstance(dependencies, dict):
        return set()
    own = [name for name, version in dependencies.items() if str(version).startswith(_OWN_DEPENDENCY)]
    places = [tree.real_path(f"{folder}/node_modules/{name}".lstrip("/")) for name in own]
    return {place for place in places if place and package_folder(f"{place}/x")}
