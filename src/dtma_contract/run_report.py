"""What a run came to: the one value that every report format reads. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dtma_contract.baseline import BaselineComparison
from dtma_contract.clauses import aspect_of
from dtma_contract.cleanup import LeftBehind
from dtma_contract.contract import Contract
from dtma_contract.diagnosis.attribution import Attributed
from dtma_contract.verdict import Clause, ClauseResult, ExitCode, Finding, Level, Outcome

__all__ = ["RunReport", "Unusable"]

_JUDGED = {Outcome.KEPT, Outcome.VIOLATED}

# Clauses in which an operation is seen to refuse. For what asks for no token and takes nothing, the path that
# surely does not exist is what is refused.
_REFUSING = {
    "requires-token",
    "rejects-wrong-token",
    "unknown-instance-is-404",
    "unknown-group-is-404",
    "malformed-json-is-400",
}


@dataclass(frozen=True, slots=True)
class Unusable:
    """Why the target could not be judged at all.

    Attributes:
        cause: stable cause id.
        message: what was observed.
        hint: what to do next.
    """

    cause: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class RunReport:
    """A finished run.

    Attributes:
        run: id of the run.
        target: URL of the target.
        contract: the contract judged against.
        seed: of everything random.
        results: one for each clause, in the order of the contract.
        baseline: the findings sorted by what was accepted before.
        left_behind: what could not be removed.
        unusable: why the target could not be judged, or None.
        interrupted: whether the user stopped the run.
        strict: whether every deviation blocks.
        duration_seconds: of the whole run.
        causes: what the findings come from, as far as that is certain, with the remedy.
    """

    run: str
    target: str
    contract: Contract
    seed: int
    results: tuple[ClauseResult, ...]
    baseline: BaselineComparison
    left_behind: tuple[LeftBehind, ...]
    unusable: Unusable | None
    interrupted: bool
    strict: bool
    duration_seconds: float
    causes: tuple[Attributed, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, broken judging first, then must before should."""
        found = [finding for result in self.results for finding in result.findings]
        return tuple(sorted(found, key=lambda finding: (finding.outcome != Outcome.ERROR, finding.level != Level.MUST)))

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """The findings that make the run fail: not accepted before, and must unless strict."""
        return tuple(
            finding
            for finding in self.findings
            if self.baseline.blocks(finding) and (self.strict or finding.level == Level.MUST)
        )

    @property
    def unexpectedly_not_judged(self) -> tuple[ClauseResult, ...]:
        """Clauses that were asked for and could not be judged, only must clauses of core unless strict."""
        return tuple(
            result
            for result in self.results
            if result.outcome == Outcome.NOT_JUDGED
            and not result.chosen
            and (self.strict or (result.clause.level == Level.MUST and self._profile(result.clause) == "core"))
        )

    @property
    def exit_code(self) -> ExitCode:
        """The exit code, the worst reason first."""
        outcomes = {result.outcome for result in self.results}
        if self.interrupted:
            return ExitCode.INTERRUPTED
        if self.unusable:
            return ExitCode.TARGET_UNUSABLE
        if Outcome.ERROR in outcomes:
            return ExitCode.ENGINE_ERROR
        if self.blocking or self.left_behind:
            return ExitCode.VIOLATED
        if not outcomes & _JUDGED:
            return ExitCode.NOTHING_JUDGED
        return ExitCode.VIOLATED if self.unexpectedly_not_judged else ExitCode.KEPT

    @property
    def outcome(self) -> str:
        """The exit code in a word; ``not-judged`` where a must clause of core could not be judged."""
        if self.exit_code == ExitCode.VIOLATED and not self.blocking and not self.left_behind:
            return Outcome.NOT_JUDGED
        return {
            ExitCode.KEPT: "kept",
            ExitCode.VIOLATED: "violated",
            ExitCode.INTERRUPTED: "interrupted",
            ExitCode.ENGINE_ERROR: "error",
            ExitCode.USAGE: "usage",
            ExitCode.NOTHING_JUDGED: "nothing-judged",
            ExitCode.TARGET_UNUSABLE: "target-unusable",
        }[self.exit_code]

    @property
    def clause_counts(self) -> Mapping[Outcome, int]:
        """How many clauses came to each outcome."""
        return Counter(result.outcome for result in self.results)

    @property
    def operations_total(self) -> int:
        """How many operations belong to the profiles that were judged, within the clauses selected."""
        return len(self._operations())

    @property
    def operations_judged(self) -> int:
        """How many of them were seen to succeed as well as to refuse, or seen to break one of both."""
        return sum(self._judged(operation) for operation in self._operations())

    def to_json(self) -> dict[str, Any]:
        """Return the documented JSON document."""
        return {
            "run": self.run,
            "target": self.target,
            "contract": self.contract.version,
            "seed": self.seed,
            "outcome": self.outcome,
            "exit_code": int(self.exit_code),
            "operations": {"judged": self.operations_judged, "total": self.operations_total},
            "clauses": {str(outcome): self.clause_counts[outcome] for outcome in Outcome},
            "findings": [finding.to_json() for finding in self.findings] + self._unusable_findings(),
            "causes": [
                {
                    "id": cause.told.id,
                    "title": cause.told.title,
                    "clauses": list(cause.clauses),
                    "remedy": {
                        "scenario": str(cause.told.remedy.scenario),
                        "text": cause.told.remedy.text,
                        "commands": list(cause.told.remedy.commands),
                    },
                }
                for cause in self.causes
            ],
            "not_judged": [
                {"clause": result.clause.id, "reason": result.reason}
                for result in self.results
                if result.outcome in {Outcome.NOT_JUDGED, Outcome.NOT_OFFERED}
            ],
            "baseline": self.baseline.to_json(),
            "left_behind": [
                {"kind": item.kind, "name": item.name, "reason": item.reason, "command": item.command}
                for item in self.left_behind
            ],
            "duration_seconds": round(self.duration_seconds, 3),
        }

    def _unusable_findings(self) -> list[dict[str, Any]]:
        if self.unusable is None:
            return []
        return [
            {
                "clause": None,
                "level": Level.MUST,
                "outcome": Outcome.NOT_JUDGED,
                "operation": None,
                "title": self.unusable.message,
                "expected": ["a DTMA that answers and accepts the token"],
                "actual": self.unusable.message,
                "cause": self.unusable.cause,
                "reproduce": f"curl -isS {self.target}/",
                "hint": self.unusable.hint,
            }
        ]

    def _profile(self, clause: Clause) -> str | None:
        return self.contract.operation(clause.operations[0]).profile if clause.operations else None

    def _operations(self) -> tuple[str, ...]:
        return tuple(
            dict.fromkeys(
                result.clause.operations[0]
                for result in self.results
                if result.outcome != Outcome.NOT_OFFERED and "/" in result.clause.id and self._is_of_operation(result)
            )
        )

    def _is_of_operation(self, result: ClauseResult) -> bool:
        return result.clause.id.rpartition("/")[0] == result.clause.operation

    def _judged(self, operation: str) -> bool:
        outcomes = {
            aspect_of(result.clause): result.outcome
            for result in self.results
            if result.clause.operation == operation and self._is_of_operation(result)
        }
        if outcomes.get("mounted") == Outcome.VIOLATED:
            return True
        refusing: set[Outcome | None] = {outcome for name, outcome in outcomes.items() if name in _REFUSING}
        return outcomes.get("success") in _JUDGED and bool((refusing or {outcomes.get("mounted")}) & _JUDGED)
