"""How a service is started: its own file compared with the one of the process, clusters, scripts of workspaces."""

from __future__ import annotations

import json

import pytest

from dtma_contract.discovery.express import read_routes
from dtma_contract.discovery.file_tree import MemoryTree
from dtma_contract.routes import Cell, Corner, RouteTable

ESM = """import express from 'express';
import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
const start = () => { const app = express(); app.get('/a', (q, s) => s.end()); app.listen(3000); };
"""
COMMONJS = """const cluster = require('cluster');
const start = () => { const app = require('express')(); app.get('/a', (q, s) => s.end()); app.listen(3000); };
"""
PACKAGE: dict[str, object] = {"name": "x", "main": "dist/index.js", "dependencies": {"express": "^4.21.2"}}

STARTED = {
    "its URL": "import.meta.url === `file://${process.argv[1]}`",
    "its URL, made of the path": "import.meta.url === pathToFileURL(process.argv[1]).href",
    "its URL, where there is one": "process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href",
    "its URL as text": "pathToFileURL(process.argv[1]).toString() === import.meta.url",
    "its path": "process.argv[1] === fileURLToPath(import.meta.url)",
    "its whole path": "resolve(process.argv[1]) === fileURLToPath(import.meta.url)",
    "its real path": "realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)",
    "the path of its URL": "process.argv[1] === new URL(import.meta.url).pathname",
    "the end of its URL": "import.meta.url.endsWith(process.argv[1])",
    "its own word for it": "import.meta.main",
}
CLUSTERS = {
    "either": "if (cluster.isPrimary) { cluster.fork(); } else { start(); }",
    "an older name": "if (cluster.isMaster) { cluster.fork(); } else { start(); }",
    "a worker": "if (cluster.isWorker) start();",
    "where it is asked for": "if (process.env.N > 1 && cluster.isPrimary) { cluster.fork(); } else { start(); }",
    "an early return": "if (!cluster.isWorker) { cluster.fork(); return; } start();",
    "a choice of values": "cluster.isPrimary ? cluster.fork() : start();",
}
STARTS = (
    "node --import ./first.js lib/run.js",
    "node --require ./first.js lib/run",
    "node --env-file .env lib/run.js",
    "pm2-runtime start ecosystem.config.js",
    "pm2 start ./ecosystem.config.js --env production",
)
SCRIPTS = (
    "npm run start --workspace apps/agent",
    "npm --workspace=@x/agent run start",
    "npm start -w @x/agent",
    "npm --prefix apps/agent start",
    "yarn workspace @x/agent start",
    "pnpm --filter @x/agent run start",
    "cd apps/agent && node src/index.js",
)


def table_of(files: dict[str, str]) -> RouteTable:
    tree = MemoryTree({path: text.encode() for path, text in files.items()})
    return read_routes(tree, corner=Corner.SOURCE)


def only_state(table: RouteTable) -> Cell:
    (route,) = table.routes
    return route.state


@pytest.mark.parametrize("test", STARTED.values(), ids=STARTED)
def test_the_file_that_starts_the_process_knows_that_it_does(test: str) -> None:
    """A module that starts where it is the program's own file starts, and its routes stand under no condition."""
    package = {**PACKAGE, "type": "module"}
    settings = {"compilerOptions": {"outDir": "dist", "rootDir": "src"}}
    guard = f"const isMain = {test};\nif (isMain) start();\n"
    table = table_of(
        {
            "package.json": json.dumps(package),
            "tsconfig.json": json.dumps(settings),
            "src/index.ts": ESM + guard,
        }
    )

    assert only_state(table) is Cell.MOUNTED


def test_a_module_that_is_imported_is_not_told_to_be_the_program() -> None:
    """What is registered where another file is the program stays conditional: which file starts it may differ."""
    package = {**PACKAGE, "type": "module", "main": "index.js"}
    guard = "if (process.argv[1] === fileURLToPath(import.meta.url)) start();\n"
    table = table_of(
        {"package.json": json.dumps(package), "index.js": "import './server.js';", "server.js": ESM + guard}
    )

    assert only_state(table) is Cell.CONDITIONAL


