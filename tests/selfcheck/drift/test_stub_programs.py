"""What package.json starts is the service: where it registers nothing, no other file is read in its place."""

from __future__ import annotations

import json

import pytest

from dtma_contract.discovery.express import read_routes
from dtma_contract.discovery.file_tree import MemoryTree
from dtma_contract.routes import Cell, Corner, RouteTable

APP = "import express from 'express'; export const app = express(); app.get('/a', (q, s) => s.end());"
STUBS = {
    "nothing": "export {};",
    "a message": "console.log('to be done');",
    "a server without Express": "import http from 'node:http'; http.createServer((q, s) => s.end('ok')).listen(3000);",
    "an app without a route": "import express from 'express'; const app = express(); app.listen(3000);",
}
# Then what begins here is not the service, or not all that it does is known.
OTHERS = {
    "a program that starts another": "import { spawn } from 'node:child_process'; spawn('node', ['src/app.js']);",
    "what cannot be found": "import start from './generated/start.js'; start();",
}


def table_of(index: str, **package: object) -> RouteTable:
    whole = {
        "package.json": json.dumps({"name": "x", "dependencies": {"express": "^4.21.2"}, **package}),
        "src/index.ts": index,
        "src/app.ts": APP,
    }
    return read_routes(MemoryTree({path: text.encode() for path, text in whole.items()}), corner=Corner.SOURCE)


def said(table: RouteTable) -> tuple[object, list[tuple[str, Cell]]]:
    return table.provenance["entry"], [(route.path, route.state) for route in table.routes]


@pytest.mark.parametrize("name", STUBS)
def test_a_stub_that_is_started_is_the_service(name):
    """Its routes are none; those of the files beside it are declared, and no more."""
    table = table_of(STUBS[name], scripts={"start": "node dist/index.js"})

    assert said(table) == ("src/index.ts", [("/a", Cell.DECLARED)])


def test_a_stub_that_listens_is_the_service_without_a_script():
    """What serves is no library, also where `main` alone names it."""
    table = table_of(STUBS["an app without a route"], main="dist/index.js")

    assert said(table) == ("src/index.ts", [("/a", Cell.DECLARED)])


@pytest.mark.parametrize("name", OTHERS)
def test_what_may_be_more_than_it_shows_is_looked_behind(name):
    """The usual file beside it is read instead, which is said."""
    table = table_of(OTHERS[name], scripts={"start": "node dist/index.js"})

    assert said(table) == ("src/app.ts", [("/a", Cell.MOUNTED)])
    assert table.provenance["entry_told_by"] == "the usual name"
    assert [unknown.file for unknown in table.unknown] == ["src/index.ts"]


def test_a_library_is_looked_behind():
    """What `main` names may be what others import; the program is beside it."""
    table = table_of("export const version = '1.0.0';", main="dist/index.js")

    assert said(table) == ("src/app.ts", [("/a", Cell.MOUNTED)])
