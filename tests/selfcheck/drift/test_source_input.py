"""Bad source trees: each is told, the rest is still read, and nothing ends in a traceback."""

from __future__ import annotations

import json

import pytest

from dtma_contract.discovery.express import read_routes
from dtma_contract.discovery.file_tree import FolderTree
from dtma_contract.errors import UsageError
from dtma_contract.routes import Cell, Corner

PACKAGE = json.dumps({"name": "service", "main": "index.js", "dependencies": {"express": "4"}})
ENTRY = """
const express = require('express');
const app = express();
app.get('/before', (req, res) => res.end());
app.use('/part', require('./part'));
app.get('/after', (req, res) => res.end());
app.listen(3000);
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "package.json").write_text(PACKAGE)
    (tmp_path / "index.js").write_text(ENTRY)
    (tmp_path / "part.js").write_text("module.exports = require('express').Router();\n")
    return tmp_path


def read(folder, **options):
    return read_routes(FolderTree(folder), corner=Corner.SOURCE, **options)


def mounted(table):
    return {(route.method, route.path) for route in table.routes if route.state == Cell.MOUNTED}


def test_a_folder_without_package_json_is_refused(tmp_path):
    """There is nothing to begin with, and the message says what to name."""
    (tmp_path / "index.ts.txt").write_text("")

    with pytest.raises(UsageError, match=r"no package\.json"):
        read(tmp_path)


def test_a_package_that_starts_nothing_is_refused(tmp_path):
    """Neither a script, nor main, nor a usual name leads to a file."""
    (tmp_path / "package.json").write_text('{"name": "nothing"}')

    with pytest.raises(UsageError, match="--entry"):
        read(tmp_path)


@pytest.mark.parametrize("entry", ["gone.ts", "../outside.js", "/etc/hostname", "part.js/below", "\0"])
def test_an_entry_that_is_no_file_of_the_folder_is_refused(folder, entry):
    """An entry is a file of the service."""
    with pytest.raises(UsageError, match="entry"):
        read(folder, entry=entry)


@pytest.mark.parametrize("document", ["[]", "null", "\ufeff{}", '{"main": 7, "scripts": ["start"], "workspaces": 3}'])
def test_a_package_json_of_another_shape_is_no_obstacle(folder, document):
    """Where it says nothing of use, the usual names do."""
    (folder / "package.json").write_text(document)

    assert ("GET", "/before") in mounted(read(folder))


@pytest.mark.parametrize("document", ["{", "", '{"main": "index.js",}', "{/* the service */}"])
def test_a_package_json_that_is_no_json_ends_the_process(folder, document):
    """Node.js reads the nearest one before it runs a file that ends in .js."""
    (folder / "package.json").write_text(document)
    table = read(folder, entry="index.js")

    assert (table.crash.partition(",")[0], table.crash_location.file) == (
        "package.json is no valid JSON",
        "package.json",
    )


@pytest.mark.parametrize(("entry", "beside"), [("index.mjs", "x"), ("index.js", "bun.lock")])
def test_a_package_json_that_is_no_json_is_told_where_it_may_not_matter(folder, entry, beside):
    """A file that ends in .mjs needs none, and another runtime may read more than JSON."""
    (folder / "index.mjs").write_text(ENTRY)
    (folder / beside).write_text("")
    (folder / "package.json").write_text("{")
    table = read(folder, entry=entry)

    assert (table.crash, [unknown.file for unknown in table.unknown]) == ("", ["package.json"])


def test_a_broken_package_json_without_an_entry_is_said_to_be_broken(tmp_path):
    """It is there, and cannot be read."""
    (tmp_path / "package.json").write_text("{")

    with pytest.raises(UsageError, match="no valid JSON, line 1"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("part.ts", b"module.exports = (((("),
        ("part.js", b"\xff\xfe\x00\x01 not text \x00"),
        ("part.ts", b"class { { } => function"),
        ("part.js", b"import x from"),
        ("part.js", b"const page = <p>:)</p>; ("),
        ("part.js", b"const x = (a) / 2; const = ("),
    ],
)
def test_a_file_that_cannot_be_parsed_is_told_and_the_rest_is_read(folder, file, content):
    """What stands before and behind it is found, and the table is not complete; a compiler may still write output."""
    (folder / "part.js").unlink()
    (folder / file).write_bytes(content)
    table = read(folder)

    assert ({("GET", "/before"), ("GET", "/after")}, True) == (
        mounted(table),
        file in {unknown.file for unknown in table.unknown},
    )


@pytest.mark.parametrize(
    ("content", "line", "why"),
    [
        ("\nmodule.exports = ((((", 2, "the `(` is not closed"),
        ("const a = {\n  b: [1, 2,\n};", 3, "the `}` stands where the `[` of line 2 is open"),
        ("function f() {}\n}", 2, "the `}` closes nothing"),
        ("const t = `a ${f(`;\n", 1, "the text that begins with a backtick is not closed"),
        ("<<<<<<< HEAD\nconst a = 1;\n=======\nconst a = 2;\n>>>>>>> b\n", 1, "the marks of a merge are left in it"),
    ],
)
def test_a_syntax_error_in_what_is_loaded_ends_the_process(folder, content, line, why):
    """Node.js cannot read the file, and where nobody catches that, nothing is served."""
    (folder / "part.js").write_text(content)
    table = read(folder)

    assert table.crash == f"part.js has a syntax error, {why}: the process ends while it loads"
    assert (table.crash_location.file, table.crash_location.line) == ("part.js", line)
    assert mounted(table) == set()


@pytest.mark.parametrize(
    "loaded",
    [
        "try { require('./odd'); } catch {}",
        "if (process.env.ODD) require('./odd');",
        "import('./odd').catch(() => {});",
        "app.get('/odd', (req, res) => require('./odd'));",
    ],
)
def test_a_syntax_error_that_may_be_passed_over_ends_nothing(folder, loaded):
    """It is an unknown all the same."""
    (folder / "part.js").write_text(f"const app = require('express').Router(); {loaded} module.exports = app;")
    (folder / "odd.js").write_text("(((")

    assert read(folder).crash == ""
    assert ("GET", "/before") in mounted(read(folder))


def test_required_data_that_is_no_json_ends_the_process(folder):
    """What is required is read as it stands."""
    (folder / "part.js").write_text("require('./data.json'); module.exports = require('express').Router();")
    (folder / "data.json").write_text('{\n"a": 1,\n}')

    assert (str(read(folder).crash_location), "data.json is no valid JSON" in read(folder).crash) == (
        "data.json:3",
        True,
    )


def test_links_that_go_in_circles_end(folder):
    """A link to a folder around itself is no endless tree."""
    (folder / "loop").symlink_to(".")
    (folder / "again").symlink_to("loop/again")

    assert {("GET", "/before"), ("GET", "/after")} == mounted(read(folder))


def test_a_link_out_of_the_folder_leads_nowhere(folder, tmp_path_factory):
    """What lies outside of the service's folder is not read."""
    outside = tmp_path_factory.mktemp("outside") / "part.js"
    outside.write_text(
        "const r = require('express').Router(); r.get('/secret', (q, s) => s.end()); module.exports = r;"
    )
    (folder / "part.js").unlink()
    (folder / "part.js").symlink_to(outside)

    table = read(folder)

    assert ([route for route in table.routes if "secret" in route.path], table.crash, table.complete) == ([], "", False)


