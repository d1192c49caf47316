"""``dtma-contract explain``: what does a clause ask, and why?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape

from dtma_contract.errors import UsageError, closest

if TYPE_CHECKING:  # these pull in the whole engine, which --help has no use for
    from dtma_contract.contract import Contract
    from dtma_contract.diagnosis.causes import Cause
    from dtma_contract.drift.kinds import Kind
    from dtma_contract.verdict import Clause

__all__ = ["explain"]

# What stands between the words of an id.
_PARTS = re.compile("[./-]")

_EXAMPLES = (
    "Give a clause such as core.tools.start/mounted, an operation or profile such as core.tools.start, "
    "a kind of drift finding such as stale-image, a cause such as state-lost"
)


@click.command(short_help="What does a clause ask, and why?")
@click.argument("clauses", nargs=-1, metavar="[CLAUSE…]")
@click.option("--list", "listing", is_flag=True, help="List ids only, one a line; kinds and causes come last.")
def explain(*, clauses: Sequence[str], listing: bool) -> None:
    """Explain clauses, kinds of drift finding, and causes: what is required or wrong, why it matters, what to do.

    \b
    Examples:
      dtma-contract explain core.tools.start/mounted
      dtma-contract explain core.tools.start
      dtma-contract explain stale-image
      dtma-contract explain proxy-path-rewrite
      dtma-contract explain --list
    """  # noqa: D301 - click keeps the lines below this very character as they are
    from dtma_contract.clauses import select  # noqa: PLC0415 - slow to import, and --help is not
    from dtma_contract.diagnosis.causes import CAUSES  # noqa: PLC0415 - as above
    from dtma_contract.drift.kinds import KINDS  # noqa: PLC0415 - as above
    from dtma_contract.shipped import load_clauses, load_contract  # noqa: PLC0415 - as above

    if not clauses and not listing:
        raise UsageError("Nothing is named.", f"{_EXAMPLES}, or --list for all ids.")
    contract = load_contract()
    known = load_clauses(contract)
    named = [name for name in clauses if name not in KINDS and name not in CAUSES]
    for name in named:
        _check_known(name, known, (*KINDS, *CAUSES))
    kinds = [KINDS[name] for name in clauses if name in KINDS]
    causes = [CAUSES[name] for name in clauses if name in CAUSES]
    chosen = select(known, named) if named or not clauses else ()
    if listing:
        # Whoever lists everything gets kinds and causes behind the clauses; none of them has a slash.
        others = dict.fromkeys((*KINDS, *CAUSES)) if not clauses else ()
        lines = [kind.id for kind in kinds] + [cause.id for cause in causes] + [clause.id for clause in chosen]
        lines += others
    else:
        lines = [line for kind in kinds for line in _kind_lines(kind)]
        lines += [line for cause in causes for line in _cause_lines(cause)]
        for clause in chosen:
            found_as = [kind.id for kind in KINDS.values() if kind.clause == clause.id]
            lines += _explanation(clause, contract, found_as)
    console = Console()
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True)


def _check_known(name: str, clauses: Sequence[Clause], others: Sequence[str]) -> None:
    """Refuse what names neither a clause nor one of the others, and say what comes closest."""
    from dtma_contract.clauses import above, names  # noqa: PLC0415 - slow to import, and --help is not

    if any(names(name, clause) for clause in clauses):
        return
    ids = dict.fromkeys((*others, *(word for clause in clauses for word in (*above(clause.id), clause.id))))
    word = name.strip().lower()
    holding = min(
        (known for known in ids if len(word) > 1 and word in known),
        key=lambda known: word not in _PARTS.split(known),
        default="",
    )
    near = f'Did you mean "{holding}"?' if holding else closest(word, ids)
    raise UsageError(
        f'There is no clause, kind of drift finding or cause "{name}".',
        near or f"{_EXAMPLES}; `dtma-contract explain --list` lists all ids.",
    )


def _kind_lines(kind: Kind) -> Iterator[str]:
    yield f"[bold]{kind.id}[/]  [dim]{kind.level}, a finding of drift[/]"
    yield f"  {escape(kind.text)}"
    yield f"  [dim]why[/]         {escape(kind.reason)}"
    if kind.weighs:
        yield f"  [dim]level[/]       {escape(kind.weighs)}"
    yield f"  [dim]remedy[/]      {escape(kind.remedy)}"
    if kind.clause:
        yield f"  [dim]clause[/]      {kind.clause}"


def _cause_lines(cause: Cause) -> Iterator[str]:
    yield f"[bold]{cause.id}[/]  [dim]a cause that diagnose tells[/]"
    yield f"  {escape(cause.title)}"
    yield f"  [dim]meaning[/]     {escape(cause.meaning)}"
    yield f"  [dim]remedy[/]      {escape(cause.remedy)}"
    if cause.explains:
        yield f"  [dim]explains[/]    {', '.join(cause.explains)}"


def _explanation(clause: Clause, contract: Contract, kinds: Sequence[str]) -> Iterator[str]:
    yield f"[bold]{clause.id}[/]  [dim]{clause.level}, needs effects {clause.needs}[/]"
    yield f"  {escape(clause.text)}"
    yield f"  [dim]why[/]         {escape(clause.reason)}"
    for operation in map(contract.operation, clause.operations):
        yield f"  [dim]operation[/]   {operation.method} {operation.path}  [dim]{operation.id}[/]"
    if kinds:
        yield f"  [dim]findings[/]    {', '.join(kinds)}"
    code = " --source DIR" if not clause.operations else ""
    yield f"  [dim]judge only[/]  dtma-contract verify --target URL{code} --only {clause.id}"
