"""What a drift comparison says: rows, findings, and the report that every format is made of. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dtma_contract.routes import Cell, Corner, Location, Route, Unknown
from dtma_contract.verdict import ExitCode, Level

__all__ = ["NEVER_BLOCKING", "DriftFinding", "DriftReport", "Row", "RowCell"]

# Two corners are compared, at the least.
_ENOUGH = 2

# What is said and never blocks, not even a strict run.
NEVER_BLOCKING = "promised-but-not-called"


@dataclass(frozen=True, slots=True)
class RowCell:
    """What one corner says of one route.

    Attributes:
        state: the word for it.
        route: the registration, call or probe that the word rests on, or None where there is none.
        detail: why, one sentence without a full stop; empty for nothing to say.
        answers: what answers a request there, where it is another registration than ``route``.
        others: further registrations of the same route that do not answer.
        is_doubtful: whether a declared route may be mounted all the same, by what was not understood.
        also: registrations of other shapes that take requests of this route too: every method, or an expression.
    """

    state: Cell
    route: Route | None = None
    detail: str = ""
    answers: Route | None = None
    others: tuple[Route, ...] = ()
    is_doubtful: bool = False
    also: tuple[Route, ...] = ()

    @property
    def is_served(self) -> bool:
        """Whether a request may be answered by a route there."""
        return self.state in {Cell.MOUNTED, Cell.CONDITIONAL, Cell.SHADOWED}

    @property
    def secured(self) -> bool | None:
        """Whether what answers asks for a token, or None where that is not known."""
        answering = self.answers or self.route
        return answering.secured if answering else None

    def to_json(self) -> dict[str, Any]:
        """Return the evidence as JSON data."""
        location = self.route.location if self.route else None
        return {
            "file": location.file if location else "",
            "line": location.line if location else 0,
            "raw": self.route.raw if self.route else "",
            "middleware": list(self.route.middleware) if self.route else [],
            "secured": self.secured,
            "detail": self.detail,
        }


@dataclass(frozen=True, eq=False, slots=True)
class Row:
    """One route, and what each corner says of it.

    Attributes:
        method: upper case.
        path: path template, the contract's where it promises the route.
        cells: by corner; a corner that was not asked for has none.
        profile: of the contract; empty where it does not promise the route.
        secured: whether the contract asks for a token; None where it does not promise the route.
    """

    method: str
    path: str
    cells: Mapping[Corner, RowCell]
    profile: str = ""
    secured: bool | None = None

    @property
    def is_promised(self) -> bool:
        """Whether the contract has it."""
        return bool(self.profile)

    @property
    def name(self) -> str:
        """Method and path."""
        return f"{self.method} {self.path}"

    def state(self, corner: Corner) -> Cell | None:
        """Return the word of a corner, or None where it was not asked for."""
        cell = self.cells.get(corner)
        return cell.state if cell else None

    @property
    def agrees(self) -> bool:
        """Whether contract, source, image and target, as far as asked for, say the same."""
        return len({cell.state for corner, cell in self.cells.items() if corner is not Corner.CONSUMER}) <= 1

    def to_json(self) -> dict[str, Any]:
        """Return the row as JSON data."""
        states = {str(corner): None if (state := self.state(corner)) is None else str(state) for corner in Corner}
        evidence = {
            str(corner): cell.to_json() for corner, cell in self.cells.items() if cell.route is not None or cell.detail
        }
        return {"method": self.method, "path": self.path, **states, "evidence": evidence}


@dataclass(frozen=True, slots=True)
class DriftFinding:
    """One thing that is wrong, with its root.

    Attributes:
        kind: id of its kind, see :data:`dtma_contract.drift.kinds.KINDS`.
        level: must or should.
        where: the corner that has to be mended.
        method: of the first route concerned; empty where it concerns the whole corner.
        path: likewise.
        title: what is wrong, one sentence with its names in it.
        said: what was expected and seen.
        remedy: what repairs it.
        location: where, or None where there is no file.
        routes: names of all routes concerned, ``METHOD /path``.
        places: where each of them stands, as far as known.
        listing: the routes with their places, for the reader; empty where ``said`` has them.
        placed_in: the corner whose files the places are in, where it is not ``where``.
    """

    kind: str
    level: Level
    where: Corner
    method: str
    path: str
    title: str
    said: str
    remedy: str
    location: Location | None = None
    routes: tuple[str, ...] = ()
    places: tuple[Location, ...] = ()
    listing: tuple[str, ...] = ()
    placed_in: Corner | None = None

    @property
    def detail(self) -> str:
        """What was expected and seen, and every route concerned."""
        return f"{self.said} Routes: {', '.join(self.listing)}." if self.listing else self.said

    @property
    def blocks(self) -> bool:
        """Whether it makes a run fail."""
        return self.level == Level.MUST

    def to_json(self) -> dict[str, Any]:
        """Return the finding as JSON data, keys in the documented order."""
        return {
            "kind": self.kind,
            "level": str(self.level),
            "method": self.method,
            "path": self.path,
            "where": str(self.where),
            "title": self.title,
            "detail": self.detail,
            "file": self.location.file if self.location else "",
            "line": self.location.line if self.location else 0,
            "remedy": self.remedy,
        }


@dataclass(frozen=True, eq=False, slots=True)
class DriftReport:
    """A finished comparison.

    Attributes:
        rows: all routes, those of the contract first.
        findings: must before should.
        unknown: what could not be resolved, read or asked.
        provenance: by corner, what is known of the thing that was read.
        compared: the corners that told of at least one promised route: that they have it, or surely lack it.
    """

    rows: tuple[Row, ...]
    findings: tuple[DriftFinding, ...]
    unknown: tuple[Unknown, ...]
    provenance: Mapping[str, Any] = field(default_factory=dict)
    compared: frozenset[Corner] = frozenset()

    @property
    def complete(self) -> bool:
        """Whether everything was resolved, so that every absence is sure."""
        return not self.unknown

    @property
    def exit_code(self) -> ExitCode:
        """The exit code: violated by a must, nothing judged where a corner that was asked for could not be read."""
        return self.exit_code_if(strict=False)

    def exit_code_if(self, *, strict: bool) -> ExitCode:
        """Return the exit code; with ``strict`` every finding blocks, and what could not be told is no pass."""
        if any(finding.blocks or (strict and finding.kind != NEVER_BLOCKING) for finding in self.findings):
            return ExitCode.VIOLATED
        if len(self.compared) < _ENOUGH:
            return ExitCode.NOTHING_JUDGED
        if strict and (self.untold or self.unread):
            return ExitCode.VIOLATED
        # Whoever asks for a corner wants to know of it: that the others are well is no answer.
        is_open = bool(self.unread) or (strict and not self.complete)
        return ExitCode.NOTHING_JUDGED if is_open else ExitCode.KEPT

    @property
    def unread(self) -> tuple[Corner, ...]:
        """The corners that were asked for and could not be read at all."""
        return tuple(corner for corner in self.corners if corner not in self.compared)

    @property
    def untold(self) -> tuple[Row, ...]:
        """Promised routes of core of which no corner but the contract could tell."""
        told = (Corner.SOURCE, Corner.IMAGE, Corner.TARGET)
        return tuple(
            row
            for row in self.rows
            if row.profile == "core" and {row.state(corner) for corner in told if row.state(corner)} == {Cell.UNKNOWN}
        )

    @property
    def corners(self) -> tuple[Corner, ...]:
        """The corners that were asked for."""
        return tuple(self.rows[0].cells) if self.rows else ()

    def to_json(self) -> dict[str, Any]:
        """Return the documented JSON document."""
        return {
            "routes": [row.to_json() for row in self.rows],
            "findings": [finding.to_json() for finding in self.findings],
            "provenance": dict(self.provenance),
            "complete": self.complete,
            "unknown": [unknown.to_json() for unknown in self.unknown],
        }
