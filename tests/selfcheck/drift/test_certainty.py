"""What the evaluator says for certain, and what it leaves open: defaults, loops, dead code, ends of the process."""

from __future__ import annotations

import pytest

from dtma_contract.discovery.express import read_routes
from dtma_contract.discovery.file_tree import MemoryTree
from dtma_contract.routes import Cell, Corner, RouteTable

HEAD = "const express = require('express'); const app = express(); const end = (q, s) => s.end();\n"
TAIL = "\napp.get('/last', end); app.listen(3000);"


def table_of(body: str, files: dict[str, str] | None = None, *, express: str = "^4.21.2") -> RouteTable:
    package = f'{{"name": "x", "main": "index.js", "dependencies": {{"express": "{express}"}}}}'
    whole = {"package.json": package, "index.js": HEAD + body + TAIL, **(files or {})}
    return read_routes(MemoryTree({path: text.encode() for path, text in whole.items()}), corner=Corner.SOURCE)


def paths_of(table: RouteTable, *states: Cell) -> list[str]:
    return [route.path for route in table.routes if route.state in states]


LOCKED = 'express@^4.21.2:\n  version "4.21.2"\n'
LOCK = {"yarn.lock": LOCKED}

CRASHES = {
    "a missing file": ("require('./gone');", {}),
    "a missing file beside the folder": ("require('./in/a');", {"in/a.js": "require('../gone')"}),
    "a missing file that a function loads": ("require('./y');", {"y.js": "function f() { require('./gone'); } f();"}),
    "a file of another case": ("require('./Gone');", {"gone.js": ""}),
    "a folder of another case": ("require('./Routes/a');", {"routes/a.ts": ""}),
    "an index in a folder of another case": ("require('./Routes');", {"routes/index.js": ""}),
    "a package that nothing installs": ("require('foo');", LOCK),
    "a package that is imported": ("import foo from 'foo'; foo();", LOCK),
    "a name that no module exports": ("const { a } = require('./y'); app.use('/q', a);", {"y.js": "exports.b = 1;"}),
    "a member of what is required": ("const y = require('./y'); app.get('/q', end, y.a);", {"y.js": "exports.b = 1;"}),
    "a member that is required": ("const a = require('./y').a; app.get('/q', a);", {"y.js": "exports.b = 1;"}),
    "a parenthesis that is not closed": ("app.get('/(', end);", {}),
    "a throw": ("throw new Error('unfinished');", {}),
    "a throw in a choice that is written down": ("if (true) throw new Error('unfinished');", {}),
    "a throw on both sides": ("if (process.env.A) { throw 1; } else { throw 2; }", {}),
    "a throw in a module": ("require('./y');", {"y.js": "throw new Error('unfinished');"}),
    "a throw half way through a function": ("const f = () => { app.get('/a', end); throw 1; }; f();", {}),
    "an exit": ("process.exit(1);", {}),
    "an exit of a module": ("require('./y');", {"y.js": "const { exit } = require('process'); process.exit();"}),
}
UNSURE = {
    "a throw for a condition": ("if (!process.env.A) throw new Error('no A');", {}),
    "a throw for what seems to be missing": ("const c = {}; if (!c.a) throw new Error('no a');", {}),
    "a throw of a switch": ("switch ('a') { case 'b': break; default: throw 1; }", {}),
    "a throw that is caught": ("try { throw 1; } catch {}", {}),
    "a throw of a function that is caught": ("const f = () => { throw 1; }; try { f(); } catch {}", {}),
    "a throw of a function for a condition": ("const f = () => { throw 1; }; process.env.A || f();", {}),
    "a throw of a function on a chosen side": ("const f = () => { throw 1; }; const a = ''; a ? end() : f();", {}),
    "a throw of a promise": ("(async () => { throw 1; })().catch(() => {});", {}),
    "a throw of a method": ("class A { f() { throw 1; } } new A().f();", {}),
    "a throw of a request": ("app.get('/z', (q, s) => { throw 1; });", {}),
    "an exit for a condition": ("process.env.A || process.exit(1);", {}),
    "an exit for what seems to be missing": ("const c = {}; c.a ?? process.exit(1);", {}),
    "an exit of a signal": ("process.on('SIGTERM', () => process.exit(0));", {}),
    "an exit of one that started another": ("require('child_process').spawnSync('x'); process.exit(1);", {}),
    "a file that git ignores": ("require('./keys');", {".gitignore": "# secrets\nkeys.js\n"}),
    "a file in an ignored folder": ("require('./made/x');", {".gitignore": "/made/\n"}),
    "a file of a build": ("require('./dist/x');", {}),
    "a generated file": ("require('./client-generated/x');", {}),
    "a file of another case, of another loader": ("require('./Gone');", {"gone.coffee": ""}),
    "a file of another case that git ignores": ("require('./Gone');", {"gone.js": "", ".gitignore": "Gone.js"}),
    "a file of another loader": ("require('./gone');", {"gone.coffee": ""}),
    "a name of a file that the grammar cannot follow": (
        "import { a } from './y'; app.use('/q', a);",
        {"y.ts": "export const b = 1; export functio a(q, s) { s.end(); }"},
    ),
    "a name of a module of ECMAScript that the grammar cannot follow": (
        "import './z.mjs';",
        {"z.mjs": "import { a } from './y.mjs'; a();", "y.mjs": "export const b = 1; export functio a() { }"},
    ),
    "a file of data": ("require('./gone.json');", {}),
    "a package without a lock file": ("require('foo');", {}),
    "a package beside a lock file of nothing": ("require('foo');", {"yarn.lock": ""}),
    "a package that another one brings": ("require('foo');", {"yarn.lock": f"{LOCKED}foo@1:\n  version 1.0.0\n"}),
    "a package that is installed": ("require('foo');", {"yarn.lock": LOCKED, "node_modules/foo/package.json": "{}"}),
    "a package that may be missing": ("try { require('foo'); } catch {}", LOCK),
    "a package for a condition": ("if (process.env.A) require('foo');", LOCK),
    "a package that is a type": (
        "require('./y');",
        {"yarn.lock": LOCKED, "y.ts": "import { A } from 'foo'; let a: A;"},
    ),
    "a package that is an alias": (
        "require('foo');",
        {"yarn.lock": LOCKED, "tsconfig.json": '{"compilerOptions": {"paths": {"foo": ["gone/foo"]}}}'},
    ),
    "a package of the runtime": ("require('electron'); require('bun:sqlite');", LOCK),
    "a loader that finds more": (
        "require('./y'); require('./gone');",
        {"y.js": "const M = require('module'); const o = M._resolveFilename; M._resolveFilename = (r) => o(r);"},
    ),
    "a loader of a package": ("require('module-alias/register'); require('./gone');", {}),
    "what is caught": ("try { require('./gone'); } catch (error) {}", {}),
    "what is caught around a module": ("try { require('./y'); } catch (error) {}", {"y.js": "require('./gone');"}),
    "what depends on the environment": ("if (process.env.A) require('./gone');", {}),
    "a module that depends on it": ("if (process.env.A) require('./y');", {"y.js": "require('./gone');"}),
    "what happens later": ("setTimeout(() => require('./gone'));", {}),
    "what a request does": ("app.get('/z', (q, s) => require('./gone'));", {}),
    "exports that a package adds to": (
        "const { a } = require('./y'); app.use('/q', a);",
        {"y.js": "require('foo')(exports);"},
    ),
    "exports that are copied from a package": (
        "const { a } = require('./y'); app.use('/q', a);",
        {"y.js": "Object.assign(exports, require('foo'));"},
    ),
    "a handler that is looked at before": (
        "const { a } = require('./y'); if (a) app.use('/q', a);",
        {"y.js": "exports.b = 1;"},
    ),
    "a refused path that is a default": ("app.get(process.env.P || '/(', end);", {}),
    "a refused path that is caught": ("try { app.get('/(', end); } catch (error) {}", {}),
}


