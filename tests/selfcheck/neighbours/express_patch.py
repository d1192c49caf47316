"""A compiled Express agent with one place of its code changed: a build that somebody has shipped so."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .express_build import Build, express_build
from .processes import NeighbourError

__all__ = ["patched_express"]


@contextlib.contextmanager
def patched_express(name: str, file: str, old: str, new: str) -> Iterator[Build]:
    """Lend the clean agent with a change, until the block ends.

    Args:
        name: of the variant.
        file: below ``dist``.
        old: what stands there, once.
        new: what stands there instead.

    Raises:
        NeighbourError: ``old`` does not stand there, or more than once.
    """
    build = express_build()
    with tempfile.TemporaryDirectory(prefix="dtmac-express-") as folder:
        place = Path(folder)
        shutil.copytree(build.dist, place / "dist")
        for each in ("package.json", "package-lock.json"):
            shutil.copyfile(build.folder / each, place / each)
        (place / "node_modules").symlink_to((build.folder / "node_modules").resolve())
        text = (place / "dist" / file).read_text()
        if text.count(old) != 1:
            raise NeighbourError(f"{file} of the Express agent has {text.count(old)} times {old!r}, not once.")
        (place / "dist" / file).write_text(text.replace(old, new))
        yield Build(name, place)
