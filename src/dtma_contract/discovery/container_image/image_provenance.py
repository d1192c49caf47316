"""Where an image comes from and what it says of itself, as values. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from dtma_contract.discovery.container_image.configuration import ImageConfig

__all__ = ["ImageOrigin", "ImageProvenance", "PackageFacts"]

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
