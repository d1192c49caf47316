"""What operators make of values. Pure."""

from __future__ import annotations

import math
import operator
import string
from collections.abc import Callable, Sequence

from dtma_contract.discovery.express.values import (
    NULL,
    UNDEFINED,
    ArrayValue,
    DefaultText,
    Either,
    FunctionValue,
    Hole,
    NativeFunction,
    Nothing,
    ObjectValue,
    Opaque,
    PatternValue,
    Text,
    Value,
    alternatives,
    both,
    either,
    meant,
    truth,
)

__all__ = ["as_text", "binary", "loosely_equal", "negation", "number_as_text", "signed", "type_name"]

_MAX_PRODUCT = 16
_DECIMAL = 10
_DIGITS = string.digits + string.ascii_lowercase
# No path is longer.
_MAX_TEXT = 10_000


def _number_text(number: float) -> str:
    """Return a number as JavaScript writes it."""
    if isinstance(number, float) and math.isfinite(number) and number == int(number):
        return str(int(number))
    return str(number)


def as_text(value: Value) -> Value:
    """Return a value as text: a ``str``, or a :class:`Text` with holes; a default stands for what is unknown."""
    if isinstance(value, str | Text):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number_text(value)
    if isinstance(value, Nothing):
        return value.name
    if isinstance(value, Either):
        options = [(condition, as_text(option)) for condition, option in alternatives(value)]
        known = [(condition, option) for condition, option in options if isinstance(option, str)]
        if len(known) == 1:
            is_sure = all(isinstance(option, str) for _, option in options)
            origins = [option.origin for _, option in alternatives(value) if isinstance(option, Opaque)]
            return known[0][1] if is_sure else DefaultText(known[0][1], *origins[:1])
        return either(*(known or options))
    if isinstance(value, ArrayValue) and not value.is_open:
        pieces: list[Value] = []
        for position, item in enumerate(value.items):
            pieces += ([","] if position else []) + [as_text(item)]
        return Text.joined(pieces)
    if isinstance(value, PatternValue):
        return f"/{value.source}/{value.flags}"
    if isinstance(value, ObjectValue) and value.tag == "file URL":
        return value.props["href"]
    return Text((Hole(value.origin if isinstance(value, Opaque) else "?"),))


def number_as_text(number: float, arguments: Sequence[Value]) -> Value:
    """Return what ``toString`` of a number gives, its radix as an argument (ECMA-262, section 21.1.3.6)."""
    radix = arguments[0] if arguments else UNDEFINED
    if isinstance(radix, Nothing) or radix == _DECIMAL:
        return as_text(number)
    is_whole = math.isfinite(number) and number == int(number)
    if not isinstance(radix, int | float) or radix not in range(2, len(_DIGITS) + 1) or not is_whole:
        return Text((Hole("a number as text"),))
    left, written = abs(int(number)), ""
    while left:
        left, digit = divmod(left, int(radix))
        written = _DIGITS[digit] + written
    return ("-" if number < 0 else "") + (written or "0")


def _size(value: Value) -> int:
    """Return how much a text holds: its letters, or its parts where some are unknown."""
    return len(value) if isinstance(value, str) else len(value.parts) * 100 if isinstance(value, Text) else 0


def _concatenated(left: Value, right: Value) -> Value:
    if any(_size(side) > _MAX_TEXT for side in (left, right)):
        return Text((Hole("a long text"),))
    lefts, rights = list(alternatives(as_text(left))), list(alternatives(as_text(right)))
    if len(lefts) * len(rights) > _MAX_PRODUCT:
        return Text.joined([Text((Hole("?"),)) if len(lefts) > 1 else lefts[0][1], rights[0][1]])
    return either(
        *((both(one, other), Text.joined([first, second])) for one, first in lefts for other, second in rights)
    )


def loosely_equal(left: Value, right: Value) -> bool | None:
    """Return whether two values are equal, or None where that is not known."""
    if isinstance(left, Opaque | Text | Either) or isinstance(right, Opaque | Text | Either):
        return None
    if isinstance(left, Nothing) or isinstance(right, Nothing):
        return left is right
    if isinstance(left, ObjectValue | PatternValue) or isinstance(right, ObjectValue | PatternValue):
        return left is right
    return bool(left == right) and isinstance(left, str) == isinstance(right, str)


def _strictly_equal(left: Value, right: Value, *, loose: bool) -> Value:
    equal = loosely_equal(left, right)
    if equal is None and isinstance(text := meant(left), str) and text == meant(right):
        # The file that the program was started with: that this is it, can be told; that it is not, cannot.
        return True
    if equal is None:
        return Opaque("a comparison")
    if loose and isinstance(left, Nothing) and isinstance(right, Nothing):
        return True
    return equal


