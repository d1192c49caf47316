"""A file without which the program ends is told; one that it does without is not."""

from __future__ import annotations

import json

import pytest
from drift.image.built_images import APP, image_of, layer, write_saved

from dtma_contract.discovery.container_image import read_image
from dtma_contract.discovery.express import read_routes
from dtma_contract.discovery.file_tree import MemoryTree
from dtma_contract.routes import Corner

PROGRAM = """const fs = require('fs');
const app = require('express')();
app.get('/', (req, res) => {{}});
app.listen(1, async () => {{
  {body}
}});
"""
FATAL = "catch (e) { console.error(e); process.exit(1); }"
FILE = "process.env.CONFIG ?? '/etc/a.conf'"

# What is done once the program listens, and the path and the variable of the file that it cannot do without.
PROGRAMS = {
    "a failure ends the process": (f"try {{ fs.readFileSync('/etc/a.conf'); }} {FATAL}", [("/etc/a.conf", "")]),
    "a promise": (f"try {{ await fs.promises.readFile('/etc/a.conf'); }} {FATAL}", [("/etc/a.conf", "")]),
    "a variable may name another": (f"try {{ fs.readFileSync({FILE}); }} {FATAL}", [("/etc/a.conf", "CONFIG")]),
    "a function reads it": (
        f"const read = (name) => fs.readFileSync(name); try {{ read('/etc/a.conf'); }} {FATAL}",
        [("/etc/a.conf", "")],
    ),
    "a failure is passed over": ("try { fs.readFileSync('/etc/a.conf'); } catch { }", []),
    "a failure ends it in good order": ("try { fs.readFileSync('/etc/a.conf'); } catch { process.exit(0); }", []),
    "only some failures end it": (
        "try { fs.readFileSync('/etc/a.conf'); } catch (e) { if (e.code !== 'ENOENT') process.exit(1); }",
        [],
    ),
    "an inner failure is passed over": (
        f"try {{ try {{ fs.readFileSync('/etc/a.conf'); }} catch {{ }} }} {FATAL}",
        [],
    ),
    "only sometimes read": (f"try {{ if (process.env.X) fs.readFileSync('/etc/a.conf'); }} {FATAL}", []),
    "a path that is not known": (f"try {{ fs.readFileSync(process.argv[2]); }} {FATAL}", []),
}


@pytest.mark.parametrize(("body", "needed"), PROGRAMS.values(), ids=PROGRAMS)
def test_what_a_program_cannot_do_without(body, needed):
    """It is read without a condition, and what catches the failure ends the process with an error."""
    program = PROGRAM.format(body=body)
    package = {"main": "index.js", "dependencies": {"express": "^4.0.0"}}
    tree = MemoryTree({"index.js": program.encode(), "package.json": json.dumps(package).encode()})
    found = read_routes(tree, corner=Corner.SOURCE).provenance["needs_files"]

    assert [(file["path"], file["variable"]) for file in found] == needed


def test_what_an_image_surely_lacks(tmp_path):
    """Of /etc and of the application's own folders every name is known; of other folders of the system it is not."""
    files = {**APP, "etc/there.conf": b"", "app/there.conf": b""}
    content = read_image(str(write_saved(tmp_path / "image.tar", image_of(layer(files)))))
    asked = ["etc/there.conf", "app/there.conf", "etc/gone.conf", "app/gone.conf", "etc", "var/lib/gone", "run/gone"]

    assert [path for path in asked if content.surely_lacks(path)] == ["etc/gone.conf", "app/gone.conf"]
