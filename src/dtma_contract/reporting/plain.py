"""Text that a terminal shows and does not obey: what a target or a source holds may be anything. Pure."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["CONTROLS", "plain"]

# Control characters, and those that turn the direction of what follows (Unicode, "Bidirectional Algorithm").
CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """Return a text with a sign in the place of each control character; line breaks and tabs stay.

    Args:
        text: of anyone.
    """
    return CONTROLS.sub(lambda found: found[0] if found[0] in "\n\t" else "\ufffd", text)
