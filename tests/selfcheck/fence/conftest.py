"""Fixtures for the checks of the fence."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fence.raw_target import RawTarget, raw_target
from fence.threaded_fence import ThreadedFence
from fence.tiny_agent import TOKEN, TinyAgent, tiny_agent

from dtma_contract.contract import Contract, EffectLevel
from dtma_contract.fence.policy import Policy
from dtma_contract.fence.settings import FenceSettings
from dtma_contract.run_identity import RunIdentity
from dtma_contract.shipped import load_contract


@pytest.fixture(scope="session")
def contract() -> Contract:
    """The shipped contract."""
    return load_contract()


@pytest.fixture
def identity() -> RunIdentity:
    """A run of its own for each test."""
    return RunIdentity.new(datetime.now(UTC), random.SystemRandom())


@pytest.fixture(scope="session")
def policies(contract: Contract) -> dict[EffectLevel, Policy]:
    """The policy of one run at every effect level."""
    return {level: Policy(contract, "dtmac-k3f9x2ab-", level, "nginx:latest") for level in EffectLevel}


@pytest.fixture
def target() -> Iterator[Callable[..., RawTarget]]:
    """Starts raw targets that end with the test."""
    with ExitStack() as stack:
        yield lambda answer: stack.enter_context(raw_target(answer))


@pytest.fixture
def fence(contract: Contract, identity: RunIdentity, tmp_path: Path) -> Iterator[Callable[..., ThreadedFence]]:
    """Starts fences that end with the test."""

    @contextmanager
    def open_fence(url: str, token: str | None, changes: dict[str, Any]) -> Iterator[ThreadedFence]:
        values = {"target": url, "identity": identity, "contract": contract, "folder": tmp_path / "run"} | changes
        running = ThreadedFence(FenceSettings(**values), token)
        try:
            yield running
        finally:
            running.close()

    with ExitStack() as stack:
        yield lambda url, token=TOKEN, **changes: stack.enter_context(open_fence(url, token, changes))


@pytest.fixture
def agent() -> Iterator[TinyAgent]:
    """A small agent with state."""
    with tiny_agent() as running:
        yield running
