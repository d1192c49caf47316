"""What a request body can make an agent do, whatever parser reads it. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from dtma_contract.fence.decisions import FenceRequest, header_values

__all__ = ["AmbiguousBodyError", "json_objects", "strings_of"]

# Unmarked text is read as JSON by enough servers to be judged as JSON.
_READ_AS_JSON: Final = {"application/json", "text/json", "text/plain", "application/octet-stream"}
_HARMLESS_CHARSETS: Final = {"utf-8", "utf8", "us-ascii", "ascii"}


class AmbiguousBodyError(ValueError):
    """Two parsers could read the body differently, and one of the readings might do harm."""


def json_objects(request: FenceRequest, fields: Collection[str]) -> tuple[Mapping[str, Any], ...]:
    """Return every JSON object that a server might find in the body, keys in lower case (some decoders fold case).

    Args:
        request: the request.
        fields: lower-case names of the fields that can have an effect; a malformed body that has none of them,
            or never closes an object, is harmless.

    Returns:
        No object where every parser refuses the body or finds something else in it.

    Raises:
        AmbiguousBodyError: the readings cannot be told.
    """
    body = request.body
    if not body.strip():
        return ()
    _check_media_type(request)
    if b"\x00" in body or body.startswith((b"\xff\xfe", b"\xfe\xff")):
        # In UTF-16 and UTF-32 too an object ends with this byte.
        if b"}" not in body:
            return ()
        raise AmbiguousBodyError("the body may be read in another encoding than UTF-8")
    texts = {body.decode("utf-8", errors) for errors in ("replace", "ignore")}
    objects = []
    for text in sorted(texts):
        value = _decode(text.removeprefix("\ufeff"), fields)
        if isinstance(value, Mapping):
            objects.append(value)
    return tuple(objects)


def strings_of(value: Any) -> Iterator[str]:
    """Yield every string inside a decoded value; keys of objects do not count."""
    waiting = [value]
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            yield node
        elif isinstance(node, Mapping):
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def _check_media_type(request: FenceRequest) -> None:
    if any(value.lower() not in {"", "identity"} for value in header_values(request, "content-encoding")):
        raise AmbiguousBodyError("the body has a content coding, so that it cannot be judged")
    declared = header_values(request, "content-type")
    if len(declared) > 1:
        raise AmbiguousBodyError("there is more than one Content-Type")
    if not declared or not declared[0]:
        return
    media_type, _, parameters = declared[0].lower().partition(";")
    media_type = media_type.strip()
    if media_type not in _READ_AS_JSON and not re.fullmatch(r"[a-z]+/[a-z0-9.-]+\+json", media_type):
        raise AmbiguousBodyError(f'a body of the media type "{media_type[:80]}" cannot be judged')
    for charset in re.findall(r"charset\s*=\s*[\"']?([^\"';,\s]*)", parameters):
        if charset not in _HARMLESS_CHARSETS:
            raise AmbiguousBodyError(f'a body of the character set "{charset[:80]}" cannot be judged')


def _decode(text: str, fields: Collection[str]) -> Any:
    try:
        # NaN and Infinity are accepted, as some decoders do; numbers are not converted, so that none is too long.
        return json.loads(text, object_pairs_hook=_object, parse_int=lambda _: 0, parse_float=lambda _: 0.0)
    except RecursionError:
        raise AmbiguousBodyError("the body is nested too deeply") from None
    except json.JSONDecodeError:
        pass
    # Lenient parsers accept comments, single quotes, trailing commas or text after the value, but all of them need
    # the closing brace, and all of them need to find a field.
    folded = text.casefold()
    if "}" in text and ("\\u" in folded or "\\x" in folded or any(field in folded for field in fields)):
        raise AmbiguousBodyError("the body is not JSON, but a lenient parser may find an object in it")
    return None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for key, value in pairs:
        folded = key.casefold()
        if folded in members:
            raise AmbiguousBodyError(f'the key "{key[:80]}" stands twice in one object')
        if folded == "__proto__":
            raise AmbiguousBodyError('the key "__proto__" changes other objects in some parsers')
        members[folded] = value
    return members
