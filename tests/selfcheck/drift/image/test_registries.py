"""Images are read from a registry through its API, with what the registry asks for."""

from __future__ import annotations

import base64
import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from drift.image.built_images import APP, digest, image_of, index_of, layer
from neighbours.fixtures import lacking
from neighbours.processes import free_port
from neighbours.registry import running_registry
from neighbours.tools import MissingToolError

from dtma_contract.discovery.container_image import ImageError, read_image

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


@pytest.fixture(scope="module")
def registry():
    """Return a real registry."""
    with contextlib.ExitStack() as stack:
        try:
            place = stack.enter_context(running_registry())
        except MissingToolError as problem:
            lacking(str(problem))
        yield place


@pytest.fixture(autouse=True)
def no_engine(monkeypatch, tmp_path):
    """No engine and no credentials of this machine take part."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))


def push(registry, name, *images, index=None, tag="latest"):
    """Put images into a registry, by the API that every client uses."""
    base = f"http://{registry}/v2/{name}"
    with requests.Session() as session:
        session.trust_env = False
        for image in images:
            for content in (*image.layers, image.config):
                place = session.post(f"{base}/blobs/uploads/").headers["Location"]
                session.put(place, params={"digest": digest(content)}, data=content).raise_for_status()
            put = [(image.digest, MANIFEST, image.manifest), *([] if index else [(tag, MANIFEST, image.manifest)])]
            for version, kind, content in put:
                session.put(
                    f"{base}/manifests/{version}", data=content, headers={"Content-Type": kind}
                ).raise_for_status()
        if index:
            session.put(f"{base}/manifests/{tag}", data=index, headers={"Content-Type": INDEX}).raise_for_status()


@pytest.mark.parametrize("how", ["gzip", "zstd"])
def test_an_image_is_read_from_a_registry(registry, how):
    """By its tag and by its digest, over plain HTTP because it is a loopback registry."""
    image = image_of(layer(APP), layer({"app/dist/r.js": b"1"}), how=how)
    push(registry, f"team/{how}", image)

    for reference in (f"registry://{registry}/team/{how}", f"{registry}/team/{how}@{image.digest}"):
        content = read_image(reference)
        assert (
            content.entry,
            content.tree.names("app/dist"),
            (content.provenance.origin.digest, content.provenance.origin.place),
        ) == (
            "app/dist/index.js",
            ("index.js", "r.js"),
            (image.digest, f"http://{registry}"),
        )


def test_the_platform_is_chosen_in_a_registry(registry):
    """Only the chosen image's blobs are fetched."""
    amd, arm = (image_of(layer({**APP, "app/n.js": a}), platform=("linux", a.decode())) for a in (b"amd64", b"arm64"))
    push(registry, "multi", amd, arm, index=index_of(amd, arm))

    assert read_image(f"registry://{registry}/multi").tree.read("app/n.js") == b"amd64"
    assert read_image(f"registry://{registry}/multi", platform="linux/arm64").tree.read("app/n.js") == b"arm64"


def test_what_a_registry_does_not_have_is_told(registry):
    """With all that was tried, where the reference did not say where to look."""
    with pytest.raises(ImageError, match=r"The image gone is not in"):
        read_image(f"registry://{registry}/team/nothing:gone")
    with pytest.raises(ImageError, match=r"no such file, The Docker Engine at .* cannot be reached.*from the registry"):
        read_image(f"{registry}/team/nothing:gone")


def test_a_registry_that_is_not_there_is_told_at_once():
    """The library would try for two minutes."""
    with pytest.raises(ImageError, match="cannot be reached"):
        read_image(f"registry://127.0.0.1:{free_port()}/x")


class Guarded(BaseHTTPRequestHandler):
    """A registry behind a token service or behind a password; what it serves is one image."""

    protocol_version = "HTTP/1.1"
    image = image_of(layer(APP))
    scheme = "Bearer"
    damage = ""
    seen: list[str]

    def log_message(self, *words):
        """Say nothing."""

    def answer(self, status, body=b"", **headers):
        """Answer with a length."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        """Answer as the distribution API and its token service do."""
        said = self.headers.get("Authorization", "")
        basic = "Basic " + base64.b64encode(b"user:pass-word").decode()
        host = self.headers["Host"]
        if self.path.startswith("/token"):
            type(self).seen.append(said)
            ok = said == basic
            return self.answer(200, json.dumps({"token": "tok-1" if ok else "anonymous"}).encode())
        if said != (basic if self.scheme == "Basic" else "Bearer tok-1"):
            challenge = f'{self.scheme} realm="http://{host}/token",service="s",scope="repository:x:pull"'
            return self.answer(401, WWW_Authenticate=challenge)
        if self.path.endswith("/v2/"):
            return self.answer(200)
        name = self.path.rpartition("/")[2]
        blobs = {**self.image.blobs, "latest": self.image.manifest}
        body = blobs.get(name)
        if body is None:
            return self.answer(404)
        if self.damage and name == digest(self.image.layers[0]):
            body = body[:-1] if self.damage == "short" else b"x" + body[1:]
        return self.answer(200, body)


@pytest.fixture(params=["Bearer", "Basic"])
def guarded(request):
    """Return a registry that asks for credentials, of both kinds."""
    handler = type("Handler", (Guarded,), {"scheme": request.param, "seen": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"127.0.0.1:{server.server_port}", handler
    server.shutdown()
    thread.join()
    server.server_close()


def configure(folder, host, *, how):
    """Write a Docker configuration with credentials for a host, in the file or behind a helper."""
    if how == "file":
        auth = base64.b64encode(b"user:pass-word").decode()
        (folder / "config.json").write_text(json.dumps({"auths": {host: {"auth": auth}}}))
        return
    (folder / "config.json").write_text(json.dumps({"credHelpers": {host: "dtmactest"}}))
    helper = folder / "docker-credential-dtmactest"
    helper.write_text('#!/bin/sh\ncat >/dev/null\necho \'{"Username": "user", "Secret": "pass-word"}\'\n')
    helper.chmod(0o755)


@pytest.mark.parametrize("how", ["file", "helper"])
def test_credentials_come_from_dockers_configuration(guarded, tmp_path, monkeypatch, how):
    """From the file itself or from a credential helper; for a token service or for the registry."""
    host, _ = guarded
    configure(tmp_path, host, how=how)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    assert read_image(f"registry://{host}/x").entry == "app/dist/index.js"


def test_without_credentials_the_refusal_is_told(guarded, capfd):
    """With the command that helps; nothing else is printed."""
    with pytest.raises(ImageError, match=r"docker login 127.0.0.1"):
        read_image(f"registry://{guarded[0]}/x")

    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("damage", ["short", "other"])
def test_what_a_registry_damages_is_noticed(guarded, tmp_path, damage):
    """A layer is summed up while it is read."""
    host, handler = guarded
    configure(tmp_path, host, how="file")
    handler.damage = damage

    with pytest.raises(ImageError, match=r"truncated|damaged"):
        read_image(f"registry://{host}/x")
