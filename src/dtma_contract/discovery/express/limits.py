"""What ends an evaluation: the limits of its cost, what is thrown where one is hit, what the program throws. Pure."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ExhaustedError", "Limits", "ThrownError"]


class ThrownError(Exception):
    """The program throws here, whatever its input is."""


class ExhaustedError(Exception):
    """A speculative call took more steps than it is worth."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What an evaluation may cost; each limit that is hit is told.

    Attributes:
        steps: nodes evaluated in all.
        depth: calls inside of calls.
        nested: calls of one function inside of itself.
        turns: turns of one loop.
        items: of one list.
        first_steps: nodes evaluated in one such callback before it is known to register.
        speculative_steps: nodes evaluated in one callback of which it is not known whether it is called.
        idle_function_steps: nodes evaluated in all calls of one function that registers nothing.
        idle_steps: the same for all callbacks together that do not look as if they concerned the server.
    """

    steps: int = 6_000_000
    depth: int = 90
    nested: int = 12
    turns: int = 2_000
    items: int = 20_000
    first_steps: int = 10_000
    speculative_steps: int = 1_500_000
    idle_steps: int = 40_000
    idle_function_steps: int = 20_000
