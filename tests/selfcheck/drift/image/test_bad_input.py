"""What is damaged, hostile or no image at all is told in one sentence; nothing is written anywhere."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import struct
import tarfile
import time
import tracemalloc
import zlib
from pathlib import Path

import pytest
from drift.image.built_images import (
    APP,
    Entry,
    digest,
    image_of,
    layer,
    link,
    packed,
    raw_header,
    tar_of,
    write_layout,
    write_oci,
    write_saved,
)

from dtma_contract.discovery.container_image import ImageError, Limits, read_image
from dtma_contract.discovery.container_image.byte_streams import Expansion

END = b"\0" * 1024


@pytest.fixture
def path(tmp_path, monkeypatch):
    """Return where to write an image; what is written anywhere else fails the test."""
    place = tmp_path / "image"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("TMPDIR", "HOME"):
        monkeypatch.setenv(name, str(elsewhere))
    monkeypatch.chdir(elsewhere)
    yield place
    assert list(elsewhere.iterdir()) == []


def oci_with_layer(path, content, *, how="plain"):
    """Write an image whose second layer is this, whatever it is."""
    return write_oci(path, image_of(layer(APP), content, how=how))


def cut(path, part):
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])


def without_blob(path):
    image = image_of(layer(APP))
    del image.blobs[digest(image.layers[0])]
    write_oci(path, image)


def with_other_blob(path, which):
    image = image_of(layer(APP))
    changed = getattr(image, which)
    changed = changed[0] if which == "layers" else changed
    name = digest(changed)
    image.blobs[name] = changed[:-9] + bytes([changed[-9] ^ 1]) + changed[-8:]
    write_oci(path, image)


def broken_gzip(path):
    content = bytearray(gzip.compress(layer({**APP, "app/a.js": os.urandom(9000)})))
    content[3000:3010] = b"\xff" * 10
    path.write_bytes(content)


def saved_with(path, **entries):
    image = image_of(layer(APP))
    write_saved(path, image)
    with tarfile.open(path) as archive:
        names = [member.name for member in archive.getmembers()]
        found = {name: archive.extractfile(name).read() for name in names}
    found |= {name.replace("_", "."): content for name, content in entries.items()}
    path.write_bytes(layer({name: content for name, content in found.items() if content is not None}))


def broken_layer_of_saved(path):
    image = image_of(layer(APP))
    image.unpacked[0] = layer({**APP, "app/dist/index.js": b"evil"})
    write_saved(path, image)


def layout_with_pipe(path):
    image = image_of(layer(APP))
    write_layout(path, image)
    blob = path / "blobs" / digest(image.layers[0]).replace(":", "/")
    blob.unlink()
    os.mkfifo(blob)


CASES = {
    "an empty file": (lambda path: path.write_bytes(b""), "is empty"),
    "a text": (lambda path: path.write_bytes(b"hello\n" * 1000), "no tar archive"),
    "noise": (lambda path: path.write_bytes(bytes(range(1, 256)) * 100), "no tar archive"),
    "a zip": (lambda path: path.write_bytes(b"PK\x03\x04" + b"\0" * 1000), "packed in a way that is not read"),
    "an empty folder": (lambda path: path.mkdir(), "no index.json"),
    "a file system": (lambda path: path.write_bytes(layer(APP)), "docker export"),
    "a truncated archive": (
        lambda path: (oci_with_layer(path, layer({"app/a.js": b"1" * 9000})), cut(path, 0.6)),
        "truncated",
    ),
    "an archive truncated early": (lambda path: (write_saved(path, image_of(layer(APP))), cut(path, 0.1)), "truncated"),
    "a truncated packed archive": (
        lambda path: (
            write_oci(path, image_of(layer({**APP, "app/x.js": os.urandom(99999)})), how="gzip"),
            cut(path, 0.5),
        ),
        "truncated",
    ),
    "a broken packed archive": (broken_gzip, "gzip data is broken"),
    "a truncated layer": (lambda path: oci_with_layer(path, layer({"app/a.js": b"1" * 9000})[:5000]), "truncated"),
    "a layer that is a text": (lambda path: oci_with_layer(path, b"hello" * 1000), "no tar archive"),
    "a layer that is empty": (lambda path: oci_with_layer(path, b""), "is empty"),
    "a layer whose gzip ends early": (
        lambda path: oci_with_layer(path, gzip.compress(layer({"app/a.js": os.urandom(90000)}))[:50000]),
        "gzip data ends early",
    ),
    "a layer whose gzip is broken": (
        lambda path: oci_with_layer(path, gzip.compress(os.urandom(9000))[:4000] + b"\xff" * 500),
        "damaged|truncated",
    ),
    "a layer whose zstd is broken": (
        lambda path: oci_with_layer(
            path, packed(layer({"app/a.js": os.urandom(999_999)}), "zstd")[:400_000] + b"\xff" * 500
        ),
        "damaged|truncated",
    ),
    "a missing blob": (without_blob, "is missing in"),
    "another layer": (lambda path: with_other_blob(path, "layers"), "damaged"),
    "another configuration": (lambda path: with_other_blob(path, "config"), "does not have the digest"),
    "another manifest": (lambda path: with_other_blob(path, "manifest"), "does not have the digest"),
    "another layer of docker save": (broken_layer_of_saved, "does not have the digest"),
    "a path that leads out": (lambda path: oci_with_layer(path, layer({"../../x.js": b"1"})), "leads out of the image"),
    "a path that leads out and in": (lambda path: oci_with_layer(path, layer({"app/../../x": b"1"})), "leads out"),
    "a hard link that leads out": (
        lambda path: oci_with_layer(path, tar_of([Entry("app/a.js", tarfile.LNKTYPE, "../../etc/passwd")])),
        "leads out",
    ),
    "a path that no system can use": (
        lambda path: oci_with_layer(path, layer({"a/" * 5000 + "b": b"1"})),
        "no system can use",
    ),
    "a header of ten gibibytes": (
        lambda path: oci_with_layer(path, raw_header("x", 10 * 2**30, b"x") + END),
        "extended header of 10.0 GiB",
    ),
    "headers of headers": (
        lambda path: oci_with_layer(path, (raw_header("x", 5, b"L") + b"a" * 5 + b"\0" * 507) * 50),
        "too many extended headers",
    ),
    "an extended header that is malformed": (
        lambda path: oci_with_layer(path, raw_header("x", 9, b"x") + b"99 path=a" + b"\0" * 503 + END),
        "malformed",
    ),
    "a file of a hundred gibibytes": (
        lambda path: oci_with_layer(path, raw_header("app/a.js", 100 * 2**30) + END),
        "larger than 16.0 GiB",
    ),
    "a negative size": (
        lambda path: oci_with_layer(path, layer({"a": b"1"}).replace(b"00000000001", b"-0000000001", 1)),
        "damaged",
    ),
    "no manifest of docker save": (lambda path: saved_with(path, manifest_json=None), "neither a manifest.json"),
    "a manifest of docker save that is no list": (
        lambda path: saved_with(path, manifest_json=b"{}"),
        "no list of images",
    ),
    "a manifest of docker save without layers": (
        lambda path: saved_with(path, manifest_json=b'[{"Config": "x"}]'),
        "lacks",
    ),
    "a manifest of docker save that names nothing": (
        lambda path: saved_with(path, manifest_json=b'[{"Config": "x", "Layers": []}]'),
        "x is missing",
    ),
    "an index that is no JSON": (lambda path: write_oci(path, index=b"{"), "no JSON object"),
    "an index that is nested without end": (lambda path: write_oci(path, index=b"[" * 100_000), "no JSON object"),
    "an index without images": (lambda path: write_oci(path, index=b'{"manifests": []}'), "no image for linux/amd64"),
    "an index of anything": (
        lambda path: write_oci(path, index=b'{"manifests": [1, null, {"digest": 5}]}'),
        "without a valid digest",
    ),
    "a digest that is a path": (
        lambda path: write_layout(path, index=b'{"manifests": [{"digest": "sha256:../../../etc/passwd"}]}'),
        "without a valid digest",
    ),
    "a manifest of something else": (
        lambda path: write_oci(path, index=json.dumps({"layers": [], "foo": 1}).encode()),
        "no manifest of an image",
    ),
    "a document that is too large": (
        lambda path: write_oci(path, index=b'{"manifests": [], "a": "' + b" " * 9 * 2**20 + b'"}'),
        "larger than 8.0 MiB",
    ),
    "a layer that is a pipe": (layout_with_pipe, "is missing"),
    "a pipe": (os.mkfifo, "neither a file nor a folder"),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_with_an_image_is_said_in_a_sentence(path, name):
    """The error is the caller's, names what is wrong, and is raised instead of any other."""
    make, said = CASES[name]
    make(path)

    with pytest.raises(ImageError, match=said):
        read_image(str(path))


