"""Secrets taken out of logs and messages: by value, in every spelling, and by what stands around them. Pure.

Values are found wherever they stand, also where they overlap or where only a piece of a long one was printed. What is
told by its look is a net below: a log may hold secrets of containers that are gone, which nobody can name any more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from dtma_contract.redaction import REDACTED, base64_cores, spellings

__all__ = ["Redactor"]

# A shorter value stands in innocent text by chance, and cannot be looked for.
_SHORTEST: Final = 4
# So many characters in a row of a long value are a piece of it: programs cut and wrap what they print.
_PIECE: Final = 12
_SHORTEST_WITH_PIECES: Final = 16
# In place of the usual mark where a secret is a part of that; shorter than any secret.
_SHORT_MARK: Final = "[-]"

_COLOURS: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]{0,200}(?:\x07|\x1b\\)|[@-Z\\-_])")
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")

# Keys of a value that is a secret.
_KEY: Final = re.compile(
    r"token|secret|passw(?:or)?d|passwd|passphrase|(?<![a-z])(?:pwd|pass|sig|jwt)(?![a-z])|requirepass|_?auth(?![a-z])|"
    r"(?:api|access|private|encrypt(?:ion)?|sign(?:ing)?|ssh|master|account|auth|client|storage|license)[_-]?key|"
    r"credentials?|authorization|cookie|session[_-]?id|signature|webhook",
    re.IGNORECASE,
)
_KEY_BEFORE: Final = re.compile(r"[\w.-]{0,32}\Z")
_KEY_AFTER: Final = re.compile(r"[\w.-]{0,32}")
_ASSIGNS: Final = re.compile(r"\\{0,8}[\"'`]?[ \t]{0,8}(?:=>|:=|[:=])[ \t]{0,8}")
_OPTION: Final = re.compile(r"[ \t]{1,8}(?=[^\s-])")
_INNOCENT_KEY: Final = re.compile(
    r"(?:token|secret|credential|passw(?:or)?d|auth|key|cookie|signature)s?[_-]?"
    r"(?:type|env|name|status|counts?|at|length|ttl|expiry|usage|limit|file|path|error|id|ids|method)\Z|"
    r"(?:^|[_.-])(?:has|is|no|max|total|prompt|completion|input|output)(?:[A-Z_.-]|(?<=[_.-]))",
    re.IGNORECASE,
)
_QUOTED: Final = re.compile(r"(\\{0,8}[\"'`])((?:(?!\1)[^\n\\]|(?!\1)\\[^\n]?){0,8192})(?:\1)?")
_BARE: Final = re.compile(r"[^\s,;&\"'`<>(){}\[\]]{1,8192}")
_REST: Final = re.compile(r"[^\n\"'`]{1,8192}")
_SCHEME: Final = re.compile(r"(?:bearer|basic|digest|token|apikey)[ \t]{1,8}", re.IGNORECASE)
# What stands where a secret could, and only speaks of one.
_WORDS_TEXT: Final = """
a absent accepted all an and any are auth authentication authorisation authorization be cannot changed check
configured could created credentials denied disabled does empty enabled error expected expired failed failure false
for found from has header headers if in incorrect invalid is issued jwt key loaded malformed mismatch missing must no
none not null of ok on realm optional or password present provided received refreshed refused rejected required
revoked scheme secret set should strategy string the to token tokens true undefined unexpected unknown unset updated
valid validation verified was were with without wrong yes
"""
_WORDS: Final = frozenset(_WORDS_TEXT.split())

_LOOKS: Final = (
    re.compile(r"\beyJ[\w-]{6,}(?:\.[\w-]*){0,4}"),
    re.compile(
        r"\b(?:gh[a-z]_|github_pat_|glpat-|sk-|sk_|pk_|rk_|xox[a-z]-|npm_|dckr_pat_|dckr_oat_|do[a-z]_v1_|hf_|"
        r"AKIA|ASIA|AIza|ya29\.|SG\.|pypi-)[\w.-]{8,}"
    ),
    # Long runs of all three kinds of letters, as random ones have; file names and digests lack one.
    re.compile(
        r"(?<![\w+/-])(?=[\w+-]{0,200}[a-z])(?=[\w+-]{0,200}[A-Z])(?=[\w+-]{0,200}[0-9])[A-Za-z0-9_+-]{40,}={0,2}"
    ),
    # A line of nothing but base64 belongs to a key, whose beginning may stand before the log's.
    re.compile(r"(?m)^[ \t]*[A-Za-z0-9+/]{60,}={0,2}[ \t]*$"),
)
# From an address's "://" to the next blank or quote.
_ADDRESS: Final = re.compile(r"://([^\s\"'<>]+)")
# A user with a password (a port before a slash is none), or a token as the user.
_USER: Final = re.compile(r".*:(?!\d{1,5}/).*|[^/@:]{16,}")
_BEARER: Final = re.compile(r"\b(?:bearer|basic)[ \t]{1,8}([A-Za-z0-9._~+/=-]{1,8192})", re.IGNORECASE)
_BLOCK: Final = re.compile(r"-----BEGIN (?![A-Z ]*(?:CERTIFICATE|PUBLIC KEY))[A-Z0-9 ]{1,40}-----")
_BLOCK_END: Final = re.compile(r"-----END [A-Z0-9 ]{1,40}-----")
# The longest key, an RSA one of 16384 bits, has under thirteen thousand characters; a log puts more between its lines.
_LONGEST_BLOCK: Final = 30_000
_BLOCK_LINES: Final = re.compile(r"(?:(?:\\[nr]|[A-Za-z0-9+/=:,\s-])+)")


class Redactor:
    """Takes secrets out of text.

    Args:
        values: secrets. Shorter ones than 4 characters are not looked for; lines of longer ones are, each by itself.
    """

    def __init__(self, values: Iterable[str]) -> None:
        # By the first characters, so that a text is gone through once however many secrets there are.
        self._starts: dict[str, list[str]] = {}
        self._pieces: set[str] = set()
        every: set[str] = set()
        for secret in {part for value in values for part in _parts(value)}:
            spelled = {text.decode("utf-8", "replace") for text in spellings(secret)}
            every |= {text for text in spelled if len(text) >= _SHORTEST}
            if len(secret) >= _SHORTEST_WITH_PIECES and _looks_random(secret):
                self._pieces |= _pieces(secret)
        for text in every:
            self._starts.setdefault(text[:_SHORTEST], []).append(text)
        for texts in self._starts.values():
            texts.sort(key=len, reverse=True)
        self._mark = _SHORT_MARK if self._spans(REDACTED) else REDACTED

    def __repr__(self) -> str:
        return f"{type(self).__name__}({REDACTED})"

    def text(self, text: str) -> str:
        """Return a text without secrets, colours and control characters. It keeps its lines, each in its place."""
        cleaned = text.encode("utf-8", "replace").decode("utf-8")
        cleaned = _CONTROLS.sub(" ", _COLOURS.sub("", cleaned))
        cleaned = self._cut(cleaned, self._spans(cleaned))
        cleaned = self._cut(cleaned, _blocks(cleaned))
        cleaned = self._cut(cleaned, _users(cleaned))
        for look in _LOOKS:
            cleaned = self._cut(cleaned, [match.span() for match in look.finditer(cleaned)])
        cleaned = self._cut(cleaned, [m.span(1) for m in _BEARER.finditer(cleaned) if not _is_word(m[1])])
        return self._cut(cleaned, list(_assigned(cleaned)))

    def lines(self, lines: Iterable[str]) -> list[str]:
        """Return lines without secrets, of which one may stretch over several lines."""
        texts = [line.replace("\n", " ") for line in lines]
        return self.text("\n".join(texts)).split("\n") if texts else []

    def body(self, text: str) -> str:
        """Return the body of an answer without secrets; JSON stays JSON."""
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            return self.text(text)
        return json.dumps(self._leaves(document), ensure_ascii=False)

    def _leaves(self, node: Any) -> Any:
        if isinstance(node, str):
            return self.text(node)
        if isinstance(node, list):
            texts = [item for item in node if isinstance(item, str)]
            # Lines of a log: a secret may stretch over several.
            return self.lines(texts) if texts and len(texts) == len(node) else [self._leaves(item) for item in node]
        if isinstance(node, dict):
            return {self.text(key): self._leaves(value) for key, value in node.items()}
        return node

    def _spans(self, text: str) -> list[tuple[int, int]]:
        found = []
        starts, pieces = self._starts, self._pieces
        for place in range(len(text) - _SHORTEST + 1):
            for secret in starts.get(text[place : place + _SHORTEST], ()):
                if text.startswith(secret, place):
                    found.append((place, place + len(secret)))
                    break
            if pieces and text[place : place + _PIECE] in pieces:
                found.append((place, place + _PIECE))
        return found

    def _cut(self, text: str, spans: Iterable[tuple[int, int]]) -> str:
        """Put the mark in place of the spans, those that overlap being one, and keep the ends of lines inside them."""
        result, done = [], 0
        for start, end in _united(spans):
            result += [text[done:start], self._mark, "\n" * text.count("\n", start, end)]
            done = end
        return "".join([*result, text[done:]])


def _united(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    begin = end = -1
    for start, stop in sorted(spans):
        if start > end:
            if end > begin:
                yield begin, end
            begin, end = start, stop
        else:
            end = max(end, stop)
    if end > begin:
        yield begin, end


def _parts(value: str) -> set[str]:
    """Return what of a value is looked for: itself and its lines, without the blanks around them."""
    text = value.encode("utf-8", "replace").decode("utf-8")
    parts = {text, text.strip(), *(line.strip() for line in re.split(r"[\r\n]+|\\n", text))}
    # Where a log was written in another character set, the letters beyond ASCII are lost.
    parts |= {re.sub(r"[^\x00-\x7f]", "\ufffd", part) for part in parts}
    # Control characters are blanks by the time they are looked for.
    parts |= {_CONTROLS.sub(" ", _COLOURS.sub("", part)) for part in parts}
    return {part for part in parts if len(part.strip()) >= _SHORTEST and not re.fullmatch(r"-----[A-Z ]+-----", part)}


def _looks_random(value: str) -> bool:
    """Tell whether a value is one word of several kinds of letters, of which a piece stands nowhere by chance."""
    if not re.fullmatch(r"[\w+/=.~$!@#%^&*-]+", value) or "://" in value:
        return False
    kinds = sum(bool(re.search(kind, value)) for kind in (r"[a-z]", r"[A-Z]", r"[0-9]"))
    return kinds > 1


def _pieces(secret: str) -> set[str]:
    raw = secret.encode()
    texts = {secret, raw.hex(), raw.hex().upper(), *base64_cores(raw)}
    return {text[place : place + _PIECE] for text in texts for place in range(len(text) - _PIECE + 1)}


def _is_word(value: str) -> bool:
    bare = value.strip(" \t.:!?*-_…\\")
    return not bare or bare.lower() in _WORDS or bare in {REDACTED, _SHORT_MARK, REDACTED.strip("[]")}


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """Yield where private keys stand between their first and last line; a cut one ends with what cannot be of it."""
    done = 0
    for begin in _BLOCK.finditer(text):
        if begin.start() < done:
            continue
        end = _BLOCK_END.search(text, begin.end(), begin.end() + _LONGEST_BLOCK)
        if end is not None:
            done = end.end()
        else:
            rest = _BLOCK_LINES.match(text, begin.end(), begin.end() + _LONGEST_BLOCK)
            done = rest.end() if rest else begin.end()
        yield begin.start(), done


def _users(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the users and passwords of addresses stand."""
    for address in _ADDRESS.finditer(text):
        user, sign, _ = address[1].rpartition("@")
        if sign and _USER.fullmatch(user):
            yield address.start(1), address.start(1) + len(user)


