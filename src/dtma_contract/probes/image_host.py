"""An agent's image on a Docker Engine: brought there, started, looked at, and taken away again."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from dtma_contract.errors import TargetUnusableError, UsageError
from dtma_contract.probes.docker_host import DockerHost, DockerHostError, sdk_errors

__all__ = ["ContainerState", "ImageArrival", "ImageHost", "ProbeImageError"]

# Where every agent looks for the Engine, and where it listens (the deployment's own line).
_SOCKET_INSIDE: Final = "/var/run/docker.sock"
_AGENT_PORT: Final = 30000
# The last words of a process that ends; a stack trace of node has about twenty.
_LOG_LINES: Final = 30
# What container runtimes say where the image's first word names no program in it, or one for another processor.
_NO_PROGRAM: Final = re.compile(r"exec: .*(?:executable file not found|no such file)|exec format error")


class ProbeImageError(UsageError):
    """The image that an agent is asked to deploy is not to be had on the engine; that is no fault of the agent."""


@dataclass(frozen=True, slots=True)
class ImageArrival:
    """An image that is to be run, and what bringing it changed on the engine.

    Attributes:
        image: its id.
        tags: names that it has only since it was brought.
        moved: those of them that another image had before, and its id.
        is_new: whether the engine did not have the image before.
    """

    image: str
    tags: tuple[str, ...] = ()
    moved: tuple[tuple[str, str], ...] = ()
    is_new: bool = False

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return what ``dataclasses.asdict`` and JSON made of an arrival."""
        moved = tuple((str(tag), str(image)) for tag, image in data["moved"])
        return cls(str(data["image"]), tuple(map(str, data["tags"])), moved, bool(data["is_new"]))


@dataclass(frozen=True, slots=True)
class ContainerState:
    """How a container is.

    Attributes:
        is_over: whether its process ended by itself, be it started again since or not.
        exit_code: of its last end.
        port: the loopback port that is published, 0 where none is.
        port_inside: the port of the container that it leads to, 0 where none is.
    """

    is_over: bool
    exit_code: int
    port: int
    port_inside: int


