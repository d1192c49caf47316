"""What a Docker Engine answers, read as facts: its containers, and where they hold secrets. Pure.

An engine of another make or version may leave anything out or send another type; what cannot be read is left empty.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from dtma_contract.diagnosis.facts import ContainerState

__all__ = ["command_words", "container_state", "environment_pairs", "listed_state"]

_REVISION_LABEL: Final = "org.opencontainers.image.revision"
_CREATED_LABEL: Final = "org.opencontainers.image.created"
_KEPT_LABELS: Final = ("org.opencontainers.image.", "com.docker.compose.", "dtma.")
_SOCKETS: Final = frozenset({"/var/run/docker.sock", "/run/docker.sock"})
# Go's zero time, which an engine sends for what never was.
_NEVER: Final = re.compile(r"\A000[01]-")
# Builds that are to be the same each time set a time before Docker was made.
_FIRST_YEAR: Final = 2013
_ENDED: Final = frozenset({"exited", "dead", "restarting", "removing"})

_LONGEST_TEXT: Final = 500
_MOST_LABELS: Final = 60
_MOST_VARIABLES: Final = 500
_MOST_PORTS: Final = 200
_VARIABLE: Final = re.compile(r"[A-Za-z_][\w.-]{0,127}", re.ASCII)

_TIME: Final = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)"


def environment_pairs(inspection: Any) -> list[tuple[str, str]]:
    """Return the names and values of a container's variables."""
    pairs = (text.partition("=") for text in _texts(_mapping(_mapping(inspection).get("Config")).get("Env")))
    return [(name, value) for name, sign, value in pairs if sign]


def command_words(inspection: Any) -> list[str]:
    """Return the words of a container's command line."""
    config = _mapping(_mapping(inspection).get("Config"))
    health = _mapping(config.get("Healthcheck"))
    return [
        *_texts(_mapping(inspection).get("Args")),
        *_texts(config.get("Entrypoint")),
        *_texts(config.get("Cmd")),
        *_texts(health.get("Test")),
    ]


def container_state(inspection: Any, image: Any, clean: Callable[[str], str]) -> ContainerState | None:
    """Return a container as an inspection tells of it, or None where it does not even say which it is.

    Args:
        inspection: what the engine answers for the container.
        image: what it answers for the container's image; None where it does not have it any more.
        clean: takes secrets out of a text.
    """
    data = _mapping(inspection)
    state, config, host = (_mapping(data.get(key)) for key in ("State", "Config", "HostConfig"))
    about_image = _mapping(image)
    image_labels = _mapping(_mapping(about_image.get("Config")).get("Labels"))
    labels = {**image_labels, **_mapping(config.get("Labels"))}
    identity, name = _text(data.get("Id")), _text(data.get("Name")).removeprefix("/")
    if not identity or not name:
        return None
    word = _text(state.get("Status"))
    finished = _time(state.get("FinishedAt"))
    restart_policy = _text(_mapping(host.get("RestartPolicy")).get("Name"))
    health = _text(_mapping(state.get("Health")).get("Status"))
    return ContainerState(
        id=identity,
        name=name,
        state=word,
        image=_shown(config.get("Image"), clean=None) or _text(data.get("Image")),
        image_id=_text(data.get("Image")),
        created_at=_time(data.get("Created")),
        started_at=_time(state.get("StartedAt")),
        finished_at=finished,
        exit_code=_number(state.get("ExitCode")) if word in _ENDED and finished else None,
        error=_shown(state.get("Error"), clean),
        out_of_memory=state.get("OOMKilled") is True,
        restart_count=_number(data.get("RestartCount")) or 0,
        restart_policy="" if restart_policy == "no" else restart_policy,
        health="" if health == "none" else health,
        ports=_ports(data),
        labels=_kept_labels(labels, clean),
        socket_mounted=any(_is_socket(mount) for mount in _mounts(data)),
        environment=_emptiness(environment_pairs(data)),
        revision=_shown(image_labels.get(_REVISION_LABEL) or labels.get(_REVISION_LABEL), clean),
        image_created=_build_time(about_image, labels),
        image_digests=tuple(_texts(about_image.get("RepoDigests")))[:10],
    )


