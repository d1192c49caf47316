"""The rules for container names and image references. Pure."""

from __future__ import annotations

import re

__all__ = ["IMAGE_PATTERN", "NAME_PATTERN", "familiar_image", "is_image_reference", "is_name"]

# Docker's rule for container names (moby, daemon/names), which an instance name becomes.
NAME_PATTERN = r"[a-zA-Z0-9][a-zA-Z0-9_.-]+"
NAME_MAX_LENGTH = 128

# The grammar of image references (distribution/reference): [domain[:port]/]path[:tag][@digest].
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_DOMAIN = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_PATH = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_TAG = r"[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}"
_DIGEST = r"[a-zA-Z][a-zA-Z0-9]*(?:[-_+.][a-zA-Z][a-zA-Z0-9]*)*:[0-9a-fA-F]{32,}"
IMAGE_PATTERN = rf"(?:{_DOMAIN}/)?{_PATH}(?:/{_PATH})*(?::{_TAG})?(?:@{_DIGEST})?"
_IMAGE_MAX_LENGTH = 512

_NAME = re.compile(NAME_PATTERN)
_IMAGE = re.compile(IMAGE_PATTERN)
# A bare 64-digit hexadecimal name would be an image id and no reference.
_IMAGE_ID = re.compile(r"[a-f0-9]{64}")


def is_name(text: str) -> bool:
    """Return whether Docker takes it as a container's name and it is no longer than the API allows."""
    return len(text) <= NAME_MAX_LENGTH and _NAME.fullmatch(text) is not None


def is_image_reference(text: str) -> bool:
    """Return whether it is a well-formed image reference."""
    return len(text) <= _IMAGE_MAX_LENGTH and not _IMAGE_ID.fullmatch(text) and _IMAGE.fullmatch(text) is not None


def familiar_image(reference: str) -> str:
    """Return the one spelling of an image that Docker Hub's many short forms stand for.

    ``nginx``, ``docker.io/nginx`` and ``docker.io/library/nginx:latest`` are all ``nginx:latest``.
    """
    for domain in ("docker.io/", "index.docker.io/"):
        reference = reference.removeprefix(domain)
    reference = reference.removeprefix("library/")
    last = reference.rpartition("/")[2]
    return reference if ":" in last or "@" in last else f"{reference}:latest"