def test_a_folder_that_is_a_link_out_of_the_service_is_no_missing_folder(folder, tmp_path_factory):
    """The program finds what it loads from there, so that it does not end."""
    outside = tmp_path_factory.mktemp("outside")
    (outside / "part.js").write_text("module.exports = require('express').Router();")
    (folder / "shared").symlink_to(outside)
    (folder / "part.js").write_text("module.exports = require('./shared/part');")
    table = read(folder)

    assert (table.crash, table.complete) == ("", False)


def test_a_package_json_that_cannot_be_read_is_told(folder, tmp_path_factory):
    """What it says is not known: another file may be the program, and another folder may belong to it."""
    outside = tmp_path_factory.mktemp("outside") / "package.json"
    outside.write_text(PACKAGE)
    (folder / "package.json").unlink()
    (folder / "package.json").symlink_to(outside)
    table = read(folder)

    assert ([unknown.file for unknown in table.unknown], ("GET", "/before") in mounted(table)) == (
        ["package.json"],
        True,
    )


def test_an_unreadable_package_json_without_an_entry_is_not_said_to_be_missing(tmp_path):
    """It is there: whoever looks for it finds it."""
    (tmp_path / "package.json").symlink_to("/nowhere")

    with pytest.raises(UsageError, match=r"package\.json in the folder cannot be read"):
        read(tmp_path)