@pytest.mark.parametrize("name", CRASHES)
def test_an_end_of_the_process_is_told(name):
    """The process ends while it loads, whatever its input is."""
    assert table_of(*CRASHES[name]).crash


HANDED = (
    "which exports no such name, and is handed to Express as a handler at index.js:6: the process ends while it loads"
)
PLACES = {
    "required": (
        "const {\n  b,\n  a,\n} = require('./y');\napp.use('/q', a);",
        "exports.b = 1;",
        f"`a` is required from ./y, {HANDED}",
    ),
    "imported": (
        "import {\n  b,\n  a,\n} from './y';\napp.get('/q', a);",
        "export const b = 1;",
        f"`a` is imported from ./y, {HANDED}",
    ),
}


@pytest.mark.parametrize("name", PLACES)
def test_the_place_of_a_missing_name_is_its_import(name):
    """There it has to be mended, in the import or in the module that should export it."""
    body, module, reason = PLACES[name]
    table = table_of(body, {"y.js": module})

    assert (str(table.crash_location), table.crash) == ("index.js:4", reason)


@pytest.mark.parametrize("name", UNSURE)
def test_an_end_of_the_process_that_is_not_sure_is_not_told(name):
    """A checkout may hold the file, a condition may not hold, a caller may catch it."""
    assert table_of(*UNSURE[name]).crash == ""


