"""What the suite says: clauses, outcomes, findings. Pure."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from dtma_contract.contract import EffectLevel

__all__ = ["Clause", "ClauseResult", "ExitCode", "Finding", "Level", "Outcome"]


class Level(enum.StrEnum):
    """How much a clause weighs: the callers break without a ``must``; a ``should`` is robustness."""

    MUST = "must"
    SHOULD = "should"


class Outcome(enum.StrEnum):
    """What came of a clause, worst first."""

    ERROR = "error"
    VIOLATED = "violated"
    NOT_JUDGED = "not-judged"
    NOT_OFFERED = "not-offered"
    KEPT = "kept"


class ExitCode(enum.IntEnum):
    """The exit codes of every command."""

    KEPT = 0
    VIOLATED = 1
    INTERRUPTED = 2
    ENGINE_ERROR = 3
    USAGE = 4
    NOTHING_JUDGED = 5
    TARGET_UNUSABLE = 6


@dataclass(frozen=True, slots=True)
class Clause:
    """One promise that can be judged on its own.

    Attributes:
        id: stable id and selector, such as ``core.tools.start/mounted``.
        level: must or should.
        text: the promise, one sentence.
        reason: what breaks when it is not kept, one sentence.
        operations: ids of the operations that it speaks of, the judged one first.
        needs: the lowest effect level at which it can be judged.
    """

    id: str
    level: Level
    text: str
    reason: str
    operations: tuple[str, ...]
    needs: EffectLevel

    @property
    def operation(self) -> str | None:
        """The operation that the clause judges, or None where it speaks of the whole agent."""
        return self.operations[0] if self.operations else None


@dataclass(frozen=True, slots=True)
class Finding:
    """A violated clause, or one whose judging broke.

    Attributes:
        clause: id of the clause.
        level: of the clause.
        outcome: ``violated`` or ``error``.
        operation: id of the operation judged, or None.
        title: one sentence.
        expected: what would have been right; any one of them.
        actual: what was seen.
        cause: stable cause id where it is known, else None.
        reproduce: a curl line, or an empty string where one request does not show it.
    """

    clause: str
    level: Level
    outcome: Outcome
    operation: str | None
    title: str
    expected: tuple[str, ...]
    actual: str
    cause: str | None = None
    reproduce: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the finding as JSON data, keys in the documented order."""
        return asdict(self) | {
            "level": str(self.level),
            "outcome": str(self.outcome),
            "expected": list(self.expected),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Finding:
        """Return the finding that :meth:`to_json` wrote."""
        return cls(
            **{
                **data,
                "level": Level(data["level"]),
                "outcome": Outcome(data["outcome"]),
                "expected": tuple(data["expected"]),
            }
        )


@dataclass(frozen=True, slots=True)
class ClauseResult:
    """What came of one clause in one run.

    Attributes:
        clause: the clause.
        outcome: what came of it.
        reason: why it was not judged or not offered; empty otherwise.
        chosen: whether the run's own limits (effects, depth) are the reason, not the target.
        findings: what is wrong, where violated or broken.
        left: names of containers that the target left behind and does not know of.
        seconds: how long the judging took.
    """

    clause: Clause
    outcome: Outcome
    reason: str = ""
    chosen: bool = False
    findings: tuple[Finding, ...] = field(default=())
    left: tuple[str, ...] = ()
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return what :meth:`from_json` reads, the clause by its id."""
        return {
            "clause": self.clause.id,
            "outcome": str(self.outcome),
            "reason": self.reason,
            "chosen": self.chosen,
            "findings": [finding.to_json() for finding in self.findings],
            "left": list(self.left),
            "seconds": self.seconds,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], clause: Clause) -> ClauseResult:
        """Return the result of a clause that :meth:`to_json` wrote."""
        return cls(
            clause=clause,
            outcome=Outcome(data["outcome"]),
            reason=data["reason"],
            chosen=data["chosen"],
            findings=tuple(Finding.from_json(finding) for finding in data["findings"]),
            left=tuple(data["left"]),
            seconds=data["seconds"],
        )