def test_texts_of_which_nothing_is_known_are_not_taken_for_equal() -> None:
    """Two texts with unknown parts may differ, however alike they look."""
    package = {**PACKAGE, "type": "module", "main": "index.js"}
    guard = "if (`${process.env.A}` === `${process.env.A}`.trim()) start();\n"
    table = table_of({"package.json": json.dumps(package), "index.js": ESM + guard})

    assert only_state(table) is Cell.CONDITIONAL


@pytest.mark.parametrize("body", CLUSTERS.values(), ids=CLUSTERS)
def test_workers_of_a_cluster_serve_without_a_condition(body: str) -> None:
    """Which process of a cluster this is, is no condition of a route: the workers are always there."""
    table = table_of({"package.json": json.dumps({**PACKAGE, "main": "index.js"}), "index.js": COMMONJS + body})

    assert only_state(table) is Cell.MOUNTED


def test_a_condition_beside_a_cluster_is_told() -> None:
    """What stands under a variable within a worker is still conditional."""
    body = "if (cluster.isPrimary) { cluster.fork(); } else if (process.env.WEB) { start(); }"
    table = table_of({"package.json": json.dumps({**PACKAGE, "main": "index.js"}), "index.js": COMMONJS + body})

    assert only_state(table) is Cell.CONDITIONAL


@pytest.mark.parametrize("script", STARTS)
def test_what_is_loaded_before_the_program_is_not_taken_for_it(script: str) -> None:
    """An option's value is no program, and a process manager's settings name theirs."""
    package = {"name": "x", "scripts": {"start": script}, "dependencies": {"express": "4"}}
    table = table_of(
        {
            "package.json": json.dumps(package),
            "first.js": "process.env.FIRST = '1';",
            "ecosystem.config.js": "module.exports = { apps: [{ name: 'x', script: './lib/run.js', instances: 2 }] };",
            "lib/run.js": f"{COMMONJS}start();",
        }
    )

    assert (table.provenance["entry"], only_state(table), table.unknown) == ("lib/run.js", Cell.MOUNTED, ())


def test_functions_are_composed_from_the_right() -> None:
    """What `reduceRight` makes of a list is followed."""
    body = "const add = (made, path) => made.get(path, (q, s) => s.end());"
    body += "['/b', '/a'].reduceRight(add, require('express')()).listen(3000);"
    table = table_of({"package.json": json.dumps({**PACKAGE, "main": "index.js"}), "index.js": body})

    assert [route.path for route in table.routes] == ["/a", "/b"]


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_of_a_workspace_is_followed(script: str) -> None:
    """A repository that starts one of its packages begins where that package does."""
    root = {"name": "root", "private": True, "workspaces": ["apps/*"], "scripts": {"start": script}}
    agent = {"name": "@x/agent", "scripts": {"start": "node src/index.js"}, "dependencies": {"express": "4"}}
    table = table_of(
        {
            "package.json": json.dumps(root),
            "apps/agent/package.json": json.dumps(agent),
            "apps/agent/src/index.js": f"{COMMONJS}start();",
            "index.js": "",
        }
    )

    assert table.provenance["entry"] == "apps/agent/src/index.js"


def test_a_module_is_imported_by_the_url_of_its_file() -> None:
    """`import()` takes a URL object as it takes its text."""
    body = "const it = await import(pathToFileURL(resolve('routes', 'b.js'))); const app = express(); it.default(app);"
    routes = "export default (app) => { app.get('/b', (q, s) => s.end()); app.listen(1); };"
    package = {**PACKAGE, "type": "module", "main": "index.js"}
    table = table_of({"package.json": json.dumps(package), "index.js": ESM + body, "routes/b.js": routes})

    assert ("/b", Cell.MOUNTED) in [(route.path, route.state) for route in table.routes]
    assert not table.unknown


def test_what_reflect_sets_is_read() -> None:
    """A class decorator that keeps a prefix by `Reflect.set` under a symbol prefixes the routes."""
    body = "const KEY = Symbol('base'); class A {} Reflect.set(A, KEY, '/b'); const app = require('express')();"
    body += "const r = require('express').Router(); r.get('/c', (q, s) => s.end()); app.use(A[KEY], r); app.listen(1);"
    table = table_of({"package.json": json.dumps({**PACKAGE, "main": "index.js"}), "index.js": body})

    assert [(route.path, route.state) for route in table.routes] == [("/b/c", Cell.MOUNTED)]
