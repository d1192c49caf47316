"""Where a finding points to: the registration that is at fault, not the handlers that are right."""

from __future__ import annotations

import pytest
from drift.judged_tables import add, change, clean, drift, drop, move, route

from dtma_contract.routes import Cell, Location

S = clean()


def _only(table):
    (found,) = drift(table).findings
    return found


def test_a_path_that_ends_like_an_unmounted_one_is_no_answer_to_it():
    """A router that declares /execute and was mounted at /ssh has nothing to do with the execute of a tool."""
    unmounted = route("POST /{?}/execute", Cell.DECLARED, "src/routes/ssh.ts:13")
    found = _only(add(drop(S, "POST /ssh/execute"), unmounted))

    assert (found.kind, found.routes) == ("declared-not-mounted", ("POST /ssh/execute",))
    assert "/tools/" not in found.detail


MOUNT = Location("src/index.ts", 40)
# What is wrong with a router as a whole, and how its routes look then.
ROUTER_FAULTS = {
    "prefix-differs": move(change(S, "/tools*", via=MOUNT), "/tools", "/instances"),
    "conditional": change(S, "/tools*", state=Cell.CONDITIONAL, detail="only if process.env.X", via=MOUNT),
    "shadowed": change(S, "/tools*", state=Cell.SHADOWED, detail="app.use answers everything", via=MOUNT),
    "auth-differs": change(S, "/tools*", secured=False, via=MOUNT),
}


@pytest.mark.parametrize(("kind", "source"), ROUTER_FAULTS.items(), ids=ROUTER_FAULTS)
def test_a_fault_of_a_mount_points_to_the_mount(kind, source):
    """The handlers are right as they are; their places stay with the routes."""
    found = _only(source)

    assert (found.kind, found.location) == (kind, MOUNT)
    assert {place.file for place in found.places} == {"src/routes/tools.ts"}
