"""How a base and a path become one URL. Pure."""

from __future__ import annotations

import re

from dtma_contract.discovery.consumer.addresses import words
from dtma_contract.discovery.consumer.values import NOTHING, Hole, Items, Text, Value, join_texts, lift, text, to_text

__all__ = ["combine", "join_segments", "resolve_url"]

_ABSOLUTE = re.compile(r"^(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
# A variable whose name ends so holds a whole URL, or the beginning of one.
_BASES = {"url", "base", "host", "endpoint", "uri", "origin", "server", "address", "prefix", "root"}


def combine(base: Value, url: Value) -> Value:
    """Return the URL that a client with a base sends to: the path stands behind the base, an absolute URL for itself.

    Args:
        base: the client's base, or nothing.
        url: what the call names.
    """
    if base == NOTHING:
        return url
    return lift(_combined, to_text(base), to_text(url))


def _combined(base: Value, url: Value) -> Value:
    if not isinstance(base, Text) or not isinstance(url, Text) or not base.parts:
        return url
    if _ABSOLUTE.match(url.start) or _is_base(url):
        return url
    if not url.parts:
        return base
    if isinstance(url.parts[0], Hole) and not (len(url.parts) > 1 and str(url.parts[1]).startswith("/")):
        return join_texts(_without_slash(base), url)
    return join_texts(_without_slash(base), text("/"), _without_first_slash(url))


def _is_base(url: Text) -> bool:
    first = url.parts[0] if url.parts else ""
    if not isinstance(first, Hole) or not first.names or len(url.parts) < 2:  # noqa: PLR2004 - the hole and what follows
        return False
    last = words(first.names[0].replace("()", ""))
    return bool(last) and last[-1] in _BASES


def resolve_url(base: Value, url: Value) -> Value:
    """Return the URL that a reference resolves to, as `new URL(url, base)` and Python's `urljoin` do.

    Args:
        base: the base, or nothing.
        url: an absolute URL, a path from the root, or a path from the base's folder.
    """
    if base == NOTHING:
        return url
    return lift(_resolved, to_text(base), to_text(url))


def _resolved(base: Value, url: Value) -> Value:
    if not isinstance(base, Text) or not isinstance(url, Text):
        return url
    if _ABSOLUTE.match(url.start) or _is_base(url) or not base.parts:
        return url
    if url.start.startswith("/"):
        return join_texts(_origin(base), url)
    if url.parts and isinstance(url.parts[0], Hole):
        fills = len(url.parts) > 1 and str(url.parts[1]).startswith("/")
        return join_texts(_origin(base), text("/") if fills else text(""), url)
    return join_texts(_folder(base), text("/"), url)


def _origin(base: Text) -> Text:
    """Return the base without its path."""
    kept: list[str | Hole] = []
    after_scheme = False
    for index, part in enumerate(base.parts):
        if isinstance(part, Hole):
            kept.append(part)
            continue
        scheme = _ABSOLUTE.match(part) if not index else None
        start = scheme.end() if scheme else 3 if part.startswith("://") and not after_scheme else 0
        slash = part.find("/", start)
        if slash >= 0:
            kept.extend([part[:slash]] if part[:slash] else [])
            break
        kept.append(part)
        after_scheme = True
    return Text(tuple(kept))


def _folder(base: Text) -> Text:
    """Return the base without what follows the last slash of its path."""
    origin = _origin(base)
    if origin == base or not isinstance(base.parts[-1], str) or "/" not in base.parts[-1]:
        return origin if origin == base else base
    last = base.parts[-1].rpartition("/")[0]
    return Text((*base.parts[:-1], *([last] if last else [])))


def _without_slash(base: Text) -> Text:
    if isinstance(base.parts[-1], str):
        cut = base.parts[-1].rstrip("/")
        return Text((*base.parts[:-1], *([cut] if cut else [])))
    return base


def _without_first_slash(url: Text) -> Text:
    if url.start:
        cut = url.start.lstrip("/")
        return Text((*([cut] if cut else []), *url.parts[1:]))
    return url


def join_segments(values: list[Value]) -> Value:
    """Return segments with one slash between each two, as `path.posix.join` does, a scheme's slashes left alone."""

    def joined(*pieces: Value) -> Value:
        found: list[Value] = []
        for piece in pieces:
            if not isinstance(piece, Text) or not piece.parts:
                continue
            if found:
                found[-1] = _without_slash(found[-1]) if isinstance(found[-1], Text) and found[-1].parts else found[-1]
                found.extend([text("/"), _without_first_slash(piece)])
            else:
                found.append(piece)
        return join_texts(*found)

    flat = [one for value in values for one in (value.items if isinstance(value, Items) else [value])]
    return lift(joined, *(to_text(value) for value in flat))