@pytest.mark.parametrize(
    "reference", ["", " ", "a\0b", "/nothing/here.tar", "./nothing", "ftp://a/b", "UPPER/case:a b"]
)
def test_what_is_no_reference_is_told(path, reference):
    """Without asking any engine or registry."""
    with pytest.raises(ImageError, match=r"no image reference|no file|empty|character|scheme"):
        read_image(reference)


def test_a_link_to_the_host_leads_into_the_image(path):
    """A link to /etc/passwd means the image's own, and there is none."""
    links = [link("app/a.json", "/etc/passwd"), link("app/b.json", "../../../../etc/passwd"), link("app/host", "/etc")]
    oci_with_layer(path, layer({}, links))

    tree = read_image(str(path)).tree

    assert (tree.read("app/a.json"), tree.read("app/b.json"), tree.names("app/host")) == (None, None, ())


@pytest.mark.parametrize("how", ["gzip", "zstd"])
def test_a_bomb_of_zeros_is_not_unpacked_into_memory(path, how):
    """A layer that unpacks to 2 GiB is refused at its header, where less is allowed, and held nowhere."""
    content = raw_header("app/big.js", 2 * 2**30)
    compressor = zlib.compressobj(1, wbits=31)
    zeros = bytes(2**24)
    blob = compressor.compress(content) + b"".join(compressor.compress(zeros) for _ in range(8)) + compressor.flush()
    if how == "zstd":
        blob = packed(content + zeros * 8, "zstd")
    oci_with_layer(path, blob)
    tracemalloc.start()

    with pytest.raises(ImageError, match=r"larger than 1.0 GiB"):
        read_image(str(path), limits=Limits(unpacked_bytes=2**30))

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 * 2**20