def type_name(value: Value) -> Value:
    """Return what ``typeof`` gives (ECMA-262, section 13.5.3)."""
    if isinstance(value, str | Text):
        return "string"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, FunctionValue | NativeFunction):
        return "function"
    if isinstance(value, ObjectValue):
        return "function" if value.tag in {"app", "router"} else "object"
    if isinstance(value, Nothing):
        return "undefined" if value is UNDEFINED else "object"
    if isinstance(value, Either):
        names = {type_name(option) for _, option in value.options}
        if len(names) == 1 and isinstance(only := names.pop(), str):
            return only
        return Opaque("typeof")
    return Opaque("typeof") if isinstance(value, Opaque) else "object"


_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "-": operator.sub,
    "*": operator.mul,
    "%": math.fmod,
    "/": lambda one, other: one / other if other else math.nan,
    "**": lambda one, other: one**other if abs(other) < 64 else math.nan,  # noqa: PLR2004 - larger ones are no counts
}
_COMPARISON: dict[str, Callable[[object, object], bool]] = {
    "<": operator.lt,  # type: ignore[dict-item] # only ever called with two of one kind
    ">": operator.gt,  # type: ignore[dict-item] # as above
    "<=": operator.le,  # type: ignore[dict-item] # as above
    ">=": operator.ge,  # type: ignore[dict-item] # as above
}
_BITS: dict[str, Callable[[int, int], int]] = {
    "|": operator.or_,
    "&": operator.and_,
    "^": operator.xor,
    "<<": lambda one, other: one << other if 0 <= other < 32 else 0,  # noqa: PLR2004 - 32 bits, ECMA-262 section 13.9
    ">>": lambda one, other: one >> (other & 31),
    ">>>": lambda one, other: (one & 0xFFFFFFFF) >> (other & 31),
}


def binary(sign: str, left: Value, right: Value) -> Value:
    """Return what a binary operator gives; what it gives for unknown operands is unknown."""
    if sign == "+":
        if _is_number(left) and _is_number(right):
            return left + right
        if isinstance(left, Opaque) and isinstance(right, Opaque):
            return Opaque(f"{left.origin} + {right.origin}")
        if (_is_number(left) and isinstance(right, Opaque)) or (_is_number(right) and isinstance(left, Opaque)):
            return Opaque("a sum")
        return _concatenated(left, right)
    if sign in {"===", "!==", "==", "!="}:
        equal = _strictly_equal(left, right, loose=len(sign) == 2)  # noqa: PLR2004 - the sign's length
        return equal if isinstance(equal, Opaque) or sign.startswith("=") else not equal
    if _is_number(left) and _is_number(right):
        if sign in _ARITHMETIC:
            try:
                result = _ARITHMETIC[sign](left, right)
            except (OverflowError, ValueError, ZeroDivisionError):
                return Opaque("a number")
            return (
                int(result) if isinstance(result, float) and math.isfinite(result) and result == int(result) else result
            )
        if sign in _COMPARISON:
            return _COMPARISON[sign](left, right)
        if sign in _BITS and math.isfinite(left) and math.isfinite(right):
            return _BITS[sign](int(left), int(right))
    if isinstance(left, str) and isinstance(right, str) and sign in _COMPARISON:
        return _COMPARISON[sign](left, right)
    if sign == "in":
        if isinstance(right, ObjectValue) and isinstance(left, str) and not right.may_have_more:
            return right.find(left) is not None
        return Opaque("a membership")
    if sign == "instanceof":
        return _is_instance(left, right)
    return Opaque(f"an operation {sign}")


def _is_instance(left: Value, right: Value) -> Value:
    if isinstance(left, str | int | float | bool | Nothing):
        return False
    if isinstance(right, NativeFunction):
        if right.name == "Array":
            return isinstance(left, ArrayValue) if isinstance(left, ObjectValue) else Opaque("instanceof")
        if right.name == "Function":
            return (
                isinstance(left, FunctionValue | NativeFunction)
                if isinstance(left, ObjectValue)
                else Opaque("instanceof")
            )
    if isinstance(left, ObjectValue) and isinstance(right, FunctionValue):
        wanted, holder = right.props.get("prototype"), left.proto
        for _ in range(64):
            if holder is None:
                return Opaque("instanceof") if left.may_have_more else False
            if holder is wanted:
                return True
            holder = holder.proto
    return Opaque("instanceof")


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def negation(value: Value) -> Value:
    """Return what ``!`` gives."""
    decided = truth(value)
    return Opaque("a negation") if decided is None else not decided


def signed(sign: str, value: Value) -> Value:
    """Return what a unary sign gives."""
    if isinstance(value, bool):
        value = int(value)
    if isinstance(value, str) and sign == "+":
        try:
            number = float(value)
        except ValueError:
            return math.nan
        return int(number) if number == int(number) else number
    if not _is_number(value):
        return math.nan if value is UNDEFINED else 0 if value is NULL else Opaque("a number")
    if sign == "~":
        return ~int(value)
    return -value if sign == "-" else value
