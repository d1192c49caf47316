"""Judge both agents on a real Docker Engine, and see that they touch no container of others.

    python scripts/verify_docker.py [OPTION OF dtma-contract verify …]

Starts an engine, a registry, the reference agent and the Express agent, all of its own, and ends them
again. The two are judged side by side, because most of the time a run waits for the engine. DTMA_DOCKER
names an engine that runs already, to be used instead; nothing is ever guessed.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "selfcheck"))

from neighbours.docker_host import DockerHost, foreign_containers, running_docker_host
from neighbours.engine import engine_client, listing
from neighbours.express import ExpressAgent, running_express
from neighbours.express_build import express_build
from neighbours.processes import run, stop
from neighbours.program import run_as_program
from neighbours.reference import Reference, running_reference

_ROOT = Path(__file__).parent.parent

# A run that is broken off removes what it made first.
_BROKEN_OFF_SECONDS = 30


def main(options: list[str]) -> int:
    """Return 0 if both agents keep the contract, others' containers stayed as they were, and the selfchecks pass."""
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
    """Judge both agents, and return what is wrong."""
    failures = []
    with contextlib.ExitStack() as stack:
        stack.enter_context(foreign_containers(host.endpoint))
        express = stack.enter_context(running_express(express_build(), endpoint=host.endpoint))
        # The fence lets nothing but its own harmless commands through to the shell of this host.
        options_of_agent = ("--engine", "docker", "--docker", host.endpoint, "--allow-ssh")
        agent = stack.enter_context(running_reference(*options_of_agent))
        customers = stack.enter_context(_customers_tools(agent, host))
        _say(f"reference agent: {agent.url}, Express agent: {express.url}")
        _say(f"on their host are {customers} tools of a customer, and two containers of others")
        before = listing(host.endpoint)
        beside = stack.enter_context(_judged_beside(express, host, options))
        exit_code = run(_command(agent, host, options), env=_environment(agent), cwd=_ROOT)
        failures += _failed("reference", agent, exit_code)
        _say("what was said of the Express agent, which was judged at the same time")
        failures += _failed("Express", express, beside())
        after = listing(host.endpoint)
    if before == after:
        _say(f"the engine's containers are the same as before: {len(after.splitlines())}, none of them touched")
    else:
        changes = difflib.unified_diff(before.splitlines(), after.splitlines(), "before", "after", lineterm="")
        failures.append("\n".join(["The engine's containers are not what they were:", *changes]))
    return failures


def _command(agent: Reference | ExpressAgent, host: DockerHost, options: list[str]) -> list[str]:
    return [
        *(sys.executable, "-m", "dtma_contract", "verify", "--target", agent.url),
        *("--docker", host.endpoint, "--probe-image", host.probe_image),
        *("--effects", "restart", "--profile", "all", *options),
    ]


def _environment(agent: Reference | ExpressAgent) -> dict[str, str]:
    return {**os.environ, "DTMA_BEARER_TOKEN": agent.token}


@contextlib.contextmanager
def _judged_beside(agent: ExpressAgent, host: DockerHost, options: list[str]) -> Iterator[Callable[[], int]]:
    """Judge an agent in the background. Yields what waits for the end, prints what was said, gives the exit code."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        process = subprocess.Popen(
            _command(agent, host, options), env=_environment(agent), cwd=_ROOT, stdout=said, stderr=subprocess.STDOUT
        )

        def finished() -> int:
            exit_code = process.wait()
            said.seek(0)
            print(said.read(), end="", flush=True)
            return exit_code

        try:
            yield finished
        finally:
            stop(process, grace=_BROKEN_OFF_SECONDS)


def _failed(name: str, agent: Reference | ExpressAgent, exit_code: int) -> list[str]:
    if exit_code == 0:
        return []
    log = agent.log.read_text(errors="replace").splitlines()
    print(f"the {name} agent's last lines:", *log[-20:], sep="\n  ", file=sys.stderr)
    return [f"dtma-contract verify of the {name} agent ended with exit code {exit_code}."]


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
