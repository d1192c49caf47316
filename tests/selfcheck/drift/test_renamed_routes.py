"""A promised route that is served under another last word is one finding where that is certain enough."""

from __future__ import annotations

import pytest
from drift.judged_tables import add, clean, drift, drop, route

START = "POST /tools/{instanceNameOnToolbox}/start"
RUN = route("POST /tools/{name}/run", place="src/routes/tools.ts:12")
STOP = "POST /tools/{instanceNameOnToolbox}/stop"
EXECUTE = "POST /tools/{instanceNameOnToolbox}/execute"


def test_a_renamed_route_is_one_finding():
    """It is missing under its name, and stands where it is under the other one; nothing else is undocumented."""
    report = drift(add(drop(clean(), START), RUN))
    (found,) = report.findings

    assert (found.kind, found.routes, str(found.location)) == ("missing-in-source", (START,), "src/routes/tools.ts:12")
    assert f"as if renamed: POST /tools/{{name}}/run in place of {START}" in found.detail


# What stands in the place of which missing routes, where it is not certain that one was renamed.
NOT_RENAMED = {
    "two could have been": ([START, STOP], [RUN]),
    "two of different profiles could have been": ([START, EXECUTE], [RUN]),
    "it could have become either": ([START], [RUN, route("POST /tools/{name}/go")]),
    "another method": ([START], [route("GET /tools/{name}/run")]),
    "nothing that it acts on": (["GET /mcp/status"], [route("GET /mcp/state")]),
    "a longer path": ([START], [route("POST /tools/{name}/actions/run")]),
}


@pytest.mark.parametrize(("missing", "others"), NOT_RENAMED.values(), ids=NOT_RENAMED)
def test_what_was_not_surely_renamed_is_two_findings(missing, others):
    """Two routes that are alike may be two routes."""
    report = drift(add(drop(clean(), *missing), *others))

    assert {"missing-in-source", "undocumented"} == {found.kind for found in report.findings}
    assert [found.detail for found in report.findings if "renamed" in found.detail] == []
