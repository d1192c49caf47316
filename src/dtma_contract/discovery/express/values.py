"""What an expression can stand for, as far as it is known without running it. Pure.

Text, numbers and booleans are Python's own ``str``, ``int``, ``float`` and ``bool``; everything else is one of these.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from dtma_contract.routes import Location

if TYPE_CHECKING:
    from dtma_contract.discovery.express.syntax import Node

__all__ = [
    "BIRTHS",
    "NULL",
    "UNDEFINED",
    "Accessor",
    "ArrayValue",
    "DefaultText",
    "Either",
    "FunctionValue",
    "Hole",
    "Link",
    "MapValue",
    "NativeFunction",
    "Nothing",
    "ObjectValue",
    "Opaque",
    "PatternValue",
    "PromiseValue",
    "ProxyValue",
    "Scope",
    "Text",
    "Value",
    "alternatives",
    "both",
    "either",
    "meant",
    "truth",
]

# A Python primitive or one of the classes below.
Value = Any

# Numbers scopes and objects in the order in which they are made, so that a branch knows what was there before it.
BIRTHS: Final = itertools.count()

# No reader follows a longer condition.
_MAX_CONDITION = 300

# More alternatives of one value tell nothing that a reader could use.
_MAX_ALTERNATIVES = 24


class Nothing:
    """``undefined`` or ``null``."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


UNDEFINED: Final = Nothing("undefined")
NULL: Final = Nothing("null")


class DefaultText(str):
    """A text that holds where nothing else is said: a part of it is the default of something that is not known.

    Attributes:
        origin: what that is, such as ``process.env.PREFIX``; empty where it is not known.
    """

    __slots__ = ("origin",)

    origin: str

    def __new__(cls, text: str, origin: str = "") -> Self:
        """Make the text."""
        made = super().__new__(cls, text)
        made.origin = origin or getattr(text, "origin", "")
        return made


@dataclass(frozen=True, slots=True)
class Hole:
    """A part of a text that is not known.

    Attributes:
        origin: where it comes from, such as ``process.env.PREFIX``.
        meant: what it is where nothing else starts the program, as far as that is known.
    """

    origin: str
    meant: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """A text of which parts are not known.

    Attributes:
        parts: known text and holes, in order.
    """

    parts: tuple[str | Hole, ...]

    @classmethod
    def joined(cls, pieces: list[Value]) -> Value:
        """Return the concatenation of values as text: a ``str`` where all of it is known."""
        parts: list[str | Hole] = []
        for piece in pieces:
            for part in piece.parts if isinstance(piece, Text) else [piece]:
                if isinstance(part, str) and parts and isinstance(parts[-1], str):
                    parts[-1] += part
                elif part != "":
                    parts.append(part)
        if not parts:
            return ""
        if len(parts) > 1 or isinstance(parts[0], Hole):
            return cls(tuple(parts))
        defaults = [piece for piece in pieces if isinstance(piece, DefaultText)]
        return DefaultText(parts[0], defaults[0].origin) if defaults else parts[0]


@dataclass(frozen=True, slots=True)
class PatternValue:
    """A regular expression.

    Attributes:
        source: between the slashes.
        flags: behind them.
    """

    source: str
    flags: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Opaque:
    """Something of which nothing is known but where it comes from.

    Attributes:
        origin: how it was come by, such as ``process.env.PREFIX`` or ``cors()``.
        package: the dependency that it comes from; empty for anything else.
        unresolved: why it should have been known and is not; empty where it is a matter of the running program.
        missing_at: where it is imported from a module that exports no such name; None for anything else.
        given: what it was made of by a call, where that holds apps, routers or functions.
        known: the members of which something is known all the same, by name.
    """

    origin: str
    package: str = ""
    unresolved: str = ""
    missing_at: Location | None = None
    given: tuple[Value, ...] = ()
    known: tuple[tuple[str, Value], ...] = ()

    def derived(self, origin: str) -> Opaque:
        """Return what comes out of it, such as a member or the answer of a call."""
        return Opaque(origin[:200], self.package, self.unresolved, self.missing_at)


