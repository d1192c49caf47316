"""The pytest plugin: options, the run around the session, outcomes of items. It holds no judgement.

A test of the suite names what it judges with a mark: ``aspect("mounted")`` makes one item of each clause with that
aspect, ``clause("lifecycle/…")`` one item. The id of the clause is the item's parameter, so that it can be selected.
"""

from __future__ import annotations

import os
import re
import traceback
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from dtma_contract import hooks
from dtma_contract.clauses import aspect_of
from dtma_contract.errors import EngineError, TargetUnusableError, UsageError
from dtma_contract.evidence import deployed_name, removal_of
from dtma_contract.judgement import ClauseViolatedError, NotAskedError, NotJudgedError, NotOfferedError
from dtma_contract.plan import Plan, RunInfo
from dtma_contract.run import Run
from dtma_contract.run_identity import RunIdentity
from dtma_contract.run_report import RunReport
from dtma_contract.session_state import EXPECTED, INFO, PLAN, RESULTS, RUN, TURNS, WORKERS, HandedRun
from dtma_contract.settings import Settings, merge
from dtma_contract.settings_file import read_settings_file
from dtma_contract.shipped import suite_folder
from dtma_contract.turns import Turns
from dtma_contract.verdict import Clause, ClauseResult, ExitCode, Finding, Outcome

pytest_plugins = ["dtma_contract.fixtures"]

_CLAUSE_ID = re.compile(r"\[([a-z0-9./-]+)\]$")

# Worst last: a failed tear-down must not be hidden by a kept call.
_ORDER = [Outcome.KEPT, Outcome.NOT_OFFERED, Outcome.NOT_JUDGED, Outcome.VIOLATED, Outcome.ERROR]


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Make the hooks of this plugin known."""
    pluginmanager.add_hookspecs(hooks)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of a run; `dtma-contract verify --help` explains them with examples."""
    group = parser.getgroup("dtma-contract", "DTMA contract suite")
    group.addoption("--target", metavar="URL", help="the agent to judge, or `reference`")
    group.addoption("--token-env", metavar="NAME", help="environment variable with its token")
    group.addoption("--profile", dest="profiles", action="append", metavar="NAME", help="judge this profile as well")
    group.addoption("--effects", metavar="LEVEL", help="read, lifecycle or restart")
    group.addoption("--depth", metavar="DEPTH", help="smoke, standard or deep")
    group.addoption("--probe-image", metavar="REF", help="image that is deployed")
    group.addoption("--only", action="append", metavar="CLAUSE", help="judge these clauses only")
    group.addoption("--baseline", metavar="FILE", help="accepted deviations")
    group.addoption("--strict-clauses", dest="strict_clauses", action="store_true", help="every deviation blocks")
    group.addoption("--seed", metavar="N", help="seed of everything random")
    group.addoption("--docker", metavar="URL", help="endpoint of the target's Docker Engine")
    group.addoption("--reports", metavar="DIR", help="folder of the reports")
    group.addoption("--contract", metavar="FILE", help="another contract than the one shipped")
    group.addoption("--source", metavar="DIR", help="the agent's source, compared with the contract")
    group.addoption("--image", metavar="REF", help="its image, archive or reference, compared likewise")
    group.addoption("--consumer", dest="consumers", action="append", metavar="DIR", help="callers, compared likewise")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Read the settings, and point JUnit and Allure to the run's folder."""
    config.addinivalue_line("markers", "aspect(name): judges the clauses with this aspect, one item each")
    config.addinivalue_line("markers", "clause(id): judges this clause")
    config.stash[RESULTS] = {}
    config.stash[EXPECTED] = set()
    config.stash[WORKERS] = []
    worker = getattr(config, "workerinput", None)
    if worker is not None:
        if "dtma_run" in worker:
            info = RunInfo.from_json(worker["dtma_run"])
            config.stash[INFO] = info
            config.stash[PLAN] = Plan.make(Settings.from_values(info.settings), RunIdentity(*info.identity))
            _keep_hypothesis_out_of_the_way()
        return
    handed = [plugin.run for plugin in config.pluginmanager.get_plugins() if isinstance(plugin, HandedRun)]
    run = handed[0] if handed else None
    if run is None:
        option = config.option
        if not (option.target or option.source or option.image or option.consumers or _names_the_suite(config)):
            return
        try:
            run = Run(Plan.make(_settings(config)))
            # A look at what there is to judge asks nobody.
            if not config.option.collectonly:
                run.prepare()
        except UsageError as problem:
            raise pytest.UsageError(str(problem)) from None
    plan = config.stash[PLAN] = run.plan
    if config.option.collectonly:
        return
    config.stash[RUN] = run
    config.add_cleanup(run.interrupts.restore)
    config.option.xmlpath = config.option.xmlpath or str(plan.folder / "junit.xml")
    if hasattr(config.option, "allure_report_dir") and not config.option.allure_report_dir:
        config.option.allure_report_dir = str(plan.folder / "allure")
    _keep_hypothesis_out_of_the_way()


