"""Images are read from files of every form in which tools write them."""

from __future__ import annotations

import dataclasses
import json

import pytest
from drift.image.built_images import (
    APP,
    descriptor,
    digest,
    image_of,
    index_of,
    layer,
    write_layout,
    write_oci,
    write_saved,
)

from dtma_contract.discovery.container_image import ImageError, read_image

WRITERS = {"saved": write_saved, "oci": write_oci, "layout": write_layout}


def named(image, *names):
    return dataclasses.replace(image, names=names)


@pytest.mark.parametrize("how", ["plain", "gzip", "zstd"])
@pytest.mark.parametrize("form", WRITERS)
def test_an_image_is_read_from_every_form_of_file(tmp_path, form, how):
    """Archives of docker save, OCI archives and layouts, with layers of every compression, give the same files."""
    image = image_of(layer(APP), layer({"app/dist/routes.js": b"exports.a = 1;"}), how=how)

    content = read_image(str(WRITERS[form](tmp_path / "image", image)))

    assert (
        content.entry,
        content.working_dir,
        content.tree.read("app/dist/index.js"),
        content.tree.read("app/dist/routes.js"),
        content.tree.names("app/dist"),
        content.provenance.origin.image_id,
    ) == (
        "app/dist/index.js",
        "app",
        APP["app/dist/index.js"],
        b"exports.a = 1;",
        ("index.js", "routes.js"),
        digest(image.config),
    )


@pytest.mark.parametrize("how", ["gzip", "zstd"])
@pytest.mark.parametrize("form", ["saved", "oci"])
def test_a_packed_archive_is_read_like_an_unpacked_one(tmp_path, form, how):
    """`docker save | gzip` and `| zstd` give archives that can be read."""
    image = image_of(layer(APP), layer({"app/dist/a.js": b"1"}), layer({"app/dist/a.js": b"2"}))

    content = read_image(str(WRITERS[form](tmp_path / "image.tar", image, how=how)))

    assert (content.entry, content.tree.read("app/dist/a.js")) == ("app/dist/index.js", b"2")


def test_a_layer_that_an_old_archive_holds_once_is_read_twice(tmp_path):
    """Old engines write a link for a layer that another image has too."""
    base = layer(APP)
    first, second = image_of(base), image_of(base, layer({"app/dist/b.js": b"b"}))
    path = write_saved(tmp_path / "two.tar", named(first, "one:latest"), named(second, "two:latest"))

    content = read_image(f"{path}:two:latest")

    assert content.tree.names("app/dist") == ("b.js", "index.js")


@pytest.mark.parametrize("form", ["saved", "oci"])
def test_of_several_images_one_must_be_named(tmp_path, form):
    """The message names those that are there."""
    images = [named(image_of(layer({**APP, "app/n.js": name.encode()})), name) for name in ("a:1", "b:2")]
    index = index_of(*images, platforms=False)
    path = WRITERS[form](tmp_path / "two.tar", *images, **({"index": index} if form == "oci" else {}))

    with pytest.raises(ImageError, match=r"2 images: a:1, b:2"):
        read_image(str(path))
    assert read_image(f"{path}:b:2").tree.read("app/n.js") == b"b:2"
    with pytest.raises(ImageError, match=r"no image of the name 'c'.*a:1, b:2"):
        read_image(f"{path}:c")


def test_the_platform_chooses_the_image_of_an_index(tmp_path):
    """By default that of a droplet; another where it is asked for; none where there is none."""
    amd, arm = (
        image_of(layer({**APP, "app/arch.js": a}), platform=("linux", a.decode())) for a in (b"amd64", b"arm64")
    )
    path = str(write_oci(tmp_path / "both.tar", arm, amd))

    assert read_image(path).tree.read("app/arch.js") == b"amd64"
    assert read_image(path, platform="linux/arm64").tree.read("app/arch.js") == b"arm64"
    with pytest.raises(ImageError, match=r"no image for linux/s390x; there is: linux/amd64, linux/arm64"):
        read_image(path, platform="linux/s390x")
    with pytest.raises(ImageError, match="no platform"):
        read_image(path, platform="amd64")


def test_the_only_image_is_taken_whatever_its_platform_unless_another_is_asked_for(tmp_path):
    """An archive from a developer's machine is read without an option."""
    path = str(write_oci(tmp_path / "arm.tar", image_of(layer(APP), platform=("linux", "arm64"))))

    assert read_image(path).provenance.platform == "linux/arm64"
    with pytest.raises(ImageError, match="no image for linux/amd64; there is: linux/arm64"):
        read_image(path, platform="linux/amd64")


def test_nested_indexes_are_followed_and_attestations_are_not_taken_for_images(tmp_path):
    """As BuildKit and the containerd image store write them."""
    image = image_of(layer(APP))
    attestation = image_of(layer({"a": b"b"}))
    inner = index_of(
        image,
        more=[
            descriptor(
                attestation.manifest,
                "application/vnd.oci.image.manifest.v1+json",
                platform={"os": "unknown", "architecture": "unknown"},
                annotations={"vnd.docker.reference.type": "attestation-manifest"},
            )
        ],
    )
    outer = json.dumps({"manifests": [descriptor(inner, "application/vnd.oci.image.index.v1+json")]}).encode()
    path = write_oci(tmp_path / "nested.tar", image, index=outer, **{digest(inner): inner})

    content = read_image(str(path))

    assert (content.entry, content.provenance.origin.digest) == ("app/dist/index.js", image.digest)


def test_an_index_that_names_itself_ends(tmp_path):
    """Whatever is nested, the reading of it is bounded."""
    document = json.dumps({"manifests": []}).encode()
    blobs = {}
    for _ in range(8):
        blobs[digest(document)] = document
        document = json.dumps({"manifests": [descriptor(document, "application/vnd.oci.image.index.v1+json")]}).encode()
    path = write_layout(tmp_path / "deep", index=document, **blobs)

    with pytest.raises(ImageError, match="nested more than 4 deep"):
        read_image(str(path))
