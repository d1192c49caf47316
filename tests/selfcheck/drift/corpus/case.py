"""The cases of the corpus: small Express services, one construct each, with what is true of their routes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dtma_contract.discovery.file_tree import MemoryTree

__all__ = ["CASES", "VERSIONS", "Case", "Endpoint", "all_cases"]

CASES = Path(__file__).parent / "cases"

# The range that a case's package.json asks for, by Express's major version.
VERSIONS = {4: "^4.21.2", 5: "^5.1.0"}

# Method and path template.
Endpoint = tuple[str, str]

# What belongs to the corpus and not to the service.
_OURS = {"case.json", "truth"}


@dataclass(frozen=True, eq=False)
class Case:
    """One case.

    Attributes:
        name: of its folder.
        construct: what is special about it.
        dynamic: whether something in it cannot be known without running it.
        express: the versions it is written for.
        entry: what the evaluator is told to begin with, or None where it has to find out.
        run: the file that node is told to run, after transpiling, relative to the case.
        environments: the environments it is run in; its true routes are those of all of them together.
        states: by ``declared``, ``shadowed`` and ``conditional`` the routes of that state, or None where more than one
            answer is right.
        secured: routes that ask for a token, or None where that is not the case's subject.
        partial: routes with a part that is not known.
        complete: whether all can be resolved, or None where more than one answer is right.
        unknown_in: files in which something cannot be resolved.
        unknown_says: what the reasons say, such as the name of a dependency.
        prefixes: what is unknown lies below these; empty for wherever it may be.
        crash: versions under which the process ends while it loads.
    """

    name: str
    construct: str
    dynamic: bool
    express: tuple[int, ...]
    entry: str | None
    run: str
    environments: tuple[dict[str, str], ...]
    states: dict[str, frozenset[Endpoint] | None]
    secured: frozenset[Endpoint] | None
    partial: frozenset[Endpoint]
    complete: bool | None
    unknown_in: tuple[str, ...]
    unknown_says: tuple[str, ...]
    prefixes: tuple[str, ...]
    crash: tuple[int, ...]

    @classmethod
    def read(cls, folder: Path) -> Case:
        """Read a case's folder."""
        data = json.loads((folder / "case.json").read_text("utf-8"))
        package = json.loads((folder / "package.json").read_text("utf-8"))
        return cls(
            name=folder.name,
            construct=data["construct"],
            dynamic={"resolvable": False, "dynamic": True}[data["kind"]],
            express=tuple(data["express"]),
            entry=data.get("entry"),
            run=data.get("run") or re.sub(r"\.([mc]?)ts$", r".\1js", package["main"]),
            environments=tuple(data.get("environments", [{}])),
            states={state: _endpoints(data.get(state, [])) for state in ("declared", "shadowed", "conditional")},
            secured=_endpoints(data.get("secured")),
            partial=_endpoints(data.get("partial", [])) or frozenset(),
            complete=data.get("complete", data["kind"] == "resolvable"),
            unknown_in=tuple(data.get("unknown_in", [])),
            unknown_says=tuple(data.get("unknown_says", [])),
            prefixes=tuple(data.get("prefixes", [])),
            crash=tuple(data.get("crash", [])),
        )

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return CASES / self.name

    def truth_file(self, major: int) -> Path:
        """Return where its routes under a version are recorded."""
        return self.folder / "truth" / f"express{major}.json"

    def truth(self, major: int) -> frozenset[Endpoint]:
        """Return the routes that it was seen to have under a version."""
        return frozenset((method, path) for method, path in json.loads(self.truth_file(major).read_text("utf-8")))

    def files(self, major: int) -> dict[str, bytes]:
        """Return the service's files, its package.json asking for one version of Express."""
        files = {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and path.relative_to(self.folder).parts[0] not in _OURS
        }
        for path, content in files.items():
            if path.rpartition("/")[2] == "package.json":
                files[path] = _asking_for(json.loads(content), major)
        return files

    def tree(self, major: int) -> MemoryTree:
        """Return the service's files as a tree."""
        return MemoryTree(self.files(major))


def all_cases() -> list[Case]:
    """Return the cases in the order of their names."""
    return [Case.read(file.parent) for file in sorted(CASES.glob("*/case.json"))]


def _endpoints(rows: list[list[str]] | None) -> frozenset[Endpoint] | None:
    return None if rows is None else frozenset((method, path) for method, path in rows)


def _asking_for(package: dict[str, Any], major: int) -> bytes:
    for kind in ("dependencies", "devDependencies", "peerDependencies"):
        if "express" in package.get(kind, {}):
            package[kind]["express"] = VERSIONS[major]
    return json.dumps(package, indent=2).encode()