def listed_state(entry: Any, clean: Callable[[str], str]) -> ContainerState | None:
    """Return a container as the list tells of it, where it could not be inspected."""
    data = _mapping(entry)
    names = _texts(data.get("Names"))
    identity = _text(data.get("Id"))
    if not identity or not names:
        return None
    ports: dict[str, set[int]] = {}
    for port in _mappings(data.get("Ports")):
        inner, outer = _number(port.get("PrivatePort")), _number(port.get("PublicPort"))
        if inner and outer:
            ports.setdefault(f"{inner}/{_text(port.get('Type')) or 'tcp'}", set()).add(outer)
    return ContainerState(
        id=identity,
        name=min(names, key=lambda name: (name.count("/"), name)).removeprefix("/"),
        state=_text(data.get("State")),
        image=_text(data.get("Image")),
        image_id=_text(data.get("ImageID")),
        ports={port: tuple(sorted(outer)) for port, outer in ports.items()},
        labels=_kept_labels(_mapping(data.get("Labels")), clean),
        socket_mounted=any(_is_socket(mount) for mount in _mappings(data.get("Mounts"))),
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    # A lone half of a pair of surrogates can be written nowhere.
    return value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else ""


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [_text(value)]
    return [_text(each) for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _time(value: Any) -> str:
    text = _text(value)
    return text if re.fullmatch(_TIME, text) and not _NEVER.match(text) else ""


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _shown(value: Any, clean: Callable[[str], str] | None) -> str:
    text = _text(value)
    return _cut(" ".join((clean(text) if clean else text).split()), _LONGEST_TEXT)


def _kept_labels(labels: Mapping[str, Any], clean: Callable[[str], str]) -> dict[str, str]:
    kept = sorted(name for name in labels if isinstance(name, str) and name.startswith(_KEPT_LABELS))
    return {_text(name): _shown(labels[name], clean) for name in kept[:_MOST_LABELS]}


def _emptiness(pairs: Iterable[tuple[str, str]]) -> dict[str, bool]:
    named = [(name, value) for name, value in pairs if _VARIABLE.fullmatch(name)]
    return {name: not value.strip() for name, value in named[:_MOST_VARIABLES]}


def _build_time(image: Mapping[str, Any], labels: Mapping[str, Any]) -> str:
    for said in (_time(image.get("Created")), _time(labels.get(_CREATED_LABEL))):
        if said and int(said[:4]) >= _FIRST_YEAR:
            return said
    return ""


def _mounts(data: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from _mappings(data.get("Mounts"))
    for bind in _texts(_mapping(data.get("HostConfig")).get("Binds")):
        source, _, rest = bind.partition(":")
        yield {"Source": source, "Destination": rest.partition(":")[0]}


def _is_socket(mount: Mapping[str, Any]) -> bool:
    return _text(mount.get("Destination")) in _SOCKETS or _text(mount.get("Source")) in _SOCKETS


def _ports(data: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Return the ports that a container publishes or is to publish; on the host's own network, what it exposes."""
    found: dict[str, set[int]] = {}
    host = _mapping(data.get("HostConfig"))
    for published in (_mapping(_mapping(data.get("NetworkSettings")).get("Ports")), _mapping(host.get("PortBindings"))):
        for port, places in published.items():
            for place in _mappings(places):
                found.setdefault(_text(port), set()).update(_host_ports(place.get("HostPort")))
    if host.get("NetworkMode") == "host":
        for port in _mapping(_mapping(data.get("Config")).get("ExposedPorts")):
            number = _text(port).partition("/")[0]
            found.setdefault(_text(port), set()).update(_host_ports(number))
    return {port: tuple(sorted(places)) for port, places in sorted(found.items())[:_MOST_PORTS] if port and places}


def _host_ports(value: Any) -> Iterable[int]:
    """Return the ports of ``8080`` or ``8080-8085``; none where the engine is to choose one."""
    match = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?", value, re.ASCII) if isinstance(value, str) else None
    if match is None:
        return ()
    first, last = int(match[1]), int(match[2] or match[1])
    return [port for port in range(first, min(last, first + _MOST_PORTS) + 1) if 0 < port < 65_536]  # noqa: PLR2004 - TCP's
