"""Generated requests keep or break the contract as they should, do no harm, and pass the fence."""

from __future__ import annotations

import functools
import json
from urllib.parse import quote, urlencode

import pytest
from pure.shipped_contract import CONTRACT

from dtma_contract.bodies import UNRESOLVABLE_IMAGE, account_id
from dtma_contract.contract import EffectLevel
from dtma_contract.fence.decisions import Allow, FenceRequest
from dtma_contract.fence.policy import Policy, decide
from dtma_contract.generation import Shape, generate

NAMESPACE = "dtmac-k3f9x2ab-"
EXISTING, ABSENT = f"{NAMESPACE}w1", f"{NAMESPACE}absent"
IMAGE = "nginx:latest"
SEEDS = (1, 7, 2**31 + 5)
EXAMPLES = 8
POLICY = Policy(CONTRACT, NAMESPACE, EffectLevel.RESTART, IMAGE)

OPERATIONS = [operation.id for operation in CONTRACT.operations]
WITH_BODY = [operation.id for operation in CONTRACT.operations if operation.request_schema is not None]
NAMES = {"instanceNameOnToolbox", "instanceName", "groupId"}


@functools.cache
def generated(operation_id, seed, *, valid):
    """Return the requests that a run would send, as the clauses ask for them."""
    operation = CONTRACT.operation(operation_id)
    named = operation.subject is not None
    shape = Shape(
        NAMESPACE,
        f"{NAMESPACE}w1g",
        IMAGE,
        (EXISTING, ABSENT) if named else (),
        account_id(EXISTING) if named else None,
    )
    requests = []
    generate(operation, shape, requests.append, valid=valid, seed=seed, examples=EXAMPLES)
    return tuple(requests)


def all_generated(operation_id):
    kinds = (True, False) if operation_id in WITH_BODY else (True,)
    return [made for valid in kinds for seed in SEEDS for made in generated(operation_id, seed, valid=valid)]


def members(node):
    """Yield every key with its value, however deep."""
    if isinstance(node, dict):
        yield from node.items()
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from members(child)


def members_named(operation_id, names):
    return [
        value
        for made in all_generated(operation_id)
        for key, value in members(made.body)
        if key in names and isinstance(value, str) and value
    ]


def decided(operation_id, made):
    """Return what the fence says of a request as the suite's client would send it."""
    operation = CONTRACT.operation(operation_id)
    values = iter(made.names)
    path = "/".join(
        quote(next(values), safe="") if part.startswith("{") else part for part in operation.path.split("/")
    )
    target = f"{path}?{urlencode(made.query)}" if made.query else path
    body = b""
    if operation.request_schema is not None:
        body = made.body if isinstance(made.body, bytes) else json.dumps(made.body).encode()
    headers = ((b"Content-Type", b"application/json"),) if body else ()
    return decide(FenceRequest(operation.method, target.encode("ascii"), headers, body), POLICY, {EXISTING})


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_valid_requests_keep_the_contract(operation, seed):
    """Each one has a body that the contract's schema allows, and there is at least one."""
    made = generated(operation, seed, valid=True)

    problems = [
        CONTRACT.operation(operation).request_problems(request.body) for request in made if operation in WITH_BODY
    ]
    assert (bool(made), [problem for problem in problems if problem]) == (True, [])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("operation", WITH_BODY)
def test_invalid_requests_break_the_contract(operation, seed):
    """Each one has a body that is no JSON, or that the contract's schema forbids, and there is at least one."""
    made = generated(operation, seed, valid=False)

    kept = [
        request
        for request in made
        if not isinstance(request.body, bytes) and not CONTRACT.operation(operation).request_problems(request.body)
    ]
    assert (bool(made), kept) == (True, [])


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_name_begins_with_the_namespace(operation):
    """In the path and in the body, in valid and in invalid requests."""
    in_paths = [name for made in all_generated(operation) for name in made.names]

    foreign = [name for name in in_paths + members_named(operation, NAMES) if not name.startswith(NAMESPACE)]
    assert foreign == []


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_image_is_the_probe_image_or_none(operation):
    """A fuzzer deploys what the run may deploy, or what cannot be pulled."""
    assert set(members_named(operation, {"dockerImageUrl"})) <= {IMAGE, UNRESOLVABLE_IMAGE}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_host_config_is_empty(operation):
    """Ports, volumes and privileges of a fuzzer have no place on a host."""
    configs = [
        value
        for made in all_generated(operation)
        for key, value in members(made.body)
        if key == "HostConfig" and isinstance(value, dict)
    ]

    assert [config for config in configs if config] == []


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_same_seed_gives_the_same_requests(operation):
    """A run is replayed by its seed."""
    again = generated.__wrapped__(operation, SEEDS[0], valid=True)

    assert generated(operation, SEEDS[0], valid=True) == again


@pytest.mark.parametrize("operation", ["core.tools.deploy", "mcp.groups.deploy", "execute.tools.execute"])
def test_another_seed_gives_other_requests(operation):
    """Runs without a seed do not all ask the same."""
    assert generated(operation, SEEDS[0], valid=True) != generated(operation, SEEDS[1], valid=True)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_fence_lets_every_valid_request_through(operation):
    """What the fence refuses is not judged: a clause of valid requests would be empty."""
    refused = [
        (made, decision)
        for seed in SEEDS
        for made in generated(operation, seed, valid=True)
        if not isinstance(decision := decided(operation, made), Allow)
    ]

    assert refused == []


@pytest.mark.parametrize("operation", WITH_BODY)
def test_the_fence_lets_most_invalid_requests_through(operation):
    """The fence may refuse what might do harm, but not so much that a clause of invalid requests is empty."""
    decisions = [decided(operation, made) for seed in SEEDS for made in generated(operation, seed, valid=False)]

    allowed = sum(isinstance(decision, Allow) for decision in decisions)
    assert allowed > len(decisions) / 2


@pytest.mark.parametrize("operation", ["core.tools.deploy", "mcp.groups.deploy"])
def test_valid_requests_deploy_both_images(operation):
    """The probe image shows the success, the other one the failure."""
    bodies = [made.body for seed in SEEDS for made in generated(operation, seed, valid=True)]
    images = {value for body in bodies for key, value in members(body) if key == "dockerImageUrl"}

    assert {IMAGE, UNRESOLVABLE_IMAGE} == images
