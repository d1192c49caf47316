"""What the commands do alike with their options."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from dtma_contract.errors import UsageError
from dtma_contract.settings import Settings, merge
from dtma_contract.settings_file import read_settings_file

__all__ = ["check_filled", "settings_of", "short_path"]

# Those that are called otherwise than their setting.
_OPTIONS = {"profiles": "--profile", "consumers": "--consumer"}


def check_filled(option: str, value: Any) -> None:
    """Refuse an option without a value: a forgotten variable must leave nothing out.

    Args:
        option: as it is written.
        value: what was given, or None; of a repeatable option all values.

    Raises:
        UsageError: a value is empty.
    """
    values = value if isinstance(value, tuple | list) else (value,)
    if any(isinstance(one, str) and not one.strip() for one in values):
        raise UsageError(
            f"{option} is given, and is empty.",
            f"Leave it out, or look at the variable that should fill it: {option} VALUE.",
        )


def settings_of(flags: dict[str, Any]) -> Settings:
    """Return the settings that flags, environment and file state.

    Args:
        flags: by field name of the settings.

    Raises:
        UsageError: the target is missing, or a value is malformed or empty.
    """
    for name, value in flags.items():
        check_filled(_OPTIONS.get(name, f"--{name.replace('_', '-')}"), value)
    return Settings.from_values(merge(flags, os.environ, read_settings_file()))


def short_path(path: Path) -> str:
    """Return a path as it is written from the working folder, where it lies below it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
