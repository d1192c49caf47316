"""Secrets by value and by look: how they are put in, found again in any spelling, and taken out. Pure."""

from __future__ import annotations

import base64
import contextlib
import html
import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from urllib.parse import quote, quote_plus

from dtma_contract.evidence import TOKEN_PLACEHOLDER

__all__ = ["REDACTED", "Scrubbed", "TokenSpellings", "base64_cores", "redact_environment", "spellings"]

REDACTED: Final = "[redacted]"

# A shorter piece of a token stands in innocent text by chance; a whole token is searched for from 4 characters on.
_SHORTEST_PIECE: Final = 8
_SHORTEST_TOKEN: Final = 4

_PLACEHOLDER: Final = re.compile(
    rb"(?<![\w.-])" + TOKEN_PLACEHOLDER.encode() + rb"(?:\.(truncated|extended|changed|case|first))?(?![\w.-])"
)

_SENSITIVE: Final = re.compile(rb"token|secret|passw|api[_-]?key|credential|private", re.IGNORECASE)
_KEY_BEFORE: Final = re.compile(rb"[\w.-]{0,64}\Z")
_KEY_AFTER: Final = re.compile(rb"[\w.-]{0,64}")
# Keys with a sensitive word in them that never hold a secret.
_INNOCENT_KEY: Final = re.compile(
    rb"private[_-]?(port|ip|network|address)|(token|secret|credential)s?[_-]?(type|env|name|status|count|at)\Z|"
    rb"(^|_)(has|is|no)[A-Z_]",
    re.IGNORECASE,
)
_ASSIGNED: Final = re.compile(rb"=([^\s\"'\\&,;<>(){}\[\]]{6,4096})")
_PAIRED: Final = re.compile(rb'(\\*)"[ \t\r\n]{0,16}:[ \t\r\n]{0,16}\1"((?:[^"\\]|\\.){6,4096}?)\1"', re.DOTALL)
_WORDS: Final = re.compile(
    rb"\[redacted\]|redacted|undefined|missing|not.?set|not.?configured|configured|required|invalid|[*.x-]+|<.*>|"
    rb"\[.*\]|\$\{.*\}|.* .*",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """What is left of a text.

    Attributes:
        data: the text without secrets.
        found: whether there was one.
    """

    data: bytes
    found: bool


@dataclass(frozen=True)
class TokenSpellings:
    """A token, its near misses, and every common way to spell them.

    Attributes:
        token: the secret, or None where the run has none.
    """

    token: str | None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({'None' if self.token is None else REDACTED})"

    @cached_property
    def variants(self) -> dict[str, str]:
        """The token (under the empty name) and its near misses, by the names that follow the placeholder."""
        token = self.token or ""
        shorter, last = token[:-1], token[-1:]
        changed = shorter + ("~" if last != "~" else "-")
        swapped = "".join(letter.swapcase() if letter.isascii() else letter for letter in token)
        return {
            "": token,
            "truncated": shorter,
            "extended": token + "x",
            "changed": changed,
            "case": swapped if swapped != token else changed,
            "first": token[: len(token) // 2],
        }

    def fill_in(self, value: bytes) -> bytes:
        """Return a header value with the token where its placeholder stands."""
        if self.token is None:
            return value
        return _PLACEHOLDER.sub(lambda match: self.variants[(match[1] or b"").decode()].encode(), value)

    @staticmethod
    def is_placeholder(value: bytes) -> bool:
        """Return whether a header value holds the placeholder, and so no secret of its own."""
        return bool(_PLACEHOLDER.search(value))

    @cached_property
    def _spellings(self) -> tuple[tuple[bytes, bytes, bool], ...]:
        """Every spelling, its replacement, and whether it is the token's own; the longest come first."""
        found: dict[bytes, tuple[bytes, bool]] = {}
        cores = {core.encode() for core in base64_cores((self.token or "").encode())}
        for name, value in self.variants.items():
            own = name == ""
            if self.token is None or len(value) < (_SHORTEST_TOKEN if own else _SHORTEST_PIECE):
                continue
            for spelling in spellings(value):
                # The base64 of the token and of what begins with it can be the same for some bytes that follow.
                leaks = own or any(core in spelling for core in cores)
                found.setdefault(spelling, (_replacement(spelling), leaks))
        return tuple((key, *found[key]) for key in sorted(found, key=len, reverse=True))

    def occur_in(self, data: bytes) -> bool:
        """Return whether any spelling stands in the bytes."""
        return any(spelling in data for spelling, _, _ in self._spellings)

    def scrub(self, data: bytes) -> Scrubbed:
        """Return bytes without the token and its near misses; ``found`` tells of the token itself only."""
        leaked = False
        for spelling, replacement, own in self._spellings:
            if spelling in data:
                data = data.replace(spelling, replacement)
                leaked = leaked or own
        return Scrubbed(data, leaked)


def redact_environment(data: bytes) -> Scrubbed:
    """Return text without the values of secret-looking variables, in ``KEY=VALUE`` and ``"KEY": "VALUE"``.

    Values of under 6 characters, booleans, numbers and words such as ``missing`` are no secrets. JSON stays valid.
    """
    pieces: list[bytes] = []
    done = 0
    for word in _SENSITIVE.finditer(data):
        if word.start() < done:
            continue
        before = _KEY_BEFORE.search(data[max(0, word.start() - 64) : word.start()])
        after = _KEY_AFTER.match(data, word.end())
        key = (before[0] if before else b"") + word[0] + (after[0] if after else b"")
        position = after.end() if after else word.end()
        value = _ASSIGNED.match(data, position) or _PAIRED.match(data, position)
        if value is None or _INNOCENT_KEY.search(key) or _WORDS.fullmatch(value[value.lastindex or 0]):
            continue
        start, end = value.span(value.lastindex or 0)
        pieces += [data[done:start], REDACTED.encode()]
        done = end
    return Scrubbed(b"".join([*pieces, data[done:]]), bool(pieces))


def _replacement(spelling: bytes) -> bytes:
    # A token of digits may stand as a number in JSON, which must stay one.
    return b"9" * len(spelling) if spelling.isdigit() else REDACTED.encode()


def spellings(value: str) -> set[bytes]:
    """Return every common way to spell a value: itself, percent-encoded, escaped, in hexadecimal and in base64."""
    raw = value.encode()
    texts = {
        value,
        quote(value, safe=""),
        quote(value),
        quote_plus(value),
        # What JavaScript's encodeURIComponent, encodeURI and URLSearchParams leave as it is.
        quote(value, safe="!'()*"),
        quote(value, safe=";,/?:@&=+$!'()*#"),
        quote_plus(value, safe="*").replace("~", "%7E"),
        "".join(f"%{byte:02X}" for byte in raw),
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        json.dumps(value)[1:-1].replace("/", "\\/"),
        # JSON inside JSON, and what node prints of an object.
        json.dumps(json.dumps(value)[1:-1])[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1].replace('\\"', '"').replace("'", "\\'"),
        html.escape(value),
        html.escape(value).replace("&#x27;", "&#39;"),
        raw.hex(),
    }
    texts |= {re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), text) for text in texts}
    texts |= {raw.hex().upper(), *base64_cores(raw)}
    spelled = {text.encode() for text in texts if len(text) >= min(len(value), _SHORTEST_PIECE)}
    with contextlib.suppress(UnicodeEncodeError):
        spelled.add(value.encode("latin-1"))
    return spelled


def base64_cores(raw: bytes) -> set[str]:
    """Return what of a text's base64 does not depend on the bytes around it, for the three alignments."""
    cores = set()
    for offset, begin in enumerate((0, 2, 3)):
        encoded = base64.b64encode(b"\x00" * offset + raw).decode()
        end = (offset + len(raw)) * 8 // 6
        core = encoded[begin:end]
        if len(core) >= _SHORTEST_PIECE:
            cores |= {core, core.translate(str.maketrans("+/", "-_"))}
    return cores
