"""`python -m dtma_contract` is the command line."""

from __future__ import annotations

import sys
from typing import NoReturn

__all__ = ["main"]

_INTERRUPTED = 2


def main() -> NoReturn:
    """Load the command line and run it; who is interrupted while it loads is told the same as later."""
    try:
        from dtma_contract.cli import main as run  # noqa: PLC0415 - it takes a while, in which Ctrl-C may come
    except KeyboardInterrupt:
        sys.stderr.write("dtma-contract: interrupted\n")
        sys.exit(_INTERRUPTED)
    run()


if __name__ == "__main__":
    main()
