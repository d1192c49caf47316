"""The Express agent and its variants as drift meets them: checkouts with their history, archives of images, tables."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from pathlib import Path

from drift.image.built_images import image_of, layer, write_saved
from drift.judged_tables import CONTRACT
from neighbours.express_build import CLEAN, VARIANTS, Build, expected_finding, express_build
from neighbours.express_images import SOURCE_URL
from neighbours.express_routes import runtime_routes

from dtma_contract.drift.report import DriftReport
from dtma_contract.routes import Cell, Corner, canonical_path

__all__ = [
    "AGENTS",
    "CONDITION",
    "ENDING",
    "PROMISED",
    "archive_of",
    "expected",
    "source_variant",
    "table",
    "truth",
]

AGENTS = (CLEAN, *VARIANTS)

# What no source shows: that an image is old, and that a file is not in it.
_IMAGE_ONLY = {"older-commit", "missing-configuration"}
# Agents that end before they could be asked.
ENDING = {"crash-at-load", "missing-configuration"}
# Under what a variant mounts a router; with it, its runtime holds all that its source has.
CONDITION = {"env-switch": {"ENABLE_MCP": "true"}}

_SERVED = {Cell.MOUNTED, Cell.CONDITIONAL, Cell.SHADOWED}

Names = set[tuple[str, str]]

PROMISED: Names = {(operation.method, canonical_path(operation.path)) for operation in CONTRACT.operations}


def expected(variant: str, *, image: bool) -> list[str]:
    """Return the kinds of finding that an agent must lead to, with or without its image."""
    if variant == CLEAN or (variant in _IMAGE_ONLY and not image):
        return []
    kind = expected_finding(variant)
    return [] if kind == "none" else [kind]


def source_variant(variant: str) -> str:
    """Return whose source lies beside the image: an old image has the newest source."""
    return CLEAN if variant == "older-commit" else variant


def archive_of(build: Build, path: Path, revision: str, *names: str) -> Path:
    """Write the image of a build as ``docker save`` does, without an Engine."""
    labels = {
        "org.opencontainers.image.revision": revision,
        "org.opencontainers.image.source": SOURCE_URL,
        "org.opencontainers.image.version": build.version,
    }
    bundled = build.entry.suffix == ".cjs"
    layers = [_layer(build.folder, ("package.json", "dist"))]
    if not bundled:
        layers.insert(0, _packages((build.folder / "node_modules").resolve().parent, build.production_modules))
    entry = str(build.entry.relative_to(build.folder))
    image = image_of(*layers, cmd=("node", entry), Labels=labels, Env=["NODE_ENV=production", "PORT=30000"])
    image.names = names
    return write_saved(path, image)


@functools.cache
def _packages(folder: Path, names: tuple[str, ...]) -> bytes:
    """Return the layer of the packages, which all variants share."""
    return _layer(folder, names)


def _layer(folder: Path, names: Iterable[str]) -> bytes:
    files: Mapping[str, bytes] = {
        f"app/{file.relative_to(folder)}": file.read_bytes()
        for name in names
        for place in [folder / name]
        for file in (sorted(place.rglob("*")) if place.is_dir() else [place])
        if file.is_file()
    }
    return layer(files)


def truth(variant: str) -> Names:
    """Return the routes that the runtime of an agent holds, whatever condition they are under.

    What ends while it loads holds none; its files are those of the clean agent.
    """
    held = CLEAN if variant == "crash-at-load" else variant
    routes = runtime_routes(express_build(held), env=CONDITION.get(held))
    return {(method, canonical_path(path)) for method, path in routes}


def table(report: DriftReport, corner: Corner, states: Iterable[Cell] = _SERVED) -> Names:
    """Return the routes that a corner of a report has."""
    return {(row.method, canonical_path(row.path)) for row in report.rows if row.state(corner) in set(states)}