@dataclass(frozen=True, slots=True, eq=False)
class Either:
    """One of several values, each with what it depends on; empty for a choice that need not be told.

    One alternative alone, with a condition, stands for a value that may not be there.

    Attributes:
        options: pairs of condition and value.
    """

    options: tuple[tuple[str, Value], ...]


class ObjectValue:
    """An object.

    Attributes:
        props: by name; symbols as ``@@name``.
        proto: its prototype, or None.
        is_open: whether it may have more members than are known.
        rest: what was stored under names that are not known.
        tag: what it is, where that matters.
    """

    __slots__ = ("born", "is_open", "props", "proto", "rest", "tag")

    def __init__(self, props: dict[str, Value] | None = None, proto: ObjectValue | None = None, tag: str = "") -> None:
        self.props: dict[str, Value] = props if props is not None else {}
        self.proto = proto
        self.born = next(BIRTHS)
        self.is_open = False
        self.rest: list[Value] = []
        self.tag = tag

    def find(self, name: str) -> Value | None:
        """Return a member, also an inherited one, or None where there is none."""
        holder: ObjectValue | None = self
        for _ in range(64):
            if holder is None:
                return None
            if name in holder.props:
                return holder.props[name]
            holder = holder.proto
        return None

    @property
    def may_have_more(self) -> bool:
        """Whether the object, or what it inherits from, may have members that are not known."""
        holder: ObjectValue | None = self
        for _ in range(64):
            if holder is None:
                return False
            if holder.is_open:
                return True
            holder = holder.proto
        return True


class ArrayValue(ObjectValue):
    """An array.

    Attributes:
        items: in order; an :class:`Either` of one option may be missing.
    """

    __slots__ = ("items",)

    def __init__(self, items: list[Value] | None = None, *, is_open: bool = False) -> None:
        super().__init__()
        self.items: list[Value] = items if items is not None else []
        self.is_open = is_open


class MapValue(ObjectValue):
    """A ``Map`` or a ``Set``.

    Attributes:
        entries: pairs of key and value, in order; of a set both are the same.
        is_set: whether it is a set.
    """

    __slots__ = ("entries", "is_set")

    def __init__(self, entries: list[tuple[Value, Value]], *, is_set: bool) -> None:
        super().__init__()
        self.entries = entries
        self.is_set = is_set


class ProxyValue(ObjectValue):
    """A ``Proxy``.

    Attributes:
        target: what it stands before.
        traps: what it answers itself.
    """

    __slots__ = ("target", "traps")

    def __init__(self, target: ObjectValue, traps: ObjectValue) -> None:
        super().__init__(tag="proxy")
        self.target = target
        self.traps = traps


class FunctionValue(ObjectValue):
    """A function or a class of the program.

    Attributes:
        node: its declaration.
        scope: where it was made.
        name: its name, as far as it has one.
        home: the object that it is a method of, for ``super``.
        is_class: whether it is a class.
        parent: the class that a class extends, or None.
        fields: the field declarations of a class with their scope.
        bound: receiver and first arguments that ``bind`` fixed, or None.
    """

    __slots__ = ("bound", "fields", "home", "is_class", "name", "node", "parent", "scope", "wraps")

    def __init__(self, node: Node, scope: Scope, name: str = "", home: ObjectValue | None = None) -> None:
        super().__init__()
        self.node = node
        self.scope = scope
        self.name = name
        self.home = home
        self.is_class = False
        self.parent: Value = None
        self.fields: list[Node] = []
        self.bound: tuple[Value, list[Value]] | None = None
        self.wraps: FunctionValue | None = None

    def prototype(self) -> ObjectValue:
        """Return the prototype of its instances."""
        known = self.props.get("prototype")
        if not isinstance(known, ObjectValue):
            known = self.props["prototype"] = ObjectValue({"constructor": self})
        return known


# Receiver, arguments, the call → its value.
Native = Callable[[Value, list[Value], "Node"], Value]


