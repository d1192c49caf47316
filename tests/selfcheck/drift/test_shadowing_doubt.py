"""A route is shadowed only by what surely answers: healthy services of many styles have no such finding."""

from __future__ import annotations

import pytest

from dtma_contract.discovery.express import read_routes
from dtma_contract.discovery.file_tree import MemoryTree
from dtma_contract.routes import Cell, Corner

PACKAGE = b'{"name": "s", "main": "index.js", "dependencies": {"express": "4"}}'
HEAD = "const express = require('express'); const app = express();\n"
TAIL = "\napp.get('/status', (req, res) => res.end());\napp.listen(3000);\n"

PASSING = {
    "an error that may be null": "app.use((req, res, next) => { load(req, (err) => next(err)); });",
    "null": "app.use((req, res, next) => { next(null); });",
    "what compilers write for undefined": "app.use((req, res, next) => { next(void 0); });",
    "a choice": "app.use((req, res, next) => { next(req.bad ? new Error('x') : undefined); });",
    "an error that was kept": "app.use((q, s, next) => { let e = null; try { f(); } catch (x) { e = x; } next(e) });",
    "a helper": "function check(req, done) { done(); }\napp.use((req, res, next) => { check(req, next); });",
    "a wrapper": "app.use((req, res, next) => { const go = once(next); setTimeout(go, 1); });",
    "the request's own": "app.use((req, res) => { req.next(); });",
    "a promise": "app.use((req, res, next) => { look().then(() => next(null)).catch(next); });",
    "a constraint": "app.get('/:id(\\\\d+)', (req, res) => res.end());",
    "another route of the same path": "app.get('/status', (q, s, next) => { if (q.x) next('route'); else next(); },"
    " (req, res) => res.end());",
    "a parameter that may leave": "app.param('id', (q, s, next, id) => { next(id < 1 ? 'route' : undefined); });"
    "\napp.get('/:id', (req, res) => res.end());",
    "a parameter that leaves later": "app.get('/:id', (req, res) => res.end());\n"
    "app.param('id', (q, s, next) => { find(q).then(() => next(), next); });",
    "a parameter of a package": "app.param('id', require('some-check'));\napp.get('/:id', (req, res) => res.end());",
    "a parameter of a mount": "app.param('id', (q, s, next) => next('route'));\n"
    "app.use('/:id', express.Router().get('/', (req, res) => res.end()));",
    "strict routing": "app.set('strict routing', true);\napp.get('/status/', (req, res) => res.end());",
}
ANSWERING = {
    "an end": "app.use((req, res) => { res.status(404).end(); });",
    "a function with a name": "app.use(last);\nfunction last(_req, res) { res.status(404).end(); }",
    "an error made here": "app.use((req, res, next) => { next(new Error('closed')); });",
    "an error that was caught": "app.use(async (req, res, next) => { try { res.end(); } catch (e) { next(e); } });",
    "a parameter that is loaded": "app.param('id', (q, s, next) => { q.x ? next() : next(new Error('no')); });\n"
    "app.get('/:id', (req, res) => res.end());",
    "another parameter": "app.param('name', (q, s, next) => next('route'));\napp.get('/:id', (req, res) => res.end());",
    "a caught promise": "app.use((req, res, next) => { work().then(() => res.end()).catch((e) => next(e)); });",
}


def states(code: str) -> list[Cell]:
    tree = MemoryTree({"package.json": PACKAGE, "index.js": f"{HEAD}{code}{TAIL}".encode()})
    table = read_routes(tree, corner=Corner.SOURCE)
    return [route.state for route in table.routes if route.path == "/status" and route.raw == "/status"]


@pytest.mark.parametrize("code", PASSING.values(), ids=PASSING)
def test_what_may_go_on_shadows_nothing(code):
    """Where a request may be left to what comes later, that is not called shadowed."""
    assert Cell.SHADOWED not in states(code)


@pytest.mark.parametrize("code", ANSWERING.values(), ids=ANSWERING)
def test_what_surely_answers_shadows_what_comes_later(code):
    """An error goes to error handlers only."""
    assert states(code) == [Cell.SHADOWED]


def test_a_sub_app_behind_a_handler_is_no_wall_to_itself():
    """The handler hands its request on."""
    code = "const v1 = express();\nv1.get('/status', (q, s) => s.end());\napp.use('/v1', (req, res) => v1(req, res));"
    tree = MemoryTree({"package.json": PACKAGE, "index.js": f"{HEAD}{code}{TAIL}".encode()})
    table = read_routes(tree, corner=Corner.SOURCE)

    assert [(r.path, r.state) for r in table.routes] == [("/v1/status", Cell.MOUNTED), ("/status", Cell.MOUNTED)]


@pytest.mark.parametrize(
    "endless",
    [
        "/^(a+)+$/.test('a'.repeat(40) + '!');",
        "let s = 'ab'; for (let k = 0; k < 60; k++) s += s;",
        "let a = [1]; for (let k = 0; k < 60; k++) a = a.concat(a);",
        "let a = [1]; for (let k = 0; k < 60; k++) a = [...a, ...a];",
    ],
    ids=["expression", "text", "list", "spread"],
)
def test_values_that_grow_without_end_do_not_hold_the_reader(endless):
    """Text, lists and regular expressions have bounds."""
    assert states(endless) == [Cell.MOUNTED]
