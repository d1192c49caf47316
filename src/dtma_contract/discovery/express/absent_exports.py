"""Whether a value is surely ``undefined``: it is taken from a module of CommonJS that exports no such name."""

from __future__ import annotations

from collections.abc import Iterator

from dtma_contract.discovery.express.machine import Machine
from dtma_contract.discovery.express.registrations import OpaqueLayer, RouterValue
from dtma_contract.discovery.express.syntax import Node
from dtma_contract.discovery.express.values import ArrayValue, MapValue, NativeFunction, ObjectValue
from dtma_contract.routes import Location

__all__ = ["absent_export"]

# What apps, routers and functions have besides the methods of HTTP (Express 4 and 5, Node.js events.EventEmitter).
_MEMBERS = frozenset({
    "_params", "_router", "addListener", "all", "apply", "bind", "cache", "call", "caseSensitive", "constructor",
    "default", "defaultConfiguration", "del", "delete", "disable", "disabled", "emit", "enable", "enabled",
    "engine", "engines", "get", "handle", "head", "init", "lazyrouter", "length", "listen", "listeners", "locals",
    "mergeParams", "mountpath", "name", "off", "on", "once", "options", "param", "params", "parent", "patch",
    "path", "post", "prependListener", "process_params", "prototype", "put", "removeAllListeners", "removeListener",
    "render", "request", "response", "route", "router", "set", "settings", "stack", "strict", "toString", "use",
})  # fmt: skip
_DECLARATIONS = {"lexical_declaration", "variable_declaration"}


def absent_export(machine: Machine, written: Node | None) -> tuple[Location, str] | None:
    """Return where what is written here is imported and why it is ``undefined``, or None where that is not sure.

    Args:
        machine: the evaluation.
        written: a name or a member, as it is handed to Express.
    """
    if written is None:
        return None
    for specifier, name, place in _sources(written):
        found = machine.exports_of(written.file.path, specifier)
        if found is not None and _lacks(found[1], name):
            return machine.location(place), f"`{name}` is required from {specifier}, which exports no such name"
    return None


def _sources(written: Node) -> Iterator[tuple[str, str, Node]]:
    """Yield the module and the name that an expression is taken from, and where the file declares it."""
    holder, member = written.get("object"), written.get("property")
    if written.type == "member_expression" and holder is not None and member is not None:
        wanted = holder
    else:
        wanted, member = written, None
    if wanted.type != "identifier":
        return
    for declarator in _declarators(written.file.root):
        name, value = declarator.get("name"), declarator.get("value")
        if name is None or value is None:
            continue
        specifier, taken = _required(value)
        if specifier and name.type == "identifier" and name.text == wanted.text:
            if member is not None and not taken:
                yield specifier, member.text, written
            elif member is None and taken:
                yield specifier, taken, declarator
        elif specifier and not taken and member is None and name.type == "object_pattern":
            yield from ((specifier, key, part) for key, local, part in _taken(name) if local == wanted.text)


def _declarators(root: Node) -> Iterator[Node]:
    for statement in root.kids:
        if statement.type in _DECLARATIONS:
            yield from (kid for kid in statement.kids if kid.type == "variable_declarator")


def _required(value: Node) -> tuple[str, str]:
    """Return the specifier of ``require('x')`` or ``require('x').name``, and that name."""
    taken = ""
    if value.type == "member_expression":
        holder, member = value.get("object"), value.get("property")
        if holder is None or member is None:
            return "", ""
        value, taken = holder, member.text
    callee, arguments = value.get("function"), value.get("arguments")
    if value.type != "call_expression" or callee is None or callee.text != "require" or arguments is None:
        return "", ""
    passed = arguments.kids
    return (passed[0].text[1:-1], taken) if len(passed) == 1 and passed[0].type == "string" else ("", "")


def _taken(pattern: Node) -> Iterator[tuple[str, str, Node]]:
    for part in pattern.kids:
        key, local = part.get("key"), part.get("value")
        if part.type == "shorthand_property_identifier_pattern":
            yield part.text, part.text, part
        elif part.type == "pair_pattern" and key is not None and local is not None and local.type == "identifier":
            yield key.text.strip("'\""), local.text, part


def _lacks(exports: object, name: str) -> bool:
    if not isinstance(exports, ObjectValue) or isinstance(exports, ArrayValue | MapValue | NativeFunction):
        return False
    if exports.may_have_more or exports.rest or exports.find(name) is not None or name in _MEMBERS:
        return False
    return not (isinstance(exports, RouterValue) and any(isinstance(item, OpaqueLayer) for item in exports.items))
