"""The exceptions of this package, and whose fault each one is.

* DtmaContractError
  x UsageError            the caller: an option, a file or a variable is wrong (exit code 4)
  x TargetUnusableError   the target: it cannot be judged at all (exit code 6)
  x EngineError           this program, or the machine it runs on, broke (exit code 3)
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["DtmaContractError", "EngineError", "TargetUnusableError", "UsageError", "closest"]


class DtmaContractError(Exception):
    """An expected failure, told to the user in one message with the next step.

    Args:
        message: what is wrong, one sentence.
        hint: what to do next, one sentence; empty where nothing can be said.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UsageError(DtmaContractError):
    """An option, a file or an environment variable is wrong."""


class TargetUnusableError(DtmaContractError):
    """The target cannot be judged: it is dead, refuses the token, or is no DTMA.

    Args:
        message: what was observed.
        hint: what to do next.
        cause: stable cause id, such as ``connection-refused``.
    """

    def __init__(self, message: str, hint: str = "", *, cause: str) -> None:
        super().__init__(message, hint)
        self.cause = cause


class EngineError(DtmaContractError):
    """This program, or the machine it runs on, broke."""


# More than that is no help in a message.
_LISTED = 10


def closest(word: str, known: Iterable[str]) -> str:
    """Return ``Did you mean "x"?`` for the nearest known word, else the known ones where they are few."""
    words = list(dict.fromkeys(known))
    near = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    if near:
        return f'Did you mean "{near[0]}"?'
    return f"Known are: {', '.join(words)}." if 0 < len(words) <= _LISTED else ""
