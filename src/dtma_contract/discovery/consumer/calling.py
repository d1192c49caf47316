"""Calls, members and classes of callers' programs: what a call reaches, with which arguments. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from dtma_contract.discovery.consumer import syntax as s
from dtma_contract.discovery.consumer.interpreter import Frame, Interpreter, Site
from dtma_contract.discovery.consumer.libraries import VERBS
from dtma_contract.discovery.consumer.operations import LIST_METHODS, method_of, read_field
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
        instances: what was made of each class.
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
    instances: dict[int, list[Thing]] = field(default_factory=dict)
    constructed: dict[str, list[Value]] = field(default_factory=dict)
    _symbolic: dict[int, Value] = field(default_factory=dict)
    _active: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.interpreter.call = self.call
        self.interpreter.member = self.member
        self.interpreter.annotated = self.annotated

    def replace_active(self, active: list[int]) -> list[int]:
        """Set which functions are being evaluated, and return those before: a module is loaded from anywhere."""
        before, self._active = self._active, active
        return before

    # --- members

    def member(self, value: Value, name: str) -> Value:
        """Return what a value holds under a name."""
        match value:
            case Choice():
                return lift(lambda one: self.member(one, name), value)
            case Thing():
                return self._thing_member(value, name)
            case ClassValue():
                found = self._class_member(value, value, name, static=True)
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
            found = self._class_member(value.type, value, name, static=False)
            if found is not None:
                return found
            client = value.fields.get("__client__")
            own = self._class_member(value.type, value, "request", static=False) if name in VERBS and client else None
            if own is not None:
                # A session's verbs go through its `request`, which the class has replaced.
                return Native("partial", {"function": own, "given": Items([text(VERBS[name])])})
            inherited = self.native_member(client, name) if isinstance(client, Native) else None
            return inherited if inherited is not None else hole(name)
        return read_field(value, name)

    def _class_member(self, of: ClassValue, this: Value, name: str, *, static: bool) -> Value | None:
        """Return a method bound to its owner, the value of a getter, or a static field; None where there is none."""
        at: Value | None = of
        seen = 0
        while isinstance(at, ClassValue) and seen < MAX_DEPTH:
            seen += 1
            for member in at.node.members:
                if (
                    member.name != name
                    or not isinstance(member.value, s.Function)
                    or member.kind not in {"method", "getter"}
                ):
                    continue
                bound = self.method(at, member, this)
                return self.call_function(bound, Arguments(), None) if member.kind == "getter" else bound
            if name in at.statics.fields:
                return at.statics.fields[name]
            at = at.base
        del static
        return None

    def method(self, home: ClassValue, member: s.ClassMember, this: Value) -> FunctionValue:
        """Return a method bound to its instance."""
        if not isinstance(member.value, s.Function):
            raise TypeError(member.name)
        return FunctionValue(member.value, home.scope, home.module, this, home)

    # --- calls

    def call(self, callee: Value, arguments: Arguments, line: int, this: Value | None, new: bool) -> Value:  # noqa: FBT001 - the interpreter's seam
        """Return the value of a call."""
        match callee:
            case Choice():
                return lift(lambda one: self.call(one, arguments, line, this, new), callee)
            case Native("method", data):
                return self._call_method(data["owner"], data["name"], arguments, line)
            case FunctionValue():
                return self.call_function(callee, arguments, line)
            case ClassValue():
                return self.construct(callee, arguments)
            case Native("super", data):
                return self._call_super(data, arguments)
            case Native("function", data):
                return self._call_of_function(data, arguments, line)
            case Native():
                return self.native_call(callee, arguments, line, new)
            case _:
                return self._call_unknown(callee, arguments, line)

    def _call_method(self, owner: Value, name: Value, arguments: Arguments, line: int) -> Value:
        if isinstance(owner, Choice):
            return lift(lambda one: self._call_method(one, name, arguments, line), owner)
        known = name.constant if isinstance(name, Text) else None
        if known is None:
            if isinstance(owner, Native):
                return self.native_call(Native("unknown verb", {"owner": owner, "name": name}), arguments, line, False)
            return self._call_unknown(hole(*names_of(owner)), arguments, line)
        if isinstance(owner, Native) and owner.kind == "super":
            return self._call_super_method(owner, known, arguments, line)
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
                return self.call(member, arguments, line, owner, False)
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
            return self.call(function, Arguments(arguments.values[1:]), line, None, False)
        if how == "apply":
            items = arguments.get(1)
            given = Arguments(items.items) if isinstance(items, Items) else Arguments(open=True)
            return self.call(function, given, line, None, False)
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

    # --- classes

    def construct(self, of: ClassValue, arguments: Arguments) -> Value:
        """Return a new instance."""
        made = Thing({}, None, of)
        if not arguments.open:
            self.instances.setdefault(id(of), []).append(made)
        self._initialize(of, made, arguments)
        return made

    def symbolic(self, of: ClassValue) -> Value:
        """Return an instance of which only the class is known."""
        if id(of) not in self._symbolic:
            # A class that holds itself ends here.
            self._symbolic[id(of)] = hole(of.node.name)
            self._symbolic[id(of)] = self.construct(of, Arguments(open=True))
        return self._symbolic[id(of)]

    def _initialize(self, of: ClassValue, made: Thing, arguments: Arguments) -> None:
        constructor = next((m for m in of.node.members if m.name in {"constructor", "__init__"}), None)
        if constructor is None and isinstance(of.base, ClassValue):
            self._initialize(of.base, made, arguments)
        self._native_base(of, made, arguments)
        self._initialize_fields(of, made, arguments, by_arguments=constructor is None)
        if constructor is not None and isinstance(constructor.value, s.Function):
            self.call_function(self.method(of, constructor, made), arguments, None)

    def _native_base(self, of: ClassValue, made: Thing, arguments: Arguments) -> None:
        if isinstance(of.base, Native) and of.base.kind.startswith("class:") and "__client__" not in made.fields:
            made.fields["__client__"] = self.native_call(of.base, arguments, of.node.line, True)

    def _initialize_fields(self, of: ClassValue, made: Thing, arguments: Arguments, *, by_arguments: bool) -> None:
        scope = Scope({"this": made}, of.scope)
        position = 0
        for member in of.node.members:
            if member.kind == "dataclass field":
                given = arguments.get(position if by_arguments and not arguments.open else -1, member.name)
                position += 1
                value = (
                    given if given != NOTHING and not isinstance(given, Hole) else self._default_field(member, scope)
                )
                if isinstance(given, Hole) and given.names:
                    value = given
                made.fields.setdefault(member.name, value)
            elif member.kind == "field" and not member.static:
                before = self.interpreter.frame
                self.interpreter.frame = Frame(of.module, None, before.stack)
                try:
                    found = self._default_field(member, scope)
                finally:
                    self.interpreter.frame = before
                if member.value is not None or not isinstance(found, Hole):
                    self.interpreter.write(made.fields, member.name, named(found, member.name))

    def _default_field(self, member: s.ClassMember, scope: Scope) -> Value:
        value = self.interpreter.evaluate(member.value, scope) if member.value is not None else hole(member.name)
        if isinstance(value, Hole) and member.annotation:
            return self.annotated(member.annotation, scope, member.name) or value
        return value

    def annotated(self, annotation: str, scope: Scope, name: str) -> Value | None:
        """Return what the name of a type tells of a value: an instance of a class, a library's client, or nothing."""
        found = self.interpreter.lookup(annotation, scope)
        if isinstance(found, ClassValue):
            return self.symbolic(found)
        kind = self.annotation_kind(annotation)
        if kind:
            return Native(kind, {"base": hole(name)})
        return None

    def _call_super(self, data: dict[str, Value], arguments: Arguments) -> Value:
        this, home = data["this"], data["home"]
        if isinstance(home, ClassValue) and isinstance(this, Thing):
            if isinstance(home.base, ClassValue):
                self._initialize(home.base, this, arguments)
            elif isinstance(home.base, Native):
                this.fields.pop("__client__", None)
                self._native_base(home, this, arguments)
        return NOTHING

    def _call_super_method(self, owner: Native, name: str, arguments: Arguments, line: int) -> Value:
        this, home = owner.data["this"], owner.data["home"]
        base = home.base if isinstance(home, ClassValue) else None
        if name == "__init__":
            return self._call_super(owner.data, arguments)
        if isinstance(base, ClassValue):
            found = self._class_member(base, this, name, static=False)
            if found is not None:
                return self.call(found, arguments, line, this, False)
        client = this.fields.get("__client__") if isinstance(this, Thing) else None
        member = self.native_member(client, name) if isinstance(client, Native) else None
        return self.call(member, arguments, line, this, False) if member is not None else Hole()


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
