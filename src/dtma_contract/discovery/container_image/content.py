"""What was found in an image, as values. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from dtma_contract.discovery.container_image.configuration import ImageConfig
from dtma_contract.discovery.container_image.entry_point import EntryPoint
from dtma_contract.discovery.container_image.problems import ImageError
from dtma_contract.discovery.file_tree import FileTree

__all__ = ["ImageContent", "ImageOrigin", "ImageProvenance", "PackageFacts"]

# OCI image specification, "Pre-Defined Annotation Keys".
_LABEL = "org.opencontainers.image."


@dataclass(frozen=True, slots=True)
class PackageFacts:
    """What a package.json says of its package.

    Attributes:
        name: of the package; empty where it has none.
        version: likewise.
        dependencies: version ranges by name, the production ones.
        installed: versions by name, as ``node_modules`` beside it has them.
    """

    name: str = ""
    version: str = ""
    dependencies: Mapping[str, str] = field(default_factory=dict)
    installed: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, data: Mapping[str, Any], installed: Mapping[str, str] | None = None) -> Self:
        """Return the facts of a package.json."""
        dependencies = data.get("dependencies")
        return cls(
            name=str(data.get("name") or ""),
            version=str(data.get("version") or ""),
            dependencies={str(name): str(version) for name, version in dependencies.items()}
            if isinstance(dependencies, dict)
            else {},
            installed=dict(installed or {}),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the facts as JSON data."""
        return {
            "name": self.name,
            "version": self.version,
            "dependencies": dict(self.dependencies),
            "installed": dict(self.installed),
        }


@dataclass(frozen=True, slots=True)
class ImageOrigin:
    """Where an image was read.

    Attributes:
        kind: ``archive``, ``layout``, ``engine``, ``registry`` or ``container``.
        reference: as it was given.
        place: the file, the engine's endpoint or the registry.
        digest: of the manifest; empty where there is none, as in archives of older engines.
        image_id: digest of the configuration, which engines call the image's id.
        container: name and id of the container whose files were read; empty where it was an image.
    """

    kind: str
    reference: str
    place: str
    digest: str = ""
    image_id: str = ""
    container: str = ""


@dataclass(frozen=True, slots=True)
class ImageProvenance:
    """Where an image comes from, and what it says of itself.

    Attributes:
        origin: where it was read.
        created: when it was built (ISO 8601); empty where it does not say.
        revision: label ``org.opencontainers.image.revision``, the source's commit; empty where there is none.
        source: label ``org.opencontainers.image.source``.
        version: label ``org.opencontainers.image.version``.
        platform: such as ``linux/amd64``.
        package: of the application, or None where it has no package.json.
        environment: names of the variables that it declares.
    """

    origin: ImageOrigin
    created: str = ""
    revision: str = ""
    source: str = ""
    version: str = ""
    platform: str = ""
    package: PackageFacts | None = None
    environment: tuple[str, ...] = ()

    @classmethod
    def of(cls, origin: ImageOrigin, config: ImageConfig, package: PackageFacts | None) -> Self:
        """Return the provenance of an image with this configuration and application."""
        label = {key.removeprefix(_LABEL): value for key, value in config.labels.items() if key.startswith(_LABEL)}
        return cls(
            origin,
            created=config.created or label.get("created", ""),
            revision=label.get("revision", ""),
            source=label.get("source", ""),
            version=label.get("version", ""),
            platform=config.platform,
            package=package,
            environment=config.environment,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the provenance as JSON data."""
        return {
            "kind": self.origin.kind,
            "reference": self.origin.reference,
            "place": self.origin.place,
            "digest": self.origin.digest,
            "image_id": self.origin.image_id,
            "container": self.origin.container,
            "created": self.created,
            "revision": self.revision,
            "source": self.source,
            "version": self.version,
            "platform": self.platform,
            "package": self.package.to_json() if self.package else None,
            "environment": list(self.environment),
        }


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

    def require_entry(self) -> EntryPoint:
        """Return the entry point.

        Raises:
            ImageError: there is none; the message says why.
        """
        if self.entry_point is None:
            raise ImageError(self.entry_problem, "Name the program's file with --entry.")
        return self.entry_point
