"""Calls, members and classes of callers' programs: what a call reaches, with which arguments. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from dtma_contract.discovery.consumer import syntax as s
from dtma_contract.discovery.consumer.classes import Classes
from dtma_contract.discovery.consumer.interpreter import Interpreter
from dtma_contract.discovery.consumer.libraries import VERBS
from dtma_contract.discovery.consumer.operations import LIST_METHODS, method_of, read_field
from dtma_contract.discovery.consumer.state import Frame, Site
from dtma_contract.discovery.consumer.values import (
    NOTHING,
    Arguments,
    Choice,
    ClassValue,
    FunctionValue,
    Hole,
    Items,
    Module,
    Namespace,
    Native,
    Plain,
    Scope,
    Text,
    Thing,
    Value,
    hole,
    lift,
    named,
    names_of,
    new_choice,
    text,
    to_text,
)

__all__ = ["Calls", "Sent", "function_key", "header_names"]

# A chain of wrappers is not deeper in any program that people can read.
MAX_DEPTH = 14
# Longer texts are no names of settings.
_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that the program sends.

    Attributes:
        stack: the calls that led to it, outermost first; the last one sends it.
        roots: keys of the functions that were evaluated on their own on the way to it.
        method: upper case, empty where it is not known.
        url: what is known of it.
        token_names: names of the variables in its Authorization header.
        token: whether it has such a header.
        names: enclosing classes and functions, and the file.
    """

    stack: tuple[Site, ...]
    roots: tuple[int, ...]
    method: str
    url: Text
    token_names: tuple[str, ...]
    token: bool
    names: tuple[str, ...]


def function_key(function: FunctionValue) -> int:
    """Return what tells a function from others: a method by its code, a function with its scope."""
    return hash((id(function.node), 0 if function.home else id(function.scope)))


