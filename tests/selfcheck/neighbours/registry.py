"""A real image registry on a loopback port."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .processes import free_port, is_listening, running
from .tools import path_of

__all__ = ["running_registry"]


@contextlib.contextmanager
def running_registry() -> Iterator[str]:
    """Run a registry until the block ends, and yield its ``127.0.0.1:PORT``.

    Engines speak plain HTTP to a loopback registry without being told.

    Raises:
        MissingToolError: docker-registry is not installed.
        NeighbourError: it does not start.
    """
    program = path_of("docker-registry")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="dtmac-registry-") as name:
        folder = Path(name)
        # JSON is YAML.
        configuration = {
            "version": "0.1",
            "log": {"level": "warn", "accesslog": {"disabled": True}},
            "storage": {"filesystem": {"rootdirectory": str(folder / "images")}},
            "http": {"addr": f"127.0.0.1:{port}"},
        }
        (folder / "config.yml").write_text(json.dumps(configuration))
        command = [program, "serve", folder / "config.yml"]
        with running(command, log=folder / "log", ready=lambda: is_listening(port)):
            yield f"127.0.0.1:{port}"
