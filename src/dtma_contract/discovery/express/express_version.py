"""The major version of Express that a service runs with: as installed, as locked, or as asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import join

from dtma_contract.discovery.express.lock_files import lock_around
from dtma_contract.discovery.express.packages import Packages
from dtma_contract.discovery.express.version_ranges import MAJORS, ExpressVersion, majors_allowed

__all__ = ["express_version"]

# What is read where nothing says the version at all, and what it may be as well.
_UNSAID = (4, 5)


def express_version(packages: Packages, folder: str) -> ExpressVersion:
    """Return the version of Express that a service runs with.

    What is installed beside it is what Node.js loads. Else a lock file says what will be installed, unless package.json
    asks for another major. Of an open range the newest is taken, and the others are told.

    Args:
        packages: of the tree.
        folder: of the service, with its package.json.
    """
    asked, asked_in = _asked(packages, folder)
    allowed = majors_allowed(asked) if asked else None
    for place in _places(folder):
        installed = packages.at(join(place, "node_modules/express"))
        if installed is not None and (major := _major(installed.text("version"))):
            # A checkout may hold what an older package.json asked for.
            others = sorted(allowed) if allowed and major not in allowed else ()
            return ExpressVersion(major, join(place, "node_modules/express/package.json"), tuple(others))
    lock = lock_around(packages.tree, folder)
    locked = _major(lock.version("express", asked)) if lock else 0
    if lock is not None and locked and (not allowed or locked in allowed):
        return ExpressVersion(locked, lock.path)
    if allowed:
        newest, *others = sorted(allowed, reverse=True)
        return ExpressVersion(newest, f"the range {asked} in {asked_in}", tuple(others))
    if asked and (major := _later_major(asked)):
        return ExpressVersion(major, f"{asked} in {asked_in}")
    if asked:
        newest, *others = sorted(MAJORS[1:], reverse=True)
        return ExpressVersion(newest, f"{asked} in {asked_in}", tuple(others))
    return ExpressVersion(_UNSAID[0], "nothing", _UNSAID[1:])


def _asked(packages: Packages, folder: str) -> tuple[str, str]:
    """Return the range that the nearest package.json asks for, and that file; empty where none does."""
    for place in _places(folder):
        package = packages.at(place)
        asked = package.dependencies.get("express", "") if package else ""
        if asked:
            return asked, join(place, "package.json")
    return "", ""


def _later_major(asked: str) -> int:
    """Return the major of an exact range that is newer than those that are known, or 0."""
    match = re.fullmatch(r"[\^~=]?v?(\d+)(?:\.[\dx*]+)*", asked.strip())
    return int(match[1]) if match and int(match[1]) > MAJORS[-1] else 0


def _major(version: str) -> int:
    match = re.match(r"\d+", version)
    return int(match[0]) if match else 0


def _places(folder: str) -> Iterator[str]:
    """Yield a folder and those around it, the nearest first."""
    yield folder
    while folder:
        folder = folder.rpartition("/")[0]
        yield folder
