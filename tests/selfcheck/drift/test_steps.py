"""What is not worth following is left: callbacks that call for themselves, tools that lie in the tree, bundles."""

from __future__ import annotations

import pytest

from dtma_contract.discovery.express import read_routes
from dtma_contract.discovery.express.machine import Machine
from dtma_contract.discovery.file_tree import MemoryTree
from dtma_contract.routes import Cell, Corner, RouteTable

PACKAGE = '{"name": "x", "main": "index.js", "dependencies": {"express": "^4.21.2", "async": "^3.2.0"}}'
SERVER = "const app = require('express')(); app.get('/first', (q, s) => s.end()); app.listen(3000);\n"


def table_of(files: dict[str, str]) -> RouteTable:
    whole = {"package.json": PACKAGE, **files}
    return read_routes(MemoryTree({path: text.encode() for path, text in whole.items()}), corner=Corner.SOURCE)


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the lines of the callbacks that are followed, as they are."""
    lines: list[int] = []
    real = Machine.call_unknowing

    def count(self, function, node, limit, arguments=None):
        lines.append(function.node.line)
        return real(self, function, node, limit, arguments)

    monkeypatch.setattr(Machine, "call_unknowing", count)
    return lines


def test_callbacks_that_make_themselves_anew_end(called):
    """A function that calls for itself by way of a package is followed some times, and what it hides is found."""
    again = (
        "const async = require('async');\nfunction start(a) { async.waterfall([() => start({}), () => start([])]); }\n"
    )
    late = "start();\nasync.series([() => app.get('/late', (q, s) => s.end())]);\n"
    table = table_of({"index.js": SERVER + again + late})

    assert {route.path for route in table.routes} == {"/first", "/late"}
    # Else it ends when all steps are spent, hundreds of times later.
    assert called.count(3) < 2_500


def test_what_registers_is_called_as_often_as_it_is_asked_for():
    """A callback that registers is followed each time, however often that is."""
    many = (
        "const async = require('async');\n"
        "for (const n of [...Array(40).keys()]) async.queue(() => app.get(`/n${n}`, (q, s) => s.end()));\n"
    )
    table = table_of({"index.js": SERVER + many})

    assert {f"/n{number}" for number in range(40)} <= {route.path for route in table.routes}


def test_a_package_manager_in_the_tree_is_not_read():
    """A release of Yarn that a repository holds declares nothing of its service."""
    release = "const api = require('express').Router(); api.get('/yarn', (q, s) => s.end());"
    table = table_of({"index.js": SERVER, ".yarn/releases/yarn-4.5.0.cjs": release})

    assert [route.path for route in table.routes] == ["/first"]


def test_what_may_register_is_called_although_it_did_not():
    """A callback that registers under a condition is followed each time, though the condition did not hold so often."""
    one = "async.queue(() => { if (n > 38) app.get(`/n${n}`, (q, s) => s.end()); });"
    many = f"const async = require('async');\nfor (const n of [...Array(40).keys()]) {{ {one} }}\n"
    table = table_of({"index.js": SERVER + many})

    assert "/n39" in {route.path for route in table.routes}


@pytest.mark.parametrize("is_large", [False, True])
def test_what_nothing_imports_is_declared_whatever_its_size(is_large):
    """The routes of a file that nothing imports are told, also where it is too large to be run."""
    other = "const router = require('express').Router(); router.get('/other', (q, s) => s.end());"
    padding = f"// {'x' * 400_000}\n" if is_large else ""
    table = table_of({"index.js": SERVER, "assets/other.js": padding + other})

    declared = [route.path for route in table.routes if route.state is Cell.DECLARED]
    assert [path.rpartition("/")[2] for path in declared] == ["other"]


def test_a_bundle_for_a_browser_declares_nothing():
    """A large file that does not name Express is no service's: what looks like routes are a client's requests."""
    bundle = f"// {'x' * 400_000}\nserver.get('/users', (q, s) => s.end());"
    table = table_of({"index.js": SERVER, "assets/bundle.js": bundle})

    assert [route.path for route in table.routes] == ["/first"]
