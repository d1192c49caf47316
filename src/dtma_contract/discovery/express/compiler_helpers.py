"""Functions that compilers put into their output, known by name: they hold modules, classes and coroutines together."""

from __future__ import annotations

from functools import partial

from dtma_contract.discovery.express.declarations import hoist
from dtma_contract.discovery.express.endings import NORMAL
from dtma_contract.discovery.express.frames import Frame
from dtma_contract.discovery.express.machine import Machine
from dtma_contract.discovery.express.natives import Method
from dtma_contract.discovery.express.syntax import Node
from dtma_contract.discovery.express.values import (
    UNDEFINED,
    Accessor,
    ArrayValue,
    FunctionValue,
    Link,
    NativeFunction,
    ObjectValue,
    Opaque,
    PromiseValue,
    Scope,
    Value,
    either,
)

__all__ = ["HELPER_PACKAGES", "compiler_helpers", "copy_exports", "regenerator"]


# What TypeScript's `__generator` sends up (TypeScript, factory/emitHelpers): the kind of step, then its value.
_RETURN, _BREAK, _YIELD = 2, 3, 4
_MAX_STEPS = 2000


def compiler_helpers(machine: Machine) -> dict[str, Value]:
    """Return the helpers by name."""
    return {name: NativeFunction(name, partial(call, machine)) for name, call in _HELPERS.items()}


