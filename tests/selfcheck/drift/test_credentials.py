"""Whether a route asks for a token, told by what its middleware does where its name does not say so."""

from __future__ import annotations

import json

import pytest

from dtma_contract.discovery.express import read_routes
from dtma_contract.discovery.file_tree import MemoryTree
from dtma_contract.routes import Corner

PACKAGE = json.dumps({"name": "x", "main": "index.js", "dependencies": {"express": "^4.21.2", "acme": "1"}})
HEAD = """const express = require('express');
const app = express();
const h = (req, res) => res.json({});
const check = (req, res, next) => {
  if (req.headers.authorization !== `Bearer ${process.env.TOKEN}`) return res.status(401).end();
  next();
};
"""

ASKED = {
    "a layer before": "app.use(check); app.get('/a', h);",
    "before the handler": "app.get('/a', check, h);",
    "in a list": "app.get('/a', [check], h);",
    "below a path": "app.use('/a', check); app.get('/a', h);",
    "below several": "app.use(['/b', '/a'], check); app.get('/a', h);",
    "before a router": "const r = express.Router(); r.get('/a', h); app.use(check, r);",
    "for every method and path": "app.all('*', check); app.get('/a', h);",
    "for every path that begins so": "app.all('/a*', check); app.get('/a/b', h);",
    "on both sides of a switch": "if (process.env.A) { app.use(check); } else { app.use(check); } app.get('/a', h);",
    "a helper that refuses": (
        "const no = (res) => res.status(401).end(); const way = (q, s, n) => (q.get('x-api-key') ? n() : no(s));"
        "app.get('/a', way, h);"
    ),
    "a method": (
        "class Gate { pass(req, res, next) { if (!req.cookies.session) throw new Unauthorized(); next(); } }"
        "const gate = new Gate(); app.get('/a', gate.pass, h);"
    ),
    "what writes down whom it refused": (
        "const gate = (req, res, next) => { if (req.headers.authorization === process.env.TOKEN) return next();"
        "  console.warn('refused', req.method, req.path); res.status(401).json({ path: req.originalUrl }); };"
        "app.use(gate); app.get('/a', h);"
    ),
    "a name that says so, and a log": (
        "function requireToken(req, res, next) { console.log(`${req.method} ${req.path}`); check(req, res, next); }"
        "app.get('/a', requireToken, h);"
    ),
    "a function that is made": (
        "const gate = (key) => (req, res, next) => (req.get('authorization') === key ? next() : res.sendStatus(403));"
        "app.get('/a', gate('x'), h);"
    ),
}
DOUBTFUL = {
    "some paths are let through": "const skip = (q, s, n) => (q.path === '/a' ? n() : check(q, s, n)); app.use(skip);"
    "app.get('/a', h);",
    "a name that says so, and paths that are let through": "const open = ['/a'];"
    "function authenticate(req, res, next) { return open.includes(req.path) ? next() : check(req, res, next); }"
    "app.use(authenticate); app.get('/a', h);",
    "some paths are looked up": "const gate = (q, s, n) => { if (isOpen(q.path)) return n(); check(q, s, n); };"
    "app.use(gate); app.get('/a', h);",
    "some methods are let through": "function authorize(q, s, n) {"
    "  switch (q.method) { case 'GET': return n(); } check(q, s, n); }"
    "app.use(authorize); app.get('/a', h);",
    "a handler that is wrapped": "const closed = (f) => (q, s, n) => check(q, s, () => f(q, s, n));"
    "app.get('/a', closed(h));",
    "a package that is not known": "app.use(require('acme')()); app.get('/a', h);",
    "it only refuses": "const may = (q, s, n) => (Math.random() > 1 ? n() : s.sendStatus(403)); app.get('/a', may, h);",
}
OPEN = {
    "nothing before": "app.get('/a', h);",
    "another path": "app.use('/b', check); app.get('/a', h);",
    "a path that only begins so": "app.all('/b*', check); app.get('/a', h);",
    "a layer behind": "app.get('/a', h); app.use(check);",
    "what counts requests": "const count = (q, s, n) => (q.ip in {} ? s.status(429).end() : n()); app.use(count);"
    "app.get('/a', h);",
    "what writes a log": "const log = (q, s, n) => { console.log(q.url, !!q.headers.authorization); n(); };"
    "function silent(q, s, n) { n(); } app.use(silent); app.get('/a', h);",
    "what answers errors": "function failed(err, req, res, next) { if (err.token) res.status(401).end(); else next(); }"
    "app.use(failed); app.get('/a', h);",
    "known packages": "const cors = require('cors'); app.use(cors()); app.use(express.json()); app.get('/a', h);",
}
ALL = [
    *(pytest.param(body, True, id=f"asked: {name}") for name, body in ASKED.items()),
    *(pytest.param(body, None, id=f"doubtful: {name}") for name, body in DOUBTFUL.items()),
    *(pytest.param(body, False, id=f"open: {name}") for name, body in OPEN.items()),
]


@pytest.mark.parametrize(("body", "expected"), ALL)
def test_what_middleware_does_tells_whether_a_route_asks(body: str, expected: bool | None) -> None:  # noqa: FBT001 - one of three answers
    """A route asks where what runs before it refuses who shows no credentials, whatever it is called."""
    files = {"package.json": PACKAGE, "index.js": f"{HEAD}{body}\napp.listen(3000);"}
    tree = MemoryTree({path: text.encode() for path, text in files.items()})
    routes = [route for route in read_routes(tree, corner=Corner.SOURCE).routes if route.path.startswith("/a")]

    assert {route.secured for route in routes if route.method == "GET"} == {expected}
