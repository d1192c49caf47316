"""A diagnosis is quick and sends few requests, measured as its user does: by the clock, and at the target."""

from __future__ import annotations

import os
import re

import httpx
import pytest
from diagnosis.incidents.catalogue import INCIDENTS
from diagnosis.incidents.diagnosing import diagnosed
from diagnosis.incidents.incident import MOST_REQUESTS, Scene
from diagnosis.incidents.stage import stage
from neighbours.fixtures import lacking
from neighbours.reference import running_reference

_BY_NAME = {each.name: each for each in INCIDENTS}
# One for each time that the command promises: a healthy host, a refusing one, one that drops packets, code beside it.
_MEASURED = ("fallback-in-html", "port-closed", "firewall-drops", "stub-image-beside-the-full-source")


@pytest.mark.alone
@pytest.mark.usefixtures("needs_node")
@pytest.mark.parametrize("name", _MEASURED)
def test_a_diagnosis_is_quick(name, tmp_path):
    """Three seconds by the URL alone, ten with code, twelve where packets are dropped; the program's start included."""
    if os.geteuid() != 0:
        lacking("Namespaces of the kernel need root.")
    incident = _BY_NAME[name]
    with stage(tmp_path) as shared, incident.set_up(shared) as scene:
        told = diagnosed(scene, tmp_path, as_program=True)

    assert incident.right(told.causes)
    assert told.seconds < incident.seconds


def test_requests_are_counted_as_the_target_sees_them(tmp_path):
    """As many as stand in the agent's own log, and at most sixty."""
    with running_reference() as agent:
        told = diagnosed(Scene(agent.url, agent.token), tmp_path, as_program=False)
        headers = {"Authorization": f"Bearer {agent.token}"}
        log = httpx.get(f"{agent.url}/logs", headers=headers, trust_env=False).json()["logs"]
    received = [line for line in log if re.search(r" INFO [A-Z]+ /\S* \d{3}$", line)]

    assert told.requests == len(received)
    assert 0 < told.requests <= MOST_REQUESTS
