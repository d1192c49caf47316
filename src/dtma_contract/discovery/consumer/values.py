"""The abstract values that a caller's program computes with: what is known of a text, and what is not. Pure.

A text is known in part: ``http://${ip}:30000/tools/${name}/start`` is four known pieces with holes between them. A hole
keeps the names under which the missing value was seen, because these tell whose address it is.
A value that depends on a condition is a :class:`Choice`; two values that depend on the same condition carry the same
number, so that ``POST`` is never combined with the path of the other branch.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from dtma_contract.discovery.consumer import syntax as s

__all__ = [
    "NOTHING",
    "UNSET",
    "Arguments",
    "Choice",
    "ClassValue",
    "FunctionValue",
    "Hole",
    "Items",
    "Module",
    "Namespace",
    "Native",
    "Plain",
    "Scope",
    "Text",
    "Thing",
    "Value",
    "alternatives",
    "choose",
    "hole",
    "join_texts",
    "lift",
    "named",
    "names_of",
    "new_choice",
    "new_number",
    "text",
    "to_text",
]

# A value with more alternatives than this is no longer told apart.
MAX_ALTERNATIVES = 24
# How many names of a hole are kept.
MAX_NAMES = 6

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Hole:
    """A value that is not known; the names under which it was seen, the latest first."""

    names: tuple[str, ...] = ()


# What a template shows where a variable has not been set.
UNSET = Hole(("undefined",))


@dataclass(frozen=True, slots=True)
class Text:
    """A text, or a number as it is written; constant where no part is a hole."""

    parts: tuple[str | Hole, ...]

    @property
    def constant(self) -> str | None:
        """The whole text, or None where a part is not known."""
        if not self.parts:
            return ""
        return self.parts[0] if len(self.parts) == 1 and isinstance(self.parts[0], str) else None

    @property
    def start(self) -> str:
        """What is known of its beginning."""
        return self.parts[0] if self.parts and isinstance(self.parts[0], str) else ""


@dataclass(frozen=True, slots=True)
class Plain:
    """A truth value, or nothing."""

    value: bool | None


NOTHING = Plain(None)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several values, by the condition of that number."""

    number: int
    options: tuple[Value, ...]
    size: int = 0


@dataclass(slots=True, eq=False)
class Thing:
    """An object, dictionary or instance; ``open`` names what else it may hold."""

    fields: dict[str, Value]
    open: Hole | None = None
    type: ClassValue | None = None


@dataclass(slots=True, eq=False)
class Items:
    """A sequence; ``open`` where there may be more items than those known."""

    items: list[Value]
    open: Hole | None = None


@dataclass(slots=True, eq=False)
class Scope:
    """Names and their values, and the scope around."""

    names: dict[str, Value]
    parent: Scope | None = None
    function: bool = False


@dataclass(slots=True, eq=False)
class FunctionValue:
    """A function with the scope that it was made in; ``frame`` is the call that made it."""

    node: s.Function
    scope: Scope
    module: Module
    this: Value | None = None
    home: ClassValue | None = None
    frame: Any = None


@dataclass(slots=True, eq=False)
class ClassValue:
    """A class."""

    node: s.Class
    scope: Scope
    module: Module
    bases: tuple[Value, ...] = ()
    statics: Thing = field(default_factory=lambda: Thing({}))


@dataclass(slots=True, eq=False)
class Native:
    """A thing of a library or of the language, by its kind; ``data`` is what it was made with."""

    kind: str
    data: dict[str, Value] = field(default_factory=dict)
    own: Thing | None = None


@dataclass(slots=True, eq=False)
class Module:
    """A file that is being read."""

    path: str
    python: bool
    scope: Scope
    exports: dict[str, Value] = field(default_factory=dict)
    passed_on: list[str] = field(default_factory=list)
    state: str = "new"


@dataclass(slots=True, eq=False)
class Namespace:
    """A module as a value."""

    module: Module


@dataclass(slots=True, eq=False)
class Arguments:
    """The arguments of a call; ``open`` where there may be more than those known."""

    values: list[Value] = field(default_factory=list)
    keywords: dict[str, Value] = field(default_factory=dict)
    open: bool = False

    def get(self, position: int, *keywords: str) -> Value:
        """Return an argument by its position or one of its names; nothing where it is not given."""
        for keyword in keywords:
            if keyword in self.keywords:
                return self.keywords[keyword]
        if 0 <= position < len(self.values):
            return self.values[position]
        return Hole() if self.open else NOTHING


Value = Hole | Text | Plain | Choice | Thing | Items | FunctionValue | ClassValue | Native | Namespace


def hole(*names: str) -> Hole:
    """Return an unknown value of these names."""
    return Hole(tuple(dict.fromkeys(name for name in names if name))[:MAX_NAMES])


def text(value: object) -> Text:
    """Return a known text."""
    return Text((str(value),)) if str(value) else Text(())


def named(value: Value, name: str) -> Value:
    """Return the value as a variable of that name holds it: what is unknown gets the name too."""
    match value:
        case Hole(names):
            return hole(name, *names)
        case Choice(number, options, size):
            return Choice(number, tuple(named(option, name) for option in options), size)
        case Text((Hole(names),)):
            return Text((hole(name, *names),))
        case _:
            return value


