"""Draws the README's picture: what `dtma-contract verify` really prints about an agent with the incident's flaw."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "selfcheck"))

from neighbours.reference import running_reference

_ROOT = Path(__file__).parent.parent
_WIDTH = 130


def main() -> None:
    """Run, record, write docs/verify.svg."""
    with running_reference("--fault", "stub-deployment") as agent:
        done = subprocess.run(
            [sys.executable, "-m", "dtma_contract", "verify", "--target", agent.url, "--depth", "smoke"],
            env={**os.environ, "DTMA_BEARER_TOKEN": agent.token, "FORCE_COLOR": "1", "COLUMNS": str(_WIDTH)},
            cwd=_ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    # The bar is redrawn in place on a terminal; a picture shows what stays.
    lines = [line for line in done.stdout.split("\n") if "━" not in line]
    shown = [line.replace("\x1b[2K", "").replace("\r", "") for line in lines]
    console = Console(record=True, width=_WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text("$ dtma-contract verify --target http://droplet:30000", style="bold"))
    text = "\n".join(shown).replace(agent.url, "http://droplet:30000")
    console.print(Text.from_ansi(text))
    (_ROOT / "docs" / "verify.svg").write_text(console.export_svg(title="dtma-contract"), "utf-8")


if __name__ == "__main__":
    main()
