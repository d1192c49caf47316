"""What was sent and what came back: exchanges, fingerprints, curl lines. Pure."""

from __future__ import annotations

import json
import re
import shlex
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

__all__ = ["TOKEN_PLACEHOLDER", "Exchange", "Fingerprint", "deployed_name", "removal_of"]

# What a client writes where it wants the token; the fence alone knows the value.
TOKEN_PLACEHOLDER = "dtmac-token"  # noqa: S105 - it stands for the secret, it is none

_SHOWN_BODY = 300
# What printf takes as it is; three octal digits stand for the rest.
_PLAIN = frozenset(string.ascii_letters + string.digits + string.punctuation + " ") - {"'", "\\", "%"}

# Linux takes no argument of 128 KiB or more (execve(2), MAX_ARG_STRLEN).
_LONGEST_ARGUMENT = 100_000

_PLACEHOLDER = re.compile(rf"(?<![\w.-]){TOKEN_PLACEHOLDER}(?:\.(truncated|extended|changed|case|first))?(?![\w.-])")
_ROOT = re.compile(r"(?<![^\s\"'])/(?![^\s\"'<])")
# Times, UUIDs, long hexadecimal ids and numbers.
_VOLATILE = re.compile(
    r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)?|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    r"|\b[0-9a-fA-F]{12,}\b|0x[0-9a-f]+|\d+"
)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The shape of an answer, without what changes from request to request.

    Two answers of the same handler to two paths have the same fingerprint; the source of the rule is the way
    in which a route that is not mounted is told from one that is: compare with a path that surely does not exist.

    Attributes:
        status: status code.
        media_type: without parameters.
        keys: all JSON key paths, sorted; empty when the body is no JSON.
        text: strings of the body without the path, the names and all numbers.
        server: the headers by which a server names itself.
    """

    status: int
    media_type: str
    keys: tuple[str, ...]
    text: str
    server: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer. It never holds the token: the fence put it in and takes it out.

    Attributes:
        method: as sent.
        target: path and query as sent, percent-encoded.
        request_headers: as sent; the token stands there as its placeholder.
        request_body: as sent.
        status: status code.
        headers: of the answer, names in lower case, the last one wins.
        body: of the answer.
        milliseconds: from sending to the last byte, through the fence.
    """

    method: str
    target: str
    request_headers: Mapping[str, str]
    request_body: bytes
    status: int
    headers: Mapping[str, str]
    body: bytes
    milliseconds: float
    _decoded: list[Any] = field(default_factory=list, repr=False, compare=False)

    @property
    def media_type(self) -> str:
        """The answer's media type without parameters, lower case; empty when it names none."""
        return self.headers.get("content-type", "").split(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The answer's body as text."""
        return self.body.decode("utf-8", "replace")

    @property
    def json(self) -> Any:
        """The decoded body, or None when it is no JSON."""
        if not self._decoded:
            try:
                self._decoded.append(json.loads(self.body))
            except (ValueError, RecursionError):
                self._decoded.append(None)
        return self._decoded[0]

    @property
    def content(self) -> Any:
        """The body as its media type says: decoded JSON, or text."""
        return self.json if self.media_type.endswith("json") else self.text

    @property
    def leaks(self) -> tuple[str, ...]:
        """Which kinds of secrets the fence took out of the answer: ``token``, ``environment``."""
        return tuple(part.strip() for part in self.headers.get("x-dtmac-leak", "").split(",") if part.strip())

    def member(self, *path: str) -> Any:
        """Return a nested member of the decoded body, or None where the path leads nowhere."""
        node = self.json
        for key in path:
            node = node.get(key) if isinstance(node, Mapping) else None
        return node

    def describe(self) -> str:
        """Return the answer in one line: status, media type and the beginning of the body."""
        body = re.sub(r"\s+", " ", self.text).strip()
        shown = body if len(body) <= _SHOWN_BODY else body[:_SHOWN_BODY] + "…"
        return f"{self.status} {self.media_type or 'no media type'} {shown}".strip()

    @property
    def repeatable(self) -> frozenset[str]:
        """What an answer may repeat of the request: target, path, query and the path's segments."""
        path, _, query = self.target.partition("?")
        return frozenset({self.target, path, query, *path.split("/")} - {""})

    def fingerprint(self, names: Iterable[str] = ()) -> Fingerprint:
        """Return the shape of the answer.

        Args:
            names: what else of the request the answer may repeat, such as an instance name.
        """
        text = self.text
        path = self.target.split("?")[0]
        for known in sorted({*self.repeatable, *names} - {"", "/"}, key=len, reverse=True):
            text = text.replace(known, "")
        if path == "/":
            # Only where it stands alone: a page of HTML is full of slashes.
            text = _ROOT.sub("", text)
        return Fingerprint(
            status=self.status,
            media_type=self.media_type,
            keys=tuple(sorted(_key_paths(self.json))),
            text=_VOLATILE.sub("#", re.sub(r"\s+", " ", text))[:2000],
            server=tuple(self.headers.get(name, "") for name in ("server", "x-powered-by")),
        )

    def curl(self, base_url: str, token_env: str) -> str:
        """Return a curl line that sends the same request to the target itself.

        Args:
            base_url: the target's URL.
            token_env: the environment variable that holds the token; it is named, never expanded.
        """
        # For HEAD curl has an option of its own; told by -X, it would wait for a body.
        line = ["curl", "-gisS", "--path-as-is"]
        line += ["--head"] if self.method == "HEAD" else ["-X", shlex.quote(self.method)]
        for name, value in self.request_headers.items():
            if TOKEN_PLACEHOLDER in value:
                line += ["-H", _with_token(f"{name}: {value}", token_env)]
            elif name.lower() in {"authorization", "content-type"}:
                # A colon with nothing behind it would leave the header out; a semicolon sends it empty.
                line += ["-H", shlex.quote(f"{name}: {value}" if value.strip() else f"{name};")]
        target = shlex.quote(base_url.rstrip("/") + self.target)
        text = _printable(self.request_body)
        if text is None:
            # What no argument can hold as it is; printf and its octal escapes are the same in every POSIX shell.
            return " ".join([f"printf '{_octal(self.request_body)}' |", *line, "--data-binary @-", target])
        # --data-raw, for the other options take what follows a leading @ for the name of a file.
        line += ["--data-raw", shlex.quote(text)] if text else []
        return " ".join([*line, target])


def _with_token(header: str, token_env: str) -> str:
    escaped = re.sub(r'([\\"$`])', r"\\\1", header)
    return f'"{_PLACEHOLDER.sub(lambda match: _shell_token(token_env, match[1] or ""), escaped)}"'


def deployed_name(exchange: Exchange) -> str | None:
    """Return the name of the instance that a request asked to deploy, or None for any other request."""
    if exchange.method != "POST" or exchange.target != "/tools":
        return None
    try:
        body = json.loads(exchange.request_body)
    except (ValueError, RecursionError):
        return None
    name = body.get("instanceNameOnToolbox") if isinstance(body, Mapping) else None
    return name if isinstance(name, str) and name else None


def removal_of(name: str) -> Exchange:
    """Return the request that removes an instance, as if it had been sent, for its curl line."""
    headers = {"Authorization": f"Bearer {TOKEN_PLACEHOLDER}"}
    return Exchange("DELETE", f"/tools/{quote(name, safe='')}", headers, b"", 0, {}, b"", 0.0)


def _shell_token(token_env: str, variant: str) -> str:
    # Each spelling repeats in POSIX shell what the fence does to the token.
    changed = "sed -e 's/~$/-/' -e t -e 's/.$/~/'"
    return {
        "truncated": f"${{{token_env}%?}}",
        "extended": f"${{{token_env}}}x",
        "changed": f'$(printf %s "${token_env}" | {changed})',
        "case": f'$(printf %s "${token_env}" | {changed.replace("-e", "-e /[A-Za-z]/b -e", 1)} | tr A-Za-z a-zA-Z)',
        "first": f'$(printf %.$((${{#{token_env}}}/2))s "${token_env}")',
    }.get(variant, f"${token_env}")


def _printable(body: bytes) -> str | None:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    return text if not text or (text.isprintable() and len(body) <= _LONGEST_ARGUMENT) else None


def _octal(body: bytes) -> str:
    return "".join(chr(byte) if chr(byte) in _PLAIN else f"\\{byte:03o}" for byte in body)


def _key_paths(node: Any, prefix: str = "") -> set[str]:
    if isinstance(node, Mapping):
        return {f"{prefix}.{key}" for key in node}.union(*(_key_paths(v, f"{prefix}.{k}") for k, v in node.items()))
    if isinstance(node, list):
        return set().union(*(_key_paths(item, f"{prefix}[]") for item in node))
    return set()