def names_of(value: Value) -> tuple[str, ...]:
    """Return the names under which the unknown parts of a value were seen."""
    match value:
        case Hole(names):
            return names
        case Text(parts):
            return tuple(name for part in parts if isinstance(part, Hole) for name in part.names)
        case Choice(_, options):
            return tuple(name for option in options for name in names_of(option))
        case Native(_, data):
            return tuple(name for one in data.values() for name in names_of(one))
        case _:
            return ()


def new_number() -> int:
    """Return the number of a condition that no other value depends on."""
    return next(_numbers)


def new_choice(options: Sequence[Value]) -> Value:
    """Return one of several values, by a condition of its own."""
    return choose(next(_numbers), options)


def choose(number: int, options: Sequence[Value]) -> Value:
    """Return one of several values by the condition of that number; the value itself where they are equal.

    Values of which nothing is known are one such value, under all of their names; more alternatives than can be told
    apart are one too.
    """
    first = options[0] if options else NOTHING
    if all(option is first for option in options[1:]):
        return first
    if all(isinstance(option, Hole | Plain) for option in options):
        if all(option == first for option in options[1:]):
            return first
        return hole(*(name for option in options if isinstance(option, Hole) for name in option.names))
    size = sum(option.size if isinstance(option, Choice) else 1 for option in options)
    if size > MAX_ALTERNATIVES:
        return hole(*(name for option in options[:MAX_NAMES] for name in names_of(option)[:1]))
    if not any(isinstance(option, Choice) for option in options) and all(option == first for option in options[1:]):
        return first
    return Choice(number, tuple(options), size)


def lift(function: Callable[..., Value], *values: Value) -> Value:
    """Return the function's value for each combination of alternatives that can occur together."""
    if not any(isinstance(value, Choice) for value in values):
        return function(*values)
    budget = [MAX_ALTERNATIVES]
    return _lift(function, values, budget)


def _lift(function: Callable[..., Value], values: tuple[Value, ...], budget: list[int]) -> Value:
    if budget[0] <= 0:
        return hole()
    chosen = next((value for value in values if isinstance(value, Choice)), None)
    if chosen is None:
        budget[0] -= 1
        return function(*values)
    options = [
        _lift(function, tuple(_taking(value, chosen.number, index) for value in values), budget)
        for index in range(len(chosen.options))
    ]
    return choose(chosen.number, options)


def _taking(value: Value, number: int, index: int) -> Value:
    """Return the value as it is where the condition of that number has come out as the option of that index."""
    while isinstance(value, Choice) and value.number == number and index < len(value.options):
        value = value.options[index]
    if isinstance(value, Choice) and value.number != number:
        return choose(value.number, [_taking(option, number, index) for option in value.options])
    return value


def alternatives(*values: Value) -> Iterator[tuple[Value, ...]]:
    """Yield the combinations of alternatives that can occur together, as far as they are told apart."""
    pending: list[tuple[Value, ...]] = [values]
    left = MAX_ALTERNATIVES
    while pending and left:
        combination = pending.pop(0)
        chosen = next((value for value in combination if isinstance(value, Choice)), None)
        if chosen is None:
            left -= 1
            yield combination
            continue
        pending = [
            tuple(_taking(value, chosen.number, index) for value in combination) for index in range(len(chosen.options))
        ] + pending


def to_text(value: Value) -> Value:  # noqa: PLR0911 - one case for each kind
    """Return a value as a text, as a template would write it."""
    match value:
        case Choice():
            return lift(to_text, value)
        case Text():
            return value
        case Plain(None):
            return Text((UNSET,))
        case Plain(truth):
            return text(str(truth).lower())
        case Native("url", data, own) if own and "pathname" in own.fields:
            # `url.pathname = '/tools'`
            return _with_path(data.get("href", Text((Hole(),))), own.fields["pathname"])
        case Native("url" | "search", data):
            return lift(to_text, data.get("href", Text((Hole(),))))
        case Hole():
            return Text((value,))
        case _:
            return Text((hole(*names_of(value)),))


def _with_path(href: Value, path: Value) -> Value:
    """Return a URL with its path replaced."""

    def replaced(one: Value) -> Value:
        if not isinstance(one, Text):
            return one
        kept: list[str | Hole] = []
        for index, part in enumerate(one.parts):
            start = part.find("//") + 2 if isinstance(part, str) and not index and "//" in part else 0
            slash = part.find("/", start) if isinstance(part, str) else -1
            if isinstance(part, str) and slash >= 0:
                kept.append(part[:slash])
                break
            kept.append(part)
        return Text(tuple(kept))

    return join_texts(lift(replaced, to_text(href)), path)


def join_texts(*values: Value) -> Value:
    """Return the texts in a row."""
    return lift(_joined, *(to_text(value) for value in values))


def _joined(*values: Value) -> Value:
    parts: list[str | Hole] = []
    for value in values:
        for part in value.parts if isinstance(value, Text) else (Hole(),):
            if isinstance(part, str) and parts and isinstance(parts[-1], str):
                parts[-1] += part
            elif part != "":
                parts.append(part)
    return Text(tuple(parts))
