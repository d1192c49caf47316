"""A diagnosis for someone who is tired: one sentence first, then what it rests on, then what to do."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from dtma_contract.diagnosis.diagnosis import Diagnosis, ToldCause
from dtma_contract.diagnosis.facts import Facts
from dtma_contract.reporting.folding import fold
from dtma_contract.reporting.plain import CONTROLS

__all__ = ["print_diagnosis"]

_LABEL = 11

_HEALTHY = "healthy. Nothing is wrong with what was asked about."
_SCENARIOS = {
    "A": "mend the routes",
    "B": "start it again in the right environment",
    "C": "deploy another image",
    "none": "outside of the agent",
}


def print_diagnosis(diagnosis: Diagnosis, console: Console) -> None:
    """Print a diagnosis.

    Args:
        diagnosis: what was observed and said.
        console: to print on; long sentences are wrapped to its width, commands are not.
    """
    facts = diagnosis.facts
    _print_folded(Text.assemble(*_sentence(diagnosis)), console)
    for number, cause in enumerate(diagnosis.causes, 1):
        console.print()
        _print_cause(cause, number, len(diagnosis.causes), console)
    for note in diagnosis.notes:
        console.print()
        _print_labelled("note", note, console)
    console.print()
    _print_folded(Text(_plain(_asked(facts)), style="dim"), console)


def _plain(text: str) -> str:
    """Return text that a terminal shows and does not obey: what a target sends may hold anything."""
    return CONTROLS.sub("\ufffd", text)


def _sentence(diagnosis: Diagnosis) -> Iterator[tuple[str, str]]:
    target = _plain(diagnosis.facts.target)
    if diagnosis.causes:
        first = diagnosis.causes[0]
        yield f"{target}: ", "bold"
        yield _plain(first.title), "bold red"
        rest = len(diagnosis.causes) - 1
        if rest:
            yield f" And {rest} more.", "bold"
    elif diagnosis.healthy:
        yield f"{target}: ", "bold"
        untold = any(note.startswith("not told") for note in diagnosis.notes)
        yield "healthy, as far as could be told; see below." if untold else _HEALTHY, "bold green"
    else:
        yield f"{target}: ", "bold"
        yield "nothing could be told.", "bold yellow"


def _print_cause(cause: ToldCause, number: int, count: int, console: Console) -> None:
    head = Text(f"{number}. " if count > 1 else "")
    head.append(cause.id, "bold")
    head.append(f"  {cause.confidence:.0%} sure", "dim")
    if cause.follows_from:
        head.append(f", follows from {cause.follows_from}", "dim")
    console.print(head, soft_wrap=True)
    if count > 1:
        _print_folded(Text(_plain(cause.title)), console, indent=2)
    for index, evidence in enumerate(cause.evidence):
        _print_labelled("evidence" if index == 0 else "", evidence.observed, console, evidence.source)
    for line in cause.would_tell:
        _print_labelled("surer", line, console)
    if cause.follows_from:
        return
    remedy = cause.remedy
    scenario = "" if remedy.scenario == "none" else f"{remedy.scenario}, {_SCENARIOS[remedy.scenario]}: "
    _print_labelled("remedy", f"{scenario}{remedy.text}", console)
    for command in remedy.commands:
        _print_command(command, console)
    if remedy.verify:
        _print_labelled("then", "see that it is repaired:", console)
    for command in remedy.verify:
        _print_command(command, console)


def _print_folded(text: Text, console: Console, indent: int = 0) -> None:
    for line in fold(text, console.width - indent):
        console.print(Text(" " * indent) + line, soft_wrap=True)


def _print_labelled(label: str, said: str, console: Console, source: str = "") -> None:
    text = Text(_plain(said))
    if source:
        text.append(f"  [{_plain(source)}]", "dim")
    indent = 2 + _LABEL
    for index, line in enumerate(fold(text, max(console.width - indent, 20))):
        head = Text(" " * 2)
        head.append(f"{label if index == 0 else '':<{_LABEL}}", "dim")
        console.print(Text.assemble(head, line), soft_wrap=True)


def _print_command(command: str, console: Console) -> None:
    # Whole, so that it can be copied.
    console.print(Text(f"{'':<{2 + _LABEL}}{_plain(command)}", "cyan"), soft_wrap=True)


def _asked(facts: Facts) -> str:
    asked = [f"{facts.requests} requests that change nothing"]
    if facts.docker is not None:
        asked.append(f"the Docker Engine at {facts.docker.endpoint}")
    if facts.code is not None:
        asked += [name for name in (facts.code.source, facts.code.image) if name]
    return f"asked at {facts.at[:19].replace('T', ' ')} UTC: {', '.join(asked)}; {facts.seconds:.1f} s"