def test_a_bare_star_ends_the_process_under_express_5_alone():
    """The version that package.json asks for decides."""
    ends = [bool(table_of("app.get('*', end);", express=asked).crash) for asked in ("^4.21.2", "^5.1.0")]

    assert ends == [False, True]


def test_a_default_in_a_path_is_its_path():
    """A prefix from the environment has its default where nothing else is said."""
    table = table_of("const base = `${process.env.BASE || '/b'}/v1`; app.get(base + '/x', end);")

    assert (paths_of(table, Cell.MOUNTED), table.complete) == (["/b/v1/x", "/last"], True)


@pytest.mark.parametrize(
    "code",
    [
        "app.get((process.env.BASE || '/b') + '/x', end);",
        "app.get(`${process.env.BASE ?? '/b'}/x`, end);",
        "app.use(process.env.BASE || '/b', express.Router().get('/x', end));",
        "const { BASE = '/b' } = process.env; app.use(BASE, express.Router().get('/x', end));",
    ],
)
def test_a_path_that_is_a_default_says_so(code):
    """Whoever sets the variable has another path; who does not has this one."""
    (route,) = (route for route in table_of(code).routes if route.path == "/b/x")

    assert (route.state, route.detail) == (
        Cell.MOUNTED,
        "its path is a default, in place of which process.env.BASE may name another",
    )


@pytest.mark.parametrize(
    "body",
    [
        "for (const n of (process.env.N || '').split(',')) app.get('/n/' + n, end);",
        "(process.env.N || '').split(',').forEach((n) => app.get('/n/' + n, end));",
        "for (let n = 0; n < Number(process.env.N || 2); n++) app.get('/n/' + n, end);",
        "let n = 0; while (n < process.env.N) { n += 1; app.get('/n/' + n, end); }",
    ],
)
def test_a_loop_over_what_has_a_default_is_followed_for_what_is_not_known_too(body):
    """The default is one run of the loop; others have routes of which a part is not known."""
    table = table_of(body)

    assert "/n/{?}" in paths_of(table, Cell.MOUNTED)
    assert not table.complete


def test_a_module_named_by_a_default_may_be_another_one():
    """Routes of the other one may be anywhere; settings are settings."""
    routes = {"m/a.js": "module.exports = require('express').Router().get('/a', (q, s) => s.end());"}
    settings = {"m/a.js": "module.exports = { port: process.env.PORT || 3 };"}

    prefixes = [
        {unknown.prefix for unknown in table_of(body, files).unknown}
        for body, files in (
            ("app.use(require('./m/' + (process.env.M || 'a')));", routes),
            ("const settings = require(`./m/${process.env.M || 'a'}`);", settings),
        )
    ]
    assert prefixes == [{"/"}, {""}]


def test_a_loop_that_may_end_early_is_followed_to_its_end():
    """What decides is not known, so that every turn may happen."""
    table = table_of("for (let i = 0; i < 3; i++) { if (process.env['X' + i]) break; app.get('/i' + i, end); }")

    assert paths_of(table, Cell.CONDITIONAL) == ["/i0", "/i1", "/i2"]


def test_what_a_call_gave_is_not_kept_when_what_it_reads_has_changed():
    """A function without effects still reads what others write."""
    body = "let n = 0; const at = () => '/n' + n; app.get(at(), end); n = 1; app.get(at(), end);"

    assert paths_of(table_of(body), Cell.MOUNTED) == ["/n0", "/n1", "/last"]


