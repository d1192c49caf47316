"""Conditions as a reader finds them in the source. Pure."""

from __future__ import annotations

import re

from dtma_contract.discovery.express.syntax import Node

__all__ = ["condition_of", "negated", "sides_of"]

_CONDITION_LENGTH = 100
# Which process of a cluster this is, as written and as compiled (Node, module cluster). Each side runs in one of them.
_PROCESS = re.compile(r"\bcluster(?:_\d+)?(?:\.default)?\.is(?:Primary|Master|Worker)\b")


def condition_of(node: Node) -> str:
    """Return a condition as a reader finds it in the source, on one line."""
    text = " ".join(node.text.split())
    while text.startswith("(") and text.endswith(")") and _is_one_pair(text):
        text = text[1:-1].strip()
    return text if len(text) <= _CONDITION_LENGTH else text[:_CONDITION_LENGTH] + "…"


def _is_one_pair(text: str) -> bool:
    depth = 0
    for position, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0 and position < len(text) - 1:
            return False
    return depth == 0


def negated(condition: str) -> str:
    """Return the opposite of a condition, as text."""
    return f"not ({condition})"


def sides_of(test: Node) -> tuple[str, str]:
    """Return what each side of a choice stands under; empty where both of them run, each in a process of its own."""
    condition = condition_of(test)
    return ("", "") if _PROCESS.search(condition) else (condition, negated(condition))
