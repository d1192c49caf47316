"""An image, wherever it is, read without running it."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from dtma_contract.discovery.container_image.archives import ArchiveFile, Blobs, LayoutFolder, open_archive
from dtma_contract.discovery.container_image.configuration import ImageConfig
from dtma_contract.discovery.container_image.containers import read_container, repository_digest
from dtma_contract.discovery.container_image.content import ImageContent
from dtma_contract.discovery.container_image.file_systems import read_file_system, read_layers
from dtma_contract.discovery.container_image.image_provenance import ImageOrigin
from dtma_contract.discovery.container_image.manifests import Manifest, Platform, chosen_manifest, json_object
from dtma_contract.discovery.container_image.problems import ImageError, Limits, size_text
from dtma_contract.discovery.container_image.provenance_facts import content_of
from dtma_contract.discovery.container_image.references import ImagePlace, RegistryReference, place_of
from dtma_contract.discovery.container_image.saved_manifests import saved_manifest
from dtma_contract.errors import EngineError
from dtma_contract.probes.docker_images import DockerImages, default_endpoint, registry_credentials

__all__ = ["DEFAULT_PLATFORM", "check_reference", "read_image"]

# What droplets are.
DEFAULT_PLATFORM = "linux/amd64"


def read_image(
    reference: str, *, docker: str | None = None, platform: str | None = None, limits: Limits | None = None
) -> ImageContent:
    """Read an image.

    Args:
        reference: path of an archive (``docker save``, OCI) or of an OCI layout, with ``:TAG`` behind it where it holds
            several; ``docker://NAME`` of an engine; ``registry://HOST/NAME:TAG``; ``container://NAME`` for the files of
            a container as they are now; or a bare name: one of the engine that was named; where none was, it is looked
            for in the engine of the docker command first, then in the registry.
        docker: endpoint of the engine, ``unix://…`` or ``ssh://user@host``; by default the one of the docker command.
        platform: such as ``linux/arm64``; by default :data:`DEFAULT_PLATFORM`, or the only one that there is.
        limits: the bounds of reading.

    Raises:
        ImageError: there is no such image, or it is damaged or beyond a bound; the message says what was tried.
    """
    bounds = limits or Limits()
    wanted = _Wanted(reference, Platform.parse(platform or DEFAULT_PLATFORM), platform is not None, bounds)
    place = place_of(reference, exists=_exists, docker=docker)
    try:
        if place.kind == "file":
            return _from_file(Path(place.name), place.tag, wanted)
        if place.kind == "registry":
            return _from_registry(place.name, wanted)
        if place.kind == "container":
            return _from_container(place.name, docker, wanted)
        return _from_engine(place, docker, wanted)
    except EngineError as problem:
        raise ImageError(problem.message, problem.hint) from None
    except OSError as problem:
        raise ImageError(f"{reference} cannot be read: {problem.strerror or problem}.") from None


class _Wanted:
    """What is asked for, whatever the place.

    Args:
        reference: as it was given.
        platform: the platform.
        explicit: whether the platform was asked for.
        limits: the bounds.
    """

    def __init__(self, reference: str, platform: Platform, explicit: bool, limits: Limits) -> None:  # noqa: FBT001 - one caller, four lines above
        self.reference = reference
        self.platform = platform
        self.explicit = explicit
        self.limits = limits

    def content(self, blobs: Blobs, manifest: Manifest, kind: str, place: str) -> ImageContent:
        """Return what the blobs of a manifest hold."""
        document = blobs.document(manifest.config)
        config = ImageConfig.from_json(json_object(document, f"The configuration {manifest.config}"))
        if self.explicit and config.platform:
            there = Platform(*config.platform.split("/")[:2])
            if not there.serves(Platform(self.platform.os, self.platform.architecture)):
                raise ImageError(f"The image is for {there}, not for {self.platform}.")
        origin = ImageOrigin(kind, self.reference, place, manifest.digest, manifest.config.digest)
        system = read_file_system(lambda kept: read_layers(blobs, manifest, kept, self.limits), config)
        return content_of(system, config, origin)


def _from_file(path: Path, tag: str, wanted: _Wanted) -> ImageContent:
    if path.is_dir():
        folder = LayoutFolder(path, wanted.limits)
        manifest = chosen_manifest(
            folder.index(), "", fetch=folder.document, wanted=wanted.platform, explicit=wanted.explicit, tag=tag
        )
        return wanted.content(folder, manifest, "layout", str(path))
    with open_archive(path, wanted.limits) as archive:
        return wanted.content(archive, _manifest_of(archive, tag, wanted), "archive", str(path))


def _manifest_of(archive: ArchiveFile, tag: str, wanted: _Wanted) -> Manifest:
    # Newer engines write both; the OCI index has the digests and the platforms.
    if archive.holds("index.json"):
        return chosen_manifest(
            json_object(archive.text("index.json"), "index.json"),
            "",
            fetch=archive.document,
            wanted=wanted.platform,
            explicit=wanted.explicit,
            tag=tag,
        )
    return saved_manifest(archive, tag)


def _from_registry(name: str, wanted: _Wanted) -> ImageContent:
    # The library takes a quarter of a second to import, which most runs need not spend.
    from dtma_contract.discovery.container_image.registry import RegistryBlobs  # noqa: PLC0415 - slow, seldom needed

    blobs = RegistryBlobs(RegistryReference.parse(name), registry_credentials, wanted.limits)
    with contextlib.closing(blobs):
        content, digest = blobs.manifest()
        manifest = chosen_manifest(
            json_object(content, f"The manifest {digest}"),
            digest,
            fetch=blobs.document,
            wanted=wanted.platform,
            explicit=wanted.explicit,
        )
        return wanted.content(blobs, manifest, "registry", blobs.url)


def _from_engine(place: ImagePlace, docker: str | None, wanted: _Wanted) -> ImageContent:
    endpoint = docker or default_endpoint()
    only = place.kind == "engine"
    tried = "no Docker Engine was found here"
    if endpoint is None and only:
        raise ImageError("There is no Docker Engine here.", "Name one with --docker, or set DOCKER_HOST.")
    if endpoint is not None:
        try:
            with contextlib.closing(DockerImages.connect(endpoint)) as engine:
                if (facts := engine.image(place.name)) is not None:
                    return _saved(engine, place.name, endpoint, wanted, repository_digest(facts))
            tried = f"the Docker Engine at {endpoint} does not have it"
        except EngineError as problem:
            if only:
                raise
            tried = problem.message.rstrip(".")
        if only:
            raise ImageError(
                f"The Docker Engine at {endpoint} has no image {place.name!r}.",
                f"Pull it there, or read it from its registry: registry://{place.name}.",
            )
    try:
        return _from_registry(place.name, wanted)
    except ImageError as problem:
        raise ImageError(
            f"There is no image {place.name!r}: no such file, {tried}, and from the registry: "
            f"{problem.message.rstrip('.')}.",
            problem.hint,
        ) from None


def _saved(engine: DockerImages, name: str, endpoint: str, wanted: _Wanted, digest: str) -> ImageContent:
    with _spooled(engine.saved(name), wanted.limits) as file:
        archive = ArchiveFile(file, f"The image {name} of the engine", wanted.limits)
        manifest = _manifest_of(archive, "", wanted)
        # What an engine pulled has the digest of the registry; what it exports may not.
        return wanted.content(archive, replace(manifest, digest=digest or manifest.digest), "engine", endpoint)


@contextlib.contextmanager
def _spooled(pieces: Iterator[bytes], limits: Limits) -> Iterator[BinaryIO]:
    """Hold an export, whose layers come before its index, in a file without a name: nothing stays, whatever happens."""
    written = 0
    with tempfile.TemporaryFile(prefix="dtmac-image-", buffering=0) as file:
        for piece in pieces:
            written += len(piece)
            if written > limits.unpacked_bytes:
                raise ImageError(f"The image is larger than {size_text(limits.unpacked_bytes)}, which is not read.")
            rest = memoryview(piece)
            while rest:
                rest = rest[file.write(rest) :]
        yield file


def _from_container(name: str, docker: str | None, wanted: _Wanted) -> ImageContent:
    endpoint = docker or default_endpoint()
    if endpoint is None:
        raise ImageError("There is no Docker Engine here.", "Name one with --docker, or set DOCKER_HOST.")
    with contextlib.closing(DockerImages.connect(endpoint)) as engine:
        return read_container(engine, name, reference=wanted.reference, endpoint=endpoint, limits=wanted.limits)


def check_reference(reference: str, *, docker: str | None = None) -> None:
    """Refuse what names no image at all; nothing is read, and no engine or registry is asked.

    Args:
        reference: as the user wrote it.
        docker: the engine that was named, or None.

    Raises:
        ImageError: it is a path to nothing, or malformed.
    """
    place_of(reference, exists=_exists, docker=docker)


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False
