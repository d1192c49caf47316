"""What operators and the methods of texts, records and lists do to values. Pure."""

from __future__ import annotations

import re

from dtma_contract.discovery.consumer.values import (
    NOTHING,
    Arguments,
    Choice,
    FunctionValue,
    Hole,
    Items,
    Native,
    Plain,
    Text,
    Thing,
    Value,
    choose,
    hole,
    join_texts,
    lift,
    names_of,
    new_choice,
    text,
    to_text,
)

__all__ = [
    "LIST_METHODS",
    "apply_operator",
    "entries_of",
    "format_text",
    "method_of",
    "read_field",
    "spread_into",
    "truth",
]

# Methods that leave a text as it is, as far as its place in a URL goes.
_SAME_TEXT = {
    "toString", "trim", "valueOf", "strip", "toLowerCase", "lower", "toUpperCase", "upper", "encode", "decode",
    "normalize", "trimEnd", "trimStart", "title", "casefold", "unwrap", "as_posix", "asString", "get_secret_value",
    "unicode_string", "human_repr", "format_map", "then", "catch", "finally", "json", "isoformat",
}  # fmt: skip
# Methods that call a function with each item.
LIST_METHODS = {"map", "forEach", "filter", "flatMap", "some", "every", "find", "reduce", "sort"}
# A list with more items is not gone through one by one.
MAX_ITEMS = 40


def truth(value: Value) -> bool | None:
    """Return whether a condition holds, or None where that is not known."""
    match value:
        case Plain(known):
            return bool(known)
        case Text(parts) if all(isinstance(part, str) for part in parts):
            return bool(parts)
        case Thing() | Items() | FunctionValue() | Native():
            return True
        case _:
            return None


def apply_operator(operator: str, left: Value, right: Value) -> Value:
    """Return the value of a binary operation.

    Args:
        operator: as the callers' syntax spells it.
        left: the value before it.
        right: the value behind it.
    """
    match operator:
        case "+":
            return _add(left, right)
        case "%" if not isinstance(left, Hole):
            return lift(_percent, left, right)
        case "/":
            # pathlib and yarl: `base / "tools"`
            return join_texts(left, text("/"), right)
        case "|" if isinstance(left, Thing) and isinstance(right, Thing):
            return Thing({**left.fields, **right.fields}, left.open or right.open)
        case "==" | "!=":
            return lift(lambda one, other: _equal(one, other, wanted=operator == "=="), left, right)
        case _:
            return Hole()


def _add(left: Value, right: Value) -> Value:
    if isinstance(left, Items) and isinstance(right, Items):
        return Items([*left.items, *right.items], left.open or right.open)
    return join_texts(left, right)


def _equal(left: Value, right: Value, *, wanted: bool) -> Value:
    if isinstance(left, Text) and isinstance(right, Text) and left.constant is not None and right.constant is not None:
        return Plain((left.constant == right.constant) is wanted)
    if isinstance(left, Plain) and isinstance(right, Plain):
        return Plain((left.value == right.value) is wanted)
    return Hole()


def _percent(left: Value, right: Value) -> Value:
    if not isinstance(left, Text):
        return Hole()
    given = list(right.items) if isinstance(right, Items) else [right]
    pieces: list[Value] = []
    for part in left.parts:
        if isinstance(part, Hole):
            pieces.append(part)
            continue
        position = 0
        for match in re.finditer(r"%(?:\((\w+)\))?[-#0 +]*\d*(?:\.\d+)?([sdrif%])", part):
            pieces.append(text(part[position : match.start()]))
            position = match.end()
            if match[2] == "%":
                pieces.append(text("%"))
            elif match[1]:
                pieces.append(read_field(right, match[1]))
            else:
                pieces.append(given.pop(0) if given else Hole())
        pieces.append(text(part[position:]))
    return join_texts(*pieces)


