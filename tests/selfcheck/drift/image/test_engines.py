"""On a real Docker Engine: its images, the files of its containers, and an image that tells its own routes."""

from __future__ import annotations

import dataclasses
import io
import json
import secrets
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from drift.image.built_images import APP, image_of, layer, link, write_saved
from neighbours.engine import engine_client, listing
from neighbours.fixtures import lacking

from dtma_contract.discovery.container_image import ImageError, read_image
from dtma_contract.probes.introspection_container import INTROSPECTION_LABEL, IntrospectionError, run_introspection

pytestmark = pytest.mark.docker


@pytest.fixture
def load(docker_endpoint, tmp_path):
    """Return a function that gives an image to the engine, which loses it afterwards."""
    loaded = []

    def loading(image):
        name = f"dtmac-image-{secrets.token_hex(4)}:latest"
        path = write_saved(tmp_path / "image.tar", dataclasses.replace(image, names=(name,)))
        with engine_client(docker_endpoint) as client, path.open("rb") as file:
            client.images.load(file)
        loaded.append(name)
        return name

    yield loading
    with engine_client(docker_endpoint) as client:
        for name in loaded:
            client.images.remove(name, force=True)


@pytest.fixture
def contain(docker_endpoint):
    """Return a function that makes a container, which is removed afterwards."""
    made = []

    def containing(image, **options):
        with engine_client(docker_endpoint) as client:
            made.append(
                client.api.create_container(image, name=f"dtmac-container-{secrets.token_hex(4)}", **options)["Id"]
            )
        return made[-1]

    yield containing
    with engine_client(docker_endpoint) as client:
        for container in made:
            client.api.remove_container(container, force=True, v=True)


def test_an_image_of_the_engine_is_read(docker_endpoint, load):
    """By its name with and without a scheme, and by its id; nothing of the engine changes."""
    name = load(image_of(layer(APP), layer({"app/dist/r.js": b"1"}), Env=["A=s3cret"]))
    before = listing(docker_endpoint)
    image_id = read_image(name, docker=docker_endpoint).provenance.origin.image_id

    for reference in (f"docker://{name}", image_id, image_id.removeprefix("sha256:")[:12]):
        content = read_image(reference, docker=docker_endpoint)
        assert (content.entry, content.tree.names("app/dist"), content.provenance.origin.kind) == (
            "app/dist/index.js",
            ("index.js", "r.js"),
            "engine",
        )
    assert listing(docker_endpoint) == before


def test_an_image_that_the_engine_does_not_have_is_told(docker_endpoint):
    """With the engine's name and what can be done."""
    with pytest.raises(ImageError, match=r"has no image 'dtmac-gone:1'.*registry://"):
        read_image("dtmac-gone:1", docker=docker_endpoint)
    with pytest.raises(ImageError, match="has no container 'dtmac-gone'"):
        read_image("container://dtmac-gone", docker=docker_endpoint)
    with pytest.raises(ImageError, match="cannot be reached"):
        read_image("docker://x", docker="unix:///nonexistent/engine.sock")


def put(endpoint, container, folder, **files):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name.replace("__", "."))
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text))
    with engine_client(endpoint) as client:
        client.api.put_archive(container, folder, content.getvalue())


@pytest.mark.parametrize("working_dir", ["/app", "/", "/link"])
def test_what_was_changed_in_a_container_is_seen(docker_endpoint, load, contain, working_dir):
    """A hot patch is in the container and not in its image; the working folder may be a link or the root."""
    words = ["node", "app/dist/index.js" if working_dir == "/" else "dist/index.js"]
    name = load(image_of(layer(APP, [link("link", "app")]), cmd=words, working_dir=working_dir))
    container = contain(name)
    put(docker_endpoint, container, "/app/dist", index__js=b"patched", new__js=b"new")

    content = read_image(f"container://{container[:12]}", docker=docker_endpoint)

    assert (
        content.tree.read("app/dist/index.js"),
        content.tree.read("app/dist/new.js"),
        content.provenance.package.name,
    ) == (
        b"patched",
        b"new",
        "agent",
    )
    assert content.tree.read(content.entry) == b"patched"
    assert read_image(name, docker=docker_endpoint).tree.read("app/dist/index.js") == APP["app/dist/index.js"]


def test_the_command_of_the_container_counts(docker_endpoint, load, contain):
    """`docker run IMAGE node other.js` starts another file than the image; its variables are named, never shown."""
    name = load(image_of(layer({**APP, "app/other.js": b"1"})))
    container = contain(name, command=["node", "other.js"], environment={"TOKEN": "s3cret-value"})

    content = read_image(f"container://{container}", docker=docker_endpoint)

    assert (content.entry, "TOKEN" in content.config.environment) == ("app/other.js", True)
    assert "s3cret" not in repr((content.config, content.provenance))


