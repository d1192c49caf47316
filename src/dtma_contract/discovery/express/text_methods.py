"""What methods of text give, where the text is known."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from dtma_contract.discovery.express.machine import Machine
from dtma_contract.discovery.express.natives import Method
from dtma_contract.discovery.express.operators import as_text
from dtma_contract.discovery.express.syntax import Node
from dtma_contract.discovery.express.values import (
    NULL,
    UNDEFINED,
    ArrayValue,
    FunctionValue,
    Hole,
    Opaque,
    PatternValue,
    Text,
    Value,
    meant,
)

__all__ = ["TEXT_METHODS", "compiled"]


# A repeated group that repeats inside, or that has a choice: on some texts it takes for ever.
_EXPONENTIAL = re.compile(r"[+*}][^()]*\)[+*{]|\|[^()]*\)[+*{]")


def compiled(pattern: PatternValue) -> re.Pattern[str] | None:
    """Return a regular expression of JavaScript as Python's, or None where they differ too much."""
    if _EXPONENTIAL.search(pattern.source):
        return None
    source = re.sub(r"\(\?<([A-Za-z_]\w*)>", r"(?P<\1>", pattern.source).replace(r"\/", "/").replace("[^]", r"[\s\S]")
    source = source.replace(r"\d", "[0-9]") if r"[\d" not in source else source
    # `$` is the very end, without the m flag.
    source = re.sub(r"(?<!\\)\$$", r"\\Z", source) if "m" not in pattern.flags else source
    flags = (re.IGNORECASE if "i" in pattern.flags else 0) | (re.MULTILINE if "m" in pattern.flags else 0)
    flags |= re.DOTALL if "s" in pattern.flags else 0
    try:
        return re.compile(source, flags)
    except (re.error, OverflowError, RecursionError):
        return None


