"""The truth about an Express agent's routes: what its own runtime holds, whatever source and compiler say."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from .express_build import Build
from .processes import NeighbourError, clean_environment
from .tools import path_of

__all__ = ["runtime_routes"]

_PRELOAD = Path(__file__).with_name("express_routes.cjs")
_MARK = re.compile(r"^routes-of-this-application:(?P<routes>\[.*\])$", re.MULTILINE)
_SECONDS = 60


def runtime_routes(build: Build, *, env: Mapping[str, str] | None = None) -> set[tuple[str, str]]:
    """Return the method and path template of every route in the Express stack of a build, as it would listen.

    The agent is loaded by node and ended before it listens. Paths are written as OpenAPI templates. The order, and
    with it what shadows what, is not part of the answer.

    Args:
        build: which build.
        env: variables that it is loaded with; the secrets are made up.

    Raises:
        NeighbourError: it ended before it would have listened; the message holds what it wrote.
    """
    with tempfile.TemporaryDirectory(prefix="dtmac-express-") as folder:
        places = {"DTMA_CONFIG_FILE": f"{folder}/dtma.conf", "DOCKER_HOST": f"unix://{folder}/no-engine.sock"}
        done = subprocess.run(
            [path_of("node"), "--require", _PRELOAD, build.entry],
            check=False,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            cwd=folder,
            env=clean_environment({**places, "DTMA_BEARER_TOKEN": "made-up", **(env or {})}),
            timeout=_SECONDS,
        )
    match = _MARK.search(done.stdout)
    if match is None:
        raise NeighbourError(f"{build.entry} ended with {done.returncode} and has not listened:\n{done.stderr}")
    return {(method, _template(path)) for method, path in json.loads(match["routes"])}


def _template(path: str) -> str:
    return re.sub(r":([A-Za-z0-9_]+)", r"{\1}", path)
