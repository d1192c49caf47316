"""A Docker Engine's images and the files of its containers, looked at without changing anything."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dtma_contract.engine_address import read_engine_address
from dtma_contract.probes.docker_host import DockerHost, DockerHostError, sdk_errors

__all__ = ["DockerImages", "default_endpoint", "registry_credentials"]

_CHUNK = 1024 * 1024

_SOCKET = Path("/var/run/docker.sock")


class DockerImages(DockerHost):
    """The images of an engine; see :class:`DockerHost` for how to connect."""

    def image(self, reference: str) -> Mapping[str, Any] | None:
        """Return what the engine knows of an image, or None where it has none of that name.

        Raises:
            DockerHostError: the engine refuses.
        """
        return self._found("image", reference, self._client.api.inspect_image)

    def container(self, name: str) -> Mapping[str, Any] | None:
        """Return what the engine knows of a container, or None where it has none of that name.

        Raises:
            DockerHostError: the engine refuses.
        """
        return self._found("container", name, self._client.api.inspect_container)

    def saved(self, reference: str) -> Iterator[bytes]:
        """Yield the bytes of what ``docker save`` writes.

        Raises:
            DockerHostError: the engine refuses, or goes away.
        """
        try:
            yield from self._client.api.get_image(reference, chunk_size=_CHUNK)
        except sdk_errors() as problem:
            raise DockerHostError(f"The Docker Engine cannot give the image {reference}: {problem}.") from None

    def files(self, container: str, path: str) -> Iterator[bytes] | None:
        """Return the bytes of a tar archive of a container's folder or file, or None where there is none.

        Raises:
            DockerHostError: the engine refuses, or goes away.
        """
        import docker.errors  # noqa: PLC0415 - the SDK is slow to import and seldom needed

        try:
            pieces, _ = self._client.api.get_archive(container, path, chunk_size=_CHUNK)
        except docker.errors.NotFound:
            return None
        except sdk_errors() as problem:
            raise DockerHostError(f"The Docker Engine cannot read {path} in {container}: {problem}.") from None
        return self._guarded(pieces, container)

    def all_files(self, container: str) -> Iterator[bytes]:
        """Return the bytes of a tar archive of all of a container's files, but for those on mounts.

        Raises:
            DockerHostError: the engine refuses, or goes away.
        """
        try:
            pieces = self._client.api.export(container, chunk_size=_CHUNK)
        except sdk_errors() as problem:
            raise DockerHostError(f"The Docker Engine cannot read {container}: {problem}.") from None
        return self._guarded(pieces, container)

    def _guarded(self, pieces: Iterator[bytes], container: str) -> Iterator[bytes]:
        try:
            yield from pieces
        except sdk_errors() as problem:
            raise DockerHostError(f"The Docker Engine stopped while {container} was read: {problem}.") from None

    def _found(self, kind: str, name: str, inspect: Any) -> Mapping[str, Any] | None:
        import docker.errors  # noqa: PLC0415 - the SDK is slow to import and seldom needed

        try:
            found: Mapping[str, Any] = inspect(name)
        except docker.errors.NotFound:
            return None
        except sdk_errors() as problem:
            raise DockerHostError(f"The Docker Engine cannot look at the {kind} {name}: {problem}.") from None
        return found


def default_endpoint() -> str | None:
    """Return the endpoint that the docker command would use, or None where there seems to be no engine.

    Raises:
        UsageError: the variable that names one holds no address.
    """
    if named := os.environ.get("DOCKER_HOST"):
        return read_engine_address(named, "DOCKER_HOST")
    own = Path(os.environ.get("XDG_RUNTIME_DIR", "/nonexistent")) / "docker.sock"
    return next((f"unix://{place}" for place in (_SOCKET, own) if place.is_socket()), None)


def registry_credentials(host: str) -> tuple[str, str] | None:
    """Return user and password for a registry from Docker's configuration, which names credential helpers too.

    Args:
        host: of the registry, with its port where it has one.

    Raises:
        DockerHostError: a credential helper fails, or holds a kind of token that is not understood.
    """
    import docker.auth  # noqa: PLC0415 - the SDK is slow to import and seldom needed

    try:
        found = docker.auth.load_config().resolve_authconfig(host)
    except sdk_errors() as problem:
        raise DockerHostError(f"The credentials for {host} cannot be read: {problem}.") from None
    if not found:
        return None
    user, password = found.get("Username") or found.get("username"), found.get("Password") or found.get("password")
    if user and password:
        return str(user), str(password)
    if found.get("IdentityToken") or found.get("identitytoken"):
        raise DockerHostError(
            f"Docker's configuration has an identity token for {host}, which is not understood.",
            "Pull the image with Docker and name it as docker://NAME.",
        )
    return None