@pytest.mark.parametrize(
    "body",
    [
        "app._router.stack.splice(1, 1);",
        "app._router.stack = [];",
        "app._router.stack.length = 0;",
    ],
)
def test_a_stack_changed_by_hand_leaves_what_was_registered_unknown(body):
    """What is registered behind the change is there."""
    table = table_of("app.get('/first', end); " + body)

    assert (paths_of(table, Cell.UNKNOWN), paths_of(table, Cell.MOUNTED)) == (["/first"], ["/last"])


def test_a_stack_that_is_read_changes_nothing():
    """Listing the routes is usual, and harmless."""
    table = table_of("app.get('/first', end); app._router.stack.forEach((layer) => console.log(layer.route));")

    assert (paths_of(table, Cell.MOUNTED), table.complete) == (["/first", "/last"], True)


DEAD = {
    "a function that nothing calls": "function old() { app.get('/old', end); }",
    "a function that only dead code calls": "function old() { app.get('/old', end); } function older() { old(); }",
    "a branch of a constant": "const ON = false; if (ON) { app.get('/old', end); }",
}
ALIVE = {
    "a function that a handler calls": "function old() { app.get('/old', end); } app.post('/go', (q, s) => old());",
    "a function that a handler leads to": (
        "function old() { app.get('/old', end); } function older() { old(); } app.post('/go', (q, s) => older());"
    ),
    "a method of an object that Node is given": (
        "const o = { old() { app.get('/old', end); } }; process.on('SIGHUP', o);"
    ),
    "a handler itself": "app.post('/go', (q, s) => { app.get('/old', end); });",
    "a function beside what is not resolved": (
        "function old() { app.get('/old', end); } app.use(require('some-package')());"
    ),
}


@pytest.mark.parametrize("name", DEAD)
def test_code_that_surely_nothing_runs_is_declared_and_hides_nothing(name):
    """Nothing was left open, and nothing else could call it."""
    table = table_of(DEAD[name])

    assert (paths_of(table, Cell.DECLARED), table.complete) == (["{?}/old"], True)


@pytest.mark.parametrize("name", ALIVE)
def test_code_that_something_may_run_later_is_a_doubt(name):
    """A request, a signal or a package may call it."""
    table = table_of(ALIVE[name])

    assert paths_of(table, Cell.DECLARED) == ["{?}/old"]
    assert "{?}/old" in {unknown.prefix for unknown in table.unknown}


# The file, from its second line on, and the line that decides what the route /q/r is.
DECIDING = {
    "a mount": ("const r = express.Router(); r.get('/r', end);\napp.use('/q', r);", 3),
    "the inner one of two mounts": (
        "const r = express.Router(); r.get('/r', end);\nconst o = express.Router();\no.use('/q', r);\napp.use(o);", 4,
    ),
    "a conditional mount": (
        "const r = express.Router(); r.get('/r', end); \nif (process.env.A) {\n  app.use('/q', r);\n}", 4,
    ),
    "what answers first": (
        "app.use('/q', (req, res) => res.end());\nconst r = express.Router(); r.get('/r', end);\napp.use('/q', r);", 2,
    ),
    "the route itself": ("app.get('/q/r', end);", 0),
    "a conditional route on a mounted router": (
        "const r = express.Router();\nif (process.env.A) r.get('/r', end);\napp.use('/q', r);", 0,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("body", "line"), DECIDING.values(), ids=DECIDING)
def test_the_registration_that_decides_is_told(body, line):
    """The fault of a router is where it is mounted; 0 stands for the route's own place."""
    (route,) = (route for route in table_of(body).routes if route.path == "/q/r")

    assert (route.via.line if route.via else 0) == line


def test_a_library_without_routes_is_not_complete():
    """What only makes an app says that whoever imports it may register: such as the service around it."""
    library = (
        "class Api { constructor() { this.more = []; } start() { const app = express(); app.use(express.json());\n"
        "this.more.forEach((one) => app.use(one)); app.listen(3000); } }\n"
        "const express = require('express'); module.exports = { Api };"
    )
    package = '{"name": "x", "main": "index.js", "dependencies": {"express": "^4.21.2"}}'
    tree = MemoryTree({"package.json": package.encode(), "index.js": library.encode()})
    table = read_routes(tree, corner=Corner.SOURCE)

    assert (table.routes, [(u.prefix, "library" in u.reason) for u in table.unknown]) == ((), [("/", True)])
