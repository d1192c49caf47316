"""What Node brings that decides which modules are loaded: paths, directory listings, URLs of files, servers."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable
from posixpath import basename, dirname, join, normpath, relpath, splitext

from dtma_contract.discovery.express.emitters import emitter_class
from dtma_contract.discovery.express.express_api import METHODS
from dtma_contract.discovery.express.machine import Machine
from dtma_contract.discovery.express.needed_files import NeededFile, ends_process, naming_variable
from dtma_contract.discovery.express.operators import as_text
from dtma_contract.discovery.express.syntax import Node
from dtma_contract.discovery.express.unknown_calls import call_unknown
from dtma_contract.discovery.express.values import (
    NULL,
    UNDEFINED,
    ArrayValue,
    DefaultText,
    FunctionValue,
    Hole,
    NativeFunction,
    Nothing,
    ObjectValue,
    Opaque,
    PromiseValue,
    Text,
    Value,
    truth,
)
from dtma_contract.discovery.file_tree import FileTree, clean_path, walk

__all__ = ["NodeApi", "url_class"]

_MAX_TEXT = 512 * 1024
_MAX_LISTED = 5_000


class NodeApi:
    """Node's own modules, over a tree of files whose root is the root of the file system.

    Args:
        machine: the evaluation.
        tree: the files.
        working_folder: the folder that the process is started in.
        script: the file that it is started with.
        is_compiled: whether the source is compiled before it runs, so that listings show names that end in .js.
    """

    def __init__(
        self, machine: Machine, tree: FileTree, working_folder: str, script: str, *, is_compiled: bool
    ) -> None:
        self._machine = machine
        self._tree = tree
        self._working = f"/{working_folder}"
        self._script = Text((Hole("process.argv[1]", f"/{script}"),))
        self._is_compiled = is_compiled
        self._made: dict[str, Value] = {}

    def module(self, name: str) -> Value:
        """Return what importing one of Node's modules gives."""
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def process(self) -> ObjectValue:
        """Return the global ``process``."""
        known = self._made.get("process")
        if isinstance(known, ObjectValue):
            return known
        made = ObjectValue({"cwd": _native("process.cwd", lambda arguments: self._working)})
        environment = ObjectValue(tag="process.env")
        environment.is_open = True
        made.props |= {
            "env": environment,
            "nextTick": NativeFunction("process.nextTick", self._next_tick),
            "exit": NativeFunction("process.exit", self._exit),
        }
        for name in ("on", "once", "emit", "off", "removeListener"):
            made.props[name] = _native(f"process.{name}", lambda arguments: made)
        made.props["argv"] = Opaque("process.argv", known=(("1", self._script),))
        made.is_open = True
        made.tag = "process"
        self._made["process"] = made
        return made

    def _exit(self, _this: Value, _arguments: list[Value], node: Node) -> Value:
        self._machine.end.exits(node)
        return UNDEFINED

    def folder_names(self, path: Value, *, node: Node) -> Value:
        """Return what a directory listing gives."""
        place = self._place(path)
        if place is None:
            return ArrayValue(is_open=True)
        if not self._tree.is_folder(place):
            return ArrayValue(is_open=True)
        names = [self._runtime_name(name) for name in self._tree.names(place) if self._runtime_name(name)]
        return ArrayValue(names, is_open=isinstance(as_text(path), DefaultText))

    def _runtime_name(self, name: str) -> str:
        if not self._is_compiled:
            return name
        if name.endswith((".d.ts", ".d.mts")):
            return ""
        stem, ending = splitext(name)
        return stem + {".ts": ".js", ".tsx": ".js", ".mts": ".mjs", ".cts": ".cjs"}.get(ending, ending)

    def _make(self, name: str) -> Value:
        makers: dict[str, Callable[[], Value]] = {
            "path": self._path,
            "path/posix": self._path,
            "fs": self._fs,
            "fs/promises": self._fs_promises,
            "url": self._url,
            "util": self._util,
            "process": self.process,
            "http": lambda: self._server("http"),
            "https": lambda: self._server("https"),
            "glob": self._glob,
            "fast-glob": self._glob,
            "globby": self._glob,
            "tiny-glob": self._glob,
            "events": lambda: emitter_class(self._machine),
            "eventemitter3": lambda: emitter_class(self._machine),
            "methods": lambda: ArrayValue(list(METHODS)),
        }
        return makers[name]() if name in makers else Opaque(name, package=name)

    @staticmethod
    def has(name: str) -> bool:
        """Return whether a package is known here although it is none of Node's."""
        return name in {"glob", "fast-glob", "globby", "tiny-glob", "methods", "eventemitter3"}

    def _next_tick(self, this: Value, arguments: list[Value], node: Node) -> Value:
        if arguments and isinstance(arguments[0], FunctionValue):
            self._machine.callbacks.remember(arguments[0], node)
        return UNDEFINED

    def _server(self, name: str) -> Value:
        made = ObjectValue({"METHODS": ArrayValue([method.upper() for method in METHODS])}, tag=name)

        def create(this: Value, arguments: list[Value], node: Node) -> Value:
            return call_unknown(self._machine, Opaque(f"{name}.createServer", package=name), UNDEFINED, arguments, node)

        made.props["createServer"] = NativeFunction("createServer", create)
        made.props["Server"] = NativeFunction("Server", create)
        made.is_open = True
        return made

    # -- path

    def _path(self) -> Value:
        made = ObjectValue({"sep": "/", "delimiter": ":"})
        made.props |= {
            "join": _native("path.join", lambda a: self._joined(a, absolute=False)),
            "resolve": _native("path.resolve", lambda a: self._joined(a, absolute=True)),
            "normalize": _native("path.normalize", lambda a: _text(a, normpath)),
            "dirname": _native("path.dirname", lambda a: _text(a, dirname)),
            "basename": _native("path.basename", _basename),
            "extname": _native("path.extname", lambda a: _text(a, lambda path: splitext(path)[1])),
            "relative": _native("path.relative", _relative),
            "isAbsolute": _native("path.isAbsolute", lambda a: _text(a, lambda path: path.startswith("/"))),
            "parse": _native("path.parse", _parsed),
        }
        made.props["posix"] = made.props["default"] = made
        return made

    def _joined(self, arguments: list[Value], *, absolute: bool) -> Value:
        pieces = [as_text(argument) for argument in arguments]
        if all(isinstance(piece, str) for piece in pieces):
            joined = join(self._working, *pieces) if absolute else "/".join(piece for piece in pieces if piece)
            place = normpath(joined or ".")
            return DefaultText(place) if any(isinstance(piece, DefaultText) for piece in pieces) else place
        mixed: list[Value] = []
        for position, piece in enumerate(pieces):
            mixed += (["/"] if position else []) + [piece if isinstance(piece, str | Text) else as_text(Opaque("?"))]
        return Text.joined(mixed)

    def _place(self, path: Value) -> str | None:
        path = as_text(path)
        if not isinstance(path, str):
            return None
        path = path.removeprefix("file://")
        return clean_path(path if path.startswith("/") else join(self._working, path))

    # -- fs

    def _fs(self) -> Value:
        made = ObjectValue(tag="fs")
        made.is_open = True
        made.props |= {
            "readdirSync": NativeFunction("fs.readdirSync", self._readdir),
            "existsSync": NativeFunction("fs.existsSync", self._exists),
            "statSync": NativeFunction("fs.statSync", self._stat),
            "lstatSync": NativeFunction("fs.lstatSync", self._stat),
            "realpathSync": _native("fs.realpathSync", lambda a: as_text(a[0]) if a else UNDEFINED),
            "readFileSync": NativeFunction("fs.readFileSync", self._read),
            "readdir": NativeFunction("fs.readdir", self._readdir_calling_back),
            "promises": self.module("fs/promises"),
        }
        made.props["default"] = made
        return made

    def _fs_promises(self) -> Value:
        made = ObjectValue(tag="fs")
        made.is_open = True

        def promised(call: Callable[[Value, list[Value], Node], Value]) -> NativeFunction:
            return NativeFunction(
                "fs.promises", lambda this, arguments, node: PromiseValue(call(this, arguments, node))
            )

        made.props |= {
            "readdir": promised(self._readdir),
            "readFile": promised(self._read),
            "stat": promised(self._stat),
            "lstat": promised(self._stat),
        }
        made.props["default"] = made
        return made

    def _readdir(self, this: Value, arguments: list[Value], node: Node) -> Value:
        place = self._place(arguments[0]) if arguments else None
        listed = self.folder_names(arguments[0] if arguments else UNDEFINED, node=node)
        options = arguments[1] if len(arguments) > 1 else UNDEFINED
        assert isinstance(listed, ArrayValue)
        if (
            isinstance(options, ObjectValue)
            and truth(options.props.get("recursive", False)) is True
            and place is not None
        ):
            names: list[Value] = [self._runtime_name(path[len(place) :].lstrip("/")) for path in self._walk(place)]
            listed = ArrayValue(names, is_open=listed.is_open)
        if (
            isinstance(options, ObjectValue)
            and truth(options.props.get("withFileTypes", False)) is True
            and place is not None
        ):
            return ArrayValue([self._entry(place, str(name)) for name in listed.items], is_open=listed.is_open)
        return listed

    def _walk(self, place: str) -> list[str]:
        found: list[str] = []
        for path in walk(self._tree, place, frozenset({"node_modules", ".git"})):
            found.append(path)
            if len(found) >= _MAX_LISTED:
                break
        return found

    def _readdir_calling_back(self, this: Value, arguments: list[Value], node: Node) -> Value:
        listed = self._readdir(this, arguments, node)
        if arguments:
            self._machine.call(arguments[-1], UNDEFINED, [NULL, listed], node)
        return UNDEFINED

    def _entry(self, folder: str, name: str) -> Value:
        made = self._status(join(folder, name))
        made.props |= {"name": name, "path": f"/{folder}", "parentPath": f"/{folder}"}
        return made

    def _status(self, place: str) -> ObjectValue:
        # The compiled name stands for its source.
        is_folder = self._tree.is_folder(place)
        return ObjectValue(
            {
                "isDirectory": _native("isDirectory", lambda arguments: is_folder),
                "isFile": _native("isFile", lambda arguments: not is_folder),
                "isSymbolicLink": _native("isSymbolicLink", lambda arguments: False),
            }
        )

    def _exists(self, this: Value, arguments: list[Value], node: Node) -> Value:
        place = self._place(arguments[0]) if arguments else None
        if place is None:
            return Opaque("whether a file exists")
        if self._tree.is_folder(place) or any(self._tree.is_file(candidate) for candidate in self._sources(place)):
            return True
        # Only of code is it sure what is there at run time.
        return False if place.endswith((".js", ".ts", ".mjs", ".cjs")) else Opaque("whether a file exists")

    def _sources(self, place: str) -> list[str]:
        stem, ending = splitext(place)
        return [place, *([f"{stem}.ts", f"{stem}.tsx"] if ending == ".js" and self._is_compiled else [])]

    def _stat(self, this: Value, arguments: list[Value], node: Node) -> Value:
        place = self._place(arguments[0]) if arguments else None
        return self._status(place) if place is not None else Opaque("a file's status")

    def _read(self, this: Value, arguments: list[Value], node: Node) -> Value:
        place = self._place(arguments[0]) if arguments else None
        handler = self._machine.handlers[-1] if self._machine.handlers else None
        if place and handler is not None and ends_process(handler) and not self._machine.conditions:
            needed = NeededFile(place, naming_variable(arguments[0]), self._machine.location(node))
            self._machine.needed.setdefault(place, needed)
        content = self._tree.read(place) if place and place.endswith((".json", ".yaml", ".yml", ".txt")) else None
        if content is None or len(content) > _MAX_TEXT:
            return Opaque("the content of a file")
        return content.decode("utf-8", "replace")

    # -- others

    def _url(self) -> Value:
        made = ObjectValue(tag="url")
        made.is_open = True
        made.props |= {
            "fileURLToPath": _native("fileURLToPath", _file_path),
            "pathToFileURL": _native("pathToFileURL", lambda a: _file_url(as_text(a[0])) if a else UNDEFINED),
            "URL": url_class(),
        }
        return made

    def _util(self) -> Value:
        made = ObjectValue(tag="util")
        made.is_open = True
        made.props |= {
            "promisify": NativeFunction("util.promisify", self._promisified),
            "inherits": NativeFunction("util.inherits", self._inherits),
            "deprecate": _native("util.deprecate", lambda arguments: arguments[0] if arguments else UNDEFINED),
        }
        return made

    def _promisified(self, this: Value, arguments: list[Value], node: Node) -> Value:
        wrapped = arguments[0] if arguments else UNDEFINED
        if isinstance(wrapped, NativeFunction) and wrapped.name == "fs.readdir":
            return NativeFunction("readdir", lambda _, given, call: PromiseValue(self._readdir(_, given, call)))
        return wrapped

    def _inherits(self, this: Value, arguments: list[Value], node: Node) -> Value:
        self._machine.call(self._machine.helpers["__extends"], UNDEFINED, arguments, node)
        return UNDEFINED

    def _glob(self) -> Value:
        def sync(this: Value, arguments: list[Value], node: Node) -> Value:
            return self._globbed(arguments)

        def promised(this: Value, arguments: list[Value], node: Node) -> Value:
            return PromiseValue(self._globbed(arguments))

        made = NativeFunction("glob", promised)
        made.props |= {
            "sync": NativeFunction("glob.sync", sync),
            "globSync": NativeFunction("glob.sync", sync),
            "globbySync": NativeFunction("glob.sync", sync),
            "glob": NativeFunction("glob", promised),
            "globby": NativeFunction("glob", promised),
            "default": made,
        }
        return made

    def _globbed(self, arguments: list[Value]) -> Value:
        patterns = arguments[0].items if arguments and isinstance(arguments[0], ArrayValue) else arguments[:1]
        options = arguments[1] if len(arguments) > 1 else UNDEFINED
        cwd = options.props.get("cwd", self._working) if isinstance(options, ObjectValue) else self._working
        base = self._place(cwd)
        found: list[str] = []
        for pattern in map(as_text, patterns):
            if not isinstance(pattern, str) or base is None:
                return ArrayValue(is_open=True)
            if pattern.startswith("!"):
                continue
            absolute = pattern.startswith("/")
            whole = clean_path(pattern if absolute else join(base, pattern))
            if whole is None:
                return ArrayValue(is_open=True)
            wanted = _glob_expression(whole)
            fixed = whole.split("*")[0].split("{")[0].rpartition("/")[0]
            for path in self._walk(fixed):
                shown = join(dirname(path), self._runtime_name(basename(path)) or "?")
                if wanted.fullmatch(shown) or wanted.fullmatch(path):
                    found.append(f"/{shown}" if absolute else shown[len(base) :].lstrip("/"))
        return ArrayValue(list(dict.fromkeys(found)))