def format_text(value: Value, arguments: Arguments) -> Value:
    """Return the value of Python's `str.format`."""
    if not isinstance(value, Text):
        return hole(*names_of(value))
    pieces: list[Value] = []
    automatic = iter(range(100))
    for part in value.parts:
        if isinstance(part, Hole):
            pieces.append(part)
            continue
        position = 0
        for match in re.finditer(r"\{\{|\}\}|\{([\w.\[\]]*)(?:![rsa])?(?::[^{}]*)?\}", part):
            pieces.append(text(part[position : match.start()]))
            position = match.end()
            if match[0] in {"{{", "}}"}:
                pieces.append(text(match[0][0]))
                continue
            name, _, rest = (match[1] or "").partition(".")
            found = (
                arguments.get(int(name or next(automatic)))
                if not name or name.isdigit()
                else arguments.keywords.get(name, hole(name))
            )
            pieces.append(read_field(found, rest) if rest else found)
        pieces.append(text(part[position:]))
    return join_texts(*pieces)


def read_field(value: Value, key: str) -> Value:  # noqa: PLR0911 - one case for each kind
    """Return what a record, list or unknown value holds under a key.

    Args:
        value: the owner.
        key: name or index.
    """
    match value:
        case Choice():
            return lift(lambda one: read_field(one, key), value)
        case Thing(fields, left_open):
            if key in fields:
                return fields[key]
            return hole(*(f"{name}.{key}" for name in left_open.names), key) if left_open else NOTHING
        case Items(items, left_open):
            if key == "length":
                return Hole(("length",))
            index = int(key) if key.lstrip("-").isdigit() else None
            if index is not None and not left_open:
                return items[index] if -len(items) <= index < len(items) else NOTHING
            return new_choice(items) if items and not left_open else Hole()
        case Hole(names):
            return hole(*(f"{name}.{key}" for name in names[:4])) if names else hole(key)
        case Text(parts) if len(parts) == 1 and isinstance(parts[0], Hole):
            return read_field(parts[0], key)
        case Plain(None):
            return hole(key)
        case _:
            return hole(key)


def spread_into(made: Thing, value: Value) -> None:
    """Add the fields of a record that is spread into another one.

    Args:
        made: the record that is made.
        value: what is spread.
    """
    match value:
        case Thing(fields, left_open):
            made.fields.update(fields)
            made.open = made.open or left_open
        case Plain():
            return
        case Choice(number, options):
            things = [option if isinstance(option, Thing) else Thing({}) for option in options]
            for key in {key for thing in things for key in thing.fields}:
                before = made.fields.get(key, NOTHING)
                made.fields[key] = choose(number, [thing.fields.get(key, before) for thing in things])
            made.open = made.open or next((one for one in options if isinstance(one, Hole)), None)
        case _:
            # What is spread may set any field: those already there are no longer sure, but still the best known.
            made.open = hole(*names_of(value))


def entries_of(value: Value) -> list[tuple[Value, Value]] | None:
    """Return the keys and values of a record or list, or None where not all are known."""
    match value:
        case Thing(fields, None) if len(fields) <= MAX_ITEMS:
            return [(text(key), one) for key, one in fields.items()]
        case Items(items, None) if len(items) <= MAX_ITEMS:
            return [(text(index), one) for index, one in enumerate(items)]
        case _:
            return None


def method_of(value: Value, name: str, arguments: Arguments) -> Value | None:  # noqa: PLR0911 - one return for each kind
    """Return what a method of a text, record or list gives, or None where it is none of those known.

    Args:
        value: the owner.
        name: the method.
        arguments: what it is called with.
    """
    if isinstance(value, Choice):
        return lift(lambda one: _or_hole(method_of(one, name, arguments), one, name), value)
    if isinstance(value, Text):
        return lift(
            lambda *given: _text_method(value, name, Arguments([*given], arguments.keywords)), *arguments.values
        )
    if isinstance(value, Hole) and name in _SAME_TEXT and not arguments.values:
        return value
    if isinstance(value, Hole) and name in {
        "replace",
        "replaceAll",
        "removesuffix",
        "removeprefix",
        "rstrip",
        "lstrip",
    }:
        return value
    if isinstance(value, Hole) and name in {"concat", "joinpath"}:
        return lift(lambda *given: _text_method(Text((value,)), name, Arguments([*given])), *arguments.values)
    if isinstance(value, Items):
        return _list_method(value, name, arguments)
    if isinstance(value, Thing):
        return _record_method(value, name, arguments)
    return None


