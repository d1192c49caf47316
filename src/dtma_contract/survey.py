"""Which operations a live target has mounted, told without side effects by the ways of ``mounting``.

An answer that looks like the fallback is no proof of absence where the operation acts on something named: an agent may
answer an unknown instance in the fallback's shape. There a real instance decides, if the run may create one; if not,
broken percent-encoding shows where the path is there after all, so that nothing false is said of it.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dtma_contract.agent import VALID, Agent
from dtma_contract.bodies import UNRESOLVABLE_IMAGE, deploy_body, group_body, valid_body
from dtma_contract.contract import Contract, Effect, EffectLevel, Operation
from dtma_contract.evidence import Exchange
from dtma_contract.judgement import ClauseViolatedError, NotJudgedError, TargetGoneError
from dtma_contract.mount_probes import MountProbes
from dtma_contract.mounting import BrokenEncoding, Mounting, MountState, Probe
from dtma_contract.run_identity import RunIdentity

__all__ = ["Removal", "Survey", "survey_target", "surveyed_instance"]

_NOTHING_MADE = "nothing was made"


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

    @property
    def mountings(self) -> Mapping[str, tuple[MountState, str]]:
        """State and evidence, by operation id."""
        return {name: (state, self.evidence[name]) for name, state in self.states.items()}

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
    if effects < EffectLevel.LIFECYCLE:
        mountings |= prober.doubt_by_encoding(contract, mountings)
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
        self._probes = MountProbes(agent.send, run.name("absent"), run.name("nowhere"))
        self._instance = surveyed_instance(run)
        self._group = run.name("surveyed-group")
        self._image = probe_image
        self._doubted = run.name("doubted")

    def ask_controls(self, contract: Contract) -> None:
        """Ask every control twice: where two answers to one path differ, a difference tells nothing."""
        for operation in contract.operations:
            if operation.effect.level == EffectLevel.RESTART:
                continue
            probe = Probe.of(operation)
            paths = probe.controls(self._probes.absent, self._probes.nowhere)
            self._probes.ask_controls((probe, path, VALID) for path in paths)

    def probe(self, operation: Operation) -> Mounting:
        probe, absent = Probe.of(operation), self._probes.absent
        if operation.effect.level == EffectLevel.RESTART:
            return self._probes.by_options(probe) or Mounting(
                MountState.UNKNOWN, f"it cannot be asked for without its effect ({operation.effect})"
            )
        try:
            answer = self._agent.send(probe.method, probe.at(absent), json=probe.body)
            mounting = self._probes.compare_with_controls(probe, answer)
        except TargetGoneError:
            raise
        except NotJudgedError as refused:
            return Mounting(MountState.UNKNOWN, refused.reason)
        except ClauseViolatedError as broken:
            return Mounting(MountState.UNKNOWN, broken.actual, broken.exchange)
        if mounting.state == MountState.MISSING:
            return self._probes.by_options(probe) or mounting
        return mounting

    def doubt_by_encoding(self, contract: Contract, mountings: Mapping[str, Mounting]) -> dict[str, Mounting]:
        """Return as unknown what looks missing, and fails on broken percent-encoding, which a missing path does not."""
        doubted: dict[str, Mounting] = {}
        for operation in contract.operations:
            if operation.subject is None or mountings[operation.id].state != MountState.MISSING:
                continue
            broken, answer = self._probes.by_broken_encoding(Probe.of(operation))
            if broken is BrokenEncoding.CHOKED and answer is not None:
                doubted[operation.id] = Mounting(
                    MountState.UNKNOWN,
                    f"{answer.method} {answer.target} is answered with {answer.status}, so that the path is there; "
                    "a name that exists would show whether the method is, and this run makes none",
                    answer,
                )
        return doubted

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
        return self._probes.compare_with_controls(Probe.of(operation), answer, name)

    def _guarded(self, ask: Callable[[], Exchange]) -> Exchange | None:
        try:
            return ask()
        except TargetGoneError:
            raise
        except (NotJudgedError, ClauseViolatedError):
            return None
