"""How well incidents are told: expected causes against those ranked first, and how long it took. Text from values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from .incident import MOST_REQUESTS, Incident

__all__ = ["Outcome", "accuracy", "confusion_matrix", "failures", "slowest"]

NONE = "none"
# Where the scene could not be set up, or the command broke.
BROKEN = "(broken)"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one incident.

    Attributes:
        incident: which.
        told: ids of the causes, best first.
        seconds: of the diagnosis.
        requests: that the target got.
        shown_secrets: how many secrets were shown.
        broken: why there was no diagnosis; empty where there was one.
    """

    incident: Incident
    told: tuple[str, ...] = ()
    seconds: float = 0.0
    requests: int = 0
    shown_secrets: int = 0
    broken: str = ""

    @property
    def right(self) -> bool:
        """Whether the causes are the right ones."""
        return not self.broken and self.incident.right(self.told)

    @property
    def expected_first(self) -> str:
        """The cause that was to be ranked first; where several are as good, the one that was."""
        if self.told and self.told[0] in self.incident.or_first:
            return self.told[0]
        return next(iter(self.incident.expected), NONE)

    @property
    def told_first(self) -> str:
        """The cause that was ranked first."""
        return BROKEN if self.broken else next(iter(self.told), NONE)


def accuracy(outcomes: Sequence[Outcome]) -> tuple[int, int]:
    """Return how many were told rightly, of how many."""
    return sum(outcome.right for outcome in outcomes), len(outcomes)


def failures(outcomes: Sequence[Outcome]) -> list[str]:
    """Return what is wrong, a line each: causes, limits, secrets."""
    found = []
    for outcome in outcomes:
        incident = outcome.incident
        said = [
            f"there was no diagnosis: {outcome.broken}"
            if outcome.broken
            else f"expected {_listed(incident.expected)}, told {_listed(outcome.told)}"
            if not outcome.right
            else "",
            f"took {outcome.seconds:.1f} s, more than {incident.seconds:g} s"
            if outcome.seconds > incident.seconds
            else "",
            f"sent {outcome.requests} requests, more than {MOST_REQUESTS}" if outcome.requests > MOST_REQUESTS else "",
            f"showed {outcome.shown_secrets} secrets" if outcome.shown_secrets else "",
        ]
        found += [f"{incident.name}: {each}" for each in said if each]
    return found


def confusion_matrix(outcomes: Sequence[Outcome]) -> str:
    """Return a table of how often what was expected first (rows) was told as what (columns)."""
    counts = Counter((outcome.expected_first, outcome.told_first) for outcome in outcomes)
    rows = sorted({expected for expected, _ in counts})
    columns = sorted({told for _, told in counts})
    width = max(map(len, [*rows, *columns]))
    # Names of causes are long: columns are numbered as rows are, and what was never expected follows.
    named = [*rows, *(each for each in columns if each not in rows)]
    numbers = {name: number for number, name in enumerate(named, 1)}
    lines = [" ".join([" " * (width + 3), *(f"{numbers[each]:>3}" for each in named)])]
    for row in rows:
        cells = (counts.get((row, column), 0) for column in named)
        lines.append(" ".join([f"{numbers[row]:>2} {row:<{width}}", *(f"{cell or '·':>3}" for cell in cells)]))
    lines += [f"{numbers[each]:>2} {each:<{width}} (told, never expected)" for each in named[len(rows) :]]
    return "\n".join(lines)


def slowest(outcomes: Sequence[Outcome], count: int = 5) -> list[str]:
    """Return the slowest diagnoses, a line each."""
    ranked = sorted(outcomes, key=lambda outcome: -outcome.seconds)[:count]
    return [
        f"{outcome.seconds:5.1f} s of {outcome.incident.seconds:g} s, {outcome.requests:2} requests: "
        f"{outcome.incident.name}"
        for outcome in ranked
    ]


def _listed(causes: Sequence[str]) -> str:
    return ", ".join(causes) or NONE
