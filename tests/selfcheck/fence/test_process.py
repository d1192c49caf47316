"""The fence's own process: started, asked, ended, and bereaved."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from fence.tiny_agent import TOKEN

from dtma_contract.contract import EffectLevel
from dtma_contract.errors import EngineError, UsageError
from dtma_contract.fence.limits import Limits
from dtma_contract.fence.process import FenceProcess
from dtma_contract.fence.settings import FenceSettings

AUTHORIZED = {"Authorization": "Bearer dtmac-token"}


@pytest.fixture
def settings(agent, identity, contract, tmp_path) -> FenceSettings:
    return FenceSettings(agent.url, identity, contract, tmp_path / "run")


def deploy(base_url: str, name: str) -> int:
    body = {"dockerImageUrl": "nginx:latest", "instanceNameOnToolbox": name}
    return httpx.post(f"{base_url}/tools", json=body, headers=AUTHORIZED, timeout=10).status_code


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_run_begins_and_ends(settings, agent, identity):
    """A fence starts, lets requests through, counts them, cleans up, and then refuses everything."""
    with FenceProcess.start(settings, TOKEN) as fence:
        assert deploy(fence.base_url, identity.name("a")) == 201
        assert httpx.delete(f"{fence.base_url}/tools/customer").status_code == 403
        status = fence.status()
        assert (status.exchanges, status.refused, status.failed) == (2, {"not-owned": 1}, {})
        assert status.target_gone is None

        report = fence.finish()

        assert (report.removed, report.left_behind, agent.instances) == ((identity.name("a"),), (), set())
        assert httpx.get(f"{fence.base_url}/").headers["x-dtmac-fence"] == "refused; run-over"
        assert fence.finish() == report
    with pytest.raises(EngineError):
        fence.status()


def test_closing_cleans_up_as_well(settings, agent, identity):
    """A parent that forgets to finish leaves nothing behind either."""
    with FenceProcess.start(settings, TOKEN) as fence:
        deploy(fence.base_url, identity.name("a"))

    assert agent.instances == set()


def test_the_token_is_nowhere_to_be_read(settings, agent, monkeypatch):
    """No argument, environment variable or file ever holds the token."""
    monkeypatch.setenv(settings.token_env, TOKEN)
    monkeypatch.setenv("DTMAC_ANOTHER_NAME", f"x{TOKEN}")
    with FenceProcess.start(settings, TOKEN) as fence:
        httpx.get(f"{fence.base_url}/tools", headers=AUTHORIZED)
        httpx.get(f"{fence.base_url}/tools", headers={"Authorization": f"Bearer {TOKEN}"})
        process = Path("/proc") / str(fence.pid)
        seen = [(process / name).read_bytes() for name in ("cmdline", "environ")]
    files = [path for path in settings.folder.rglob("*") if path.is_file()]

    assert {path.name for path in files} == {"ledger.jsonl", "exchanges.jsonl", "fence.log"}
    assert not [text for text in (*seen, *(path.read_bytes() for path in files)) if TOKEN.encode() in text]
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)


PARENT = """
import json, os, signal, sys, time
from pathlib import Path
from dtma_contract.fence.process import FenceProcess
from dtma_contract.fence.settings import FenceSettings
fence = FenceProcess.start(FenceSettings.from_json(json.load(sys.stdin)), "s3cr3t-t0ken-VALUE")
print(json.dumps({"base_url": fence.base_url, "pid": fence.pid}), flush=True)
time.sleep(60)
"""


def start_parent(settings: FenceSettings) -> tuple[subprocess.Popen[bytes], dict[str, object]]:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        start_new_session=True,
    )
    parent.stdin.write(json.dumps(settings.to_json()).encode())
    parent.stdin.close()
    return parent, json.loads(parent.stdout.readline())


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_killed_parent_leaves_nothing_behind(settings, agent, identity):
    """After a SIGKILL of the run its fence cleans up and ends."""
    parent, fence = start_parent(settings)
    assert deploy(fence["base_url"], identity.name("a")) == 201

    parent.kill()
    parent.wait()
    parent.stdout.close()

    wait_for(lambda: not agent.instances)
    wait_for(lambda: not is_running(fence["pid"]))
    assert '"event": "closed", "left_behind": []' in (settings.folder / "ledger.jsonl").read_text()


def test_an_interrupt_is_for_the_parent(settings, agent, identity):
    """Ctrl-C in a terminal reaches the whole process group, and the fence outlives it to clean up."""
    with FenceProcess.start(settings, TOKEN) as fence:
        deploy(fence.base_url, identity.name("a"))
        os.kill(fence.pid, signal.SIGINT)
        os.kill(fence.pid, signal.SIGHUP)

        assert os.getpgid(fence.pid) != os.getpgid(0)
        assert httpx.get(f"{fence.base_url}/status").status_code == 200
        assert fence.finish().removed == (identity.name("a"),)


def test_a_terminated_fence_cleans_up_first(settings, agent, identity):
    """SIGTERM ends the fence in order, and its parent learns of it."""
    fence = FenceProcess.start(settings, TOKEN)
    deploy(fence.base_url, identity.name("a"))

    os.kill(fence.pid, signal.SIGTERM)

    wait_for(lambda: not is_running(fence.pid))
    assert agent.instances == set()
    with pytest.raises(EngineError, match="ended"):
        fence.status()
    fence.close()
    fence.close()


@pytest.mark.parametrize(
    ("changes", "token", "words"),
    [
        ({"target": "127.0.0.1:30000"}, TOKEN, "no http or https URL"),
        ({"target": "ftp://host"}, TOKEN, "no http or https URL"),
        ({"target": "http://user:password@host"}, TOKEN, "holds a user"),
        ({"target": "http://host/?x=1"}, TOKEN, "query"),
        ({"target": "http://host:99999"}, TOKEN, "no URL"),
        ({}, "s3cr3t\n", "white space"),
        ({}, "", "empty"),
        ({"host": "192.0.2.1"}, TOKEN, "cannot listen"),
    ],
)
def test_unusable_settings_are_told(settings, changes, token, words):
    """What the user got wrong is a usage error with a hint, and no process stays."""
    with pytest.raises(UsageError, match=words) as caught:
        FenceProcess.start(replace(settings, **changes), token)

    assert caught.value.hint
    assert not token.strip() or token.strip() not in str(caught.value)


def test_a_second_run_in_the_same_folder_is_refused(settings):
    """A ledger is never written over."""
    FenceProcess.start(settings, TOKEN).close()

    with pytest.raises(EngineError, match="ledger"):
        FenceProcess.start(settings, TOKEN)


def test_settings_cross_a_process_boundary(settings):
    """Settings survive their way through JSON."""
    changed = replace(settings, effects=EffectLevel.RESTART, limits=Limits(concurrency=3), docker="unix:///x", port=5)

    data = json.loads(json.dumps(changed.to_json()))

    assert FenceSettings.from_json(data).to_json() == changed.to_json()
