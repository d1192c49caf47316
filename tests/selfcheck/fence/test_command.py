"""The fence alone, as a command in the foreground."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import httpx
import pytest

from dtma_contract.cleanup import CleanupReport, LeftBehind
from dtma_contract.errors import UsageError
from dtma_contract.fence.command import read_listen, report_lines
from dtma_contract.fence.settings import FenceSettings

SCRIPT = """
import json, sys
from dtma_contract.fence.command import run_fence_command
from dtma_contract.fence.settings import FenceSettings
settings = FenceSettings.from_json(json.load(sys.stdin))
sys.exit(run_fence_command(settings, "s3cr3t-t0ken-VALUE", lambda line: print(line, flush=True)))
"""


def test_any_client_can_be_pointed_at_a_live_host(agent, identity, contract, tmp_path):
    """Clients without a token are authenticated, harm is refused and told, and Ctrl-C cleans up."""
    agent.instances.add("customer")
    settings = FenceSettings(agent.url, identity, contract, tmp_path / "run")
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    process.stdin.write(json.dumps(settings.to_json()))
    process.stdin.close()
    base_url = process.stdout.readline().split()[1]
    assert identity.namespace in process.stdout.readline()
    process.stdout.readline()

    body = {"dockerImageUrl": "nginx:latest", "instanceNameOnToolbox": identity.name("a")}
    assert httpx.get(f"{base_url}/tools").status_code == 200
    assert httpx.post(f"{base_url}/tools", json=body).status_code == 201
    assert httpx.delete(f"{base_url}/tools/customer").status_code == 403
    process.send_signal(signal.SIGINT)
    rest = process.stdout.read().splitlines()
    process.stdout.close()

    assert process.wait(15) == 0
    assert rest[0].startswith("refused (not-owned): DELETE /tools/customer: ")
    assert rest[1] == f"removed: {identity.name('a')}"
    assert agent.instances == {"customer"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [("127.0.0.1:8080", ("127.0.0.1", 8080)), ("localhost:0", ("127.0.0.1", 0)), ("[::1]:80", ("::1", 80))],
)
def test_the_fence_listens_on_the_loopback(text, expected):
    """Any loopback address and port can be chosen."""
    assert read_listen(text) == expected


@pytest.mark.parametrize(
    "text", ["0.0.0.0:80", "192.168.0.1:80", "host:80", "127.0.0.1", "127.0.0.1:x", ":80", "127.0.0.1:70000"]
)
def test_the_fence_listens_nowhere_else(text):
    """Whoever reaches the fence acts with the token, so that no other address is taken."""
    with pytest.raises(UsageError):
        read_listen(text)


def test_a_report_is_told_in_lines():
    """What was removed, what is left and how to remove it; nothing is said too."""
    report = CleanupReport(("a",), (LeftBehind("instance", "b", "Why.", "docker rm -f b"),))

    assert report_lines(report) == [
        "removed: a",
        "left behind: instance b: Why.",
        "  remove it with: docker rm -f b",
    ]
    assert report_lines(CleanupReport()) == ["nothing was left to remove"]
