"""The drift report as SARIF 2.1.0, which code hosts show beside the lines of the source. Pure."""

from __future__ import annotations

import hashlib
from posixpath import normpath
from typing import Any
from urllib.parse import quote

from dtma_contract import __version__
from dtma_contract.drift.kinds import KINDS, Kind
from dtma_contract.drift.report import NEVER_BLOCKING, DriftFinding, DriftReport
from dtma_contract.routes import Corner, Location, Unknown
from dtma_contract.verdict import Level

__all__ = ["SCHEMA", "drift_sarif"]

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

# The version of what a fingerprint is made of.
_FINGERPRINT = "dtmaContractDrift/v1"

_SOURCE, _CALLERS = "SRCROOT", "CALLERS"
_BASES = {Corner.SOURCE: _SOURCE, Corner.IMAGE: "IMAGE", Corner.CONSUMER: _CALLERS}


def drift_sarif(report: DriftReport) -> dict[str, Any]:
    """Return the report as a SARIF log of one run.

    Paths are relative to the repository (``SRCROOT``), to the image's root (``IMAGE``) or to the callers' repository,
    which is ``SRCROOT`` where it is the source's, else ``CALLERS`` (``CALLERS2`` … where there are more). A
    result's fingerprint is made of its kind, its corner and its routes: lines may move.
    """
    rules = list(KINDS.values())
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "dtma-contract drift",
                        "version": __version__,
                        "rules": [_rule(kind) for kind in rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": _bases(report),
                "invocations": [
                    {
                        "executionSuccessful": True,
                        "exitCode": int(report.exit_code),
                        "toolExecutionNotifications": [_notification(report, unknown) for unknown in report.unknown],
                    }
                ],
                "results": [_result(report, finding, list(KINDS).index(finding.kind)) for finding in report.findings],
            }
        ],
    }


def _level(level: Level, kind: str) -> str:
    return "note" if kind == NEVER_BLOCKING else {Level.MUST: "error", Level.SHOULD: "warning"}[level]


def _rule(kind: Kind) -> dict[str, Any]:
    weighs = f" {kind.weighs}" if kind.weighs else ""
    return {
        "id": kind.id,
        "name": "".join(word.capitalize() for word in kind.id.split("-")),
        "shortDescription": {"text": kind.text},
        "fullDescription": {"text": f"{kind.text} {kind.reason}{weighs}"},
        "help": {"text": kind.remedy},
        "defaultConfiguration": {"level": _level(kind.level, kind.id)},
    }


def _result(report: DriftReport, finding: DriftFinding, index: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.kind,
        "ruleIndex": index,
        "level": _level(finding.level, finding.kind),
        "message": {"text": f"{finding.title} {finding.detail} Remedy: {finding.remedy}"},
        "partialFingerprints": {_FINGERPRINT: _fingerprint(finding)},
        "properties": {"where": str(finding.where), "routes": list(finding.routes)},
    }
    corner = finding.placed_in or finding.where
    if finding.location:
        result["locations"] = [_place(report, corner, finding.location)]
    further = [place for place in dict.fromkeys(finding.places) if place != finding.location]
    if further:
        result["relatedLocations"] = [
            {"id": number, **_place(report, corner, place)} for number, place in enumerate(further, 1)
        ]
    return result


def _fingerprint(finding: DriftFinding) -> str:
    said = "\n".join((finding.kind, str(finding.where), *sorted(finding.routes)))
    return hashlib.sha256(said.encode()).hexdigest()


def _bases(report: DriftReport) -> dict[str, Any]:
    """Return what the bases of all paths are; where they lie on whose machine, only the reader knows."""
    told = {
        _SOURCE: "The root of the repository that holds the source.",
        "IMAGE": "The root of the image's file system.",
    }
    folders = report.provenance.get(str(Corner.CONSUMER), {}).get("folders", ())
    for root, folder in zip(_consumer_roots(report), folders, strict=False):
        base = _base_of(root)
        told.setdefault(base, f"The root of the repository that holds the callers in {folder}.")
    told.setdefault(_CALLERS, "The folder of the callers.")
    return {base: {"description": {"text": text}} for base, text in told.items()}


def _consumer_roots(report: DriftReport) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = report.provenance.get(str(Corner.CONSUMER), {}).get("roots", [])
    return found


def _base_of(root: dict[str, Any]) -> str:
    number = root["repository"]
    return f"{_CALLERS}{number if number > 1 else ''}" if number else _SOURCE


def _place(report: DriftReport, corner: Corner, location: Location) -> dict[str, Any]:
    base, folder, file = _BASES.get(corner, ""), "", location.file
    if corner is Corner.SOURCE:
        folder = str(report.provenance.get(str(Corner.SOURCE), {}).get("path_in_repository") or "")
    elif corner is Corner.CONSUMER:
        holding = [
            root for root in _consumer_roots(report) if file.startswith(f"{root['folder']}/" * bool(root["folder"]))
        ]
        if holding:
            # The innermost folder, where one lies in another.
            root = max(holding, key=lambda each: len(each["folder"]))
            base, folder, file = _base_of(root), root["path_in_repository"], file.removeprefix(root["folder"])
    # A file of a neighbouring package begins with `..`.
    path = normpath(f"/{folder}/{file}").lstrip("/")
    artifact = {"uri": quote(path)} | ({"uriBaseId": base} if base else {})
    region = {"region": {"startLine": location.line}} if location.line > 0 else {}
    return {"physicalLocation": {"artifactLocation": artifact, **region}}


def _notification(report: DriftReport, unknown: Unknown) -> dict[str, Any]:
    notification: dict[str, Any] = {
        "level": "note",
        "message": {"text": f"unknown in the {unknown.where}: {unknown.reason}"},
    }
    if unknown.file:
        notification["locations"] = [_place(report, unknown.where, Location(unknown.file, unknown.line))]
    return notification
