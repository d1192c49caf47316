"""Images made of busybox alone, in a second and without a network: the probe image, and any other."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Sequence

import docker

from .engine import engine_client
from .processes import NeighbourError
from .tools import path_of

__all__ = ["import_image", "published_probe"]

_APPLETS = ("sh", "cat", "echo", "env", "false", "hostname", "httpd", "ls", "ps", "sleep", "true", "wget")

# The shell is process 1, to which the kernel delivers TERM only where it is trapped; httpd alone would be killed after
# the engine's grace period of 10 seconds.
_SERVE = """\
#!/bin/sh
trap 'exit 0' TERM INT
httpd -f -p 8080 -h /www &
echo "probe: listening on port 8080"
wait $!
"""


def published_probe(endpoint: str, registry: str) -> str:
    """Put the probe image into the registry, and nowhere else: the engine's copy is removed, so that a deploy pulls.

    Returns:
        The image's reference.

    Raises:
        NeighbourError: the image does not run, or the push is refused.
    """
    repository, tag = f"{registry}/dtmac-probe", "latest"
    reference = f"{repository}:{tag}"
    import_image(endpoint, reference, says="dtmac-probe")
    with engine_client(endpoint) as client:
        try:
            client.containers.run(reference, ["true"], remove=True)
            client.api.push(repository, tag)
            client.images.get_registry_data(reference)
        except docker.errors.DockerException as error:
            raise NeighbourError(f"The probe image cannot be used: {error}") from error
        finally:
            client.images.remove(reference)
    return reference


def import_image(endpoint: str, reference: str, *, says: str, command: Sequence[str] = ("/bin/serve",)) -> None:
    """Make an image of busybox alone, that serves what it ``says`` on port 8080 and ends at once when asked to.

    Args:
        endpoint: the engine.
        reference: of the image.
        says: what it serves.
        command: another program than the server, with its arguments.
    """
    with engine_client(endpoint) as client:
        client.api.import_image_from_data(
            _file_system(says),
            repository=reference.rpartition(":")[0],
            tag=reference.rpartition(":")[2],
            changes=[f"CMD {json.dumps(list(command))}", "ENV PATH=/bin", "EXPOSE 8080"],
        )


def _file_system(says: str) -> bytes:
    busybox = path_of("busybox").read_bytes()
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        _add(archive, "bin/busybox", busybox, mode=0o755)
        _add(archive, "bin/serve", _SERVE.encode(), mode=0o755)
        _add(archive, "www/index.html", f"{says}\n".encode(), mode=0o644)
        for applet in _APPLETS:
            link = tarfile.TarInfo(f"bin/{applet}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(link)
    return content.getvalue()


def _add(archive: tarfile.TarFile, name: str, content: bytes, *, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))