class NativeFunction(ObjectValue):
    """A function of the language, of Node or of Express that is known.

    Attributes:
        name: as it is called.
        call: what it does.
        construct: what ``new`` does with it, where that differs.
    """

    __slots__ = ("call", "construct", "name")

    def __init__(self, name: str, call: Native, construct: Native | None = None) -> None:
        super().__init__()
        self.name = name
        self.call = call
        self.construct = construct


@dataclass(slots=True, eq=False)
class PromiseValue:
    """A promise of a value.

    Attributes:
        value: what it resolves to.
    """

    value: Value


@dataclass(slots=True, eq=False)
class Accessor:
    """A member that is computed when it is read.

    Attributes:
        getter: a function, or None.
        setter: a function, or None.
    """

    getter: Value = None
    setter: Value = None


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """A binding that stands for another one, as imports and exports do: it is followed when it is read.

    Attributes:
        read: returns the value of now.
    """

    read: Callable[[], Value]


class Scope:
    """Names and what they stand for, in a block, a function or a module.

    Attributes:
        names: the bindings.
        parent: the scope around it.
        is_function: whether ``var`` declares here.
    """

    __slots__ = ("born", "is_function", "names", "parent")

    def __init__(self, parent: Scope | None, *, is_function: bool = False) -> None:
        self.names: dict[str, Value] = {}
        self.parent = parent
        self.born = next(BIRTHS)
        self.is_function = is_function

    def holder(self, name: str) -> Scope | None:
        """Return the scope that binds a name, or None."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope
            scope = scope.parent
        return None

    def function_scope(self) -> Scope:
        """Return the scope in which ``var`` declares."""
        scope = self
        while not scope.is_function and scope.parent is not None:
            scope = scope.parent
        return scope


def alternatives(value: Value) -> Iterator[tuple[str, Value]]:
    """Yield every value that may be meant, with its condition."""
    if isinstance(value, Either):
        for condition, option in value.options:
            for inner, single in alternatives(option):
                yield both(condition, inner), single
    else:
        yield "", value


def meant(value: Value) -> Value:
    """Return the text that a value is where nothing else starts the program, else the value itself."""
    if not isinstance(value, Text) or not all(isinstance(part, str) or part.meant for part in value.parts):
        return value
    return "".join(part if isinstance(part, str) else part.meant for part in value.parts)


def both(one: str, other: str) -> str:
    """Return two conditions as one; what grows too long is cut, for nobody would read it."""
    if not one or not other or other in one:
        return one or other
    return one if len(one) > _MAX_CONDITION else f"{one} and {other}"


def either(*options: tuple[str, Value]) -> Value:
    """Return one of several values: the value itself where they are all the same one.

    Of values of which nothing at all is known, one stands for all.
    """
    if len(options) == 1 and not options[0][0] and not isinstance(options[0][1], Either):
        return options[0][1]
    flat: dict[Any, tuple[str, Value]] = {}
    for condition, value in options:
        for inner, single in alternatives(value):
            key = _identity(single)
            if key not in flat and len(flat) < _MAX_ALTERNATIVES:
                flat[key] = (both(condition, inner), single)
    listed = tuple(flat.values())
    if len(listed) == 1 and (not listed[0][0] or len(options) > 1):
        return listed[0][1]
    return Either(listed)


def _identity(value: Value) -> Any:
    if isinstance(value, str | int | float | bool):
        return (type(value), value)
    if isinstance(value, Opaque):
        return (Opaque, value.package, value.unresolved)
    return value if isinstance(value, Text) else id(value)


def truth(value: Value) -> bool | None:
    """Return whether a value counts as true, or None where that is not known."""
    if isinstance(value, bool | str | int | float):
        return bool(value)
    if isinstance(value, Nothing):
        return False
    if isinstance(value, Text):
        return True if any(isinstance(part, str) or part.meant for part in value.parts) else None
    if isinstance(value, Either):
        known = {truth(option) for _, option in value.options}
        return known.pop() if len(known) == 1 and len(value.options) > 1 else None
    return None if isinstance(value, Opaque) else True
