"""Which values of an environment are to be kept out of everything that is shown. Pure.

A value is a secret unless its variable or the value itself plainly says that it is none: nobody can know all names that
a secret goes by. What must stay readable are the words that every log is full of, such as ``production`` or ``/app``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote, urlsplit

__all__ = ["secret_arguments", "secret_values"]

# A shorter value stands in innocent text by chance.
_SHORTEST: Final = 4
_SHORTEST_PIECE: Final = 8
# Deeper JSON in a variable is nobody's configuration.
_DEEPEST: Final = 12

_SECRET_NAME: Final = re.compile(
    r"token|secret|passw|passphrase|(?:^|[_.-])(?:pass|pwd|pw|pin|otp|sig|dsn|jwt|salt|seed)(?:$|[_.-])|key|cred|"
    r"private|auth|cookie|session|signature|signing|cert|webhook|bearer|licen[cs]e|conn(?:ection)?_?str|mnemonic",
    re.IGNORECASE,
)
_HARMLESS_NAMES_TEXT: Final = """
PATH HOME HOSTNAME NODE_ENV NODE_VERSION YARN_VERSION NPM_VERSION LANG LANGUAGE LC_ALL LC_CTYPE TZ PORT PYTHON_VERSION
PYTHON_PIP_VERSION PYTHONPATH PYTHONUNBUFFERED TERM SHELL PWD OLDPWD SHLVL USER LOGNAME NODE_PATH GOPATH
GOLANG_VERSION JAVA_HOME JAVA_VERSION NGINX_VERSION NJS_VERSION PKG_RELEASE DEBIAN_FRONTEND LOG_LEVEL DEBUG_COLORS
FORCE_COLOR NO_COLOR PGDATA PG_MAJOR PG_VERSION REDIS_VERSION
"""
_HARMLESS_NAMES: Final = frozenset(_HARMLESS_NAMES_TEXT.split())
# Of these only what could be no secret is believed.
_HARMLESS_ENDINGS: Final = re.compile(
    r"(?:^|_)(?:VERSION|PORT|HOST|HOSTNAME|LEVEL|ENV|ENVIRONMENT|MODE|REGION|TIMEZONE|TIMEOUT|TTL|INTERVAL|DIR|"
    r"LOCALE|FORMAT|DRIVER|DIALECT)\Z"
)
# Whatever a timeout is of, its number is no secret.
_MEASURES: Final = re.compile(r"(?:^|_)(?:PORT|TIMEOUT|TTL|INTERVAL|LENGTH|SIZE|LIMIT|SECONDS|MS)\Z")
_SIMPLE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,79}")
_RANDOM_RUN: Final = re.compile(r"(?=[A-Za-z]*[0-9])(?=[0-9a-z]*[A-Z]|[0-9A-Z]*[a-z])[A-Za-z0-9]{14,}")

_PLAIN_WORDS_TEXT: Final = """
true false none null undefined nil yes no on off auto default local localhost enabled disabled always never production
development staging test testing prod stage debug info warn warning error fatal trace verbose silent http https json
text utf8 utf-8 en_us.utf-8 c.utf-8 posix linux amd64 arm64 x86_64 bridge host root node nginx docker dtma agent
agentopia backend server client service worker main index latest stable public internal app data redis postgres
postgresql mysql mongo mongodb sqlite rabbitmq database cache queue api express noninteractive start stop status tools
health system logs
"""
_PLAIN_WORDS: Final = frozenset(_PLAIN_WORDS_TEXT.split())
# What stands for no value at all, whatever the variable is called.
_NO_VALUES: Final = frozenset({"true", "false", "none", "null", "undefined"})
_PLAIN: Final = (
    re.compile(r"[+-]?\d{1,5}(?:\.\d{1,5})?(?:ms|s|m|h|d|k|kb|mb|gb|%)?", re.IGNORECASE),
    re.compile(r"v?\d{1,4}(?:\.\d{1,6}){1,3}(?:-[a-z]{1,12}\d{0,3})?(?:\+dfsg\d)?"),
    re.compile(r"\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5}|/\d{1,2})?"),
    re.compile(
        r"/(?:(?:app|data|var|etc|usr|opt|home|root|tmp|srv|run|mnt|proc|sys|bin|sbin|dev|lib|workspace|config)"
        r"(?:/[a-z][a-z_.-]{0,24}){0,8}/?)?"
    ),
    re.compile(r"[*.]"),
)
_PLAIN_SEGMENT: Final = re.compile(r"[a-z_-]{0,20}|v?\d{1,3}")
_PLAIN_HOST: Final = re.compile(r"[a-z0-9.-]{1,80}")
_SEPARATORS: Final = re.compile(r"[\s,;:|=&\"'{}\[\]()<>@/?#]+")
_SECRET_OPTION: Final = re.compile(r"-{1,2}([\w-]*(?:token|secret|pass|key|cred|auth)[\w-]*)(?:=(.*))?", re.IGNORECASE)


def secret_values(variables: Iterable[tuple[str, str]], known: Iterable[str] = ()) -> frozenset[str]:
    """Return the values, and parts of values, that must not be shown.

    Args:
        variables: names and values.
        known: texts that anyone who sees the host's list of containers knows, such as their names and images. A value
            that is one of them is no secret, unless its variable is called like one.
    """
    plain = frozenset(known)
    found: set[str] = set()
    for name, value in variables:
        found.update(_of_variable(name, value, plain))
    return frozenset(value for value in found if len(value.strip()) >= _SHORTEST)


def secret_arguments(words: Iterable[str]) -> frozenset[str]:
    """Return the secrets of a command line: the values of options such as ``--token``, and of assignments."""
    found: set[str] = set()
    option = ""
    for word in words:
        match = _SECRET_OPTION.fullmatch(word)
        name, sign, value = word.partition("=")
        if match is not None:
            option = match[1] if match[2] is None else ""
            if match[2]:
                found |= secret_values([(match[1], match[2])])
            continue
        if option:
            found |= secret_values([(option, word)])
        elif sign and re.fullmatch(r"\w+", name):
            found |= secret_values([(name, value)])
        elif "://" in word:
            found |= secret_values([("", word)])
        option = ""
    return frozenset(found)


def _of_variable(name: str, value: str, known: frozenset[str]) -> Iterator[str]:
    is_secret = bool(_SECRET_NAME.search(name)) and name not in _HARMLESS_NAMES
    if _MEASURES.search(name) and _PLAIN[0].fullmatch(value):
        return
    if value.strip().lower() in _NO_VALUES or (not is_secret and _is_harmless(name, value, known)):
        return
    yield value
    yield from _of_address(value, known)
    yield from _of_json(value, known)
    shortest = _SHORTEST if is_secret else _SHORTEST_PIECE
    for piece in _SEPARATORS.split(value):
        if len(piece) >= shortest and not _is_plain(piece) and piece not in known and not _is_host_name(piece):
            yield piece


def _is_harmless(name: str, value: str, known: frozenset[str]) -> bool:
    if name in _HARMLESS_NAMES or value in known or _is_plain(value):
        return True
    if _HARMLESS_ENDINGS.search(name) and _SIMPLE.fullmatch(value):
        return not _RANDOM_RUN.search(value)
    return _is_plain_address(value)


def _is_plain(value: str) -> bool:
    stripped = value.strip()
    return stripped.lower() in _PLAIN_WORDS or any(form.fullmatch(stripped) for form in _PLAIN)


def _is_plain_address(value: str) -> bool:
    address = _split(value)
    return (
        address is not None
        and "@" not in address.netloc
        and bool(_PLAIN_HOST.fullmatch(address.netloc.rpartition(":")[0] or address.netloc))
        and not _RANDOM_RUN.search(address.netloc)
        and not (address.query or address.fragment)
        and all(_PLAIN_SEGMENT.fullmatch(segment) for segment in address.path.split("/"))
    )


def _is_host_name(value: str) -> bool:
    return "." in value and bool(_PLAIN_HOST.fullmatch(value)) and not _RANDOM_RUN.search(value)


def _of_address(value: str, known: frozenset[str]) -> Iterator[str]:
    """Yield what of an address is a secret by itself: the password, values of its query, odd parts of its path."""
    address = _split(value)
    if address is None:
        return
    user, _, password = address.netloc.rpartition("@")[0].partition(":")
    parts = [password or user, *(pair.partition("=")[2] for pair in address.query.split("&"))]
    parts += [part for part in address.path.split("/") if len(part) >= _SHORTEST_PIECE]
    for part in parts:
        if part and not _is_plain(part) and not _PLAIN_SEGMENT.fullmatch(part) and part not in known:
            yield part
            yield unquote(part)
    # A password is one also where it is a word.
    yield password
    yield unquote(password)


def _split(value: str) -> Any:
    try:
        address = urlsplit(value.strip())
    except ValueError:
        return None
    return address if address.scheme and address.netloc and "://" in value else None


def _of_json(value: str, known: frozenset[str]) -> Iterator[str]:
    if value.lstrip()[:1] not in {"{", "["}:
        return
    try:
        document = json.loads(value)
    except (ValueError, RecursionError):
        return
    for name, leaf in _leaves(document, "", _DEEPEST):
        if _SECRET_NAME.search(name) or not _is_harmless(name, leaf, known):
            yield leaf


def _leaves(node: Any, name: str, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(node, str):
        yield name, node
    elif depth and isinstance(node, Mapping):
        for key, inner in node.items():
            yield from _leaves(inner, str(key), depth - 1)
    elif depth and isinstance(node, list):
        for inner in node:
            yield from _leaves(inner, name, depth - 1)
