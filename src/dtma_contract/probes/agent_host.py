"""What the Docker Engine of the target's host says of its containers and of the agent's log; nothing is changed there.

Values of environments are read for one purpose: to take them out of everything that is handed on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, Final
from urllib.parse import quote, urlsplit

from dtma_contract.clock import now
from dtma_contract.diagnosis.agent_choice import AGENT_NAME, choose_agent
from dtma_contract.diagnosis.engine_answers import (
    command_words,
    container_state,
    environment_pairs,
    listed_state,
)
from dtma_contract.diagnosis.engine_log import log_lines, log_messages
from dtma_contract.diagnosis.facts import ContainerState, DockerFacts, LogLine
from dtma_contract.environment_secrets import secret_arguments, secret_values
from dtma_contract.log_redaction import Redactor
from dtma_contract.probes.engine_reader import EngineReader, EngineReply, EngineUnreachableError

__all__ = ["observe_docker", "observe_host"]

# A host with fifty containers takes under a second; nobody waits longer for one that hangs.
_SECONDS: Final = 12.0
_MOST_INSPECTED: Final = 200
_MOST_LISTED: Final = 2_000
_MOST_INSPECTION: Final = 512 * 1024
# The engine cuts lines at 16 KiB, so that this holds two hundred of the longest and more.
_MOST_LOG: Final = 6 * 1024 * 1024
# The first lines that an engine sends may be the ends of longer ones, and are not shown.
_FURTHER_LINES: Final = 50
_OK: Final = 200
_RAW: Final = "application/vnd.docker.raw-stream"
# More than this is no host's environment; its log could not be cleaned in the time there is.
_MOST_SECRET_CHARACTERS: Final = 1_000_000
_ID: Final = re.compile(r"[A-Za-z0-9][\w.:-]{0,127}", re.ASCII)
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def observe_host(
    endpoint: str,
    target: str,
    *,
    container: str = "",
    instance: str = "",
    most_lines: int = 200,
    secrets: Iterable[str] = (),
) -> tuple[DockerFacts, Redactor]:
    """Return what a Docker Engine says; whatever that host does is a fact, and never raised.

    Args:
        endpoint: ``unix://…``, ``tcp://…`` or ``ssh://user@host[:port]``.
        target: URL of the agent, of which the port tells its container.
        container: name of the agent's container, where it is known.
        instance: name of the instance that was asked about, so that it is among those that are inspected.
        most_lines: of the agent's log.
        secrets: further values that are never shown.

    Returns:
        The facts, and what takes the secrets of this host out of other texts.
    """
    at = now()
    known_secrets = tuple(secrets)
    plain = Redactor(known_secrets)
    shown = plain.text(endpoint)
    try:
        with EngineReader.at(endpoint, seconds=_SECONDS) as engine:
            listing = _listed(engine)
            if isinstance(listing, str):
                return DockerFacts(
                    shown, at, problem=plain.text(f"the Docker Engine cannot be asked: {listing}")
                ), plain
            host = _Host(engine, listing, (container, instance, AGENT_NAME), _port_of(target))
            redactor = Redactor([*known_secrets, *host.secrets])
            containers = host.states(redactor)
            agent, chosen_by = choose_agent(containers, _port_of(target), container)
            log, log_problem = host.log(agent, most_lines, redactor) if agent else ((), "")
    except EngineUnreachableError as unreachable:
        return DockerFacts(shown, at, problem=plain.text(f"the Docker Engine cannot be reached: {unreachable}")), plain
    facts = DockerFacts(
        shown,
        at,
        agent=agent,
        chosen_by=redactor.text(chosen_by) if not agent else chosen_by,
        containers=containers,
        log=log,
        log_problem=log_problem,
    )
    return facts, redactor


def observe_docker(endpoint: str, target: str, **options: Any) -> DockerFacts:
    """Return the facts alone; arguments as in :func:`observe_host`."""
    facts, _ = observe_host(endpoint, target, **options)
    return facts


class _Host:
    """A host's containers, those inspected that matter most.

    Args:
        engine: that is asked.
        listing: all containers, as the engine lists them.
        names: of those that are inspected whatever their number.
        port: of the target; who publishes it is inspected too.
    """

    def __init__(self, engine: EngineReader, listing: Sequence[Any], names: Sequence[str], port: int | None) -> None:
        self._engine = engine
        self._listing = listing
        first = sorted(listing, key=lambda entry: not _matters(entry, names, port))
        ids = [str(entry["Id"]) for entry in islice(first, _MOST_INSPECTED)]
        replies = engine.get_all(
            [f"/containers/{quote(each, safe='')}/json" for each in ids], most_bytes=_MOST_INSPECTION
        )
        self._gone = frozenset(each for each, reply in zip(ids, replies, strict=True) if reply.status == 404)  # noqa: PLR2004 - HTTP's
        self._inspections: dict[str, Any] = {
            each: reply.json for each, reply in zip(ids, replies, strict=True) if isinstance(reply.json, dict)
        }
        self._images = self._inspected_images()
        self.secrets = self._secrets()

    def states(self, redactor: Redactor) -> tuple[ContainerState, ...]:
        """Return all containers, in the order in which the engine lists them."""
        states = []
        for entry in self._listing:
            inspection = self._inspections.get(entry["Id"])
            state = None
            if inspection is not None:
                state = container_state(inspection, self._images.get(_image_of(inspection)), redactor.text)
            elif entry["Id"] in self._gone:
                continue
            state = state or listed_state(entry, redactor.text)
            if state is not None:
                states.append(state)
        return tuple(states)

    def log(self, name: str, most_lines: int, redactor: Redactor) -> tuple[tuple[LogLine, ...], str]:
        """Return the last lines of a container's log, and why there are none."""
        inspection = next(
            (each for each in self._inspections.values() if str(each.get("Name")).removeprefix("/") == name), None
        )
        if inspection is None:
            # Its variables are not known, so its log could not be cleaned of their values.
            return (), "the agent's container could not be inspected"
        if sum(map(len, self.secrets)) > _MOST_SECRET_CHARACTERS:
            return (), "the variables of this host's containers are too long to be taken out of a log"
        config = inspection.get("Config")
        if not isinstance(config, dict) or not isinstance(config.get("Env"), list | None):
            # As above: what its variables hold could not be read.
            return (), "the variables of the agent's container could not be read"
        has_terminal = config.get("Tty") is True
        asked = most_lines + _FURTHER_LINES
        reply = self._log(str(inspection["Id"]), asked)
        if reply.is_too_long:
            asked = _FURTHER_LINES
            reply = self._log(str(inspection["Id"]), asked)
        if reply.refusal:
            return (), redactor.text(reply.refusal)
        is_raw = reply.media_type == _RAW or has_terminal
        lines = log_lines(log_messages(reply.body, is_raw=is_raw, asked=asked)[-most_lines:], redactor.lines)
        return lines, ""

    def _log(self, container_id: str, lines: int) -> EngineReply:
        query = f"stdout=1&stderr=1&timestamps=1&tail={lines}"
        return self._engine.get(f"/containers/{quote(container_id, safe='')}/logs?{query}", most_bytes=_MOST_LOG)

    def _inspected_images(self) -> dict[str, Any]:
        ids = sorted({_image_of(each) for each in self._inspections.values()} - {""})
        replies = self._engine.get_all(
            [f"/images/{quote(each, safe=':')}/json" for each in ids], most_bytes=_MOST_INSPECTION
        )
        return {each: reply.json for each, reply in zip(ids, replies, strict=True)}

    def _secrets(self) -> frozenset[str]:
        """Return what no text may show; what the list of containers says to everyone is none."""
        pairs = [pair for each in self._inspections.values() for pair in environment_pairs(each)]
        known = {name for name, _ in pairs}
        for entry in self._listing:
            names = entry.get("Names")
            known |= {str(name).removeprefix("/") for name in names} if isinstance(names, list) else set()
            known |= {str(entry.get("Image")), str(entry.get("Image")).partition(":")[0], str(entry["Id"])}
        found = set(secret_values(pairs, known))
        for each in self._inspections.values():
            found |= secret_arguments(command_words(each))
        return frozenset(found)


