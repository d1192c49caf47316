"""Images built from nothing by the tests: layers, archives of both kinds, layouts, and what is wrong with them."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zstandard

__all__ = [
    "APP",
    "BuiltImage",
    "Entry",
    "folder",
    "hard_link",
    "image_of",
    "layer",
    "link",
    "packed",
    "raw_header",
    "tar_of",
    "write_layout",
    "write_oci",
    "write_saved",
]

# A service of three files, as most tests need one.
APP: Mapping[str, bytes] = {
    "app/package.json": b'{"name": "agent", "version": "1.2.3", "dependencies": {"express": "^4.19.0"}}',
    "app/dist/index.js": b'const express = require("express");\n',
    "app/node_modules/express/package.json": b'{"name": "express", "version": "4.19.2"}',
}


@dataclass(frozen=True)
class Entry:
    """One entry of a layer that is more than a file."""

    name: str
    type: bytes = tarfile.REGTYPE
    target: str = ""
    content: bytes = b""


def link(name: str, target: str) -> Entry:
    return Entry(name, tarfile.SYMTYPE, target)


def hard_link(name: str, target: str) -> Entry:
    return Entry(name, tarfile.LNKTYPE, target)


def folder(name: str) -> Entry:
    return Entry(name, tarfile.DIRTYPE)


def layer(files: Mapping[str, bytes], entries: Iterable[Entry] = (), *, form: int = tarfile.PAX_FORMAT) -> bytes:
    """Return a layer: the files, then the other entries."""
    return tar_of([*(Entry(name, content=content) for name, content in files.items()), *entries], form=form)


def tar_of(entries: Iterable[Entry], *, form: int = tarfile.PAX_FORMAT) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=form) as archive:
        for entry in entries:
            info = tarfile.TarInfo(entry.name)
            info.type, info.linkname, info.size = entry.type, entry.target, len(entry.content)
            archive.addfile(info, io.BytesIO(entry.content))
    return content.getvalue()


def raw_header(name: str, size: int, kind: bytes = b"0") -> bytes:
    """Return the 512 bytes of a header that says whatever it likes of its size."""
    length = b"%011o\0" % size if size < 8**11 else b"\x80" + size.to_bytes(11, "big")
    block = bytearray(512)
    block[0 : len(name)] = name.encode()
    block[100:108], block[124:136] = b"0000644\0", length
    block[148:156], block[156:157], block[257:265] = b" " * 8, kind, b"ustar\x0000"
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def packed(content: bytes, how: str) -> bytes:
    if how == "gzip":
        return gzip.compress(content, 1)
    return zstandard.compress(content) if how == "zstd" else content


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass
class BuiltImage:
    """An image as its blobs."""

    layers: list[bytes]
    config: bytes
    manifest: bytes
    blobs: dict[str, bytes]
    unpacked: list[bytes]
    names: tuple[str, ...] = field(default=())

    @property
    def digest(self) -> str:
        """Of the manifest."""
        return digest(self.manifest)


def image_of(
    *layers: bytes,
    how: str = "plain",
    cmd: Iterable[str] = ("node", "dist/index.js"),
    working_dir: str = "/app",
    platform: tuple[str, str] = ("linux", "amd64"),
    created: str = "2026-01-02T03:04:05Z",
    **config: Any,
) -> BuiltImage:
    """Return the image of some unpacked layers, the lowest first."""
    blobs = [packed(each, how) for each in layers]
    document = json.dumps(
        {
            "os": platform[0],
            "architecture": platform[1],
            "created": created,
            "config": {"Cmd": list(cmd), "WorkingDir": working_dir, **config},
            "rootfs": {"type": "layers", "diff_ids": [digest(each) for each in layers]},
            "history": [{"created_by": f"ENV {word}"} for word in config.get("Env", ())],
        }
    ).encode()
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": descriptor(document, "application/vnd.oci.image.config.v1+json"),
            "layers": [descriptor(each, "application/vnd.oci.image.layer.v1.tar") for each in blobs],
        }
    ).encode()
    found = {digest(each): each for each in (*blobs, document, manifest)}
    return BuiltImage(blobs, document, manifest, found, list(layers))


def descriptor(content: bytes, media_type: str, **more: Any) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest(content), "size": len(content), **more}


def index_of(*images: BuiltImage, more: Iterable[dict[str, Any]] = (), platforms: bool = True) -> bytes:
    """Return an index of images."""
    listed = []
    for image in images:
        config = json.loads(image.config)
        platform = {"os": config["os"], "architecture": config["architecture"]}
        listed.append(
            descriptor(
                image.manifest,
                "application/vnd.oci.image.manifest.v1+json",
                **({"platform": platform} if platforms else {}),
                annotations={"org.opencontainers.image.ref.name": image.names[0]} if image.names else {},
            )
        )
    return json.dumps({"schemaVersion": 2, "manifests": [*listed, *more]}).encode()


def oci_entries(index: bytes, blobs: Mapping[str, bytes]) -> dict[str, bytes]:
    return {
        # As Docker does it: the blobs come first, and what says how to read them last.
        **{f"blobs/{name.replace(':', '/')}": content for name, content in sorted(blobs.items())},
        "index.json": index,
        "oci-layout": b'{"imageLayoutVersion": "1.0.0"}',
    }


def write_oci(path: Path, *images: BuiltImage, index: bytes | None = None, how: str = "plain", **more: bytes) -> Path:
    """Write an OCI archive."""
    blobs = {name: content for image in images for name, content in image.blobs.items()} | more
    path.write_bytes(packed(layer(oci_entries(index or index_of(*images), blobs)), how))
    return path


def write_layout(path: Path, *images: BuiltImage, index: bytes | None = None, **more: bytes) -> Path:
    """Write a folder of the OCI image layout."""
    blobs = {name: content for image in images for name, content in image.blobs.items()} | more
    for name, content in oci_entries(index or index_of(*images), blobs).items():
        place = path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return path


def write_saved(path: Path, *images: BuiltImage, how: str = "plain") -> Path:
    """Write what ``docker save`` of older engines writes: unpacked layers in folders, a layer twice as a link."""
    entries: list[Entry] = []
    listed = []
    known: dict[str, str] = {}
    for image in images:
        names = []
        for number, content in enumerate(image.unpacked):
            identity = hashlib.sha256(image.digest.encode() + bytes([number])).hexdigest()
            name = f"{identity}/layer.tar"
            if digest(content) in known:
                entries.append(link(name, f"../{known[digest(content)]}"))
            else:
                known[digest(content)] = name
                entries.append(Entry(name, content=content))
            names.append(name)
        config = f"{digest(image.config).removeprefix('sha256:')}.json"
        entries.append(Entry(config, content=image.config))
        listed.append({"Config": config, "RepoTags": list(image.names), "Layers": names})
    entries.append(Entry("manifest.json", content=json.dumps(listed).encode()))
    path.write_bytes(packed(tar_of(entries), how))
    return path
