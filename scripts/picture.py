"""Draws the README's pictures: what the commands really print about an agent with the incident's flaw."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console
from rich.text import Text

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "selfcheck"))

from neighbours.express_build import checkout
from neighbours.reference import running_reference

_ROOT = Path(__file__).parent.parent
# As wide as a line of curl needs, and as a table of routes does.
_WIDTH = 130
_DRIFT_WIDTH = 96
_DROPLET = "http://droplet:30000"


def main() -> None:
    """Run, record, write docs/verify.svg, docs/drift.svg and docs/diagnose.svg."""
    with running_reference("--fault", "stub-deployment") as agent:
        printed = _printed("verify", "--target", agent.url, "--depth", "smoke", env={"DTMA_BEARER_TOKEN": agent.token})
        shown = printed.replace(agent.url, _DROPLET)
        with tempfile.TemporaryDirectory() as folder:
            checkout(Path(folder), "stub-entry")
            drifted = _printed("drift", "--source", folder, width=_DRIFT_WIDTH).replace(folder, "dtma")
            asked = ("diagnose", "--target", agent.url, "--source", folder)
            told = _printed(*asked, env={"DTMA_BEARER_TOKEN": agent.token}).replace(agent.url, _DROPLET)
            told = told.replace(folder, "dtma").replace(f"{urlsplit(agent.url).port}:30000", "30000:30000")
    _draw(f"dtma-contract verify --target {_DROPLET}", shown, _ROOT / "docs" / "verify.svg")
    _draw("dtma-contract drift --source dtma", drifted, _ROOT / "docs" / "drift.svg", width=_DRIFT_WIDTH)
    _draw(f"dtma-contract diagnose --target {_DROPLET} --source dtma", told, _ROOT / "docs" / "diagnose.svg")


def _printed(*arguments: str, env: Mapping[str, str] | None = None, width: int = _WIDTH) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "dtma_contract", *arguments],
        env={**os.environ, **(env or {}), "FORCE_COLOR": "1", "COLUMNS": str(width)},
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    # The bar is redrawn in place on a terminal; a picture shows what stays.
    lines = [line for line in done.stdout.split("\n") if "━" not in line]
    return "\n".join(line.replace("\x1b[2K", "").replace("\r", "") for line in lines)


def _draw(command: str, printed: str, file: Path, width: int = _WIDTH) -> None:
    console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True)
    console.print(Text(f"$ {command}", style="bold"))
    console.print(Text.from_ansi(printed))
    file.write_text(console.export_svg(title="dtma-contract"), "utf-8")


if __name__ == "__main__":
    main()
