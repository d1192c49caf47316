"""Checkouts and images of the Express agent and its variants, each made once, for whoever asks for it by name."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from pathlib import Path

from .express_build import CLEAN, checkout, express_build
from .express_images import ExpressImage, express_image, node_base

__all__ = ["Checkouts", "Images", "checkouts", "images"]

Checkouts = Callable[[str], tuple[Path, str]]
Images = Callable[[str], ExpressImage]


def checkouts(folder: Path) -> Checkouts:
    """Return what gives the checkout of a variant, and the commit that its image is built from.

    Each has two commits. An old image has the newest source beside it.

    Args:
        folder: where they are laid out.
    """

    @functools.cache
    def source(variant: str) -> tuple[Path, str]:
        place = folder / variant
        is_old = variant == "older-commit"
        commits = checkout(place, CLEAN if is_old else variant, history=("older-commit",))
        return place, commits[0 if is_old else -1]

    return source


@contextlib.contextmanager
def images(endpoint: str, sources: Checkouts) -> Iterator[Images]:
    """Yield what gives the image of a variant: it takes seconds to build, and is removed at the end of the block.

    Args:
        endpoint: the engine.
        sources: what tells the commits.
    """
    with contextlib.ExitStack() as held:
        held.enter_context(node_base(endpoint))

        @functools.cache
        def image(variant: str) -> ExpressImage:
            repository = "dtma-express" if variant == CLEAN else f"dtma-express-{variant}"
            _, revision = sources(variant)
            built = express_image(endpoint, express_build(variant), revision=revision, repository=repository)
            return held.enter_context(built)

        yield image
