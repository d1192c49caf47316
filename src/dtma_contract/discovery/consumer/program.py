"""A caller's program as a whole: its modules, what they import, and every function that may send something."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from dtma_contract.discovery.consumer import syntax as s
from dtma_contract.discovery.consumer.calling import Calls, Sent, function_key
from dtma_contract.discovery.consumer.files import CallerFiles
from dtma_contract.discovery.consumer.interpreter import Interpreter
from dtma_contract.discovery.consumer.javascript import read_javascript
from dtma_contract.discovery.consumer.libraries import (
    ANNOTATIONS,
    GLOBALS,
    PACKAGES,
    PYTHON_GLOBALS,
    VERBS,
    package_export,
)
from dtma_contract.discovery.consumer.library_calls import LibraryCalls, make_native
from dtma_contract.discovery.consumer.python_code import read_python
from dtma_contract.discovery.consumer.state import Exhausted, Frame, Site
from dtma_contract.discovery.consumer.values import (
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
    alternatives,
    hole,
    join_texts,
    named,
    text,
    to_text,
)

__all__ = ["Problem", "ProgramReader"]

# Steps of a whole tree; a second is about a million of them.
MAX_TOTAL_STEPS = 300_000
# Steps that each file adds to that.
MAX_FILE_STEPS = 2_000
# How many instances of one class are looked at.
_MAX_INSTANCES = 3
# Receivers of these names are no clients.
_NO_CLIENTS = {
    "router", "routes", "app", "logger", "log", "cache", "map", "redis", "storage", "store", "memo", "headers",
    "cookies",
}  # fmt: skip
# How often the evaluation of a file's functions is given up before the file is.
_MAX_EXHAUSTED = 3
_METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}
# Words of functions that send.
_SENDING = {"swr", "fetch", "request", "http", "call", "send", "curl", "axios", "ajax"}
# Words of functions that make clients, and the names under which these are given their base.
_MAKING = {"create", "make", "client", "sdk", "base", "connect", "build", "init"}
_BASE_KEYS = {
    "baseUrl",
    "baseURL",
    "base_url",
    "prefixUrl",
    "basePath",
    "serverUrl",
    "server_url",
    "apiUrl",
    "endpoint",
}
# Calls of these are no requests, whatever the receiver is called.
_NO_REQUESTS = {
    "log", "debug", "info", "warn", "error", "trace", "describe", "expect", "it", "test", "route", "router", "mock",
    "validate", "parse", "match", "join", "resolve", "push", "navigate", "redirect", "replace", "on", "once",
    "emit", "print", "warning", "exception", "app", "server", "link", "includes", "startswith", "endswith", "path",
    "file", "dir", "folder", "read", "write", "exists", "mkdir", "require", "import", "text", "label", "render", "nock",
    "concat",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Problem:
    """A place that could not be read or evaluated."""

    file: str
    line: int
    reason: str


class ProgramReader:
    """Reads modules and evaluates all of their functions.

    Args:
        files: the caller's files.
        is_agent: whether names are the agent's, for calls of clients that are not in the tree.
    """

    def __init__(self, files: CallerFiles, is_agent: Callable[[tuple[str, ...]], bool]) -> None:
        self.files = files
        self.is_agent = is_agent
        self.sent: list[Sent] = []
        self.problems: list[Problem] = []
        self.modules: dict[str, Module] = {}
        self.interpreter = Interpreter()
        self.calls = Calls(
            self.interpreter,
            # The two are made for each other: one is there when the other is first asked.
            native_call=lambda *given: self.libraries.call(*given),  # noqa: PLW0108 - it does not exist yet
            native_member=lambda *given: self.libraries.member(*given),  # noqa: PLW0108 - it does not exist yet
            unknown_call=self._unknown_call,
            export=self.export,
            annotation_kind=lambda name: ANNOTATIONS.get(name, ""),
        )
        self.libraries = LibraryCalls(self.calls, self._send, self._require)
        self.interpreter.resolve = self._resolve
        self.interpreter.importing = self._import
        self.interpreter.undeclared = self._undeclared
        self._left = MAX_TOTAL_STEPS
        self._exhausted: dict[str, int] = {}

    # --- evaluation

    def read(self, paths: list[str]) -> None:
        """Evaluate the files, and each of their functions for any arguments.

        Args:
            paths: the files.
        """
        self._left += MAX_FILE_STEPS * len(paths)
        for path in paths:
            self.load(path)
        wanted = set(paths)
        for each in [one for one in self.interpreter.classes if one.module.path in wanted]:
            self._guarded(each.module.path, each.node.line, partial(self.calls.classes.symbolic, each), ())
        self._functions(self.interpreter.made, wanted, ())
        heirs: dict[int, list[ClassValue]] = {}
        done = 0
        while done < len(self.interpreter.classes):
            each = self.interpreter.classes[done]
            done += 1
            for ancestor in list(self.calls.classes.ancestors(each))[1:]:
                heirs.setdefault(id(ancestor), []).append(each)
        for each in self.interpreter.classes:
            if each.module.path in wanted:
                self._methods(each, heirs.get(id(each), []))

    def _functions(self, made: list[FunctionValue], wanted: set[str], roots: tuple[int, ...]) -> None:
        self.interpreter.made = []
        for function in made:
            key = function_key(function)
            if function.module.path not in wanted or (roots and key in self.calls.called):
                continue
            self._alone(function, (*roots, key))

    def _methods(self, of: ClassValue, heirs: list[ClassValue]) -> None:
        """Evaluate a class's methods on what was made of it and of those that extend it, else on any instance."""
        made = self.calls.classes.instances
        found = [one for each in (of, *heirs) for one in made.get(id(each), ())]
        instances: list[Value] = [*found[:_MAX_INSTANCES]]
        if not instances:
            instances = [self.calls.classes.symbolic(each) for each in heirs[:_MAX_INSTANCES] or [of]]
        known = _fields_of(instances)
        self._evaluate_methods(of, instances)
        if _fields_of(instances) != known:
            # A field that one method sets and another one, which stands before it, uses.
            self._evaluate_methods(of, instances)

    def _evaluate_methods(self, of: ClassValue, instances: list[Value]) -> None:
        for member in of.node.members:
            if member.kind not in {"method", "getter"} or not isinstance(member.value, s.Function):
                continue
            if member.name in {"constructor", "__init__"}:
                continue
            for instance in [of] if member.static else instances:
                bound = self.calls.classes.method(of, member, instance)
                self._alone(bound, (function_key(bound),))

    def _alone(self, function: FunctionValue, roots: tuple[int, ...]) -> None:
        """Evaluate a function on its own, then those that were made in it and not called."""
        before, self.interpreter.made = self.interpreter.made, []
        self._guarded(function.module.path, function.node.line, lambda: self.calls.evaluate_alone(function), roots)
        made = self.interpreter.made
        # Deeper nesting than this is met by the evaluation of what is around.
        deepest = 6
        if len(roots) < deepest:
            for inner in made:
                if function_key(inner) not in self.calls.called and inner.frame is not None:
                    self._alone(inner, (*roots, function_key(inner)))
        self.interpreter.made = before

    def _guarded(self, file: str, line: int, action: Callable[[], Any], roots: tuple[int, ...]) -> None:
        if self._exhausted.get(file, 0) >= _MAX_EXHAUSTED:
            # The file has been said to be too much already.
            return
        interpreter = self.interpreter
        state = (interpreter.frame, interpreter.journals, interpreter.steps, interpreter.limit, self.calls.roots)
        active = self.calls.replace_active([])
        interpreter.journals, interpreter.steps = [], 0
        interpreter.limit = min(interpreter.limit, max(0, self._left))
        self.calls.roots = roots
        try:
            action()
        except Exhausted:
            self._exhausted[file] = self._exhausted.get(file, 0) + 1
            self.problems.append(Problem(file, line, "it is too much to evaluate"))
        except RecursionError:
            self.problems.append(Problem(file, line, "it is nested too deeply to evaluate"))
        finally:
            self._left -= interpreter.steps
            interpreter.frame, interpreter.journals, interpreter.steps, interpreter.limit, self.calls.roots = state
            self.calls.replace_active(active)

    # --- modules

    def load(self, path: str) -> Module:
        """Return a file's module, evaluated at its top level.

        Args:
            path: the file.
        """
        if path in self.modules:
            return self.modules[path]
        python = path.endswith(".py")
        module = Module(path, python, Scope({}, function=True))
        self.modules[path] = module
        if path.endswith(".json"):
            module.exports["default"] = _from_json(self.files.read(path))
            return module
        exports = Thing({})
        if not python:
            module.scope.names.update({"module": Thing({"exports": exports}), "exports": exports})

        def run() -> None:
            read = read_python(self.files.read(path)) if python else read_javascript(path, self.files.read(path))
            self.problems.extend(Problem(path, line, "the syntax could not be read here") for line in read.errors[:3])
            self.interpreter.frame = Frame(module)
            self.interpreter.run(read.body, module.scope)

        made = self.interpreter.made
        self._guarded(path, 1, run, ())
        if made is not self.interpreter.made:
            made.extend(self.interpreter.made)
        return module

    def _import(self, node: s.Import, scope: Scope, module: Module) -> None:
        path = self._path_of(node.module, module)
        for name, local in node.names:
            if local:
                scope.names[local] = self._imported(node.module, path, name, local, module)

    def _path_of(self, name: str, module: Module) -> str | None:
        return self.files.resolve_python(module.path, name) if module.python else self.files.resolve(module.path, name)

    def _imported(self, source: str, path: str | None, name: str, local: str, module: Module) -> Value:  # noqa: PLR0911 - one case for each kind
        if module.python:
            inner = self.files.resolve_python(module.path, source + ("" if source.endswith(".") else ".") + name)
            if name == "*package":
                top = self.files.resolve_python(module.path, local)
                return Native("import", {"path": text(top), "name": text("*")}) if top else Native(f"package:{local}")
            if path is None and inner is not None:
                return Native("import", {"path": text(inner), "name": text("*")})
        if path is not None:
            return Native("import", {"path": text(path), "name": text(name)})
        kind = package_export(source, name)
        if kind:
            return make_native(kind, source)
        if name == "*" and source in PACKAGES:
            return Native(f"package:{source}")
        if f"{source}.{name}" in PACKAGES:
            star = package_export(f"{source}.{name}", "*")
            return make_native(star or f"package:{source}.{name}", f"{source}.{name}")
        return hole(local, source.rpartition("/")[2] if name in {"default", "*"} else "")

    def _resolve(self, value: Value) -> Value:
        if isinstance(value, Native) and value.kind == "import":
            path, name = value.data["path"], value.data["name"]
            if isinstance(path, Text) and isinstance(name, Text):
                return self.export(self.load(path.constant or ""), name.constant or "")
        if isinstance(value, Hole) and len(value.names) == 1 and value.names[0] in GLOBALS:
            return make_native(GLOBALS[value.names[0]])
        return value

    def _undeclared(self, name: str, module: Module) -> Value:
        if name in GLOBALS and (name in PYTHON_GLOBALS or not module.python):
            return make_native(GLOBALS[name])
        return hole(name)

    def export(self, module: Module, name: str, seen: tuple[str, ...] = ()) -> Value:
        """Return what a module exports under a name.

        Args:
            module: it.
            name: ``default`` and ``*`` included.
            seen: modules that were asked before, for circles.
        """
        if module.python:
            if name == "*":
                return Namespace(module)
            if name in module.scope.names:
                return self._resolve(module.scope.names[name])
            inner = self.files.resolve_python(module.path, f".{name}") if module.path.endswith("__init__.py") else None
            return Namespace(self.load(inner)) if inner else hole(name)
        if name in module.exports:
            return self._resolve(module.exports[name])
        for source in module.passed_on:
            path = self.files.resolve(module.path, source)
            if path and path not in seen and name not in {"*", "default"}:
                found = self.export(self.load(path), name, (*seen, module.path))
                if not (isinstance(found, Hole) and found.names == (name,)):
                    return found
        return self._common_export(module, name)

    def _common_export(self, module: Module, name: str) -> Value:
        holder = module.scope.names.get("module")
        exports = holder.fields.get("exports") if isinstance(holder, Thing) else None
        if name in {"*", "default"}:
            empty = exports is None or (isinstance(exports, Thing) and not exports.fields)
            if name == "*" and "default" in module.exports and module.path.endswith(".json"):
                return module.exports["default"]
            return Namespace(module) if empty or exports is None else exports
        if isinstance(exports, Thing) and name in exports.fields:
            return self._resolve(exports.fields[name])
        # It is imported before it has been evaluated, in a circle.
        return self._resolve(module.scope.names[name]) if name in module.scope.names else hole(name)

    def _require(self, name: str) -> Value:
        return self._resolve(
            self._imported(
                name, self._path_of(name, self.interpreter.frame.module), "*", name, self.interpreter.frame.module
            )
        )

    # --- requests

    def _send(self, method: str, url: Text, token_names: tuple[str, ...], token: bool, line: int) -> None:  # noqa: FBT001 - one record's fields
        frame = self.interpreter.frame
        call = self.interpreter.site.call if self.interpreter.site.line == line else 0
        stack = (*frame.stack, Site(frame.module.path, line, call))
        self.sent.append(Sent(stack, self.calls.roots, method, url, token_names, token, _names_around(frame)))

    def _unknown_call(self, callee: Hole, arguments: Arguments, line: int) -> None:
        """Tell of a call that is a request by its looks, of a client that is not in the tree.

        Either a function that is called like one that sends is given a whole URL, or something that is called after the
        agent is given a path.
        """
        name = callee.names[0].replace("()", "") if callee.names else ""
        owner, _, last = name.rpartition(".")
        self._unknown_client(last, arguments, line)
        sends = last in VERBS or bool(_words(last) & _SENDING)
        if not last or not (sends or self.is_agent(callee.names[:1])):
            return
        if last == "use" or _words(last) & _NO_REQUESTS or _words(owner) & _NO_CLIENTS:
            return
        values = [*arguments.values, *arguments.keywords.values()]
        options = next((one for one in values if isinstance(one, Thing)), Thing({}))
        if any(isinstance(one, FunctionValue) for one in values) and last in VERBS:
            return
        inside = [one for key, one in options.fields.items() if key not in _BASE_KEYS]
        given = [to_text(one) for one in [*values, *inside] if isinstance(one, Text | Native | Choice)]
        for texts in alternatives(*given):
            self._unknown_request(callee, last, [one for one in texts if isinstance(one, Text)], line)

    def _unknown_client(self, name: str, arguments: Arguments, line: int) -> None:
        """Tell of a client of a library that is not known: given the agent's base, it may ask for anything."""
        if not (name[:1].isupper() or _words(name) & _MAKING):
            return
        for options in (*arguments.values, Thing(dict(arguments.keywords))):
            for key, base in options.fields.items() if isinstance(options, Thing) else ():
                if key in _BASE_KEYS and isinstance(base, Text | Hole):
                    joined = join_texts(base, Hole())
                    if isinstance(joined, Text):
                        self._send("", joined, (), token=False, line=line)

    def _unknown_request(self, callee: Hole, last: str, texts: list[Text], line: int) -> None:
        whole = next((one for one in texts if re.match(r"https?://[^ ]*$", one.start)), None)
        path = next((one for one in texts if re.match(r"/(?!/)[^ ]*$", one.start)), None)
        method = next((one.constant.upper() for one in texts if one.constant and one.constant.upper() in _METHODS), "")
        method = method or VERBS.get(last, "")
        if whole is not None and (_words(last) & _SENDING or last in VERBS):
            self._send(method or ("GET" if _words(last) & {"fetch", "swr"} else ""), whole, (), token=False, line=line)
        elif path is not None and self.is_agent(callee.names[:1]):
            joined = join_texts(hole(*callee.names), path)
            if isinstance(joined, Text):
                self._send(method, joined, (), token=False, line=line)