def _settings(config: pytest.Config) -> Settings:
    flags = vars(config.option) | {"strict": config.option.strict_clauses}
    return Settings.from_values(merge(flags, os.environ, read_settings_file()))


def _names_the_suite(config: pytest.Config) -> bool:
    suites = [suite_folder() / name for name in ("contract", "lifecycle", "drift")]
    named = [Path(argument.partition("::")[0]).resolve() for argument in config.args]
    return any(path == suite or suite in path.parents for path in named for suite in suites)


def _keep_hypothesis_out_of_the_way() -> None:
    # Its tables would otherwise be written into the folder where the user stands.
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dtma-contract" / "hypothesis"
    # By its variable: importing it takes half a second, which a dead target should not.
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(cache))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Bring up the run, before any worker starts."""
    config = session.config
    if PLAN in config.stash:
        _keep_fixtures_out_of_allure(config)
    run = config.stash.get(RUN, None)
    if run is None:
        return
    config.pluginmanager.register(_Collector(config), "dtma-collector")
    run.interrupts.install()
    try:
        config.stash[INFO] = run.start()
    except TargetUnusableError as problem:
        _report(config, run, interrupted=False)
        pytest.exit(f"{problem.cause}: {problem}", returncode=ExitCode.TARGET_UNUSABLE)
    except (UsageError, EngineError) as problem:
        run.abandon()
        config.hook.pytest_dtma_refused(problem=problem)
        code = ExitCode.USAGE if isinstance(problem, UsageError) else ExitCode.ENGINE_ERROR
        pytest.exit(str(problem), returncode=code)
    except KeyboardInterrupt:
        _report(config, run, interrupted=True)
        raise
    except BaseException:
        run.abandon()
        raise
    config.hook.pytest_dtma_started(info=config.stash[INFO])


def _keep_fixtures_out_of_allure(config: pytest.Config) -> None:
    """Have Allure write clauses and not how the suite is built.

    It would write a file for each fixture of each clause, five times as many as clauses; making them costs a seventh
    of a run. A listener that has no such hooks any more is left as it is.
    """
    listener = config.pluginmanager.get_plugin("allure_listener")
    if listener is None:
        return
    config.pluginmanager.unregister(listener)
    for hook in ("pytest_fixture_setup", "pytest_fixture_post_finalizer"):
        setattr(listener, hook, None)
    config.pluginmanager.register(listener, "allure_listener")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of xdist about the run."""
    if INFO in node.config.stash:
        node.workerinput["dtma_run"] = node.config.stash[INFO].to_json()
        node.config.stash[WORKERS].append(node)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: Any, ids: list[str]) -> None:
    """Note which clauses the workers are going to judge."""
    _expect(node.config, ids)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say what is judged, with the seed that replays it."""
    plan, info = config.stash.get(PLAN, None), config.stash.get(INFO, None)
    if plan is None or info is None:
        return []
    asked, target = plan.settings, info.target or "none"
    return [
        f"dtma-contract: target {target}, effects {asked.effects}, depth {asked.depth}, seed {asked.seed}",
        f"dtma-contract: reports in {plan.folder}",
    ]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one item of each clause that a test judges."""
    aspect, single = metafunc.definition.get_closest_marker("aspect"), metafunc.definition.get_closest_marker("clause")
    if aspect is None and single is None:
        return
    plan = metafunc.config.stash.get(PLAN, None)
    if plan is None:
        raise pytest.UsageError(
            "These tests judge a target: give --target URL, or --target reference; those of drift judge code: give "
            "--source DIR or --image REF."
        )
    clauses = [
        clause
        for clause in plan.clauses
        if (aspect is not None and aspect_of(clause) == aspect.args[0] and clause.operation)
        or (single is not None and clause.id == single.args[0])
    ]
    if aspect is not None:
        clauses = [clause for clause in clauses if clause.id == f"{clause.operation}/{aspect.args[0]}"]
    metafunc.parametrize("clause", clauses, ids=[clause.id for clause in clauses])


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep what was selected, and put what restarts the agent last."""
    plan = config.stash.get(PLAN, None)
    if plan is None:
        return
    dropped = [item for item in items if _clause_id(item.nodeid) and _clause_id(item.nodeid) not in plan.selected]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        gone = set(dropped)
        items[:] = [item for item in items if item not in gone]
    items.sort(key=lambda item: _needs_restart(item, plan))
    config.stash[TURNS] = Turns(plan.folder, sum(not _needs_restart(item, plan) for item in items))
    _expect(config, [item.nodeid for item in items])


def _needs_restart(item: pytest.Item, plan: Plan) -> bool:
    clause_id = _clause_id(item.nodeid)
    return clause_id is not None and plan.clause(clause_id).needs.name == "RESTART"


def _clause_id(node_id: str) -> str | None:
    found = _CLAUSE_ID.search(node_id)
    return found.group(1) if found and "/" in found.group(1) else None


def _expect(config: pytest.Config, node_ids: list[str]) -> None:
    config.stash[EXPECTED].update(clause_id for clause_id in map(_clause_id, node_ids) if clause_id)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn what ended an item into an outcome of its clause."""
    clause = (
        item.callspec.params.get("clause") if isinstance(item, pytest.Function) and hasattr(item, "callspec") else None
    )
    plan = item.config.stash.get(PLAN, None)
    if not isinstance(clause, Clause) or plan is None:
        return (yield)
    problem = call.excinfo.value if call.excinfo else None
    if isinstance(problem, NotJudgedError):
        # pytest and Allure know this as a skip, with its reason.
        skipped = pytest.skip.Exception(f"{_word(problem)}: {problem.reason}", _use_item_location=True)
        assert call.excinfo is not None
        call.excinfo = pytest.ExceptionInfo.from_exc_info((type(skipped), skipped, call.excinfo.tb))
    report = yield
    result = _result(item.config, plan, clause, problem, call.duration)
    report.dtma = result.to_json()  # type: ignore[attr-defined]  # a report carries further attributes to the controller
    if isinstance(problem, ClauseViolatedError):
        report.longrepr = _render(result.findings[0])
    return report


