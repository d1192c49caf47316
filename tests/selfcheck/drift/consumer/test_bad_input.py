"""Whatever the tree holds, what can be read is read, and what cannot is said."""

from __future__ import annotations

import time

import pytest
from drift.consumer.marked_sources import PROMISED, read, requests

from dtma_contract.discovery.consumer import read_consumers
from dtma_contract.discovery.file_tree import FolderTree, MemoryTree

GOOD = "fetch(`${dtmaUrl}/logs`);\n"


@pytest.mark.parametrize("files", [{}, {"README.md": "the callers"}, {"a.test.ts": GOOD}], ids=["no", "other", "test"])
def test_a_tree_without_a_caller_is_said_to_have_none(files):
    """Nothing was read, so that it says of no route that nobody calls it."""
    table = read(files)

    assert (table.routes, [(one.prefix, one.reason.partition(":")[0]) for one in table.unknown]) == (
        (),
        [("/", "there is no caller to read")],
    )


def test_a_caller_that_asks_for_nothing_is_read():
    """That it calls no route is sure."""
    table = read({"a.ts": "export const answer = 42;"})

    assert (table.routes, table.unknown, table.complete) == ((), (), True)


def test_a_syntax_error_leaves_the_rest_of_the_file():
    """What stands before and after the error is read, and the error is an unknown with its line."""
    source = (
        f"{GOOD}\nconst broken = {{{{ ;;; class ( \n\nfunction later() {{ return fetch(`${{dtmaUrl}}/system`); }}\n"
    )
    table = read({"a.ts": source, "b.ts": GOOD})

    assert requests(table)[0] >= {"GET /logs a.ts:1", "GET /logs b.ts:1"}
    assert any(one.file == "a.ts" and "syntax" in one.reason and one.line >= 3 for one in table.unknown)


def test_a_file_that_is_too_large_is_named():
    """A bundle is not read; that it may hide requests is said."""
    table = read({"bundle.js": "//" + "x" * 1_100_000 + "\n" + GOOD, "a.ts": GOOD})

    assert requests(table)[0] == {"GET /logs a.ts:1"}
    assert [one.file for one in table.unknown] == ["bundle.js"]


def test_bytes_that_are_no_text_are_survived():
    """Files in other encodings, and binary files with a program's name, are read as far as they go."""
    tree = MemoryTree(
        {
            "a.ts": b"\xff\xfe\x00dtma fetch('/x')\x00",
            "b.py": b"# dtma \xe9\nimport requests\nrequests.get(DTMA_URL + '/logs')\n\x00",
            "c.sh": b"\xff curl http://x:30000/health\n",
            "d.ts": b"\xef\xbb\xbf" + GOOD.encode(),
        }
    )
    table = read_consumers(tree, promised=PROMISED)

    assert {"GET /logs d.ts:1", "GET /health c.sh:1"} <= requests(table)[0]


def test_links_that_go_in_circles_end(tmp_path):
    """A link to a folder above is followed for a while only."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.ts").write_text(GOOD)
    (tmp_path / "src" / "up").symlink_to("..")
    table = read_consumers(FolderTree(tmp_path), promised=PROMISED)

    assert "GET /logs src/a.ts:1" in requests(table)[0]


@pytest.mark.parametrize(
    "source",
    [
        "dtma" + "(" * 3000,
        "const dtma = " + " + ".join(["'a'"] * 5000) + ";\n",
        "export const f = (dtma) => " + "(() => " * 400 + "fetch(dtma)" + ")()" * 400 + ";\n",
        "dtma" + ".then(x => x)" * 2000 + ";fetch(x);\n",
        "if (dtma) {} " + "else if (a) { fetch(b); } " * 1500,
    ],
    ids=["brackets", "sums", "functions", "chains", "branches"],
)
def test_what_is_nested_without_measure_ends(source):
    """Neither the parser nor the evaluator fails, and the file beside it is read."""
    table = read({"deep.ts": source, "a.ts": GOOD})

    assert "GET /logs a.ts:1" in requests(table)[0]


def test_functions_that_call_each_other_in_all_ways_end():
    """A program whose calls multiply is given up with a word, in bounded time."""
    functions = "\n".join(
        f"function f{i}(x, dtma) {{ "
        + " ".join(f"f{j}(x + '{i}', dtma);" for j in range(12) if j != i)
        + " fetch(dtma + x); }"
        for i in range(12)
    )
    began = time.monotonic()
    table = read({"knot.js": functions + "\nf0('/a', dtmaUrl);\n", "a.ts": GOOD})

    assert "GET /logs a.ts:1" in requests(table)[0]
    assert any(one.file == "knot.js" for one in table.unknown)
    assert time.monotonic() - began < 30