def _listed(engine: EngineReader) -> list[dict[str, Any]] | str:
    """Return the engine's containers, or why it does not say them."""
    reply = EngineReply(0)
    for _ in range(2):
        # A container that is removed meanwhile makes some engines fail to list the others.
        reply = engine.get("/containers/json?all=1")
        if reply.status in {0, _OK}:
            break
    if reply.refusal:
        return reply.refusal
    if not isinstance(reply.json, list):
        return "what answers is no Docker Engine"
    entries = [
        each
        for each in reply.json
        if isinstance(each, dict) and isinstance(each.get("Id"), str) and _ID.fullmatch(each["Id"])
    ]
    return entries[:_MOST_LISTED]


def _matters(entry: dict[str, Any], names: Sequence[str], port: int | None) -> bool:
    own, ports = entry.get("Names"), entry.get("Ports")
    called = [str(name).removeprefix("/") for name in own] if isinstance(own, list) else []
    publishes = isinstance(ports, list) and any(
        isinstance(each, dict) and each.get("PublicPort") == port for each in ports
    )
    looks = any("dtma" in text.lower() and not text.startswith("dtmac-") for text in (*called, str(entry.get("Image"))))
    named = any(name and (name in called or entry["Id"].startswith(name)) for name in names)
    return named or looks or (publishes and port is not None)


def _image_of(inspection: dict[str, Any]) -> str:
    image = inspection.get("Image")
    return image if isinstance(image, str) and _ID.fullmatch(image) else ""


def _port_of(target: str) -> int | None:
    try:
        address = urlsplit(target)
        return address.port or _DEFAULT_PORTS.get(address.scheme)
    except ValueError:
        return None