def _fields_of(instances: list[Value]) -> list[set[str]]:
    return [set(one.fields) for one in instances if isinstance(one, Thing)]


def _words(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


def _names_around(frame: Frame) -> tuple[str, ...]:
    """Return the names of the enclosing functions and classes, and of the file."""
    found: list[str] = []
    at: Frame | None = frame
    while at is not None and at.function is not None:
        found.append(at.function.node.name)
        if at.function.home:
            found.append(at.function.home.node.name)
        elif isinstance(at.function.this, Thing) and at.function.this.type:
            found.append(at.function.this.type.node.name)
        at = at.function.frame
    file = frame.module.path.rpartition("/")[2].partition(".")[0]
    if file in {"index", "mod", "client", "main", "__init__", "api", "service"}:
        file = frame.module.path.rpartition("/")[0].rpartition("/")[2]
    return tuple(name for name in (*found, file) if name)


def _from_json(content: bytes) -> Value:
    try:
        return _value_of(json.loads(content))
    except (ValueError, RecursionError):
        return Hole()


def _value_of(data: object) -> Value:
    match data:
        case dict():
            return Thing({str(key): named(_value_of(one), str(key)) for key, one in data.items()})
        case list():
            return Items([_value_of(one) for one in data])
        case bool() | None:
            return Plain(data)
        case _:
            return text(data)
