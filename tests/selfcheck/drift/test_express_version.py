"""The version of Express that a service is read by: installed, locked, asked for, and said where it is not sure."""

from __future__ import annotations

import json

import pytest

from dtma_contract.discovery.express import read_routes
from dtma_contract.discovery.express.version_ranges import majors_allowed
from dtma_contract.discovery.file_tree import MemoryTree
from dtma_contract.routes import Corner, RouteTable

INSTALLED = "node_modules/express/package.json"
STAR = "app.get('*', end);"
PLAIN = "app.get('/plain', end);"

NPM = {"packages": {"": {}, "node_modules/express": {"version": "4.21.2"}}}
NPM_6 = {"lockfileVersion": 1, "dependencies": {"express": {"version": "4.21.2"}}}
YARN = 'accepts@~1.3.8:\n  version "1.3.8"\n\nexpress@4, express@{asked}:\n  version "4.21.2"\n  resolved "https://x"\n'
BERRY = '__metadata:\n  version: 8\n\n"express@npm:{asked}":\n  version: 4.21.2\n  resolution: "express@npm:4.21.2"\n'
PNPM = (
    "lockfileVersion: '9.0'\n\nimporters:\n\n  .:\n    dependencies:\n      express:\n        specifier: '{asked}'\n"
    "        version: 4.21.2\n\npackages:\n\n  express@4.21.2:\n    resolution: {{integrity: x}}\n"
)
PNPM_5 = "lockfileVersion: 5.4\nspecifiers:\n  express: '{asked}'\ndependencies:\n  express: 4.21.2\n"
LOCKS = {
    "npm": ("package-lock.json", json.dumps(NPM)),
    "npm 6": ("package-lock.json", json.dumps(NPM_6)),
    "shrinkwrap": ("npm-shrinkwrap.json", json.dumps(NPM)),
    "yarn": ("yarn.lock", YARN.format(asked="*")),
    "yarn 2": ("yarn.lock", BERRY.format(asked="*")),
    "pnpm": ("pnpm-lock.yaml", PNPM.format(asked="*")),
    "pnpm 7": ("pnpm-lock.yaml", PNPM_5.format(asked="*")),
}


def read(asked: str, code: str = PLAIN, files: dict[str, str] | None = None, *, folder: str = "") -> RouteTable:
    place = f"{folder}/" if folder else ""
    whole = {
        f"{place}package.json": json.dumps({"main": "index.js", "dependencies": {"express": asked} if asked else {}}),
        f"{place}index.js": f"const app = require('express')(); const end = (q, s) => s.end(); {code} app.listen(1);",
        **(files or {}),
    }
    tree = MemoryTree({path: text.encode() for path, text in whole.items()})
    return read_routes(tree, corner=Corner.SOURCE, folder=folder)


@pytest.mark.parametrize(
    ("asked", "majors"),
    [
        ("^4.21.2", {4}),
        ("5", {5}),
        ("5.x", {5}),
        ("~4.17", {4}),
        (">=4", {4, 5}),
        (">= 4.17 < 5", {4}),
        (">4 <6", {5}),
        ("4 || ^5.0.0-beta.3", {4, 5}),
        ("4.17.1 - 5.1.0", {4, 5}),
        ("<=4.18", {3, 4}),
        ("*", {3, 4, 5}),
        ("npm:express@^4.21.2", {4}),
        ("npm:@fork/express@^1", None),
        ("latest", None),
        ("github:expressjs/express", None),
    ],
)
def test_the_majors_that_a_range_allows(asked, majors):
    """They are those of which one version at least is in the range; a tag, a fork and an address have none."""
    assert majors_allowed(asked) == majors


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_says_which_version_an_open_range_becomes(lock):
    """It is what will be installed, so that nothing is left open."""
    name, text = LOCKS[lock]
    table = read("*", STAR, {name: text})

    assert (table.provenance["express"], table.provenance["express_told_by"], table.complete) == (4, name, True)


def test_what_is_installed_goes_before_lock_and_range():
    """Node.js loads what is there."""
    table = read("*", files={"package-lock.json": json.dumps(NPM), INSTALLED: '{"version": "5.1.0"}'})

    assert (table.provenance["express"], table.provenance["express_told_by"]) == (5, INSTALLED)


def test_a_lock_file_of_a_workspace_lies_above_it():
    """Its nearest installed copy counts."""
    lock = {"packages": {"api/node_modules/express": {"version": "4.21.2"}, "node_modules/express": {"version": "5.1"}}}

    assert read("*", files={"package-lock.json": json.dumps(lock)}, folder="api").provenance["express"] == 4


def test_a_lock_file_that_package_json_contradicts_is_out_of_date():
    """An install then follows package.json."""
    assert read("^5.1.0", files={"package-lock.json": json.dumps(NPM)}).provenance["express"] == 5


@pytest.mark.parametrize("asked", ["latest", "*", ">=4", "github:expressjs/express", ""])
def test_an_open_range_is_a_doubt_where_the_versions_differ(asked):
    """A star is a route of one version and the end of the process in the other."""
    doubtful, plain = read(asked, STAR), read(asked)

    assert (doubtful.crash, [unknown.prefix for unknown in doubtful.unknown], plain.unknown) == ("", ["/"], ())


def test_an_installed_version_that_package_json_excludes_is_a_doubt():
    """A checkout may hold what an older package.json asked for; what is built anew has the other."""
    table = read("^4.21.2", STAR, {INSTALLED: '{"version": "5.1.0"}'})

    assert (table.crash, table.complete) == ("", False)
