"""The target corner: which routes a live agent has mounted, told by requests that change nothing.

Every request passes the fence at the effect level ``read``. The table holds one row for each route that was asked
about, ``absent`` ones too, and its ``detail`` is the evidence; a route that it does not hold was not asked about, and
nothing is known of it.
"""

from __future__ import annotations

import datetime as dt
import random
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from dtma_contract.agent import VALID, Agent
from dtma_contract.contract import Contract, EffectLevel
from dtma_contract.discovery.claims import read_claims
from dtma_contract.discovery.route_probing import Budget, RouteProbing
from dtma_contract.discovery.route_questions import Question, question_of_operation, question_of_route
from dtma_contract.discovery.target_evidence import Judged, judge_route, judge_secured
from dtma_contract.errors import TargetUnusableError
from dtma_contract.evidence import Exchange
from dtma_contract.fence.limits import Limits
from dtma_contract.fence.process import FenceProcess
from dtma_contract.fence.settings import FenceSettings
from dtma_contract.judgement import TargetGoneError
from dtma_contract.preflight import Facts, judge, look
from dtma_contract.routes import Cell, Corner, Route, RouteTable, Unknown, canonical_path
from dtma_contract.run_identity import RunIdentity

__all__ = ["MOST_REQUESTS", "judge_routes", "read_target"]

# A healthy agent is asked about the whole contract with 80; more is a burden on a small droplet.
MOST_REQUESTS: Final = 120

# The agent's callers give up after 10 seconds; a stream that never ends must not take longer.
_LIMITS: Final = Limits(connect_seconds=3.0, response_seconds=10.0, read_seconds=10.0, idle_seconds=5.0, concurrency=4)

_PREFLIGHT_REQUESTS: Final = 4

# A target of which these are true answers all the same; only what asks for the token tells less.
_READABLE: Final = frozenset({"token-rejected", "token-not-configured"})


def read_target(
    target: str,
    contract: Contract,
    token: str | None,
    *,
    token_env: str = "DTMA_BEARER_TOKEN",  # noqa: S107 - the name of a variable
    also: Iterable[tuple[str, str]] = (),
    folder: Path | None = None,
) -> RouteTable:
    """Return the route table of a live agent. Nothing on its host is changed.

    Args:
        target: URL of the agent.
        contract: the contract, whose operations are asked about.
        token: the secret, or None, where only what can be told without one is told.
        token_env: name of the variable that it came from, for messages.
        also: methods and path templates of further routes to ask about. A parameter takes any name: a route of which
            the parameter is constrained must be left out, since a name that it does not take tells nothing.
        folder: for the fence's record of all exchanges; a temporary one by default.

    Returns:
        One row a route. A target that cannot be asked is a table with one ``Unknown`` for everything, and its
        provenance has ``cause``, ``reason`` and ``hint``. ``claims`` there are the endpoints that ``GET /`` names.

    Raises:
        UsageError: the URL or the token is unusable.
        EngineError: the fence does not start.
    """
    identity = RunIdentity.new(dt.datetime.now(tz=dt.UTC), random.SystemRandom())
    with tempfile.TemporaryDirectory(prefix="dtmac-target-") as temporary:
        settings = FenceSettings(
            target=target,
            identity=identity,
            contract=contract,
            folder=folder or Path(temporary),
            effects=EffectLevel.READ,
            probe_image="",
            token_env=token_env,
            limits=_LIMITS,
            # Where this process is killed, the fence is there still.
            is_temporary=folder is None,
        )
        with FenceProcess.start(settings, token) as fence:
            return _read(fence, token_env if token else "", tuple(also))


