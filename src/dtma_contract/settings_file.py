"""The file ``dtma-contract.toml`` in the working folder: settings for every run from there."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from dtma_contract.errors import UsageError

__all__ = ["read_settings_file"]

_NAME = "dtma-contract.toml"


def read_settings_file() -> dict[str, Any]:
    """Return the decoded file, or nothing where there is none.

    Raises:
        UsageError: it cannot be read.
    """
    file = Path(_NAME)
    try:
        return tomllib.loads(file.read_text("utf-8")) if file.is_file() else {}
    except (OSError, ValueError) as problem:
        raise UsageError(f"{file} cannot be read: {problem}.", "Mend it, or move it away.") from None