def _first(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    return arguments[0] if arguments else UNDEFINED


def _ignored(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    return UNDEFINED


def _export_star(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    source, target = machine.read(arguments[0]), arguments[1] if len(arguments) > 1 else UNDEFINED
    if isinstance(target, ObjectValue):
        copy_exports(source, target)
    return UNDEFINED


def copy_exports(source: Value, target: ObjectValue) -> None:
    """Re-export what a module exports, but for its default (ECMA-262, section 16.2.3.7)."""
    if isinstance(source, ObjectValue):

        def linked(name: str) -> Link:
            return Link(lambda: source.props.get(name, UNDEFINED))

        for name in list(source.props):
            if name not in {"default", "__esModule"} and name not in target.props:
                target.props[name] = linked(name)
        if source.is_open:
            target.is_open = True
    elif isinstance(source, Opaque):
        target.is_open = True


def _create_binding(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    target, source, name = arguments[0], machine.read(arguments[1]), arguments[2]
    alias = arguments[3] if len(arguments) > 3 else name  # noqa: PLR2004 - the fourth argument renames
    if isinstance(target, ObjectValue) and isinstance(alias, str) and isinstance(name, str):
        target.props[alias] = Link(lambda: machine.member(source, name, node))
    return UNDEFINED


def _export(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    # esbuild: `__export(target, { name: () => value })`.
    target, listed = arguments[0], arguments[1] if len(arguments) > 1 else UNDEFINED
    if isinstance(target, ObjectValue) and isinstance(listed, ObjectValue):
        for name, getter in listed.props.items():
            target.props[name] = Accessor(getter)
    return target


def _awaiter(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    receiver, generator = arguments[0], arguments[-1]
    return PromiseValue(_driven(machine, machine.call(generator, receiver, [], node)))


def _driven(machine: Machine, result: Value) -> Value:
    """Return what a generator that is driven as a coroutine returns."""
    if isinstance(result, ArrayValue):
        return machine.resolved(result.props.get("%returned", UNDEFINED))
    return machine.resolved(result)


def _async_to_generator(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    generator = arguments[0]
    return NativeFunction(
        "an async function",
        lambda receiver, given, call: PromiseValue(_driven(machine, machine.call(generator, receiver, given, call))),
    )


def _generator(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    """Run the state machine that TypeScript makes of a generator, one label after the other."""
    body = arguments[1] if len(arguments) > 1 else UNDEFINED
    result = ArrayValue()
    if isinstance(body, FunctionValue):
        result.props["%returned"] = _run_states(machine, body, this if not arguments else arguments[0])
    return result


def _run_states(machine: Machine, body: FunctionValue, this: Value) -> Value:
    block = body.node.get("body")
    parameters = body.node.get("parameters")
    if block is None:
        return UNDEFINED
    scope = Scope(body.scope, is_function=True)
    sent: list[Value] = [UNDEFINED]
    state = ObjectValue({"label": 0, "sent": NativeFunction("sent", lambda _, given, call: sent[0])})
    state.props["trys"] = ArrayValue(is_open=True)
    if parameters is not None and parameters.kids:
        pattern = parameters.kids[0].get("pattern") or parameters.kids[0]
        scope.names[pattern.text] = state
    scope.names["this"] = this
    hoist(machine, block.kids, scope)
    cases: list[list[Node]] = []
    for statement in block.kids:
        switch = statement.get("body") if statement.type == "switch_statement" else None
        if switch is not None:
            cases += [case.all("body") for case in switch.kids]
        else:
            cases.append([statement])
    returned: list[tuple[str, Value]] = []
    position = 0
    landings: set[int] = set()
    for _ in range(_MAX_STEPS):
        landings.discard(position)
        if position >= len(cases):
            break
        frame = Frame(len(machine.conditions))
        machine.frames.append(frame)
        mark = len(machine.conditions)
        try:
            bits = machine.block(cases[position], scope)
        finally:
            machine.frames.pop()
            del machine.conditions[mark:]
        position += 1
        for condition, step in frame.returned:
            operation, value = _step(step)
            if operation == _YIELD:
                sent[0] = machine.resolved(value)
            elif operation == _RETURN:
                returned.append((condition, value))
                position = position if bits & NORMAL else len(cases)
            elif operation == _BREAK and isinstance(value, int):
                if bits & NORMAL:
                    # One side jumps: where it lands is the other side, which runs after this one.
                    landings.add(value)
                else:
                    skipped = [landing for landing in landings if position <= landing < value]
                    position = min(skipped, default=value)
    return either(*returned) if returned else UNDEFINED


def _step(step: Value) -> tuple[Value, Value]:
    items = step.items if isinstance(step, ArrayValue) else []
    return (items[0] if items else None), (items[1] if len(items) > 1 else UNDEFINED)


def _regenerator_wrap(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    """Run the state machine that Babel makes of a generator: its context says which state is next."""
    body = arguments[0]
    receiver = arguments[2] if len(arguments) > 2 else UNDEFINED  # noqa: PLR2004 - inner, outer, receiver
    result = ArrayValue()
    returned: list[Value] = []

    def end(_: Value, given: list[Value], call: Node) -> Value:
        context.props["next"] = "end"
        returned.extend(given[1:2])
        return UNDEFINED

    context = ObjectValue({"prev": 0, "next": 0, "sent": UNDEFINED})
    context.props |= {
        "abrupt": NativeFunction("abrupt", end),
        "stop": NativeFunction("stop", end),
        "catch": NativeFunction("catch", lambda _, given, call: Opaque("an error")),
        "finish": NativeFunction("finish", lambda _, given, call: UNDEFINED),
        "delegateYield": NativeFunction("delegateYield", lambda _, given, call: UNDEFINED),
    }
    for _ in range(_MAX_STEPS):
        if context.props["next"] == "end":
            break
        before = context.props["next"]
        context.props["sent"] = machine.resolved(machine.call(body, receiver, [context], node))
        if context.props["next"] is before:
            break
    result.props["%returned"] = returned[-1] if returned else UNDEFINED
    return result


def _decorate(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    decorators = arguments[0].items if isinstance(arguments[0], ArrayValue) else []
    target = arguments[1] if len(arguments) > 1 else UNDEFINED
    key = arguments[2] if len(arguments) > 2 else None  # noqa: PLR2004 - decorators, target, key, descriptor
    result = target
    for decorator in reversed(decorators):
        if isinstance(decorator, Opaque):
            machine.hands_out(target)
            continue
        if key is None:
            replaced = machine.call(decorator, UNDEFINED, [result], node)
            result = replaced if isinstance(replaced, ObjectValue) else result
        else:
            found = machine.member(target, key, node) if isinstance(key, str) else UNDEFINED
            machine.call(decorator, UNDEFINED, [target, key, ObjectValue({"value": found})], node)
    return result


def _extends(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    made, parent = arguments[0], machine.read(arguments[1])
    if isinstance(made, FunctionValue):
        if isinstance(parent, FunctionValue):
            made.parent = parent
            made.proto = parent
            made.prototype().proto = parent.prototype()
        else:
            made.prototype().is_open = True
            is_emitter = isinstance(parent, NativeFunction) and parent.name == "EventEmitter"
            inherited = parent.find("prototype") if is_emitter else None
            if isinstance(inherited, ObjectValue):
                made.prototype().proto = inherited
    return UNDEFINED


def _create_class(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    made = arguments[0]
    for holder, listed in zip(
        (made.prototype() if isinstance(made, FunctionValue) else None, made), arguments[1:3], strict=False
    ):
        for item in listed.items if isinstance(listed, ArrayValue) else []:
            name = item.props.get("key") if isinstance(item, ObjectValue) else None
            if isinstance(holder, ObjectValue) and isinstance(item, ObjectValue) and isinstance(name, str):
                getter = item.props.get("get")
                holder.props[name] = Accessor(getter) if getter is not None else item.props.get("value", UNDEFINED)
    return made


def _call_super(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    receiver, made = arguments[0], arguments[1] if len(arguments) > 1 else UNDEFINED
    passed = arguments[2] if len(arguments) > 2 else UNDEFINED  # noqa: PLR2004 - receiver, class, arguments
    if isinstance(made, FunctionValue) and isinstance(made.parent, FunctionValue):
        machine.call(made.parent, receiver, list(passed.items) if isinstance(passed, ArrayValue) else [], node)
    return receiver


def _create_super(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    made = arguments[0]

    def construct(receiver: Value, given: list[Value], call: Node) -> Value:
        if isinstance(made, FunctionValue) and isinstance(made.parent, FunctionValue):
            machine.call(made.parent, receiver, given, call)
        return receiver

    return NativeFunction("super", construct)


def _assign(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    from dtma_contract.discovery.express.expressions import merge_into  # noqa: PLC0415 - expressions need helpers

    target = arguments[0] if arguments and isinstance(arguments[0], ObjectValue) else ObjectValue()
    for source in arguments[1:]:
        merge_into(machine, target, machine.read(source), node)
    return target


def _define(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    if len(arguments) > 2 and isinstance(arguments[0], ObjectValue) and isinstance(arguments[1], str):  # noqa: PLR2004 - target, name, value
        machine.write(arguments[0], arguments[1], arguments[2])
    return arguments[0] if arguments else UNDEFINED


def _spread(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    made = ArrayValue()
    for argument in arguments[:2]:
        if isinstance(argument, ArrayValue):
            made.items += argument.items
            made.is_open = made.is_open or argument.is_open
        else:
            made.is_open = True
    return made


def _to_common_js(machine: Machine, this: Value, arguments: list[Value], node: Node) -> Value:
    source = arguments[0] if arguments else UNDEFINED
    if isinstance(source, ObjectValue):
        source.props.setdefault("__esModule", True)
    return source


_HELPERS: dict[str, Method] = {
    "__importDefault": _first,
    "__importStar": _first,
    "_interopRequireDefault": _first,
    "_interopRequireWildcard": _first,
    "_interop_require_default": _first,
    "_interop_require_wildcard": _first,
    "_interopDefault": _first,
    "_interopDefaultLegacy": _first,
    "__toESM": _first,
    "__toModule": _first,
    "__toCommonJS": _to_common_js,
    "__name": _first,
    "__exportStar": _export_star,
    "__reExport": lambda machine, this, arguments, node: _export_star(
        machine, this, list(reversed(arguments[:2])), node
    ),
    "_export_star": _export_star,
    "__createBinding": _create_binding,
    "__export": _export,
    "__awaiter": _awaiter,
    "__generator": _generator,
    "_asyncToGenerator": _async_to_generator,
    "_async_to_generator": _async_to_generator,
    "__decorate": _decorate,
    "__extends": _extends,
    "_inherits": _extends,
    "_inheritsLoose": _extends,
    "_createClass": _create_class,
    "_create_class": _create_class,
    "_classCallCheck": _ignored,
    "_class_call_check": _ignored,
    "_callSuper": _call_super,
    "_call_super": _call_super,
    "_createSuper": _create_super,
    "_possibleConstructorReturn": _first,
    "_assertThisInitialized": _first,
    "_defineProperty": _define,
    "_define_property": _define,
    "__assign": _assign,
    "_extends": _assign,
    "_objectSpread": _assign,
    "_objectSpread2": _assign,
    "__spreadArray": _spread,
    "_toConsumableArray": _first,
    "_slicedToArray": _first,
    "_sliced_to_array": _first,
    "_createForOfIteratorHelper": _first,
}
HELPER_PACKAGES = {"tslib", "@babel/runtime", "@swc/helpers"}


def regenerator(machine: Machine) -> ObjectValue:
    """Return what Babel calls ``regeneratorRuntime``."""
    made = ObjectValue()
    made.props["mark"] = NativeFunction("mark", lambda this, arguments, node: arguments[0] if arguments else UNDEFINED)
    made.props["wrap"] = NativeFunction(
        "wrap", lambda this, arguments, node: _regenerator_wrap(machine, this, arguments, node)
    )
    return made
