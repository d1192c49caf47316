"""What the commands do alike with their options."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from dtma_contract.settings import Settings, merge
from dtma_contract.settings_file import read_settings_file

__all__ = ["settings_of", "short_path"]


def settings_of(flags: dict[str, Any]) -> Settings:
    """Return the settings that flags, environment and file state.

    Args:
        flags: by field name of the settings.

    Raises:
        UsageError: the target is missing, or a value is malformed.
    """
    return Settings.from_values(merge(flags, os.environ, read_settings_file()))


def short_path(path: Path) -> str:
    """Return a path as it is written from the working folder, where it lies below it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
