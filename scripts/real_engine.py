"""Run a command, or a shell, beside a real Docker Engine and registry that live as long as it does.

    python scripts/real_engine.py [COMMAND [ARGUMENT …]]

The command finds the engine in DOCKER_HOST and DTMA_SELFCHECK_DOCKER, and the probe image's
reference in DTMA_SELFCHECK_IMAGE. Its exit code is passed on.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "selfcheck"))

from neighbours.docker_host import running_docker_host
from neighbours.processes import run
from neighbours.program import run_as_program


def main(command: list[str]) -> int:
    """Run the command, the user's shell by default, and return its exit code."""
    with running_docker_host() as host:
        print(f"engine: {host.endpoint}\nprobe image: {host.probe_image}", file=sys.stderr)
        names = {
            "DOCKER_HOST": host.endpoint,
            "DTMA_SELFCHECK_DOCKER": host.endpoint,
            "DTMA_SELFCHECK_IMAGE": host.probe_image,
        }
        return run(command or [os.environ.get("SHELL", "/bin/sh")], env={**os.environ, **names})


if __name__ == "__main__":
    run_as_program(main)
