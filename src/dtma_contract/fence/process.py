"""The fence in a process of its own, as its parent sees it.

The child gets its settings and the token over standard input, so that neither an argument nor a variable of its
environment ever holds the token. It then answers commands, one JSON line each: ``status``, ``finish``, ``close``. When
the parent dies the child sees its input end, cleans up and exits.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from dtma_contract.cleanup import CleanupReport
from dtma_contract.errors import EngineError, UsageError
from dtma_contract.fence.service import FenceStatus
from dtma_contract.fence.settings import FenceSettings

__all__ = ["FenceProcess"]

# A loaded machine takes seconds to start Python; more means that something is wrong.
_START_SECONDS: Final = 30.0
_STATUS_SECONDS: Final = 10.0
# Requests at the target are waited for, then every removal may take as long as an answer may.
_FINISH_SECONDS: Final = 600.0
_LOG_NAME: Final = "fence.log"


class FenceProcess:
    """A running fence. It is a context manager that finishes and closes.

    Attributes:
        base_url: where clients send to, such as ``http://127.0.0.1:40123``.
        settings: what it was asked to do.
        pid: of its process.
    """

    def __init__(self, process: subprocess.Popen[bytes], settings: FenceSettings) -> None:
        self.base_url = ""
        self.settings = settings
        self.pid = process.pid
        self._process = process
        self._lines: queue.Queue[bytes] = queue.Queue()
        self._turn = threading.Lock()
        self._report: CleanupReport | None = None
        self._ear = threading.Thread(target=self._listen, name="fence-ear", daemon=True)
        self._ear.start()

    @classmethod
    def start(cls, settings: FenceSettings, token: str | None) -> Self:
        """Start a fence and wait until it listens.

        Args:
            settings: what it is to do.
            token: the secret, or None; it is handed to the child and kept nowhere else.

        Raises:
            UsageError: the target, the token or the address to listen on is unusable.
            EngineError: the process does not start, or the run's folder cannot be written.
        """
        settings.folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(settings.folder / _LOG_NAME, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "dtma_contract.fence"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=_environment(settings.token_env, token),
                start_new_session=True,
            )
        fence = cls(process, settings)
        try:
            answer = fence._ask({"settings": settings.to_json(), "token": token}, _START_SECONDS)
            fence.base_url = _base_url(answer)
        except BaseException:
            fence._stop()
            raise
        return fence

    def status(self) -> FenceStatus:
        """Return what has passed so far.

        Raises:
            EngineError: the fence does not answer.
        """
        return FenceStatus(**self._ask({"command": "status"}, _STATUS_SECONDS))

    def finish(self) -> CleanupReport:
        """End the run and clean up; from now on every request is refused. Can be called again.

        Raises:
            EngineError: the fence does not answer; ``dtma-contract sweep`` removes what its ledger names.
        """
        self._report = CleanupReport.from_json(self._ask({"command": "finish"}, _FINISH_SECONDS))
        return self._report

    def close(self) -> None:
        """Clean up what :meth:`finish` has not, and end the process. Can be called again."""
        with contextlib.suppress(EngineError):
            self._tell({"command": "close"})
        self._stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, message: dict[str, Any], seconds: float) -> dict[str, Any]:
        with self._turn:
            self._tell(message)
            try:
                line = self._lines.get(timeout=seconds)
            except queue.Empty:
                raise EngineError(f"The fence did not answer within {seconds:g} s.", self._log_tail()) from None
        if not line:
            # The end of the stream stays true for everyone who asks later.
            self._lines.put(b"")
            raise EngineError("The fence has ended.", self._log_tail())
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _tell(self, message: dict[str, Any]) -> None:
        if self._process.stdin is None or self._process.stdin.closed:
            raise EngineError("The fence was closed.")
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            raise EngineError("The fence has ended.", self._log_tail()) from None

    def _listen(self) -> None:
        if self._process.stdout is not None:
            for line in self._process.stdout:
                self._lines.put(line)
        self._lines.put(b"")

    def _stop(self) -> None:
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(_FINISH_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None and not self._process.stdout.closed:
            # The ear must have read to the end before its stream is closed under it.
            self._ear.join()
            self._process.stdout.close()

    def _log_tail(self) -> str:
        try:
            tail = (self.settings.folder / _LOG_NAME).read_text("utf-8", "replace").strip().splitlines()[-1:]
        except OSError:
            return ""
        return f"Its last words: {tail[0]}" if tail else ""


def _base_url(answer: dict[str, Any]) -> str:
    if "error" in answer:
        error = answer["error"]
        kind = UsageError if error["kind"] == "UsageError" else EngineError
        raise kind(error["message"], error["hint"])
    return str(answer["base_url"])


def _environment(token_env: str, token: str | None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != token_env and not (token and token in value)}
    # The child finds this very package, wherever it was imported from.
    package_root = str(Path(__file__).resolve().parents[2])
    kept["PYTHONPATH"] = os.pathsep.join(filter(None, [package_root, kept.get("PYTHONPATH")]))
    return kept
