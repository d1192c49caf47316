"""A container that was named and is not there is told, with the names that could be meant."""

from __future__ import annotations

from dataclasses import replace

import pytest
from diagnosis.observed import HEALTHY, container, docker
from neighbours.fake_engine import running_fake_engine
from neighbours.liars import lying
from runs.commands import verify

from dtma_contract.diagnosis.agent_choice import choose_agent
from dtma_contract.diagnosis.diagnosis import diagnose

HERE = docker(container("web"), container("db"))
ID = "c" * 64
ENGINE = {
    "/version": {"ApiVersion": "1.44"},
    "/v1.44/_ping": b"OK",
    "/v1.44/containers/json": [{"Id": ID}],
    f"/v1.44/containers/{ID}/json": {
        "Id": ID, "Name": "/dtma_manager", "State": {"Status": "running"}, "Config": {"Image": "dtma"},
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ("dtma_manger", 'no container is named dtma_manger. Did you mean "dtma_manager"?'),
        ("qqqq", "no container is named qqqq. Known are: db, dtma_manager, web."),
    ],
)
def test_a_diagnosis_names_the_closest_container(named, told):
    """The agent's own word may be healthy all the same; what its container says was asked for, and is not told."""
    agent, why = choose_agent(HERE.containers, 30000, named)

    diagnosis = diagnose(replace(HEALTHY, docker=replace(HERE, agent=agent, chosen_by=why, log=())))

    assert (diagnosis.healthy, diagnosis.notes) == (True, (f"not told: what the agent's container says: {told}",))


def test_a_verification_refuses_it(tmp_path):
    """Nothing is sent to the target: what --effects restart is to restart must be there before."""
    with lying("closes-at-once") as target, running_fake_engine(tmp_path, ENGINE) as engine:
        named = ("--docker", engine.endpoint, "--container", "dtma_manger", "--effects", "restart")
        done = verify(target.url, "token-of-a-test", *named, cwd=tmp_path)
        asked = list(target.asked)

    told = f'The Docker Engine at {engine.endpoint} has no container "dtma_manger". Did you mean "dtma_manager"?'
    assert (done.exit_code, done.stdout, done.stderr, asked) == (4, "", f"dtma-contract: {told}\n", [])