def zeros(how, gibibytes):
    """Return packed zeros: one piece of 64 MiB, as often as it takes, as members of gzip or frames of zstd."""
    return packed(bytes(64 * 2**20), how) * (16 * gibibytes)


@pytest.mark.parametrize("how", ["gzip", "zstd"])
@pytest.mark.parametrize("where", ["in a file", "behind the end"])
def test_a_bomb_below_the_bound_of_size_is_not_read_to_its_end(path, how, where):
    """A layer of 6 GiB of zeros in a few MiB is given up after the first gibibyte, and named."""
    begin = raw_header("app/big.js", 6 * 2**30) if where == "in a file" else layer(APP)
    image = image_of(layer(APP), b"")
    blob = packed(begin, how) + zeros(how, 6)
    name = digest(blob)
    manifest = json.loads(image.manifest)
    manifest["layers"][1] |= {"digest": name, "size": len(blob)}
    document = json.dumps(manifest).encode()
    index = json.dumps({"manifests": [{"digest": digest(document), "size": len(document)}]}).encode()
    write_oci(path, image, index=index, **{digest(document): document, name: blob})

    with pytest.raises(ImageError, match=f"The layer {name}.* unpacks to more than 100 times its size, 1.0 GiB beyond"):
        read_image(str(path))


@pytest.mark.parametrize("how", ["gzip", "zstd"])
def test_an_archive_that_is_a_bomb_is_not_read_to_its_end(path, how):
    """A packed archive has the same bound as a layer."""
    path.write_bytes(packed(raw_header("manifest.json", 6 * 2**30), how) + zeros(how, 6))

    with pytest.raises(ImageError, match="unpacks to more than 100 times its size"):
        read_image(str(path))


def test_a_file_of_zeros_is_no_bomb(path):
    """What packs well for a while is read, and what packs as code does brings the account back."""
    oci_with_layer(path, layer({**APP, "var/log/lastlog": bytes(128 * 2**20)}), how="gzip")
    account = Expansion(most=1000)
    account.spend(1, 1000, "a layer")
    account.spend(9, 27, "a layer")
    account.spend(1, 1050, "a layer")

    assert read_image(str(path)).entry == "app/dist/index.js"
    with pytest.raises(ImageError, match="another layer unpacks to more than 100 times"):
        account.spend(0, 24, "another layer")