def _known(function: Callable[..., Value]) -> Method:
    """Make a method of a function over known text; anything unknown makes its result unknown."""

    def method(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
        text = as_text(this)
        plain = [int(a) if isinstance(a, float) and a == int(a) else a for a in arguments]
        if isinstance(text, str) and all(isinstance(a, str | int | PatternValue) for a in plain if a is not UNDEFINED):
            try:
                return function(text, *[a for a in plain if a is not UNDEFINED])
            except (TypeError, ValueError, IndexError, OverflowError):
                return Opaque("a text")
        return Opaque("a part of a text") if not isinstance(text, Text) else Text((Hole(_origin(text)),))

    return method


def _same(function: Callable[[str], str]) -> Method:
    """Make a method that changes letters and keeps the holes of a text where they are."""

    def method(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
        text = as_text(this)
        if isinstance(text, Text):
            return Text.joined([function(part) if isinstance(part, str) else Text((part,)) for part in text.parts])
        return function(text) if isinstance(text, str) else Opaque("a text")

    return method


def _origin(text: Text) -> str:
    return next((part.origin for part in text.parts if isinstance(part, Hole)), "?")


def _slice(text: str, start: int = 0, end: int | None = None) -> str:
    return text[start:end]


def _substring(text: str, start: int = 0, end: int | None = None) -> str:
    first, last = max(0, start), len(text) if end is None else max(0, end)
    return text[min(first, last) : max(first, last)]


def _substr(text: str, start: int = 0, length: int | None = None) -> str:
    begin = start if start >= 0 else max(0, len(text) + start)
    return text[begin:] if length is None else text[begin : begin + max(0, length)]


def _split(text: str, separator: str | PatternValue | None = None, limit: int | None = None) -> Value:
    if separator is None:
        return ArrayValue([text])
    if isinstance(separator, PatternValue):
        pattern = compiled(separator)
        if pattern is None:
            return ArrayValue(is_open=True)
        return ArrayValue(list(pattern.split(text)[:limit]))
    return ArrayValue(list(text if separator == "" else text.split(separator))[:limit])


def _replace(*, every: bool) -> Method:
    def method(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
        text = as_text(this)
        if len(arguments) < 2:  # noqa: PLR2004 - what is replaced, and by what
            return text
        wanted, new = arguments[0], arguments[1]
        if isinstance(text, Text) and isinstance(wanted, str | PatternValue) and isinstance(new, str):
            # What stands around the holes is replaced; what they stand for cannot be.
            parts = [
                _replaced(machine, p, wanted, new, node, every=every) if isinstance(p, str) else Text((p,))
                for p in text.parts
            ]
            return Text.joined(parts)
        if not isinstance(text, str) or not isinstance(wanted, str | PatternValue):
            return Opaque("a text")
        return _replaced(machine, text, wanted, new, node, every=every)

    return method


def _replaced(machine: Machine, text: str, wanted: str | PatternValue, new: Value, node: Node, *, every: bool) -> Value:
    if isinstance(wanted, str):
        pattern: re.Pattern[str] | None = re.compile(re.escape(wanted))
        count = 0 if every else 1
    else:
        pattern = compiled(wanted)
        count = 0 if "g" in wanted.flags else 1
    if pattern is None:
        return Opaque("a text")
    pieces: list[Value] = []
    last = 0
    for done, match in enumerate(pattern.finditer(text)):
        if count and done >= count:
            break
        pieces.append(text[last : match.start()])
        if isinstance(new, FunctionValue):
            groups = [UNDEFINED if group is None else group for group in match.groups()]
            pieces.append(as_text(machine.call(new, UNDEFINED, [match[0], *groups, match.start(), text], node)))
        elif isinstance(new, str):
            pieces.append(re.sub(r"\$(\d|&|\$)", partial(_reference, match), new))
        else:
            pieces.append(as_text(new))
        last = match.end()
    pieces.append(text[last:])
    return Text.joined(pieces)


def _reference(match: re.Match[str], found: re.Match[str]) -> str:
    """Return what a reference to a group of a match stands for, itself found in the text of a replacement."""
    sign = found[1]
    if sign == "$":
        return "$"
    if sign == "&":
        return match[0]
    return (match[int(sign)] or "") if int(sign) <= len(match.groups()) else f"${sign}"


def _test(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    pattern = compiled(this) if isinstance(this, PatternValue) else None
    text = as_text(arguments[0]) if arguments else "undefined"
    return bool(pattern.search(text)) if pattern is not None and isinstance(text, str) else Opaque("a match")


def _exec(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    pattern = compiled(this) if isinstance(this, PatternValue) else None
    text = as_text(arguments[0]) if arguments else UNDEFINED
    if pattern is None or not isinstance(text, str):
        return Opaque("a match")
    match = pattern.search(text)
    if match is None:
        return NULL
    return ArrayValue([match[0], *(UNDEFINED if group is None else group for group in match.groups())])


def _match(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    wanted = arguments[0] if arguments else UNDEFINED
    text = as_text(this)
    if isinstance(wanted, PatternValue) and "g" in wanted.flags and isinstance(text, str):
        pattern = compiled(wanted)
        if pattern is None:
            return Opaque("a match")
        found: list[Value] = [match[0] for match in pattern.finditer(text)]
        return ArrayValue(found) if found else NULL
    return _exec(machine, wanted, [this], node)


def _starts(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    text, wanted = as_text(this), as_text(arguments[0]) if arguments else UNDEFINED
    if isinstance(text, Text) and isinstance(wanted, str) and isinstance(text.parts[0], str):
        head = text.parts[0]
        if len(head) >= len(wanted) or not wanted.startswith(head):
            return head.startswith(wanted)
    return text.startswith(wanted) if isinstance(text, str) and isinstance(wanted, str) else Opaque("a comparison")


def _ends(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    text, wanted = as_text(this), as_text(arguments[0]) if arguments else UNDEFINED
    if isinstance(text, str) and isinstance(wanted, str):
        return text.endswith(wanted)
    # Whether this is the file that the program was started with: that it is not, is not told by its name.
    whole, ending = meant(text), meant(wanted)
    is_end = isinstance(whole, str) and isinstance(ending, str) and whole.endswith(ending)
    return is_end or Opaque("a comparison")


def _concat(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    return Text.joined([as_text(this), *map(as_text, arguments)])


TEXT_METHODS: dict[str, Method] = {
    "toString": lambda machine, this, arguments, node: as_text(this),
    "valueOf": lambda machine, this, arguments, node: this,
    "toLowerCase": _same(str.lower),
    "toUpperCase": _same(str.upper),
    "toLocaleLowerCase": _same(str.lower),
    "trim": _known(str.strip),
    "trimStart": _known(str.lstrip),
    "trimEnd": _known(str.rstrip),
    "slice": _known(_slice),
    "substring": _known(_substring),
    "substr": _known(_substr),
    "split": _known(_split),
    "replace": _replace(every=False),
    "replaceAll": _replace(every=True),
    "startsWith": _starts,
    "endsWith": _ends,
    "includes": _known(lambda text, wanted, start=0: wanted in text[start:]),
    "indexOf": _known(lambda text, wanted, start=0: text.find(wanted, start)),
    "lastIndexOf": _known(lambda text, wanted: text.rfind(wanted)),
    "charAt": _known(lambda text, index=0: text[index : index + 1] if index >= 0 else ""),
    "charCodeAt": _known(lambda text, index=0: ord(text[index])),
    "at": _known(lambda text, index=0: text[index]),
    "concat": _concat,
    "repeat": _known(lambda text, count: text * count if 0 <= count < 1000 else text),  # noqa: PLR2004 - longer is no path
    "padStart": _known(lambda text, width, fill=" ": text.rjust(width, fill[:1] or " ")),
    "padEnd": _known(lambda text, width, fill=" ": text.ljust(width, fill[:1] or " ")),
    "match": _match,
    "localeCompare": _known(lambda text, other: (text > other) - (text < other)),
    "normalize": _known(lambda text, *_: text),
    "%test": _test,
    "%exec": _exec,
}