def _or_hole(found: Value | None, owner: Value, name: str) -> Value:
    return found if found is not None else hole(*(f"{one}.{name}()" for one in names_of(owner)))


def _text_method(value: Text, name: str, arguments: Arguments) -> Value:  # noqa: C901, PLR0911, PLR0912 - one case each
    given = arguments.values
    known = value.constant
    match name:
        case "toUpperCase" | "upper" if known is not None:
            return text(known.upper())
        case "toLowerCase" | "lower" if known is not None:
            return text(known.lower())
        case "concat":
            return join_texts(value, *given)
        case "joinpath" | "with_path":
            return join_texts(value, *(one for each in given for one in (text("/"), each)))
        case "format":
            return format_text(value, arguments)
        case "replace" | "replaceAll" if len(given) > 1:
            return _replaced(value, given[0], given[1], every=name == "replaceAll")
        case "rstrip" | "removesuffix":
            return _without_end(value, _letters(given, " "), whole=name == "removesuffix")
        case "lstrip" | "removeprefix":
            return _without_start(value, _letters(given, " "), whole=name == "removeprefix")
        case "join" if known is not None:
            items = given[0] if given else NOTHING
            return _joined(items, value)
        case "slice" | "substring" if known is not None and len(given) == 1:
            start = given[0].constant if isinstance(given[0], Text) else None
            return text(known[int(start) :]) if start and start.isdigit() else Hole()
        case "startsWith" | "startswith" | "endsWith" | "endswith" | "includes":
            return _tested(value, name.lower(), given)
        case "split":
            return Items([], Hole())
        case _ if name in _SAME_TEXT:
            return value
        case _:
            return hole(*names_of(value))


def _letters(given: list[Value], otherwise: str) -> str:
    first = given[0] if given else NOTHING
    return (first.constant or otherwise) if isinstance(first, Text) else otherwise


def _tested(value: Text, name: str, given: list[Value]) -> Value:
    wanted = _letters(given, "")
    if value.constant is not None and wanted:
        tests = {"startswith": value.constant.startswith, "endswith": value.constant.endswith}
        return Plain(tests[name](wanted) if name in tests else wanted in value.constant)
    if name == "startswith" and wanted and len(value.start) >= len(wanted):
        return Plain(value.start.startswith(wanted))
    return Hole()


def _without_end(value: Text, letters: str, *, whole: bool) -> Value:
    if not value.parts or not isinstance(value.parts[-1], str):
        return value
    last = value.parts[-1]
    cut = last.removesuffix(letters) if whole else last.rstrip(letters)
    return Text((*value.parts[:-1], *([cut] if cut else [])))


def _without_start(value: Text, letters: str, *, whole: bool) -> Value:
    if not value.start:
        return value
    cut = value.start.removeprefix(letters) if whole else value.start.lstrip(letters)
    return Text((*([cut] if cut else []), *value.parts[1:]))


def _replaced(value: Text, old: Value, new: Value, *, every: bool) -> Value:
    """Return the text with a piece replaced, where the piece is written in it; else the text as it is."""
    if isinstance(old, Native) and old.kind == "pattern":
        return _pattern_replaced(value, old, new)
    wanted = old.constant if isinstance(old, Text) else None
    if not wanted:
        return value
    pieces: list[Value] = []
    done = False
    for part in value.parts:
        if isinstance(part, Hole) or wanted not in part or (done and not every):
            pieces.append(part if isinstance(part, Hole) else text(part))
            continue
        found = part.split(wanted) if every else part.split(wanted, 1)
        done = True
        for index, piece in enumerate(found):
            pieces.extend([new] if index else [])
            pieces.append(text(piece))
    return join_texts(*pieces)


