"""Whether a create may be sent: its names, images and host settings. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from dtma_contract.fence.decisions import Allow, FenceRequest, Reason, Refuse, Thing, sentence
from dtma_contract.fence.images import cannot_resolve
from dtma_contract.fence.names import is_own, may_mean_several
from dtma_contract.fence.request_bodies import AmbiguousBodyError, json_objects, strings_of

__all__ = ["Create", "judge_create"]

# The fields of the deploy and the group request that name something, in lower case.
_INSTANCE_NAMES: Final = ("instancenameontoolbox", "instancename")
_GROUP_NAME: Final = "groupid"
_SERVERS: Final = "servers"
_IMAGE: Final = "dockerimageurl"
_OVERRIDE: Final = "baseconfigoverridejson"
_FIELDS: Final = (*_INSTANCE_NAMES, _GROUP_NAME, _SERVERS, _IMAGE)

# Members of Docker's HostConfig that reach the host; they never stand anywhere in a request.
_DANGEROUS: Final = frozenset(
    {"binds", "capadd", "cgroupnsmode", "devicecgrouprules", "devicerequests", "devices", "hostconfig", "ipcmode"}
    | {"mounts", "networkingconfig", "networkmode", "pidmode", "privileged", "runtime", "securityopt", "sysctls"}
    | {"usernsmode", "utsmode", "volumes", "volumesfrom"}
)

# Ports below need a privilege, and are where hosts serve what matters.
_LOWEST_HOST_PORT: Final = 1024


@dataclass(frozen=True, slots=True)
class Create:
    """What came of judging a body.

    Attributes:
        decision: whether it may be sent as far as names, images and host settings go.
        harmless: whether it provably creates nothing.
    """

    decision: Allow | Refuse
    harmless: bool


class _RefusedError(Exception):
    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.refusal = Refuse(reason, detail)


def judge_create(request: FenceRequest, namespace: str, probe_image: str) -> Create:
    """Judge the body of a request that deploys an instance or a group.

    Args:
        request: the request.
        namespace: what every name must begin with.
        probe_image: the one image that may be deployed.
    """
    try:
        bodies = json_objects(request, _FIELDS)
    except AmbiguousBodyError as problem:
        return Create(Refuse(Reason.AMBIGUOUS_REQUEST, sentence(problem)), harmless=False)
    things: dict[Thing, None] = {}
    harmless = True
    try:
        for body in bodies:
            _check_stray_host_settings(body)
            resolves = _judge_object(body, namespace, probe_image, things)
            harmless = harmless and not resolves
    except _RefusedError as problem:
        return Create(problem.refusal, harmless=False)
    return Create(Allow(tuple(things)), harmless)


def _judge_object(body: Mapping[str, Any], namespace: str, probe_image: str, things: dict[Thing, None]) -> bool:
    """Check one object and its servers; return whether an image in it can resolve."""
    parts = [body, *_servers(body)]
    resolves = False
    for part in parts:
        has_image = _check_image(part.get(_IMAGE), probe_image)
        names = [name for field in _INSTANCE_NAMES for name in _own_names(part.get(field), namespace)]
        if has_image and not names:
            raise _RefusedError(
                Reason.NOT_OWNED, "An image is to be deployed without a name, so it would not be owned."
            )
        things.update(dict.fromkeys(Thing("instance", name) for name in names))
        _check_override(part.get(_OVERRIDE))
        resolves = resolves or has_image
    groups = _own_names(body.get(_GROUP_NAME), namespace)
    if resolves and len(parts) > 1 and not groups:
        raise _RefusedError(Reason.NOT_OWNED, "A group is to be deployed without a name, so it would not be owned.")
    things.update(dict.fromkeys(Thing("group", name) for name in groups))
    return resolves


def _servers(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    servers = body.get(_SERVERS)
    if isinstance(servers, Mapping) and any(isinstance(item, (Mapping, list)) for item in servers.values()):
        raise _RefusedError(Reason.AMBIGUOUS_REQUEST, "The servers are an object, which some agents read as a list.")
    found = [item for item in servers if isinstance(item, Mapping)] if isinstance(servers, list) else []
    if isinstance(servers, list) and any(isinstance(item, list) for item in servers):
        raise _RefusedError(Reason.AMBIGUOUS_REQUEST, "A list stands among the servers.")
    return found


def _own_names(value: Any, namespace: str) -> list[str]:
    # A list of one string becomes that string where JavaScript builds a path from it.
    names = [text for text in strings_of(value) if text]
    for name in names:
        if not is_own(name, namespace):
            raise _RefusedError(
                Reason.NOT_OWNED, f'The name "{name[:80]}" does not begin with {namespace}, as names of this run do.'
            )
        if may_mean_several(name):
            raise _RefusedError(
                Reason.AMBIGUOUS_REQUEST, f'The name "{name[:80]}" may be read as a pattern or command.'
            )
    return names


def _check_image(value: Any, probe_image: str) -> bool:
    """Return whether an image is named that may resolve."""
    resolves = False
    for reference in strings_of(value):
        if reference == probe_image:
            resolves = True
        elif reference and not cannot_resolve(reference):
            raise _RefusedError(
                Reason.IMAGE_NOT_ALLOWED, f'The image "{reference[:120]}" is not the probe image and might resolve.'
            )
    return resolves


def _check_override(value: Any) -> None:
    if isinstance(value, str):
        value = _decoded_text(value)
    if isinstance(value, list) and any(isinstance(item, (Mapping, list)) for item in value):
        raise _host_config("baseConfigOverrideJson is a list of objects")
    if not isinstance(value, Mapping):
        return
    for key in value:
        if key not in {"env", "hostconfig"}:
            raise _host_config(f'baseConfigOverrideJson sets "{key[:80]}"')
    host = value.get("hostconfig")
    if isinstance(host, (list, str)) and host:
        raise _host_config("HostConfig is no object")
    if isinstance(host, Mapping):
        _check_host(host)


def _check_host(host: Mapping[str, Any]) -> None:
    for key in host:
        if key != "portbindings":
            raise _host_config(f'HostConfig sets "{key[:80]}"')
    bindings = host.get("portbindings")
    if isinstance(bindings, (list, str)) and bindings:
        raise _host_config("PortBindings is no object")
    for places in bindings.values() if isinstance(bindings, Mapping) else ():
        for place in places if isinstance(places, list) else [places]:
            if isinstance(place, Mapping):
                if not set(place) <= {"hostip", "hostport"}:
                    raise _host_config("a port binding sets something besides HostIp and HostPort")
                _check_port(place.get("hostport"))
            elif isinstance(place, list):
                raise _host_config("a port binding is a list")


def _check_port(value: Any) -> None:
    # Numbers were not decoded (see request_bodies), so a port that is no string cannot be judged.
    if value is None or value == "":
        return
    if not isinstance(value, str):
        raise _host_config("HostPort is no string")
    if not re.search(r"\d", value):
        return
    if not re.fullmatch(r"\d{1,5}(-\d{1,5})?", value, re.ASCII):
        raise _host_config(f'HostPort "{value[:40]}" is no port number')
    for port in value.split("-"):
        if 0 < int(port) < _LOWEST_HOST_PORT or (int(port) == 0 and "-" in value):
            raise _host_config(f"host port {port} is below {_LOWEST_HOST_PORT}")


def _check_stray_host_settings(body: Mapping[str, Any]) -> None:
    waiting: list[Any] = [
        item for part in [body, *_servers(body)] for key, item in part.items() if key not in {_OVERRIDE, _SERVERS}
    ]
    keys = [key for part in [body, *_servers(body)] for key in part]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Mapping):
            keys.extend(node)
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
    for key in keys:
        if key in _DANGEROUS:
            raise _host_config(f'the request sets "{key}"')


def _decoded_text(text: str) -> Any:
    """Return what an agent that decodes a JSON text once more would find."""
    request = FenceRequest("POST", b"/", (), text.encode("utf-8", "replace"))
    try:
        objects = json_objects(request, ("hostconfig", *_FIELDS))
    except AmbiguousBodyError as problem:
        raise _host_config(f"baseConfigOverrideJson is a text that cannot be judged: {problem}") from None
    return objects[0] if objects else None


def _host_config(detail: str) -> _RefusedError:
    return _RefusedError(Reason.HOST_CONFIG, sentence(detail))
