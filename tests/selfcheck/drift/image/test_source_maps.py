"""Places in compiled code lead to places in the source."""

from __future__ import annotations

import base64
import json

import pytest

from dtma_contract.discovery.container_image.source_map import SourceMaps
from dtma_contract.discovery.file_tree import MemoryTree
from dtma_contract.routes import Location

CODE = b'"use strict";\nconst a = 1;\napp.get("/x", b); app.post("/y", c);\n'
# Line 1 maps to nothing; line 2 to line 3 of a.ts; line 3 to line 10 of a.ts, and from column 18 on to line 2 of b.ts.
MAP = {
    "version": 3,
    "sources": ["../src/a.ts", "../src/b.ts"],
    "names": ["a"],
    "mappings": ";AAEA,MAAMA;AAOA,kBCRA",
}


def maps(code=CODE, document=MAP, *, name="app/dist/index.js", beside="app/dist/index.js.map", **more):
    files = {name: code}
    if document is not None:
        files[beside] = document if isinstance(document, bytes) else json.dumps({**document, **more}).encode()
    return SourceMaps(MemoryTree(files))


@pytest.mark.parametrize(
    ("line", "column", "expected"),
    [
        (1, None, None),
        (2, None, Location("app/src/a.ts", 3)),
        (2, 8, Location("app/src/a.ts", 3)),
        (3, None, Location("app/src/a.ts", 10)),
        (3, 0, Location("app/src/a.ts", 10)),
        (3, 17, Location("app/src/a.ts", 10)),
        (3, 18, Location("app/src/b.ts", 2)),
        (3, 999, Location("app/src/b.ts", 2)),
        (4, None, None),
        (0, None, None),
        (-1, None, None),
    ],
)
def test_a_place_is_found_by_line_and_column(line, column, expected):
    """The last segment that begins at or before the column tells the place."""
    assert maps().original("app/dist/index.js", line, column) == expected


INLINE = base64.b64encode(json.dumps(MAP).encode())


@pytest.mark.parametrize(
    "comment",
    [
        b"//# sourceMappingURL=index.js.map\n",
        b"//@ sourceMappingURL=index.js.map",
        b"//# sourceMappingURL=./index%2Ejs.map\r\n",
        b"//# sourceMappingURL=data:application/json;base64," + INLINE,
        b"//# sourceMappingURL=data:application/json;charset=utf-8;base64," + INLINE + b"\n",
        b"",
    ],
)
def test_the_map_is_found_by_its_comment_or_beside_the_file(comment):
    """Inline or in a file; a build that leaves the comment out is read all the same."""
    found = maps(CODE + comment, None if b"data:" in comment else MAP)

    assert found.original("app/dist/index.js", 2) == Location("app/src/a.ts", 3)


@pytest.mark.parametrize(
    ("sources", "root", "expected"),
    [
        (["a.ts", "b.ts"], "../src/", "app/src/a.ts"),
        (["webpack:///./src/a.ts", "b.ts"], "", "src/a.ts"),
        (["webpack://agent/./src/a.ts", "b.ts"], "", "src/a.ts"),
        (["../../../src/a.ts", "b.ts"], "", "src/a.ts"),
        (["/srv/src/a.ts", "b.ts"], "", "srv/src/a.ts"),
    ],
)
def test_the_names_of_sources_become_paths(sources, root, expected):
    """Whatever scheme a bundler writes, and wherever the sources lay when they were compiled."""
    found = maps(sources=sources, sourceRoot=root).original("app/dist/index.js", 2)

    assert found == Location(expected, 3)


@pytest.mark.parametrize(
    "document",
    [
        None, b"", b"{", b"[]", b"{}", b"[" * 99999, {**MAP, "mappings": 5}, {**MAP, "sources": None},
        {**MAP, "sources": []},
        {**MAP, "mappings": ";A%A"}, {**MAP, "mappings": ";" + "g" * 99 + "A"}, {**MAP, "mappings": ";AADA"},
        {**MAP, "mappings": ";AAEAg"}, {"version": 3, "sections": []},
    ],
)  # fmt: skip
def test_a_broken_map_is_none(document):
    """The compiled place is shown then."""
    assert maps(document=document).original("app/dist/index.js", 2) is None


def test_a_file_that_is_not_there_has_no_source():
    """Nor has one without a map."""
    assert (maps().original("gone.js", 1), maps(document=None).original("app/dist/index.js", 1)) == (None, None)