def _assigned(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the values of keys such as ``token`` and ``password`` stand."""
    done = 0
    for word in _KEY.finditer(text):
        if word.start() < done:
            continue
        before = _KEY_BEFORE.search(text, max(0, word.start() - 32), word.start())
        after = _KEY_AFTER.match(text, word.end())
        key_start, key_end = (before or word).start(), after.end() if after else word.end()
        key = text[key_start:key_end]
        sign = _ASSIGNS.match(text, key_end)
        if sign is None and key.startswith("--"):
            sign = _OPTION.match(text, key_end)
        if sign is None or _INNOCENT_KEY.search(key):
            continue
        for start, end in _value_at(text, sign.end(), key.lower()):
            if not _is_word(text[start:end]):
                yield start, end
            done = max(done, end)


def _value_at(text: str, place: int, key: str) -> Iterator[tuple[int, int]]:
    quoted = _QUOTED.match(text, place)
    if quoted is not None:
        scheme = _SCHEME.match(text, quoted.start(2), quoted.end(2))
        yield (scheme.end() if scheme else quoted.start(2)), quoted.end(2)
        return
    if key.endswith("cookie"):
        whole = _REST.match(text, place)
    else:
        scheme = _SCHEME.match(text, place)
        whole = _BARE.match(text, scheme.end() if scheme else place)
    if whole is not None:
        yield whole.span()
