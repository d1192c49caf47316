"""What is at a path that a user named: a folder, a file, nothing, or a place that one may not look at."""

from __future__ import annotations

import enum
import stat
from pathlib import Path

from dtma_contract.errors import UsageError

__all__ = ["Place", "look_at"]


class Place(enum.Enum):
    """What is there, links followed."""

    FOLDER = "folder"
    FILE = "file"
    SOCKET = "socket"
    OTHER = "other"
    NOTHING = "nothing"


def look_at(path: Path, named: str = "") -> Place:
    """Return what is at a path.

    Args:
        path: the path.
        named: how a message names it, such as ``The folder of --source``; by default the path alone.

    Raises:
        UsageError: it is in a folder that one may not enter, or can be no path at all.
    """
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return Place.NOTHING
    except OSError as problem:
        raise UsageError(
            f"{named or path} cannot be looked at: {problem.strerror}.", "Check the path and its permissions."
        ) from None
    except ValueError:
        return Place.NOTHING
    for holds, place in ((stat.S_ISDIR, Place.FOLDER), (stat.S_ISREG, Place.FILE), (stat.S_ISSOCK, Place.SOCKET)):
        if holds(mode):
            return place
    return Place.OTHER
