"""A program that starts no server serves no route, whatever it registers; where that is not sure nothing is said."""

from __future__ import annotations

import pytest

from dtma_contract.discovery.express import read_routes
from dtma_contract.discovery.file_tree import MemoryTree
from dtma_contract.routes import Cell, Corner

PACKAGE = b'{"name": "s", "main": "index.js", "dependencies": {"express": "4"}}'
HEAD = "const app = require('express')(); app.get('/health', (q, s) => s.end());\n"

SILENT = {
    "nothing more": "",
    "a log": "console.log('ready');",
    "a module beside it": "require('./part')(app);",
}
HEARD = {
    "a port": "app.listen(3000);",
    "a server of its own": "require('http').createServer(app).listen(3000);",
    "an app that is exported": "module.exports = app;",
    "an app among what is exported": "exports.app = app; exports.port = 3000;",
    "a function that is exported": "module.exports = () => app;",
    "a package that is handed the app": "require('serve-it')(app);",
    "a package that is handed a function": "require('serve-it')({ app: () => app });",
    "a global": "globalThis.app = app;",
    "a port on a condition": "if (process.env.PORT) app.listen(process.env.PORT);",
    "a method of another name": "app['lis' + 'ten'](3000);",
}


def state(code: str) -> Cell:
    files = {"package.json": PACKAGE, "part.js": b"module.exports = (app) => app.set('x', 1);"}
    table = read_routes(MemoryTree({**files, "index.js": (HEAD + code).encode()}), corner=Corner.SOURCE)
    (route,) = table.routes
    assert (route.state is Cell.UNKNOWN) == any("starts no server" in unknown.reason for unknown in table.unknown)
    return route.state


@pytest.mark.parametrize("code", SILENT.values(), ids=SILENT)
def test_a_program_without_a_server_serves_nothing_for_sure(code):
    """Its routes are neither there nor absent: whoever starts it otherwise may serve them."""
    assert state(code) is Cell.UNKNOWN


@pytest.mark.parametrize("code", HEARD.values(), ids=HEARD)
def test_what_may_start_a_server_is_no_silence(code):
    """The app is given to someone, or something is called that may listen."""
    assert state(code) is Cell.MOUNTED
