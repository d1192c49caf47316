"""The abstract machine: evaluates a program over abstract values, both sides of what it cannot decide.

It holds the state of an evaluation (steps, conditions, writes that a branch made) and calls functions. What each kind
of node means stands in :mod:`expressions`, :mod:`statements` and :mod:`declarations`; what the language, Node and
Express bring stands in :mod:`language`, :mod:`node_api` and :mod:`express_api`. Nothing is ever run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

from dtma_contract.discovery.express.callbacks import Callbacks
from dtma_contract.discovery.express.contents import routers_in
from dtma_contract.discovery.express.endings import NORMAL, THROW
from dtma_contract.discovery.express.frames import Frame
from dtma_contract.discovery.express.limits import ExhaustedError, Limits, ThrownError
from dtma_contract.discovery.express.loading_end import LoadingEnd
from dtma_contract.discovery.express.memory import Memory, Side, call_key
from dtma_contract.discovery.express.needed_files import NeededFile
from dtma_contract.discovery.express.problems import Problem
from dtma_contract.discovery.express.registrations import RouterValue
from dtma_contract.discovery.express.syntax import Node
from dtma_contract.discovery.express.unknown_calls import call_unknown, unnamed
from dtma_contract.discovery.express.values import (
    UNDEFINED,
    Accessor,
    ArrayValue,
    Either,
    FunctionValue,
    Link,
    NativeFunction,
    Nothing,
    ObjectValue,
    Opaque,
    PromiseValue,
    ProxyValue,
    Scope,
    Value,
    alternatives,
    either,
)
from dtma_contract.discovery.express.version_ranges import ExpressVersion
from dtma_contract.routes import Location

__all__ = ["Evaluator", "Executor", "Machine"]


_NAMES = {"identifier", "property_identifier", "private_property_identifier"}

# Natives that call what they are given while they run, or give back what does.
_CALLING = frozenset({
    "map", "forEach", "filter", "reduce", "reduceRight", "some", "every", "find", "findLast", "findIndex", "flatMap",
    "sort", "from", "Array.from", "then", "catch", "finally", "call", "apply", "bind", "Promise", "push", "unshift",
    "concat", "Promise.all", "Promise.resolve", "resolve", "set", "add", "assign", "Object.assign", "Object.entries",
    "Object.keys", "Object.values", "Object.freeze", "Object.defineProperty", "Object.create",
})  # fmt: skip

# What a kind of node means: the value of an expression, or how a statement may end.
Evaluator: TypeAlias = "Callable[[Machine, Node, Scope], Value]"
Executor: TypeAlias = "Callable[[Machine, Node, Scope], int]"


class Machine:
    """An evaluation.

    Args:
        load: evaluates the module that a specifier means in a file, and returns its exports.
        limits: what it may cost.
        express: the version of Express that the program runs with.

    Attributes:
        load: as above.
        express: as above.
        limits: what the evaluation may cost.
        exports_of: the path and the exports of a module that was wholly evaluated, by importer and specifier.
        defines_fields: whether a field without a value becomes a member, in a file; None where that is not said.
        handed: what was given to something that may call the functions in it, whenever it likes, by identity.
        unsure: how many things under way may not happen while the program loads.
        conditions: what the statement at hand depends on.
        routers: every app and router that was made.
        problems: what could not be resolved.
        visited: call sites that were evaluated, as file and offset.
        frames: the calls under way, the innermost last; the first stands for the modules.
        globals: the outermost scope.
        dispatching: the routers whose handlers are looked into, each with the path of the handler.
        helpers: functions that compilers put into their output, by name.
        tries: how many ``try`` blocks are under way.
        steps: how many nodes were evaluated.
        effects: how many writes there were that outlast a call.
        registrations: how often a router was made or registered on.
        callbacks: those that wait to be called.
        end: tells where loading ends in the open.
        crash: why loading ends the process, with its place, or None.
        handlers: the catch clauses around the statement at hand, the innermost last.
        needed: the files without which the process ends, by path.
    """

    def __init__(
        self, load: Callable[[str, str, Node], Value], limits: Limits | None = None, *, express: ExpressVersion
    ) -> None:
        self.load = load
        self.express = express
        self.exports_of: Callable[[str, str], tuple[str, Value] | None] = lambda importer, specifier: None
        self.defines_fields: Callable[[str], bool | None] = lambda path: None
        self.unsure = 0
        self.handed: dict[int, Value] = {}
        self.limits = limits or Limits()
        self.conditions: list[str] = []
        self.routers: list[RouterValue] = []
        self.problems: dict[tuple[Location, str], Problem] = {}
        self.visited: set[tuple[str, int]] = set()
        self.crash: tuple[str, Location] | None = None
        self.frames: list[Frame] = [Frame()]
        self.globals = Scope(None, is_function=True)
        self.dispatching: list[tuple[RouterValue, Any]] = []
        self.helpers: dict[str, Value] = {}
        self.tries = 0
        self.end = LoadingEnd(self)
        self.handlers: list[Node | None] = []
        self.needed: dict[str, NeededFile] = {}
        self.steps = 0
        self._ceiling = self.limits.steps
        self._depth = 0
        self._active: dict[Any, int] = {}
        self._costs: dict[tuple[str, int], int] = {}
        self.effects = 0
        self.registrations = 0
        self._memory = Memory()
        self.callbacks = Callbacks(self)
        self._labels: dict[tuple[str, str], int] = {}
        self._evaluators: dict[str, Evaluator] = {}
        self._executors: dict[str, Executor] = {}

    def install(self, evaluators: Mapping[str, Evaluator], executors: Mapping[str, Executor]) -> None:
        """Say what the kinds of nodes mean."""
        self._evaluators |= evaluators
        self._executors |= executors

    # -- nodes

    def evaluate(self, node: Node, scope: Scope) -> Value:
        """Return what an expression stands for."""
        self.steps += 1
        if self.steps > self._ceiling:
            raise ExhaustedError
        evaluator = self._evaluators.get(node.type)
        if evaluator is None:
            return Opaque(node.text[:80])
        return evaluator(self, node, scope)

    def execute(self, node: Node, scope: Scope) -> int:
        """Execute a statement, and return how it may end."""
        self.steps += 1
        if self.steps > self._ceiling:
            raise ExhaustedError
        executor = self._executors.get(node.type)
        if executor is not None:
            return executor(self, node, scope)
        self.evaluate(node, scope)
        return NORMAL

    def spend(self, steps: int) -> None:
        """Count work that is no node, such as the items of a list."""
        self.steps += steps
        if self.steps > self._ceiling:
            raise ExhaustedError

    def block(self, statements: Sequence[Node], scope: Scope) -> int:
        """Execute statements one after the other, and return how they may end."""
        ends = 0
        for statement in statements:
            result = self.execute(statement, scope)
            ends |= result & ~NORMAL
            if not result & NORMAL:
                return ends
        return ends | NORMAL

    def label_bit(self, kind: str, label: str) -> int:
        """Return the bit for leaving a statement by ``break label`` or ``continue label``."""
        return self._labels.setdefault((kind, label), THROW << 1 + len(self._labels))

    # -- what was seen

    def location(self, node: Node) -> Location:
        """Return the place of a node."""
        return Location(node.file.path, node.line)

    def registered(self) -> None:
        """Note that a router was made or registered on."""
        self.effects += 1
        self.registrations += 1

    def site_of(self, node: Node, wanted: str) -> Location:
        """Return the place of the innermost call under way in which a text stands, else the place of the node.

        A helper that registers a route says nothing of the route; whoever calls it does.
        """
        if wanted.strip("/") and wanted not in node.text:
            for frame in reversed(self.frames):
                if frame.site is not None and frame.site.type == "call_expression" and wanted in frame.site.text:
                    return self.location(frame.site)
        return self.location(node)

    def problem(self, node: Node, reason: str, *, hides: bool = True) -> None:
        """Note something that could not be resolved."""
        self.problem_at(self.location(node), reason, hides=hides)

    def problem_at(self, location: Location, reason: str, *, hides: bool = True) -> None:
        """Note something that could not be resolved at a place."""
        self.problems.setdefault((location, reason), Problem(location, reason, hides))

    def crashes(self, place: Node | Location, reason: str) -> None:
        """Note that the program ends here while it loads, unless that depends on something, or is caught."""
        if self.crash is None and not self.conditions and not self.tries and not self.unsure:
            self.crash = (reason, place if isinstance(place, Location) else self.location(place))

    # -- state

    def write(self, holder: ObjectValue, name: str, value: Value) -> None:
        """Store a member, so that a branch can take it back."""
        self.effects += 1
        self._memory.store(holder.props, holder.born, name, value)

    def assign(self, scope: Scope, name: str, value: Value) -> None:
        """Store a value in a name outside of the call under way, so that a branch can take it back."""
        self.effects += 1
        self._memory.store(scope.names, scope.born, name, value)

    def declare(self, scope: Scope, name: str, value: Value) -> None:
        """Store a value in a name of the call under way, so that a branch can take it back."""
        self._memory.store(scope.names, scope.born, name, value)

    def changed(self, holder: ObjectValue) -> None:
        """Note that the items of an array or the entries of a map changed."""
        self.effects += 1
        self._memory.forget(holder.born)

    def branches(self, options: Sequence[tuple[str, Callable[[], Any]]], *, leaves: Callable[[Any], bool]) -> list[Any]:
        """Run every side of a choice that cannot be made, each from the state of before, and join what they wrote.

        Args:
            options: the condition of a side, empty for none to be told, and what runs it.
            leaves: whether a result means that control does not come back behind the choice.

        Returns:
            The result of each side; None for one that throws.
        """
        results, sides = list[Any](), list[Side]()
        for condition, run in options:
            mark = len(self.conditions)
            if condition:
                self.conditions.append(condition)
            side = self._memory.begin(condition)
            try:
                with self.end.chosen():
                    result, is_thrown = run(), False
            except ThrownError:
                result, is_thrown = None, True
            except ExhaustedError:
                self._memory.undo(side)
                raise
            finally:
                self._memory.end()
                del self.conditions[mark:]
            self._memory.undo(side)
            side.has_left = is_thrown or leaves(result)
            results.append(result)
            sides.append(side)
        self._memory.join(sides)
        return results

    def under(self, condition: str, run: Callable[[], Value]) -> Value:
        """Run something that may not happen, and return its value; what it wrote may or may not hold."""
        return self.branches([(condition, run), ("", lambda: None)], leaves=lambda _: False)[0]

    # -- values

    def read(self, value: Value) -> Value:
        """Follow a binding that stands for another one."""
        for _ in range(32):
            if not isinstance(value, Link):
                return value
            value = value.read()
        return Opaque("a binding that leads back to itself")

    def resolved(self, value: Value) -> Value:
        """Return what a promise resolves to, or the value itself."""
        for _ in range(16):
            if not isinstance(value, PromiseValue):
                break
            value = value.value
        if isinstance(value, Either) and any(isinstance(option, PromiseValue) for _, option in value.options):
            return either(*((condition, self.resolved(option)) for condition, option in value.options))
        return value

    def member(self, holder: Value, name: str, node: Node) -> Value:
        """Return a member of a value; what the language brings is found as well."""
        from dtma_contract.discovery.express.language import member_of  # noqa: PLC0415 - it needs this module

        return member_of(self, holder, name, node)

    def got(self, value: Value, receiver: Value, node: Node) -> Value:
        """Return what reading a stored member gives: links are followed, accessors called."""
        value = self.read(value)
        if isinstance(value, Accessor):
            if value.getter is None:
                return UNDEFINED
            return self.call(value.getter, receiver, [], node)
        return value

    def named(self, value: Value, target: Node) -> Value:
        """Give a function without a name the one of what it is stored in (ECMA-262, section 8.4)."""
        if isinstance(value, FunctionValue) and not value.name and target.type in _NAMES:
            value.name = target.text.lstrip("#")
        return value

    # -- calls

    def call(self, callee: Value, this: Value, arguments: list[Value], node: Node) -> Value:
        """Return what a call gives.

        Raises:
            ThrownError: it throws whatever its input is.
        """
        if isinstance(callee, FunctionValue):
            return self._invoke(callee, this, arguments, node)
        if isinstance(callee, NativeFunction):
            if callee.name not in _CALLING:
                self.hands_out(*arguments)
            return callee.call(this, arguments, node)
        if isinstance(callee, Either):
            return self._call_each(callee, this, arguments, node)
        if isinstance(callee, ProxyValue):
            trap = callee.traps.find("apply")
            if trap is not None:
                return self.call(trap, callee.traps, [callee.target, this, ArrayValue(arguments)], node)
            return self.call(callee.target, this, arguments, node)
        if isinstance(callee, RouterValue):
            return self.dispatched(callee, node)
        if isinstance(callee, Opaque):
            return call_unknown(self, callee, this, arguments, node)
        if isinstance(callee, ObjectValue) and "default" in callee.props:
            return self.call(self.read(callee.props["default"]), this, arguments, node)
        return call_unknown(self, unnamed(node), this, arguments, node)

    def construct(self, callee: Value, arguments: list[Value], node: Node) -> Value:
        """Return what ``new`` gives."""
        from dtma_contract.discovery.express.classes import instantiate  # noqa: PLC0415 - it needs this module

        if isinstance(callee, FunctionValue):
            return instantiate(self, callee, arguments, node)
        if isinstance(callee, NativeFunction):
            return (callee.construct or callee.call)(UNDEFINED, arguments, node)
        if isinstance(callee, Either):
            options = [(c, o) for c, o in alternatives(callee) if not isinstance(o, Nothing)]
            runs = [(c, partial(self.construct, option, arguments, node)) for c, option in options]
            results = self.branches(runs, leaves=lambda _: False)
            return either(*((c, r) for (c, _), r in zip(options, results, strict=True) if r is not None))
        if isinstance(callee, ObjectValue) and "default" in callee.props:
            return self.construct(self.read(callee.props["default"]), arguments, node)
        known = callee if isinstance(callee, Opaque) else unnamed(node)
        call_unknown(self, known, UNDEFINED, arguments, node)
        return known.derived(f"new {known.origin}()")

    def hands_out(self, *values: Value) -> None:
        """Note that values are given to something that may call the functions in them, whenever it likes."""
        for value in values:
            if isinstance(value, ObjectValue | Either):
                self.handed[id(value)] = value

    def was_entered(self, function: Node) -> bool:
        """Return whether a function was called."""
        return (function.file.path, function.start) in self._costs

    def has_routes(self) -> bool:
        """Return whether an app has been registered on."""
        return any(router.is_app and router.items for router in self.routers)

    def call_unknowing(
        self, function: FunctionValue, node: Node, limit: int, arguments: list[Value] | None = None
    ) -> Value | None:
        """Call a function that may be called, and return what it gives, or None where that takes too many steps.

        Args:
            function: it.
            node: where it is called.
            limit: how many steps it may take.
            arguments: what it is given; None where that is not known.
        """
        ceiling = self._ceiling
        self._ceiling = min(ceiling, self.steps + limit)
        depth, frames = self._depth, len(self.frames)
        mark = len(self.conditions)
        active = dict(self._active)
        self.unsure += 1
        try:
            return self._invoke(function, Opaque("this"), arguments, node)
        except ThrownError:
            return UNDEFINED
        except ExhaustedError:
            if self.steps > ceiling:
                raise
            self._active = active
            return None
        finally:
            self.unsure -= 1
            self._ceiling = ceiling
            self._depth = depth
            del self.frames[frames:], self.conditions[mark:]

    def run_guarded(self, run: Callable[[], Value], location: Location) -> Value:
        """Run something to its end or to the limit of all steps, which is told."""
        try:
            return run()
        except ThrownError:
            pass
        except ExhaustedError:
            self.problem_at(location, f"the evaluation ended after {self.limits.steps} steps")
        except RecursionError:
            self.problem_at(location, "the program nests deeper than can be followed")
        return UNDEFINED

    def dispatched(self, router: RouterValue, node: Node) -> Value:
        """Note that a handler hands its request on to a router, and return what that gives."""
        from dtma_contract.discovery.express.express_api import mount  # noqa: PLC0415 - it needs this module

        if self.dispatching:
            holder, path = self.dispatching[-1]
            mount(self, holder, path, router, node)
        else:
            router.is_served = True
        return UNDEFINED

    def _call_each(self, callee: Either, this: Value, arguments: list[Value], node: Node) -> Value:
        options = [(c, o) for c, o in alternatives(callee) if not isinstance(o, Nothing)]
        if len(options) > 1:
            # A default serves as a value; the other one is what the program's user may give.
            known = [(c, o) for c, o in options if not isinstance(o, Opaque)]
            options = known or options[:1]
        runs = [(c, partial(self.call, option, this, arguments, node)) for c, option in options]
        results = self.branches(runs, leaves=lambda _: False)
        got = [(c, r) for (c, _), r in zip(options, results, strict=True) if r is not None]
        return either(*got) if got else UNDEFINED

    def _invoke(self, function: FunctionValue, this: Value, arguments: list[Value] | None, node: Node) -> Value:
        from dtma_contract.discovery.express.function_calls import enter  # noqa: PLC0415 - it needs this module

        if function.bound is not None:
            this, first = function.bound
            arguments = [*first, *arguments] if arguments is not None else None
        place = (function.node.file.path, function.node.start)
        key = call_key(place, function.scope, this, arguments)
        known = self._memory.recall(key)
        if known is not None:
            return known[0]
        if self._active.get(key) or self._active.get(place, 0) >= self._nesting(arguments):
            return Opaque(f"{function.name}()")
        if self._depth >= self.limits.depth:
            self.problem(node, "calls are nested deeper than is followed")
            return Opaque(f"{function.name}()")
        cost = self._costs.get(place, 0)
        if cost > self.limits.idle_function_steps and not routers_in(arguments or []):
            reason = f"{function.name or 'a function'} takes more steps than are spent on one that registers nothing"
            self.problem(function.node, reason, hides=False)
            return Opaque(f"{function.name}()")
        before, steps, registrations = self.effects, self.steps, self.registrations
        self._active[key] = 1
        self._active[place] = self._active.get(place, 0) + 1
        self._depth += 1
        mark = len(self.conditions)
        frame = Frame(mark, site=node)
        self.frames.append(frame)
        try:
            result = enter(self, function, this, arguments, frame, node)
        finally:
            self.frames.pop()
            del self.conditions[mark:]
            self._depth -= 1
            self._active[key] = 0
            self._active[place] -= 1
            # A function that registers, or leads to it, may cost what it wants.
            registers = self.registrations != registrations or cost < 0
            self._costs[place] = -1 if registers else cost + self.steps - steps
        if self.effects == before and not isinstance(_inner(result), ObjectValue):
            self._memory.keep(key, result, function, this, arguments)
        return result

    def _nesting(self, arguments: list[Value] | None) -> int:
        """Return how deep a function may call itself: deep where it goes down something known, else not at all."""
        if arguments is None or any(isinstance(argument, Opaque) for argument in arguments):
            return 1
        return self.limits.nested


def _inner(value: Value) -> Value:
    return value.value if isinstance(value, PromiseValue) else value
