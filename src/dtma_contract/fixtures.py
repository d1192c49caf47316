"""What the tests of the suite are given."""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from dtma_contract.agent import Agent
from dtma_contract.clauses import aspect_of
from dtma_contract.contract import Contract, EffectLevel, Operation
from dtma_contract.drift.report import DriftReport
from dtma_contract.drift_run import DriftRequest, run_drift, surveyed_table
from dtma_contract.instances import Instances
from dtma_contract.judgement import NotAskedError, NotJudgedError, NotOfferedError
from dtma_contract.mounting import MountState
from dtma_contract.plan import Plan, RunInfo
from dtma_contract.probes.docker_host import DockerHost
from dtma_contract.restarting import Restarts, has_left, has_returned
from dtma_contract.run_identity import RunIdentity
from dtma_contract.session_state import INFO, PLAN, TURNS
from dtma_contract.settings import Settings
from dtma_contract.survey import Survey
from dtma_contract.verdict import Clause

__all__ = [
    "agent",
    "contract",
    "drift_report",
    "engine",
    "identity",
    "instances",
    "operation",
    "plan",
    "random_source",
    "restarts",
    "run_info",
    "settings",
    "survey",
]


@pytest.fixture(scope="session")
def plan(pytestconfig: pytest.Config) -> Plan:
    """What the run judges."""
    return pytestconfig.stash[PLAN]


@pytest.fixture(scope="session")
def run_info(pytestconfig: pytest.Config) -> RunInfo:
    """What is known of the run: fence, target, survey."""
    return pytestconfig.stash[INFO]


@pytest.fixture(scope="session")
def settings(plan: Plan) -> Settings:
    """What was asked for."""
    return plan.settings


@pytest.fixture(scope="session")
def contract(plan: Plan) -> Contract:
    """The contract."""
    return plan.contract


@pytest.fixture(scope="session")
def identity(plan: Plan) -> RunIdentity:
    """Who the run is."""
    return plan.identity


@pytest.fixture(scope="session")
def survey(run_info: RunInfo) -> Survey:
    """Which operations the target has mounted."""
    return Survey.from_json(run_info.survey)


@pytest.fixture(scope="session")
def agent(run_info: RunInfo) -> Iterator[Agent]:
    """A client of the target, through the fence."""
    client = Agent(run_info.fence)
    yield client
    client.close()


@pytest.fixture(scope="session")
def drift_report(plan: Plan, run_info: RunInfo) -> DriftReport:
    """What contract, source, image, callers and the surveyed target say of each route; all of it is read once."""
    settings, given = plan.settings, []
    if run_info.target:
        given.append(surveyed_table(plan.contract, Survey.from_json(run_info.survey)))
    request = DriftRequest(
        contract=plan.contract,
        source=settings.source,
        image=settings.image,
        consumers=tuple(map(Path, settings.consumers)),
        docker=settings.docker,
    )
    return run_drift(request, given=given)


@pytest.fixture(scope="session")
def engine(settings: Settings) -> DockerHost | None:
    """The target's Docker Engine, or None where no endpoint is given."""
    return DockerHost.connect(settings.docker) if settings.docker else None


@pytest.fixture
def random_source(clause: Clause, settings: Settings) -> random.Random:
    """Random numbers that follow from the run's seed and the clause."""
    return random.Random(f"{settings.seed}:{clause.id}")  # noqa: S311 - test data, not secrets


@pytest.fixture(scope="session")
def _deployer(plan: Plan, agent: Agent, survey: Survey, engine: DockerHost | None) -> Instances:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    return Instances(
        agent=agent,
        contract=plan.contract,
        identity=plan.identity,
        prefix=f"{worker}t",
        image=plan.settings.probe_image,
        random_source=random.Random(f"{plan.settings.seed}:{worker}"),  # noqa: S311 - test data, not secrets
        effects=plan.settings.effects,
        survey=survey,
        engine=engine,
    )


@pytest.fixture
def instances(_deployer: Instances) -> Iterator[Instances]:
    """Deploys instances; they are removed when the test ends."""
    yield _deployer
    _deployer.remove_all()


@pytest.fixture
def restarts(plan: Plan, settings: Settings, agent: Agent, survey: Survey, engine: DockerHost | None) -> Restarts:
    """Restarts the agent, in the way that was named or that it offers."""
    return Restarts(
        agent=agent, contract=plan.contract, settings=settings, survey=survey, engine=engine, folder=plan.folder
    )


@pytest.fixture
def operation(clause: Clause, contract: Contract) -> Operation:
    """The operation that the clause judges."""
    return contract.operation(clause.operations[0])


@pytest.fixture(autouse=True)
def _within_limits(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let a clause be judged only where the run may, the target offers it, and when it is its turn."""
    if "clause" not in request.fixturenames or PLAN not in request.config.stash:
        yield
        return
    clause: Clause = request.getfixturevalue("clause")
    if not clause.operations:
        # It speaks of code, and asks nobody.
        yield
        return
    if not request.config.stash[INFO].target:
        raise NotAskedError("it needs a live agent, and no --target is given")
    agent: Agent = request.getfixturevalue("agent")
    plan, turns = request.config.stash[PLAN], request.config.stash[TURNS]
    turn = turns.alone() if clause.needs == EffectLevel.RESTART else turns.shared()
    with turn if "PYTEST_XDIST_WORKER" in os.environ else contextlib.nullcontext():
        _check_limits(clause, plan, Survey.from_json(request.config.stash[INFO].survey))
        yield
        if agent.restarting:
            # An agent that let in what it should have refused: the next clause is judged when it is back.
            has_left(agent, plan.contract)
            has_returned(agent, plan.contract)
            agent.restarting = False


def _check_limits(clause: Clause, plan: Plan, survey: Survey) -> None:
    for name in clause.operations:
        profile = plan.contract.operation(name).profile
        if not plan.judges_profile(profile, survey):
            raise NotOfferedError(f"the target offers no route of the profile {profile}")
    mounting = aspect_of(clause) == "mounted"
    if clause.needs > plan.settings.effects and not (
        mounting and survey.states[clause.operations[0]] == MountState.MOUNTED
    ):
        raise NotAskedError(f"it needs --effects {clause.needs}, and this run may go as far as {plan.settings.effects}")
    missing = [name for name in clause.operations if survey.states[name] == MountState.MISSING]
    if missing and not mounting:
        raise NotJudgedError(f"{missing[0]} is not mounted, see {missing[0]}/mounted")
