"""The main command, run as its user would, and what it said."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dtma_contract.shipped import load_clauses, load_contract

from .clean_run import run_contract
from .express import ExpressAgent
from .reference import Reference

__all__ = ["Verdict", "verify"]


@dataclass(frozen=True)
class Verdict:
    """What ``dtma-contract verify --format json`` said."""

    exit_code: int
    document: dict[str, Any]
    stderr: str

    @property
    def violated(self) -> set[str]:
        """Ids of the violated clauses."""
        return {finding["clause"] for finding in self.document["findings"] if finding["outcome"] == "violated"}

    @property
    def broken(self) -> set[str]:
        """Ids of the clauses whose judging broke."""
        return {finding["clause"] for finding in self.document["findings"] if finding["outcome"] == "error"}

    @property
    def causes(self) -> set[str]:
        """The causes that are named."""
        return self.causes_of({finding["clause"] for finding in self.document["findings"]})

    def causes_of(self, clauses: set[str]) -> set[str]:
        """Return the causes that are named where these clauses are found violated."""
        findings = [finding for finding in self.document["findings"] if finding["clause"] in clauses]
        return {finding["cause"] for finding in findings if finding["cause"]}

    @property
    def not_judged(self) -> set[str]:
        """Ids of the clauses that were not judged or not offered."""
        return {entry["clause"] for entry in self.document["not_judged"]}

    @property
    def kept(self) -> set[str]:
        """Ids of the clauses that were kept, for a run of all clauses that a target alone can keep."""
        clauses = {clause.id for clause in load_clauses(load_contract()) if clause.operations}
        return clauses - self.violated - self.broken - self.not_judged


def verify(agent: Reference | ExpressAgent, folder: Path, *options: str, seconds: float = 300) -> Verdict:
    """Judge an agent.

    Args:
        agent: the agent.
        folder: where the reports go.
        options: further options.
        seconds: how long it may take.
    """
    done = run_contract(
        *("verify", "--target", agent.url, "--format", "json", *options),
        cwd=folder,
        env={"DTMA_BEARER_TOKEN": agent.token},
        seconds=seconds,
    )
    assert done.stdout, done.stderr
    return Verdict(done.exit_code, json.loads(done.stdout), done.stderr)
