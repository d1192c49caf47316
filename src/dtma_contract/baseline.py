"""Accepted deviations of a named target: findings sorted into new, known, expired and fixed. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dtma_contract.errors import UsageError, closest
from dtma_contract.verdict import ClauseResult, Finding, Outcome

__all__ = ["Accepted", "BaselineComparison", "compare", "read_baseline"]


_KEYS = ("clause", "reason", "expires")


@dataclass(frozen=True, slots=True)
class Accepted:
    """One deviation that is known and accepted for a time.

    Attributes:
        clause: id of the clause.
        reason: why it is accepted.
        expires: the last day on which it is, or None for no end.
    """

    clause: str
    reason: str
    expires: dt.date | None


@dataclass(frozen=True, slots=True)
class BaselineComparison:
    """Clause ids with a finding, by what was accepted before.

    Attributes:
        new: not accepted.
        known: accepted.
        expired: accepted until a day that has passed.
        fixed: accepted, and kept now; the entry can go.
    """

    new: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    expired: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()

    def blocks(self, finding: Finding) -> bool:
        """Return whether the finding is not covered by an entry that still holds."""
        return finding.clause not in self.known

    def to_json(self) -> dict[str, list[str]]:
        """Return the comparison as JSON data."""
        return {
            "new": list(self.new),
            "known": list(self.known),
            "expired": list(self.expired),
            "fixed": list(self.fixed),
        }


def read_baseline(document: Any, known_clauses: Iterable[str], origin: str) -> tuple[Accepted, ...]:
    """Return the accepted deviations that a decoded baseline file states.

    Args:
        document: ``{accepted: [{clause, reason, expires?}]}``.
        known_clauses: all clause ids.
        origin: how error messages name the file.

    Raises:
        UsageError: it is malformed, gives no reason, or names an unknown clause.
    """
    entries = document.get("accepted") if isinstance(document, Mapping) else None
    if not isinstance(entries, list):
        raise UsageError(
            f"{origin} is no baseline.", "It should read `accepted: [{clause: …, reason: …, expires: …}]`."
        )
    _refuse_unknown(document, ("accepted",), origin)
    known = set(known_clauses)
    accepted: dict[str, Accepted] = {}
    for number, item in enumerate(entries, 1):
        entry = _entry(item, known, f"{origin}, entry {number}")
        if entry.clause in accepted:
            raise UsageError(
                f'{origin}, entry {number}: "{entry.clause}" is accepted twice.', "Two days of expiry cannot both hold."
            )
        accepted[entry.clause] = entry
    return tuple(accepted.values())


def compare(results: Iterable[ClauseResult], accepted: Iterable[Accepted], today: dt.date) -> BaselineComparison:
    """Sort findings by what was accepted before.

    Args:
        results: of the run.
        accepted: entries of the baseline.
        today: the day on which expiry is judged.
    """
    entries = {entry.clause: entry for entry in accepted}
    listed = tuple(results)
    violated = [result.clause.id for result in listed if result.outcome == Outcome.VIOLATED]
    kept = {result.clause.id for result in listed if result.outcome == Outcome.KEPT}
    expired = {name for name, entry in entries.items() if entry.expires is not None and entry.expires < today}
    return BaselineComparison(
        new=tuple(name for name in violated if name not in entries),
        known=tuple(name for name in violated if name in entries and name not in expired),
        expired=tuple(name for name in violated if name in expired),
        fixed=tuple(name for name in entries if name in kept),
    )


def _entry(entry: Any, known: set[str], origin: str) -> Accepted:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("clause"), str) or not _reason(entry):
        raise UsageError(f"{origin} lacks a clause or a reason.", "Say why the deviation is accepted.")
    # Left alone, a misspelt `expires` would accept the deviation for ever.
    _refuse_unknown(entry, _KEYS, origin)
    if entry["clause"] not in known:
        raise UsageError(f'{origin}: unknown clause "{entry["clause"]}".', closest(entry["clause"], known))
    expires = entry.get("expires")
    if isinstance(expires, str):
        try:
            expires = dt.date.fromisoformat(expires)
        except ValueError:
            raise UsageError(f'{origin}: "{expires}" is no date.', "Write it as 2027-01-31.") from None
    if isinstance(expires, dt.datetime):
        expires = expires.date()
    if expires is not None and not isinstance(expires, dt.date):
        raise UsageError(f'{origin}: "{expires}" is no date.', "Write it as 2027-01-31.")
    return Accepted(entry["clause"], _reason(entry), expires)


def _reason(entry: Mapping[Any, Any]) -> str:
    reason = entry.get("reason")
    return "" if reason is None else str(reason).strip()


def _refuse_unknown(document: Mapping[Any, Any], known: tuple[str, ...], origin: str) -> None:
    unknown = [str(key) for key in document if key not in known]
    if unknown:
        raise UsageError(f'{origin}: unknown key "{unknown[0]}".', closest(unknown[0], known))
