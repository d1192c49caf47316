"""What incidents share, started when the first one asks for it: agents, checkouts, images, containers, an authority."""

from __future__ import annotations

import contextlib
import functools
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar

from drift.express_variants import archive_of
from neighbours.certificates import Authority, authority
from neighbours.engine import engine_client
from neighbours.express import ExpressAgent, running_express
from neighbours.express_build import CLEAN, Build, express_build
from neighbours.express_container import ExpressContainer, express_container
from neighbours.express_stock import Checkouts, Images, checkouts, images
from neighbours.images import import_image
from neighbours.quiet_engine import quiet_engine
from neighbours.reference import Reference, running_reference
from neighbours.sshd import SshHost, running_sshd

__all__ = ["Stage", "stage"]

T = TypeVar("T")


class Stage:
    """Shared parts of scenes. Nobody may change what it lends; all of it ends with it.

    Args:
        held: what it starts is entered there.
        folder: an empty one, for files.
        endpoint: a real Docker Engine, or empty where there is none.
        sources: checkouts that others have made too.
        image_stock: gives images that others have built too.

    Attributes:
        folder: as given.
    """

    def __init__(
        self,
        held: contextlib.ExitStack,
        folder: Path,
        *,
        endpoint: str = "",
        sources: Checkouts | None = None,
        image_stock: Callable[[], Images] | None = None,
    ) -> None:
        self._held = held
        self.folder = folder
        self._shared: dict[Any, Any] = {}
        self._endpoint = endpoint
        self._sources = sources or checkouts(folder / "sources")
        self._image_stock = image_stock

    @property
    def endpoint(self) -> str:
        """The real Engine."""
        assert self._endpoint, "an incident that needs an Engine says so"
        return self._endpoint

    def shared(self, key: object, make: Callable[[], AbstractContextManager[T]]) -> T:
        """Return what ``make`` lends, entered once for a key."""
        if key not in self._shared:
            self._shared[key] = self._held.enter_context(make())
        return self._shared[key]

    def reference(self, *args: str) -> Reference:
        """The reference agent with these options."""
        return self.shared(("reference", args), lambda: running_reference(*args))

    def express(self, variant: str = CLEAN) -> ExpressAgent:
        """The Express agent, or a variant that comes up, on a host without containers."""
        return self.shared(("express", variant), lambda: running_express(express_build(variant), endpoint=self.quiet))

    @property
    def quiet(self) -> str:
        """The Engine of a host without containers, as far as an agent asks."""
        return self.shared("quiet", quiet_engine)

    def source(self, variant: str = CLEAN) -> tuple[Path, str]:
        """The checkout of a variant, and the commit that its image is built from."""
        return self._sources(variant)

    def archive(self, build: Build, revision: str) -> str:
        """The image of a build as an archive."""
        place = self.folder / f"{build.variant}-{revision[:12]}.tar"
        return str(place if place.exists() else archive_of(build, place, revision, f"dtma-{build.variant}:latest"))

    def image(self, variant: str = CLEAN) -> str:
        """The reference of a variant's image in the Engine."""
        return self._images(variant).references[0]

    @property
    def _images(self) -> Images:
        if self._image_stock is not None:
            return self._image_stock()
        return self.shared("images", lambda: images(self.endpoint, self._sources))

    def container(self, variant: str = CLEAN) -> ExpressContainer:
        """A variant of the Express agent, deployed in the Engine as it should be; it has to become healthy."""
        return self.shared(("container", variant), lambda: express_container(self.endpoint, self.image(variant)))

    @property
    def busybox(self) -> str:
        """The reference of an image of busybox alone in the Engine, which serves on port 8080."""
        return self.shared("busybox", lambda: _busybox(self.endpoint))

    @property
    def authority(self) -> Authority:
        """Who signs certificates."""
        return self.shared("authority", authority)

    @property
    def ssh(self) -> SshHost:
        """This machine, by ssh."""
        folder = self.folder / "sshd"
        folder.mkdir(exist_ok=True)
        return self.shared("ssh", lambda: running_sshd(folder))


@contextlib.contextmanager
def stage(folder: Path, **parts: Any) -> Iterator[Stage]:
    """Lend a stage until the block ends; ``parts`` are those of :class:`Stage`."""
    with contextlib.ExitStack() as held:
        yield Stage(held, folder, **parts)


@contextlib.contextmanager
def _busybox(endpoint: str) -> Iterator[str]:
    reference = f"dtma-incidents-{secrets.token_hex(4)}:latest"
    import_image(endpoint, reference, says=reference)
    try:
        yield reference
    finally:
        with engine_client(endpoint) as client:
            client.images.remove(reference, force=True)


@functools.cache
def forgetting() -> tuple[str, ...]:
    """Return the options by which the reference agent keeps its instances in memory only."""
    said = subprocess.run(
        [sys.executable, "-m", "dtma_reference", "serve", "--help"], check=True, capture_output=True, text=True
    ).stdout
    return ("--registry", "memory") if "--registry" in said else ()
