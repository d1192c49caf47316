"""Indexes and manifests: which blobs an image is made of, and which image of several is meant. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from dtma_contract.discovery.container_image.problems import ImageError

__all__ = ["Descriptor", "Manifest", "Platform", "chosen_manifest", "json_object"]

_DIGEST = re.compile(r"sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})")

# An index may list indexes; nobody nests them deeper than twice.
_MAX_NESTING = 4

# No image has more: the storage drivers end at 127.
_MAX_LAYERS = 500

# BuildKit stores attestations as manifests of this platform, with this annotation.
_ATTESTATION = "vnd.docker.reference.type"


@dataclass(frozen=True, slots=True)
class Platform:
    """What a machine must be to run an image.

    Attributes:
        os: such as ``linux``.
        architecture: such as ``amd64``.
        variant: such as ``v8``; empty for any.
    """

    os: str
    architecture: str
    variant: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the platform of a text such as ``linux/arm64/v8``.

        Raises:
            ImageError: it is none.
        """
        parts = text.split("/")
        if len(parts) not in {2, 3} or not all(parts):
            raise ImageError(f"{text!r} is no platform.", "Write it as linux/amd64 or linux/arm64/v8.")
        return cls(*parts)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the platform of a descriptor or an image's configuration."""
        return cls(str(data.get("os") or ""), str(data.get("architecture") or ""), str(data.get("variant") or ""))

    def __str__(self) -> str:
        return "/".join(filter(None, (self.os, self.architecture, self.variant)))

    def serves(self, wanted: Platform) -> bool:
        """Return whether an image of this platform is what is wanted."""
        return (self.os, self.architecture) == (wanted.os, wanted.architecture) and (
            not wanted.variant or self.variant in {"", wanted.variant}
        )


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A blob by its digest.

    Attributes:
        digest: such as ``sha256:…``.
        size: in bytes, or None where nobody says.
        name: where a ``docker save`` archive keeps it; empty where the digest is the name.
    """

    digest: str
    size: int | None = None
    name: str = ""

    @classmethod
    def from_json(cls, data: Any, what: str) -> Self:
        """Return the descriptor of a manifest.

        Raises:
            ImageError: it is malformed.
        """
        digest = data.get("digest") if isinstance(data, dict) else None
        if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
            raise ImageError(f"{what} names a blob without a valid digest.")
        size = data.get("size")
        return cls(digest, size if isinstance(size, int) and size >= 0 else None)

    def __str__(self) -> str:
        return self.name or self.digest


@dataclass(frozen=True, slots=True)
class Manifest:
    """One image.

    Attributes:
        digest: of the manifest; empty for the old form of a ``docker save`` archive, which has none.
        config: the configuration's blob.
        layers: the lowest first.
    """

    digest: str
    config: Descriptor
    layers: tuple[Descriptor, ...]

    @classmethod
    def from_json(cls, data: Mapping[str, Any], digest: str) -> Self:
        """Return an image manifest (OCI, or Docker's schema 2).

        Raises:
            ImageError: it is none.
        """
        what = f"The manifest {digest}"
        layers = data.get("layers")
        if not isinstance(layers, list) or "config" not in data:
            if "fsLayers" in data:
                raise ImageError(f"{what} is of Docker's schema 1, which registries gave up.", "Push the image again.")
            raise ImageError(f"{what} is no manifest of an image: it has no layers or no configuration.")
        if len(layers) > _MAX_LAYERS:
            raise ImageError(f"{what} lists {len(layers)} layers, which no engine can use.")
        return cls(
            digest,
            Descriptor.from_json(data["config"], what),
            tuple(Descriptor.from_json(layer, what) for layer in layers),
        )


def json_object(content: bytes, what: str) -> dict[str, Any]:
    """Return a JSON object.

    Args:
        content: the text.
        what: what it is called in messages.

    Raises:
        ImageError: it is none.
    """
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise ImageError(f"{what} is damaged: it is no JSON object.")
    return data


def chosen_manifest(
    data: Mapping[str, Any],
    digest: str,
    *,
    fetch: Callable[[Descriptor], bytes],
    wanted: Platform,
    explicit: bool = False,
    tag: str = "",
    nesting: int = 0,
) -> Manifest:
    """Return the manifest that is meant by an index, or by a manifest itself.

    Args:
        data: index or manifest.
        digest: its digest; empty for the index file of a layout.
        fetch: reads a blob.
        wanted: the platform.
        explicit: the platform was asked for, so that the only image is not taken where it is for another one.
        tag: the name that is meant, where the index has several; empty for any.
        nesting: how many indexes were followed.

    Raises:
        ImageError: there is none for the platform, or of the name, or the documents are malformed.
    """
    manifests = data.get("manifests")
    if not isinstance(manifests, list):
        return Manifest.from_json(data, digest)
    what = f"The index {digest}" if digest else "The index of the image layout"
    if nesting >= _MAX_NESTING:
        raise ImageError(f"{what} is nested more than {_MAX_NESTING} deep.")
    images = [each for each in manifests if isinstance(each, dict) and not _is_attestation(each)]
    if tag:
        images = _of_name(images, tag, what)
    described = [(each, Platform.from_json(each["platform"]) if each.get("platform") else None) for each in images]
    fitting = [each for each, platform in described if platform is not None and platform.serves(wanted)]
    untold = [each for each, platform in described if platform is None]
    chosen = fitting or untold or ([] if explicit or len(images) != 1 else images)
    if not chosen:
        there = ", ".join(sorted({str(platform) for _, platform in described if platform})) or "none"
        raise ImageError(f"{what} has no image for {wanted}; there is: {there}.", "Name one with the platform option.")
    if not fitting and len(untold) > 1:
        names = ", ".join(filter(None, (_name(each) for each in untold))) or "without names"
        raise ImageError(f"{what} holds {len(untold)} images: {names}.", "Name one: FILE:TAG.")
    descriptor = Descriptor.from_json(chosen[0], what)
    found = json_object(fetch(descriptor), f"The blob {descriptor.digest}")
    return chosen_manifest(found, descriptor.digest, fetch=fetch, wanted=wanted, explicit=explicit, nesting=nesting + 1)


def _is_attestation(data: Mapping[str, Any]) -> bool:
    platform, annotations = data.get("platform"), data.get("annotations")
    return (isinstance(annotations, dict) and _ATTESTATION in annotations) or (
        isinstance(platform, dict) and platform.get("os") == "unknown" and platform.get("architecture") == "unknown"
    )


def _name(data: Mapping[str, Any]) -> str:
    annotations = data.get("annotations")
    if not isinstance(annotations, dict):
        return ""
    return str(
        annotations.get("io.containerd.image.name") or annotations.get("org.opencontainers.image.ref.name") or ""
    )


def _of_name(images: list[dict[str, Any]], tag: str, what: str) -> list[dict[str, Any]]:
    found = [each for each in images if _name(each) == tag or _name(each).endswith((f":{tag}", f"/{tag}"))]
    if not found:
        names = ", ".join(filter(None, map(_name, images))) or "none has a name"
        raise ImageError(f"{what} holds no image of the name {tag!r}; there is: {names}.")
    return found
