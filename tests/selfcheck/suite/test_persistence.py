"""What a restart leaves is judged, in each way in which an agent can be restarted, and only where it was proven."""

from __future__ import annotations

import shlex
import sys

import pytest
from neighbours.express_build import CLEAN
from neighbours.express_container import express_container
from runs.commands import WHERE, agent, verify

CLAUSES = ("lifecycle/restart-keeps-instances", "lifecycle/deploy-at-restart-is-whole-or-absent")
ONLY = [word for clause in CLAUSES for word in ("--only", clause)]
FORGETTING = ("--registry", "memory")
ASK = """
import os, urllib.request
request = urllib.request.Request("{url}/restart", method="POST", headers={{"Authorization": "Bearer {token}"}})
urllib.request.urlopen(request).read()
"""


def judged(url, token, tmp_path, *more):
    return verify(url, token, "--effects", "restart", *ONLY, *more, cwd=tmp_path)


def test_an_agent_that_remembers_keeps_both_clauses(tmp_path):
    """Its instances outlive its process, and whoever deploys meanwhile is left with a whole or with nothing."""
    with agent() as remembering:
        told = judged(remembering.url, remembering.token, tmp_path)

    assert (told.exit_code, told.outcomes, told.document["left_behind"]) == (0, {}, [])


def test_an_agent_that_forgets_violates_the_clause_and_nothing_else(tmp_path):
    """The cause is named, what cannot be removed is named, and no more is made that could not be."""
    with agent(*FORGETTING) as forgetting:
        told = judged(forgetting.url, forgetting.token, tmp_path)

    assert told.exit_code == 1
    assert told.outcomes == {CLAUSES[0]: "violated", CLAUSES[1]: "not judged"}
    assert [finding["cause"] for finding in told.document["findings"]] == ["state-lost"]
    assert len(told.document["left_behind"]) == 2


def test_a_command_restarts_it(tmp_path):
    """In place of POST /restart; that another process answers is seen."""
    with agent() as remembering:
        code = ASK.format(url=remembering.url, token=remembering.token)
        line = shlex.join([sys.executable, "-c", code])
        told = judged(remembering.url, remembering.token, tmp_path, "--restart-command", line)

    assert (told.exit_code, told.outcomes) == (0, {})


@pytest.mark.parametrize(
    ("line", "reason"), [("true", "not proven"), ("exit 3", "exit code 3")], ids=["does nothing", "fails"]
)
def test_a_restart_that_was_not_seen_is_no_proof(line, reason, tmp_path):
    """Nothing is said of an agent that went on answering, and what was made is removed."""
    with agent() as remembering:
        options = ("--effects", "restart", "--only", CLAUSES[0], "--restart-command", line)
        told = verify(remembering.url, remembering.token, *options, cwd=tmp_path)

    (item,) = told.document["not_judged"]
    assert (item["clause"], reason in item["reason"]) == (CLAUSES[0], True)
    assert told.document["left_behind"] == []


@pytest.mark.docker
@pytest.mark.slow
def test_a_container_is_restarted_by_its_engine(tmp_path, docker_endpoint, probe_image, express_images):
    """By name, and by no other way; another start of it is the proof."""
    with express_container(docker_endpoint, express_images(CLEAN).references[0]) as deployed:
        options = ("--docker", docker_endpoint, "--container", deployed.name, "--probe-image", probe_image)
        told = verify(
            deployed.url, deployed.token, "--effects", "restart", *ONLY, *options, cwd=tmp_path, env=dict(WHERE)
        )

    assert (told.exit_code, told.outcomes, told.document["left_behind"]) == (0, {}, []), told.stderr
