"""Every incident shows its symptom, and its causes are told: the best-ranked one first, none where nothing is wrong.

What an incident is, and how it is set up, stands in ``incidents``.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest
from diagnosis.incidents.catalogue import INCIDENTS
from diagnosis.incidents.diagnosing import diagnosed
from diagnosis.incidents.incident import MOST_REQUESTS, Scene
from diagnosis.incidents.stage import stage as lent_stage
from neighbours.fixtures import lacking
from neighbours.tools import MissingToolError, path_of

_ALL = [pytest.param(each, id=each.name, marks=[pytest.mark.docker] * each.on_an_engine) for each in INCIDENTS]


@pytest.fixture(scope="module")
def stage(request, tmp_path_factory):
    """Lend what scenes share."""
    endpoint = os.environ.get("DTMA_SELFCHECK_DOCKER", "")
    with lent_stage(
        tmp_path_factory.mktemp("stage"),
        endpoint=endpoint,
        sources=request.getfixturevalue("express_sources"),
        image_stock=lambda: request.getfixturevalue("express_images"),
    ) as lent:
        yield lent


@pytest.fixture(scope="module", params=_ALL)
def staged(request, stage):
    """Set one incident up, for all tests of it."""
    incident = request.param
    if incident.on_an_engine:
        request.getfixturevalue("docker_endpoint")
    try:
        for tool in incident.needs:
            path_of(tool)
    except MissingToolError as error:
        lacking(str(error))
    if {"unshare", "ip"} & set(incident.needs) and os.geteuid() != 0:
        lacking("Namespaces of the kernel need root.")
    with incident.set_up(stage) as scene:
        yield incident, scene


def test_the_scene_shows_the_symptom(staged):
    """By plain requests, so that no diagnosis is asked about what is not there."""
    incident, scene = staged
    incident.shows(scene)

    assert incident.gives == scene.gives


def test_the_causes_are_told(staged, tmp_path):
    """The first is right, the others are among those told, the target gets few requests, and no secret is shown."""
    incident, scene = staged
    told = diagnosed(scene, tmp_path, as_program=incident.as_program)

    assert incident.right(told.causes), f"{incident.says} Expected {incident.expected}, told {told.causes}."
    assert told.document["healthy"] is incident.healthy
    assert told.requests <= MOST_REQUESTS
    assert [each for each in secrets_of(scene) if each in told.shown] == []


def secrets_of(scene: Scene) -> list[str]:
    return [value for value in (scene.token, *scene.secrets) if value]


def test_names_are_unique_and_every_incident_says_what_is_wrong():
    """A name stands for one incident, and its docstring is a sentence."""
    names = Counter(each.name for each in INCIDENTS)

    assert [name for name, count in names.items() if count > 1] == []
    assert [each.name for each in INCIDENTS if not each.says.endswith((".", "?"))] == []


def test_there_are_as_many_as_were_asked_for():
    """Forty with something wrong, several of them with two causes, and eight healthy ones."""
    wrong = [each for each in INCIDENTS if not each.healthy]
    twofold = [each for each in wrong if len(each.expected) > 1]

    assert len(wrong) >= 40
    assert len(twofold) >= 5
    assert len(INCIDENTS) - len(wrong) >= 8
