"""Just enough of the shell to see which program a start command ends in. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence

__all__ = ["commands_of", "expanded"]

_SEPARATORS = frozenset({"&&", "||", ";", "|", "&", "\n", "(", ")", ";;"})
_OPENERS = frozenset(
    {"then", "else", "elif", "do", "{", "!", "if", "while", "exec", "command", "time", "nohup", "eval"}
)
_CLOSERS = frozenset({"fi", "done", "}", "esac"})
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?:(:?[-+=?])([^}]*))?\})")
_ARGUMENTS = frozenset({"$@", "$*", "${@}", "${*}"})


def commands_of(text: str, arguments: Sequence[str] = ()) -> list[list[str]]:
    """Return the simple commands of a script, in its order, each as words.

    Assignments are followed as far as they are plain. Conditions and loops are not weighed: each command counts as one
    that may run. ``$@`` stands for the arguments.

    Args:
        text: a command line or a whole script.
        arguments: what the script is called with.
    """
    known: dict[str, str] = {}
    found: list[list[str]] = []
    for words in _split(text):
        command: list[str] = []
        for word in words:
            if not command and (word in _OPENERS or word in _CLOSERS):
                continue
            if not command and _ASSIGNMENT.match(word):
                name, _, value = word.partition("=")
                known[name] = expanded(value, known)
            elif word in _ARGUMENTS:
                command += arguments
            else:
                command.append(expanded(word, known))
        if command[:2] == ["set", "--"] and arguments[:1] != command[2:3]:
            arguments = command[2:]
        elif command and command[0] not in {"set", "shift", "export", "echo", "printf", "exit", "trap", "[", "test"}:
            found.append(command)
    return found


def expanded(word: str, known: Mapping[str, str]) -> str:
    """Return a word with the variables that are known, and the defaults of those that are not; others stay."""

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if known.get(name):
            return match[4] if match[3] and match[3].endswith("+") else known[name]
        return match[4] if match[3] and match[3][-1] in "-=" else match[0]

    return _VARIABLE.sub(value, word)


def _split(text: str) -> list[list[str]]:
    # Line ends separate commands; escaped ones join lines.
    joined = text.replace("\\\r\n", " ").replace("\\\n", " ")
    commands: list[list[str]] = []
    for line in joined.splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars="();<>|&")
        lexer.whitespace_split = True
        lexer.commenters = "#" if line.lstrip().startswith("#") or " #" in line else ""
        words: list[str] = []
        skip_next = False
        try:
            for word in lexer:
                if skip_next:
                    skip_next = False
                elif word in _SEPARATORS:
                    commands.append(words)
                    words = []
                elif set(word) <= set("<>&"):
                    if words and words[-1].isdigit():
                        words.pop()
                    skip_next = True
                else:
                    words.append(word)
        except ValueError:
            # A quotation that goes on in the next line: no start command of a service does.
            continue
        commands.append(words)
    return [words for words in commands if words]
