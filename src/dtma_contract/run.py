"""One verification run: target, fence, preflight and survey up, clean-up and report at the end."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import shlex
import time
from collections.abc import Iterable
from pathlib import Path

from dtma_contract.agent import Agent
from dtma_contract.attributing import ask_further, attributed
from dtma_contract.baseline import compare
from dtma_contract.cleanup import LeftBehind
from dtma_contract.diagnosis.attribution import Attributed
from dtma_contract.diagnosis.facts import Answer, Facts
from dtma_contract.diagnosis.usability import why_unusable
from dtma_contract.errors import TargetUnusableError, UsageError, closest
from dtma_contract.fence.process import FenceProcess
from dtma_contract.fence.service import check_token
from dtma_contract.fence.settings import FenceSettings
from dtma_contract.interrupts import Interrupts
from dtma_contract.judgement import TargetGoneError
from dtma_contract.plan import Plan, RunInfo
from dtma_contract.preflight import gone_facts, judge_observed, look, observed_facts
from dtma_contract.probes.docker_host import DockerHost, DockerHostError
from dtma_contract.probes.ssh_tunnel import SshTunnelError
from dtma_contract.reference_target import ReferenceTarget
from dtma_contract.run_report import RunReport, Unusable
from dtma_contract.settings import REFERENCE, Settings
from dtma_contract.survey import Removal, Survey, survey_target, surveyed_instance
from dtma_contract.verdict import ClauseResult, Outcome

__all__ = ["Run", "take_token"]


class Run:
    """A run of the controller.

    Args:
        plan: what to judge.

    Attributes:
        plan: the same.
        target: URL of the target, once it is known.
        interrupts: what the user's signals do to the run.
        unusable: why the target cannot be judged, or None.
        info: what the workers need to know, once the target was seen.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.target = plan.settings.target
        self.interrupts = Interrupts()
        self.unusable: Unusable | None = None
        self.info: RunInfo | None = None
        self._started = time.monotonic()
        self._token = ""
        self._resources = contextlib.ExitStack()
        self._fence: FenceProcess | None = None
        self._survey: Survey | None = None
        self._seen: Facts | None = None
        self._left_behind: tuple[LeftBehind, ...] = ()

    def prepare(self) -> None:
        """Check what the run needs of its user, before anything is sent, and make the folder of its reports.

        Raises:
            UsageError: the token's variable is not set or holds no token, the Docker Engine cannot be reached or has no
                container of the name that was given, what is compared is not there, or there is no place for reports.
        """
        settings = self.plan.settings
        if settings.target and settings.target != REFERENCE:
            self._token = take_token(settings.token_env)
        os.environ.pop(settings.token_env, None)
        _check_engine(settings)
        _check_code(self.plan)
        self.plan.make_folder()

    def start(self) -> RunInfo:
        """Bring up target, fence and survey of a prepared run.

        Returns:
            What the workers need to know.

        Raises:
            TargetUnusableError: the target cannot be judged; it is in the report as well.
        """
        settings, identity = self.plan.settings, self.plan.identity
        if not settings.target:
            self.info = self._info("", Survey({}, {}))
            return self.info
        url, token, token_env = self._target_and_token()
        self.target = url
        self._fence = FenceProcess.start(
            FenceSettings(
                target=url,
                identity=identity,
                effects=settings.effects,
                probe_image=settings.probe_image,
                folder=self.plan.folder,
                token_env=token_env,
                docker=settings.docker,
                contract=self.plan.contract,
            ),
            token,
        )
        self._resources.callback(self._fence.close)
        try:
            survey = self._survey = self._look(self._fence.base_url)
        except TargetUnusableError as problem:
            self.unusable = Unusable(problem.cause, problem.message, problem.hint)
            raise
        self.info = self._info(self._fence.base_url, survey)
        return self.info

    def _info(self, fence: str, survey: Survey) -> RunInfo:
        identity = self.plan.identity
        return RunInfo(
            settings=self.plan.settings.to_json(),
            identity=(identity.run, identity.namespace),
            fence=fence,
            target=self.target,
            survey=survey.to_json(),
        )

    def _target_and_token(self) -> tuple[str, str, str]:
        """Return the target's URL, its token, and the variable from which a sweep can take it, if there is one."""
        if self.plan.settings.target != REFERENCE:
            # From here on the fence alone has it.
            token, self._token = self._token, ""
            return self.plan.settings.target, token, self.plan.settings.token_env
        reference = ReferenceTarget.start(self.plan.settings.probe_image)
        self._resources.callback(reference.stop)
        return reference.url, reference.token, ""

    def _look(self, base_url: str) -> Survey:
        settings = self.plan.settings
        self._seen = observed_facts(look(base_url, self.plan.contract), self.target, settings.token_env)
        judge_observed(self._seen)
        agent = Agent(base_url)
        try:
            return survey_target(agent, self.plan.contract, self.plan.identity, settings.effects, settings.probe_image)
        except TargetGoneError as gone:
            stopped = self._stopped(
                gone.reason,
                f": {gone.reason.rstrip('.')}.",
                "Look at the agent's log; it may be restarting over and over.",
            )
            raise TargetUnusableError(stopped.message, stopped.hint, cause=stopped.cause) from None
        finally:
            agent.close()

    def _stopped(self, reason: str, said: str, hint: str) -> Unusable:
        """Return that the target answered before and does not any more; the fence's reason begins with its id."""
        self._seen = gone_facts(reason, self.target, self.plan.settings.token_env)
        told = why_unusable(self._seen)
        assert told is not None
        diagnose = f"`dtma-contract diagnose --target {self.target}` looks further."
        return Unusable(told.id, f"{self.target} stopped answering{said}", f"{hint} {diagnose}")

    def finish(self, results: Iterable[ClauseResult], expected: Iterable[str], *, interrupted: bool) -> RunReport:
        """Remove what the run made, and return its report.

        Args:
            results: of the clauses that were judged.
            expected: ids of the clauses that should have been.
            interrupted: whether the user stopped the run.
        """
        by_id = {result.clause.id: result for result in results}
        with self.interrupts.held_back():
            try:
                violated = any(result.outcome is Outcome.VIOLATED for result in by_id.values())
                answers = self._further() if violated and not interrupted else ()
                gone = self._clean_up()
            finally:
                self._resources.close()
            by_id, causes = self._attributed(by_id, answers, reads_code=not interrupted)
        self._left_behind += self._forgotten(by_id.values())
        if gone and self.unusable is None and any(gone in result.reason for result in by_id.values()):
            self.unusable = self._stopped(
                gone,
                f" in the middle of the run ({gone}).",
                "Look at the agent's log for the request before; a crash on a request shows as its finding.",
            )
            causes = (*self._unusable_causes(), *causes)
        missing = "the run was interrupted before it" if interrupted else "the run ended before it"
        wanted = set(expected) & self.plan.selected
        listed = tuple(
            by_id.get(clause.id) or ClauseResult(clause, Outcome.NOT_JUDGED, reason=missing)
            for clause in self.plan.clauses
            if clause.id in wanted or clause.id in by_id
        )
        settings = self.plan.settings
        assert settings.seed is not None
        return RunReport(
            run=self.plan.identity.run,
            target=self.target,
            contract=self.plan.contract,
            seed=settings.seed,
            results=listed if self.unusable is None or by_id else (),
            baseline=compare(listed, self.plan.accepted, dt.datetime.now(tz=dt.UTC).date()),
            left_behind=self._left_behind,
            unusable=self.unusable,
            causes=causes,
            interrupted=interrupted,
            strict=settings.strict,
            duration_seconds=time.monotonic() - self._started,
        )

    def _further(self) -> tuple[Answer, ...]:
        if self._fence is None or self._survey is None:
            return ()
        return ask_further(self._fence.base_url, self.plan, self._survey)

    def _attributed(
        self, by_id: dict[str, ClauseResult], answers: tuple[Answer, ...], *, reads_code: bool
    ) -> tuple[dict[str, ClauseResult], tuple[Attributed, ...]]:
        """Return the results with the causes of their findings, and these causes."""
        if self._seen is None or self.unusable is not None:
            return by_id, self._unusable_causes()
        survey = self._survey or Survey({}, {})
        judged, found = attributed(self.plan, self._seen, answers, survey, by_id.values(), reads_code=reads_code)
        return {result.clause.id: result for result in judged}, found.causes

    def _unusable_causes(self) -> tuple[Attributed, ...]:
        told = why_unusable(self._seen) if self._seen and self.unusable else None
        return (Attributed(told, ()),) if told and self.unusable and told.id == self.unusable.cause else ()

    def _clean_up(self) -> str | None:
        """Have the fence remove what was made; return the cause when it has given up on the target."""
        if self._fence is None:
            return None
        cleaned = self._fence.finish()
        self._left_behind = cleaned.left_behind
        return self._fence.status().target_gone

    def _forgotten(self, results: Iterable[ClauseResult]) -> tuple[LeftBehind, ...]:
        """Return the containers that the agent made and does not know of; only an Engine could remove them."""
        if self.plan.settings.docker:
            return ()
        names = [name for result in results for name in result.left]
        if self._survey is not None and self._survey.removal == Removal.LEAVES_CONTAINER:
            names.append(surveyed_instance(self.plan.identity))
        known = {item.name for item in self._left_behind}
        reason = "its name is taken, and the agent does not know it"
        return tuple(
            LeftBehind("container", name, reason, f"docker rm -f {name}")
            for name in dict.fromkeys(names)
            if name not in known
        )

    def abandon(self) -> None:
        """Take down what was brought up, after a start that failed."""
        self._resources.close()


