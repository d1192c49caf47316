"""Files without which a program ends: what it reads as it starts, where a failure of that ends the process. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dtma_contract.discovery.express.syntax import Node
from dtma_contract.discovery.express.values import Opaque, Value, alternatives
from dtma_contract.routes import Location

__all__ = ["NeededFile", "ends_process", "naming_variable"]

_ENVIRONMENT = "process.env."


@dataclass(frozen=True, slots=True)
class NeededFile:
    """A file that has to be there.

    Attributes:
        path: absolute, without the slash in front.
        variable: of the environment, which may name another file; empty where none does.
        location: where it is read.
    """

    path: str
    variable: str
    location: Location

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {
            "path": f"/{self.path}",
            "variable": self.variable,
            "file": self.location.file,
            "line": self.location.line,
        }


def ends_process(handler: Node) -> bool:
    """Return whether a catch clause ends the process with an error whatever it has caught: ``process.exit(1)``."""
    body = handler.get("body")
    for statement in body.kids if body is not None else ():
        call = statement.kids[0] if statement.type == "expression_statement" and statement.kids else None
        callee, given = (call.get("function"), call.get("arguments")) if call is not None else (None, None)
        if callee is not None and given is not None and callee.text == "process.exit":
            return [argument.text for argument in given.kids] not in ([], ["0"])
    return False


def naming_variable(path: Value) -> str:
    """Return the variable that a path is taken from, where there is a default beside it."""
    origins = [option.origin for _, option in alternatives(path) if isinstance(option, Opaque)]
    return next((origin.removeprefix(_ENVIRONMENT) for origin in origins if origin.startswith(_ENVIRONMENT)), "")
