"""What only one probe knows for a secret is in no text of any other."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

from diagnosis.observed import AT, HEALTHY, answer, answering

from dtma_contract.diagnosis.cleaning import cleaned
from dtma_contract.diagnosis.diagnosis import diagnose
from dtma_contract.diagnosis.facts import Origin, Problem, Question
from dtma_contract.log_redaction import Redactor

SECRET = "correct-horse-battery-9"  # noqa: S105 - made up
LEAKING = answering(
    answer(Question.STATUS, 200, {"service": "DTMA", "debug": [f"db {SECRET}"]}, server=f"x {SECRET}"),
    network=tuple(replace(step, detail=f"{step.detail} {SECRET}", greeting=SECRET) for step in HEALTHY.network),
    routes=tuple(replace(route, detail=f"404 {SECRET}") for route in HEALTHY.routes),
    broken_promises={"core.status": f"{SECRET!r} is not of type integer"},
    problems=(Problem(Origin.HTTP, "x", f"broke at {SECRET}", AT),),
)


def test_a_secret_is_in_no_text():
    """Neither in the facts nor in what is told of them; each place held it before."""
    facts = cleaned(LEAKING, Redactor([SECRET]))
    places = [name for name, value in asdict(LEAKING).items() if SECRET in json.dumps(value)]

    assert places == ["network", "answers", "routes", "broken_promises", "problems"]
    assert SECRET not in json.dumps(diagnose(facts).to_json())


def test_without_a_secret_nothing_changes():
    """So that the same is told."""
    assert cleaned(HEALTHY, Redactor([SECRET])) == HEALTHY
