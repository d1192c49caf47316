"""A running Express app's own list of its routes: a hook that node loads before the app, and how its answer is read."""

from __future__ import annotations

from importlib.resources import files

__all__ = ["HOOK_NAME", "hook_source"]

# Its ending keeps it CommonJS whatever the package around it says; node's `--require` takes nothing else.
HOOK_NAME = "preload.cjs"


def hook_source() -> str:
    """Return the program for ``node --require``: it opens no port, and prints one line for ``answer.read_answer``.

    It obeys two environment variables: ``DTMA_CONTRACT_QUIET_MS``, how long nothing may have been registered after the
    app listened before it tells (default 1000 ms; an app that keeps nothing alive is told at once), and
    ``DTMA_CONTRACT_LIMIT_SECONDS``, how long an app may take that never listens (default 30 s).
    """
    return files(__package__).joinpath(HOOK_NAME).read_text("utf-8")
