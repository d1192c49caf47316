"""Judge the reference agent on a real Docker Engine, and see that it touches no container of others.

    python scripts/verify_docker.py [OPTION OF dtma-contract verify …]

Starts an engine, a registry and the agent, all of its own, and ends them again. DTMA_DOCKER names
an engine that runs already, to be used instead; nothing is ever guessed.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "selfcheck"))

from neighbours.docker_host import DockerHost, foreign_containers, running_docker_host
from neighbours.engine import engine_client, listing
from neighbours.processes import run
from neighbours.program import run_as_program
from neighbours.reference import Reference, running_reference

_ROOT = Path(__file__).parent.parent


def main(options: list[str]) -> int:
    """Return 0 if the agent keeps its contract, others' containers stayed as they were, and the selfchecks pass."""
    given = os.environ.get("DTMA_DOCKER") or None
    started = time.monotonic()
    with running_docker_host(given) as host:
        _say(f"engine and registry are up after {time.monotonic() - started:.1f} s ({host.endpoint})")
        failures = [*_verify(host, options), *_selfchecks(host)]
    for failure in failures:
        print(f"error: {failure}", file=sys.stderr)
    return 1 if failures else 0


@contextlib.contextmanager
def _customers_tools(agent: Reference, host: DockerHost) -> Iterator[int]:
    """Deploy tools as a customer would, through the agent; two run and one is stopped. Yields how many."""
    names = ("crm-sync", "mail-mcp", "web-search-1750278276605")
    headers = {"Authorization": f"Bearer {agent.token}"}
    made = []
    try:
        with httpx.Client(base_url=agent.url, headers=headers, timeout=60, trust_env=False) as client:
            for name in names:
                body = {
                    "dockerImageUrl": host.probe_image,
                    "instanceNameOnToolbox": name,
                    "accountToolInstanceId": str(uuid.uuid4()),
                }
                answer = client.post("/tools", json=body).raise_for_status()
                made.append(answer.json()["data"]["container_id"])
            client.post(f"/tools/{names[-1]}/stop").raise_for_status()
        yield len(made)
    finally:
        with engine_client(host.endpoint) as engine:
            for container_id in made:
                engine.containers.get(container_id).remove(force=True, v=True)


def _verify(host: DockerHost, options: list[str]) -> list[str]:
    """Judge the agent, and return what is wrong."""
    failures = []
    with contextlib.ExitStack() as stack:
        stack.enter_context(foreign_containers(host.endpoint))
        # The fence lets nothing but its own harmless commands through to the shell of this host.
        options_of_agent = ("--engine", "docker", "--docker", host.endpoint, "--allow-ssh")
        agent = stack.enter_context(running_reference(*options_of_agent))
        customers = stack.enter_context(_customers_tools(agent, host))
        _say(f"agent: {agent.url}; on its host {customers} tools of a customer, and two containers of others")
        before = listing(host.endpoint)
        command = [
            *(sys.executable, "-m", "dtma_contract", "verify", "--target", agent.url),
            *("--docker", host.endpoint, "--probe-image", host.probe_image),
            *("--effects", "restart", "--profile", "all", *options),
        ]
        exit_code = run(command, env={**os.environ, "DTMA_BEARER_TOKEN": agent.token}, cwd=_ROOT)
        after = listing(host.endpoint)
        if exit_code != 0:
            log = agent.log.read_text(errors="replace").splitlines()
            print("the agent's last lines:", *log[-20:], sep="\n  ", file=sys.stderr)
            failures.append(f"dtma-contract verify ended with exit code {exit_code}.")
    if before == after:
        _say(f"the engine's containers are the same as before: {len(after.splitlines())}, none of them touched")
    else:
        changes = difflib.unified_diff(before.splitlines(), after.splitlines(), "before", "after", lineterm="")
        failures.append("\n".join(["The engine's containers are not what they were:", *changes]))
    return failures


def _selfchecks(host: DockerHost) -> list[str]:
    """Run the selfchecks that need an engine, and return what is wrong."""
    _say("selfchecks that need an engine")
    names = {"DTMA_SELFCHECK_DOCKER": host.endpoint, "DTMA_SELFCHECK_IMAGE": host.probe_image}
    exit_code = run([sys.executable, "-m", "pytest", "-q", "-m", "docker"], env={**os.environ, **names}, cwd=_ROOT)
    return [f"pytest ended with exit code {exit_code}."] if exit_code else []


def _say(sentence: str) -> None:
    print(f"verify-docker: {sentence}", flush=True)


if __name__ == "__main__":
    run_as_program(main)