def test_modules_that_import_each_other_end(folder):
    """A circle of modules is evaluated once around."""
    (folder / "part.js").write_text("require('./index'); module.exports = require('express').Router();")

    assert {("GET", "/before"), ("GET", "/after")} == mounted(read(folder))


@pytest.mark.parametrize(
    "nested",
    [
        "(" * 3_000 + "1" + ")" * 3_000,
        "[" * 3_000 + "]" * 3_000,
        "f(" * 1_500 + "1" + ")" * 1_500,
        "a" + ".b" * 5_000,
        " + ".join(["'x'"] * 3_000),
    ],
    ids=["parentheses", "arrays", "calls", "members", "sum"],
)
def test_deep_nesting_is_no_crash(folder, nested):
    """Whatever is told of the file, the process goes on, and what stands elsewhere is found."""
    (folder / "part.js").write_text(f"const f = (x) => x;\nconst deep = {nested};\nmodule.exports = () => deep;\n")

    assert ("GET", "/before") in mounted(read(folder))


@pytest.mark.parametrize(
    "endless",
    ["for (;;) {}", "while (true) { n += 1 }", "const f = () => f(); f();", "do { n++ } while (n > -1)"],
)
def test_a_program_that_never_ends_does_not_hold_the_reader(folder, endless):
    """Loops and recursion are followed as far as the limits go."""
    (folder / "part.js").write_text(f"let n = 0;\n{endless}\nmodule.exports = require('express').Router();\n")

    assert ("GET", "/before") in mounted(read(folder))


FASTIFY = "const app = require('fastify')();\napp.get('/health', async () => 'ok');\napp.listen({ port: 3000 });\n"
NEST = (
    "import { NestFactory } from '@nestjs/core';\nimport { Module, Controller, Get } from '@nestjs/common';\n"
    "@Controller('/health') class Health { @Get() get() { return 'ok'; } }\n"
    "@Module({ controllers: [Health] }) class App {}\n"
    "NestFactory.create(App).then((app) => app.listen(3000));\n"
)
KOA = (
    "import Koa from 'koa';\nimport Router from '@koa/router';\nconst app = new Koa();\nconst router = new Router();\n"
)
KOA += "router.get('/health', (ctx) => { ctx.body = 'ok'; });\napp.use(router.routes());\napp.listen(3000);\n"
HONO = "import { Hono } from 'hono';\nconst app = new Hono();\napp.get('/health', (c) => c.text('ok'));\n"


@pytest.mark.parametrize(
    ("package", "name", "code"),
    [("fastify", "Fastify", FASTIFY), ("@nestjs/core", "NestJS", NEST), ("koa", "Koa", KOA), ("hono", "Hono", HONO)],
)
def test_a_service_on_another_framework_is_said_to_be_one(tmp_path, package, name, code):
    """Nothing in it is taken for a route of Express, and nothing is said to be absent."""
    (tmp_path / "package.json").write_text(json.dumps({"main": "index.ts", "dependencies": {package: "*"}}))
    (tmp_path / "index.ts").write_text(code)
    table = read(tmp_path)

    assert (table.routes, [(unknown.prefix, unknown.line) for unknown in table.unknown]) == ((), [("/", 1)])
    assert table.unknown[0].reason == (
        f"this is a {name} service, for it imports {package}: routes of Express only are read"
    )


def test_a_service_that_asks_for_express_is_one_of_express(tmp_path):
    """Whatever else it uses."""
    asked = {"main": "index.js", "dependencies": {"fastify": "5", "express": "4"}}
    (tmp_path / "package.json").write_text(json.dumps(asked))
    (tmp_path / "index.js").write_text(FASTIFY)

    assert "no route is registered" in " ".join(unknown.reason for unknown in read(tmp_path).unknown)
