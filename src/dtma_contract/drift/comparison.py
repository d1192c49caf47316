"""The comparison as one function: contract and route tables in, report out. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dtma_contract.contract import Contract
from dtma_contract.drift.freshness import Freshness
from dtma_contract.drift.further import judge_authentication, judge_callers, judge_claims, judge_extras, judge_files
from dtma_contract.drift.grouping import Judged, judge_promises
from dtma_contract.drift.kinds import KINDS
from dtma_contract.drift.matrix import contract_table, rows_of, unresolved_cells
from dtma_contract.drift.report import DriftFinding, DriftReport, Row
from dtma_contract.routes import Cell, Corner, RouteTable, Unknown
from dtma_contract.verdict import Level

__all__ = ["compare"]


def compare(contract: Contract, tables: Iterable[RouteTable]) -> DriftReport:
    """Compare the corners that were read.

    Args:
        contract: the contract; it is always compared.
        tables: one for each further corner that was asked for. A corner that could not be read has no route and one
            :class:`~dtma_contract.routes.Unknown` with the prefix ``/``.
    """
    given = {table.corner: table for table in tables}
    rows = rows_of(contract, given.values())
    judged = Judged(rows, given)
    source, image = given.get(Corner.SOURCE), given.get(Corner.IMAGE)
    freshness = Freshness.from_provenance(source.provenance if source else {}, image.provenance if image else {})
    judge_promises(judged, freshness)
    judge_authentication(judged)
    judge_extras(judged)
    judge_files(judged)
    judge_claims(judged)
    judge_callers(judged)
    return DriftReport(
        rows=rows,
        findings=_ranked(judged.findings),
        unknown=_unknown(rows, given),
        provenance=_provenance(contract, given),
        compared=frozenset({Corner.CONTRACT, *(corner for corner in given if _is_read(given[corner], rows))}),
    )


def _ranked(findings: Sequence[DriftFinding]) -> tuple[DriftFinding, ...]:
    order = list(KINDS)
    return tuple(sorted(findings, key=lambda found: (found.level is not Level.MUST, order.index(found.kind))))


def _is_read(table: RouteTable, rows: Sequence[Row]) -> bool:
    """Return whether a corner told of a promised route: that it has it, that it surely lacks it, or that it crashes."""
    return bool(table.crash) or any(
        row.state(table.corner) not in {None, Cell.UNKNOWN} for row in rows if row.is_promised
    )


def _unknown(rows: Sequence[Row], tables: Mapping[Corner, RouteTable]) -> tuple[Unknown, ...]:
    listed = [unknown for corner in Corner if corner in tables for unknown in tables[corner].unknown]
    known = {(unknown.where, unknown.file, unknown.line) for unknown in listed}
    for corner, cell in unresolved_cells(rows):
        location = cell.route.location if cell.route else None
        place = (location.file, location.line) if location else ("", 0)
        if (corner, *place) not in known:
            known.add((corner, *place))
            listed.append(Unknown(corner, *place, cell.detail))
    return tuple(dict.fromkeys(listed))


def _provenance(contract: Contract, tables: Mapping[Corner, RouteTable]) -> dict[str, Any]:
    corners: dict[Corner, Mapping[str, Any]] = {Corner.CONTRACT: contract_table(contract).provenance}
    corners |= {corner: tables[corner].provenance for corner in Corner if corner in tables}
    return {str(corner): dict(told) for corner, told in corners.items()}
