"""Python files as the callers' syntax, read by the standard library's parser. Pure."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from functools import cache

from dtma_contract.discovery.consumer import syntax as s

__all__ = ["read_python"]

# How many times a file is tried again with a broken statement left out.
_REPAIRS = 20


def read_python(content: bytes) -> s.Program:
    """Return a file as the callers' syntax; where lines do not parse, the rest of the file is still read.

    Args:
        content: the file.
    """
    errors: list[int] = []
    lines = content.decode("utf-8", "replace").removeprefix("\ufeff").split("\n")
    tree = ast.Module([], [])
    for _ in range(_REPAIRS):
        try:
            with warnings.catch_warnings():
                # Invalid escapes in the callers' texts are none of ours.
                warnings.simplefilter("ignore")
                tree = ast.parse("\n".join(lines))
            break
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = getattr(error, "lineno", None) or 1
            errors.append(line)
            if not _cut(lines, min(line, len(lines)) - 1):
                break
    return s.Program(_body(tree.body), python=True, errors=tuple(errors))


def _cut(lines: list[str], wrong: int) -> bool:
    """Blank the top-level statement around a line, or return False where nothing is left to blank."""

    def begins(text: str) -> bool:
        return bool(text) and not text[0].isspace() and text[0] not in "#)]}"

    first = wrong
    while first > 0 and not begins(lines[first]):
        first -= 1
    # Decorators belong to what they stand before.
    while first > 0 and lines[first - 1].startswith("@"):
        first -= 1
    last = wrong + 1
    while last < len(lines) and not begins(lines[last]):
        last += 1
    if not any(lines[first:last]):
        return False
    lines[first:last] = [""] * (last - first)
    return True


def _body(body: list[ast.stmt]) -> tuple[s.Statement, ...]:
    return tuple(one for each in body for one in _statement(each))


def _statement(node: ast.stmt) -> Iterator[s.Statement]:  # noqa: C901, PLR0912 - one case for each kind of statement
    match node:
        case ast.Expr(value):
            yield s.Evaluate(_expression(value))
        case ast.Assign(targets, value):
            for target in targets:
                yield _assign(target, _expression(value))
        case ast.AnnAssign(target, annotation, value):
            yield _assign(target, _expression(value) if value else None, _annotation(annotation))
        case ast.AugAssign(target, operator, value):
            sign = {ast.Add: "+", ast.Div: "/"}.get(type(operator), "?")
            yield s.Evaluate(s.Assignment(_pattern(target), sign, _expression(value)))
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield s.Declare(s.NamePattern(node.name), _decorated(node), whole_function=True)
        case ast.ClassDef():
            yield s.Declare(s.NamePattern(node.name), _class(node), whole_function=True)
        case ast.If(test, body, orelse):
            yield s.If(_expression(test), _body(body), _body(orelse))
        case ast.For(target, over, body, orelse) | ast.AsyncFor(target, over, body, orelse):
            yield s.Loop(_pattern(target), _expression(over), _body(body))
            yield from _body(orelse)
        case ast.While(test, body, orelse):
            yield s.Evaluate(_expression(test))
            yield s.Loop(None, None, (*_body(body), *_body(orelse)))
        case ast.With(items, body) | ast.AsyncWith(items, body):
            for item in items:
                entered = _expression(item.context_expr)
                yield _assign(item.optional_vars, entered) if item.optional_vars else s.Evaluate(entered)
            yield from _body(body)
        case ast.Try(body, handlers, orelse, final) | ast.TryStar(body, handlers, orelse, final):
            yield s.Try((*_body(body), *_body(orelse)), tuple(_body(each.body) for each in handlers), _body(final))
        case ast.Match(subject, cases):
            yield s.Switch(_expression(subject), tuple(_case(case) for case in cases))
        case ast.Return(value):
            yield s.Return(_expression(value) if value else None)
        case ast.Raise(value):
            yield s.Leave("throw", _expression(value) if value else None)
        case ast.Break() | ast.Continue():
            yield s.Leave("break" if isinstance(node, ast.Break) else "continue")
        case ast.Import(names):
            yield from (_import(alias) for alias in names)
        case ast.ImportFrom(module, names, level):
            yield s.Import("." * (level or 0) + (module or ""), tuple((n.name, n.asname or n.name) for n in names))
        case ast.Assert(test):
            yield s.Evaluate(_expression(test))
        case _:
            return


def _import(alias: ast.alias) -> s.Import:
    if alias.asname:
        return s.Import(alias.name, (("*", alias.asname),))
    # `import a.b` binds `a`, through which `a.b` is reached.
    top = alias.name.partition(".")[0]
    return s.Import(alias.name, (("*package", top),)) if top != alias.name else s.Import(top, (("*", top),))


def _case(case: ast.match_case) -> tuple[s.Expression | None, tuple[s.Statement, ...]]:
    match case.pattern:
        case ast.MatchValue(value):
            test: s.Expression | None = _expression(value)
        case ast.MatchAs(None, _):
            test = None
        case _:
            test = s.Parts(())
    # A case leaves the statement at its end.
    return test, (*_body(case.body), s.Leave("break"))


def _assign(target: ast.expr, value: s.Expression | None, annotation: str = "") -> s.Statement:
    pattern = _pattern(target)
    if isinstance(pattern, s.TargetPattern):
        if value is None:
            return s.Evaluate(s.Parts(()))
        return s.Evaluate(s.Assignment(pattern, "", value))
    return s.Declare(pattern, value, annotation, whole_function=True)


def _pattern(node: ast.expr) -> s.Pattern:
    match node:
        case ast.Name(name):
            return s.NamePattern(name)
        case ast.Tuple(items) | ast.List(items):
            rest = next((_name_of(item.value) for item in items if isinstance(item, ast.Starred)), "")
            plain = tuple((_pattern(item), None) for item in items if not isinstance(item, ast.Starred))
            return s.SequencePattern(plain, rest)
        case ast.Attribute() | ast.Subscript():
            return s.TargetPattern(_expression(node))
        case _:
            return s.NamePattern("")


def _name_of(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _annotation(node: ast.expr | None) -> str:  # noqa: PLR0911 - one case for each kind
    """Return the name of a type; of `X | None`, `Optional[X]` and `Annotated[X, …]` that of X."""
    match node:
        case ast.Name(name):
            return name
        case ast.Attribute(_, name):
            return name
        case ast.Constant(str(name)):
            return name.rpartition(".")[2]
        case ast.BinOp(left, ast.BitOr(), right):
            return _annotation(left) or _annotation(right)
        case ast.Subscript(_, ast.Tuple([first, *_])):
            return _annotation(first)
        case ast.Subscript(_, inner):
            return _annotation(inner)
        case _:
            return ""


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef, *, method: bool = False) -> s.Function:
    @cache
    def read() -> tuple[s.Statement, ...]:
        return _body(node.body)

    return s.Function(
        node.name,
        _parameters(node.args),
        read,
        node.lineno,
        explicit_self=method,
        returns=_annotation(node.returns),
    )


def _decorated(node: ast.FunctionDef | ast.AsyncFunctionDef) -> s.Expression:
    """Return the function; its decorators are evaluated, and taken to return it."""
    function = _function(node)
    if not node.decorator_list:
        return function
    return s.Parts((*(_expression(each) for each in node.decorator_list), function), last=True)


def _parameters(arguments: ast.arguments) -> tuple[s.Parameter, ...]:
    plain = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(plain) - len(arguments.defaults))
    pairs: list[tuple[ast.arg, ast.expr | None, str]] = [
        (one, default, "") for one, default in zip(plain, [*defaults, *arguments.defaults], strict=True)
    ]
    if arguments.vararg:
        pairs.append((arguments.vararg, None, "*"))
    pairs.extend((one, default, "=") for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True))
    if arguments.kwarg:
        pairs.append((arguments.kwarg, None, "**"))
    return tuple(
        s.Parameter(
            s.NamePattern(one.arg),
            _expression(default) if default is not None else None,
            _annotation(one.annotation) if rest in {"", "="} else "",
            rest,
        )
        for one, default, rest in pairs
    )


def _class(node: ast.ClassDef) -> s.Class:
    members: list[s.ClassMember] = []
    for each in node.body:
        match each:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                names = {_decorator_name(one) for one in each.decorator_list}
                static = bool(names & {"staticmethod", "classmethod"})
                function = _function(each, method="staticmethod" not in names)
                kind = "getter" if names & {"property", "cached_property"} else "method"
                if "setter" not in names:
                    members.append(s.ClassMember(each.name, function, kind, static))
            case ast.Assign(targets, value):
                members.extend(
                    s.ClassMember(_name_of(one), _expression(value), "field", static=True) for one in targets
                )
            case ast.AnnAssign(target, annotation, value):
                read = _expression(value) if value else None
                kind = "dataclass field"
                members.append(s.ClassMember(_name_of(target), read, kind, value is not None, _annotation(annotation)))
            case _:
                continue
    return s.Class(node.name, tuple(_expression(base) for base in node.bases), tuple(members), node.lineno)


def _decorator_name(node: ast.expr) -> str:
    match node:
        case ast.Call(function):
            return _decorator_name(function)
        case ast.Attribute(_, name) | ast.Name(name):
            return name
        case _:
            return ""


def _expression(node: ast.expr) -> s.Expression:  # noqa: C901, PLR0911, PLR0912 - one case for each kind of expression
    match node:
        case ast.Constant(value):
            if isinstance(value, bytes):
                return s.Literal(value.decode("utf-8", "replace"))
            return s.Literal(value if isinstance(value, str | int | float | bool) else None)
        case ast.JoinedStr(values):
            return s.Template(tuple(_joined(value) for value in values))
        case ast.Name("self"):
            return s.Name("self")
        case ast.Name(name):
            return s.Name(name)
        case ast.Attribute(value, name):
            return s.Member(_expression(value), name)
        case ast.Subscript(value, ast.Slice()):
            return s.Parts((_expression(value),))
        case ast.Subscript(value, key):
            return s.Index(_expression(value), _expression(key))
        case ast.Call(ast.Name("super"), []):
            return s.Name("super")
        case ast.Call():
            return _call(node)
        case ast.BinOp(left, operator, right):
            sign = {ast.Add: "+", ast.Div: "/", ast.Mod: "%", ast.BitOr: "|"}.get(type(operator), "?")
            return s.Operation(sign, _expression(left), _expression(right))
        case ast.BoolOp(operator, values):
            return _chain("||" if isinstance(operator, ast.Or) else "&&", values)
        case ast.UnaryOp(ast.Not(), inner):
            return s.Operation("!", _expression(inner), s.Literal(None))
        case ast.Compare(left, [operator], [right]):
            sign = {ast.Eq: "==", ast.Is: "==", ast.NotEq: "!=", ast.IsNot: "!="}.get(type(operator), "?")
            return s.Operation(sign, _expression(left), _expression(right))
        case ast.IfExp(test, then, otherwise):
            return s.Conditional(_expression(test), _expression(then), _expression(otherwise))
        case ast.Dict(keys, values):
            return s.Record(
                tuple(
                    s.Entry(_expression(key) if key else None, _expression(value))
                    for key, value in zip(keys, values, strict=True)
                )
            )
        case ast.List(items) | ast.Tuple(items) | ast.Set(items):
            return s.Sequence(tuple(_item(item) for item in items))
        case ast.Await(value) | ast.Starred(value) | ast.YieldFrom(value):
            return _expression(value)
        case ast.NamedExpr(target, value):
            return s.Assignment(_pattern(target), "", _expression(value))
        case ast.Lambda(arguments, body):
            ending = (s.Return(_expression(body)),)
            return s.Function("", _parameters(arguments), lambda: ending, node.lineno, arrow=True)
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
            return _comprehension(node)
        case _:
            children = (one for one in ast.iter_child_nodes(node) if isinstance(one, ast.expr))
            return s.Parts(tuple(_expression(one) for one in children))


def _joined(value: ast.expr) -> str | s.Expression:
    match value:
        case ast.Constant(str(text)):
            return text
        case ast.FormattedValue(inner):
            return _expression(inner)
        case _:
            return _expression(value)


def _chain(operator: str, values: list[ast.expr]) -> s.Expression:
    found = _expression(values[0])
    for value in values[1:]:
        found = s.Operation(operator, found, _expression(value))
    return found


def _item(node: ast.expr) -> s.Argument:
    return s.Argument(_expression(node), spread=isinstance(node, ast.Starred))


def _call(node: ast.Call) -> s.Expression:
    arguments = [
        *(_item(one) for one in node.args),
        *(s.Argument(_expression(one.value), one.arg or "**") for one in node.keywords),
    ]
    # The line of the callee's last name.
    line = (node.func.end_lineno or node.lineno) if isinstance(node.func, ast.Attribute) else node.lineno
    return s.Call(_expression(node.func), tuple(arguments), line)


def _comprehension(node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> s.Expression:
    """Return a call of a function that fills a list in loops, as far as requests are concerned."""
    values = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
    found = s.Name("$found")
    inner: tuple[s.Statement, ...] = tuple(
        s.Evaluate(s.Call(s.Member(found, "append"), (s.Argument(_expression(one)),), node.lineno)) for one in values
    )
    for generator in reversed(node.generators):
        tests = tuple(s.Evaluate(_expression(test)) for test in generator.ifs)
        inner = (s.Loop(_pattern(generator.target), _expression(generator.iter), (*tests, *inner)),)
    body: tuple[s.Statement, ...] = (s.Declare(s.NamePattern("$found"), s.Sequence(())), *inner, s.Return(found))

    def read() -> tuple[s.Statement, ...]:
        return body

    return s.Call(s.Function("", (), read, node.lineno, arrow=True), (), node.lineno)
