"""What the pytest plugin keeps with a session, so that fixtures find it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from dtma_contract.plan import Plan, RunInfo
from dtma_contract.run import Run
from dtma_contract.turns import Turns
from dtma_contract.verdict import ClauseResult

__all__ = ["EXPECTED", "INFO", "PLAN", "RESULTS", "RUN", "TURNS", "WORKERS", "HandedRun"]


@dataclass(frozen=True)
class HandedRun:
    """A plugin that brings a run which the caller has prepared already, in place of one made from options.

    Attributes:
        run: the run.
    """

    run: Run


PLAN = pytest.StashKey[Plan]()
RUN = pytest.StashKey[Run]()
INFO = pytest.StashKey[RunInfo]()
TURNS = pytest.StashKey[Turns]()
RESULTS = pytest.StashKey[dict[str, ClauseResult]]()
WORKERS = pytest.StashKey[list[Any]]()  # xdist's own objects, which it gives no types
EXPECTED = pytest.StashKey[set[str]]()
