"""Whether a file is surely no JavaScript: brackets do not fit, or a merge was left half done. Pure.

A grammar has gaps, so that an error of the parser alone proves nothing. Here brackets are counted by a second reader,
which gives up wherever a slash or an angle bracket may mean two things.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

__all__ = ["surely_broken"]

# ECMA-262, section 12: what a file is cut into.
_SPACE = re.compile(r"\s+|//[^\n]*")
_WORD = re.compile(r"[\w$\\\u0080-\U0010ffff]+")
_STRING = re.compile(r"'(?:\\[\s\S]|[^'\\\n])*'|\"(?:\\[\s\S]|[^\"\\\n])*\"")
_REGEX = re.compile(r"/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/[a-z]*")
_TEMPLATE = re.compile(r"(?:\\[\s\S]|\$(?!\{)|[^`\\$])*")
_MERGE = re.compile(r"<{7} .*\n(?:.*\n)*?={7}\s*\n(?:.*\n)*?>{7} ")

_CLOSING = {")": "(", "]": "[", "}": "{"}
# Words behind which an expression begins.
_BEFORE_EXPRESSION = frozenset({
    "return", "typeof", "case", "in", "of", "delete", "void", "throw", "new", "instanceof", "do", "else", "yield",
    "await", "extends", "default",
})  # fmt: skip

# What stands before: the end of an operand, something that an operand follows, or either.
_OPERAND, _OPERATOR, _EITHER = "operand", "operator", "either"


class _UnsureError(Exception):
    """A mark may mean two things."""


@dataclass(slots=True)
class _Reading:
    text: str
    at: int = 0
    before: str = _OPERATOR
    is_member: bool = False
    open: list[tuple[str, int]] = field(default_factory=list)


def surely_broken(text: str) -> tuple[int, str] | None:
    """Return the offset of what surely is no JavaScript and why, or None where that is not sure.

    Args:
        text: of a file in which the parser could not follow.
    """
    reading = _Reading(text.removeprefix("\ufeff"))
    if reading.text.startswith("#!"):
        reading.at = reading.text.find("\n") % (len(reading.text) + 1)
    shift = len(text) - len(reading.text)
    try:
        while reading.at < len(reading.text):
            problem = _step(reading)
            if problem is not None:
                return problem[0] + shift, problem[1]
    except _UnsureError:
        return None
    if reading.open:
        mark, place = reading.open[-1]
        return place + shift, f"the `{mark}` is not closed"
    return None


def _step(reading: _Reading) -> tuple[int, str] | None:
    """Read one token, and return what is wrong with it."""
    text, at = reading.text, reading.at
    if reading.open and reading.open[-1][0] == "`":
        return _template(reading)
    if space := _SPACE.match(text, at):
        reading.at = space.end()
        return None
    char = text[at]
    if text.startswith("/*", at):
        end = text.find("*/", at + 2)
        reading.at = end + 2
        return None if end >= 0 else (at, "the comment `/*` is not closed")
    if char in "'\"":
        found = _STRING.match(text, at)
        if found is None:
            raise _UnsureError
        reading.at, reading.before, reading.is_member = found.end(), _OPERAND, False
        return None
    if word := _WORD.match(text, at):
        begins = word[0] in _BEFORE_EXPRESSION and not reading.is_member
        reading.at, reading.before, reading.is_member = word.end(), _OPERATOR if begins else _OPERAND, False
        return None
    return _mark(reading, char)


def _template(reading: _Reading) -> tuple[int, str] | None:
    found = _TEMPLATE.match(reading.text, reading.at)
    end = found.end() if found else reading.at
    if reading.text.startswith("`", end):
        reading.open.pop()
        reading.at, reading.before = end + 1, _OPERAND
    elif reading.text.startswith("${", end):
        reading.open.append(("${", end))
        reading.at, reading.before = end + 2, _OPERATOR
    else:
        return reading.open[-1][1], "the text that begins with a backtick is not closed"
    return None


def _mark(reading: _Reading, char: str) -> tuple[int, str] | None:
    text, at = reading.text, reading.at
    reading.is_member = char == "."
    if char == "<" and text[at - 1 : at] in {"", "\n"} and _MERGE.match(text, at):
        return at, "the marks of a merge are left in it"
    if char == "<" and (reading.before == _OPERATOR or text.startswith("<!--", at)):
        raise _UnsureError
    if char == "/" and reading.before != _OPERAND:
        found = _REGEX.match(text, at) if reading.before == _OPERATOR else None
        if found is None:
            raise _UnsureError
        reading.at, reading.before = found.end(), _OPERAND
        return None
    if char in "([{`":
        reading.open.append((char, at))
        reading.at, reading.before = at + 1, _OPERATOR
        return None
    if char in _CLOSING:
        return _closed(reading, char)
    is_step = text.startswith(("++", "--"), at)
    reading.at = at + 1 + is_step
    reading.before = _EITHER if is_step or char == "." else _OPERATOR
    return None


def _closed(reading: _Reading, char: str) -> tuple[int, str] | None:
    at = reading.at
    if not reading.open:
        return at, f"the `{char}` closes nothing"
    mark, place = reading.open.pop()
    if mark != ("${" if char == "}" and mark == "${" else _CLOSING[char]):
        line = reading.text.count("\n", 0, place) + 1
        return at, f"the `{char}` stands where the `{mark}` of line {line} is open"
    reading.at, reading.before = at + 1, _OPERAND if char == "]" else _EITHER
    return None
