"""Calls that look like registrations, found by their syntax alone: what evaluation should have reached."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from dtma_contract.discovery.express.syntax import Node, SourceFile, unescape
from dtma_contract.routes import UNRESOLVED

__all__ = ["CallSite", "call_sites", "may_register"]

_VERB = r"get|post|put|delete|patch|all|head|options|use|route"
_LOOKS_LIKE = re.compile(rb"\.\s*(?:" + _VERB.encode() + rb")\s*(?:<[^>()]*>)?\s*\(\s*(?:\[\s*)?['\"`/]")
_METHODS = {"get", "post", "put", "delete", "patch", "all", "head", "options"}
_RECEIVER = re.compile(
    r"(?:^|[._])(?:app|router|routes?|server|api|express|r|web|http|subapp|application|\w*Router|\w*App|\w*Routes|\w*Api|\w+_router|\w+_app)$"
)
# Handlers are functions or names; the second argument of a client's request is neither.
_HANDLERS = {"arrow_function", "function_expression", "identifier", "member_expression", "call_expression", "array"}
_CLIENTS = re.compile(
    r"(?:^|[._])(?:axios|client|request|supertest|agent|http|https|fetch\w*|got|ky|superagent|nock|mock\w*|cy|page|cache|redis|storage|params|headers|map|config)$",
    re.IGNORECASE,
)
# A bundle is mostly packages: looking at the text first is a hundred times faster than at its syntax.
_LARGE_BYTES = 500
# Modules stand in a bundle under their path.
_MEMBERS = {"pair", "method_definition"}
_OF_PACKAGE = re.compile(rb"['\"][^'\"\n]*node_modules/")


@dataclass(frozen=True, slots=True)
class CallSite:
    """A call that looks like the registration of a route.

    Attributes:
        method: upper case.
        path: as it is written; parts that are no literal text are unresolved.
        line: counted from 1.
        start: offset of the call.
    """

    method: str
    path: str
    line: int
    start: int


def may_register(content: bytes) -> bool:
    """Return whether a file has anything that looks like a registration, told from its bytes."""
    return bool(_LOOKS_LIKE.search(content))


def call_sites(file: SourceFile) -> Iterator[CallSite]:
    """Yield the calls of a file that look like registrations of routes."""
    for node in _worth_reading(file):
        if node.type == "call_expression":
            site = _site(node)
            if site is not None:
                yield site


def _worth_reading(file: SourceFile) -> Iterator[Node]:
    """Yield the nodes of a file, but for those below which there is no such call, and for packages in a bundle."""
    pending = [file.root]
    while pending:
        node = pending.pop()
        if node.end - node.start > _LARGE_BYTES and not _LOOKS_LIKE.search(file.content, node.start, node.end):
            continue
        if node.type in _MEMBERS and _OF_PACKAGE.match(file.content, node.start, node.end):
            continue
        yield node
        pending.extend(reversed(node.kids))


def _site(node: Node) -> CallSite | None:
    callee, arguments = node.get("function"), node.get("arguments")
    if callee is None or arguments is None or callee.type != "member_expression" or arguments.type != "arguments":
        return None
    name, receiver = callee.get("property"), callee.get("object")
    if name is None or receiver is None or name.text not in _METHODS:
        return None
    passed = arguments.kids
    root = _chain_root(receiver)
    chained = receiver.type == "call_expression" and _is_route_call(root)
    path_node = _route_path(root) if chained else passed[0] if passed else None
    path = _literal(path_node) if path_node is not None else None
    if path is None or not path.startswith(("/", "*", UNRESOLVED)) or path.startswith("//"):
        return None
    text = receiver.text if receiver.type in {"identifier", "member_expression", "this"} else ""
    if not chained:
        if len(passed) < 2 or passed[-1].type not in _HANDLERS:  # noqa: PLR2004 - a path and a handler
            return None
        if not text or (not _RECEIVER.search(text) and not _takes_request(passed[-1])) or _is_client(text, passed[-1]):
            return None
    return CallSite(name.text.upper(), path, name.line, node.start)


def _is_client(text: str, handler: Node) -> bool:
    return bool(_CLIENTS.search(text)) and not _takes_request(handler)


def _takes_request(handler: Node) -> bool:
    if handler.type not in {"arrow_function", "function_expression"}:
        return False
    parameters = handler.get("parameters")
    return (
        parameters is not None
        and len(parameters.kids) >= 2  # noqa: PLR2004 - a request and a response
        and bool(re.match(r"_?re[qs]|request|_", parameters.kids[0].text))
    )


def _chain_root(node: Node) -> Node:
    while node.type == "call_expression":
        callee = node.get("function")
        holder = callee.get("object") if callee is not None and callee.type == "member_expression" else None
        if holder is None or holder.type != "call_expression":
            return node
        node = holder
    return node


def _is_route_call(node: Node) -> bool:
    callee = node.get("function")
    name = callee.get("property") if callee is not None and callee.type == "member_expression" else None
    return name is not None and name.text == "route"


def _route_path(node: Node) -> Node | None:
    arguments = node.get("arguments")
    return arguments.kids[0] if arguments is not None and arguments.kids else None


def _literal(node: Node) -> str | None:
    if node.type == "string":
        return "".join(unescape(kid.text) if kid.type == "escape_sequence" else kid.text for kid in node.kids)
    if node.type == "template_string":
        return "".join(UNRESOLVED if kid.type == "template_substitution" else kid.text for kid in node.kids)
    return None