def _pattern_replaced(value: Text, old: Native, new: Value) -> Value:
    source = old.data["source"]
    written = source.constant if isinstance(source, Text) else None
    # Slashes at an end that are taken away: `base.replace(/\\/+$/, '')`.
    if written in {r"\/+$", r"\/$", r"\/*$", "/+$", "/$"}:
        return _without_end(value, "/", whole=False)
    if written in {r"^\/+", r"^\/", r"^\/*", "^/+", "^/"}:
        return _without_start(value, "/", whole=False)
    plain = re.fullmatch(r"(?:\\?[:{}/\[\]<>$]|[\w-])+", written or "")
    if written and plain:
        return _replaced(value, text(re.sub(r"\\(.)", r"\1", written)), new, every=True)
    # `:name` and `{name}` in general: each becomes what it is replaced by, here a parameter of that name.
    if written and re.search(r"\\w|\[\^", written) and written.lstrip("\\/")[:1] in {":", "{"}:
        return _filled(value, r":(\w+)" if written.lstrip("\\/")[0] == ":" else r"\{(\w+)\}")
    return value


def _filled(value: Text, pattern: str) -> Value:
    pieces: list[Value] = []
    for part in value.parts:
        if isinstance(part, Hole):
            pieces.append(part)
            continue
        for index, piece in enumerate(re.split(pattern, part)):
            pieces.append(hole(piece) if index % 2 else text(piece))
    return join_texts(*pieces)


def _joined(items: Value, between: Value) -> Value:
    if not isinstance(items, Items) or items.open:
        return Hole()
    pieces: list[Value] = []
    for index, item in enumerate(items.items):
        pieces.extend([between] if index else [])
        pieces.append(to_text(item))
    return join_texts(*pieces)


def _list_method(value: Items, name: str, arguments: Arguments) -> Value | None:  # noqa: PLR0911 - one case for each kind
    match name:
        case "join":
            return _joined(value, arguments.get(0) if arguments.values else text(","))
        case "filter" | "slice" | "flat" | "sort" | "reverse":
            return value
        case "concat":
            more = [one for each in arguments.values for one in (each.items if isinstance(each, Items) else [each])]
            return Items([*value.items, *more], value.open)
        case "push" | "append":
            value.items.extend(arguments.values)
            return NOTHING
        case "entries":
            return Items([Items([text(index), one]) for index, one in enumerate(value.items)], value.open)
        case "at":
            return read_field(value, _letters(arguments.values, "0"))
        case _:
            return None


def _record_method(value: Thing, name: str, arguments: Arguments) -> Value | None:  # noqa: C901, PLR0911 - one case for each kind
    if name in value.fields or value.type:
        return None
    match name:
        case "get" | "pop":
            key = arguments.get(0)
            found = read_field(value, key.constant) if isinstance(key, Text) and key.constant else _any_of(value)
            return arguments.get(1) if found == NOTHING else found
        case "items":
            return Items([Items([text(key), one]) for key, one in value.fields.items()], value.open)
        case "keys":
            return Items([text(key) for key in value.fields], value.open)
        case "values":
            return Items(list(value.fields.values()), value.open)
        case "update":
            for one in arguments.values:
                if isinstance(one, Thing):
                    value.fields.update(one.fields)
            value.fields.update(arguments.keywords)
            return NOTHING
        case "set" | "append":
            key = arguments.get(0)
            if isinstance(key, Text) and key.constant:
                value.fields[key.constant] = arguments.get(1)
            return value
        case "copy":
            return Thing(dict(value.fields), value.open)
        case _:
            return None


def _any_of(value: Thing) -> Value:
    """Return any of the values of a record that is read by a key which is not known."""
    found = list(value.fields.values())
    return new_choice(found) if found and not value.open else Hole()
