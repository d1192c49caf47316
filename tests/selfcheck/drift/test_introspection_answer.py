"""The hook's line is read, whatever stands around it."""

from __future__ import annotations

import json

import pytest

from dtma_contract.discovery.introspection.answer import MARK, read_answer
from dtma_contract.routes import Cell


def line(*parts: list, major: int = 4, **more) -> str:
    routes = [{"method": "GET", "path": "raw", "parts": part, "middleware": []} for part in parts]
    return MARK + json.dumps({"express": f"{major}.1.0", "major": major, "routes": routes, "listened": True, **more})


@pytest.mark.parametrize(
    ("major", "parts", "path"),
    [
        (4, ["/api", "/x/:id?"], "/api/x/{id?}"),
        (5, ["/api", "/x{/:id}"], "/api/x/{id?}"),
        (4, ["/", "*"], "/*"),
        (4, ["/sub", {"regex": "^\\/in", "flags": "i"}], "/sub/^\\/in/"),
    ],
)
def test_the_parts_of_a_path_become_one_template(major, parts, path):
    """Prefixes are joined, each in the syntax of its version."""
    assert [route.path for route in read_answer(line(parts, major=major)).routes] == [path]


def test_a_path_that_matches_nothing_is_declared():
    """It is registered, and no request reaches it."""
    (route,) = read_answer(line(["/api", "users"])).routes

    assert (route.state, bool(route.detail)) == (Cell.DECLARED, True)


def test_the_line_is_found_among_others_and_the_fullest_counts():
    """`npm start` is a node process of its own and tells an empty list."""
    output = f"booting\n{line()}\nwarning: {line(['/a'], ['/b'])}\n{line(['/c'])}\ndone\n"

    assert [route.path for route in read_answer(output).routes] == ["/a", "/b"]


@pytest.mark.parametrize("text", ["", "no line", MARK, MARK + "{", MARK + "[]", MARK + '{"routes": [{}]}', MARK + "3"])
def test_what_cannot_be_read_is_no_answer(text):
    """A cut or foreign line makes no empty list of routes."""
    assert read_answer(text) is None
