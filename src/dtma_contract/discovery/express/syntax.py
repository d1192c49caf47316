"""JavaScript and TypeScript as trees of nodes, expanded only where they are looked at.

The only importer of tree-sitter. The ``tsx`` dialect of its grammar reads JavaScript too (the one for JavaScript
misreads ``await (0, x_1.fn)(a)``, which stands everywhere in compiled CommonJS). Comments, types and parentheses are
left out.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator
from functools import cache

import tree_sitter
import tree_sitter_typescript

__all__ = ["Node", "SourceFile", "parse", "unescape"]

# What stands around an expression and changes nothing of its value.
_WRAPPERS = {
    "parenthesized_expression",
    "as_expression",
    "satisfies_expression",
    "non_null_expression",
    "instantiation_expression",
}
_LEFT_OUT = {"comment", "html_comment", "type_annotation", "type_arguments", "type_parameters", "hash_bang_line"}


class SourceFile:
    """A parsed file.

    Attributes:
        path: its path in the tree of files.
        content: its bytes.
        root: its program node.
        error_lines: lines at which the grammar could not follow; what stands there may be misread.
    """

    __slots__ = ("_line_starts", "content", "error_lines", "path", "root")

    def __init__(self, path: str, content: bytes, root: tree_sitter.Node) -> None:
        self.path = path
        self.content = content
        self.root = Node(root, self)
        self._line_starts: list[int] = []
        self.error_lines = tuple(_error_lines(root)) if root.has_error else ()

    def line_of(self, offset: int) -> int:
        """Return the line of an offset, counted from 1."""
        if not self._line_starts:
            self._line_starts = [0, *(match.end() for match in re.finditer(rb"\n", self.content))]
        return bisect.bisect_right(self._line_starts, offset)


class Node:
    """One node of a syntax tree; its children are made when they are first asked for.

    Attributes:
        type: as the grammar names it.
        file: the file that it stands in.
        start: offset of its first byte.
        end: offset behind its last byte.
        marks: the unnamed tokens directly below it, such as ``async``, ``static`` or an operator.
    """

    __slots__ = ("_children", "_inner", "_marks", "cache", "end", "file", "start", "type")

    def __init__(self, inner: tree_sitter.Node, file: SourceFile) -> None:
        self.type = inner.type
        self.file = file
        self.start = inner.start_byte
        self.end = inner.end_byte
        self.cache: object = None
        self._inner: tree_sitter.Node | None = inner
        self._children: list[tuple[str | None, Node]] = []
        self._marks: list[str] = []

    @property
    def line(self) -> int:
        """The line on which it begins, counted from 1."""
        return self.file.line_of(self.start)

    @property
    def text(self) -> str:
        """The source text."""
        return self.file.content[self.start : self.end].decode("utf-8", "replace")

    @property
    def kids(self) -> list[Node]:
        """All named children, in order."""
        if self._inner is not None:
            self._expand()
        return [child for _, child in self._children]

    @property
    def marks(self) -> list[str]:
        """The unnamed tokens directly below it."""
        if self._inner is not None:
            self._expand()
        return self._marks

    def get(self, name: str) -> Node | None:
        """Return the child in a field of the grammar, or None."""
        if self._inner is not None:
            self._expand()
        for field, child in self._children:
            if field == name:
                return child
        return None

    def all(self, name: str) -> list[Node]:
        """Return all children in a field of the grammar."""
        if self._inner is not None:
            self._expand()
        return [child for field, child in self._children if field == name]

    def descendants(self) -> Iterator[Node]:
        """Yield the node and everything below it, outermost first."""
        pending = [self]
        while pending:
            node = pending.pop()
            yield node
            pending.extend(reversed(node.kids))

    def _expand(self) -> None:
        assert self._inner is not None
        cursor = self._inner.walk()
        self._inner = None
        if not cursor.goto_first_child():
            return
        while True:
            inner = cursor.node
            assert inner is not None
            if not inner.is_named:
                self._marks.append(inner.type)
            elif inner.type not in _LEFT_OUT:
                self._children.append((cursor.field_name, Node(_unwrapped(inner), self.file)))
            if not cursor.goto_next_sibling():
                return


def parse(path: str, content: bytes) -> SourceFile:
    """Parse a file by the dialect that its name asks for; what cannot be parsed stands in ``error_lines``."""
    typescript = path.endswith((".ts", ".mts", ".cts"))
    # Express and its helpers are written without JSX, so that a cast `<T>x` in a .ts file must not be read as a tag.
    tree = _parser(tsx=not typescript).parse(content)
    return SourceFile(path, content, tree.root_node)


@cache
def _parser(*, tsx: bool) -> tree_sitter.Parser:
    dialect = tree_sitter_typescript.language_tsx() if tsx else tree_sitter_typescript.language_typescript()
    return tree_sitter.Parser(tree_sitter.Language(dialect))


def _unwrapped(inner: tree_sitter.Node) -> tree_sitter.Node:
    while inner.type in _WRAPPERS or inner.type == "type_assertion":
        named = [child for child in inner.named_children if child.type not in _LEFT_OUT]
        if not named:
            return inner
        # A type assertion `<T>x` has its type first, everything else has it behind the expression.
        inner = named[-1] if inner.type == "type_assertion" else named[0]
    return inner


def _error_lines(root: tree_sitter.Node) -> Iterator[int]:
    pending = [root]
    while pending:
        node = pending.pop()
        if node.type == "ERROR" or node.is_missing:
            yield node.start_point[0] + 1
        elif node.has_error:
            pending.extend(reversed(node.children))


_SIMPLE_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": ""}


def unescape(escape: str) -> str:
    """Return what an escape sequence of a string literal stands for (ECMA-262, section 12.9.4)."""
    body = escape[1:]
    if match := re.fullmatch(r"u\{([0-9a-fA-F]+)\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})", body):
        code = int(next(group for group in match.groups() if group), 16)
        return chr(code) if code <= 0x10FFFF else ""  # noqa: PLR2004 - the last code point of Unicode
    return _SIMPLE_ESCAPES.get(body, body)
