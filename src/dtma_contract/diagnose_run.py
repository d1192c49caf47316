"""A diagnosis as one call: facts are collected from everything that was named, then judged."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dtma_contract.clock import now
from dtma_contract.contract import Contract
from dtma_contract.diagnosis.cleaning import cleaned
from dtma_contract.diagnosis.code import CodeFacts, code_facts
from dtma_contract.diagnosis.facts import DockerFacts, Facts, Origin, Problem
from dtma_contract.drift_run import DriftRequest, run_drift
from dtma_contract.errors import DtmaContractError, UsageError
from dtma_contract.log_redaction import Redactor
from dtma_contract.reference_target import reached

if TYPE_CHECKING:  # not every diagnosis needs all of them, and each takes its time to import
    from dtma_contract.observing import HttpFacts

__all__ = ["DiagnosisRequest", "observe"]


@dataclass(frozen=True, slots=True)
class DiagnosisRequest:
    """What is asked, and what may be looked at.

    Attributes:
        contract: the contract.
        target: URL of the agent.
        token: the secret, or None; one that no request can carry is told as such, and nothing is asked with it.
        token_env: the variable that it came from.
        source: folder of the agent's source, or None.
        image: reference, archive or layout of its image, or None.
        docker: endpoint of the target's Docker Engine, or None.
        container: name of the agent's container; empty to recognise it.
        instance: name of the instance that is asked about; empty for none.
        entry: file that the program begins with, relative to the source, or None.
    """

    contract: Contract
    target: str
    token: str | None = None
    token_env: str = "DTMA_BEARER_TOKEN"  # noqa: S105 - the name of a variable
    source: Path | None = None
    image: str | None = None
    docker: str | None = None
    container: str = ""
    instance: str = ""
    entry: str | None = None

    def check(self) -> None:
        """Refuse what can only be a mistake.

        Raises:
            UsageError: a folder is none, an image is a path to nothing, or a container is named without an Engine.
        """
        if self.container and not self.docker:
            raise UsageError(
                "--container names a container, and no Docker Engine is named.",
                "Name it with --docker, such as --docker unix:///var/run/docker.sock or --docker ssh://root@HOST.",
            )
        if self.code is not None:
            self.code.check()

    @property
    def code(self) -> DriftRequest | None:
        """The comparison of source and image, or None where neither was named."""
        if self.source is None and self.image is None:
            return None
        return DriftRequest(self.contract, source=self.source, image=self.image, entry=self.entry, docker=self.docker)


def observe(request: DiagnosisRequest, say: Callable[[str], None] = lambda _line: None) -> Facts:
    """Collect the facts. Nothing is changed anywhere, and what cannot be told is a fact too.

    Args:
        request: what is asked.
        say: told in one line what is done next.

    Raises:
        UsageError: a value of the request, other than the token, is unusable.
        EngineError: this machine cannot do what is needed.
    """
    request.check()
    problem = _token_problem(request)
    with reached(request.target, None if problem else request.token) as (target, token):
        # What cannot be sent may be written in a log all the same.
        secrets = {secret for secret in ((request.token or "").strip(), token) if secret}
        facts = _observed(replace(request, target=target, token=token), say, secrets)
        return replace(facts, token_problem=problem)


def _token_problem(request: DiagnosisRequest) -> str:
    from dtma_contract.fence.service import check_token  # noqa: PLC0415 - slow to import, and --help is not

    try:
        check_token(request.token, request.token_env)
    except UsageError as problem:
        return f"{problem.message} {problem.hint}"
    if request.token is not None and not request.token.isascii():
        # RFC 6750 section 2.1: a bearer token is letters, digits and -._~+/=.
        return f"The token in {request.token_env} holds letters that no bearer token has."
    return ""


def _observed(request: DiagnosisRequest, say: Callable[[str], None], secrets: Collection[str]) -> Facts:
    at, began = now(), time.perf_counter()
    problems: list[Problem] = []
    with ThreadPoolExecutor(max_workers=2, thread_name_prefix="observe") as beside:
        code = beside.submit(_code, request, say, problems)
        http = _http(request, say)
        # After the requests, so that the agent's log shows what became of them.
        docker, redactor = _docker(request, say, secrets)
        code_facts = code.result()
    facts = Facts(
        target=request.target,
        at=at,
        has_token=request.token is not None,
        token_env=request.token_env,
        instance=request.instance,
        network=http.network,
        answers=http.answers,
        routes=http.routes,
        broken_promises=http.broken_promises,
        docker=docker,
        code=code_facts,
        problems=(*http.problems, *problems),
        requests=http.requests,
        seconds=round(time.perf_counter() - began, 3),
    )
    # The agent may repeat what only the Engine shows to be a secret.
    return cleaned(facts, redactor)


def _http(request: DiagnosisRequest, say: Callable[[str], None]) -> HttpFacts:
    from dtma_contract.observing import observe_http  # noqa: PLC0415 - slow to import, and --help is not

    say(f"asking {request.target}")
    return observe_http(
        request.target, request.contract, request.token, token_env=request.token_env, instance=request.instance
    )


def _docker(
    request: DiagnosisRequest, say: Callable[[str], None], secrets: Collection[str]
) -> tuple[DockerFacts | None, Redactor]:
    if request.docker is None:
        return None, Redactor(secrets)
    from dtma_contract.probes.agent_host import observe_host  # noqa: PLC0415 - as above

    say(f"asking the Docker Engine at {request.docker}")
    return observe_host(
        request.docker, request.target, container=request.container, instance=request.instance, secrets=secrets
    )


def _code(request: DiagnosisRequest, say: Callable[[str], None], problems: list[Problem]) -> CodeFacts | None:
    code = request.code
    if code is None:
        return None
    at = now()
    try:
        report = run_drift(code, say)
    except UsageError:
        raise
    except DtmaContractError as problem:
        problems.append(Problem(Origin.SOURCE, "what source and image say", str(problem).rstrip("."), at))
        return None
    return code_facts(report, at, source=str(request.source or ""), image=request.image or "")
