"""An image started for a moment, shut in on all sides, so that its own program tells its routes."""

from __future__ import annotations

import contextlib
import io
import json
import secrets
import tarfile
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from dtma_contract.errors import DtmaContractError
from dtma_contract.probes.docker_host import DockerHost, DockerHostError, sdk_errors

__all__ = ["INTROSPECTION_LABEL", "ROUTES_PREFIX", "IntrospectionError", "run_introspection"]

# What the preload hook prints before its JSON, at the beginning of a line.
ROUTES_PREFIX = "DTMA-CONTRACT-ROUTES "

# By this label, whatever a killed run left behind is found: `docker ps -aq --filter label=…`.
INTROSPECTION_LABEL = "org.dtma-contract.introspection"

# A path that no image has, outside of every folder that is mounted anew.
_HOOK = "dtma-contract-introspection-hook.cjs"

_MEMORY_BYTES = 512 * 1024 * 1024
_PROCESSES = 128

# A route list is some KiB; a program that prints without end is not listened to.
_MAX_OUTPUT_BYTES = 16 * 1024 * 1024

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
) -> list[dict[str, Any]]:
    """Start an image with a preload hook and return the routes that it prints.

    The container has no network, a read-only file system with a small ``/tmp``, no capability, no way to gain one,
    bounds on memory and processes, and nothing of the host. It is removed in any case.

    Args:
        docker_url: endpoint of the engine, which has the image.
        image: reference or id.
        hook_source: of a CommonJS module, which node loads first. It prints :data:`ROUTES_PREFIX` and a JSON list.
        seconds: how long it is listened to.
        environment: variables that the program needs to start; none are secrets.

    Raises:
        IntrospectionError: it printed no routes, ended before, or has no node.
        DockerHostError: the engine cannot be reached or refuses.
    """
    with contextlib.closing(_Introspection.connect(docker_url)) as engine:
        return engine.routes(image, hook_source, seconds, environment or {})


class _Introspection(DockerHost):
    def routes(
        self, image: str, hook_source: str, seconds: float, environment: Mapping[str, str]
    ) -> list[dict[str, Any]]:
        import docker.errors  # noqa: PLC0415 - the SDK is slow to import and seldom needed

        name = f"dtmac-introspection-{secrets.token_hex(8)}"
        container = ""
        try:
            container = self._created(image, name, environment)
            # A container that has not started yet can be written to, although its file system is read-only later.
            self._client.api.put_archive(container, "/", _archive(hook_source))
            return self._listen(container, seconds)
        except docker.errors.ImageNotFound:
            raise IntrospectionError(f"The Docker Engine has no image {image!r} to ask.") from None
        except sdk_errors() as problem:
            raise DockerHostError(f"The Docker Engine cannot run {image}: {problem}.") from None
        finally:
            # Under its name, because an answer that was interrupted has made the container all the same.
            self.remove(container or name)

    def _created(self, image: str, name: str, environment: Mapping[str, str]) -> str:
        import docker.types  # noqa: PLC0415 - the SDK is slow to import and seldom needed

        api = self._client.api
        inspect: Any = api.inspect_image
        declared = dict(word.partition("=")[::2] for word in (inspect(image)["Config"].get("Env") or []) if word)
        # What the image itself preloads stays, behind the hook.
        options = f"--require /{_HOOK} {declared.get('NODE_OPTIONS', '')}".strip()
        created = api.create_container(
            image,
            name=name,
            detach=True,
            environment={**environment, "NODE_OPTIONS": options},
            labels={INTROSPECTION_LABEL: name},
            healthcheck={"test": ["NONE"]},
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

    def _listen(self, container: str, seconds: float) -> list[dict[str, Any]]:
        api = self._client.api
        lines = _Lines(api.attach(container, stdout=True, stderr=True, stream=True, logs=True))
        api.start(container)
        deadline = time.monotonic() + seconds
        for line in lines.until(deadline):
            if line.startswith(ROUTES_PREFIX):
                return _routes(line.removeprefix(ROUTES_PREFIX))
        state = api.inspect_container(container)["State"]
        said = " / ".join(lines.last) or "nothing"
        if state.get("Running"):
            raise IntrospectionError(f"The program told no routes within {seconds:g} seconds; it said: {said}.")
        raise IntrospectionError(
            f"The program ended with exit code {state.get('ExitCode')} before it told its routes; it said: {said}.",
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
        self.last: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

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
            for line in lines:
                self.last = [*self.last, line.strip()[:200]][-_QUOTED_LINES:]
                yield line
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


def _archive(hook_source: str) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        entry = tarfile.TarInfo(_HOOK)
        data = hook_source.encode()
        entry.size, entry.mode = len(data), 0o444
        archive.addfile(entry, io.BytesIO(data))
    return content.getvalue()


def _routes(text: str) -> list[dict[str, Any]]:
    try:
        data = json.loads(text)
    except ValueError:
        data = None
    if not isinstance(data, list) or not all(isinstance(route, dict) for route in data):
        raise IntrospectionError("The program's list of routes is malformed.")
    return data
