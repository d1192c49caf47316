"""Paths of Express as the path templates that :mod:`dtma_contract.routes` describes. Pure.

An unresolved part of a path is written ``{?}`` in the raw path too; it is no valid syntax in either version.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from dtma_contract.discovery.express.path_syntax import (
    Group,
    Literal,
    Operator,
    Parameter,
    PathSyntaxError,
    Piece,
    Unresolved,
    Wildcard,
    read_express_4,
    read_express_5,
)
from dtma_contract.routes import UNRESOLVED

__all__ = [
    "is_read_alike",
    "is_regex",
    "join_paths",
    "matches_nothing",
    "regex_template",
    "syntax_error",
    "template_of",
]

# The first version whose paths have a grammar.
_GRAMMAR_SINCE = 5


def template_of(raw: str, express_major: int) -> str:
    """Return the template of one path as it is written in a call: not of a whole path with its prefixes.

    It has no slash at its end, for Express takes ``/tools`` and ``/tools/`` as one unless routing is strict; letters
    keep their case. What a template cannot say (an optional text, ``/ab?cd``) becomes a regular expression of the same
    meaning. A path that Express refuses (see :func:`syntax_error`) is read as far as it goes.

    Args:
        raw: the string; a regular expression is told by :func:`regex_template`.
        express_major: 4 or 5.
    """
    try:
        pieces = _read(raw, express_major)
    except PathSyntaxError:
        pieces = _leniently(raw, express_major)
    simple = _simplified(pieces)
    if simple is None:
        return f"/^{_expression(pieces)}$/"
    return _tidy("".join(map(_written, simple)))


def regex_template(source: str) -> str:
    """Return the template of a regular expression.

    Args:
        source: what stands between its slashes, or what `RegExp` is called with; its flags do not count.
    """
    in_class = False
    written = []
    for mark in re.findall(r"\\.|.", source, re.DOTALL):
        in_class = mark == "[" or (in_class and mark != "]")
        written.append(r"\/" if mark == "/" and not in_class else mark)
    return f"/{''.join(written)}/"


def join_paths(prefix: str, path: str) -> str:
    r"""Return the template of a path below a prefix, both as templates.

    A regular expression as a prefix keeps its last slash: ``/^\/v\d/`` and ``/users`` are ``/^\/v\d//users``.
    """
    if path in {"", "/"}:
        return prefix or "/"
    if prefix in {"", "/"}:
        return path
    return prefix + path


def is_regex(template: str) -> bool:
    """Return whether a part of the template is a regular expression."""
    return "//" in template or (template != "/" and template.endswith("/"))


def syntax_error(raw: str, express_major: int) -> str:
    """Return why Express throws when the path is registered, or nothing where it does not.

    Args:
        raw: the string.
        express_major: 4 or 5.
    """
    try:
        _read(raw, express_major)
    except PathSyntaxError as error:
        return str(error)
    return ""


def matches_nothing(raw: str, express_major: int) -> bool:
    """Return whether no request can match, for the path does not begin with a slash.

    Args:
        raw: the string.
        express_major: 4 or 5.
    """
    try:
        pieces = _read(raw, express_major)
    except PathSyntaxError:
        return False
    first = pieces[0] if pieces else Literal("/")
    if isinstance(first, Literal):
        return not first.text.startswith("/")
    return isinstance(first, Parameter) and not first.optional


def is_read_alike(raw: str, express_major: int, other: int) -> bool:
    """Return whether a path means the same in two versions, and is refused by both or by none.

    Args:
        raw: the string.
        express_major: 4 or 5.
        other: the other version.
    """
    told = [(template_of(raw, m), bool(syntax_error(raw, m)), matches_nothing(raw, m)) for m in (express_major, other)]
    return told[0] == told[1]


def _read(raw: str, express_major: int) -> tuple[Piece, ...]:
    return read_express_5(raw) if express_major >= _GRAMMAR_SINCE else read_express_4(raw)


def _leniently(raw: str, express_major: int) -> tuple[Piece, ...]:
    """Read a path that this version refuses as the older version does, which is what it was written for."""
    try:
        return read_express_4(raw) if express_major >= _GRAMMAR_SINCE else (Literal(raw),)
    except PathSyntaxError:
        return (Literal(raw),)


def _simplified(pieces: Iterable[Piece]) -> list[Piece] | None:
    """Return the pieces without groups, or None where only a regular expression can say them."""
    simple: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, Operator):
            return None
        if isinstance(piece, Group):
            inner = _optional(piece.pieces, simple)
            if inner is None:
                return None
            simple += inner
        elif isinstance(piece, Parameter) and piece.optional and not _ends_with_slash(simple):
            # `/:file.:format?`: the first parameter already takes all of the segment.
            if not _absorbs(simple):
                return None
            while not isinstance(simple[-1], Parameter):
                simple.pop()
        else:
            simple.append(piece)
    return simple


def _optional(pieces: Sequence[Piece], before: Sequence[Piece]) -> list[Piece] | None:
    """Return what stands for an optional group behind ``before``, or None where no template can say it."""
    match pieces:
        case [Literal("/")]:
            return []
        case [Literal("/"), Parameter(name)]:
            return [Literal("/"), Parameter(name, optional=True)]
        case [Literal("/"), Wildcard()] | [Wildcard()]:
            return list(pieces)
        case [*_] if _absorbs(before) and all(
            isinstance(piece, Parameter) or (isinstance(piece, Literal) and "/" not in piece.text) for piece in pieces
        ):
            return []
        case _:
            return None


def _absorbs(pieces: Sequence[Piece]) -> bool:
    """Return whether what stands last takes any text to the end of its segment; a dot may stand behind it."""
    match pieces:
        case [*_, Parameter(_, False)] | [*_, Parameter(_, False), Literal(".")]:
            return True
        case _:
            return False


def _ends_with_slash(pieces: Sequence[Piece]) -> bool:
    return bool(pieces) and isinstance(pieces[-1], Literal) and pieces[-1].text.endswith("/")


def _written(piece: Piece) -> str:
    match piece:
        case Literal(text):
            return text
        case Parameter(name, optional):
            return f"{{{name}{'?' if optional else ''}}}"
        case Wildcard():
            return "*"
        case _:
            return UNRESOLVED


def _tidy(template: str) -> str:
    return re.sub(r"/{2,}", "/", f"/{template}").rstrip("/") or "/"


def _expression(pieces: Sequence[Piece]) -> str:
    """Return a regular expression of the same meaning as the pieces."""
    written = ""
    for piece in pieces:
        match piece:
            case Literal(text):
                written += re.sub(r"[.+*?^${}()\[\]|/\\]", r"\\\g<0>", text)
            case Parameter(_, True) if written.endswith((r"\/", r"\.")):
                # Express 4 makes the mark before an optional parameter optional too.
                written = f"{written[:-2]}(?:{written[-2:]}([^\\/]+))?"
            case Parameter(_, optional):
                written += r"([^\/]+)" + ("?" if optional else "")
            case Wildcard():
                written += "(.*)"
            case Unresolved():
                written += UNRESOLVED
            case Operator(source):
                written += source.replace("/", r"\/")
            case Group(inner):
                written += f"(?:{_expression(inner)})?"
    return written