def test_files_of_a_volume_are_seen(docker_endpoint, load, contain):
    """What is mounted over the application is what runs."""
    name = load(image_of(layer(APP)))
    container = contain(name, volumes=["/app/dist"])
    put(docker_endpoint, container, "/app/dist", index__js=b"mounted")

    assert read_image(f"container://{container}", docker=docker_endpoint).tree.read("app/dist/index.js") == b"mounted"


@pytest.fixture(scope="module")
def node_files():
    """Return this machine's node with all that it loads, as files of a layer."""
    node = shutil.which("node")
    if node is None:
        lacking("node is not installed.")
    real = Path(node).resolve()
    files = {"usr/local/bin/node": real.read_bytes()}
    for line in subprocess.run(["ldd", real], check=True, capture_output=True, text=True).stdout.splitlines():
        for word in line.split():
            if word.startswith("/"):
                files[word.strip("/")] = Path(word).resolve().read_bytes()
    return files


def node_layer(files):
    """Return a layer whose programs can be executed."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o755
            archive.addfile(entry, io.BytesIO(data))
    return content.getvalue()


HOOK = """
const fs = require("fs"), os = require("os"), net = require("net");
const tried = (act) => { try { act(); return "yes"; } catch (e) { return e.code || String(e); } };
const facts = {
  method: "GET", path: "/facts",
  root: tried(() => fs.writeFileSync("/x", "")), app: tried(() => fs.writeFileSync("/app/x", "")),
  tmp: tried(() => fs.writeFileSync("/tmp/x", "")),
  interfaces: Object.keys(os.networkInterfaces()).filter((name) => name !== "lo"),
  socket: fs.existsSync("/var/run/docker.sock"),
  status: fs.readFileSync("/proc/self/status", "utf8")
    .match(/^(CapEff|CapBnd|NoNewPrivs):.*$/gm).map((line) => line.split("\\t")),
};
setTimeout(() => console.log("DTMA-CONTRACT-ROUTES " + JSON.stringify([facts])), 10);
"""


def left_behind(endpoint):
    """Return containers of an introspection, and volumes that nobody uses."""
    with engine_client(endpoint) as client:
        found = client.api.containers(all=True, filters={"label": INTROSPECTION_LABEL})
        return [*found, *(client.api.volumes(filters={"dangling": True})["Volumes"] or [])]


@pytest.mark.slow
def test_an_image_tells_its_routes_and_is_shut_in(docker_endpoint, load, node_files):
    """No network, nothing to write but /tmp, no capability, no way to gain one; nothing stays."""
    files = {**node_files, "app/index.js": b"setInterval(() => {}, 1000);"}
    name = load(image_of(node_layer(files), cmd=["/usr/local/bin/node", "index.js"]))

    (facts,) = run_introspection(docker_endpoint, name, HOOK, 20)

    assert (facts["root"], facts["app"], facts["tmp"], facts["interfaces"], facts["socket"]) == (
        "EROFS",
        "EROFS",
        "yes",
        [],
        False,
    )
    assert dict(facts["status"]) == {"CapEff:": "0" * 16, "CapBnd:": "0" * 16, "NoNewPrivs:": "1"}
    assert left_behind(docker_endpoint) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "hook", "said"),
    [
        (b"console.error('no', process.env.TOKEN, 'here'); process.exit(3);", "", "exit code 3 .*no … here"),
        (b"setInterval(() => console.log('busy'), 50);", "", r"no routes within 1 seconds.*busy"),
        (b"1", "console.log('DTMA-CONTRACT-ROUTES {')", "malformed"),
        (b"console.log('DTMA-CONTRACT-ROUTES ' + '['.repeat(99999))", "", "malformed"),
    ],
)
def test_why_an_image_told_no_routes_is_said(docker_endpoint, load, node_files, code, hook, said):
    """It ended, it was silent, or what it said is no list; the container is gone in each case."""
    name = load(
        image_of(
            node_layer({**node_files, "app/index.js": code}),
            cmd=["/usr/local/bin/node", "index.js"],
            Env=["TOKEN=s3cret-value"],
        )
    )

    with pytest.raises(IntrospectionError, match=said):
        run_introspection(docker_endpoint, name, hook, 1 if "busy" in said else 20)
    assert left_behind(docker_endpoint) == []


def test_an_image_that_cannot_be_run_leaves_nothing(docker_endpoint, load):
    """There is no node, or no such image."""
    name = load(image_of(layer(APP)))

    with pytest.raises(Exception, match=r"cannot run|no routes|ended"):
        run_introspection(docker_endpoint, name, HOOK, 5)
    with pytest.raises(IntrospectionError, match="has no image"):
        run_introspection(docker_endpoint, "dtmac-gone:1", HOOK, 5)
    assert left_behind(docker_endpoint) == []


def test_the_facts_of_the_image_are_json(docker_endpoint, load):
    """The provenance goes into a report as it is."""
    name = load(image_of(layer(APP)))

    assert json.dumps(read_image(name, docker=docker_endpoint).provenance.to_json())
