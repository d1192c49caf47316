"""What a run will judge, and what its workers know of it. The contract and the baseline are read here, once."""

from __future__ import annotations

import datetime as dt
import random
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dtma_contract.baseline import Accepted, read_baseline
from dtma_contract.clauses import select
from dtma_contract.contract import Contract
from dtma_contract.errors import UsageError, closest
from dtma_contract.run_identity import RunIdentity
from dtma_contract.settings import Settings
from dtma_contract.shipped import load_clauses, load_contract, load_yaml
from dtma_contract.survey import Survey
from dtma_contract.verdict import Clause

__all__ = ["Plan", "RunInfo"]

_SEED_BITS = 32


@dataclass(frozen=True)
class Plan:
    """What a run will judge, read and checked before anything is sent.

    Attributes:
        settings: as asked for, the seed chosen.
        contract: the contract.
        clauses: all clauses, in order.
        selected: the ids of those that are judged.
        accepted: the baseline's entries.
        identity: who the run is.
    """

    settings: Settings
    contract: Contract
    clauses: tuple[Clause, ...]
    selected: frozenset[str]
    accepted: tuple[Accepted, ...]
    identity: RunIdentity

    @classmethod
    def make(cls, settings: Settings, identity: RunIdentity | None = None) -> Plan:
        """Return the plan of a run.

        Args:
            settings: what was asked for.
            identity: of the run; a worker is told its run's.

        Raises:
            UsageError: the contract, the baseline, a profile or a selector is wrong.
        """
        contract = load_contract(settings.contract)
        # What nothing was given for is no clause of the run.
        clauses = tuple(
            clause for clause in load_clauses(contract) if settings.compares or not clause.id.startswith("drift/")
        )
        for profile in settings.profiles:
            if profile not in {*contract.profiles, "all"}:
                raise UsageError(f'Unknown profile "{profile}".', closest(profile, [*contract.profiles, "all"]))
        selected = frozenset(clause.id for clause in select(clauses, settings.only))
        accepted: tuple[Accepted, ...] = ()
        if settings.baseline is not None:
            document = load_yaml(settings.baseline, "The baseline")
            accepted = read_baseline(document, [clause.id for clause in clauses], str(settings.baseline))
        seed = secrets.randbits(_SEED_BITS) if settings.seed is None else settings.seed
        # The names of a run are never taken from its seed: a replay must not meet what the first run left.
        fresh = identity or RunIdentity.new(dt.datetime.now(tz=dt.UTC), random.SystemRandom())
        return cls(replace(settings, seed=seed), contract, clauses, selected, accepted, fresh)

    @property
    def folder(self) -> Path:
        """The folder of the run's reports."""
        return self.settings.reports.resolve() / self.identity.run

    def make_folder(self) -> None:
        """Make the folder of the run's reports, for its owner alone.

        Raises:
            UsageError: it cannot be made.
        """
        try:
            self.folder.mkdir(parents=True, mode=0o700)
        except OSError as problem:
            raise UsageError(
                f"The folder {self.settings.reports} cannot hold the reports: {problem.strerror or problem}.",
                "Name another one with --reports.",
            ) from None

    def clause(self, clause_id: str) -> Clause:
        """Return the clause of that id."""
        return next(clause for clause in self.clauses if clause.id == clause_id)

    def judges_profile(self, profile: str, survey: Survey) -> bool:
        """Return whether a profile is judged: core always, another when it is named or offered."""
        named = set(self.settings.profiles)
        return profile == "core" or profile in named or "all" in named or profile in survey.offered(self.contract)


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What every worker knows of the run; it holds no secret.

    Attributes:
        settings: as JSON data.
        identity: run id and namespace.
        fence: base URL of the fence.
        target: URL of the target, for people.
        survey: as JSON data.
    """

    settings: Mapping[str, Any]
    identity: tuple[str, str]
    fence: str
    target: str
    survey: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return the information as JSON data."""
        return {
            "settings": dict(self.settings),
            "identity": list(self.identity),
            "fence": self.fence,
            "target": self.target,
            "survey": dict(self.survey),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RunInfo:
        """Return the information that :meth:`to_json` wrote."""
        run, namespace = data["identity"]
        return cls(data["settings"], (run, namespace), data["fence"], data["target"], data["survey"])
