"""Layers are put on top of each other as engines do it, and nothing in them leads out of the image."""

from __future__ import annotations

import io
import tarfile

import pytest
from drift.image.built_images import APP, Entry, folder, hard_link, image_of, layer, link, write_oci

from dtma_contract.discovery.container_image import read_image

FORMS = {"pax": tarfile.PAX_FORMAT, "gnu": tarfile.GNU_FORMAT, "ustar": tarfile.USTAR_FORMAT}


@pytest.fixture
def read(tmp_path):
    """Return a function that reads the image of some layers."""

    def reading(*layers, **config):
        return read_image(str(write_oci(tmp_path / "image.tar", image_of(*layers, **config))))

    return reading


CASES = {
    "a file is replaced": ([({"app/a.js": b"1"}, []), ({"app/a.js": b"2"}, [])], {"app/a.js": b"2"}),
    "a whiteout removes a file": (
        [({"app/a.js": b"1", "app/b.js": b"1"}, []), ({"app/.wh.a.js": b""}, [])],
        {"app/a.js": None, "app/b.js": b"1"},
    ),
    "a whiteout removes a folder": (
        [({"app/lib/a.js": b"1"}, []), ({"app/.wh.lib": b""}, [])],
        {"app/lib/a.js": None},
    ),
    "a whiteout does not touch its own layer": (
        [({"app/lib/a.js": b"1"}, []), ({"app/lib/b.js": b"2", "app/.wh.lib": b""}, [])],
        {"app/lib/a.js": None, "app/lib/b.js": b"2"},
    ),
    "an opaque folder hides what lies below": (
        [({"app/lib/a.js": b"1"}, []), ({"app/lib/b.js": b"2", "app/lib/.wh..wh..opq": b""}, [])],
        {"app/lib/a.js": None, "app/lib/b.js": b"2"},
    ),
    "what was removed can come again": (
        [({"app/a.js": b"1"}, []), ({"app/.wh.a.js": b""}, []), ({"app/a.js": b"3"}, [])],
        {"app/a.js": b"3"},
    ),
    "a folder becomes a file": ([({"app/x.js/a.js": b"1"}, []), ({"app/x.js": b"2"}, [])], {"app/x.js": b"2"}),
    "a file becomes a folder": (
        [({"app/x": b"#!"}, []), ({"app/x/a.js": b"2"}, [folder("app/x")])],
        {"app/x/a.js": b"2"},
    ),
    "a link is followed": ([({"app/a.js": b"1"}, [link("app/b.js", "a.js")])], {"app/b.js": b"1"}),
    "a link to a folder is followed": (
        [({"srv/r3/a.js": b"1"}, [link("app/now", "../srv/r3")])],
        {"app/now/a.js": b"1"},
    ),
    "an absolute link begins at the image's root": (
        [({"srv/a.js": b"1"}, [link("app/b.js", "/srv/a.js")])],
        {"app/b.js": b"1"},
    ),
    "a link beyond the root ends at the root": (
        [({"srv/a.js": b"1"}, [link("app/b.js", "../../../../srv/a.js")])],
        {"app/b.js": b"1"},
    ),
    "links in a circle lead nowhere": (
        [({}, [link("app/a.js", "b.js"), link("app/b.js", "a.js")])],
        {"app/a.js": None},
    ),
    "a file below a linked folder lands in its target": (
        [({"srv/x/a.js": b"1"}, [link("app/x", "/srv/x")]), ({"app/x/b.js": b"2"}, [])],
        {"srv/x/b.js": b"2", "app/x/b.js": b"2"},
    ),
    "a folder replaces a link": (
        [({"srv/x/a.js": b"1"}, [link("app/x", "/srv/x")]), ({}, [folder("app/x")])],
        {"app/x/a.js": None},
    ),
    "a hard link is the same file": ([({"app/a.js": b"1"}, [hard_link("app/b.js", "app/a.js")])], {"app/b.js": b"1"}),
    "a hard link stays when the other name goes": (
        [({"app/a.js": b"1"}, [hard_link("app/b.js", "app/a.js")]), ({"app/.wh.a.js": b""}, [])],
        {"app/a.js": None, "app/b.js": b"1"},
    ),
    "a hard link stays when the other name is replaced": (
        [({"app/a.js": b"1"}, [hard_link("app/b.js", "app/a.js")]), ({"app/a.js": b"2"}, [])],
        {"app/a.js": b"2", "app/b.js": b"1"},
    ),
    "a hard link to a file that does not look like code is read": (
        [({"store/v3/ab12": b"1" * 70_000}, [hard_link("app/b.js", "store/v3/ab12")])],
        {"app/b.js": b"1" * 70_000},
    ),
    "a path may begin with a slash or a dot": (
        [({"/app/a.js": b"1", "./app/b.js": b"2"}, [])],
        {"app/a.js": b"1", "app/b.js": b"2"},
    ),
    "devices are no files": (
        [({}, [Entry("app/a.js", tarfile.CHRTYPE), Entry("app/p.js", tarfile.FIFOTYPE)])],
        {"app/a.js": None, "app/p.js": None},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_layers_are_applied_as_engines_do_it(read, name):
    """OCI image layer specification, "Applying Changesets"."""
    layers, expected = CASES[name]

    tree = read(layer(APP), *(layer(files, entries) for files, entries in layers)).tree

    assert {path: tree.read(path) for path in expected} == expected


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("length", [90, 150, 240])
def test_long_paths_are_read_in_every_format(read, form, length):
    """Formats of tar differ in how they write a path of more than 100 characters."""
    path = "app/" + "/".join(["folder-of-20-letters"] * (length // 21)) + "/a.js"

    assert read(layer(APP), layer({path: b"1"}, form=FORMS[form])).tree.read(path) == b"1"


def test_a_long_link_is_followed_in_every_format(read):
    """The targets of links have long forms too."""
    path = "srv/" + "/".join(["folder-of-20-letters"] * 7) + "/a.js"
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        assert (
            read(layer(APP), layer({path: b"1"}, [link("app/l.js", f"/{path}")], form=form)).tree.read("app/l.js")
            == b"1"
        )


def test_of_dependencies_only_their_descriptions_are_held(read):
    """A package is known to be there by its package.json; its code is not the application's."""
    files = {
        "app/node_modules/a/package.json": b'{"version": "1.0.0"}',
        "app/node_modules/a/index.js": b"1",
        "app/node_modules/@s/b/package.json": b"{}",
        "app/node_modules/@s/b/dist/package.json": b"{}",
        "app/node_modules/a/node_modules/c/package.json": b"{}",
        "usr/lib/python3/x.js": b"1",
        "usr/local/lib/node_modules/npm/index.js": b"1",
    }

    tree = read(layer(APP), layer(files)).tree

    assert {path for path in files if tree.is_file(path)} == {
        "app/node_modules/a/package.json",
        "app/node_modules/@s/b/package.json",
        "app/node_modules/a/node_modules/c/package.json",
    }


@pytest.mark.parametrize(
    ("target", "place"),
    [
        ("../../packages/shared", "repo/packages/shared"),
        ("/repo/packages/shared", "repo/packages/shared"),
        ("/opt/shared", "opt/shared"),
        ("/usr/lib/shared", "usr/lib/shared"),
        ("../../../usr/share/a/shared", "usr/share/a/shared"),
    ],
)
def test_a_package_of_the_same_repository_is_read_wherever_its_link_leads(read, target, place):
    """Its routes are the application's: npm, yarn and pnpm link workspaces out of node_modules."""
    files = {f"{place}/index.js": b"shared", "repo/apps/api/index.js": b"1"}
    links = [link("repo/node_modules/@own/shared", target)]

    tree = read(layer(files, links), working_dir="/repo/apps/api", cmd=["node", "index.js"]).tree

    assert tree.read("repo/node_modules/@own/shared/index.js") == b"shared"


def test_a_copied_package_of_the_same_repository_is_read(read):
    """`file:` and `workspace:` dependencies may be copied into node_modules, as pnpm deploy does it."""
    files = {
        "app/package.json": b'{"dependencies": {"shared": "workspace:*", "other": "^1.0.0"}}',
        "app/index.js": b"1",
        "app/node_modules/.pnpm/shared@1/node_modules/shared/lib/a.js": b"shared",
        "app/node_modules/.pnpm/shared@1/node_modules/shared/package.json": b"{}",
        "app/node_modules/other/lib/a.js": b"other",
    }
    links = [link("app/node_modules/shared", ".pnpm/shared@1/node_modules/shared")]

    tree = read(layer(files, links), cmd=["node", "index.js"]).tree

    assert (tree.read("app/node_modules/shared/lib/a.js"), tree.read("app/node_modules/other/lib/a.js")) == (
        b"shared",
        None,
    )


@pytest.mark.parametrize(
    "folder_name", ["usr/src/app", "srv/app", "home/node/app", "var/www/app", "opt/x/y", "usr/local/svc/a"]
)
def test_an_application_is_found_wherever_it_lies(read, folder_name):
    """Also among the system's folders, because that is where the working folder is."""
    files = {f"{folder_name}/{name.removeprefix('app/')}": content for name, content in APP.items()}

    content = read(layer(files), working_dir=f"/{folder_name}")

    assert (content.entry, content.tree.read(f"{folder_name}/dist/index.js")) == (
        f"{folder_name}/dist/index.js",
        APP["app/dist/index.js"],
    )


def test_a_file_that_is_too_large_is_named_and_not_held(read):
    """It is there, cannot be read, and the content says so."""
    large = b" " * (33 * 1024 * 1024)

    content = read(layer(APP), layer({"app/dist/bundle.js": large, "app/data.bin": large}))

    assert (content.tree.is_file("app/dist/bundle.js"), content.tree.read("app/dist/bundle.js"), content.unread) == (
        True,
        None,
        ("app/dist/bundle.js",),
    )


def sparse_layer():
    """Return a layer with a file of 10 GiB that consists of nothing, as GNU tar --sparse writes it."""
    info = tarfile.TarInfo("app/hole.js")
    info.type, info.size = tarfile.GNUTYPE_SPARSE, 512
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    for begin, number in ((386, 10 * 1024**3 - 512), (398, 512), (483, 10 * 1024**3)):
        header[begin : begin + 12] = b"\x80" + number.to_bytes(11, "big")
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + b"x" * 512 + layer({"app/behind.js": b"1"})


def test_a_sparse_file_of_ten_gibibytes_costs_nothing(read):
    """What is stored is passed over; the file is named as not read, and what lies behind it is read."""
    content = read(layer(APP), sparse_layer())

    assert (content.unread, content.tree.read("app/behind.js")) == (("app/hole.js",), b"1")


def test_the_layer_of_the_sparse_file_is_one(tmp_path):
    """The standard library reads the layer that the test above made as a file of 10 GiB."""
    with tarfile.open(fileobj=io.BytesIO(sparse_layer())) as archive:
        assert archive.getmember("app/hole.js").size == 10 * 1024**3
