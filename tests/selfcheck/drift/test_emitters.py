"""Routes that are registered when an event is emitted: by an emitter, a class that extends one, or the app itself."""

from __future__ import annotations

import json

import pytest

from dtma_contract.discovery.express import read_routes
from dtma_contract.discovery.file_tree import MemoryTree
from dtma_contract.routes import Cell, Corner, RouteTable

PACKAGE = json.dumps({"name": "x", "main": "index.js", "dependencies": {"express": "^4.21.2"}})
HEAD = """const express = require('express');
const EventEmitter = require('node:events');
const app = express();
const h = (req, res) => res.end();
const add = (router) => router.get('/a', h);
"""

CALLED = {
    "an emitter": "const bus = new EventEmitter(); bus.on('routes', add); bus.emit('routes', app);",
    "by its other names": "const bus = new EventEmitter.EventEmitter(); bus.addListener('r', add).emit('r', app);",
    "once": "const bus = new EventEmitter(); bus.once('routes', add); bus.emit('routes', app);",
    "a class of its own": "class Bus extends EventEmitter { constructor() { super(); this.on('routes', add); } }"
    "class Hub extends Bus { start() { this.emit('routes', app); } } new Hub().start();",
    "a constructor of its own": "function Bus() { EventEmitter.call(this); }"
    "require('util').inherits(Bus, EventEmitter);"
    "const bus = new Bus(); bus.on('routes', add); bus.emit('routes', app);",
    "a member of what is emitted": "const bus = new EventEmitter(); bus.on('routes', ({ router }) => add(router));"
    "bus.emit('routes', { router: app });",
    "the app": "app.on('ready', () => add(app)); app.emit('ready');",
    "something that nobody sees": "const bus = new EventEmitter(); bus.on('open', () => add(app));"
    "app.locals.bus = bus;",
}


def table_of(body: str) -> RouteTable:
    files = {"package.json": PACKAGE, "index.js": f"{HEAD}{body}\napp.listen(3000);"}
    return read_routes(MemoryTree({path: text.encode() for path, text in files.items()}), corner=Corner.SOURCE)


@pytest.mark.parametrize("body", CALLED.values(), ids=CALLED)
def test_what_listens_registers(body: str) -> None:
    """A listener registers on what is emitted, once, and nothing of it is unknown."""
    table = table_of(body)

    assert [(route.path, route.state) for route in table.routes] == [("/a", Cell.MOUNTED)]
    assert not table.unknown


def test_a_listener_under_a_condition_registers_under_it() -> None:
    """What listens only where a variable is set registers only there."""
    body = "const bus = new EventEmitter(); if (process.env.A) bus.on('routes', add); bus.emit('routes', app);"

    assert [(route.path, route.state) for route in table_of(body).routes] == [("/a", Cell.CONDITIONAL)]


def test_an_event_whose_name_is_not_known_leaves_the_table_open() -> None:
    """Whatever listens to an unknown event may register on the app that is emitted."""
    body = "const bus = new EventEmitter(); bus.on('routes', add); bus.emit(process.env.EVENT, app);"

    assert table_of(body).unknown
