"""Folds sentences for people, so that whatever is to be copied stays whole."""

from __future__ import annotations

import re
from typing import Final

from rich.cells import cell_len
from rich.text import Text

__all__ = ["fold"]

# A word, such as a path, or a command between backticks, with the blanks around it.
_PIECE: Final = re.compile(r"\s*(?:`[^`\n]*`|\S)+\s*")


def fold(text: Text, width: int) -> list[Text]:
    """Return lines of a text, folded between words; a word or a quoted command that is longer stands out.

    Args:
        text: what is said; its own line breaks are kept.
        width: columns that a line should have at most.
    """
    lines: list[Text] = []
    for line in text.split(allow_blank=True):
        offsets = []
        used = 0
        for piece in _PIECE.finditer(line.plain):
            if used and used + cell_len(piece.group().rstrip()) > width:
                offsets.append(piece.start())
                used = 0
            used += cell_len(piece.group())
        lines += line.divide(offsets)
    for line in lines:
        line.rstrip()
    return lines
