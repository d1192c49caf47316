"""What an image says of its origin, and what follows when the source is put beside it."""

from __future__ import annotations

import pytest
from drift.image.built_images import APP, image_of, layer, write_oci

from dtma_contract.discovery.container_image import ImageOrigin, ImageProvenance, PackageFacts, read_image
from dtma_contract.discovery.provenance import PackageDifference, compare_provenance

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LABELS = {
    "org.opencontainers.image.revision": COMMIT,
    "org.opencontainers.image.source": "https://example.org/agent",
    "org.opencontainers.image.version": "1.2.3",
}


def test_an_image_tells_where_it_comes_from(tmp_path):
    """Digest, time, labels, package with what is installed, and the names of variables."""
    image = image_of(layer(APP), Labels=LABELS, Env=["A=1"], ExposedPorts={"30000/tcp": {}}, User="node")

    content = read_image(str(write_oci(tmp_path / "image.tar", image)))

    assert content.provenance.to_json() == {
        "kind": "archive",
        "reference": str(tmp_path / "image.tar"),
        "place": str(tmp_path / "image.tar"),
        "digest": image.digest,
        "image_id": content.provenance.origin.image_id,
        "container": "",
        "created": "2026-01-02T03:04:05Z",
        "revision": COMMIT,
        "source": "https://example.org/agent",
        "version": "1.2.3",
        "platform": "linux/amd64",
        "package": {
            "name": "agent",
            "version": "1.2.3",
            "dependencies": {"express": "^4.19.0"},
            "installed": {"express": "4.19.2"},
        },
        "environment": ["A"],
    }
    assert (content.config.user, content.config.exposed_ports) == ("node", ("30000/tcp",))


def compared(revision="", **source):
    provenance = ImageProvenance(
        ImageOrigin("archive", "x", "x"),
        revision=revision,
        package=PackageFacts("agent", "1.0.0", {"express": "^4.0.0", "cors": "^2.0.0"}),
    )
    package = PackageFacts("agent", "1.1.0", {"express": "^5.0.0", "helmet": "^8.0.0"})
    return compare_provenance(provenance, **{"commit": COMMIT, "dirty": False, "package": package, **source})


@pytest.mark.parametrize(
    ("revision", "source", "expected"),
    [
        (COMMIT, {}, (True, 0, False)),
        (COMMIT[:12].upper(), {}, (True, 0, False)),
        ("f" * 40, {"behind": 3, "ahead": 0}, (False, 3, True)),
        ("f" * 40, {"behind": 0, "ahead": 2}, (False, 0, False)),
        ("f" * 40, {}, (False, None, None)),
        ("", {}, (None, None, None)),
        (COMMIT, {"commit": ""}, (None, None, None)),
    ],
)
def test_whether_an_image_lags_is_told_only_where_it_is_known(revision, source, expected):
    """Without a label, a commit or a history nothing is claimed."""
    found = compared(revision, **source)

    assert (found.same, found.behind, found.stale) == expected


def test_the_packages_are_compared():
    """Version and dependencies, both ways."""
    assert compared().differences == (
        PackageDifference("version", "1.1.0", "1.0.0"),
        PackageDifference("cors", None, "^2.0.0"),
        PackageDifference("express", "^5.0.0", "^4.0.0"),
        PackageDifference("helmet", "^8.0.0", None),
    )


def test_what_could_not_be_told_is_said():
    """As sentences, for the report."""
    found = compared(dirty=True, problems=("the commit is not in the repository", ""))

    assert [note.partition(",")[0] for note in found.notes] == [
        "The commit is not in the repository.",
        "The image has no label org.opencontainers.image.revision",
        "The source has changes that are in no commit",
    ]


def test_without_a_package_on_one_side_nothing_differs():
    """An absent package.json is not a difference of versions."""
    assert compared(package=None).differences == ()
