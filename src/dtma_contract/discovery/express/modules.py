"""A file of the program as a module. Pure."""

from __future__ import annotations

from dtma_contract.discovery.express.syntax import SourceFile
from dtma_contract.discovery.express.values import UNDEFINED, ObjectValue, Scope, Value

__all__ = ["Module"]


class Module:
    """One file of the program.

    Attributes:
        path: its path in the tree.
        file: its syntax.
        exports: what it exports; a module of CommonJS may replace it.
        holder: the object ``module``.
        is_esm: whether it has imports or exports of ECMAScript.
        types: names that it exports as types only.
        stars: modules of which it re-exports everything.
        is_whole: whether all of it was evaluated.
    """

    __slots__ = ("exports", "file", "holder", "is_esm", "is_whole", "path", "scope", "stars", "types")

    def __init__(self, path: str, file: SourceFile, scope: Scope) -> None:
        self.path = path
        self.file = file
        self.scope = scope
        self.exports = ObjectValue(tag="module")
        self.holder = ObjectValue({"exports": self.exports, "id": path, "filename": f"/{path}", "children": UNDEFINED})
        self.is_esm = False
        self.types: set[str] = set()
        self.stars: list[Module] = []
        self.is_whole = False

    @property
    def value(self) -> Value:
        """What importing it gives."""
        return self.holder.props["exports"]
