"""Conditions: which of them decide, and what logical operators give. Pure."""

from __future__ import annotations

from dtma_contract.discovery.consumer import syntax as s
from dtma_contract.discovery.consumer.operations import truth
from dtma_contract.discovery.consumer.values import NOTHING, Plain, Value, new_choice

__all__ = ["decides", "logical"]


def decides(test: s.Expression) -> bool:
    """Return whether a condition may decide: one that compares, or a plain value; a default never does."""
    match test:
        case s.Operation("==" | "!="):
            return True
        case s.Operation("!", left):
            return decides(left)
        case s.Operation("&&" | "||", left, right):
            return decides(left) and decides(right)
        case _:
            return isinstance(test, s.Literal | s.Call | s.Name | s.Member)


def logical(operator: str, left: Value, right: Value) -> Value:
    """Return the value of `&&`, `||` or `??`; where the left one is not known, both are followed."""
    known = truth(left)
    if isinstance(left, Plain) and left.value is None and operator == "??":
        return right
    if operator == "??" and known is not None:
        return left
    if known is None:
        return new_choice([left, right]) if operator != "&&" else new_choice([right, NOTHING])
    if operator == "||":
        return left if known else right
    return right if known else left
