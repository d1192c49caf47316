"""What ends a program while it loads: a throw or an exit in the open, to which no choice leads.

Most programs complain somewhere of what they are given, and whether they would is not followed well enough to be told;
one that throws or exits on the way which everything takes never serves a request.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dtma_contract.discovery.express.syntax import Node

if TYPE_CHECKING:
    from dtma_contract.discovery.express.machine import Machine

__all__ = ["LoadingEnd", "starts_others"]

# The frame of the modules, and one call.
_IN_THE_OPEN = 2
# What is no method, which another class might have in its place.
_PLAIN = frozenset({"function_declaration", "function_expression", "arrow_function"})
# Statements whose end is certain: not loops, and not choices among many.
_FOLLOWED = frozenset({"throw_statement", "if_statement", "statement_block", "try_statement"})
_OTHERS = re.compile(rb"child_process|\bcluster\b|worker_threads|\bexeca\b|cross-spawn|concurrently|\bpm2\b|\bWorker\b")


def starts_others(content: bytes) -> bool:
    """Return whether a module may start another program, which then is the service."""
    return _OTHERS.search(content) is not None


class LoadingEnd:
    """Tells where loading ends.

    Args:
        machine: the evaluation.

    Attributes:
        thrown: the statement that threw last.
    """

    def __init__(self, machine: Machine) -> None:
        self.thrown: Node | None = None
        self._machine = machine
        self._choices = 0

    @contextmanager
    def chosen(self) -> Iterator[None]:
        """Take the block for one side of a choice that seems to be made, and that may have been followed wrongly."""
        self._choices += 1
        try:
            yield
        finally:
            self._choices -= 1

    def in_module(self, statement: Node) -> None:
        """Note that a statement of a module does nothing but throw."""
        if statement.type in _FOLLOWED:
            self._ends(self.thrown or statement, "this is thrown whatever happens")

    def in_function(self, function: Node, statements: list[Node]) -> None:
        """Note that a function does nothing but throw in the end."""
        if self.thrown in statements and function.type in _PLAIN and "async" not in function.marks:
            assert self.thrown is not None
            self._ends(self.thrown, "this is thrown whatever happens")

    def exits(self, call: Node) -> None:
        """Note a call of ``process.exit``; in a function it may be the last of what the program does."""
        if len(self._machine.frames) < _IN_THE_OPEN and not starts_others(call.file.content):
            self._ends(call, f"{' '.join(call.text.split())[:60]} comes whatever happens")

    def _ends(self, place: Node, reason: str) -> None:
        machine = self._machine
        if not self._choices and len(machine.frames) <= _IN_THE_OPEN:
            machine.crashes(place, f"{reason}: the process ends while it loads")
