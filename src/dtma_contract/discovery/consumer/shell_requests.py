"""Requests of shell scripts: curl and wget in scripts, Dockerfiles, workflows and service files. Pure.

A script is not evaluated: variables that are set to one text in the file are filled in, all others are holes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from dtma_contract.discovery.consumer.values import Hole, Text, hole

__all__ = ["SHELL_NAMES", "ShellRequest", "read_shell"]

# Files in which shell commands stand.
SHELL_NAMES = re.compile(
    r"(?:\.(?:sh|bash|zsh|ya?ml|mk|service|tf|tpl|env)|(?:^|/)(?:[Dd]ockerfile[\w.-]*|[\w.-]*\.[Dd]ockerfile|Makefile|justfile|Procfile"
    r"|package\.json|crontab|cron))$"
)
_ASSIGNED = re.compile(
    r"""^\s*(?:-\s*)?(?:export\s+|readonly\s+|local\s+|declare\s+(?:-\w+\s+)*|ENV\s+|ARG\s+)?([A-Za-z_]\w*)\s*[=:]\s?(?:"([^"`]*)"|'([^']*)'|((?:\$\{\{[^}]*\}\}|[^\s"'`;])+))\s*(?:;|\#.*)?$""",
    re.MULTILINE,
)
_COMMAND = re.compile(r"(?<![\w./-])(?:/usr/bin/)?(curl|wget|http|https|xh)(?=[\s\"'])")
_VARIABLE = re.compile(
    r"\$\{\{\s*([\w.]+)[^}]*\}\}|\$\{([A-Za-z_]\w*|\d)(?::?[-=+?]([^}]*))?[^}]*\}|\$([A-Za-z_]\w*|\d)|\$\((?:[^()]|\([^()]*\))*\)"
)
_VALUED = {
    "-X", "--request", "-H", "--header", "-d", "--data", "--data-raw", "--data-binary", "--data-urlencode", "-o",
    "-w", "--output", "--write-out", "-m", "--max-time", "--connect-timeout", "--retry", "--retry-delay", "-u",
    "--user", "-A", "--user-agent", "-F", "--form", "--json", "-b", "--cookie", "-c", "--url", "-e", "--cacert",
    "--cert", "--key", "-T", "--upload-file", "--resolve", "--timeout", "--tries", "--method", "--body-data",
    "--post-data", "-t", "-O", "-K", "--retry-max-time", "--unix-socket", "-x", "--proxy", "--oauth2-bearer",
    "--interface", "-P", "--waitretry", "-D",
}  # fmt: skip
_DATA = {"-d", "--data", "--data-raw", "--data-binary", "--data-urlencode", "-F", "--form", "--json", "--post-data"}
_METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}
_DEPTH = 5


@dataclass(frozen=True, slots=True)
class ShellRequest:
    """A request of a script.

    Attributes:
        line: of the command.
        method: upper case, empty where it is not known.
        url: what is known of it.
        token_names: names of the variables in its Authorization header.
        token: whether it has such a header.
    """

    line: int
    method: str
    url: Text
    token_names: tuple[str, ...]
    token: bool


def read_shell(content: str) -> list[ShellRequest]:
    """Return the requests of a script or of a file that holds commands.

    Args:
        content: the file's text.
    """
    known = _assignments(content)
    found = []
    for line, command in _commands(content):
        request = _request(_tokens(command), line, known)
        if request:
            found.append(request)
    return found


def _assignments(content: str) -> dict[str, str]:
    """Return the variables that are set to one text only."""
    found: dict[str, set[str]] = {}
    for match in _ASSIGNED.finditer(content):
        value = next((one for one in match.groups()[1:] if one is not None), "")
        found.setdefault(match[1], set()).add(value)
    return {name: next(iter(values)) for name, values in found.items() if len(values) == 1}


def _commands(content: str) -> Iterator[tuple[int, str]]:
    """Yield each curl or wget with the rest of its command, and its line."""
    for match in _COMMAND.finditer(content):
        start = content.rfind("\n", 0, match.start()) + 1
        if re.match(r"\s*(?:#|//|apt|apk|RUN\s+ap|- name:|echo )", content[start : match.start()] + match[0]):
            continue
        if match[1] in {"http", "https", "xh"}:
            continue
        rest = content[match.end() :]
        around = _open_quote(content[start : match.start()])
        if re.match(r'"\s*,', rest):
            # The command is a list: "CMD", "curl", "-f", …
            end = rest.find("]")
            around, rest = (
                "",
                " ".join(f'"{one}"' for one in re.findall(r'"((?:\\.|[^"\\])*)"', rest[1 : end if end >= 0 else 500])),
            )
        yield content.count("\n", 0, match.start()) + 1, _one_command(rest, around)


def _open_quote(before: str) -> str:
    """Return the quote that a command stands in: `sh -c "curl …"`, a text of JSON or YAML."""
    before = re.split(r"\$\(|`", before)[-1]
    return next((quote for quote in "\"'" if len(re.findall(rf"(?<!\\){quote}", before)) % 2), "")