class ImageHost(DockerHost):
    """A Docker Engine that an agent's image is run on; see :class:`DockerHost` for how to connect."""

    def bring(self, image: str) -> ImageArrival:
        """Return an image by its reference, pulled where the engine does not have it, or loaded from an archive.

        Args:
            image: reference, id, or path of a file that ``docker save`` wrote.

        Raises:
            UsageError: there is no such image, or the archive holds none or several.
            DockerHostError: the engine refuses.
        """
        archive = Path(image)
        if archive.is_file():
            return self._load(archive)
        import docker.errors  # noqa: PLC0415 - the SDK is slow to import and seldom needed

        try:
            try:
                api: Any = self._client.api
                return ImageArrival(api.inspect_image(image)["Id"])
            except docker.errors.NotFound:
                return self._arrived(lambda: [self._client.images.pull(*_name_and_tag(image))], image)
        except docker.errors.APIError as problem:
            raise UsageError(
                f"There is no image {image}: {problem.explanation or problem}.",
                "Name an image that the Docker Engine has or can pull, or a file that `docker save` wrote.",
            ) from None
        except sdk_errors() as problem:
            raise DockerHostError(f"The Docker Engine cannot give the image {image}: {problem}.") from None

    def _load(self, archive: Path) -> ImageArrival:
        import docker.errors  # noqa: PLC0415 - the SDK is slow to import and seldom needed

        def load() -> list[Any]:
            with archive.open("rb") as content:
                return list(self._client.images.load(content))

        try:
            return self._arrived(load, str(archive))
        except (docker.errors.APIError, docker.errors.ImageLoadError) as problem:
            said = getattr(problem, "explanation", None) or problem
            raise UsageError(
                f"The Docker Engine cannot load {archive}: {said}.", "It should be a file that `docker save` wrote."
            ) from None
        except sdk_errors() as problem:
            raise DockerHostError(f"The Docker Engine cannot load {archive}: {problem}.") from None

    def _arrived(self, fetch: Callable[[], list[Any]], name: str) -> ImageArrival:
        """Fetch images, and return the one with what changed.

        Raises:
            UsageError: there is not exactly one; what came is put back.
        """
        ids, tags = self._images()
        images = fetch()
        arrivals = [
            ImageArrival(
                image.id,
                tuple(tag for tag in image.tags if tags.get(tag) != image.id),
                tuple((tag, tags[tag]) for tag in image.tags if tags.get(tag, image.id) != image.id),
                image.id not in ids,
            )
            for image in {image.id: image for image in images}.values()
        ]
        if len(arrivals) != 1:
            for arrival in arrivals:
                self.put_back(arrival)
            raise UsageError(
                f"{name} holds {len(arrivals)} images, and one of them is to be run.",
                "Save a single image: `docker save -o FILE REFERENCE`.",
            )
        return arrivals[0]

    def _images(self) -> tuple[frozenset[str], dict[str, str]]:
        """Return the ids of all images, and which name stands for which."""
        listed = self._client.api.images(all=True)
        return (
            frozenset(image["Id"] for image in listed),
            {tag: image["Id"] for image in listed for tag in image.get("RepoTags") or ()},
        )

    def bring_probe(self, image: str) -> ImageArrival:
        """Return the probe image, pulled where the engine does not have it.

        Args:
            image: its reference.

        Raises:
            ProbeImageError: the engine has no such image, and cannot pull it.
            DockerHostError: the engine refuses.
        """
        try:
            return self.bring(image)
        except UsageError as problem:
            _, _, said = problem.message.partition(": ")
            raise ProbeImageError(
                f"The probe image {image}, which the agent is asked to deploy, is not available on this Docker Engine: "
                f"{said or problem.message}",
                "It says nothing of the agent. Name an image that the engine has or can pull with --probe-image.",
            ) from None

    def put_back(self, arrival: ImageArrival) -> None:
        """Take away an image that was brought, and give names back to the images that had them. Can run twice.

        Raises:
            DockerHostError: the engine refuses, such as for an image that something else uses by now.
        """
        moved = dict(arrival.moved)
        with _told(f"remove the image {arrival.image}"):
            for tag in arrival.tags:
                if tag in moved:
                    self._client.api.tag(moved[tag], *_name_and_tag(tag))
                else:
                    self._remove_image(tag)
            if arrival.is_new:
                self._remove_image(arrival.image)

    def _remove_image(self, name: str) -> None:
        import docker.errors  # noqa: PLC0415 - the SDK is slow to import and seldom needed

        with contextlib.suppress(docker.errors.NotFound):
            self._client.api.remove_image(name)

    def start_agent(
        self, image: str, *, name: str, labels: Mapping[str, str], environment: Mapping[str, str], socket: str
    ) -> str:
        """Start an image as an agent is deployed, but on a free loopback port, and return the container's id.

        Args:
            image: id of the image.
            name: of the container.
            labels: by which it is found again.
            environment: the agent's.
            socket: path of the engine's own socket on its host.

        Raises:
            TargetUnusableError: the image lacks the program that it is to start.
            DockerHostError: the engine refuses.
        """
        import docker.errors  # noqa: PLC0415 - the SDK is slow to import and seldom needed
        from docker.types import Mount  # noqa: PLC0415 - as above

        api: Any = self._client.api
        with _told("start the image"):
            exposed = list((api.inspect_image(image)["Config"] or {}).get("ExposedPorts") or {})
            wanted = f"{_AGENT_PORT}/tcp"
            port = exposed[0] if len(exposed) == 1 and exposed[0].endswith("/tcp") else wanted
            created = api.create_container(
                image,
                name=name,
                labels=dict(labels),
                environment=dict(environment),
                ports=[(int(port.removesuffix("/tcp")), "tcp")],
                host_config=api.create_host_config(
                    port_bindings={port: ("127.0.0.1", None)},
                    mounts=[Mount(_SOCKET_INSIDE, socket, type="bind")],
                    restart_policy={"Name": "always"},
                ),
            )
            container_id: str = created["Id"]
            try:
                api.start(container_id)
            except docker.errors.APIError as problem:
                self.remove(container_id)
                if _NO_PROGRAM.search(str(problem)):
                    raise _no_program(problem) from None
                raise
            except BaseException:
                self.remove(container_id)
                raise
        return container_id

    def state(self, container_id: str) -> ContainerState:
        """Return how a container is.

        Raises:
            DockerHostError: the engine refuses, or has no such container.
        """
        with _told("look at the container"):
            seen = self._client.api.inspect_container(container_id)
        published = [
            (int(place["HostPort"]), int(inside.partition("/")[0]))
            for inside, places in (seen["NetworkSettings"].get("Ports") or {}).items()
            for place in places or ()
        ]
        port, port_inside = published[0] if published else (0, 0)
        state = seen["State"]
        return ContainerState(
            is_over=bool(seen.get("RestartCount")) or state["Status"] in {"exited", "dead", "restarting"},
            exit_code=int(state.get("ExitCode") or 0),
            port=port,
            port_inside=port_inside,
        )

    def last_words(self, container_id: str) -> bytes:
        """Return the last lines that a container printed, as they are.

        Raises:
            DockerHostError: the engine refuses, or has no such container.
        """
        with _told("read the container's log"):
            log: bytes = self._client.api.logs(container_id, tail=_LOG_LINES)
        return log

    def labelled(self, label: str) -> Iterator[tuple[str, str, Mapping[str, str]]]:
        """Yield id, name and labels of all containers that have a label, stopped ones too.

        Raises:
            DockerHostError: the engine refuses.
        """
        with _told("list containers"):
            listed = self._client.api.containers(all=True, filters={"label": label})
        for container in listed:
            name = (container.get("Names") or [container["Id"]])[0].removeprefix("/")
            yield container["Id"], name, container.get("Labels") or {}


def _no_program(problem: Any) -> TargetUnusableError:
    return TargetUnusableError(
        f"The image's program cannot be started: {problem.explanation or problem}.",
        "Its ENTRYPOINT or CMD names what the image does not have, such as node in an image without Node.js; look at "
        "the FROM line of its last stage.",
        cause="agent-crash-loop",
    )


@contextlib.contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except sdk_errors() as problem:
        said = getattr(problem, "explanation", None) or problem
        raise DockerHostError(f"The Docker Engine cannot {what}: {said}.") from None


def _name_and_tag(reference: str) -> tuple[str, str]:
    """Return what the SDK takes apart: the name, and the tag or digest; without either, the tag is ``latest``."""
    if "@" in reference:
        name, _, digest = reference.partition("@")
        return name, digest
    head, colon, tag = reference.rpartition(":")
    return (head, tag) if colon and "/" not in tag else (reference, "latest")
