"""An agent's image, run for as long as a block lasts, so that it can be judged before anyone deploys it."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from dtma_contract.errors import DtmaContractError, EngineError, TargetUnusableError, UsageError
from dtma_contract.probes.image_host import ProbeImageError

__all__ = ["StartedImage", "started_again", "started_image"]

# The reserved top-level domain of RFC 2606: whatever the agent tells its backend reaches nobody.
_NO_BACKEND: Final = "http://agentopia.invalid"
_UNIX: Final = "unix://"
_SOCKET_INSIDE: Final = "/var/run/docker.sock"
# An engine kills and removes a container within seconds, and an image within a minute.
_REMOVAL_SECONDS: Final = 180.0
# What a keeper tells of, by its name; anything else is this program's or the machine's.
_ERRORS: Final[Mapping[str, type[DtmaContractError]]] = {
    "UsageError": UsageError,
    "ProbeImageError": ProbeImageError,
}


@dataclass(frozen=True, slots=True)
class StartedImage:
    """A running agent.

    Attributes:
        url: where it listens, on the loopback.
        container_id: full id of its container.
        container: its name.
        token: its bearer token.
        image: id of the image that it was made from.
        port_inside: the port of the container that the URL leads to.
    """

    url: str
    container_id: str
    container: str
    token: str = field(repr=False)
    image: str
    port_inside: int


@contextlib.contextmanager
def started_image(
    docker_url: str,
    image: str,
    *,
    token: str | None = None,
    environment: Mapping[str, str] | None = None,
    patience: float = 60.0,
    probe_image: str = "",
) -> Iterator[StartedImage]:
    """Run an image as an agent is deployed, until the block ends; then nothing of it is left, however the block ends.

    The container has a random name (``dtmac-agent-…``), the Engine's socket, and a free loopback port. What the engine
    did not have before, a pulled image or a loaded archive, is removed as well. A process of its own sees to that, so
    that it happens also where this one is killed.

    Args:
        docker_url: endpoint of a local Docker Engine, ``unix://…``.
        image: reference or id, or path of a file that ``docker save`` wrote.
        token: the agent's bearer token; a random one by default.
        environment: further variables of the agent, which win over those of the deployment.
        patience: seconds within which it has to answer ``GET /status``.
        probe_image: an image that the agent will be asked to deploy; it is there as long as the block lasts. Empty for
            none.

    Raises:
        UsageError: the endpoint is no local one, or there is no such image.
        ProbeImageError: the engine neither has the probe image nor can pull it.
        TargetUnusableError: the agent ended, or its image lacks its program (``agent-crash-loop``), or it does not
            answer (``connection-timeout``); the message has its exit code and its last words, without secrets.
        EngineError: the Engine cannot be reached or refuses, or something could not be removed.
    """
    if not docker_url.startswith(_UNIX):
        raise UsageError(
            f"An image can be run on a local Docker Engine only, and {docker_url} is none.",
            "Name its socket, such as unix:///var/run/docker.sock.",
        )
    secret = secrets.token_urlsafe(32) if token is None else token
    name = f"dtmac-agent-{secrets.token_hex(6)}"
    wanted = {
        "docker": docker_url,
        "socket": docker_url.removeprefix(_UNIX),
        "image": image,
        "name": name,
        "patience": patience,
        "probe_image": probe_image,
        "environment": {
            "DTMA_BEARER_TOKEN": secret,
            "BACKEND_TO_DTMA_API_KEY": secrets.token_urlsafe(32),
            "AGENTOPIA_API_BASE_URL": _NO_BACKEND,
            **(environment or {}),
        },
    }
    keeper = subprocess.Popen(
        [sys.executable, "-P", "-m", "dtma_contract.probes.image_keeper"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=_environment(secret),
        # Ctrl-C goes to this process, which ends the block in order.
        start_new_session=True,
    )
    try:
        found = _asked(keeper, wanted)
        yield StartedImage(found["url"], found["container_id"], name, secret, found["image"], int(found["port_inside"]))
    finally:
        left = _closed(keeper, name)
    if left:
        raise EngineError(f"Not everything of {image} could be removed: {left[0]}", "")


def started_again(agent: StartedImage, docker_url: str, image: str, token_env: str) -> tuple[str, ...]:
    """Return shell commands that start an agent once more, at the same address, with a new token in a variable.

    Args:
        agent: the one that was started.
        docker_url: endpoint of its Docker Engine.
        image: what it was started from, as given to :func:`started_image`.
        token_env: name of the variable that the token is to be in.
    """
    socket = docker_url.removeprefix(_UNIX)
    docker = f"docker -H {shlex.quote(docker_url)}"
    is_archive = Path(image).is_file()
    address = agent.url.removeprefix("http://")
    words = [
        docker, "run -d --name dtma-again",
        f"-p {address}:{agent.port_inside}",
        f"-v {shlex.quote(f'{socket}:{_SOCKET_INSIDE}')}",
        f'-e DTMA_BEARER_TOKEN="${token_env}"',
        f"-e BACKEND_TO_DTMA_API_KEY=unused -e AGENTOPIA_API_BASE_URL={_NO_BACKEND}",
        shlex.quote(agent.image if is_archive else image),
    ]  # fmt: skip
    return (
        f"export {token_env}=\"$(od -An -N24 -tx1 /dev/urandom | tr -d ' \\n')\"",
        *([f"{docker} load -i {shlex.quote(image)}"] if is_archive else []),
        " ".join(words),
        f"{docker} rm -f dtma-again  # when you are done",
    )


def _asked(keeper: subprocess.Popen[bytes], wanted: Mapping[str, Any]) -> dict[str, Any]:
    assert keeper.stdin is not None
    assert keeper.stdout is not None
    with contextlib.suppress(BrokenPipeError):
        keeper.stdin.write(json.dumps(wanted).encode() + b"\n")
        keeper.stdin.flush()
    line = keeper.stdout.readline()
    if not line:
        raise EngineError("What was to run the image ended without a word.", "Its error output says why.")
    answer: dict[str, Any] = json.loads(line)
    if "error" in answer:
        error = answer["error"]
        hint = " ".join([error["hint"], *(f"Left behind: {left}" for left in answer["left"])]).strip()
        if error["cause"]:
            raise TargetUnusableError(error["message"], hint, cause=error["cause"])
        raise _ERRORS.get(error["kind"], EngineError)(error["message"], hint)
    return answer


def _closed(keeper: subprocess.Popen[bytes], name: str) -> list[str]:
    """Have the keeper remove what it started, and return what it could not remove."""
    assert keeper.stdin is not None
    assert keeper.stdout is not None
    with contextlib.suppress(OSError):
        keeper.stdin.close()
    try:
        keeper.wait(_REMOVAL_SECONDS)
    except subprocess.TimeoutExpired:
        return [f"the Docker Engine did not answer within {_REMOVAL_SECONDS:g} s; remove it with: docker rm -f {name}"]
    with keeper.stdout as output:
        lines = output.read().splitlines()
    left: list[str] = json.loads(lines[-1]).get("left", []) if lines else []
    return left


def _environment(token: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if token not in value}
    # The child finds this very package, wherever it was imported from.
    package_root = str(Path(__file__).resolve().parents[1])
    kept["PYTHONPATH"] = os.pathsep.join(filter(None, [package_root, kept.get("PYTHONPATH")]))
    return kept
