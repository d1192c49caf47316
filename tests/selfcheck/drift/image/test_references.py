"""What a reference means is told from itself and from whether such a path exists."""

from __future__ import annotations

import pytest

from dtma_contract.discovery.container_image import ImageError
from dtma_contract.discovery.container_image.references import ImagePlace, RegistryReference, is_loopback, place_of

DIGEST = f"sha256:{'0' * 64}"


@pytest.mark.parametrize(
    ("reference", "docker", "expected"),
    [
        ("image.tar", None, ImagePlace("file", "image.tar")),
        ("image.tar:agent:1", None, ImagePlace("file", "image.tar", "agent:1")),
        ("file://image.tar", None, ImagePlace("file", "image.tar")),
        ("oci://image.tar:v1", None, ImagePlace("file", "image.tar", "v1")),
        ("agent:7", None, ImagePlace("engine-or-registry", "agent:7")),
        ("agent", "unix:///x", ImagePlace("engine", "agent")),
        ("ghcr.io/a/b:latest", None, ImagePlace("engine-or-registry", "ghcr.io/a/b:latest")),
        (f"a/b@{DIGEST}", None, ImagePlace("engine-or-registry", f"a/b@{DIGEST}")),
        ("docker://agent", None, ImagePlace("engine", "agent")),
        ("docker://0123456789ab", None, ImagePlace("engine", "0123456789ab")),
        (DIGEST, "unix:///x", ImagePlace("engine", DIGEST)),
        ("registry://localhost:5000/agent", None, ImagePlace("registry", "localhost:5000/agent")),
        ("container://dtma_manager", None, ImagePlace("container", "dtma_manager")),
    ],
)
def test_a_reference_names_a_place(reference, docker, expected):
    """A path that exists first, then the scheme, then the engine that was named."""
    assert place_of(reference, exists="image.tar".__eq__, docker=docker) == expected


@pytest.mark.parametrize(
    "reference", ["docker://", "container://", "container://a b", "file://gone", "registry://A B", "a@sha256:1"]
)
def test_what_names_no_place_is_refused(reference):
    """With a hint at the forms that there are."""
    with pytest.raises(ImageError, match=r"no image reference|no name of a container|no file"):
        place_of(reference, exists=lambda _: False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nginx", ("docker.io", "library/nginx", "latest")),
        ("nginx:1.27", ("docker.io", "library/nginx", "1.27")),
        ("redis:7", ("docker.io", "library/redis", "7")),
        ("owner/agent", ("docker.io", "owner/agent", "latest")),
        ("docker.io/owner/agent:a", ("docker.io", "owner/agent", "a")),
        ("localhost/agent", ("localhost", "agent", "latest")),
        ("localhost:5000/a/b/c:d", ("localhost:5000", "a/b/c", "d")),
        ("[::1]:5000/agent", ("[::1]:5000", "agent", "latest")),
        (f"ghcr.io/a/b:tag@{DIGEST}", ("ghcr.io", "a/b", DIGEST)),
    ],
)
def test_a_registry_reference_has_dockers_defaults(text, expected):
    """Its own registry, its own namespace, the tag latest."""
    found = RegistryReference.parse(text)

    assert (found.host, found.repository, found.version) == expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True), ("localhost:5000", True), ("127.0.0.1:1", True), ("127.9.9.9", True), ("[::1]:5000", True),
        ("a.localhost:1", True), ("ghcr.io", False), ("10.0.0.1:5000", False), ("localhost.example.org", False),
    ],
)  # fmt: skip
def test_loopback_registries_are_told(host, expected):
    """They are spoken to in plain HTTP, and no other is."""
    assert is_loopback(host) is expected
