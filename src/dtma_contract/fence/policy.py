"""Whether a request may reach the target. Pure, and the heart of the fence.

A request is allowed only if *every* way in which a server might read it is allowed. Reads are. What has an effect
must be documented, must stand within the run's effect level, and must act on a name of the run's own namespace: such a
name is either the run's own or provably names nothing, since nobody else creates names there.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from dtma_contract.contract import Contract, Effect, EffectLevel, Operation
from dtma_contract.fence.creates import judge_create
from dtma_contract.fence.decisions import Allow, FenceRequest, Reason, Refuse, Thing, header_values, sentence
from dtma_contract.fence.names import is_own, may_mean_several
from dtma_contract.fence.request_bodies import AmbiguousBodyError, json_objects, strings_of
from dtma_contract.fence.targets import AmbiguousTargetError, query_names, readings

__all__ = ["Policy", "decide"]

# RFC 9110 section 9.2.1: the safe methods.
_READS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_OVERRIDE_HEADERS: Final = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")
# Some servers take the path from these (IIS, Symfony and Zend behind it).
_PATH_HEADERS: Final = ("X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Uri")
_HARMLESS_COMMAND: Final = re.compile(r"true|false|echo (dtmac-[A-Za-z0-9._-]+)", re.ASCII)


@dataclass(frozen=True, eq=False)
class Policy:
    """What a run may do.

    Attributes:
        contract: the operations and their effects.
        namespace: what every name that the run may touch begins with.
        effects: how far the run may go.
        probe_image: the one image that it may deploy.
    """

    contract: Contract
    namespace: str
    effects: EffectLevel
    probe_image: str

    @cached_property
    def templates(self) -> tuple[tuple[Operation, tuple[str | None, ...]], ...]:
        """The operations with their paths as segments in lower case, None for a parameter."""
        return tuple((operation, _template(operation.path)) for operation in self.contract.operations)

    @cached_property
    def templates_by_shape(self) -> dict[tuple[str, int], list[tuple[Operation, tuple[str | None, ...]]]]:
        """The same, by method and number of segments."""
        shapes: dict[tuple[str, int], list[tuple[Operation, tuple[str | None, ...]]]] = {}
        for operation, template in self.templates:
            shapes.setdefault((operation.method, len(template)), []).append((operation, template))
        return shapes

    def matching(self, method: str, segments: tuple[str, ...]) -> list[tuple[Operation, tuple[str | None, ...]]]:
        """Return the operations of a method whose paths match, with their templates."""
        folded = tuple(segment.lower() for segment in segments)
        shapes = self.templates_by_shape.get((method, len(segments)), ())
        return [(operation, template) for operation, template in shapes if _matches(template, folded)]

    @cached_property
    def literals(self) -> frozenset[str]:
        """All literal segments of documented paths, in lower case."""
        return frozenset(segment for _, template in self.templates for segment in template if segment)

    @cached_property
    def effective_reads(self) -> bool:
        """Whether the contract documents a safe method that has an effect after all."""
        return any(op.method in _READS and op.effect is not Effect.READ for op in self.contract.operations)

    def operation_of(self, method: str, target: bytes) -> Operation | None:
        """Return the operation that a request speaks to at first sight, for records; the most literal path wins."""
        path = target.decode("latin-1").partition("?")[0]
        segments = tuple(path.strip("/").split("/")) if path.strip("/") else ()
        found = [(template.count(None), operation) for operation, template in self.matching(method, segments)]
        return min(found, key=lambda pair: pair[0])[1] if found else None


def decide(request: FenceRequest, policy: Policy, created: Collection[str]) -> Allow | Refuse:
    """Say whether a request may be sent.

    Args:
        request: the request.
        policy: what the run may do.
        created: the names that the ledger holds.
    """
    refusal = _check_form(request)
    if refusal is not None:
        return refusal
    method = request.method.upper()
    reads = method in _READS
    if reads and not policy.effective_reads:
        return Allow()
    if any(header_values(request, name) for name in _PATH_HEADERS):
        return Refuse(Reason.AMBIGUOUS_REQUEST, "Some servers would act on the path in a header.")
    try:
        paths = readings(request.target)
    except AmbiguousTargetError as problem:
        return Allow() if reads else Refuse(Reason.AMBIGUOUS_REQUEST, sentence(problem))
    things: dict[Thing, None] = {}
    for segments in sorted(paths):
        decision = _decide_path(request, method, segments, policy, created)
        if isinstance(decision, Refuse):
            return decision
        things.update(dict.fromkeys(decision.things))
    return Allow(tuple(things))


def _check_form(request: FenceRequest) -> Refuse | None:
    if not request.target.startswith(b"/") and request.target != b"*":
        return Refuse(Reason.AMBIGUOUS_REQUEST, "The request target names a host, to which a proxy might send it.")
    overrides = [value for name in _OVERRIDE_HEADERS for value in header_values(request, name)]
    overrides += query_names(request.target).get("_method", [])
    for value in overrides:
        if not set(re.split(r"[\s,;]+", value.upper().strip())) <= _READS:
            return Refuse(Reason.AMBIGUOUS_REQUEST, "Some servers would carry out another method than the one sent.")
    return None


def _decide_path(
    request: FenceRequest, method: str, segments: tuple[str, ...], policy: Policy, created: Collection[str]
) -> Allow | Refuse:
    documented = policy.matching(method, segments)
    if not documented:
        return Allow() if method in _READS else _decide_undocumented(segments, policy)
    things: dict[Thing, None] = {}
    for operation, template in documented:
        decision = _decide_operation(request, operation, _subject(operation, template, segments), policy, created)
        if isinstance(decision, Refuse):
            return decision
        things.update(dict.fromkeys(decision.things))
    return Allow(tuple(things))


def _decide_operation(
    request: FenceRequest, operation: Operation, subject: str | None, policy: Policy, created: Collection[str]
) -> Allow | Refuse:
    if operation.effect is Effect.READ:
        return Allow()
    if operation.effect is Effect.CREATE:
        return _decide_create(request, operation, policy)
    if subject is not None:
        return _decide_subject(operation, subject, policy, created)
    return _decide_agent(request, operation, policy)


def _decide_create(request: FenceRequest, operation: Operation, policy: Policy) -> Allow | Refuse:
    create = judge_create(request, policy.namespace, policy.probe_image)
    if isinstance(create.decision, Allow) and not create.harmless and policy.effects < EffectLevel.LIFECYCLE:
        return _too_far(operation, policy)
    return create.decision


def _decide_agent(request: FenceRequest, operation: Operation, policy: Policy) -> Allow | Refuse:
    """Judge an effect on the agent or its host, with no name in the path."""
    if operation.effect.level is not EffectLevel.RESTART:
        return Refuse(Reason.NOT_OWNED, f"Nothing shows whose {operation.id} would be.")
    if policy.effects < operation.effect.level:
        return _too_far(operation, policy)
    return _decide_shell(request, policy) if operation.effect is Effect.SHELL else Allow()


def _decide_subject(operation: Operation, subject: str, policy: Policy, created: Collection[str]) -> Allow | Refuse:
    if not is_own(subject, policy.namespace):
        return Refuse(
            Reason.NOT_OWNED, f'{operation.id} of "{subject[:80]}"; names of this run begin with {policy.namespace}.'
        )
    if may_mean_several(subject):
        return Refuse(Reason.AMBIGUOUS_REQUEST, f'The name "{subject[:80]}" may be read as a pattern or command.')
    # A name of the namespace that the ledger does not hold names nothing, so that no effect is possible.
    if subject in created and policy.effects < operation.effect.level:
        return _too_far(operation, policy)
    return Allow()


def _decide_undocumented(segments: tuple[str, ...], policy: Policy) -> Allow | Refuse:
    own = [is_own(segment, policy.namespace) for segment in segments]
    for segment, is_name in zip(segments, own, strict=True):
        if is_name and may_mean_several(segment):
            return Refuse(Reason.AMBIGUOUS_REQUEST, f'The name "{segment[:80]}" may be read as a pattern or command.')
        if not is_name and segment.lower() not in policy.literals:
            return Refuse(Reason.UNDOCUMENTED_EFFECT, f'"{segment[:80]}" is neither documented nor of this run.')
    if not any(own):
        return Refuse(Reason.UNDOCUMENTED_EFFECT, "The contract documents no such request, so its effect is unknown.")
    # What stands before the run's first name leads to it as documented; else a literal might be somebody's name.
    lead = tuple(segment.lower() for segment in segments[: own.index(True)])
    if not any(template[: len(lead)] == lead for _, template in policy.templates):
        return Refuse(Reason.UNDOCUMENTED_EFFECT, f'No documented path begins with "/{"/".join(lead)}".')
    return Allow()


def _decide_shell(request: FenceRequest, policy: Policy) -> Allow | Refuse:
    try:
        bodies = json_objects(request, ("command",))
    except AmbiguousBodyError as problem:
        return Refuse(Reason.AMBIGUOUS_REQUEST, sentence(problem))
    for text in (text for body in bodies for text in strings_of(body) if text):
        match = _HARMLESS_COMMAND.fullmatch(text)
        if match is None or (match[1] and not is_own(match[1], policy.namespace)):
            return Refuse(
                Reason.EFFECT_LEVEL, "Only the commands true, false and echo with a name of the run are ever sent."
            )
    return Allow()


def _too_far(operation: Operation, policy: Policy) -> Refuse:
    needed = operation.effect.level
    return Refuse(Reason.EFFECT_LEVEL, f"{operation.id} needs the effect level {needed}, the run has {policy.effects}.")


def _template(path: str) -> tuple[str | None, ...]:
    stripped = path.strip("/")
    return tuple(None if part.startswith("{") else part.lower() for part in stripped.split("/")) if stripped else ()


def _matches(template: tuple[str | None, ...], folded: tuple[str, ...]) -> bool:
    return all(expected is None or expected == segment for expected, segment in zip(template, folded, strict=True))


def _subject(operation: Operation, template: tuple[str | None, ...], segments: tuple[str, ...]) -> str | None:
    if operation.subject is None:
        return None
    position = operation.path.strip("/").split("/").index("{" + operation.subject.parameter + "}")
    return segments[position] if template[position] is None else None