def _read(fence: FenceProcess, token_env: str, also: tuple[tuple[str, str], ...]) -> RouteTable:
    base_url, target, contract = fence.base_url, fence.settings.target, fence.settings.contract
    provenance: dict[str, Any] = {"target": target, "token": "accepted" if token_env else "none"}
    facts = look(base_url, contract, VALID if token_env else None)
    try:
        judge(facts, contract, target, token_env)
    except TargetUnusableError as problem:
        provenance |= {"cause": problem.cause, "reason": problem.message, "hint": problem.hint}
        if problem.cause not in _READABLE:
            return _unusable(provenance, problem.message)
        provenance["token"] = problem.cause.removeprefix("token-")
    claims = read_claims(facts.root.member("endpoints")) if isinstance(facts.root, Exchange) else ()
    provenance |= _self_description(facts) | {"claims": [list(claim) for claim in claims]}
    agent = Agent(base_url)
    try:
        budget = Budget(agent, MOST_REQUESTS, _PREFLIGHT_REQUESTS)
        has_token = provenance["token"] in {"accepted", "not-configured"}
        budget.remember(facts.answers)
        probing = RouteProbing(budget, fence.settings.identity, has_token=has_token)
        routes = _routes(probing, contract, [*also, *claims], has_token=has_token)
    except TargetGoneError as gone:
        reason = f"{target} stopped answering: {gone.reason.rstrip('.')}."
        hint = "Look at the agent's log; it may be restarting over and over."
        return _unusable(provenance | {"cause": gone.reason.partition(":")[0], "reason": reason, "hint": hint}, reason)
    finally:
        agent.close()
    # The same target gives the same report: the random part of the run's names is left out.
    namespace = fence.settings.identity.namespace
    shown = tuple(replace(route, detail=route.detail.replace(namespace, "dtmac-")) for route in routes)
    unknown = tuple(
        Unknown(Corner.TARGET, "", 0, f"{route.method} {route.path}: {route.detail}", route.path, route.method)
        for route in shown
        if route.state is Cell.UNKNOWN
    )
    return RouteTable(Corner.TARGET, shown, unknown, provenance | {"requests": budget.spent})


def _routes(
    probing: RouteProbing, contract: Contract, also: Iterable[tuple[str, str]], *, has_token: bool
) -> list[Route]:
    documented = [question_of_operation(operation) for operation in contract.operations]
    taken = {(question.method, canonical_path(question.path)) for question in documented}
    further: list[Question] = []
    for method, path in also:
        key = method.upper(), canonical_path(path)
        if key not in taken:
            taken.add(key)
            further.append(question_of_route(method.upper(), path))
    routes: list[Route] = []
    # The contract's own first: should the budget not suffice for all, the others go without.
    for questions in (documented, further):
        routes += judge_routes(probing, questions, has_token=has_token)
    return routes


def judge_routes(probing: RouteProbing, questions: Sequence[Question], *, has_token: bool) -> list[Route]:
    """Ask about routes and judge what is seen, one row a question.

    Args:
        probing: asks.
        questions: what to ask.
        has_token: whether the fence has a token that the target accepts.

    Raises:
        TargetGoneError: the target stopped answering.
    """
    told = {question: Judged(Cell.UNKNOWN, question.unaskable) for question in questions if question.unaskable}
    secured: dict[Question, bool | None] = {}
    for question, seen in probing.observe(questions):
        told[question] = judge_route(seen, probing.habits_for(question, seen))
        if told[question].cell is Cell.MOUNTED:
            secured[question] = judge_secured(seen, with_token=has_token and question.auth)
    return [
        Route(
            method=question.method,
            path=question.path,
            state=told[question].cell,
            secured=secured.get(question),
            detail=told[question].detail,
        )
        for question in questions
    ]


def _unusable(provenance: dict[str, Any], message: str) -> RouteTable:
    nothing_known = Unknown(Corner.TARGET, "", 0, message.rstrip("."), "/")
    return RouteTable(Corner.TARGET, (), (nothing_known,), provenance)


def _self_description(facts: Facts) -> dict[str, Any]:
    """Return what the agent says of itself: name, version, server."""
    answers = [answer for answer in (facts.status, facts.root) if isinstance(answer, Exchange)]
    found: dict[str, Any] = {}
    for answer in answers:
        for member in ("service", "version"):
            value = answer.member(member)
            if isinstance(value, str) and value:
                found.setdefault(member, value)
        for header in ("server", "x-powered-by"):
            if header in answer.headers:
                found.setdefault(header, answer.headers[header])
    return found
