"""Images in a registry, through the distribution API; the library oras speaks it, and gets its tokens.

Credentials are those of the Docker command. Loopback registries are spoken to in plain HTTP, as engines do.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import oras.provider  # type: ignore[import-untyped]  # the library has no types
import requests
import urllib3

from dtma_contract.discovery.container_image.archives import verified_document
from dtma_contract.discovery.container_image.manifests import Descriptor
from dtma_contract.discovery.container_image.problems import ImageError, Limits, size_text
from dtma_contract.discovery.container_image.references import RegistryReference, is_loopback
from dtma_contract.discovery.container_image.tar_stream import ByteSource

__all__ = ["RegistryBlobs"]

# Connecting, and between two pieces of an answer.
_TIMEOUT_SECONDS = (10, 60)

_ACCEPTED = (
    "application/vnd.oci.image.index.v1+json, "
    "application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.docker.distribution.manifest.v2+json"
)

# Docker's own registry has another name than its images.
_HOSTS = {"docker.io": "registry-1.docker.io", "index.docker.io": "registry-1.docker.io"}


class _Session(requests.Session):
    """A session that waits for nobody for ever."""

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs.setdefault("timeout", _TIMEOUT_SECONDS)
        return super().request(*args, **kwargs)


# The library tries a registry that is not there for two minutes; once is enough, and the user is told.
_request_once = cast("Callable[..., requests.Response]", oras.provider.Registry.do_request.__wrapped__)


class RegistryBlobs:
    """One repository of a registry.

    Args:
        reference: of an image in it.
        credentials: user and password, or None; asked for only where the registry wants some.
        limits: the bounds.

    Raises:
        ImageError: the registry cannot be reached, or refuses.
    """

    def __init__(
        self, reference: RegistryReference, credentials: Callable[[str], tuple[str, str] | None], limits: Limits
    ) -> None:
        self._reference = reference
        self._limits = limits
        self._host = _HOSTS.get(reference.host, reference.host)
        self._client = self._connected(credentials)

    @property
    def url(self) -> str:
        """Where the registry is."""
        return f"{self._client.prefix}://{self._host}"

    def manifest(self) -> tuple[bytes, str]:
        """Return the manifest or index that the reference names, and its digest.

        Raises:
            ImageError: it is not there, or damaged.
        """
        version = self._reference.version
        with self._get(f"manifests/{version}", f"The image {version}") as response:
            source = _Body(response, self._host)
            announced = response.headers.get("Docker-Content-Digest", "")
            digest = self._reference.digest or (announced if announced.startswith("sha256:") else "")
            if digest:
                return verified_document(source, Descriptor(digest), self._limits), digest
            content = b""
            while piece := source.read(self._limits.document_bytes):
                content += piece
                if len(content) > self._limits.document_bytes:
                    raise ImageError(f"The manifest is larger than {size_text(self._limits.document_bytes)}.")
            return content, f"sha256:{hashlib.sha256(content).hexdigest()}"

    def document(self, descriptor: Descriptor) -> bytes:
        """Return a small blob, a manifest of an index too, verified; see :class:`Blobs`."""
        with self._get(
            f"blobs/{descriptor.digest}", f"The blob {descriptor}", f"manifests/{descriptor.digest}"
        ) as body:
            return verified_document(_Body(body, self._host), descriptor, self._limits)

    @contextlib.contextmanager
    def layer(self, descriptor: Descriptor) -> Iterator[ByteSource]:
        """Open a blob; see :class:`Blobs`."""
        with self._get(f"blobs/{descriptor.digest}", f"The blob {descriptor}") as response:
            yield _Body(response, self._host)

    def order(self, layers: Sequence[Descriptor]) -> list[int]:
        """Return the highest first: what it replaces need not be held."""
        return list(reversed(range(len(layers))))

    def close(self) -> None:
        """Close the connections."""
        self._client.session.close()

    def _connected(self, credentials: Callable[[str], tuple[str, str] | None]) -> Any:
        session = _Session()
        loopback = is_loopback(self._host)
        # A proxy of the environment is not meant for this machine.
        session.trust_env = not loopback
        for prefix in ("http", "https") if loopback else ("https",):
            try:
                answer = session.get(f"{prefix}://{self._host}/v2/", timeout=_TIMEOUT_SECONDS[0])
            except requests.RequestException as problem:
                session.close()
                raise _unreachable(self._host, problem) from None
            # What speaks TLS answers plain HTTP with 400.
            if answer.status_code != requests.codes.bad_request:
                break
        challenge = answer.headers.get("WWW-Authenticate", "").strip()
        basic = challenge.lower().startswith("basic")
        client = oras.provider.Registry(
            hostname=self._host, insecure=prefix == "http", auth_backend="basic" if basic else "token"
        )
        client.session.close()
        client.session = client.auth.session = session
        known = credentials(self._reference.host) if challenge else None
        if known:
            client.auth.set_basic_auth(*known)
        elif basic:
            session.close()
            raise ImageError(f"The registry {self._host} asks for credentials.", f"`docker login {self._host}`")
        return client

    @contextlib.contextmanager
    def _get(self, path: str, what: str, instead: str = "") -> Iterator[requests.Response]:
        url = f"{self.url}/v2/{self._reference.repository}/{path}"
        try:
            response = _request_once(self._client, url, "GET", headers={"Accept": _ACCEPTED}, stream=True)
        except requests.RequestException as problem:
            raise _unreachable(self._host, problem) from None
        except ValueError:
            raise _refused(self._host, self._reference.repository) from None
        with response:
            status = response.status_code
            if status == requests.codes.not_found and instead:
                with self._get(instead, what) as other:
                    yield other
                return
            if status in {requests.codes.unauthorized, requests.codes.forbidden}:
                raise _refused(self._host, self._reference.repository)
            if status == requests.codes.not_found:
                raise ImageError(f"{what} is not in {self._host}/{self._reference.repository}.")
            if status == requests.codes.too_many_requests:
                raise ImageError(f"The registry {self._host} allows no more requests at the moment.", "`docker login`")
            if status != requests.codes.ok:
                raise ImageError(f"The registry {self._host} answers {status} to a read of {path[:90]}.")
            yield response


class _Body:
    """The body of an answer as it came."""

    def __init__(self, response: requests.Response, host: str) -> None:
        self._raw = response.raw
        self._host = host

    def read(self, size: int, /) -> bytes:
        try:
            return cast("bytes", self._raw.read(size, decode_content=False))
        except (urllib3.exceptions.HTTPError, OSError) as problem:
            raise _unreachable(self._host, problem) from None


def _refused(host: str, repository: str) -> ImageError:
    return ImageError(
        f"The registry {host} does not let you read {repository}, or does not have it.", f"`docker login {host}`"
    )


def _unreachable(host: str, problem: Exception) -> ImageError:
    if isinstance(problem, requests.exceptions.SSLError):
        return ImageError(f"The registry {host} has no certificate that is trusted.", "REQUESTS_CA_BUNDLE names one.")
    kind = "does not answer in time" if isinstance(problem, requests.Timeout) else "cannot be reached, or breaks off"
    return ImageError(f"The registry {host} {kind}.")
