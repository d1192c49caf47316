"""Which operations a live target has mounted, told without side effects.

The ways of telling are those that Express 4 and Starlette leave open: the sibling control (the same method on a path
that surely does not exist below the same prefix must answer with another shape), OPTIONS with ``Allow``, malformed
percent-encoding that only a matching pattern decodes, and a body that is validated first. An answer that looks like
the fallback is no proof of absence where the operation acts on something named: an agent may answer an unknown
instance in the fallback's shape. There a real instance decides, if the run may create one.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from dtma_contract.agent import Agent
from dtma_contract.bodies import UNRESOLVABLE_IMAGE, deploy_body, group_body, valid_body
from dtma_contract.contract import Contract, Effect, EffectLevel, Operation
from dtma_contract.evidence import Exchange
from dtma_contract.judgement import ClauseViolatedError, NotJudgedError, TargetGoneError
from dtma_contract.run_identity import RunIdentity

__all__ = ["MountState", "Mounting", "Removal", "Survey", "compare", "survey_target", "surveyed_instance"]

_NOTHING_MADE = "nothing was made"
_METHOD_NOT_ALLOWED = 405  # RFC 9110 section 15.5.6


class MountState(enum.StrEnum):
    """What is known of one operation on the target."""

    MOUNTED = "mounted"
    MISSING = "missing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Mounting:
    """What a target shows of one operation.

    Attributes:
        state: mounted, missing or unknown.
        evidence: what that rests on, one sentence.
        exchange: the probe, where one decided.
    """

    state: MountState
    evidence: str
    exchange: Exchange | None = None


class Removal(enum.StrEnum):
    """Whether what a run makes can be removed again, tried on one instance."""

    WORKS = "works"
    UNTRIED = "untried"
    REFUSED = "refused"
    WITHOUT_EFFECT = "without-effect"
    LEAVES_CONTAINER = "leaves-container"

    @property
    def safe(self) -> bool:
        """Whether more may be made."""
        return self in {Removal.WORKS, Removal.UNTRIED}


@dataclass(frozen=True, slots=True)
class Survey:
    """What a target shows of all operations.

    Attributes:
        states: by operation id.
        evidence: by operation id, one sentence each.
        removal: whether what is made can be removed.
        removal_evidence: what that rests on, one sentence.
    """

    states: Mapping[str, MountState]
    evidence: Mapping[str, str]
    removal: Removal = Removal.UNTRIED
    removal_evidence: str = ""

    def offered(self, contract: Contract) -> frozenset[str]:
        """Return the profiles of which the target has at least one operation mounted."""
        return frozenset(
            operation.profile for operation in contract.operations if self.states[operation.id] == MountState.MOUNTED
        )

    def to_json(self) -> dict[str, Any]:
        """Return the survey as JSON data."""
        return {
            "states": {key: str(state) for key, state in self.states.items()},
            "evidence": dict(self.evidence),
            "removal": str(self.removal),
            "removal_evidence": self.removal_evidence,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Survey:
        """Return the survey that :meth:`to_json` wrote."""
        return cls(
            {key: MountState(state) for key, state in data["states"].items()},
            dict(data["evidence"]),
            Removal(data["removal"]),
            data["removal_evidence"],
        )


def compare(
    probe: Exchange,
    controls: Iterable[Exchange],
    names: Iterable[str] = (),
    volatile: Collection[str] = (),
) -> Mounting:
    """Tell from a probe and its controls whether a route is mounted.

    Args:
        probe: the answer of the operation.
        controls: answers to the same method on paths that surely do not exist below the same prefix.
        names: what the answers may repeat.
        volatile: fields of a fingerprint in which two answers to one such path differ, so that they tell nothing.
    """
    listed = tuple(names)
    if probe.status == _METHOD_NOT_ALLOWED:
        allowed = probe.headers.get("allow", "none")
        return Mounting(MountState.MISSING, f"the path exists, the method does not: 405, Allow: {allowed}", probe)
    for control in controls:
        if not _differences(probe, control, listed) - set(volatile):
            return Mounting(
                MountState.MISSING,
                f"{probe.method} {probe.target} is answered like {control.target}, which surely does not exist: "
                f"{probe.describe()}",
                probe,
            )
    return Mounting(
        MountState.MOUNTED,
        f"{probe.method} {probe.target} is answered with {probe.status}, unlike paths that do not exist",
        probe,
    )


def _differences(one: Exchange, other: Exchange, names: Iterable[str]) -> set[str]:
    """Return the fields in which the fingerprints of two answers differ."""
    listed = tuple(names)
    first, second = one.fingerprint(listed), other.fingerprint(listed)
    return {field.name for field in fields(first) if getattr(first, field.name) != getattr(second, field.name)}


def survey_target(agent: Agent, contract: Contract, run: RunIdentity, effects: EffectLevel, probe_image: str) -> Survey:
    """Probe every operation of the contract.

    Args:
        agent: client of the target.
        contract: the contract.
        run: whose names the probes use.
        effects: how far the run may go; from ``lifecycle`` on, one instance is made to see whether it can be removed.
        probe_image: image of such an instance.

    Raises:
        TargetGoneError: the target stopped answering.
    """
    prober = _Prober(agent, run, probe_image)
    prober.ask_controls(contract)
    mountings = {operation.id: prober.probe(operation) for operation in contract.operations}
    removal, tried = Removal.UNTRIED, _NOTHING_MADE
    if effects >= EffectLevel.LIFECYCLE:
        # Where it can be tried at once, nothing more is made of what could not be removed.
        if _can_try_removal(mountings):
            removal, tried = prober.try_removal(contract)
        if removal.safe:
            mountings |= prober.decide_doubtful(contract, mountings)
        if removal == Removal.UNTRIED and _can_try_removal(mountings) and tried == _NOTHING_MADE:
            removal, tried = prober.try_removal(contract)
        elif mountings["core.tools.delete"].state != MountState.MOUNTED:
            removal, tried = Removal.REFUSED, "core.tools.delete is not mounted"
    return Survey(
        {name: mounting.state for name, mounting in mountings.items()},
        {name: mounting.evidence for name, mounting in mountings.items()},
        removal,
        tried,
    )


def _can_try_removal(mountings: Mapping[str, Mounting]) -> bool:
    return all(mountings[f"core.tools.{verb}"].state == MountState.MOUNTED for verb in ("deploy", "delete", "start"))


def surveyed_instance(run: RunIdentity) -> str:
    """Return the name of the one instance that a survey makes."""
    return run.name("surveyed")


class _Prober:
    def __init__(self, agent: Agent, run: RunIdentity, probe_image: str) -> None:
        self._agent = agent
        self._absent = run.name("absent")
        self._nowhere = run.name("nowhere")
        self._instance = surveyed_instance(run)
        self._group = run.name("surveyed-group")
        self._image = probe_image
        self._doubted = run.name("doubted")
        self._controls: dict[tuple[str, str], Exchange] = {}
        self._volatile: set[str] = set()
        self._servers: set[tuple[str, ...]] = set()

    def ask_controls(self, contract: Contract) -> None:
        """Ask every control twice: where two answers to one path differ, a difference tells nothing."""
        for operation in contract.operations:
            if operation.effect.level == EffectLevel.RESTART:
                continue
            try:
                self._controls_of(operation, self._absent)
            except TargetGoneError:
                raise
            except (NotJudgedError, ClauseViolatedError):
                # The probe of the operation meets the same, and says so.
                continue

    def probe(self, operation: Operation) -> Mounting:
        if operation.effect.level == EffectLevel.RESTART:
            return self._by_options(operation) or Mounting(
                MountState.UNKNOWN, f"it cannot be asked for without its effect ({operation.effect})"
            )
        try:
            # An empty object asks an operation to validate, and can create nothing.
            body: Any = {} if operation.request_schema is not None else ...
            answer = self._agent.call(operation, *self._names(operation, self._absent), json=body)
            mounting = compare(
                answer, self._controls_of(operation, self._absent), [self._absent, self._nowhere], self._volatile
            )
        except TargetGoneError:
            raise
        except NotJudgedError as refused:
            return Mounting(MountState.UNKNOWN, refused.reason)
        except ClauseViolatedError as broken:
            return Mounting(MountState.UNKNOWN, broken.actual, broken.exchange)
        if mounting.state == MountState.MISSING:
            return self._by_options(operation) or mounting
        return mounting

    def decide_doubtful(self, contract: Contract, mountings: Mapping[str, Mounting]) -> dict[str, Mounting]:
        """Ask again, with something that exists, for operations that answered an unknown name like the fallback.

        Nothing is made for that where it could not be removed: an agent of which delete alone looks absent answers
        the others' unknown names in their own way, so that delete is absent indeed; a stub makes nothing at all.
        """
        doubtful = [
            operation
            for operation in contract.operations
            if operation.subject and mountings[operation.id].state == MountState.MISSING
        ]
        decided: dict[str, Mounting] = {}
        for kind, verbs in (("instance", ("deploy", "delete")), ("group", ("deploy", "remove"))):
            profile = "core.tools" if kind == "instance" else "mcp.groups"
            deploy, remove = (contract.operation(f"{profile}.{verb}") for verb in verbs)
            asked = [operation for operation in doubtful if operation.subject and operation.subject.kind == kind]
            alone = remove in asked and len(asked) == 1
            if not asked or alone or mountings[deploy.id].state != MountState.MOUNTED or self._is_stub(deploy):
                continue
            if self._made(deploy, self._doubted if kind == "instance" else self._group):
                # What removes comes last, so that the others still find the thing.
                asked.sort(key=lambda operation: operation.effect == Effect.REMOVE)
                decided |= {operation.id: self._asked_of_existing(operation) for operation in asked}
                self._remove(remove, kind)
        return decided

    def try_removal(self, contract: Contract) -> tuple[Removal, str]:
        """Make one instance, remove it, and make it again: only what can be removed is made in numbers."""
        deploy, delete, start, stop = (
            contract.operation(f"core.tools.{verb}") for verb in ("deploy", "delete", "start", "stop")
        )
        name = self._instance
        if not self._made(deploy, name):
            return Removal.UNTRIED, "the deploy of the first instance failed"
        known = self._guarded(lambda: self._agent.call(start, name))
        if known is not None and known.status == 404:  # noqa: PLR2004 - RFC 9110 section 15.5.5
            return Removal.UNTRIED, "the deploy of the first instance made nothing"
        removed = self._guarded(lambda: self._agent.call(delete, name))
        if removed is None or removed.status != delete.success:
            said = removed.describe() if removed else "nothing"
            self._guarded(lambda: self._agent.call(stop, name))
            self._guarded(lambda: self._agent.call(delete, name))
            return Removal.REFUSED, f"DELETE of a running instance is answered {said}"
        started = self._guarded(lambda: self._agent.call(start, name))
        if started is not None and started.status == start.success and self._lists(contract, name):
            return Removal.WITHOUT_EFFECT, "a deleted instance can still be started"
        again = self._guarded(lambda: self._agent.call(deploy, json=deploy_body(name, self._image)))
        if again is not None and again.status >= 400:  # noqa: PLR2004 - errors, RFC 9110 section 15.5
            return Removal.LEAVES_CONTAINER, f"the name of a deleted instance cannot be deployed: {again.describe()}"
        self._guarded(lambda: self._agent.call(delete, name))
        return Removal.WORKS, "an instance was deleted, and its name was free again"

    def _lists(self, contract: Contract, name: str) -> bool:
        """Return whether the listing still has a name; a listing that cannot be read does not speak against it."""
        listing = self._guarded(lambda: self._agent.call(contract.operation("core.tools.list")))
        return listing is None or listing.member("tools") is None or name in listing.text

    def _is_stub(self, deploy: Operation) -> bool:
        if deploy.creates != "instance":
            return False
        body = deploy_body(self._doubted, UNRESOLVABLE_IMAGE)
        answer = self._guarded(lambda: self._agent.call(deploy, json=body))
        return answer is not None and answer.status < 400  # noqa: PLR2004 - errors, RFC 9110 section 15.5

    def _made(self, deploy: Operation, name: str) -> bool:
        body = (
            deploy_body(name, self._image)
            if deploy.creates == "instance"
            else group_body(name, [f"{name}-server"], self._image)
        )
        answer = self._guarded(lambda: self._agent.call(deploy, json=body))
        # An agent may say it with another success than the documented one, which is the finding of a clause.
        return answer is not None and 200 <= answer.status < 300  # noqa: PLR2004 - RFC 9110 section 15.3

    def _remove(self, remove: Operation, kind: str) -> None:
        self._guarded(lambda: self._agent.call(remove, self._doubted if kind == "instance" else self._group))

    def _asked_of_existing(self, operation: Operation) -> Mounting:
        assert operation.subject is not None
        name = self._doubted if operation.subject.kind == "instance" else self._group
        body = valid_body(operation, name, self._image)
        answer = self._guarded(lambda: self._agent.call(operation, name, json=body))
        if answer is None:
            return Mounting(MountState.UNKNOWN, "the target broke off its answer")
        return compare(answer, self._controls_of(operation, name), [name, self._nowhere], self._volatile)

    def _guarded(self, ask: Callable[[], Exchange]) -> Exchange | None:
        try:
            return ask()
        except TargetGoneError:
            raise
        except (NotJudgedError, ClauseViolatedError):
            return None

    def _names(self, operation: Operation, name: str) -> tuple[str, ...]:
        return tuple(name for part in operation.path.split("/") if part.startswith("{"))

    def _controls_of(self, operation: Operation, name: str) -> tuple[Exchange, ...]:
        parts = [name if part.startswith("{") else part for part in operation.path.split("/")]
        sibling = "/".join([*parts[:-1], self._nowhere])
        child = "/".join([*parts, self._nowhere]).replace("//", "/")
        # A parameter at the end matches any sibling, so that only a path below it surely does not exist.
        paths = [child] if operation.path.endswith("}") else list(dict.fromkeys([sibling, child]))
        return tuple(self._control(operation, path) for path in paths)

    def _control(self, operation: Operation, path: str) -> Exchange:
        if (operation.method, path) not in self._controls:
            body: Any = {} if operation.request_schema is not None else ...
            first, second = (self._agent.send(operation.method, path, json=body) for _ in range(2))
            self._controls[operation.method, path] = first
            self._volatile |= _differences(first, second, [self._absent, self._nowhere])
            self._servers |= {first.fingerprint().server, second.fingerprint().server}
            if len(self._servers) > 1:
                # Several processes answer, or proxies: who it was tells nothing of the route.
                self._volatile.add("server")
        return self._controls[operation.method, path]

    def _by_options(self, operation: Operation) -> Mounting | None:
        path = "/".join(self._absent if part.startswith("{") else part for part in operation.path.split("/"))
        answer = self._guarded(lambda: self._agent.send("OPTIONS", path))
        allowed = answer.headers.get("allow", "") if answer else ""
        methods = {method.strip().upper() for method in allowed.split(",")}
        # Only a positive is proof: a fallback of the app swallows OPTIONS of routes on the app itself.
        if answer is None or operation.method not in methods:
            return None
        control = self._guarded(lambda: self._agent.send("OPTIONS", f"/{self._nowhere}"))
        if control is not None and control.headers.get("allow", "") == allowed:
            return None
        return Mounting(MountState.MOUNTED, f"OPTIONS {path} answers Allow: {allowed}", answer)
