"""The token stands nowhere but where it has to: in the variable that names it, and on the wire to the target."""

from __future__ import annotations

import base64
import contextlib
from pathlib import Path
from urllib.parse import quote

import pytest
from neighbours.clean_run import run_module
from neighbours.processes import wait_until
from runs.commands import TOKEN, WHERE, Ended, agent, command_line, runs, underway, verify

from dtma_contract.shipped import suite_folder

REPORTS = {"allure", "exchanges.jsonl", "fence.log", "junit.xml", "ledger.jsonl", "pytest.log", "report.json"}


def spellings():
    """Return the token as it would stand in text, in a URL, and in base64 at each of the three alignments."""
    spelled = {TOKEN, quote(TOKEN, safe=""), quote(TOKEN), quote(TOKEN, safe="").lower()}
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + TOKEN.encode()).decode()
        core = encoded[4:-4]
        spelled |= {core, core.replace("+", "-").replace("/", "_")}
    return [text.encode() for text in spelled]


def leaks(folder, *texts):
    """Return where a spelling of the token stands: paths below a folder, and texts."""
    places = [str(path) for path in folder.rglob("*") if path.is_file() and holds(path.read_bytes())]
    return places + [text[:200] for text in texts if holds(text.encode())]


def holds(data):
    return any(spelling in data for spelling in spellings())


def run_pytest(url, folder, *args):
    """Run the suite under plain pytest, with local variables in tracebacks."""
    done = run_module(
        "pytest",
        *(
            "--target",
            url,
            "--reports",
            str(folder / "reports"),
            "-p",
            "dtma_contract.plugin",
            "-p",
            "no:cacheprovider",
        ),
        *("-l", "--tb=long", "-rA", "--depth", "smoke", *args),
        cwd=folder,
        env={**WHERE, "DTMA_BEARER_TOKEN": TOKEN},
        seconds=300,
    )
    return Ended(done.exit_code, done.stdout, done.stderr)


def test_the_search_finds_every_spelling(tmp_path):
    """The search below is one that would find something."""
    for number, text in enumerate(
        (TOKEN, f"?t={quote(TOKEN, safe='')}", base64.b64encode(f"user:{TOKEN}!".encode()).decode())
    ):
        (tmp_path / str(number)).write_text(f"before {text} after")

    assert len(leaks(tmp_path, f"Bearer {TOKEN}", "nothing")) == 4


@pytest.mark.slow
def test_a_run_writes_no_token(tmp_path):
    """All reports of a run and what it prints are without the token, which it nevertheless sent."""
    with agent("--allow-ssh", DTMA_BEARER_TOKEN=TOKEN) as reference:
        done = verify(reference.url, TOKEN, "--depth", "smoke", cwd=tmp_path)

    assert done.exit_code == 0, done.stderr
    (folder,) = (tmp_path / "reports").iterdir()
    assert {path.name for path in folder.iterdir()} >= REPORTS
    assert leaks(tmp_path, done.stdout, done.stderr) == []


@pytest.mark.parametrize("fault", ["token-echoed", "secrets-in-status", "token-in-logs"])
def test_a_target_that_shows_the_token(fault, tmp_path):
    """What comes back with the token in it is a finding, and the token is not in the finding."""
    only = [f"--only={name}" for name in ("core.status", "core.tools.list", "console.logs", "core.tools.start")]
    with agent("--fault", fault, DTMA_BEARER_TOKEN=TOKEN) as reference:
        done = verify(reference.url, TOKEN, "--depth", "smoke", *only, cwd=tmp_path)

    assert done.exit_code == 1, done
    assert "core.status/no-secret-values" in {finding["clause"] for finding in done.document["findings"]}
    assert leaks(tmp_path, done.stdout, done.stderr) == []


def test_tracebacks_with_local_variables(tmp_path):
    """Plain pytest with -l, on a target that breaks clauses, prints and writes no token."""
    with agent("--fault", "auth-off", "--fault", "stub-deployment", DTMA_BEARER_TOKEN=TOKEN) as reference:
        files = [str(suite_folder() / "contract" / name) for name in ("test_mounting.py", "test_authentication.py")]
        done = run_pytest(reference.url, tmp_path, *files)

    assert done.exit_code == 1, done
    assert "core.tools.start/mounted" in done.stdout
    assert leaks(tmp_path, done.stdout, done.stderr) == []


def test_judging_that_breaks(tmp_path):
    """A test that crashes with everything it can reach in its local variables shows no token, with workers neither."""
    (tmp_path / "test_crash.py").write_text(
        "import os, pytest\n"
        '@pytest.mark.clause("core.fallback/unknown-path-is-404")\n'
        "def test_crash(agent, run_info, plan, survey, identity, instances, clause, pytestconfig):\n"
        "    environment = sorted(os.environ.items())\n"
        "    stash, client = dict(pytestconfig.stash._storage), vars(agent)\n"
        "    inside = [vars(value) for value in stash.values() if hasattr(value, '__dict__')]\n"
        "    answer = agent.call(plan.contract.operation('core.tools.list'))\n"
        "    raise RuntimeError(f'{environment} {stash} {inside} {client} {answer}')\n"
    )
    with agent(DTMA_BEARER_TOKEN=TOKEN) as reference:
        for workers in ("0", "1"):
            done = run_pytest(reference.url, tmp_path, "-n", workers, "test_crash.py")

            assert done.exit_code == 3, done
            assert "RuntimeError" in done.stdout
            assert "environment =" in done.stdout
            assert leaks(tmp_path, done.stdout, done.stderr) == []


def test_a_run_that_cannot_begin(tmp_path):
    """A start that fails with the token in hand, here for a fence that cannot start, does not print it."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nif sys.argv[:1] == ['-m'] and 'dtma_contract.fence' in sys.orig_argv: sys.exit('no fence today')\n"
    )
    env = {"PYTHONPATH": f"{tmp_path}:{WHERE['PYTHONPATH']}"}
    with agent(DTMA_BEARER_TOKEN=TOKEN) as reference:
        done = verify(reference.url, TOKEN, cwd=tmp_path, env=env)

    assert done.exit_code == 3, done
    assert (done.stdout, len(done.stderr.splitlines())) == ("", 1)
    assert leaks(tmp_path, done.stderr) == []


@pytest.mark.slow
def test_no_process_shows_the_token(tmp_path):
    """No command line of the run holds the token, and no environment of its fence and its workers does.

    The environment that the run's first process was started with is its caller's: the kernel shows it as it was.
    """
    with agent(DTMA_BEARER_TOKEN=TOKEN) as reference:
        args = ("--target", reference.url, "--depth", "smoke", "-n", "2", "--format", "json")
        with underway("verify", *args, cwd=tmp_path, env={"DTMA_BEARER_TOKEN": TOKEN}) as run:
            run.wait_for_creates(4)
            below = run.descendants()
            environments = {}
            for pid in below:
                with contextlib.suppress(OSError):
                    environments[pid] = Path(f"/proc/{pid}/environ").read_bytes()
            lines = [command_line(run.process.pid), *below.values()]
            done = run.end()

    assert done.exit_code == 0, done.stderr
    assert len(environments) >= 3, below  # the fence and two workers
    assert [pid for pid, environment in environments.items() if holds(environment)] == []
    assert [line for line in lines if holds(line.encode())] == []
    wait_until(lambda: not any(map(runs, below)), "the run's processes gone", seconds=10)
