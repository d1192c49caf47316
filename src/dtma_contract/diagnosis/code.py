"""What source and image say, taken from a comparison of both with the contract. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dtma_contract.drift.report import DriftFinding, DriftReport, Row
from dtma_contract.routes import Cell, Corner, Location, canonical_path

__all__ = ["CodeFacts", "CodeFinding", "CodeRoute", "code_facts"]

_CODE = (Corner.SOURCE, Corner.IMAGE)


@dataclass(frozen=True, slots=True)
class CodeRoute:
    """What the code says of one promised route.

    Attributes:
        method: upper case.
        path: OpenAPI path template.
        source: cell of the source; None where no source was given.
        image: cell of the image; None where no image was given.
        source_place: ``file:line`` in the source; empty where it is not there.
        image_place: ``file:line`` in the image; empty where it is not there.
    """

    method: str
    path: str
    source: Cell | None
    image: Cell | None
    source_place: str = ""
    image_place: str = ""


@dataclass(frozen=True, slots=True)
class CodeFinding:
    """One finding of drift between contract, source and image.

    Attributes:
        kind: such as ``declared-not-mounted``.
        where: ``source`` or ``image``.
        title: one sentence.
        detail: what was expected and seen.
        place: ``file:line``; empty where it has none.
        routes: method and path of every route it is about.
        remedy: one sentence.
    """

    kind: str
    where: str
    title: str
    detail: str
    place: str
    routes: tuple[str, ...]
    remedy: str


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """What source and image say.

    Attributes:
        at: when they were read, ISO 8601, UTC.
        routes: every route that the contract promises.
        findings: of drift.
        source: folder that was read; empty where none was given.
        source_commit: of the source; empty where it is in no repository.
        image: reference or archive that was read; empty where none was given.
        image_id: of the image; empty where it is not known.
        image_revision: commit that the image was built from; empty where it does not say.
        commits_behind: how many commits the image lies behind the source; None where that is not known.
        problems: what could not be read, a sentence each without a full stop.
    """

    at: str
    routes: tuple[CodeRoute, ...]
    findings: tuple[CodeFinding, ...]
    source: str = ""
    source_commit: str = ""
    image: str = ""
    image_id: str = ""
    image_revision: str = ""
    commits_behind: int | None = None
    problems: tuple[str, ...] = ()

    def route(self, method: str, path: str) -> CodeRoute | None:
        """Return what is said of a route; names of parameters do not count."""
        wanted = canonical_path(path)
        return next((r for r in self.routes if r.method == method and canonical_path(r.path) == wanted), None)


def code_facts(report: DriftReport, at: str, *, source: str, image: str) -> CodeFacts:
    """Return the facts of a comparison.

    Args:
        report: of contract, source and image, as far as they were named.
        at: when they were read, ISO 8601, UTC.
        source: folder that was read; empty where none was named.
        image: reference or archive that was read; empty where none was named.
    """
    of_source, of_image = (report.provenance.get(str(corner)) or {} for corner in _CODE)
    unread = [str(unknown.reason) for unknown in report.unknown if unknown.where in report.unread]
    return CodeFacts(
        at=at,
        routes=tuple(_route(row) for row in report.rows if row.is_promised),
        findings=tuple(_finding(finding) for finding in report.findings if finding.where in _CODE),
        source=source,
        source_commit=str(of_source.get("commit") or ""),
        image=image,
        image_id=str((of_image.get("origin") or {}).get("image_id") or of_image.get("image_id") or ""),
        image_revision=str(of_image.get("revision") or ""),
        commits_behind=_behind(of_image),
        problems=tuple(dict.fromkeys(f"the {_corners(report)}: {reason}" for reason in unread)),
    )


def _corners(report: DriftReport) -> str:
    return " and the ".join(str(corner) for corner in report.unread)


def _behind(of_image: Mapping[str, Any]) -> int | None:
    behind = of_image.get("commits_behind")
    return behind if isinstance(behind, int) else None


def _route(row: Row) -> CodeRoute:
    source, image = (row.cells.get(corner) for corner in _CODE)
    return CodeRoute(
        row.method,
        row.path,
        source=source.state if source else None,
        image=image.state if image else None,
        source_place=_place(source.route.location if source and source.route else None),
        image_place=_place(image.route.location if image and image.route else None),
    )


def _finding(finding: DriftFinding) -> CodeFinding:
    return CodeFinding(
        kind=finding.kind,
        where=str(finding.where),
        title=finding.title,
        detail=finding.said,
        place=_place(finding.location),
        routes=finding.routes or ((f"{finding.method} {finding.path}",) if finding.method else ()),
        remedy=finding.remedy,
    )


def _place(location: Location | None) -> str:
    return f"{location.file}:{location.line}" if location else ""
