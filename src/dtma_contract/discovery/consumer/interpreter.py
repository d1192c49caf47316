"""The evaluator of callers' programs: statements and expressions over abstract values. Pure.

Nothing is run. Both branches of a condition that is not known are followed, and what they leave in a variable is
joined into a choice. A function is evaluated with the arguments of each place that calls it, so that a request is
seen with all that its callers give to it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from dtma_contract.discovery.consumer import syntax as s
from dtma_contract.discovery.consumer.conditions import decides, logical
from dtma_contract.discovery.consumer.operations import apply_operator, entries_of, read_field, spread_into, truth
from dtma_contract.discovery.consumer.state import JUMPED, LEFT, ON, Exhausted, Frame, Site, State
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
    choose,
    hole,
    join_texts,
    lift,
    named,
    names_of,
    new_choice,
    new_number,
    text,
    to_text,
)

__all__ = ["Interpreter"]

# Steps of one function that is evaluated on its own; a function of a program has some hundreds.
MAX_STEPS = 20_000


class Interpreter(State):
    """Evaluates statements and expressions; calls are left to ``calls``, names of other modules to ``imports``."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = 0
        self.site = Site("", 0)
        self.limit = MAX_STEPS
        self.frame = Frame(Module("", python=False, scope=Scope({})))
        self.made: list[FunctionValue] = []
        self.classes: list[ClassValue] = []
        self._conditions: dict[tuple[int, str], tuple[int, Scope | None]] = {}
        self.call: Callable[[Value, Arguments, int, Value | None, bool], Value] = _no_call
        self.member: Callable[[Value, str], Value] = _no_member
        self.annotated: Callable[[str, Scope, str], Value | None] = lambda *_: None
        self.resolve: Callable[[Value], Value] = lambda value: value
        self.undeclared: Callable[[str, Module], Value] = lambda name, _: hole(name)
        self.importing: Callable[[s.Import, Scope, Module], None] = lambda *_: None

    # --- state

    def step(self) -> None:
        """Count a step."""
        self.steps += 1
        if self.steps > self.limit:
            raise Exhausted

    # --- statements

    def run(self, body: tuple[s.Statement, ...], scope: Scope) -> str:
        """Evaluate statements; functions and classes first, as they may be used before they are written."""
        for statement in body:
            if (
                isinstance(statement, s.Declare)
                and isinstance(statement.value, s.Function)
                and not self.frame.module.python
            ):
                self.statement(statement, scope)
        for statement in body:
            hoisted = isinstance(statement, s.Declare) and isinstance(statement.value, s.Function)
            if hoisted and not self.frame.module.python:
                continue
            end = self.statement(statement, scope)
            if end != ON:
                return end
        return ON

    def statement(self, node: s.Statement, scope: Scope) -> str:  # noqa: C901, PLR0911, PLR0912 - one case for each kind
        """Evaluate one statement, and return how it ends."""
        self.step()
        match node:
            case s.Evaluate(value):
                self.evaluate(value, scope)
            case s.Declare():
                self._declare(node, scope)
            case s.Return(value):
                self.frame.returns.append(self.evaluate(value, scope) if value else NOTHING)
                return LEFT
            case s.Leave(kind, value):
                if value:
                    self.evaluate(value, scope)
                return LEFT if kind == "throw" else JUMPED
            case s.If(test, then, otherwise):
                return self._if(test, then, otherwise, scope)
            case s.Block(body):
                return self.run(body, Scope({}, scope))
            case s.Loop():
                return self._loop(node, scope)
            case s.Try(body, handlers, final):
                end = self._try(body, handlers, scope)
                after = self.run(final, Scope({}, scope))
                return after if after != ON else end
            case s.Switch():
                return self._switch(node, scope)
            case s.Import():
                self.importing(node, scope, self.frame.module)
            case s.ExportName(value, name):
                self.frame.module.exports[name] = self.evaluate(value, scope)
            case s.ExportAll(module, names):
                self._pass_on(module, names)
        return ON

    def _pass_on(self, module: str, names: tuple[tuple[str, str], ...]) -> None:
        if not names:
            self.frame.module.passed_on.append(module)
            return
        inner = Scope({})
        self.importing(s.Import(module, names), inner, self.frame.module)
        self.frame.module.exports.update(inner.names)

    def _declare(self, node: s.Declare, scope: Scope) -> None:
        value: Value = NOTHING
        if node.value is not None:
            value = self.evaluate(node.value, scope)
        elif isinstance(node.pattern, s.NamePattern) and self.frame.module.path.endswith(".svelte"):
            # `export let dtmaUrl;` is what a component is given.
            value = hole(node.pattern.name)
        if isinstance(node.pattern, s.NamePattern) and node.annotation and isinstance(value, Hole):
            value = self.annotated(node.annotation, scope, node.pattern.name) or value
        target = scope
        while node.whole_function and not target.function and target.parent is not None:
            target = target.parent
        self.bind(node.pattern, value, target)

    def _if(
        self, test: s.Expression, then: tuple[s.Statement, ...], otherwise: tuple[s.Statement, ...], scope: Scope
    ) -> str:
        known = truth(self.evaluate(test, scope))
        if known is not None and decides(test):
            return self.run(then if known else otherwise, Scope({}, scope))
        bodies = (lambda: self.run(then, Scope({}, scope)), lambda: self.run(otherwise, Scope({}, scope)))
        return self.branches(bodies, self._condition(test, scope))

    def _condition(self, test: s.Expression, scope: Scope) -> int:
        """Return the number of a condition: the same for the same variable in the same call."""
        match test:
            case s.Name(name):
                owner = _owner_of(scope, name)
                key = (id(owner), name) if owner else None
            case s.Member(s.Name(name), field):
                owner = _owner_of(scope, name)
                key = (id(owner), f"{name}.{field}") if owner else None
            case _:
                key = None
        if key is None:
            return new_number()
        if key not in self._conditions:
            # The scope is kept, so that no other one gets its identity.
            self._conditions[key] = (new_number(), owner)
        return self._conditions[key][0]

    def _try(self, body: tuple[s.Statement, ...], handlers: tuple[tuple[s.Statement, ...], ...], scope: Scope) -> str:
        end = self.run(body, Scope({}, scope))
        return self.branches((lambda: end, *((lambda h=h: self.run(h, Scope({}, scope))) for h in handlers)))

    def _switch(self, node: s.Switch, scope: Scope) -> str:
        subject = self.evaluate(node.subject, scope)
        bodies: list[Callable[[], str]] = []
        default = False
        for index, (test, _) in enumerate(node.cases):
            known = None
            if test is not None:
                known = truth(apply_operator("==", subject, self.evaluate(test, scope)))
            if known is False:
                continue
            if known is True:
                return self._cases(node, index, scope)
            default = default or test is None
            bodies.append(partial(self._cases, node, index, scope))
        if not default:
            bodies.append(lambda: ON)
        return self.branches(bodies)

    def _cases(self, node: s.Switch, first: int, scope: Scope) -> str:
        inner = Scope({}, scope)
        for _, body in node.cases[first:]:
            end = self.run(body, inner)
            if end != ON:
                return ON if end == JUMPED else end
        return ON

    def _loop(self, node: s.Loop, scope: Scope) -> str:
        if node.over is None or node.pattern is None:
            self.branches((lambda: self.run(node.body, Scope({}, scope)), lambda: ON))
            return ON
        over = self.evaluate(node.over, scope)
        known = entries_of(over) is not None
        for value in self.items_of(over, keys=node.keys or isinstance(over, Thing)):

            def once(value: Value = value) -> str:
                inner = Scope({}, scope)
                self.bind(node.pattern or s.NamePattern(""), value, scope if self.frame.module.python else inner)
                return self.run(node.body, inner)

            if not known:
                self.branches((once, lambda: ON))
            elif once() == LEFT:
                return LEFT
        return ON

    def items_of(self, over: Value, *, keys: bool = False) -> list[Value]:
        """Return what a loop runs over, one unknown item where that is not known."""
        if isinstance(over, Choice):
            return [item for option in over.options for item in self.items_of(option, keys=keys)]
        entries = entries_of(over)
        if entries is None:
            name = next(iter(names_of(over)), "")
            return [Hole((name.rstrip("s"),) if name else ())]
        return [key if keys else value for key, value in entries]

    # --- patterns

    def bind(self, pattern: s.Pattern, value: Value, scope: Scope, *, assign: bool = False) -> None:  # noqa: C901 - one case for each kind
        """Give the names of a pattern their values.

        Args:
            pattern: what is bound or assigned to.
            value: what it gets.
            scope: where names are declared.
            assign: whether names are looked up instead of declared.
        """
        match pattern:
            case s.NamePattern(name):
                if name:
                    owner = _owner_of(scope, name) if assign else None
                    self.write((owner or scope).names, name, named(value, name))
            case s.RecordPattern(entries, rest):
                for key, inner, default in entries:
                    self.bind(inner, self._or_default(self.member(value, key), default, scope), scope, assign=assign)
                if rest:
                    left = hole(*names_of(value))
                    taken = {key for key, _, _ in entries}
                    fields = (
                        {k: v for k, v in value.fields.items() if k not in taken} if isinstance(value, Thing) else {}
                    )
                    self.bind(s.NamePattern(rest), Thing(fields, _open_of(value) or left), scope, assign=assign)
            case s.SequencePattern(items, rest):
                for index, item in enumerate(items):
                    if item:
                        found = self._or_default(read_field(value, str(index)), item[1], scope)
                        self.bind(item[0], found, scope, assign=assign)
                if rest:
                    left_over = value.items[len(items) :] if isinstance(value, Items) else []
                    self.bind(s.NamePattern(rest), Items(left_over, Hole()), scope, assign=assign)
            case s.TargetPattern(target):
                self._assign_to(target, value, scope)

    def _or_default(self, value: Value, default: s.Expression | None, scope: Scope) -> Value:
        if default is None or (value is not NOTHING and value != NOTHING):
            return value
        return self.evaluate(default, scope)

    def _assign_to(self, target: s.Expression, value: Value, scope: Scope) -> None:
        if isinstance(target, s.Member):
            owner, key = self.evaluate(target.owner, scope), target.name
        elif isinstance(target, s.Index):
            owner, index = self.evaluate(target.owner, scope), self.evaluate(target.key, scope)
            key = (index.constant or "") if isinstance(index, Text) else ""
        else:
            return
        if isinstance(owner, Native):
            owner.own = owner.own or Thing({})
            owner = owner.own
        elif isinstance(owner, ClassValue):
            owner = owner.statics
        if isinstance(owner, Thing) and key:
            self.write(owner.fields, key, named(value, key))
        elif isinstance(owner, Namespace) and key:
            owner.module.exports[key] = value

    # --- expressions

    def evaluate(self, node: s.Expression | None, scope: Scope) -> Value:  # noqa: C901, PLR0911, PLR0912 - one case each
        """Return the value of an expression."""
        self.step()
        match node:
            case None:
                return NOTHING
            case s.Literal(value):
                return (
                    text(value)
                    if isinstance(value, str | int | float) and not isinstance(value, bool)
                    else Plain(value)
                )
            case s.Template(parts):
                pieces = [text(part) if isinstance(part, str) else self.evaluate(part, scope) for part in parts]
                return join_texts(*pieces)
            case s.Name(name):
                return self.lookup(name, scope)
            case s.Member(owner, name):
                return self.member(self.evaluate(owner, scope), name)
            case s.Index(owner, key):
                return self._index(self.evaluate(owner, scope), self.evaluate(key, scope))
            case s.Call():
                return self._call(node, scope)
            case s.Operation(operator, left, right):
                return self._operation(operator, left, right, scope)
            case s.Conditional(test, then, otherwise):
                known = truth(self.evaluate(test, scope))
                if known is not None and decides(test):
                    return self.evaluate(then if known else otherwise, scope)
                options = [self.evaluate(then, scope), self.evaluate(otherwise, scope)]
                return choose(self._condition(test, scope), options)
            case s.Record(entries):
                return self._record(entries, scope)
            case s.Sequence(items):
                return self._sequence(items, scope)
            case s.Parts(items, last):
                values = [self.evaluate(item, scope) for item in items]
                return values[-1] if last and values else Hole()
            case s.Assignment(target, operator, value):
                return self._assignment(target, operator, value, scope)
            case s.Function():
                return self._function(node, scope)
            case s.Class():
                return self._class(node, scope)

    def lookup(self, name: str, scope: Scope) -> Value:
        """Return a variable's value; a name that nothing declares is a global one."""
        at: Scope | None = scope
        while at is not None:
            if name in at.names:
                return self.resolve(at.names[name])
            at = at.parent
        return self.undeclared(name, self.frame.module)

    def _index(self, owner: Value, key: Value) -> Value:
        def read(one: Value, by: Value) -> Value:
            known = by.constant if isinstance(by, Text) else None
            if known is not None:
                return self.member(one, known) if not isinstance(one, Items) else read_field(one, known)
            entries = entries_of(one)
            if entries:
                return new_choice([value for _, value in entries])
            return hole(*names_of(one)[:1], *names_of(by)[:1])

        return lift(read, owner, to_text(key) if not isinstance(key, Hole) else key)

    def _call(self, node: s.Call, scope: Scope) -> Value:
        this: Value | None = None
        if isinstance(node.callee, s.Member):
            this = self.evaluate(node.callee.owner, scope)
            callee: Value = Native("method", {"owner": this, "name": text(node.callee.name)})
        elif isinstance(node.callee, s.Index):
            this = self.evaluate(node.callee.owner, scope)
            callee = self._method_by_key(this, self.evaluate(node.callee.key, scope))
        else:
            callee = self.evaluate(node.callee, scope)
        arguments = self.arguments(node.arguments, scope)
        self.site = Site(self.frame.module.path, node.line, id(node))
        return self.call(callee, arguments, node.line, this, node.new)

    def _method_by_key(self, owner: Value, key: Value) -> Value:
        return lift(
            lambda one: Native("method", {"owner": owner, "name": one}) if isinstance(one, Text) and one.constant
            else self._index(owner, one) if isinstance(owner, Thing)
            else Native("method", {"owner": owner, "name": one}),
            to_text(key),
        )  # fmt: skip

    def arguments(self, given: tuple[s.Argument, ...], scope: Scope) -> Arguments:
        """Return the values of a call's arguments."""
        found = Arguments()
        for one in given:
            value = self.evaluate(one.value, scope)
            if one.spread and isinstance(value, Items):
                found.values.extend(value.items)
                found.open = found.open or bool(value.open)
            elif one.spread:
                found.open = True
            elif one.keyword == "**":
                found.keywords.update(value.fields if isinstance(value, Thing) else {})
            elif one.keyword:
                found.keywords[one.keyword] = value
            else:
                found.values.append(value)
        return found

    def _operation(self, operator: str, left: s.Expression, right: s.Expression, scope: Scope) -> Value:
        first = self.evaluate(left, scope)
        if operator == "!":
            known = truth(first)
            return Hole() if known is None else Plain(not known)
        second = self.evaluate(right, scope)
        if operator in {"||", "??", "&&"}:
            return lift(lambda one: logical(operator, one, second), first)
        return apply_operator(operator, first, second)

    def _record(self, entries: tuple[s.Entry, ...], scope: Scope) -> Value:
        made = Thing({})
        for entry in entries:
            value = self.evaluate(entry.value, scope)
            if entry.key is not None:
                key = to_text(self.evaluate(entry.key, scope))
                if isinstance(key, Text) and key.constant is not None:
                    made.fields[key.constant] = value
                    if isinstance(value, FunctionValue) and not value.node.arrow:
                        value.this = value.this or made
                else:
                    made.open = made.open or Hole()
            else:
                spread_into(made, value)
        return made

    def _sequence(self, items: tuple[s.Argument, ...], scope: Scope) -> Value:
        found = self.arguments(items, scope)
        return Items(found.values, Hole() if found.open else None)

    def _assignment(self, target: s.Pattern, operator: str, value: s.Expression, scope: Scope) -> Value:
        new = self.evaluate(value, scope)
        if operator:
            old: Value = Hole()
            if isinstance(target, s.NamePattern):
                old = self.lookup(target.name, scope)
            elif isinstance(target, s.TargetPattern):
                old = self.evaluate(target.target, scope)
            if operator in {"||", "??", "&&"}:
                return self._assigned(target, lift(lambda one: logical(operator, one, new), old), scope)
            new = apply_operator(operator, old, new)
        return self._assigned(target, new, scope)

    def _assigned(self, target: s.Pattern, value: Value, scope: Scope) -> Value:
        self.bind(target, value, scope, assign=True)
        return value

    def _function(self, node: s.Function, scope: Scope) -> FunctionValue:
        this = self.lookup("this", scope) if node.arrow else None
        made = FunctionValue(node, scope, self.frame.module, None if isinstance(this, Hole) else this, frame=self.frame)
        self.made.append(made)
        return made

    def _class(self, node: s.Class, scope: Scope) -> ClassValue:
        bases = tuple(self.evaluate(base, scope) for base in node.bases)
        made = ClassValue(node, scope, self.frame.module, bases)
        self.classes.append(made)
        inner = Scope({node.name: made, "this": made}, scope)
        for member in node.members:
            if member.static and member.kind not in {"method", "getter"} and member.value is not None:
                value = self.evaluate(member.value, inner)
                made.statics.fields[member.name] = named(value, f"{node.name}.{member.name}")
                # Python's class body sees its own fields.
                inner.names.setdefault(member.name, made.statics.fields[member.name])
        return made


def _owner_of(scope: Scope, name: str) -> Scope | None:
    at: Scope | None = scope
    while at is not None:
        if name in at.names:
            return at
        at = at.parent
    return None


def _open_of(value: Value) -> Hole | None:
    return value.open if isinstance(value, Thing) else None


def _no_call(*_: Any) -> Value:
    return Hole()


def _no_member(value: Value, key: str) -> Value:
    return read_field(value, key)