def _one_command(rest: str, around: str) -> str:
    """Return a command up to its end: a line that is not continued, or an operator outside of quotes."""
    kept: list[str] = []
    quote = ""
    index = 0
    while index < len(rest) and index < 4000:  # noqa: PLR2004 - no command is longer
        letter = rest[index]
        if letter == around:
            break
        if rest.startswith(("\\\n", "\\\r\n"), index):
            kept.append(" ")
            index += 2 + (rest[index + 1] == "\r")
            continue
        if rest.startswith('\\"', index):
            # Inside of another language's quotes: JSON, YAML.
            kept.append('"')
            index += 2
            continue
        if rest.startswith("$(", index) and quote != "'":
            end = _closing(rest, index + 1)
            kept.append(rest[index:end])
            index = end
            continue
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter in "\n;|)`" or rest.startswith("&&", index) or letter == "&":
            break
        kept.append(letter)
        index += 1
    return "".join(kept)


def _closing(text: str, at: int) -> int:
    depth = 0
    for index in range(at, len(text)):
        depth += {"(": 1, ")": -1}.get(text[index], 0)
        if not depth:
            return index + 1
    return len(text)


def _tokens(command: str) -> list[str]:
    found: list[str] = []
    word, quote, begun = "", "", False
    index = 0
    while index < len(command):
        letter = command[index]
        if command.startswith("$(", index) and quote != "'":
            end = _closing(command, index + 1)
            word, begun = word + command[index:end], True
            index = end
            continue
        if command.startswith("${{", index) and "}}" in command[index:]:
            # An expression of a workflow holds spaces.
            end = command.index("}}", index) + 2
            word, begun = word + command[index:end], True
            index = end
            continue
        if quote:
            if letter == quote:
                quote = ""
            else:
                # A dollar in single quotes is none of a variable.
                word += "\0" if letter == "$" and quote == "'" else letter
        elif letter in "\"'":
            quote, begun = letter, True
        elif letter.isspace():
            if begun:
                found.append(word)
            word, begun = "", False
        else:
            word, begun = word + letter, True
        index += 1
    return [*found, word] if begun else found


def _request(tokens: list[str], line: int, known: dict[str, str]) -> ShellRequest | None:  # noqa: C901, PLR0912 - one case for each kind
    method, data, url, header = "", False, "", ""
    index = 0
    while index < len(tokens):
        token = tokens[index]
        name, equals, attached = token.partition("=")
        index += 1
        if token.startswith("-X") and len(token) > 2:  # noqa: PLR2004 - `-XPOST`
            method = token[2:]
            continue
        if name in _VALUED or (re.fullmatch(r"-[a-zA-Z]+", token) and f"-{token[-1]}" in _VALUED and len(token) > 2):  # noqa: PLR2004 - `-sSo`
            option = name if name in _VALUED else f"-{token[-1]}"
            value = attached if equals and name.startswith("--") else tokens[index] if index < len(tokens) else ""
            index += 0 if equals and name.startswith("--") else 1
            if option in {"-X", "--request", "--method"}:
                method = value
            elif (
                option in {"-H", "--header"} and value.lower().startswith("authorization")
            ) or option == "--oauth2-bearer":
                header = value
            elif option == "--url":
                url = value
            data = data or option in _DATA
            if option == "--unix-socket":
                return None
            continue
        if token in {"-I", "--head", "--spider"}:
            method = method or "HEAD"
        elif token in {"-G", "--get"}:
            method = method or "GET"
        elif token.startswith("-") or re.match(r"\d?[<>]", token):
            index += token in {">", "2>", "<", ">>"}
        elif not url:
            url = token
    if not url or url.startswith(("@", "{", "=")):
        return None
    target = _text(url, known)
    if isinstance(target.parts[0] if target.parts else "", str) and not re.match(
        r"(?:https?:)?//|[\w.-]+(?::\d*)?(?:/|$)", target.start
    ):
        return None
    return ShellRequest(line, _method(method, known, data=data), _with_scheme(target), _names(header), bool(header))


def _method(method: str, known: dict[str, str], *, data: bool) -> str:
    written = _text(method, known).constant if method else ("POST" if data else "GET")
    return written.upper() if written and written.upper() in _METHODS else ""


def _names(header: str) -> tuple[str, ...]:
    return tuple(next(one for one in (*match.groups(), "") if one is not None) for match in _VARIABLE.finditer(header))


def _with_scheme(target: Text) -> Text:
    """Return the URL with a scheme, which curl does not ask for: `curl localhost:30000/health`."""
    if target.start and not re.match(r"(?:https?:)?//", target.start):
        return Text((f"http://{target.start}", *target.parts[1:]))
    return target


def _text(written: str, known: dict[str, str], depth: int = 0) -> Text:
    parts: list[str | Hole] = []

    def add(*more: str | Hole) -> None:
        for part in more:
            if isinstance(part, str) and parts and isinstance(parts[-1], str):
                parts[-1] += part
            elif part != "":
                parts.append(part)

    position = 0
    for match in _VARIABLE.finditer(written):
        add(written[position : match.start()])
        position = match.end()
        name = match[1] or match[2] or match[4] or ""
        default = match[3] or ""
        if name in known and depth < _DEPTH and known[name] != written:
            inner = _text(known[name], known, depth + 1)
            # `BASE=${1:-http://…}`: what it is called tells too.
            add(
                *(
                    hole(name, *one.names) if isinstance(one, Hole) and len(inner.parts) == 1 else one
                    for one in inner.parts
                )
            )
        elif default and depth < _DEPTH and (re.match(r"https?://", default) or default.isdigit()):
            # The default of a base or a port says what it is for.
            add(*_text(default, known, depth + 1).parts)
        else:
            add(hole(name) if name else Hole(("command",)))
    add(written[position:])
    return Text(tuple(part.replace("\0", "$") if isinstance(part, str) else part for part in parts))
