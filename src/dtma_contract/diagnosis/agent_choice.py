"""Which of a host's containers is the agent's. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from dtma_contract.diagnosis.facts import ContainerState

__all__ = ["AGENT_NAME", "GIVEN", "choose_agent", "looks_like_agent"]

# The name that the agent is deployed under, and the port inside its container.
AGENT_NAME: Final = "dtma_manager"
# How it was recognised where the user named it.
GIVEN: Final = "it was named"
_AGENT_PORT: Final = "30000/tcp"
_WORD: Final = "dtma"
# Instances of a run of this program, and those that an agent says it manages.
_RUN_PREFIX: Final = "dtmac-"
_MANAGED_LABEL: Final = "dtma.managed"
# The fewest characters of an id that ``docker ps`` shows.
_SHORT_ID: Final = 12

_BY_STATE: Final = ("running", "restarting", "paused", "created", "exited", "dead", "removing")


def choose_agent(containers: Sequence[ContainerState], port: int | None, named: str = "") -> tuple[str, str]:
    """Return the name of the agent's container and how it was recognised; or no name, and why not.

    A container that publishes the target's port is the agent's, be it running or not; of several, the one that looks
    like an agent. Where only a stranger publishes it, such as a proxy in front, and a container has the agent's name,
    it is that one.

    Args:
        containers: all of the host.
        port: of the target, 1 to 65535; None where it has none.
        named: by the user.
    """
    if named:
        return _named(containers, named.removeprefix("/"))
    others = [each for each in containers if not _is_instance(each)]
    publishing = _best_first(each for each in others if port in _tcp_ports(each))
    manager = next((each for each in others if each.name == AGENT_NAME), None)
    if manager is not None and not (publishing and (manager in publishing or looks_like_agent(publishing[0], port))):
        stranger = f", and {publishing[0].name} publishes port {port}" if publishing else ""
        return manager.name, f"it is named {AGENT_NAME}{stranger}"
    if publishing:
        return publishing[0].name, _of_publisher(publishing, port)
    return _alike(others, port)


def _of_publisher(publishing: Sequence[ContainerState], port: int | None) -> str:
    rivals = [each.name for each in publishing[1:]]
    also = f", as {', '.join(rivals[:3])} {'does' if len(rivals) == 1 else 'do'}" if rivals else ""
    return f"it {'publishes' if publishing[0].state == 'running' else 'is to publish'} port {port}{also}"


def _alike(others: Sequence[ContainerState], port: int | None) -> tuple[str, str]:
    alike = [each for each in others if _WORD in each.name.lower() or _WORD in each.image.lower()]
    if len(alike) == 1:
        return alike[0].name, f"its name or image has {_WORD} in it"
    publishes = f"no container publishes port {port}" if port else "the target has no port"
    if alike:
        names = ", ".join(sorted(each.name for each in alike)[:5])
        return "", f"{publishes}, and {len(alike)} have {_WORD} in their name or image: {names}"
    return "", f"{publishes}, and none has {_WORD} in its name or image"


def _named(containers: Iterable[ContainerState], name: str) -> tuple[str, str]:
    for each in containers:
        if each.name == name or (len(name) >= _SHORT_ID and each.id.startswith(name)):
            return each.name, GIVEN
    return "", f"no container is named {name}"


def _is_instance(container: ContainerState) -> bool:
    return container.name.startswith(_RUN_PREFIX) or _MANAGED_LABEL in container.labels


def _tcp_ports(container: ContainerState) -> frozenset[int]:
    return frozenset(
        port for inner, outer in container.ports.items() if not inner.endswith(("/udp", "/sctp")) for port in outer
    )


def looks_like_agent(container: ContainerState, port: int | None = None) -> bool:
    """Return whether a container has the agent's word in its name or image, or publishes its port under another."""
    inside = container.ports.get(_AGENT_PORT, ())
    return _WORD in container.name.lower() or _WORD in container.image.lower() or port in inside


def _best_first(containers: Iterable[ContainerState]) -> list[ContainerState]:
    """Return those first that look like an agent, then those that run, then the latest."""
    latest = sorted(containers, key=lambda each: max(each.started_at, each.created_at), reverse=True)
    return sorted(
        latest,
        key=lambda each: (
            not looks_like_agent(each),
            _BY_STATE.index(each.state) if each.state in _BY_STATE else len(_BY_STATE),
            each.name != AGENT_NAME,
        ),
    )