def _glob_expression(pattern: str) -> re.Pattern[str]:
    pieces = []
    for part in re.split(r"(\*\*/|\*\*|\*|\{[^{}]*\}|\[[^\]]*\]|\?|[@+!?]\([^)]*\))", pattern):
        if part == "**/":
            pieces.append("(?:.*/)?")
        elif part == "**":
            pieces.append(".*")
        elif part == "*":
            pieces.append("[^/]*")
        elif part == "?":
            pieces.append("[^/]")
        elif part.startswith("{"):
            pieces.append("(?:" + "|".join(map(re.escape, part[1:-1].split(","))) + ")")
        elif part[:2] in {"@(", "+("}:
            pieces.append("(?:" + "|".join(map(re.escape, part[2:-1].split("|"))) + ")")
        elif part.startswith("["):
            pieces.append(fnmatch.translate(part)[4:-3])
        else:
            pieces.append(re.escape(part))
    return re.compile("".join(pieces))


def url_class() -> NativeFunction:
    """Return the class ``URL``, as far as it names files."""

    def make(this: Value, arguments: list[Value], node: Node) -> Value:
        first = as_text(arguments[0]) if arguments else UNDEFINED
        base = arguments[1] if len(arguments) > 1 else UNDEFINED
        base = base.props.get("href", UNDEFINED) if isinstance(base, ObjectValue) else base
        if isinstance(first, str) and first.startswith("file://"):
            base = first
        if isinstance(first, str) and isinstance(base, str) and base.startswith("file://"):
            return _file_url(normpath(join(dirname(base.removeprefix("file://")), first.removeprefix("file://"))))
        made = ObjectValue(tag="a URL")
        made.is_open = True
        return made

    return NativeFunction("URL", make)


