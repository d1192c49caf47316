"""Details of the language that decide a path: fields without a value, the radix of a number, where a search ends."""

from __future__ import annotations

import json

import pytest

from dtma_contract.discovery.express import read_routes
from dtma_contract.discovery.file_tree import MemoryTree
from dtma_contract.routes import Cell, Corner

HEAD = "import express from 'express'; const app = express(); const end = (q, s) => s.end();\n"
BASE = "abstract class Base {{ get at() {{ return 'base'; }} }}\nclass Mine extends Base {{ {field} }}\n"
USE = "app.get(`/${new Mine().at}/x`, end);"


def paths(code: str, *, file: str = "index.ts", options: dict[str, object] | None = None) -> list[str]:
    files = {
        "package.json": json.dumps({"main": file, "dependencies": {"express": "4"}}),
        file: f"{HEAD}{code}\napp.listen(1);",
    }
    if options is not None:
        files["tsconfig.json"] = json.dumps({"compilerOptions": options})
    table = read_routes(MemoryTree({path: text.encode() for path, text in files.items()}), corner=Corner.SOURCE)
    return [route.path for route in table.routes if route.state in {Cell.MOUNTED, Cell.CONDITIONAL}]


@pytest.mark.parametrize("field", ["declare at: string;", "abstract at: string;", "abstract get at(): string;"])
def test_a_member_that_is_only_a_type_hides_no_getter(field):
    """It is left out of the output, whatever is compiled for."""
    assert paths(BASE.format(field=field) + USE, options={"target": "ESNext"}) == ["/base/x"]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"target": "ES2020"}, "/base/x"),
        ({"target": "es5", "useDefineForClassFields": True}, "/undefined/x"),
        ({"target": "ES2022"}, "/undefined/x"),
        ({"target": "ESNext", "useDefineForClassFields": False}, "/base/x"),
    ],
)
def test_a_field_without_a_value_hides_a_getter_where_the_compiler_defines_it(options, found):
    """TSConfig reference: useDefineForClassFields, true by default from ES2022 on."""
    assert paths(BASE.format(field="at!: string;") + USE, options=options) == [found]


def test_a_field_without_a_value_keeps_both_where_the_target_is_not_known():
    """Each may be what the compiler makes of it."""
    code = BASE.format(field="at!: string;") + "app.get(`/${String(new Mine().at)}/x`, end);"

    assert sorted(paths(code)) == ["/base/x", "/undefined/x"]


def test_a_field_without_a_value_in_javascript_is_a_member():
    """ECMA-262, section 15.7.10: it is defined as undefined."""
    code = "class Base { get at() { return 'base'; } }\nclass Mine extends Base { at; }\n"

    assert paths(code + USE, file="index.mjs") == ["/undefined/x"]


@pytest.mark.parametrize(
    ("written", "text"),
    [("(255).toString(16)", "ff"), ("(-5).toString(2)", "-101"), ("(7).toString()", "7"), ("(0).toString(36)", "0")],
)
def test_a_number_is_written_in_its_radix(written, text):
    """ECMA-262, section 21.1.3.6."""
    assert paths(f"app.get('/' + {written}, end);") == [f"/{text}"]


def test_every_ends_at_the_first_that_is_not():
    """What stands behind it is not looked at."""
    code = "[1, 2, 3].every((n) => { app.get('/n' + n, end); return n < 2; });"

    assert paths(code) == ["/n1", "/n2"]


def test_every_goes_on_where_a_test_is_not_known():
    """Each item may be looked at."""
    code = "[1, 2].every((n) => { app.get('/n' + n, end); return process.env['N' + n]; });"

    assert paths(code) == ["/n1", "/n2"]
