"""The command lines of programs that start other programs: what is left once the wrapper is taken off. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from posixpath import basename

__all__ = ["INTERPRETERS", "PACKAGE_RUNNERS", "SHELLS", "script_of_interpreter", "script_of_package", "unwrapped"]

SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh"})

# Programs that run a JavaScript or TypeScript file, with their options that take a word of their own.
_NODE = frozenset({
    "-r", "--require", "--import", "--loader", "--experimental-loader", "-C", "--conditions", "--env-file", "--title",
    "--icu-data-dir", "--input-type", "--watch-path", "--openssl-config", "--env-file-if-exists", "--disable-warning",
})  # fmt: skip
_TS_NODE = _NODE | {"-P", "--project", "-O", "--compiler-options", "-C", "--compiler", "--cwd", "--tsconfig"}
INTERPRETERS: Mapping[str, frozenset[str]] = {
    "node": _NODE,
    "nodejs": _NODE,
    "bun": frozenset({"-r", "--preload", "--cwd", "-c", "--config", "--env-file"}),
    "deno": frozenset({"-c", "--config", "--import-map", "--env-file"}),
    "tsx": _TS_NODE,
    "ts-node": _TS_NODE,
    "ts-node-esm": _TS_NODE,
    "ts-node-dev": _TS_NODE,
    "tsnd": _TS_NODE,
    "swc-node": _NODE,
    "babel-node": _NODE | {"--extensions", "-x"},
    "esr": _NODE,
    "nodemon": frozenset({"-w", "--watch", "-e", "--ext", "-i", "--ignore", "-d", "--delay", "--config", "--signal"}),
    "pm2": frozenset({"-i", "--instances", "-n", "--name", "--env", "--node-args", "--max-memory-restart", "--only"}),
    "pm2-runtime": frozenset(
        {"-i", "--instances", "-n", "--name", "--env", "--node-args", "--only", "--max-memory-restart"}
    ),
    "pm2-docker": frozenset({"-i", "--instances", "-n", "--name", "--env", "--node-args", "--only"}),
    "forever": frozenset({"-a", "-l", "-o", "-e", "--uid", "--minUptime", "--spinSleepTime", "-m", "--pidFile"}),
    "c8": frozenset(),
    "0x": frozenset(),
}
# The first word that these take is an order, not a file.
_ORDERS = {
    "bun": {"run", "start"},
    "deno": {"run", "serve"},
    "pm2": {"start"},
    "pm2-runtime": {"start"},
    "pm2-docker": {"start"},
    "tsx": {"watch"},
    "forever": {"start"},
}

PACKAGE_RUNNERS = frozenset({"npm", "yarn", "pnpm", "bun"})
_FOLDER_OPTIONS = frozenset({"--prefix", "-C", "--cwd", "--dir"})
_WORKSPACE_OPTIONS = frozenset({"-w", "--workspace", "-F", "--filter"})
_PACKAGE_OPTIONS = frozenset({"--loglevel", "--registry", "--userconfig", "--cache", "--scripts-prepend-node-path"})

# Wrappers, with their options that take a word of their own.
_WRAPPERS: Mapping[str, frozenset[str]] = {
    "dumb-init": frozenset({"-r", "--rewrite"}),
    "tini": frozenset({"-p", "-e"}),
    "tini-static": frozenset({"-p", "-e"}),
    "docker-init": frozenset({"-p", "-e"}),
    "catatonit": frozenset(),
    "exec": frozenset({"-a"}),
    "env": frozenset({"-u", "--unset", "-C", "--chdir"}),
    "cross-env": frozenset(),
    "cross-env-shell": frozenset(),
    "nice": frozenset({"-n"}),
    "ionice": frozenset({"-c", "-n"}),
    "nohup": frozenset(),
    "stdbuf": frozenset({"-i", "-o", "-e"}),
    "setpriv": frozenset({"--reuid", "--regid"}),
    "npx": frozenset({"-p", "--package"}),
    "pnpx": frozenset(),
    "bunx": frozenset(),
    "dotenv": frozenset({"-e", "-f", "-v", "-c"}),
    "dotenvx": frozenset({"-f", "-e"}),
    "env-cmd": frozenset({"-f", "-e", "--file", "--environments"}),
    "dd-trace-run": frozenset(),
    "doppler": frozenset({"-p", "-c", "--project", "--config", "-t", "--token"}),
    "infisical": frozenset({"--env", "--path", "--projectId", "--token"}),
    "op": frozenset({"--env-file"}),
    "with-contenv": frozenset(),
}
# Wrappers whose first word is a user, a duration or an order.
_WORDS_BEFORE = {
    "su-exec": 1,
    "gosu": 1,
    "timeout": 1,
    "doppler": 1,
    "infisical": 1,
    "op": 1,
    "dotenvx": 1,
    "chroot": 1,
}


def unwrapped(words: Sequence[str]) -> list[str] | None:
    """Return the command that a wrapper starts, or None where the first word is no wrapper.

    ``dumb-init -- node x`` → ``node x``; ``env A=b node x`` → ``node x``; ``su-exec node:node node x`` → ``node x``.
    """
    name = basename(words[0])
    if name not in _WRAPPERS and name not in _WORDS_BEFORE:
        return None
    if "--" in words:
        return list(words[words.index("--") + 1 :])
    rest = _without_options(words[1:], _WRAPPERS.get(name, frozenset()))
    rest = rest[_WORDS_BEFORE.get(name, 0) :]
    while rest and "=" in rest[0] and rest[0].partition("=")[0].isidentifier():
        rest = rest[1:]
    return rest


def script_of_interpreter(words: Sequence[str]) -> tuple[str, str]:
    """Return the file that an interpreter runs, and the code that it is given instead; one of them is empty.

    ``node --require x --enable-source-maps dist/index.js --port 1`` → ``dist/index.js``; ``node -e CODE`` → CODE.
    """
    name = basename(words[0])
    rest = list(words[1:])
    orders = _ORDERS.get(name, set())
    while rest:
        word = rest.pop(0)
        if word in {"-e", "--eval", "-p", "--print", "-pe"} and INTERPRETERS[name] >= _NODE:
            return "", rest[0] if rest else ""
        if word in {"--exec", "-x"} and name == "nodemon":
            # What it executes instead of node, with the file behind it or not.
            inner = rest.pop(0).split() if rest else []
            return script_of_interpreter(inner + rest) if inner and basename(inner[0]) in INTERPRETERS else ("", "")
        if word in INTERPRETERS[name]:
            rest = rest[1:]
        elif word == "--":
            return rest[0] if rest else "", ""
        elif word in orders:
            orders = set()
        elif not word.startswith("-"):
            if name in {"c8", "0x"} and basename(word) in INTERPRETERS:
                return script_of_interpreter([word, *rest])
            return word, ""
    return "", ""


def script_of_package(words: Sequence[str]) -> tuple[str, str, str, list[str]]:
    """Return what ``npm`` and its like are asked for.

    Returns:
        The folder that is named, the workspace that is named, the script, and further arguments. Of ``npm exec`` and
        its like the script is empty, and the arguments are the command.
    """
    folder = workspace = ""
    rest = list(words[1:])
    name = basename(words[0])
    while rest:
        word = rest.pop(0)
        option, equals, value = word.partition("=")
        if option in _FOLDER_OPTIONS:
            folder = value if equals else rest.pop(0) if rest else ""
        elif option in _WORKSPACE_OPTIONS:
            workspace = value if equals else rest.pop(0) if rest else ""
        elif option in _PACKAGE_OPTIONS and not equals:
            rest = rest[1:]
        elif word.startswith("-"):
            continue
        elif word == "workspace" and name == "yarn" and rest:
            workspace = rest.pop(0)
        elif word in {"exec", "x", "dlx"}:
            return folder, workspace, "", [each for each in rest if each != "--"]
        elif word in {"run", "run-script", "rum"}:
            continue
        else:
            return folder, workspace, word, [each for each in rest if each != "--"]
    return folder, workspace, "", []


def _without_options(words: Sequence[str], with_word: frozenset[str]) -> list[str]:
    rest = list(words)
    while rest and rest[0].startswith("-") and rest[0] != "-":
        option = rest.pop(0)
        if option in with_word:
            rest = rest[1:]
    return rest
