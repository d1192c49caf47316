"""The list of images in an archive that ``docker save`` of older engines, skopeo, buildah, kaniko and bazel write."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from dtma_contract.discovery.container_image.archives import ArchiveFile
from dtma_contract.discovery.container_image.configuration import ImageConfig
from dtma_contract.discovery.container_image.manifests import Descriptor, Manifest, json_object
from dtma_contract.discovery.container_image.problems import ImageError

__all__ = ["saved_manifest"]

_DIGITS = re.compile(r"(?:.*/)?(?:sha256:)?([0-9a-f]{64})(?:\.json)?")


def saved_manifest(archive: ArchiveFile, tag: str) -> Manifest:
    """Return the image that is meant; it has no digest of its own.

    Args:
        archive: with a ``manifest.json``.
        tag: the name that is meant, or its end; empty for the only one.

    Raises:
        ImageError: the list is damaged, or holds no such image, or several.
    """
    image = _chosen(_listed(archive), tag)
    name, layers = image.get("Config"), image.get("Layers")
    if not isinstance(name, str) or not isinstance(layers, list) or not all(isinstance(layer, str) for layer in layers):
        raise ImageError("manifest.json is damaged: an image in it lacks its configuration or its layers.")
    content = archive.text(name)
    digest = hashlib.sha256(content).hexdigest()
    said = _DIGITS.fullmatch(name)
    if said and said[1] != digest:
        raise ImageError(f"The configuration {name} is damaged: its content does not have the digest that names it.")
    config = ImageConfig.from_json(json_object(content, f"The configuration {name}"))
    if len(config.layer_digests) != len(layers):
        raise ImageError(
            f"The archive is damaged: its configuration names {len(config.layer_digests)} layers, "
            f"it lists {len(layers)}."
        )
    return Manifest(
        "",
        Descriptor(f"sha256:{digest}", len(content), name),
        tuple(Descriptor(unpacked, None, layer) for unpacked, layer in zip(config.layer_digests, layers, strict=True)),
    )


def _listed(archive: ArchiveFile) -> list[dict[str, Any]]:
    try:
        data = json.loads(archive.text("manifest.json"))
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, list) or not data or not all(isinstance(image, dict) for image in data):
        raise ImageError("manifest.json is damaged: it is no list of images.")
    return data


def _chosen(images: list[dict[str, Any]], tag: str) -> dict[str, Any]:
    names = [[str(name) for name in image.get("RepoTags") or []] for image in images]
    fitting = [
        image
        for image, known in zip(images, names, strict=True)
        if not tag or any(name == tag or name.endswith((f":{tag}", f"/{tag}")) for name in known)
    ]
    # One image may be listed once for each of its names.
    if len({str(image.get("Config")) for image in fitting}) == 1:
        return fitting[0]
    there = ", ".join(name for known in names for name in known) or "none has a name"
    if not fitting:
        raise ImageError(f"The archive holds no image of the name {tag!r}; there is: {there}.")
    raise ImageError(f"The archive holds {len(fitting)} images: {there}.", "Name one: FILE:NAME:TAG.")
