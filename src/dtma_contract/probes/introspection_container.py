"""An image started for a moment, shut in on all sides, so that its own program tells its routes."""

from __future__ import annotations

import contextlib
import io
import json
import secrets
import tarfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dtma_contract.errors import DtmaContractError
from dtma_contract.probes.docker_host import DockerHostError, sdk_errors
from dtma_contract.probes.image_host import ImageHost
from dtma_contract.probes.image_keeper import KEEPER_LABEL, sweep_dead, this_process

__all__ = ["INTROSPECTION_LABEL", "ROUTES_PREFIX", "IntrospectionError", "run_introspection"]

# What the preload hook prints before its JSON, at the beginning of a line.
ROUTES_PREFIX = "DTMA-CONTRACT-ROUTES "

# By this label all such containers are found; by that of a keeper, those of which the run was killed.
INTROSPECTION_LABEL = "org.dtma-contract.introspection"

# A folder that no image has. It is a volume without a name: where a container's file system is read-only, engines let
# nothing else be written to before its start, and a folder of this machine would not be there on another host.
_FOLDER = "/dtma-contract-introspection"
_HOOK = "hook.cjs"

_MEMORY_BYTES = 512 * 1024 * 1024
_PROCESSES = 128

# A route list is some KiB; a program that prints without end is not listened to.
_MAX_OUTPUT_BYTES = 16 * 1024 * 1024

# The output of a container that was removed ends at once.
_JOIN_SECONDS = 2

_SHORTEST_SECRET = 6

# Lines that are quoted where no routes come.
_QUOTED_LINES = 5


class IntrospectionError(DtmaContractError):
    """The program did not tell its routes; the message says what it did instead."""


def run_introspection(
    docker_url: str,
    image: str,
    hook_source: str,
    seconds: float,
    *,
    environment: Mapping[str, str] | None = None,
) -> Any:
    """Start an image with a preload hook and return the decoded JSON that it prints.

    The container has no network, a read-only file system with a small ``/tmp``, no capability, no way to gain one,
    bounds on memory and processes, and nothing of the host. It is removed in any case, with the volume that holds the
    hook.

    Args:
        docker_url: endpoint of the engine, which has the image.
        image: reference or id.
        hook_source: of a CommonJS module, which node loads first. It prints :data:`ROUTES_PREFIX` and
            JSON: a list of routes, or an object that has them as ``routes``.
        seconds: how long it is listened to.
        environment: variables that the program needs to start; none are secrets.

    Raises:
        IntrospectionError: it printed no routes, ended before, or has no node.
        DockerHostError: the engine cannot be reached or refuses.
    """
    with contextlib.closing(_Introspection.connect(docker_url)) as engine:
        sweep_dead(engine)
        return engine.routes(image, hook_source, seconds, environment or {})


