"""Does the agent without a fault stay without a finding, whatever is generated?"""

import os

import pytest
from neighbours.reference import running_reference
from neighbours.verify import verify

# `make seeds` takes twenty.
SEEDS = range(1, 1 + int(os.environ.get("DTMA_SELFCHECK_SEEDS", "3")))

# What a seed decides: generated requests, the order of the model, and the host ports of conflicts.
SEEDED = ("*/generated-valid", "*/generated-invalid", "lifecycle/random-order", "lifecycle/port-conflict-is-409")


@pytest.fixture(scope="module")
def agent():
    with running_reference("--allow-ssh") as running:
        yield running


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_faultless_agent_has_no_finding(agent, tmp_path, seed, workers):
    """No seed makes a finding on an agent that keeps its contract, in one process and in two."""
    only = [word for selector in SEEDED for word in ("--only", selector)]
    verdict = verify(agent, tmp_path, "--seed", str(seed), "-n", workers, *only)

    assert verdict.document["findings"] == []
    assert verdict.exit_code == 0
    assert verdict.document["seed"] == seed
