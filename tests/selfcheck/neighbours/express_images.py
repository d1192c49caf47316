"""Images of the Express agent, built on a real engine without a network: the base image is this machine's own node."""

from __future__ import annotations

import contextlib
import io
import re
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import docker

from .engine import engine_client
from .express_build import Build
from .processes import NeighbourError
from .tools import path_of

__all__ = ["BASE", "ExpressImage", "express_image", "node_base", "save_image"]

# What the agent's Dockerfile builds from.
BASE = "node:20-slim"

SOURCE_URL = "https://git.example.invalid/agentopia/dtma"
_APPLETS = ("sh", "cat", "echo", "env", "false", "hostname", "ls", "ps", "sleep", "test", "true", "uptime", "wget")
_LOADED = re.compile(r"^\s*(?:\S+ => )?(?P<path>/\S+) \(0x[0-9a-f]+\)$", re.MULTILINE)
# What a plain file of an image can be: readable, and for programs executable.
_FILE_MODE, _PROGRAM_MODE = 0o644, 0o755


@dataclass(frozen=True, slots=True)
class ExpressImage:
    """A built image.

    Attributes:
        id: the engine's id, ``sha256:…``.
        references: its tags, the moving one (``latest``) first.
        labels: its OCI labels.
    """

    id: str
    references: tuple[str, ...]
    labels: dict[str, str]


@contextlib.contextmanager
def node_base(endpoint: str) -> Iterator[str]:
    """Hold a base image in the engine: node with the libraries that it loads, and busybox. Yields its reference.

    Where there is an image of that name already, it is used as it is, and stays.
    """
    with engine_client(endpoint) as client:
        try:
            client.images.get(BASE)
            brought = False
        except docker.errors.ImageNotFound:
            client.api.import_image_from_data(
                _node_file_system(),
                repository=BASE.partition(":")[0],
                tag=BASE.partition(":")[2],
                changes=["ENV PATH=/usr/local/bin:/bin", 'CMD ["node"]'],
            )
            brought = True
        try:
            yield BASE
        finally:
            if brought:
                _forget(client, BASE)


@contextlib.contextmanager
def express_image(
    endpoint: str,
    build: Build,
    *,
    revision: str,
    repository: str = "dtma-express",
    created: str = "2026-01-01T00:00:00Z",
) -> Iterator[ExpressImage]:
    """Build the image of a compiled agent as CI does, and remove it at the end of the block.

    The base takes longest; hold it with :func:`node_base` where several are built.

    Args:
        endpoint: the engine.
        build: what is in it.
        revision: the commit that it says it was built from; also a tag.
        repository: the part of its references before the tag.
        created: when it says it was built, RFC 3339.

    Raises:
        NeighbourError: the engine cannot build it.
    """
    labels = {
        "org.opencontainers.image.title": "dtma-express",
        "org.opencontainers.image.revision": revision,
        "org.opencontainers.image.source": SOURCE_URL,
        "org.opencontainers.image.version": build.version,
        "org.opencontainers.image.created": created,
    }
    references = (f"{repository}:latest", f"{repository}:{revision}")
    with node_base(endpoint), engine_client(endpoint) as client:
        try:
            image, _ = client.images.build(
                fileobj=_context(build), custom_context=True, tag=references[0], labels=labels, rm=True, forcerm=True
            )
        except docker.errors.DockerException as error:
            raise NeighbourError(f"The image of {build.variant} cannot be built: {error}") from error
        image.tag(repository, revision)
        try:
            yield ExpressImage(image.id, references, labels)
        finally:
            for reference in references:
                _forget(client, reference)


def save_image(endpoint: str, reference: str, file: Path) -> None:
    """Write an image as ``docker save`` does."""
    with engine_client(endpoint) as client, file.open("wb") as archive:
        for chunk in client.images.get(reference).save(named=reference):
            archive.write(chunk)


def _forget(client: docker.DockerClient, reference: str) -> None:
    with contextlib.suppress(docker.errors.ImageNotFound):
        client.images.remove(reference)


def _context(build: Build) -> io.BytesIO:
    """Return what CI hands to the engine: the Dockerfile, dist, and the packages that are needed to run."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name in ("Dockerfile", "package.json", "package-lock.json", "dist"):
            archive.add(build.folder / name, name)
        # Real folders: an engine gets no link that leads out of its context.
        for name in build.production_modules:
            archive.add(build.folder / name, name)
    content.seek(0)
    return content


def _node_file_system() -> bytes:
    node = path_of("node").resolve()
    loaded = subprocess.run(["ldd", node], check=True, capture_output=True, text=True).stdout
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        _add(archive, "usr/local/bin/node", node.read_bytes(), _PROGRAM_MODE)
        for match in _LOADED.finditer(loaded):
            library = Path(match["path"])
            _add(archive, str(library).lstrip("/"), library.read_bytes(), _PROGRAM_MODE)
        _add(archive, "bin/busybox", path_of("busybox").read_bytes(), _PROGRAM_MODE)
        _add(archive, "etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n", _FILE_MODE)
        for applet in _APPLETS:
            link = tarfile.TarInfo(f"bin/{applet}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(link)
        folder = tarfile.TarInfo("tmp")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o1777
        archive.addfile(folder)
    return content.getvalue()


def _add(archive: tarfile.TarFile, name: str, content: bytes, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))
