"""Waiting for an agent that was asked to restart: it goes away, and it comes back."""

from __future__ import annotations

import time
from collections.abc import Callable

from dtma_contract.agent import Agent
from dtma_contract.contract import Contract
from dtma_contract.judgement import ClauseViolatedError, TargetGoneError

__all__ = ["LEAVES_WITHIN", "RETURNS_WITHIN", "has_left", "has_returned"]

# The agent exits one second after its answer; its supervisor, such as Docker's restart policy, starts it again.
LEAVES_WITHIN = 15.0
RETURNS_WITHIN = 60.0

# Shorter than the gap that the start of any process leaves.
_POLL = 0.02


def has_left(agent: Agent, contract: Contract, within: float = LEAVES_WITHIN) -> bool:
    """Return whether the agent stopped answering within so many seconds."""
    return _becomes(lambda: not _answers(agent, contract), within)


def has_returned(agent: Agent, contract: Contract, within: float = RETURNS_WITHIN) -> bool:
    """Return whether the agent answered within so many seconds."""
    return _becomes(lambda: _answers(agent, contract), within)


def _answers(agent: Agent, contract: Contract) -> bool:
    try:
        return agent.call(contract.operation("core.service"), auth=None).status < 500  # noqa: PLR2004 - server errors
    except (TargetGoneError, ClauseViolatedError):
        return False


def _becomes(condition: Callable[[], bool], within: float) -> bool:
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL)
    return True