def test_zeros_behind_the_end_of_a_layer_are_bounded_too(path):
    """What no header announces is counted as well."""
    oci_with_layer(path, gzip.compress(layer({"app/a.js": b"1"}) + bytes(64 * 2**20)))

    with pytest.raises(ImageError, match=r"larger than 32.0 MiB"):
        read_image(str(path), limits=Limits(unpacked_bytes=32 * 2**20))


def test_a_bomb_of_entries_is_refused(path):
    """Entries are counted, whatever they are."""
    entry = raw_header("app/a", 0)
    oci_with_layer(path, entry * 5000 + END, how="gzip")

    with pytest.raises(ImageError, match="more than 1,000 files and folders"):
        read_image(str(path), limits=Limits(entries=1000))


def test_what_is_held_is_bounded(path):
    """Beyond the bound files are named, and not held."""
    oci_with_layer(path, layer({f"app/{number}.js": bytes(2**20) for number in range(4)}))

    content = read_image(str(path), limits=Limits(kept_bytes=2 * 2**20 + 4096))

    assert len(content.unread) == 2


def test_the_values_of_variables_are_kept_nowhere(path):
    """Neither in the content, nor in what is printed of it, nor in the history of the image, which repeats them."""
    write_oci(path, image_of(layer(APP), Env=["PATH=/bin", "DTMA_BEARER_TOKEN=s3cret-value", "EMPTY="]))

    content = read_image(str(path))

    assert content.config.environment == ("PATH", "DTMA_BEARER_TOKEN", "EMPTY")
    said = repr((content.config, content.provenance, content.provenance.to_json(), content.config.to_json()))
    assert "s3cret" not in said


def test_an_archive_that_cannot_be_opened_is_told(tmp_path):
    """A folder in place of a file, or a file that vanishes, is no traceback."""
    target = tmp_path / "gone.tar"
    with contextlib.suppress(OSError):
        (tmp_path / "loop.tar").symlink_to("loop.tar")

    for place in (target, tmp_path / "loop.tar"):
        with pytest.raises(ImageError, match="no file"):
            read_image(str(place))


def test_a_sparse_archive_of_ten_gibibytes_is_read_in_bounded_time(path):
    """A plain layer with a file of zeros larger than may be read is refused at its header, at once."""
    header = raw_header("app/zeros.bin", 10 * 2**30)
    image = image_of(layer(APP))
    index = json.loads(image.manifest)
    with path.open("wb") as file:
        names = layer({"oci-layout": b"{}"})[:1024]
        file.write(names)
        file.write(raw_header("blobs/sha256/" + "0" * 64, 10 * 2**30 + 2048))
        file.write(header)
        file.seek(10 * 2**30 + 1536, io.SEEK_CUR)
        index["layers"].append({"digest": "sha256:" + "0" * 64, "size": 10 * 2**30 + 2048})
        manifest = json.dumps(index).encode()
        top = json.dumps({"manifests": [{"digest": digest(manifest), "size": len(manifest)}]}).encode()
        blobs = {**image.blobs, digest(manifest): manifest}
        file.write(
            layer({f"blobs/{name.replace(':', '/')}": blob for name, blob in blobs.items()} | {"index.json": top})
        )
    begun = time.monotonic()

    with pytest.raises(ImageError, match=r"larger than 8.0 GiB.*app/zeros.bin.*10.0 GiB"):
        read_image(str(path), limits=Limits(unpacked_bytes=8 * 2**30))
    assert time.monotonic() - begun < 5


def test_a_checksum_of_signed_characters_is_accepted(path):
    """Some old programs summed headers up so; a path in Latin-1 is read all the same."""
    block = bytearray(raw_header("app/a.js", 1))
    block[300] = 0xFF
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % (sum(block) - 256)
    oci_with_layer(path, bytes(block) + b"1" + bytes(511) + END)

    assert read_image(str(path)).tree.read("app/a.js") == b"1"


def test_the_paths_of_these_tests_are_real():
    """The header that the tests make by hand is one for the standard library."""
    with tarfile.open(fileobj=io.BytesIO(raw_header("a/b", 3) + b"xyz" + bytes(509) + END)) as archive:
        assert [(member.name, member.size) for member in archive] == [("a/b", 3)]
    assert struct.calcsize("8s") == len(raw_header("a", 0)[257:265])
    assert Path("/etc/passwd").exists()
