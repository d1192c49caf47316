"""The files of a container as they are now, so that what was changed inside it by hand is seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dtma_contract.discovery.container_image.configuration import ImageConfig
from dtma_contract.discovery.container_image.content import ImageContent
from dtma_contract.discovery.container_image.file_systems import read_file_system
from dtma_contract.discovery.container_image.image_provenance import ImageOrigin
from dtma_contract.discovery.container_image.kept_files import KeptFiles
from dtma_contract.discovery.container_image.layers import Budget, Change, read_layer
from dtma_contract.discovery.container_image.problems import ImageError, Limits
from dtma_contract.discovery.container_image.provenance_facts import content_of
from dtma_contract.discovery.container_image.root_tree import RootTree
from dtma_contract.discovery.container_image.tar_stream import EntryKind
from dtma_contract.probes.docker_images import DockerImages

__all__ = ["read_container", "repository_digest"]

# Links that lead from one link to the next: an application's folder is reached by one at most.
_MAX_LINKS = 4


def read_container(engine: DockerImages, name: str, *, reference: str, endpoint: str, limits: Limits) -> ImageContent:
    """Read the application in a container, running or not.

    Args:
        engine: that has it.
        name: of the container, or its id.
        reference: as the user gave it.
        endpoint: of the engine.
        limits: the bounds.

    Raises:
        ImageError: there is no such container, or its files go beyond a bound.
        DockerHostError: the engine refuses.
    """
    facts = engine.container(name)
    if facts is None:
        raise ImageError(f"The Docker Engine at {endpoint} has no container {name!r}.", "`docker ps -a` lists them.")
    image = engine.image(str(facts["Image"])) or {}
    # A container may have a command of its own; when and for what it was built stands in the image.
    config = ImageConfig.from_json({**facts, **image, "Config": facts["Config"]})
    origin = ImageOrigin(
        "container",
        reference,
        endpoint,
        digest=repository_digest(image),
        image_id=str(facts["Image"]),
        container=f"{str(facts['Name']).removeprefix('/')} {facts['Id']}",
    )
    mounts = [str(mount.get("Destination") or "").strip("/") for mount in facts.get("Mounts") or []]
    system = read_file_system(lambda kept: _Files(engine, str(facts["Id"]), config, mounts, limits).read(kept), config)
    return content_of(system, config, origin)


def repository_digest(image: Mapping[str, Any]) -> str:
    """Return the digest that an image has in the registry it was pulled from or pushed to; empty where in none.

    Args:
        image: what the engine says of it.
    """
    return next((str(each).partition("@")[2] for each in image.get("RepoDigests") or []), "")


class _Files:
    def __init__(
        self, engine: DockerImages, container: str, config: ImageConfig, mounts: list[str], limits: Limits
    ) -> None:
        self._engine = engine
        self._container = container
        self._config = config
        self._mounts = mounts
        self._budget = Budget(limits)

    def read(self, kept: KeptFiles) -> tuple[RootTree, tuple[str, ...]]:
        """Return the folders of the application, or all files where no folder is known to be one."""
        layers: list[list[Change]] = []
        unread: list[str] = []
        if kept.roots:
            places = [*sorted(kept.roots)]
        else:
            self._add(self._engine.all_files(self._container), "", kept, layers, unread)
            # An export has nothing of what is mounted.
            places = [place for place in self._mounts if place and kept.names(f"{place}/x.js")]
        for place in [*places, *self._single_files(kept)]:
            self._fetch(place, kept, layers, unread)
        tree = RootTree(layers)
        return tree, tuple(sorted(path for path in unread if tree.is_file(path)))

    def _fetch(self, place: str, kept: KeptFiles, layers: list[list[Change]], unread: list[str]) -> None:
        for _ in range(_MAX_LINKS):
            pieces = self._engine.files(self._container, f"/{place}")
            if pieces is None:
                return
            changes = self._add(pieces, place.rpartition("/")[0], kept, layers, unread)
            link = next((change for change in changes if change.path == place), None)
            if link is None or link.kind is not EntryKind.SYMLINK:
                return
            place = RootTree([[link]]).target_of(place)

    def _add(
        self, pieces: Iterator[bytes], folder: str, kept: KeptFiles, layers: list[list[Change]], unread: list[str]
    ) -> list[Change]:
        source = _Pieces(pieces)
        name = f"The container {self._container[:12]}"
        changes, large = read_layer(source, name, kept=kept, budget=self._budget, hidden=lambda _: False, folder=folder)
        layers.append(changes)
        unread += large
        return changes

    def _single_files(self, kept: KeptFiles) -> list[str]:
        """Return start scripts that lie outside of the application's folder."""
        words = [word for word in self._config.command if word and not word.startswith("-") and " " not in word]
        absolute = [word.strip("/") for word in words if word.startswith("/")]
        commands = [f"usr/local/bin/{word}" for word in words if "/" not in word and word.endswith(".sh")]
        inside = tuple(f"{root}/" for root in kept.roots)
        return [path for path in [*absolute, *commands, *sorted(kept.files)] if not path.startswith(inside or ("\0",))]


class _Pieces:
    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def read(self, size: int, /) -> bytes:
        piece = self._rest or next(self._pieces, b"")
        piece, self._rest = piece[:size], piece[size:]
        return piece
