"""A real Docker Engine of one's own: own sockets, own data, own bridge, no firewall rules.

It runs beside any other engine of the machine. What an engine shares with its host, and what is
done about each: the socket, data root, exec root, pid file, configuration file and containerd lie
in a temporary folder; the bridge has a name and a subnet that are free; firewall rules and
forwarding stay untouched, because the userland proxy publishes ports without them.
"""

from __future__ import annotations

import contextlib
import ipaddress
import itertools
import json
import os
import socket
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import docker

from . import leftovers
from .processes import NeighbourError, running
from .tools import path_of

__all__ = ["engine_client", "listing", "running_engine"]

# Far from Docker's own pools (172.17 to 172.31, 192.168) and from what most company networks use.
_SUBNETS = ipaddress.IPv4Network("10.213.0.0/16")

_serial = itertools.count()


@contextlib.contextmanager
def running_engine() -> Iterator[str]:
    """Run a Docker Engine until the block ends, and yield its endpoint, such as ``unix:///…/engine.sock``.

    Its containers end with it. Needs root, as every engine does. What an engine of a killed process
    left on the machine is taken away first.

    Raises:
        MissingToolError: dockerd, containerd or ip is not installed.
        NeighbourError: the engine does not start; the message holds the end of its log.
    """
    dockerd, containerd, ip = path_of("dockerd"), path_of("containerd"), path_of("ip")
    if os.geteuid() != 0:
        raise NeighbourError("A Docker Engine of one's own needs root.")
    for orphan in leftovers.orphaned_folders():
        leftovers.remove_folder(orphan)
    name = leftovers.named_for_this_process(next(_serial))
    with contextlib.ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix=name))
        stack.callback(leftovers.remove_folder, folder)
        stack.enter_context(_bridge(ip, name))
        containerd_address = stack.enter_context(_containerd(containerd, folder))
        endpoint = stack.enter_context(_dockerd(dockerd, folder, name, containerd_address))
        # Containers first, forced: one that ignores TERM would hold the engine's end for its grace period.
        stack.callback(_remove_containers, endpoint)
        yield endpoint


@contextlib.contextmanager
def engine_client(endpoint: str) -> Iterator[docker.DockerClient]:
    """Yield a client of the engine, closed afterwards."""
    client = docker.DockerClient(base_url=endpoint)
    try:
        yield client
    finally:
        client.close()


def listing(endpoint: str) -> str:
    """Return every container of the engine, one a line: id, names, state. The same containers give the same text.

    The state is Docker's word (``running``); the status that grows by the second (``Up 3 seconds``) is left out.
    """
    with engine_client(endpoint) as client:
        containers = client.api.containers(all=True)
    return "".join(f"{each['Id']} {','.join(sorted(each['Names']))} {each['State']}\n" for each in containers)


@contextlib.contextmanager
def _dockerd(program: Path, folder: Path, bridge: str, containerd_address: Path) -> Iterator[str]:
    # A file of its own, because the default one configures another engine.
    configuration = folder / "daemon.json"
    configuration.write_text("{}")
    address = folder / "engine.sock"
    command: list[str | Path] = [
        *(program, "--host", f"unix://{address}", "--config-file", configuration),
        *("--data-root", folder / "data", "--exec-root", folder / "exec", "--pidfile", folder / "engine.pid"),
        *("--containerd", containerd_address, "--bridge", bridge),
        *("--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false"),
    ]
    with running(command, log=folder / "dockerd.log", ready=lambda: _answers(address), seconds=60, grace=30):
        yield f"unix://{address}"


@contextlib.contextmanager
def _containerd(program: Path, folder: Path) -> Iterator[Path]:
    # Left alone, dockerd would take the machine's containerd where one runs, and share its namespace with that engine.
    address = folder / "containerd.sock"
    configuration = folder / "containerd.toml"
    configuration.write_text(
        f"version = 2\n"
        f'root = "{folder}/containerd"\n'
        f'state = "{folder}/containerd-state"\n'
        f'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n'
        f'[grpc]\naddress = "{address}"\n'
    )
    command = [program, "--config", configuration, "--log-level", "warn"]
    with running(command, log=folder / "containerd.log", ready=address.exists, seconds=30):
        yield address


def _answers(address: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(address))
            connection.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
            return b" 200 " in connection.recv(32)
        except OSError:
            return False


def _remove_containers(endpoint: str) -> None:
    with engine_client(endpoint) as client:
        for container in client.api.containers(all=True):
            with contextlib.suppress(docker.errors.NotFound):
                client.api.remove_container(container["Id"], force=True, v=True)


@contextlib.contextmanager
def _bridge(ip: Path, name: str) -> Iterator[None]:
    for orphan in leftovers.of_dead_processes(_values(_ip(ip, "link", "show"), "ifname")):
        _ip(ip, "link", "delete", orphan)
    _ip(ip, "link", "add", name, "type", "bridge")
    try:
        subnet = _free_subnet(_values(_ip(ip, "-4", "route", "show", "table", "all"), "dst"))
        _ip(ip, "address", "add", f"{subnet[1]}/{subnet.prefixlen}", "dev", name)
        # Left alone, a bridge takes the lowest address of its ports, and changes it when that port's container stops:
        # all other containers would then send their answers to an address that is gone.
        _ip(ip, "link", "set", name, "address", "02:42:" + ":".join(f"{byte:02x}" for byte in subnet[1].packed))
        _ip(ip, "link", "set", name, "up")
        yield
    finally:
        _ip(ip, "link", "delete", name)


def _ip(program: Path, *words: str) -> str:
    done = subprocess.run([program, "-json", *words], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise NeighbourError(f"ip {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def _values(output: str, key: str) -> list[str]:
    return [item[key] for item in json.loads(output or "[]") if key in item]


def _free_subnet(taken: Iterable[str]) -> ipaddress.IPv4Network:
    """Return a subnet that overlaps with no route but the default one."""
    routes = [ipaddress.IPv4Network(route, strict=False) for route in taken if route != "default"]
    for subnet in _SUBNETS.subnets(new_prefix=24):
        if not any(subnet.overlaps(route) for route in routes):
            return subnet
    raise NeighbourError("Every subnet that could be the bridge's is routed already.")
