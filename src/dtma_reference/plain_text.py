"""Words of others as they can be shown, and as they can be kept. Pure."""

from __future__ import annotations

__all__ = ["plain", "storable"]

# Longer than any message that says something; in characters.
_LONGEST = 500


def plain(text: str, most: int = _LONGEST) -> str:
    """Return a text on one line of characters that can be printed, cut where it is too long.

    Args:
        text: whatever it holds.
        most: how many characters are left of it at most.
    """
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def storable(text: str) -> str:
    """Return a text without what UTF-8 (lone surrogates) or PostgreSQL (NUL) has no place for."""
    return text.encode(errors="replace").decode().replace("\0", "�")