def _file_url(path: Value) -> ObjectValue:
    href = Text.joined(["file://", path])
    return ObjectValue(
        {"href": href, "pathname": path, "protocol": "file:", "toString": _native("toString", lambda arguments: href)},
        tag="file URL",
    )


def _native(name: str, call: Callable[[list[Value]], Value]) -> NativeFunction:
    return NativeFunction(name, lambda this, arguments, node: call(arguments))


def _text(arguments: list[Value], change: Callable[[str], Value]) -> Value:
    text = as_text(arguments[0]) if arguments else UNDEFINED
    return change(text) if isinstance(text, str) else Opaque("a path")


def _basename(arguments: list[Value]) -> Value:
    ending = as_text(arguments[1]) if len(arguments) > 1 else ""
    if isinstance(ending, Nothing) or not isinstance(ending, str):
        return Opaque("a name")
    return _text(
        arguments,
        lambda path: basename(path.rstrip("/")).removesuffix(ending) if ending else basename(path.rstrip("/")),
    )


def _relative(arguments: list[Value]) -> Value:
    paths = [as_text(argument) for argument in arguments[:2]]
    if len(paths) > 1 and all(isinstance(path, str) and path for path in paths):
        return relpath(paths[1], paths[0])
    return Opaque("a path")


def _parsed(arguments: list[Value]) -> Value:
    def parts(path: str) -> Value:
        stem, ending = splitext(basename(path))
        return ObjectValue({"dir": dirname(path), "base": basename(path), "name": stem, "ext": ending, "root": "/"})

    return _text(arguments, parts)


def _file_path(arguments: list[Value]) -> Value:
    value = arguments[0] if arguments else UNDEFINED
    if isinstance(value, ObjectValue):
        value = value.props.get("href", UNDEFINED)
    return value.removeprefix("file://") if isinstance(value, str) else Opaque("a path")