def _word(problem: NotJudgedError) -> str:
    return str(Outcome.NOT_OFFERED if isinstance(problem, NotOfferedError) else Outcome.NOT_JUDGED)


def _result(
    config: pytest.Config, plan: Plan, clause: Clause, problem: BaseException | None, seconds: float
) -> ClauseResult:
    if problem is None:
        return ClauseResult(clause, Outcome.KEPT, seconds=seconds)
    if isinstance(problem, NotJudgedError):
        outcome = Outcome.NOT_OFFERED if isinstance(problem, NotOfferedError) else Outcome.NOT_JUDGED
        chosen = isinstance(problem, NotAskedError)
        return ClauseResult(clause, outcome, reason=problem.reason, chosen=chosen, seconds=seconds)
    if isinstance(problem, ClauseViolatedError):
        target, token_env = config.stash[INFO].target, plan.settings.token_env
        finding = Finding(
            clause=clause.id,
            level=clause.level,
            outcome=Outcome.VIOLATED,
            operation=clause.operation,
            title=clause.text,
            expected=problem.expected,
            actual=problem.actual,
            cause=problem.cause,
            reproduce=_reproduce(problem, target, token_env),
        )
        left = (problem.left,) if problem.left else ()
        return ClauseResult(clause, Outcome.VIOLATED, findings=(finding,), left=left, seconds=seconds)
    said = "".join(traceback.format_exception_only(problem)).strip()
    finding = Finding(
        clause=clause.id,
        level=clause.level,
        outcome=Outcome.ERROR,
        operation=clause.operation,
        title=f"Judging broke: {clause.text}",
        expected=(),
        actual=said[:2000],
    )
    return ClauseResult(clause, Outcome.ERROR, findings=(finding,), seconds=seconds)


def _reproduce(problem: ClauseViolatedError, target: str, token_env: str) -> str:
    if problem.exchange is None:
        return ""
    exchanges = [*problem.before, problem.exchange]
    lines = [exchange.curl(target, token_env) for exchange in exchanges]
    # Whoever repeats a request that makes something has to remove it: no run knows of it.
    made = dict.fromkeys(name for exchange in exchanges if (name := deployed_name(exchange)))
    lines += [f"{removal_of(name).curl(target, token_env)} # removes it again" for name in made]
    return "; ".join(lines)


def _render(finding: Finding) -> str:
    lines = [finding.title, f"  expected  {' or '.join(finding.expected)}", f"  actual    {finding.actual}"]
    if finding.reproduce:
        lines.append(f"  reproduce {finding.reproduce}")
    return "\n".join(lines)


class _Collector:
    """Collects the clauses' results in the process that shows the run."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._open: dict[str, ClauseResult] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        data = getattr(report, "dtma", None)
        if data is None:
            return
        result = ClauseResult.from_json(data, self._config.stash[PLAN].clause(data["clause"]))
        before = self._open.get(result.clause.id)
        if before is not None and _ORDER.index(before.outcome) >= _ORDER.index(result.outcome):
            result = before
        self._open[result.clause.id] = result
        if report.when == "teardown":
            self._config.stash[RESULTS][result.clause.id] = result
            self._config.hook.pytest_dtma_judged(result=result)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Remove what the run made, and let the outcome of the clauses be the exit code."""
    config = session.config
    run = config.stash.get(RUN, None)
    if run is None:
        return
    broken = exitstatus in {pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR}
    interrupted = run.interrupts.interrupted or exitstatus == pytest.ExitCode.INTERRUPTED
    for worker in config.stash[WORKERS] if interrupted else ():
        # xdist would wait ten seconds for them; the fence refuses whatever they still ask.
        worker.shutdown()
    report = _report(config, run, interrupted=interrupted)
    if not broken:
        session.exitstatus = int(report.exit_code)


def _report(config: pytest.Config, run: Run, *, interrupted: bool) -> RunReport:
    results = config.stash[RESULTS].values()
    expected = config.stash[EXPECTED]
    report = run.finish(results, expected, interrupted=interrupted)
    config.hook.pytest_dtma_reported(report=report)
    return report
