"""The two path syntaxes of Express, read into pieces. Pure.

Express 4 hands a path to path-to-regexp 0.1, which replaces a few marks in it and takes the rest as a regular
expression. Express 5 hands it to path-to-regexp 8, which has a grammar and refuses what is outside of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from dtma_contract.routes import UNRESOLVED

__all__ = [
    "Group",
    "Literal",
    "Operator",
    "Parameter",
    "PathSyntaxError",
    "Piece",
    "Unresolved",
    "Wildcard",
    "read_express_4",
    "read_express_5",
]


class PathSyntaxError(ValueError):
    """Express refuses the path: registering it throws, and ends the process unless that is caught."""


@dataclass(frozen=True, slots=True)
class Literal:
    """Text that stands for itself."""

    text: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """One segment, or a part of one."""

    name: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Wildcard:
    """Any text, slashes included."""


@dataclass(frozen=True, slots=True)
class Unresolved:
    """Text that is not known."""


@dataclass(frozen=True, slots=True)
class Operator:
    """What only a regular expression can say; ``source`` is a regular expression."""

    source: str


@dataclass(frozen=True, slots=True)
class Group:
    """Pieces that are there or not, together (Express 5: ``{…}``)."""

    pieces: tuple[Piece, ...]


Piece = Literal | Parameter | Wildcard | Unresolved | Operator | Group


def read_express_4(raw: str) -> tuple[Piece, ...]:
    """Return the pieces of a path as Express 4 understands it.

    Raises:
        PathSyntaxError: a parenthesis is not closed.
    """
    return tuple(_merged(_pieces_4(raw)))


# What path-to-regexp 0.1 leaves for the regular expression.
_OPERATORS_4 = frozenset("?+|[]^$){}")


def _pieces_4(raw: str) -> Iterator[Piece]:
    at = 0
    unnamed = 0
    while at < len(raw):
        char = raw[at]
        name = re.match(r":(\w+)", raw[at:])
        if raw.startswith(UNRESOLVED, at):
            yield Unresolved()
            at += len(UNRESOLVED)
        elif char == "\\" and at + 1 < len(raw):
            escaped = raw[at + 1]
            yield Operator(raw[at : at + 2]) if escaped.isalnum() else Literal(escaped)
            at += 2
        elif name:
            piece, at = _parameter_4(raw, at + name.end(), name[1])
            yield piece
        elif char == "*":
            yield Wildcard()
            # `(.*)` with a quantifier behind it is no other language.
            at += 2 if raw[at + 1 : at + 2] in {"?", "+"} else 1
        elif char == "(":
            end = _closing(raw, at)
            yield _unnamed_4(raw[at + 1 : end], raw[end + 1 : end + 2], str(unnamed))
            unnamed += 1
            at = end + 1
        elif char in _OPERATORS_4:
            yield Operator(char)
            at += 1
        else:
            yield Literal(char)
            at += 1


def _parameter_4(raw: str, at: int, name: str) -> tuple[Piece, int]:
    """Return the parameter whose name ends at ``at``, and where what belongs to it ends."""
    wide = False
    if raw[at : at + 1] == "(":
        end = _closing(raw, at)
        wide = _may_hold_a_slash(raw[at + 1 : end])
        at = end + 1
    # `:path*` and `:path+` are one segment or more.
    while raw[at : at + 1] in {"*", "+"}:
        wide = True
        at += 1
    optional = raw[at : at + 1] == "?"
    return Wildcard() if wide else Parameter(name, optional), at + optional


def _unnamed_4(body: str, after: str, name: str) -> Piece:
    if body in {"*", ".*"} and after not in _QUANTIFIERS:
        # `(.*)` is read as `(\.(.*))`: Express 4 replaces point and star before the expression is made.
        return Wildcard() if body == "*" else Operator(r"(\..*)")
    if body.startswith("?") or after in _QUANTIFIERS or _may_hold_a_slash(body):
        return Operator("(" + body.replace(".", r"\.").replace("*", ".*") + ")")
    return Parameter(name)


_QUANTIFIERS = frozenset({"?", "*", "+", "{"})


def _closing(raw: str, at: int) -> int:
    """Return where the parenthesis that opens at ``at`` closes."""
    depth = 0
    for match in re.finditer(r"\\.|[()]", raw[at:]):
        depth += {"(": 1, ")": -1}.get(match[0], 0)
        if not depth:
            return at + match.start()
    raise PathSyntaxError(f"a parenthesis is not closed in {raw!r}")


def _may_hold_a_slash(expression: str) -> bool:
    """Return whether text that the regular expression matches can run over the end of a segment."""
    if expression == "*":
        return True
    bare = re.sub(r"\[\^[^\]]*/[^\]]*\]", "", expression)
    return bool(re.search(r"/|\[\^|\\[SWD]|(?<!\\)\.[*+{]", bare))


def read_express_5(raw: str) -> tuple[Piece, ...]:
    """Return the pieces of a path as Express 5 understands it.

    Raises:
        PathSyntaxError: it is outside of the grammar, as ``*`` without a name and ``:id?`` are.
    """
    pieces, _ = _pieces_5(raw, 0, "")
    return tuple(_merged(pieces))


_REFUSED_5 = frozenset("}()[]+?!")
_NAME_5 = re.compile(r"[:*](?:([^\W\d][\w$]*|\$[\w$]*)|\"((?:\\.|[^\"\\])+)\")")


def _pieces_5(raw: str, at: int, end: str) -> tuple[list[Piece], int]:
    """Return the pieces from ``at`` up to the mark ``end``, and where the text behind it begins."""
    pieces: list[Piece] = []
    while at < len(raw):
        char = raw[at]
        if raw.startswith(UNRESOLVED, at):
            pieces.append(Unresolved())
            at += len(UNRESOLVED)
        elif char == end:
            return pieces, at + 1
        elif char in ":*":
            piece, at = _named_5(raw, at)
            if pieces and isinstance(pieces[-1], Parameter | Wildcard):
                raise PathSyntaxError(f"no text stands before the second parameter in {raw!r}")
            pieces.append(piece)
        elif char == "{":
            inner, at = _pieces_5(raw, at + 1, "}")
            pieces.append(Group(tuple(_merged(inner))))
        else:
            text, at = _text_5(raw, at)
            pieces.append(Literal(text))
    if end:
        raise PathSyntaxError(f"a brace is not closed in {raw!r}")
    return pieces, at


def _named_5(raw: str, at: int) -> tuple[Piece, int]:
    name = _NAME_5.match(raw, at)
    if not name:
        raise PathSyntaxError(f"{raw[at]!r} has no name in {raw!r}")
    if raw[at] == "*":
        return Wildcard(), name.end()
    return Parameter(name[1] or re.sub(r"\\(.)", r"\1", name[2])), name.end()


def _text_5(raw: str, at: int) -> tuple[str, int]:
    if raw[at] in _REFUSED_5:
        raise PathSyntaxError(f"{raw[at]!r} is not allowed in {raw!r}")
    if raw[at] != "\\":
        return raw[at], at + 1
    if at + 1 == len(raw):
        raise PathSyntaxError(f"nothing follows the backslash in {raw!r}")
    return raw[at + 1], at + 2


def _merged(pieces: Iterator[Piece] | list[Piece]) -> Iterator[Piece]:
    """Yield the pieces with neighbouring texts and neighbouring wildcards as one."""
    before: Piece | None = None
    for piece in pieces:
        if isinstance(before, Literal) and isinstance(piece, Literal):
            before = Literal(before.text + piece.text)
        elif isinstance(before, Wildcard) and isinstance(piece, Wildcard):
            continue
        else:
            if before is not None:
                yield before
            before = piece
    if before is not None:
        yield before
