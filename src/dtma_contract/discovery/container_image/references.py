"""What kind of place an image reference names."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass

from dtma_contract.discovery.container_image.problems import ImageError

__all__ = ["ImagePlace", "RegistryReference", "is_loopback", "place_of"]

# The grammar of references (github.com/distribution/reference).
_REFERENCE = re.compile(
    r"(?P<name>[a-zA-Z0-9]+(?:(?:[._]|__|-+)[a-zA-Z0-9]+)*(?::\d+(?=/))?(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*|"
    r"\[[0-9a-fA-F:]+\](?::\d+)?(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)+)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}))?"
)
_IMAGE_ID = re.compile(r"(?:sha256:)?[0-9a-f]{12,64}")
_CONTAINER = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")

_HELP = (
    "Name an archive or an OCI layout by its path, an image of an engine as docker://NAME, "
    "one of a registry as registry://HOST/NAME:TAG, or a container as container://NAME."
)


@dataclass(frozen=True, slots=True)
class ImagePlace:
    """What is meant.

    Attributes:
        kind: ``file``, ``engine``, ``registry``, ``container``, or ``engine-or-registry`` where nothing says which.
        name: path, reference or container name.
        tag: of a file: which of its images; empty for its only one.
    """

    kind: str
    name: str
    tag: str = ""


@dataclass(frozen=True, slots=True)
class RegistryReference:
    """An image of a registry.

    Attributes:
        host: of the registry, with its port where it has one.
        repository: such as ``library/nginx``.
        version: digest or tag.
    """

    host: str
    repository: str
    version: str

    @classmethod
    def parse(cls, text: str) -> RegistryReference:
        """Return the parts of a reference, with Docker's defaults: its own registry, ``library/``, ``latest``.

        Raises:
            ImageError: it is none.
        """
        match = _REFERENCE.fullmatch(text)
        if match is None:
            raise ImageError(f"{text[:200]!r} is no image reference.", _HELP)
        first, slash, rest = match["name"].partition("/")
        if slash and ("." in first or ":" in first or first == "localhost" or first != first.lower()):
            host, repository = first, rest
        else:
            host, repository = "docker.io", match["name"]
            if ":" in first or repository != repository.lower():
                raise ImageError(f"{text[:200]!r} is no image reference.", _HELP)
            if not slash:
                repository = f"library/{repository}"
        return cls(host, repository, match["digest"] or match["tag"] or "latest")

    @property
    def digest(self) -> str:
        """The digest, where the reference names one."""
        return self.version if ":" in self.version else ""


def place_of(reference: str, *, exists: Callable[[str], bool], docker: str | None = None) -> ImagePlace:
    """Return what a reference means: a path that exists first, then its scheme, then an engine that was named.

    Args:
        reference: as the user wrote it.
        exists: tells whether a path exists.
        docker: the engine that was named, or None.

    Raises:
        ImageError: it is no reference.
    """
    text = reference.strip()
    if not text:
        raise ImageError("The image reference is empty.", _HELP)
    if "\0" in text:
        raise ImageError("The image reference holds a character that no name has.", _HELP)
    scheme, colon, rest = text.partition("://")
    if colon:
        return _of_scheme(scheme, rest, text, exists)
    if exists(text):
        return ImagePlace("file", text)
    path, colon, tag = text.partition(":")
    if colon and exists(path):
        return ImagePlace("file", path, tag)
    if text.startswith(("/", "./", "../", "~")) or text.endswith((".tar", ".tgz", ".tar.gz", ".tar.zst")):
        raise ImageError(f"There is no file {text[:300]!r}.", _HELP)
    if not _IMAGE_ID.fullmatch(text):
        RegistryReference.parse(text)
    return ImagePlace("engine" if docker else "engine-or-registry", text)


def is_loopback(host: str) -> bool:
    """Return whether a registry's host is this machine, to which engines speak plain HTTP too."""
    bare = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return bare == "localhost" or bare.endswith(".localhost")


def _of_scheme(scheme: str, rest: str, text: str, exists: Callable[[str], bool]) -> ImagePlace:
    if scheme in {"docker", "registry"}:
        # skopeo and podman write docker:// for a registry; Docker's engine is meant here, as --docker names one.
        if not (scheme == "docker" and _IMAGE_ID.fullmatch(rest)):
            RegistryReference.parse(rest)
        return ImagePlace("engine" if scheme == "docker" else "registry", rest)
    if scheme == "container":
        if not _CONTAINER.fullmatch(rest):
            raise ImageError(f"{rest[:200]!r} is no name of a container.", _HELP)
        return ImagePlace("container", rest)
    if scheme in {"file", "oci", "archive"}:
        path, colon, tag = rest.partition(":")
        if exists(rest):
            return ImagePlace("file", rest)
        if colon and exists(path):
            return ImagePlace("file", path, tag)
        raise ImageError(f"There is no file {rest[:300]!r}.", _HELP)
    raise ImageError(f"The scheme of {text[:200]!r} is not known.", _HELP)