class _Introspection(ImageHost):
    def routes(self, image: str, hook_source: str, seconds: float, environment: Mapping[str, str]) -> Any:
        import docker.errors  # noqa: PLC0415 - the SDK is slow to import and seldom needed

        name = f"dtmac-introspection-{secrets.token_hex(8)}"
        try:
            with contextlib.ExitStack() as removed, contextlib.ExitStack() as made:
                # Under its name, because a request that was interrupted may have made the container all the same.
                made.callback(self.remove, name)
                container = self._created(image, name, environment)
                self._client.api.put_archive(container, _FOLDER, _archive(hook_source))
                return self._listen(container, seconds, removed)
        except docker.errors.ImageNotFound:
            raise IntrospectionError(f"The Docker Engine has no image {image!r} to ask.") from None
        except sdk_errors() as problem:
            raise DockerHostError(f"The Docker Engine cannot run {image}: {problem}.") from None

    def _created(self, image: str, name: str, environment: Mapping[str, str]) -> str:
        import docker.types  # noqa: PLC0415 - the SDK is slow to import and seldom needed

        api = self._client.api
        inspect: Any = api.inspect_image
        declared = dict(word.partition("=")[::2] for word in (inspect(image)["Config"].get("Env") or []) if word)
        # What the image itself preloads stays, behind the hook.
        options = f"--require {_FOLDER}/{_HOOK} {declared.get('NODE_OPTIONS', '')}".strip()
        created = api.create_container(
            image,
            name=name,
            detach=True,
            environment={**environment, "NODE_OPTIONS": options},
            labels={INTROSPECTION_LABEL: name, KEEPER_LABEL: this_process()},
            healthcheck={"test": ["NONE"]},
            volumes=[_FOLDER],
            host_config=api.create_host_config(
                network_mode="none",
                read_only=True,
                tmpfs={"/tmp": "rw,noexec,nosuid,nodev,size=64m"},  # noqa: S108 - inside the container
                cap_drop=["ALL"],
                security_opt=["no-new-privileges"],
                mem_limit=_MEMORY_BYTES,
                memswap_limit=_MEMORY_BYTES,
                pids_limit=_PROCESSES,
                nano_cpus=1_000_000_000,
                restart_policy={"Name": "no"},
                log_config=docker.types.LogConfig(type="json-file", config={"max-size": "32m", "max-file": "1"}),
            ),
        )
        return str(created["Id"])

    def _listen(self, container: str, seconds: float, removed: contextlib.ExitStack) -> Any:
        api = self._client.api
        api.start(container)
        # Standard output alone: pieces of the other stream would come between the pieces of a long line.
        lines = _Lines(api.logs(container, stdout=True, stderr=False, stream=True, follow=True))
        # Removing the container ends its output, and with it the reader.
        removed.callback(lines.join)
        for line in lines.until(time.monotonic() + seconds):
            if line.startswith(ROUTES_PREFIX):
                return _routes(line.removeprefix(ROUTES_PREFIX))
        inspect: Any = api.inspect_container
        facts = inspect(container)
        said = _said(api.logs(container, tail=_QUOTED_LINES), facts["Config"].get("Env") or [])
        if facts["State"].get("Running"):
            raise IntrospectionError(f"The program told no routes within {seconds:g} seconds; it said: {said}.")
        raise IntrospectionError(
            f"The program ended with exit code {facts['State'].get('ExitCode')} before it told its routes; "
            f"it said: {said}.",
            "Variables that it needs to start can be given to it.",
        )


class _Lines:
    """The lines that a container prints, as they come; reading happens beside, so that waiting has an end.

    Args:
        pieces: of its output; ends when the container does.
    """

    def __init__(self, pieces: Any) -> None:
        self._pieces = pieces
        self._rest = b""
        self._ready = threading.Condition()
        self._lines: list[str] = []
        self._ended = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait for the end of the output."""
        self._thread.join(_JOIN_SECONDS)

    def until(self, deadline: float) -> Iterator[str]:
        """Yield lines until the output ends or the time has come (seconds of the monotonic clock)."""
        while True:
            with self._ready:
                while not self._lines and not self._ended:
                    left = deadline - time.monotonic()
                    if left <= 0 or not self._ready.wait(left):
                        return
                lines, self._lines = self._lines, []
                ended = self._ended
            yield from lines
            if ended and not lines:
                return

    def _read(self) -> None:
        passed = 0
        with contextlib.suppress(*sdk_errors()):
            for piece in self._pieces:
                passed += len(piece)
                if passed > _MAX_OUTPUT_BYTES:
                    break
                *whole, self._rest = (self._rest + piece).split(b"\n")
                self._add(whole)
        with self._ready:
            self._lines += [self._rest.decode("utf-8", "replace")] if self._rest else []
            self._ended = True
            self._ready.notify_all()

    def _add(self, lines: list[bytes]) -> None:
        with self._ready:
            self._lines += [line.decode("utf-8", "replace") for line in lines if line.strip()]
            self._ready.notify_all()


def _said(output: bytes, environment: Iterable[str]) -> str:
    """Return the end of what a program printed, without the values of its variables."""
    text = output.decode("utf-8", "replace")
    for word in environment:
        value = word.partition("=")[2]
        # Shorter ones are words such as `true`, and no secrets.
        if len(value) >= _SHORTEST_SECRET:
            text = text.replace(value, "…")
    return " / ".join(line.strip()[:200] for line in text.splitlines() if line.strip()) or "nothing"


def _archive(hook_source: str) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        entry = tarfile.TarInfo(_HOOK)
        data = hook_source.encode()
        entry.size, entry.mode = len(data), 0o444
        archive.addfile(entry, io.BytesIO(data))
    return content.getvalue()


def _routes(text: str) -> Any:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        data = None
    routes = data.get("routes") if isinstance(data, dict) else data
    if not isinstance(routes, list) or not all(isinstance(route, dict) for route in routes):
        raise IntrospectionError("The program's list of routes is malformed.")
    return data