@dataclass(eq=False)
class Calls:
    """Evaluates calls and members.

    Attributes:
        interpreter: evaluates what is inside of functions.
        native_call: what a call of a library's thing gives.
        native_member: what a library's thing has under a name.
        unknown_call: told of calls that lead nowhere known.
        export: what a module exports under a name.
        called: keys of the functions that others call.
        roots: keys of the functions that are being evaluated on their own.
        classes: evaluates classes and their instances.
        constructed: what constructors were given, by ``Class::parameter``; a hole that stands for any instance's
            parameter has that for a name.
    """

    interpreter: Interpreter
    native_call: Callable[[Native, Arguments, int, bool], Value]
    native_member: Callable[[Native, str], Value | None]
    unknown_call: Callable[[Hole, Arguments, int], None]
    export: Callable[[Module, str], Value]
    annotation_kind: Callable[[str], str]
    called: set[int] = field(default_factory=set)
    roots: tuple[int, ...] = ()
    constructed: dict[str, list[Value]] = field(default_factory=dict)
    classes: Classes = field(init=False)
    _active: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.classes = Classes(self)
        self.interpreter.call = self.call
        self.interpreter.member = self.member
        self.interpreter.annotated = self.annotated

    def replace_active(self, active: list[int]) -> list[int]:
        """Set which functions are being evaluated, and return those before: a module is loaded from anywhere."""
        before, self._active = self._active, active
        return before

    # --- members

    def member(self, value: Value, name: str) -> Value:  # noqa: PLR0911 - one case for each kind
        """Return what a value holds under a name."""
        match value:
            case Choice():
                return lift(lambda one: self.member(one, name), value)
            case Thing():
                return self._thing_member(value, name)
            case ClassValue():
                found = self.classes.member(value, value, name)
                return hole(f"{value.node.name}.{name}") if found is None else found
            case Namespace(module):
                return self.export(module, name)
            case Native(_, _, own):
                if own and name in own.fields:
                    return own.fields[name]
                native = self.native_member(value, name)
                return native if native is not None else hole(*(f"{one}.{name}" for one in names_of(value)[:2]), name)
            case FunctionValue():
                return Native("function", {"function": value, "name": text(name)})
            case Text() if name in {"value", "href", "origin"}:
                return value
            case _:
                return read_field(value, name)

    def _thing_member(self, value: Thing, name: str) -> Value:
        if name in value.fields:
            return self.interpreter.resolve(value.fields[name])
        if value.type:
            found = self.classes.member(value.type, value, name)
            if found is not None:
                return found
            client = value.fields.get("__client__")
            own = self.classes.member(value.type, value, "request") if name in VERBS and client else None
            if own is not None:
                # A session's verbs go through its `request`, which the class has replaced.
                return Native("partial", {"function": own, "given": Items([text(VERBS[name])])})
            inherited = self.native_member(client, name) if isinstance(client, Native) else None
            return inherited if inherited is not None else hole(name)
        return read_field(value, name)

    # --- calls

    def call(self, callee: Value, arguments: Arguments, line: int, this: Value | None, new: bool = False) -> Value:  # noqa: FBT001, FBT002, PLR0911 - the interpreter's seam
        """Return the value of a call."""
        match callee:
            case Choice():
                return lift(lambda one: self.call(one, arguments, line, this, new), callee)
            case Native("method", data):
                return self._call_method(data["owner"], data["name"], arguments, line)
            case FunctionValue():
                return self.call_function(callee, arguments, line)
            case ClassValue():
                return self.classes.construct(callee, arguments)
            case Native("super", data):
                return self.classes.call_super(data, arguments)
            case Native("function", data):
                return self._call_of_function(data, arguments, line)
            case Native():
                return self.native_call(callee, arguments, line, new)
            case _:
                return self._call_unknown(callee, arguments, line)

    def _call_method(self, owner: Value, name: Value, arguments: Arguments, line: int) -> Value:  # noqa: C901, PLR0911 - one case for each kind
        if isinstance(owner, Choice):
            return lift(lambda one: self._call_method(one, name, arguments, line), owner)
        known = name.constant if isinstance(name, Text) else None
        if known is None:
            if isinstance(owner, Native):
                return self.native_call(Native("unknown verb", {"owner": owner, "name": name}), arguments, line, False)  # noqa: FBT003 - nothing is constructed
            return self._call_unknown(hole(*names_of(owner)), arguments, line)
        if isinstance(owner, Native) and owner.kind == "super":
            return self.classes.call_super_method(owner, known, arguments, line)
        if isinstance(owner, Native) and known in {"call", "apply", "bind"} and owner.kind != "super":
            return self._call_of_function({"function": owner, "name": text(known)}, arguments, line)
        if isinstance(owner, Native) and owner.kind in {"url", "search"} and known in {"toString", "toJSON"}:
            return to_text(owner)
        if isinstance(owner, Items) and known in LIST_METHODS:
            return self._each(owner, known, arguments)
        if known in {"then", "finally"} and not isinstance(owner, Thing | Hole):
            return self._then(owner, arguments)
        if isinstance(owner, Thing | ClassValue | Namespace | Native | FunctionValue):
            member = self.member(owner, known)
            if isinstance(member, FunctionValue | ClassValue | Native | Choice):
                return self.call(member, arguments, line, owner)
        found = method_of(owner, known, arguments)
        if found is not None:
            self._call_back(arguments)
            return found
        names = names_of(owner) or (next(iter(names_of(self.member(owner, known))), ""),)
        return self._call_unknown(hole(*(f"{one}.{known}" for one in names[:3])), arguments, line)

    def _call_unknown(self, callee: Value, arguments: Arguments, line: int) -> Value:
        names = names_of(callee)
        told = [one.constant or "" for one in arguments.values[:2] if isinstance(one, Text)]
        settings = [one for one in told if one and len(one) < _LONGEST_NAME and not set(one) & set(" /")]
        self.unknown_call(hole(*names), arguments, line)
        first = arguments.get(0)
        if isinstance(first, FunctionValue) and _PASSES_ON.fullmatch(names[0].rpartition(".")[2] if names else ""):
            return first
        if isinstance(first, FunctionValue) and names and names[0].rpartition(".")[2] in _GIVES_VALUE:
            return self.call_function(first, Arguments(), None)
        self._call_back(arguments)
        if len(arguments.values) == 1 and not settings and len(names) == 1 and names[0].rpartition(".")[2] in _IDENTITY:
            return arguments.values[0]
        called = [name if name.endswith("()") else f"{name}()" for name in names]
        if settings:
            # `config.get('DTMA_URL')`: the setting's name says more than what reads it.
            return hole(settings[0], *called[:2])
        return hole(*called[:3])

    def _call_back(self, arguments: Arguments) -> None:
        """Call the functions that are handed to something unknown, which will do so."""
        for one in [*arguments.values, *arguments.keywords.values()]:
            if isinstance(one, FunctionValue):
                self.call_function(one, Arguments(open=True), None)

    def _each(self, owner: Items, name: str, arguments: Arguments) -> Value:
        function = arguments.get(0)
        items = owner.items if not owner.open else [*owner.items, Hole()]
        results: list[Value] = []
        for index, item in enumerate(items[: MAX_DEPTH * 2]):
            given = Arguments([item, text(index)]) if name != "reduce" else Arguments([Hole(), item])
            if isinstance(function, FunctionValue):
                results.append(self.call_function(function, given, None))
        if name in {"map", "flatMap"}:
            return Items(results, owner.open)
        return owner if name in {"filter", "sort"} else (new_choice(owner.items) if name == "find" else Hole())

    def _then(self, owner: Value, arguments: Arguments) -> Value:
        function = arguments.get(0)
        if isinstance(function, FunctionValue):
            return self.call_function(function, Arguments([owner]), None)
        return owner

    def _call_of_function(self, data: dict[str, Value], arguments: Arguments, line: int) -> Value:
        """Return the value of `f.call(this, …)`, `f.apply(this, […])`, `f.bind(this, …)`."""
        function, name = data["function"], data["name"]
        how = name.constant if isinstance(name, Text) else ""
        if how == "bind":
            bound = Items(arguments.values[1:])
            return function if not bound.items else Native("partial", {"function": function, "given": bound})
        if how == "call":
            return self.call(function, Arguments(arguments.values[1:]), line, None)
        if how == "apply":
            items = arguments.get(1)
            given = Arguments(items.items) if isinstance(items, Items) else Arguments(open=True)
            return self.call(function, given, line, None)
        named_as = function.node.name if isinstance(function, FunctionValue) else ""
        return self._call_unknown(hole(f"{named_as}.{how}"), arguments, line)

    # --- functions

    def call_function(self, function: FunctionValue, arguments: Arguments, line: int | None) -> Value:
        """Return the value of a function for these arguments.

        Args:
            function: what is called.
            arguments: what it is called with; open ones stand for anything.
            line: of the call, or None where something unknown calls it back.
        """
        caller = self.interpreter.frame
        key = id(function.node)
        if key in self._active or len(self._active) > MAX_DEPTH:
            return hole(f"{function.node.name}()")
        if line is not None or function.frame is not None:
            self.called.add(function_key(function))
        stack = caller.stack if line is None else (*caller.stack, self.interpreter.site)
        made_in: Frame | None = function.frame
        if made_in and made_in.active and made_in.function and not _is_within(caller, made_in):
            # A function that was handed over, and is called from within what it was handed to.
            stack = made_in.stack
        return self._evaluate_body(function, arguments, stack)

    def evaluate_alone(self, function: FunctionValue) -> None:
        """Evaluate a function that nothing seen so far has called, for any arguments."""
        self._evaluate_body(function, Arguments(open=True), ())

    def _evaluate_body(self, function: FunctionValue, arguments: Arguments, stack: tuple[Site, ...]) -> Value:
        frame = Frame(function.module, function, stack)
        scope = Scope({}, function.scope, function=True)
        before = self.interpreter.frame
        self.interpreter.frame = frame
        self._active.append(id(function.node))
        try:
            given = self._with_this(function, arguments, scope)
            self._bind_parameters(function, given, scope)
            self.interpreter.run(function.node.body(), scope)
        finally:
            frame.active = False
            self._active.pop()
            self.interpreter.frame = before
        result = new_choice([one for one in frame.returns if one != NOTHING] or frame.returns or [NOTHING])
        if isinstance(result, Hole) and function.node.returns:
            return self.annotated(function.node.returns, function.scope, function.node.name) or result
        return result

    def _with_this(self, function: FunctionValue, arguments: Arguments, scope: Scope) -> Arguments:
        this = function.this
        if this is None:
            return arguments
        if not function.node.arrow:
            scope.names["this"] = this
        if function.home:
            scope.names["super"] = Native("super", {"this": this, "home": function.home})
        if function.node.explicit_self and function.home:
            return Arguments([this, *arguments.values], arguments.keywords, arguments.open)
        return arguments

    def _bind_parameters(self, function: FunctionValue, arguments: Arguments, scope: Scope) -> None:
        position = 0
        left = dict(arguments.keywords)
        for parameter in function.node.parameters:
            name = parameter.pattern.name if isinstance(parameter.pattern, s.NamePattern) else ""
            if parameter.rest == "*":
                value: Value = Items(arguments.values[position:], Hole() if arguments.open else None)
                position = len(arguments.values)
            elif parameter.rest == "**":
                value = Thing(dict(left), Hole() if arguments.open else None)
            elif name in left:
                value = left.pop(name)
            elif position < len(arguments.values) and not parameter.rest:
                value = arguments.values[position]
                position += 1
            else:
                value = self._missing(parameter, name, arguments, scope)
            if value == NOTHING and parameter.default is not None:
                value = self.interpreter.evaluate(parameter.default, scope)
            if isinstance(value, Hole) and parameter.annotation:
                value = self.annotated(parameter.annotation, scope, name) or hole(
                    *value.names, name, parameter.annotation
                )
            value = self._constructed(function, name, value, arguments)
            self.interpreter.bind(parameter.pattern, value, scope)
            if parameter.field and isinstance(function.this, Thing) and name:
                self.interpreter.write(function.this.fields, name, named(value, name))

    def _constructed(self, function: FunctionValue, name: str, value: Value, arguments: Arguments) -> Value:
        """Note what a constructor is given; where that is anything, return it with the name it is noted under."""
        this = function.this
        if (
            function.node.name not in {"constructor", "__init__"}
            or not isinstance(this, Thing)
            or not this.type
            or value is this
        ):
            return value
        mark = f"{this.type.node.name}::{name}"
        if arguments.open:
            return hole(*value.names, mark) if isinstance(value, Hole) else value
        self.constructed.setdefault(mark, []).append(value)
        return value

    def _missing(self, parameter: s.Parameter, name: str, arguments: Arguments, scope: Scope) -> Value:
        if parameter.default is not None:
            value = self.interpreter.evaluate(parameter.default, scope)
            if not arguments.open or not (isinstance(value, Plain) or (isinstance(value, Thing) and not value.fields)):
                return value
        return hole(name) if arguments.open else NOTHING

    def annotated(self, annotation: str, scope: Scope, name: str) -> Value | None:
        """Return what the name of a type tells of a value: an instance of a class, a library's client, or nothing."""
        found = self.interpreter.lookup(annotation, scope)
        if isinstance(found, ClassValue):
            return self.classes.symbolic(found)
        kind = self.annotation_kind(annotation)
        if kind:
            return Native(kind, {"base": hole(name)})
        return None


