"""What the code says and what its own runtime tells are checked against each other."""

from __future__ import annotations

from dataclasses import replace

import pytest
from drift.judged_tables import add, clean, drift, drop, kinds, route, states

from dtma_contract.drift.runtime import cross_checked, ending
from dtma_contract.routes import Cell, Corner, Location, Unknown

START = "POST /tools/{instanceNameOnToolbox}/start"
IMAGE = Corner.IMAGE
TOLD = clean(IMAGE).routes
HIDDEN = Unknown(IMAGE, "dist/index.js", 3, "a computed import")


def test_what_both_say_stays_as_it_is():
    """An agreeing runtime changes no route."""
    assert cross_checked(clean(IMAGE), TOLD).routes == TOLD


def test_what_the_runtime_alone_has_is_mounted():
    """The code was not understood; the runtime is proof."""
    checked = cross_checked(drop(clean(IMAGE), START), TOLD)

    assert states(drift(checked), START)["image"] == "mounted"
    assert checked.provenance["runtime"]["only_at_run_time"] == [START]


def test_what_the_code_alone_has_is_unknown():
    """One of the two is wrong, and it is said which route it is about."""
    report = drift(cross_checked(clean(IMAGE), drop(clean(IMAGE), START).routes))

    assert states(report, START)["image"] == "unknown"
    assert [START in unknown.reason for unknown in report.unknown] == [True]


def test_an_absence_that_the_runtime_confirms_is_sure():
    """What could not be resolved hides nothing any more, and stays listed."""
    table = replace(drop(clean(IMAGE), START), unknown=(HIDDEN,))
    checked = cross_checked(table, table.routes)

    assert kinds(drift(table)) == []
    assert kinds(drift(checked)) == [("missing-in-image", "must", "image")]
    assert [unknown.reason for unknown in checked.unknown] == ["a computed import"]


def test_a_condition_stays_one():
    """It did not hold where the runtime was asked, and may elsewhere."""
    table = add(drop(clean(IMAGE), START), route(START, Cell.CONDITIONAL))

    assert states(drift(cross_checked(table, drop(clean(IMAGE), START).routes)), START)["image"] == "conditional"


def test_a_program_that_told_its_routes_has_loaded():
    """The code seems to end while it loads: that is doubted, and the routes are there."""
    declared = tuple(replace(known, state=Cell.DECLARED) for known in TOLD)
    table = replace(clean(IMAGE), routes=declared, crash="it throws", crash_location=Location("dist/index.js", 2))
    report = drift(cross_checked(table, TOLD))

    assert (kinds(report), states(report, START)["image"]) == ([], "mounted")
    assert [(unknown.file, unknown.reason) for unknown in report.unknown] == [
        ("dist/index.js", "it throws; its own runtime does not end")
    ]


ENDINGS = {
    "an import": (
        """file:///app/dist/index.js:2
import { gone } from './app.js';
         ^^^^
SyntaxError: The requested module './app.js' does not provide an export named 'gone'
    at ModuleJob._instantiate""",
        "SyntaxError: The requested module './app.js' does not provide an export named 'gone'",
    ),
    "a code": (
        "node:internal/modules/cjs/loader:1\nError [ERR_MODULE_NOT_FOUND]: Cannot find x.\n    at a",
        "Error [ERR_MODULE_NOT_FOUND]: Cannot find x",
    ),
    "no error of the language": ("it gave up.\nfor good", "it gave up"),
    "nothing": ("", ""),
}


@pytest.mark.parametrize(("error", "said"), ENDINGS.values(), ids=ENDINGS)
def test_why_a_program_ended(error, said):
    """The sentence between the code and the calls."""
    assert ending(error) == said


def test_a_route_of_every_method_is_held_by_one():
    """`app.all` is one route in the code, and one for each method in some runtimes."""
    table = add(clean(IMAGE), route("ALL /x"))
    checked = cross_checked(table, (*TOLD, route("GET /x")))

    assert [r.state for r in checked.routes if r.path == "/x" and r.method == "ALL"] == [Cell.MOUNTED]