def _check_code(plan: Plan) -> None:
    settings = plan.settings
    if settings.compares:
        from dtma_contract.drift_run import DriftRequest  # noqa: PLC0415 - only a run that compares has use for it

        folders = tuple(map(Path, settings.consumers))
        DriftRequest(plan.contract, source=settings.source, image=settings.image, consumers=folders).check()


def _check_engine(settings: Settings) -> None:
    if settings.container and not settings.docker:
        raise UsageError(
            "--container names a container, and no Docker Engine is named.",
            "Name it with --docker, such as --docker unix:///var/run/docker.sock or --docker ssh://root@HOST.",
        )
    if not settings.docker:
        return
    try:
        with contextlib.closing(DockerHost.connect(settings.docker)) as host:
            if settings.container and not host.started_at(settings.container):
                raise UsageError(
                    f'The Docker Engine at {settings.docker} has no container "{settings.container}".',
                    closest(settings.container, sorted(each.name for each in host.containers()))
                    or f"List them with `docker -H {shlex.quote(settings.docker)} ps -a`.",
                )
    except (DockerHostError, SshTunnelError) as problem:
        raise UsageError(problem.message, problem.hint) from None


def take_token(token_env: str) -> str:
    """Return the token, and take it out of the environment: whatever runs here later, tests included, finds none.

    Raises:
        UsageError: the variable is not set, or holds what can be no token.
    """
    token = os.environ.pop(token_env, "")
    if not token:
        raise UsageError(
            f"The environment variable {token_env} is not set, and it should hold the agent's token.",
            f"Set it (`export {token_env}=…`), or name another variable with --token-env.",
        )
    check_token(token, token_env)
    if not token.isascii():
        # RFC 6750 section 2.1: a bearer token is letters, digits and -._~+/=.
        raise UsageError(
            f"The token in {token_env} holds letters that no bearer token has.",
            "Look for a quotation mark or a dash that was copied along with it.",
        )
    return token