# Functions that return the function which they are given, and those that return its value.
_PASSES_ON = re.compile(
    r"useCallback|useEvent|useEffectEvent|debounce|throttle|memoize|memo|cache|once|promisify|wrap\w*|with[A-Z]\w*"
    r"|\w*[hH]andler|catchAsync|async[A-Z]\w*|forwardRef|createServerFn|serverOnly|defineEventHandler|action|unstable_cache"
)
_GIVES_VALUE = {"useMemo", "computed", "lazy", "useState", "useRef", "shallowRef", "memoizeOne", "runInAction"}
# Functions that return what they are given, as far as is known of them.
_IDENTITY = {
    "unref", "toValue", "get", "Number", "int", "Boolean", "cast", "freeze", "String", "escape", "strip_slash",
    "quote", "quote_plus", "urlquote",
}  # fmt: skip


def _is_within(frame: Frame, outer: Frame) -> bool:
    at: Frame | None = frame
    while at is not None:
        if at is outer:
            return True
        at = at.function.frame if at.function else None
    return False


def header_names(value: Value) -> tuple[tuple[str, ...], bool]:
    """Return the names in the Authorization header of a record of headers, and whether there is one."""
    if isinstance(value, Thing):
        for key, one in value.fields.items():
            if key.lower() in {"authorization", "auth", "bearer"}:
                return names_of(to_text(one)), True
    return (), False
