"""The syntax that callers' programs are read as, whichever language they are written in. Pure.

JavaScript, TypeScript and Python differ in their words, not in how they put a URL together and send it: one evaluator
reads both through these few nodes. What has no meaning for a request is kept only as far as its parts have one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = [
    "Argument",
    "Assignment",
    "Block",
    "Call",
    "Class",
    "ClassMember",
    "Conditional",
    "Declare",
    "Entry",
    "Evaluate",
    "ExportAll",
    "ExportName",
    "Expression",
    "Function",
    "If",
    "Import",
    "Index",
    "Leave",
    "Literal",
    "Loop",
    "Member",
    "Name",
    "NamePattern",
    "Operation",
    "Parameter",
    "Parts",
    "Pattern",
    "Program",
    "Record",
    "RecordPattern",
    "Return",
    "Sequence",
    "SequencePattern",
    "Statement",
    "Switch",
    "TargetPattern",
    "Template",
    "Try",
]


@dataclass(frozen=True, slots=True, eq=False)
class Literal:
    """A text, number, truth value or nothing."""

    value: str | float | bool | None


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """Texts and expressions in a row: a template string, an f-string."""

    parts: tuple[str | Expression, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Name:
    """A variable, ``this`` and ``super`` included."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """``owner.name``."""

    owner: Expression
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """``owner[key]``."""

    owner: Expression
    key: Expression


@dataclass(frozen=True, slots=True, eq=False)
class Argument:
    """One argument of a call or item of a sequence; ``keyword`` is Python's, ``**`` for a spread record."""

    value: Expression
    keyword: str = ""
    spread: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A call, or a construction; the line is that of the callee's last name."""

    callee: Expression
    arguments: tuple[Argument, ...]
    line: int
    new: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """A binary operation; ``&&``, ``||``, ``??`` and ``==`` are spelt so in either language."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True, eq=False)
class Conditional:
    """``test ? then : otherwise``."""

    test: Expression
    then: Expression
    otherwise: Expression


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One entry of a record; without a key it is a spread."""

    key: Expression | None
    value: Expression


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """An object or a dictionary."""

    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Sequence:
    """An array, list, tuple or set."""

    items: tuple[Argument, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Expressions that are evaluated for what they do; the value is that of the last one if ``last``."""

    items: tuple[Expression, ...]
    last: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Assignment:
    """An assignment; the operator is empty, or the one before the ``=``."""

    target: Pattern
    operator: str
    value: Expression


@dataclass(frozen=True, slots=True, eq=False)
class Parameter:
    """A parameter; ``field`` is TypeScript's parameter property, ``rest`` is ``*`` or ``**`` for what is left."""

    pattern: Pattern
    default: Expression | None = None
    annotation: str = ""
    rest: str = ""
    field: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A function; its body is read when it is first called."""

    name: str
    parameters: tuple[Parameter, ...]
    body: Callable[[], tuple[Statement, ...]]
    line: int
    arrow: bool = False
    explicit_self: bool = False
    returns: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class ClassMember:
    """A method, getter or field of a class."""

    name: str
    value: Expression | None
    kind: str  # method, getter, field
    static: bool = False
    annotation: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Class:
    """A class; an enumeration is one whose fields are static."""

    name: str
    bases: tuple[Expression, ...]
    members: tuple[ClassMember, ...]
    line: int


@dataclass(frozen=True, slots=True, eq=False)
class NamePattern:
    """A name that is bound."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class RecordPattern:
    """``{key: pattern = default, ...rest}``."""

    entries: tuple[tuple[str, Pattern, Expression | None], ...]
    rest: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class SequencePattern:
    """``[pattern = default, , ...rest]``."""

    items: tuple[tuple[Pattern, Expression | None] | None, ...]
    rest: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class TargetPattern:
    """A member or an index that is assigned to."""

    target: Expression


@dataclass(frozen=True, slots=True, eq=False)
class Evaluate:
    """An expression as a statement."""

    value: Expression


@dataclass(frozen=True, slots=True, eq=False)
class Declare:
    """A declaration; Python's assignments are declarations in their function."""

    pattern: Pattern
    value: Expression | None
    annotation: str = ""
    whole_function: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Statements with names of their own, or (``scoped`` is false) without."""

    body: tuple[Statement, ...]
    scoped: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class If:
    """Either, or."""

    test: Expression
    then: tuple[Statement, ...]
    otherwise: tuple[Statement, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Loop:
    """A loop; ``over`` is None where it runs by a condition, ``keys`` where it runs over the keys."""

    pattern: Pattern | None
    over: Expression | None
    body: tuple[Statement, ...]
    keys: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Try:
    """What is tried, what is done when it fails, what is done last."""

    body: tuple[Statement, ...]
    handlers: tuple[tuple[Statement, ...], ...]
    final: tuple[Statement, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Switch:
    """A choice among cases; a case without tests is the default."""

    subject: Expression
    cases: tuple[tuple[Expression | None, tuple[Statement, ...]], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Return:
    """The end of a function with a value."""

    value: Expression | None


@dataclass(frozen=True, slots=True, eq=False)
class Leave:
    """The end of the path through a block: throw, break, continue; a break of a switch ends only its case."""

    kind: str
    value: Expression | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Import:
    """Names from another module: imported name (``*`` for all of it, ``default``) and local name."""

    module: str
    names: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, eq=False)
class ExportName:
    """A local value under an exported name."""

    value: Expression
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class ExportAll:
    """All or some names of another module, passed on."""

    module: str
    names: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A file's statements.

    Attributes:
        body: the statements.
        python: whether top-level names are all visible from outside.
        errors: lines on which the syntax could not be read.
    """

    body: tuple[Statement, ...]
    python: bool
    errors: tuple[int, ...] = ()


Expression = (
    Literal
    | Template
    | Name
    | Member
    | Index
    | Call
    | Operation
    | Conditional
    | Record
    | Sequence
    | Parts
    | Assignment
    | Function
    | Class
)
Pattern = NamePattern | RecordPattern | SequencePattern | TargetPattern
Statement = Evaluate | Declare | Block | If | Loop | Try | Switch | Return | Leave | Import | ExportName | ExportAll
