"""Classes and instances of callers' programs. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dtma_contract.discovery.consumer import syntax as s
from dtma_contract.discovery.consumer.state import Frame
from dtma_contract.discovery.consumer.values import (
    NOTHING,
    Arguments,
    ClassValue,
    FunctionValue,
    Hole,
    Native,
    Scope,
    Thing,
    Value,
    hole,
    named,
)

if TYPE_CHECKING:
    from dtma_contract.discovery.consumer.calling import Calls

__all__ = ["Classes"]

# No chain of classes that extend each other is longer.
MAX_ANCESTORS = 24


class Classes:
    """Evaluates classes and their instances.

    Args:
        calls: evaluates the calls of their methods.
    """

    def __init__(self, calls: Calls) -> None:
        self.calls = calls
        self.instances: dict[int, list[Thing]] = {}
        self._symbolic: dict[int, Value] = {}

    def ancestors(self, of: ClassValue) -> Iterator[ClassValue]:
        """Yield a class and those that it extends, the nearest first."""
        seen: list[ClassValue] = []
        rest = [of]
        while rest and len(seen) < MAX_ANCESTORS:
            at = rest.pop(0)
            if at not in seen:
                seen.append(at)
                yield at
                rest[:0] = [base for base in at.bases if isinstance(base, ClassValue)]

    def member(self, of: ClassValue, this: Value, name: str, *, above: bool = False) -> Value | None:
        """Return a method bound to its owner, the value of a getter, or a static field; None where there is none.

        Args:
            of: the class.
            this: the owner.
            name: of the member.
            above: whether to begin with what the class extends.
        """
        for at in list(self.ancestors(of))[above:]:
            for member in at.node.members:
                if member.name == name and isinstance(member.value, s.Function) and member.kind in {"method", "getter"}:
                    bound = self.method(at, member, this)
                    return self.calls.call_function(bound, Arguments(), None) if member.kind == "getter" else bound
            if name in at.statics.fields:
                return at.statics.fields[name]
        return None

    def method(self, home: ClassValue, member: s.ClassMember, this: Value) -> FunctionValue:
        """Return a method bound to its instance."""
        if not isinstance(member.value, s.Function):
            raise TypeError(member.name)
        return FunctionValue(member.value, home.scope, home.module, this, home)

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
        if constructor is None:
            self._initialize_bases(of, made, arguments)
        self._initialize_fields(of, made, arguments, by_arguments=constructor is None)
        if constructor is not None and isinstance(constructor.value, s.Function):
            self.calls.call_function(self.method(of, constructor, made), arguments, None)

    def _initialize_bases(self, of: ClassValue, made: Thing, arguments: Arguments) -> None:
        for base in of.bases:
            if isinstance(base, ClassValue) and base is not of:
                self._initialize(base, made, arguments)
            elif isinstance(base, Native) and base.kind.startswith("class:") and "__client__" not in made.fields:
                made.fields["__client__"] = self.calls.native_call(base, arguments, of.node.line, True)  # noqa: FBT003 - it is constructed

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
                before = self.calls.interpreter.frame
                self.calls.interpreter.frame = Frame(of.module, None, before.stack)
                try:
                    found = self._default_field(member, scope)
                finally:
                    self.calls.interpreter.frame = before
                if member.value is not None or not isinstance(found, Hole):
                    self.calls.interpreter.write(made.fields, member.name, named(found, member.name))

    def _default_field(self, member: s.ClassMember, scope: Scope) -> Value:
        value = self.calls.interpreter.evaluate(member.value, scope) if member.value is not None else hole(member.name)
        if isinstance(value, Hole) and member.annotation:
            return self.calls.annotated(member.annotation, scope, member.name) or value
        return value

    def call_super(self, data: dict[str, Value], arguments: Arguments) -> Value:
        """Evaluate the constructors that a class extends, for `super(…)`."""
        this, home = data["this"], data["home"]
        if isinstance(home, ClassValue) and isinstance(this, Thing):
            this.fields.pop("__client__", None)
            self._initialize_bases(home, this, arguments)
        return NOTHING

    def call_super_method(self, owner: Native, name: str, arguments: Arguments, line: int) -> Value:
        """Return what a method of a class that is extended gives, for `super.method(…)`."""
        this, home = owner.data["this"], owner.data["home"]
        if name == "__init__":
            return self.call_super(owner.data, arguments)
        found = self.member(home, this, name, above=True) if isinstance(home, ClassValue) else None
        if found is None and isinstance(this, Thing):
            client = this.fields.get("__client__")
            found = self.calls.native_member(client, name) if isinstance(client, Native) else None
        return self.calls.call(found, arguments, line, this) if found is not None else Hole()
