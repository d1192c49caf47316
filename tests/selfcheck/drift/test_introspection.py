"""The hook tells an app's routes as the process holds them, opens no port and lets nothing run on."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from pathlib import Path

import pytest
from corpus.runtime import installed_tools

from dtma_contract.discovery.introspection import HOOK_NAME, hook_source
from dtma_contract.discovery.introspection.answer import RuntimeAnswer, read_answer

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("needs_node")]

# Longer than any of these programs takes; a hook that does not end its process is ended.
PATIENCE_SECONDS = 60


@pytest.fixture(params=[4, 5])
def run(request, tmp_path):
    """Run a program under the hook and one version of Express."""
    packages = tmp_path / "node_modules"
    packages.mkdir()
    (packages / "express").symlink_to(installed_tools() / "node_modules" / f"express{request.param}")
    (tmp_path / HOOK_NAME).write_text(hook_source(), "utf-8")

    def run(program: str, name: str = "app.js", **environment: str) -> RuntimeAnswer:
        (tmp_path / name).write_text(program, "utf-8")
        done = subprocess.run(
            ["node", "--require", f"./{HOOK_NAME}", name],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "DTMA_CONTRACT_QUIET_MS": "200", **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )
        answer = read_answer(done.stdout)
        assert answer is not None, done.stderr
        return answer

    run.major = request.param
    run.folder = tmp_path
    return run


def paths(answer: RuntimeAnswer) -> list[str]:
    return [f"{route.method} {route.path}" for route in answer.routes]


def test_prefixes_order_and_middleware_are_told_as_written(run):
    """Express 4 itself keeps only regular expressions of its mounts."""
    answer = run(
        """
        const express = require('express');
        const app = express(), router = express.Router(), sub = express();
        app.use(function log(req, res, next) { next(); });
        router.get('/:id', function requireAuth(req, res, next) { next(); }, (req, res) => {});
        sub.use('/deep', router);
        app.use(['/a', '/b/:x'], sub);
        app.all('/any', (req, res) => {});
        app.listen(1);
        """
    )

    assert [(route.method, route.path, route.raw) for route in answer.routes] == [
        ("GET", "/a/deep/{id}", "/a/deep/:id"),
        ("GET", "/b/{x}/deep/{id}", "/b/:x/deep/:id"),
        ("ALL", "/any", "/any"),
    ]
    assert answer.routes[0].middleware == ("log", "requireAuth")
    assert (answer.listened, answer.error, answer.exit_code) == (True, "", 0)
    assert answer.express.startswith(f"{run.major}.")


def test_no_port_is_opened_and_the_app_goes_on_as_if(run):
    """A port that is taken does not matter; the address is the one that was asked for."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        answer = run(
            f"""
            const app = require('express')();
            const server = app.listen({port}, '127.0.0.1', () => {{
              if (server.listening && server.address().port === {port}) app.get('/listening', (req, res) => {{}});
            }});
            """
        )

    assert paths(answer) == ["GET /listening"]


def test_what_is_registered_later_is_waited_for(run):
    """An app that keeps the process alive is told when it has been quiet; its timers do not run for ever."""
    answer = run(
        """
        import express, { Router } from 'express';
        import { createServer } from 'node:http';
        const app = express();
        setInterval(() => {}, 5);
        await new Promise((done) => createServer((req, res) => app(req, res)).listen({ port: 1 }, done));
        setTimeout(() => app.use('/late', Router().get('/x', (req, res) => {})), 50);
        """,
        "app.mjs",
    )

    assert paths(answer) == ["GET /late/x"]


def test_an_app_that_never_listens_is_told_at_the_limit(run):
    """It says so, and what it has registered until then."""
    begun = time.monotonic()
    answer = run(
        "const app = require('express')(); app.get('/x', () => {}); setInterval(() => {}, 1000);",
        DTMA_CONTRACT_LIMIT_SECONDS="1",
    )

    assert (answer.listened, paths(answer), answer.error) == (False, ["GET /x"], "nothing listened for 1 s")
    assert time.monotonic() - begun < PATIENCE_SECONDS / 2


@pytest.mark.parametrize(
    ("name", "program", "said"),
    [
        ("app.mjs", "import express from 'express'; import { gone } from './other.mjs'; express();", "gone"),
        (
            "app.js",
            "const app = require('express')(); app.get('/x', () => {}); throw new Error('no database');",
            "no da",
        ),
        ("app.js", "require('express')(); Promise.reject(new Error('refused'));", "refused"),
        ("app.js", "require('express')(); require('./not-there');", "not-there"),
    ],
)
def test_a_failure_is_told_with_its_reason(run, name, program, said):
    """The process ends as it would without the hook."""
    (run.folder / "other.mjs").write_text("export const there = 1;\n", "utf-8")
    answer = run(program, name)

    assert said in answer.error
    assert (answer.exit_code, answer.listened) == (1, False)


def test_an_exit_of_the_app_is_told(run):
    """It gave up by itself: there is no error, and no zero either."""
    answer = run("const app = require('express')(); app.get('/x', () => {}); process.exit(3);")

    assert (answer.exit_code, answer.listened, paths(answer)) == (3, False, ["GET /x"])


def test_what_nothing_mounts_is_told_apart(run):
    """A router without a mount is no route of the server."""
    answer = run(
        """
        const express = require('express');
        const app = express(), forgotten = express.Router();
        forgotten.post('/:name/start', (req, res) => {});
        app.get('/', (req, res) => {});
        app.listen(1);
        """
    )

    assert paths(answer) == ["GET /"]
    assert [(route.method, route.path) for route in answer.unmounted] == [("POST", "/{name}/start")]


def test_other_functions_keep_their_own_stack(run):
    """The setters that notice routers are in no one else's way."""
    answer = run(
        """
        const app = require('express')();
        function other() {}
        other.stack = [1];
        other.mountpath = '/x';
        class Kept { static stack = 'mine'; }
        if (other.stack[0] === 1 && other.mountpath === '/x' && Kept.stack === 'mine' && !Object.keys(() => 1).length) {
          app.get('/kept', (req, res) => {});
        }
        app.listen(1);
        """
    )

    assert paths(answer) == ["GET /kept"]


def test_a_long_answer_arrives_whole(run):
    """A pipe holds 64 KiB; what is longer is written until it is read."""
    answer = run(
        """
        const app = require('express')();
        for (let i = 0; i < 3000; i++) app.get('/a-rather-long-path-to-fill-the-pipe/' + i, (req, res) => {});
        app.listen(1);
        """
    )

    assert len(answer.routes) == 3000


def test_the_hook_lies_beside_its_module():
    """It is read as a resource of the package, so that a wheel ships it."""
    assert hook_source() == Path(__import__("dtma_contract").__file__).parent.joinpath(
        "discovery", "introspection", HOOK_NAME
    ).read_text("utf-8")
