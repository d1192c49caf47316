"""What the suite deploys, and how it looks at it: the agent's listing, and the Docker Engine where one is given."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dtma_contract.agent import Agent
from dtma_contract.bodies import account_id, deploy_body, group_body
from dtma_contract.contract import Contract, EffectLevel
from dtma_contract.evidence import Exchange
from dtma_contract.judgement import ClauseViolatedError, NotAskedError, NotJudgedError
from dtma_contract.probes.docker_host import DockerHost
from dtma_contract.run_identity import RunIdentity
from dtma_contract.survey import Survey

__all__ = ["Group", "Instance", "Instances", "Listed", "read_listing"]

# The dynamic range of RFC 6335 begins at 49152; Linux hands out 32768 to 60999 by itself, so stay below both.
_HOST_PORTS = range(20000, 32000)
_PORT_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance that the run deployed.

    Attributes:
        name: instance name.
        account_id: the account tool instance id it was deployed with.
        host_port: published host port, or None.
        exchange: the deploy.
    """

    name: str
    account_id: str
    host_port: int | None
    exchange: Exchange


@dataclass(frozen=True, slots=True)
class Group:
    """A group of one server that the run deployed.

    Attributes:
        group: group id.
        server: name of its server.
        exchange: the deploy.
    """

    group: str
    server: str
    exchange: Exchange


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry of the agent's listing, read leniently: a listing in another shape is the finding of one clause only.

    Attributes:
        name: instance name.
        status: state word, lower case; empty where the entry has none.
        entry: as it was sent.
    """

    name: str
    status: str
    entry: Mapping[str, Any]


class Instances:
    """Deploys instances of the run and removes them.

    Args:
        agent: client of the target.
        contract: the contract.
        identity: whose names are used.
        prefix: tells the names of this worker from those of others; no prefix begins with another.
        image: the probe image.
        random_source: chooses host ports.
        effects: how far the run may go.
        survey: what is known of the target, above all whether what is made can be removed.
        engine: the target's Docker Engine, or None.
    """

    # Published whether or not something listens behind it.
    container_port = "80/tcp"

    def __init__(
        self,
        *,
        agent: Agent,
        contract: Contract,
        identity: RunIdentity,
        prefix: str,
        image: str,
        random_source: random.Random,
        effects: EffectLevel,
        survey: Survey,
        engine: DockerHost | None = None,
    ) -> None:
        self._agent = agent
        self._contract = contract
        self.prefix = identity.name(prefix)
        self.image = image
        self._random = random_source
        self._engine = engine
        self._effects = effects
        self._survey = survey
        self._numbers = itertools.count(1)
        self._made: list[tuple[str, str]] = []

    def fresh_name(self) -> str:
        """Return a name of the run that was not used before."""
        return f"{self.prefix}{next(self._numbers)}"

    def require_removable(self) -> None:
        """Raise unless the run may make something, and it can be removed again, by the agent or by the Engine.

        Raises:
            NotAskedError: the run may not.
            NotJudgedError: it cannot be removed; a run on a customer's host leaves nothing behind.
        """
        if self._effects < EffectLevel.LIFECYCLE:
            raise NotAskedError(f"it needs --effects lifecycle, and this run may go as far as {self._effects}")
        if not self._survey.removal.safe and self._engine is None:
            raise NotJudgedError(f"nothing is made that could not be removed again: {self._survey.removal_evidence}")

    def deploy(self, *, publish: bool = False) -> Instance:
        """Deploy an instance that a clause of something else is judged with.

        Args:
            publish: whether a host port is asked for.

        Raises:
            NotJudgedError: the deploy failed or made nothing, which is the finding of another clause.
        """
        instance = self.deploy_unchecked(publish=publish)
        self._require_known(instance.name)
        return instance

    def deploy_unchecked(self, *, publish: bool = False) -> Instance:
        """Deploy an instance, and take the agent's word that it is there; arguments and errors as in deploy."""
        chosen = self.fresh_name()
        for _ in range(_PORT_ATTEMPTS if publish else 1):
            port = self._random.choice(_HOST_PORTS) if publish else None
            exchange = self.send_deploy(chosen, port)
            # A port that something unknown holds is the host's business: try another one.
            if exchange.status < 400:  # noqa: PLR2004 - errors, RFC 9110 section 15.5
                break
        self._require_made("core.tools.deploy", exchange, chosen)
        return Instance(chosen, account_id(chosen), port, exchange)

    def send_deploy(self, name: str, host_port: int | None = None, image: str | None = None) -> Exchange:
        """Send a deploy, whatever comes of it; what it makes is removed with the rest."""
        self.require_removable()
        ports = [(self.container_port, host_port)] if host_port else []
        self._made.append(("instance", name))
        body = deploy_body(name, image or self.image, ports)
        return self._agent.call(self._contract.operation("core.tools.deploy"), json=body)

    def deploy_group(self) -> Group:
        """Deploy a group of one server; errors as in deploy."""
        group, server = self.fresh_name(), self.fresh_name()
        exchange = self.send_group(group, [server])
        self._require_made("mcp.groups.deploy", exchange, group)
        self._require_known(server)
        return Group(group, server, exchange)

    def send_group(self, group: str, servers: Sequence[str]) -> Exchange:
        """Send the deploy of a group, whatever comes of it."""
        self.require_removable()
        self._made += [("instance", server) for server in servers] + [("group", group)]
        body = group_body(group, servers, self.image)
        return self._agent.call(self._contract.operation("mcp.groups.deploy"), json=body)

    def listed(self) -> tuple[Listed, ...]:
        """Return what ``GET /tools`` lists.

        Raises:
            NotJudgedError: it lists nothing that can be read, which is the finding of another clause.
        """
        exchange = self._agent.call(self._contract.operation("core.tools.list"))
        return read_listing(exchange, "tools")

    def own(self) -> dict[str, str]:
        """Return name and state of what is listed of this worker."""
        return {entry.name: entry.status for entry in self.listed() if entry.name.startswith(self.prefix)}

    def find(self, name: str) -> Listed | None:
        """Return the listed instance of that name, or None."""
        return next((entry for entry in self.listed() if entry.name == name), None)

    def require_state(self, name: str, *states: str, after: str, exchange: Exchange | None = None) -> None:
        """Raise unless the instance is listed, and known to the Engine, in one of these states.

        Args:
            name: instance name.
            states: Docker's state words.
            after: what was done, for the finding.
            exchange: the request that was to bring the state about.

        Raises:
            ClauseViolatedError: it is not.
        """
        wanted = [f"{name} listed as {state} after {after}" for state in states]
        entry = self.find(name)
        seen = f"{name} is listed as {entry.status}" if entry else f"{name} is not listed"
        if entry is None or entry.status not in states:
            raise ClauseViolatedError(f"after {after}, {seen}", expected=wanted, exchange=exchange)
        if self._engine is not None:
            actual = self.engine_state(name)
            if actual not in states:
                raise ClauseViolatedError(
                    f"after {after}, {seen}, but the Docker Engine says {actual or 'there is no such container'}",
                    expected=wanted,
                    exchange=exchange,
                )

    def require_gone(self, name: str, *, after: str, exchange: Exchange | None = None) -> None:
        """Raise unless the instance is neither listed nor known to the Engine; arguments as in require_state."""
        wanted = [f"{name} neither listed nor known to the engine after {after}"]
        entry = self.find(name)
        if entry is not None:
            raise ClauseViolatedError(
                f"after {after}, {name} is still listed as {entry.status or 'something'}",
                expected=wanted,
                exchange=exchange,
            )
        state = self.engine_state(name)
        if state is not None:
            raise ClauseViolatedError(
                f"after {after}, the Docker Engine still has container {name}, {state}",
                expected=wanted,
                exchange=exchange,
            )

    def published(self, name: str) -> tuple[tuple[int, int], ...]:
        """Return the listed pairs of private and public port of an instance."""
        entry = self.find(name)
        ports = (entry.entry.get("ports") or entry.entry.get("Ports")) if entry else None
        pairs = [
            (port.get("private_port", port.get("PrivatePort")), port.get("public_port", port.get("PublicPort")))
            for port in (ports if isinstance(ports, list) else [])
            if isinstance(port, Mapping)
        ]
        return tuple((private, public) for private, public in pairs if private is not None and public is not None)

    def engine_state(self, name: str) -> str | None:
        """Return the Engine's state word for a container of exactly that name; None where there is none."""
        if self._engine is None:
            return None
        return next((container.state for container in self._engine.containers() if container.name == name), None)

    def remove_all(self) -> None:
        """Remove what was deployed, newest first; what cannot be removed here is left to the clean-up of the run."""
        while self._made:
            kind, name = self._made.pop()
            operation = self._contract.operation("core.tools.delete" if kind == "instance" else "mcp.groups.remove")
            try:
                self._agent.call(operation, name)
            except (NotJudgedError, ClauseViolatedError):
                # The clean-up of the run asks again for everything in the ledger, and says what stays.
                continue

    def _require_known(self, name: str) -> None:
        entry = self.find(name)
        if entry is not None and entry.status in {"created", "exited", "dead"}:
            raise NotJudgedError(f"a deployed instance is {entry.status} here, see lifecycle/deploy-creates-running")
        start = self._contract.operation("core.tools.start")
        # A listing that leaves it out is another clause's finding; what can be started is there.
        if entry is None and self._agent.call(start, name).status == 404:  # noqa: PLR2004 - RFC 9110 section 15.5.5
            raise NotJudgedError("a deploy makes nothing here, see lifecycle/deploy-creates-running")

    def _require_made(self, operation_id: str, exchange: Exchange, name: str) -> None:
        operation = self._contract.operation(operation_id)
        if not 200 <= exchange.status < 300:  # noqa: PLR2004 - RFC 9110 section 15.3
            raise NotJudgedError(f"{operation_id} does not work here: {exchange.describe()}")
        if exchange.member("success") is not True:
            raise NotJudgedError(f"{operation_id} makes nothing here: {exchange.describe()}")
        if self._engine is not None and operation.creates == "instance" and self.engine_state(name) is None:
            raise NotJudgedError(f"{operation_id} makes no container here, see lifecycle/deploy-creates-running")


def read_listing(exchange: Exchange, member: str) -> tuple[Listed, ...]:
    """Return the entries of a listing, whatever their shape.

    Args:
        exchange: the answer that holds it.
        member: the member of the body that is the listing.

    Raises:
        NotJudgedError: there is no such list, which is the finding of another clause.
    """
    entries = exchange.member(member)
    if not isinstance(entries, list):
        raise NotJudgedError(f"the listing cannot be read: {exchange.target} is {exchange.describe()}")
    return tuple(_read_entries(entries))


def _read_entries(tools: Sequence[Any]) -> Iterator[Listed]:
    for entry in tools:
        if not isinstance(entry, Mapping):
            continue
        names = entry.get("instance_name_on_toolbox") or entry.get("names") or entry.get("Names") or entry.get("name")
        first = names[0] if isinstance(names, list) and names else names
        status = entry.get("status") or entry.get("State") or entry.get("state") or ""
        # Docker's own list field `Status` reads "Up 2 minutes"; `State` is the word.
        word = str(entry.get("State") or entry.get("state") or status).lower()
        yield Listed(str(first or "").lstrip("/"), word, entry)
