"""From the command that a container runs to the file that node runs; all that is asked is the tree of files.

Followed are ``ENTRYPOINT`` with ``CMD``, the shell form, start scripts, the entry point script of Node's own images,
wrappers such as ``tini --``, package managers with the scripts of package.json, process managers, and node with its
options.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from posixpath import basename, join, splitext
from typing import Any

from dtma_contract.discovery.container_image.command_lines import (
    INTERPRETERS,
    PACKAGE_RUNNERS,
    SHELLS,
    script_of_interpreter,
    script_of_package,
    unwrapped,
)
from dtma_contract.discovery.container_image.configuration import ImageConfig
from dtma_contract.discovery.container_image.shell_words import commands_of
from dtma_contract.discovery.file_tree import FileTree, clean_path, walk

__all__ = ["EntryPoint", "EntryProblem", "find_entry", "folder_of_package", "package_document"]

_ENDINGS = (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".tsx", ".jsx", ".json")
_CODE = frozenset(_ENDINGS) - {".json"}

# Where a command without a slash is looked for, as the images of Node and of Debian set PATH.
_PATH = ("usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin", "sbin", "bin")
_RUNTIMES = ("node", "nodejs", "bun", "deno")
_RUNTIME_FOLDERS = (
    *_PATH,
    "nodejs/bin",
    "opt/bitnami/node/bin",
    "opt/node/bin",
    "usr/local/node/bin",
    "opt/nodejs/bin",
)

# A script that starts a script that starts a script: nobody goes deeper.
_MAX_STEPS = 12

_NODE_SHEBANG = re.compile(rb"#!.*\b(?:node|nodejs|bun|deno|tsx|ts-node)\b")
_SHELL_SHEBANG = re.compile(rb"#!.*\b(?:sh|bash|ash|dash|zsh)\b")
_REQUIRED = re.compile(r"""(?:require|import)\s*\(\s*["']([^"']+)["']\s*\)|import\s+["']([^"']+)["']""")
# The configuration of pm2 is a program; its script is nearly always a plain string in it.
_PM2_SCRIPT = re.compile(r"""["']?\bscript["']?\s*:\s*["']([^"']+)["']""")
_PM2_FOLDER = re.compile(r"""["']?\bcwd["']?\s*:\s*["']([^"']+)["']""")

# What starts a framework's server; the value is the file that it loads.
_FRAMEWORKS = {"nest": ("start", "dist/main")}

_UNSEEN = frozenset({"node_modules"})


class EntryProblem(Exception):  # noqa: N818 - a reason that is carried, not an error of ours
    """Why no file could be found; its text is one sentence."""


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """The program that is started.

    Attributes:
        file: path of the file that node loads first.
        folder: of its package: the nearest one above with a package.json, else the file's own.
        working_dir: folder that it is started in.
        steps: how it was found, from the image's command to the file.
    """

    file: str
    folder: str
    working_dir: str
    steps: tuple[str, ...]


def find_entry(tree: FileTree, config: ImageConfig) -> EntryPoint:
    """Return the program that a container of this image starts.

    Args:
        tree: files from the image's root.
        config: how a container is started.

    Raises:
        EntryProblem: there is none, or it could not be told.
    """
    if not config.command:
        raise EntryProblem(_without_code(tree, config) or "The image starts nothing: it has no ENTRYPOINT and no CMD.")
    search = _Search(tree)
    shown = " ".join(config.command)
    try:
        return search.follow(list(config.command), config.working_dir, (f"the image starts `{shown[:300]}`",))
    except EntryProblem as problem:
        raise EntryProblem(_without_code(tree, config) or str(problem)) from None


def folder_of_package(tree: FileTree, file: str) -> str:
    """Return the nearest folder above a file that has a package.json, else the file's own."""
    own = folder = file.rpartition("/")[0]
    while True:
        if tree.is_file(join(folder, "package.json")) and "name" in (package_document(tree, folder) or {}):
            return folder
        if not folder:
            break
        folder = folder.rpartition("/")[0]
    # A description without a name, such as {"type": "module"} beside compiled code, is better than none.
    while own and not tree.is_file(join(own, "package.json")):
        own = own.rpartition("/")[0]
    return own if tree.is_file(join(own, "package.json")) else file.rpartition("/")[0]


def package_document(tree: FileTree, folder: str) -> dict[str, Any] | None:
    """Return the package.json of a folder, or None where there is none that can be read."""
    content = tree.read(join(folder, "package.json"))
    try:
        data = json.loads(content) if content is not None else None
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _without_code(tree: FileTree, config: ImageConfig) -> str:
    """Return why there can be no entry point at all; empty where there can be one."""
    start = " ".join(config.command)
    starts = f" It starts `{start[:300]}`." if start else ""
    if not any(splitext(path)[1] in _CODE for path in walk(tree, "", _UNSEEN)):
        has_node = any(tree.is_file(f"{folder}/{name}") for folder in _RUNTIME_FOLDERS for name in _RUNTIMES)
        node = "" if has_node else " and no node"
        return f"The image holds no JavaScript{node}, so it is no Express service.{starts}"
    return ""


class _Search:
    def __init__(self, tree: FileTree) -> None:
        self._tree = tree

    def follow(self, words: list[str], folder: str, steps: tuple[str, ...]) -> EntryPoint:
        """Return the entry point that a command in a folder leads to."""
        if len(steps) > _MAX_STEPS:
            raise EntryProblem(f"The start command goes in circles: {'; '.join(steps[:4])} …")
        while words and words[0] == "--":
            words = words[1:]
        if not words:
            raise EntryProblem(f"No program follows: {'; '.join(steps)}.")
        name = basename(words[0])
        if name in SHELLS:
            return self._shell(words, folder, steps)
        if name == "docker-entrypoint.sh" and self._is_node_entrypoint(words[0], folder):
            return self._node_entrypoint(words[1:], folder, steps)
        if (inner := unwrapped(words)) is not None:
            return self.follow(inner, folder, steps)
        return self._runner(name, words, folder, steps)

    def _runner(self, name: str, words: list[str], folder: str, steps: tuple[str, ...]) -> EntryPoint:
        if name in PACKAGE_RUNNERS and not (name == "bun" and self._bun_runs_file(words, folder)):
            return self._package(words, folder, steps)
        if name in INTERPRETERS:
            return self._interpreter(words, folder, steps)
        if name in _FRAMEWORKS and words[1:2] == [_FRAMEWORKS[name][0]]:
            return self._entry(_FRAMEWORKS[name][1], folder, (*steps, f"`{name} {words[1]}`"))
        return self._program(words, folder, steps)

    def _shell(self, words: list[str], folder: str, steps: tuple[str, ...]) -> EntryPoint:
        rest = words[1:]
        while rest and rest[0].startswith("-"):
            option = rest.pop(0)
            if "c" in option.lstrip("-") and not option.startswith("--") and rest:
                return self._script(rest[0], folder, steps, rest[2:])
        if not rest:
            raise EntryProblem(f"An interactive shell is started, and no program: {'; '.join(steps)}.")
        path = self._found(rest[0], folder)
        text = self._tree.read(path) if path is not None else None
        if text is None:
            raise EntryProblem(f"The start script {rest[0]!r} is not in the image, or could not be read.")
        return self._script(text.decode("utf-8", "replace"), folder, (*steps, f"script /{path}"), rest[1:])

    def _script(self, text: str, folder: str, steps: tuple[str, ...], arguments: Sequence[str] = ()) -> EntryPoint:
        """Return the entry point of the last command that leads to one: what comes before it prepares."""
        places: list[tuple[list[str], str]] = []
        for command in commands_of(text, arguments):
            if command[0] == "cd" and len(command) > 1:
                folder = _moved(folder, command[1])
            else:
                places.append((command, folder))
        problem = EntryProblem(f"The start script is empty: {'; '.join(steps)}.")
        for number, (command, place) in enumerate(reversed(places)):
            try:
                return self.follow(command, place, (*steps, f"`{' '.join(command)[:300]}`"))
            except EntryProblem as found:
                # The last command is the service; what the others lack is of no interest.
                problem = found if number == 0 else problem
        raise problem

    def _is_node_entrypoint(self, word: str, folder: str) -> bool:
        path = self._found(word, folder)
        content = self._tree.read(path) if path is not None else None
        return content is None or b"set -- node" in content

    def _node_entrypoint(self, words: list[str], folder: str, steps: tuple[str, ...]) -> EntryPoint:
        """Do what the script of Node's images does: what is no command is node's argument."""
        known = bool(words) and (
            basename(words[0]) in INTERPRETERS.keys() | PACKAGE_RUNNERS | SHELLS or unwrapped(words) is not None
        )
        if words and not known and (words[0].startswith("-") or self._command(words[0], folder) is None):
            words = ["node", *words]
        return self.follow(words, folder, (*steps, "the entry point script of Node's images"))

    def _bun_runs_file(self, words: list[str], folder: str) -> bool:
        script, _ = script_of_interpreter(words)
        return bool(script) and self._file(script, folder) is not None

    def _package(self, words: list[str], folder: str, steps: tuple[str, ...]) -> EntryPoint:
        named, workspace, script, arguments = script_of_package(words)
        place = _moved(folder, named) if named else folder
        if workspace:
            place = self._workspace(workspace, place)
        if not script:
            if arguments:
                return self.follow(arguments, place, steps)
            raise EntryProblem(f"`{' '.join(words)}` runs no script.")
        package = self._package_above(place)
        document = package_document(self._tree, package) if package is not None else None
        if package is None or document is None:
            raise EntryProblem(
                f"`{' '.join(words)}` needs a package.json, and there is none that can be read in /{place}."
            )
        scripts = document.get("scripts")
        text = scripts.get(script) if isinstance(scripts, dict) else None
        if isinstance(text, str):
            said = f"scripts.{script} of /{join(package, 'package.json')}: `{text[:300]}`"
            # What else is given is put behind the script's last command.
            return self._script(" ".join([text, *arguments]), package, (*steps, said))
        if script == "start" and self._tree.is_file(join(package, "server.js")):
            return self._entry("server.js", package, (*steps, "server.js, because there is no script `start`"))
        if basename(words[0]) != "npm" and script in INTERPRETERS:
            return self.follow([script, *arguments], package, steps)
        if basename(words[0]) != "npm" and (tool := self._installed(script, package)) is not None:
            return self.follow([f"/{tool}", *arguments], package, steps)
        raise EntryProblem(
            f"`{' '.join(words)}` needs the script {script!r}, which /{package}/package.json does not have."
        )

    def _interpreter(self, words: list[str], folder: str, steps: tuple[str, ...]) -> EntryPoint:
        if "--run" in words[:-1] and basename(words[0]) == "node":
            return self._package(["npm", "run", words[words.index("--run") + 1]], folder, steps)
        script, code = script_of_interpreter(words)
        if code:
            loaded = _REQUIRED.search(code)
            if loaded is None:
                raise EntryProblem("The program is given on the command line (`node -e`), and loads no file by name.")
            script = loaded[1] or loaded[2]
        if not script:
            raise EntryProblem(f"`{' '.join(words)[:300]}` names no file.")
        if "$" in script:
            raise EntryProblem(f"Which file is started depends on the environment: `{' '.join(words)[:300]}`.")
        if basename(words[0]).startswith("pm2") and script in PACKAGE_RUNNERS:
            behind = [word for word in words[words.index(script) + 1 :] if word != "--"]
            return self.follow([script, *behind], folder, steps)
        if basename(words[0]).startswith("pm2") and (configured := self._pm2(script, folder)) is not None:
            inner, place = configured
            return self._entry(inner, place, (*steps, f"script of {script}"))
        return self._entry(script, folder, steps)

    def _pm2(self, script: str, folder: str) -> tuple[str, str] | None:
        """Return the script of a process manager's configuration file and its folder, or None where it is none."""
        if not re.search(r"(?:\.config\.[cm]?js|\.json)$", script):
            return None
        path = self._found(script, folder)
        content = self._tree.read(path) if path is not None else None
        named = _PM2_SCRIPT.search(content.decode("utf-8", "replace")) if content is not None else None
        if named is None or content is None:
            raise EntryProblem(f"The configuration {script!r} names no script, or could not be read.")
        place = _PM2_FOLDER.search(content.decode("utf-8", "replace"))
        return named[1], _moved(folder, place[1]) if place else folder

    def _program(self, words: list[str], folder: str, steps: tuple[str, ...]) -> EntryPoint:
        command = words[0]
        if "$" in command:
            raise EntryProblem(f"Which program is started depends on the environment: `{' '.join(words)[:300]}`.")
        path = self._command(command, folder) or self._file(command, folder)
        if path is None:
            raise EntryProblem(f"The program {command!r} is not in the image, or is none that could be looked into.")
        content = self._tree.read(path) or b""
        if splitext(path)[1] in _CODE or _NODE_SHEBANG.match(content.split(b"\n")[0]):
            return self._entry(f"/{path}", folder, steps)
        if _SHELL_SHEBANG.match(content.split(b"\n")[0]) or path.endswith(".sh"):
            return self._script(content.decode("utf-8", "replace"), folder, (*steps, f"script /{path}"), words[1:])
        raise EntryProblem(f"The program {command!r} is no JavaScript and no script: what it serves cannot be read.")

    def _entry(self, script: str, folder: str, steps: tuple[str, ...]) -> EntryPoint:
        file = self._file(script, folder)
        if file is None:
            raise EntryProblem(f"The file that is started, {script!r} in /{folder}, is not in the image.")
        return EntryPoint(file, folder_of_package(self._tree, file), folder, (*steps, f"/{file}"))

    def _command(self, word: str, folder: str) -> str | None:
        """Return where a command lies, or None."""
        if "/" in word:
            return self._found(word, folder)
        places = [join(place, word) for place in _PATH]
        found = next((place for place in places if self._tree.is_file(place)), None)
        return found or self._installed(word, folder)

    def _installed(self, word: str, folder: str) -> str | None:
        """Return the command of a dependency, as package managers put it on the PATH."""
        return next(
            (path for place in _upwards(folder) if self._tree.is_file(path := join(place, "node_modules/.bin", word))),
            None,
        )

    def _found(self, word: str, folder: str) -> str | None:
        path = _moved(folder, word)
        if self._tree.is_file(path):
            return path
        if "/" in word:
            return None
        return next((place for each in _PATH if self._tree.is_file(place := join(each, word))), None)

    def _file(self, word: str, folder: str) -> str | None:
        """Return the file that node loads for an argument: itself, with an ending, or the main file of a folder."""
        path = _moved(folder, word)
        if self._tree.is_file(path):
            return path
        if path and (found := next((path + end for end in _ENDINGS if self._tree.is_file(path + end)), None)):
            return found
        if not self._tree.is_folder(path):
            return None
        main = (package_document(self._tree, path) or {}).get("main")
        inner = clean_path(join(path, main)) if isinstance(main, str) else None
        for start in [inner] if inner and inner != path else []:
            for candidate in (
                start,
                *(start + end for end in _ENDINGS),
                *(join(start, f"index{end}") for end in _ENDINGS),
            ):
                if self._tree.is_file(candidate):
                    return candidate
        return next((file for end in _ENDINGS if self._tree.is_file(file := join(path, f"index{end}"))), None)

    def _package_above(self, folder: str) -> str | None:
        return next((place for place in _upwards(folder) if self._tree.is_file(join(place, "package.json"))), None)

    def _workspace(self, name: str, folder: str) -> str:
        """Return the folder of a workspace, which is named by its folder or by its package's name."""
        if self._tree.is_file(join(_moved(folder, name), "package.json")):
            return _moved(folder, name)
        for path in walk(self._tree, folder, _UNSEEN):
            if basename(path) == "package.json":
                place = path.rpartition("/")[0]
                if (package_document(self._tree, place) or {}).get("name") == name:
                    return place
        raise EntryProblem(f"The workspace {name!r} is not in /{folder}.")


def _upwards(folder: str) -> Iterator[str]:
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]
    yield ""


def _moved(folder: str, path: str) -> str:
    """Return a path as it is meant inside a folder; no path leads out of the image."""
    joined = path if path.startswith("/") else f"/{folder}/{path}"
    parts: list[str] = []
    for part in joined.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)
