"""Restarting the agent: how that is brought about, that it goes away, and that it comes back.

A restart is proven, never believed: the agent was seen not to answer, or the Engine shows that its container was
started another time.
"""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from dtma_contract.agent import Agent
from dtma_contract.contract import Contract
from dtma_contract.judgement import ClauseViolatedError, NotJudgedError, TargetGoneError
from dtma_contract.mounting import MountState
from dtma_contract.probes.docker_host import DockerHost, DockerHostError
from dtma_contract.settings import Settings
from dtma_contract.survey import Survey

__all__ = ["LEAVES_WITHIN", "RETURNS_WITHIN", "Restarts", "has_left", "has_returned"]

# The agent exits one second after its answer; its supervisor, such as Docker's restart policy, starts it again.
LEAVES_WITHIN = 15.0
RETURNS_WITHIN = 60.0

# A command that starts a container again waits for its grace period, and some pull before.
_COMMAND_WITHIN = 120.0

# Shorter than the gap that the start of any process leaves.
_POLL = 0.02


def has_left(agent: Agent, contract: Contract, within: float = LEAVES_WITHIN) -> bool:
    """Return whether the agent stopped answering within so many seconds."""
    return _becomes(lambda: not _answers(agent, contract), within)


def has_returned(agent: Agent, contract: Contract, within: float = RETURNS_WITHIN) -> bool:
    """Return whether the agent answered within so many seconds."""
    return _becomes(lambda: _answers(agent, contract), within)


def _answers(agent: Agent, contract: Contract) -> bool:
    try:
        return agent.call(contract.operation("core.service"), auth=None).status < 500  # noqa: PLR2004 - server errors
    except (TargetGoneError, ClauseViolatedError):
        return False


def _becomes(condition: Callable[[], bool], within: float) -> bool:
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL)
    return True


class Restarts:
    """Restarts the agent in the way that the run was told, or that the agent offers.

    Args:
        agent: client of the target.
        contract: the contract.
        settings: of the run.
        survey: which operations the target has mounted.
        engine: the target's Docker Engine, or None.
        folder: of the run, which all of its processes share.
    """

    def __init__(
        self,
        *,
        agent: Agent,
        contract: Contract,
        settings: Settings,
        survey: Survey,
        engine: DockerHost | None,
        folder: Path,
    ) -> None:
        self._agent = agent
        self._contract = contract
        self._settings = settings
        self._survey = survey
        self._engine = engine
        self._lost = folder / ".state-lost"

    def note_lost(self) -> None:
        """Note that a restart makes the agent forget: what is made before one cannot be removed after it."""
        self._lost.touch()

    def require_kept(self) -> None:
        """Raise where a restart was seen to make the agent forget.

        Raises:
            NotJudgedError: nothing is made that could not be removed again.
        """
        if self._lost.exists():
            raise NotJudgedError(
                "a restart makes the agent forget its instances, see lifecycle/restart-keeps-instances"
            )

    def restart(self, meanwhile: Callable[[], None] = lambda: None) -> str:
        """Restart the agent and wait until it answers again.

        Args:
            meanwhile: called when the restart was asked for; ends when the agent has gone.

        Returns:
            By what it is proven that another process answers.

        Raises:
            NotJudgedError: there is no way to restart it, or it is not proven that it was; which of both is said.
            ClauseViolatedError: it did not come back.
        """
        how, ask = self._way()
        before = self._started_at()
        left, enough = threading.Event(), threading.Event()
        watching = threading.Thread(target=self._watch, args=(left, enough), name="restart-watch", daemon=True)
        # From before it is asked: a command may end when the agent is back.
        watching.start()
        try:
            ask()
            meanwhile()
            left.wait(LEAVES_WITHIN)
        finally:
            enough.set()
            watching.join()
        returned = has_returned(self._agent, self._contract)
        self._agent.restarting = False
        if not returned:
            raise ClauseViolatedError(
                f"after {how} it did not answer within {RETURNS_WITHIN:.0f} s",
                expected=["the agent to come back"],
                cause="agent-crash-loop",
            )
        after = self._started_at()
        if before and after and before != after:
            return f"its container was started at {after}, before that at {before}"
        if left.is_set():
            return f"after {how} it was seen not to answer"
        raise NotJudgedError(f"after {how} it went on answering: that another process answers is not proven")

    def _watch(self, left: threading.Event, enough: threading.Event) -> None:
        while not enough.wait(_POLL):
            if not _answers(self._agent, self._contract):
                left.set()
                return

    def _way(self) -> tuple[str, Callable[[], None]]:
        settings = self._settings
        if settings.restart_command:
            return "the restart command", self._by_command
        if settings.container and self._engine is not None:
            return f"a restart of the container {settings.container}", self._by_engine
        if self._survey.states.get("console.restart") == MountState.MOUNTED:
            return "POST /restart", self._by_request
        raise NotJudgedError(
            "the target has no POST /restart; name --restart-command, or --docker with --container, to restart it"
        )

    def _by_request(self) -> None:
        operation = self._contract.operation("console.restart")
        answer = self._agent.call(operation)
        if answer.status != operation.success:
            raise NotJudgedError(f"POST /restart does not restart it, see console.restart/success: {answer.describe()}")

    def _by_engine(self) -> None:
        assert self._engine is not None
        try:
            self._engine.restart(self._settings.container)
        except DockerHostError as problem:
            raise NotJudgedError(f"its container cannot be restarted: {problem}") from None

    def _by_command(self) -> None:
        try:
            done = subprocess.run(  # noqa: S602 - the user's own command line, as it was given
                self._settings.restart_command,
                shell=True,
                check=False,
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=_COMMAND_WITHIN,
            )
        except subprocess.TimeoutExpired:
            raise NotJudgedError(f"the restart command did not end within {_COMMAND_WITHIN:.0f} s") from None
        if done.returncode:
            raise NotJudgedError(f"the restart command failed with exit code {done.returncode}")

    def _started_at(self) -> str:
        if self._engine is None or not self._settings.container:
            return ""
        return self._engine.started_at(self._settings.container)
