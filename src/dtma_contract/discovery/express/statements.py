"""What statements do."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dtma_contract.discovery.express.classes import define_class
from dtma_contract.discovery.express.conditions import condition_of, negated, sides_of
from dtma_contract.discovery.express.declarations import assign_pattern, declare_all, define_enum, hoist
from dtma_contract.discovery.express.endings import BREAK, CONTINUE, NORMAL, RETURN, THROW
from dtma_contract.discovery.express.limits import ThrownError
from dtma_contract.discovery.express.machine import Machine
from dtma_contract.discovery.express.operators import loosely_equal
from dtma_contract.discovery.express.syntax import Node
from dtma_contract.discovery.express.values import (
    UNDEFINED,
    ArrayValue,
    Either,
    MapValue,
    Nothing,
    ObjectValue,
    Opaque,
    Scope,
    Text,
    Value,
    alternatives,
    both,
    truth,
)

__all__ = ["EXECUTORS", "iterated"]

_LOOPS = {"for_statement", "for_in_statement", "while_statement", "do_statement"}
_CHANGES = {"update_expression", "augmented_assignment_expression", "assignment_expression"}
# A loop that registers does so early.
_IDLE_TURNS = 50
_ENDLESS_TURNS = 20


def _if(machine: Machine, node: Node, scope: Scope) -> int:
    test, then, other = node.get("condition"), node.get("consequence"), node.get("alternative")
    assert test is not None
    decided = truth(machine.evaluate(test, scope))
    if decided is not None:
        chosen = then if decided else other
        if chosen is None or condition_of(test) in {"true", "false"}:
            return machine.execute(chosen, scope) if chosen is not None else NORMAL
        with machine.end.chosen():
            bits = machine.execute(chosen, scope)
        # A complaint on the way of a service that starts is one that was not followed well enough.
        return NORMAL if bits == THROW and not machine.tries else bits
    condition, opposite = sides_of(test)
    results = machine.branches(
        [
            (condition, lambda: machine.execute(then, scope) if then is not None else NORMAL),
            (opposite, lambda: machine.execute(other, scope) if other is not None else NORMAL),
        ],
        leaves=lambda bits: not bits & NORMAL,
    )
    first, second = (THROW if bits is None else bits for bits in results)
    if condition:
        _remember(machine, condition, first, second)
    return int(first | second)


def _remember(machine: Machine, condition: str, first: int, second: int) -> None:
    """Put what follows under the condition of a side that does not come back, unless it ends the program."""
    leaving = ~(NORMAL | THROW)
    if not first & NORMAL and second & NORMAL and first & leaving:
        machine.conditions.append(negated(condition))
    elif not second & NORMAL and first & NORMAL and second & leaving:
        machine.conditions.append(condition)
    elif (first | second) & NORMAL and (first | second) & leaving:
        machine.conditions.append(f"unless it returned under {condition}")


def _else(machine: Machine, node: Node, scope: Scope) -> int:
    return machine.block(node.kids, scope)


def _block(machine: Machine, node: Node, scope: Scope) -> int:
    inner = Scope(scope)
    statements = node.kids
    hoist(machine, statements, inner)
    return machine.block(statements, inner)


def _return(machine: Machine, node: Node, scope: Scope) -> int:
    kids = node.kids
    value = machine.evaluate(kids[0], scope) if kids else UNDEFINED
    frame = machine.frames[-1]
    frame.returned.append((" and ".join(machine.conditions[frame.mark :]), value))
    return RETURN


def _throw(machine: Machine, node: Node, scope: Scope) -> int:
    for kid in node.kids:
        machine.evaluate(kid, scope)
    machine.end.thrown = node
    return THROW


def _expression(machine: Machine, node: Node, scope: Scope) -> int:
    for kid in node.kids:
        if kid.type in {"internal_module", "module"}:
            # The grammar takes a namespace for an expression.
            machine.execute(kid, scope)
        else:
            machine.evaluate(kid, scope)
    return NORMAL


def _variables(machine: Machine, node: Node, scope: Scope) -> int:
    target = scope.function_scope() if node.type == "variable_declaration" else scope
    for declarator in node.kids:
        if declarator.type != "variable_declarator":
            continue
        name, value = declarator.get("name"), declarator.get("value")
        if name is None:
            continue
        if value is None:
            if name.type == "identifier" and name.text not in target.names:
                machine.declare(target, name.text, UNDEFINED)
            continue
        assign_pattern(machine, name, machine.named(machine.evaluate(value, scope), name), target, scope, declares=True)
    return NORMAL


def _for(machine: Machine, node: Node, scope: Scope) -> int:
    inner = Scope(scope)
    start, test, step, body = (node.get(name) for name in ("initializer", "condition", "increment", "body"))
    if start is not None:
        machine.execute(start, inner)
    ends, before = 0, machine.registrations
    for turn in range(machine.limits.turns):
        if _leads_nowhere(machine, turn, before):
            break
        is_endless = test is None or test.type in {";", "empty_statement"}
        decided = True if is_endless or test is None else truth(machine.evaluate(test, inner))
        if decided is False:
            return ends | NORMAL
        if decided is None:
            _widen(machine, node, inner)
        bits = _turn(machine, node, body, Scope(inner))
        ends |= bits & ~(NORMAL | BREAK | CONTINUE)
        if not bits & (NORMAL | CONTINUE):
            return ends | (NORMAL if bits & BREAK else 0)
        if step is not None:
            machine.evaluate(step, inner)
        if decided is None or (bits & BREAK and ((is_endless and turn) or machine.registrations == before)):
            return ends | NORMAL
        if is_endless and turn > _ENDLESS_TURNS and machine.registrations == before:
            break
        if is_endless and bits & BREAK:
            _widen(machine, node, inner)
    machine.problem(node, "the loop turns more often than is followed", hides=False)
    return ends | NORMAL


def _while(machine: Machine, node: Node, scope: Scope) -> int:
    test, body = node.get("condition"), node.get("body")
    ends, before = 0, machine.registrations
    tests_first = node.type != "do_statement"
    for turn in range(machine.limits.turns):
        if _leads_nowhere(machine, turn, before):
            break
        if tests_first or turn:
            decided = truth(machine.evaluate(test, scope)) if test is not None else None
            if decided is False:
                return ends | NORMAL
            if decided is None:
                _widen(machine, node, scope)
        else:
            decided = True
        bits = _turn(machine, node, body, Scope(scope))
        ends |= bits & ~(NORMAL | BREAK | CONTINUE)
        if not bits & (NORMAL | CONTINUE):
            return ends | (NORMAL if bits & BREAK else 0)
        is_endless = test is not None and test.type == "true"
        if decided is not True or (bits & BREAK and ((is_endless and turn) or machine.registrations == before)):
            return ends | NORMAL
        if is_endless and bits & BREAK:
            _widen(machine, node, scope)
    machine.problem(node, "the loop turns more often than is followed", hides=False)
    return ends | NORMAL


def _leads_nowhere(machine: Machine, turn: int, before: int) -> bool:
    """Return whether a loop has turned many times while no router was made or registered on."""
    return turn > _IDLE_TURNS and machine.registrations == before


def _widen(machine: Machine, loop: Node, scope: Scope) -> None:
    """Forget the counts and texts that a loop changes, where it is not known how often it turns."""
    if loop.cache is None or isinstance(loop.cache, str):
        changed = {
            place.text
            for node in loop.descendants()
            if node.type in _CHANGES and (place := node.get("left") or node.get("argument")) is not None
            if place.type == "identifier"
        }
        loop.cache = (loop.cache or "", frozenset(changed))
    for name in loop.cache[1]:  # type: ignore[index] # set above
        holder = scope.holder(name)
        if holder is not None and isinstance(holder.names[name], str | int | float | Text):
            machine.assign(holder, name, Opaque(name))


def _turn(machine: Machine, loop: Node, body: Node | None, scope: Scope) -> int:
    mark = len(machine.conditions)
    try:
        bits = machine.execute(body, scope) if body is not None else NORMAL
    finally:
        del machine.conditions[mark:]
    label = loop.cache[0] if isinstance(loop.cache, tuple) else loop.cache
    if label:
        own = machine.label_bit("continue", str(label))
        bits = bits & ~own | (CONTINUE if bits & own else 0)
    return bits


def _for_in(machine: Machine, node: Node, scope: Scope) -> int:
    left, right, body = node.get("left"), node.get("right"), node.get("body")
    assert left is not None
    assert right is not None
    source = machine.resolved(machine.evaluate(right, scope))
    keys = (node.get("operator") is None and "in" in node.marks) or "in" in node.marks
    ends = 0
    declares = any(mark in node.marks for mark in ("const", "let", "var"))
    for count, (condition, item) in enumerate(iterated(machine, source, node, keys=keys)):
        if count >= machine.limits.turns:
            machine.problem(node, f"the loop is followed for {machine.limits.turns} turns")
            break
        inner = Scope(scope)
        value = machine.resolved(item) if "await" in node.marks else item

        def turn(inner: Scope = inner, value: Value = value) -> int:
            assign_pattern(machine, left, value, inner if declares else scope, inner, declares=declares)
            return _turn(machine, node, body, inner)

        bits = _guarded_turn(machine, condition, turn)
        ends |= bits & ~(NORMAL | BREAK | CONTINUE)
        if not bits & (NORMAL | CONTINUE):
            # Leaving a loop early, where it is certain; otherwise the other turns come as well.
            return ends | (NORMAL if bits & BREAK else 0)
    return ends | NORMAL


def _guarded_turn(machine: Machine, condition: str, turn: Callable[[], int]) -> int:
    if not condition:
        return turn()
    first = machine.branches([(condition, turn), ("", lambda: NORMAL)], leaves=lambda bits: not bits & NORMAL)[0]
    return (first or THROW) | NORMAL


def iterated(machine: Machine, source: Value, node: Node, *, keys: bool = False) -> Iterator[tuple[str, Value]]:
    """Yield what a loop takes out of a value, each with what it depends on; one unknown item where it is not known."""
    for outer, single in list(alternatives(source)):
        for inner, item in _items(machine, single, node, keys=keys):
            yield both(outer, inner), item


def _items(machine: Machine, source: Value, node: Node, *, keys: bool) -> Iterator[tuple[str, Value]]:
    if isinstance(source, ArrayValue):
        # The list may grow while it is gone through.
        position = 0
        while position < len(source.items):
            machine.spend(1)
            item = source.items[position]
            if keys:
                yield "", str(position)
            elif isinstance(item, Either) and len(item.options) == 1:
                yield item.options[0]
            else:
                yield "", item
            position += 1
        if source.is_open:
            yield "", Opaque(f"an item of {condition_of(node)[:40]}")
    elif isinstance(source, MapValue):
        for key, value in list(source.entries):
            yield "", key if source.is_set else ArrayValue([key, value])
    elif isinstance(source, ObjectValue):
        if keys:
            yield from (("", key) for key in list(source.props) if not key.startswith(("@@", "#")))
            if source.may_have_more:
                yield "", Opaque("a member")
        else:
            yield "", Opaque("an item")
    elif isinstance(source, str):
        yield from (("", letter) for letter in source)
    elif isinstance(source, Opaque | Text):
        origin = source.origin if isinstance(source, Opaque) else "a text"
        yield "", source.derived(f"{origin}[…]") if isinstance(source, Opaque) else Opaque("a letter")
    elif not isinstance(source, Nothing):
        yield "", Opaque("an item")


def _switch(machine: Machine, node: Node, scope: Scope) -> int:
    subject_node, body = node.get("value"), node.get("body")
    assert subject_node is not None
    assert body is not None
    subject = machine.evaluate(subject_node, scope)
    inner = Scope(scope)
    cases = body.kids
    for case in cases:
        hoist(machine, case.all("body"), inner)
    decided = [_matches(machine, case, subject, inner) for case in cases]
    if None not in decided:
        start = (
            decided.index(True)
            if True in decided
            else next((index for index, case in enumerate(cases) if case.type == "switch_default"), len(cases))
        )
        with machine.end.chosen():
            bits = machine.block([statement for case in cases[start:] for statement in case.all("body")], inner)
        return bits & ~BREAK | (NORMAL if bits & BREAK else 0)
    text = condition_of(subject_node)

    def side(start: int) -> Callable[[], int]:
        return lambda: machine.block([statement for case in cases[start:] for statement in case.all("body")], inner)

    options = []
    for index, case in enumerate(cases):
        value = case.get("value")
        label = f"{text} is {condition_of(value)}" if value is not None else f"{text} is anything else"
        if decided[index] is not False or case.type == "switch_default":
            options.append((label, side(index)))
    if not any(case.type == "switch_default" for case in cases):
        options.append(("", lambda: NORMAL))
    results = machine.branches(options, leaves=lambda bits: not bits & (NORMAL | BREAK))
    ends = 0
    for bits in results:
        ends |= THROW if bits is None else bits
    return ends & ~BREAK | (NORMAL if ends & BREAK else 0)


def _matches(machine: Machine, case: Node, subject: Value, scope: Scope) -> bool | None:
    value = case.get("value")
    return False if value is None else loosely_equal(subject, machine.evaluate(value, scope))


def _try(machine: Machine, node: Node, scope: Scope) -> int:
    body, handler, last = node.get("body"), node.get("handler"), node.get("finalizer")
    assert body is not None
    machine.tries += 1
    machine.handlers.append(handler)
    try:
        bits = machine.execute(body, scope)
    except ThrownError:
        bits = THROW
    finally:
        machine.tries -= 1
        machine.handlers.pop()
    if handler is not None:
        if bits == THROW:
            bits = _catch(machine, handler, scope)
        else:
            # What is caught is not the usual way: it registers under a condition, and what it stores does not hold.
            caught = machine.branches(
                [("an error is caught", lambda: _catch(machine, handler, scope)), ("", lambda: NORMAL)],
                leaves=lambda _: True,
            )[0]
            bits = bits & ~THROW | (THROW if caught is None else caught & ~NORMAL & ~RETURN)
    if last is not None:
        final = machine.execute(last.get("body") or last, scope)
        if not final & NORMAL:
            return final
    return bits


def _catch(machine: Machine, handler: Node, scope: Scope) -> int:
    inner = Scope(scope)
    parameter, body = handler.get("parameter"), handler.get("body")
    if parameter is not None:
        assign_pattern(machine, parameter, Opaque("a caught error"), inner, inner, declares=True)
    return machine.execute(body, inner) if body is not None else NORMAL


def _labeled(machine: Machine, node: Node, scope: Scope) -> int:
    label, body = node.get("label"), node.get("body")
    if label is None or body is None:
        return NORMAL
    if body.cache is None and body.type in _LOOPS:
        body.cache = label.text
    bits = machine.execute(body, scope)
    own = machine.label_bit("break", label.text)
    return bits & ~own | (NORMAL if bits & own else 0)


def _jump(machine: Machine, node: Node, scope: Scope) -> int:
    label = node.get("label")
    kind = "break" if node.type == "break_statement" else "continue"
    if label is not None:
        return machine.label_bit(kind, label.text)
    return BREAK if kind == "break" else CONTINUE


def _class(machine: Machine, node: Node, scope: Scope) -> int:
    value = define_class(machine, node, scope)
    name = node.get("name")
    if name is not None:
        machine.declare(scope, name.text, value)
    return NORMAL


def _enum(machine: Machine, node: Node, scope: Scope) -> int:
    name = node.get("name")
    assert name is not None
    machine.declare(scope, name.text, define_enum(machine, node, scope))
    return NORMAL


def _namespace(machine: Machine, node: Node, scope: Scope) -> int:
    name, body = node.get("name"), node.get("body")
    if name is None or body is None or name.type not in {"identifier", "nested_identifier"}:
        return NORMAL
    # `namespace A.B` is B inside of A, and what is declared twice is one.
    first, *inner_names = name.text.split(".")
    known = scope.names.get(first)
    space = known if isinstance(known, ObjectValue) else ObjectValue()
    machine.declare(scope, first, space)
    for inner_name in inner_names:
        member = space.props.get(inner_name)
        space = space.props[inner_name] = member if isinstance(member, ObjectValue) else ObjectValue()
    inner = Scope(scope, is_function=True)
    inner.names |= space.props
    statements = [
        statement.get("declaration") or statement if statement.type == "export_statement" else statement
        for statement in body.kids
    ]
    hoist(machine, statements, inner)
    machine.block(statements, inner)
    for statement in body.kids:
        if statement.type == "export_statement" and (declaration := statement.get("declaration")) is not None:
            for exported in (declared.split(".")[0] for declared in declare_all(declaration)):
                space.props[exported] = inner.names.get(exported, UNDEFINED)
    return NORMAL


def _nothing(machine: Machine, node: Node, scope: Scope) -> int:
    return NORMAL


EXECUTORS = {
    "if_statement": _if,
    "else_clause": _else,
    "statement_block": _block,
    "return_statement": _return,
    "throw_statement": _throw,
    "expression_statement": _expression,
    "lexical_declaration": _variables,
    "variable_declaration": _variables,
    "for_statement": _for,
    "for_in_statement": _for_in,
    "while_statement": _while,
    "do_statement": _while,
    "switch_statement": _switch,
    "try_statement": _try,
    "labeled_statement": _labeled,
    "function_declaration": _nothing,  # hoisted already
    "generator_function_declaration": _nothing,
    "function_signature": _nothing,
    "class_declaration": _class,
    "abstract_class_declaration": _class,
    "enum_declaration": _enum,
    "internal_module": _namespace,
    "module": _namespace,
    "interface_declaration": _nothing,
    "type_alias_declaration": _nothing,
    "ambient_declaration": _nothing,
    "empty_statement": _nothing,
    "debugger_statement": _nothing,
    "break_statement": _jump,
    "continue_statement": _jump,
    "import_statement": _nothing,
    "ERROR": _nothing,
}
