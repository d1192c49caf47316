"""Sentences are folded for a narrow terminal, and what is to be copied is not."""

from __future__ import annotations

import pytest
from rich.text import Text

from dtma_contract.reporting.folding import fold


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("short", ["short"]),
        ("one two three four", ["one two", "three four"]),
        ("  led in by blanks", ["  led in", "by blanks"]),
        ("a src/a/long/path/to/main.ts:12 b", ["a", "src/a/long/path/to/main.ts:12", "b"]),
        ("run `docker ps -a --filter x`, then look", ["run", "`docker ps -a --filter x`,", "then look"]),
        ("a ` that is not closed here", ["a ` that", "is not", "closed", "here"]),
        ("first\n\nnext", ["first", "", "next"]),
        ("路由没有 挂载 在", ["路由没有", "挂载 在"]),
    ],
)
def test_a_line_is_broken_between_words(text, lines):
    """Neither a word nor a command between backticks is broken, however narrow the terminal is."""
    assert [line.plain for line in fold(Text(text), 10)] == lines


def test_nothing_is_lost():
    """Joined again, the lines say what the text said, and each part keeps its style."""
    text = Text.assemble(("required ", "bold"), ("`a b c` is not what the agent answers", "red"))

    folded = fold(text, 12)

    assert " ".join(line.plain for line in folded) == text.plain
    assert [span.style for line in folded for span in line.spans] == ["bold", *["red"] * (len(folded) - 1)]
