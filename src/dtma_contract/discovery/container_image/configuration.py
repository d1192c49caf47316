"""An image's configuration, without the values of its environment. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

__all__ = ["ImageConfig"]


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """How a container of an image is started.

    Attributes:
        entrypoint: words of ``ENTRYPOINT``.
        cmd: words of ``CMD``.
        working_dir: ``WORKDIR``, relative to the image's root, without a slash in front; empty for the root.
        environment: names of the declared variables, in their order; their values are read by nobody.
        labels: ``LABEL``.
        user: ``USER``; empty for root.
        exposed_ports: such as ``30000/tcp``.
        created: when the image was built, as the image says (ISO 8601); empty where it does not.
        platform: such as ``linux/amd64``; empty where it is not said.
        layer_digests: of the unpacked layers, the lowest first.
    """

    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    working_dir: str = ""
    environment: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    exposed_ports: tuple[str, ...] = ()
    created: str = ""
    platform: str = ""
    layer_digests: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the configuration of an image's document, or of what an engine says of an image or a container."""
        config = _mapping(data.get("config") or data.get("Config"))
        rootfs = _mapping(data.get("rootfs") or data.get("RootFS"))
        platform = (data.get("os") or data.get("Os"), data.get("architecture") or data.get("Architecture"))
        return cls(
            entrypoint=_words(config.get("Entrypoint")),
            cmd=_words(config.get("Cmd")),
            working_dir=_folder(config.get("WorkingDir")),
            environment=tuple(dict.fromkeys(word.partition("=")[0] for word in _words(config.get("Env")))),
            labels={str(key): str(value) for key, value in _mapping(config.get("Labels")).items()},
            user=str(config.get("User") or ""),
            exposed_ports=tuple(sorted(_mapping(config.get("ExposedPorts")))),
            created=str(data.get("created") or data.get("Created") or ""),
            platform="/".join(str(part) for part in platform if part),
            layer_digests=_words(rootfs.get("diff_ids") or rootfs.get("Layers")),
        )

    @property
    def command(self) -> tuple[str, ...]:
        """What a container runs when nothing else is asked for."""
        return self.entrypoint + self.cmd

    def to_json(self) -> dict[str, Any]:
        """Return the configuration as JSON data."""
        return {
            "entrypoint": list(self.entrypoint),
            "cmd": list(self.cmd),
            "working_dir": f"/{self.working_dir}",
            "environment": list(self.environment),
            "labels": dict(self.labels),
            "user": self.user,
            "exposed_ports": list(self.exposed_ports),
            "created": self.created,
            "platform": self.platform,
        }


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _words(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        # Podman writes a single word so.
        return (value,)
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _folder(value: Any) -> str:
    parts: list[str] = []
    for part in str(value or "").split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)
