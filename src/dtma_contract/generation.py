"""Generated requests: valid and invalid ones of an operation, shaped so that they can do no harm.

The only module that imports schemathesis. Schemathesis makes the data, from a document that is overlaid for the run
(names in the run's namespace, the probe image or one that cannot be pulled); sending and judging stay here, because
its own checks take every documented 404 and 401 for a pass.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import hypothesis
import schemathesis
from hypothesis import strategies as st

from dtma_contract.bodies import UNRESOLVABLE_IMAGE
from dtma_contract.contract import Operation
from dtma_contract.judgement import ClauseViolatedError

__all__ = ["GeneratedRequest", "Shape", "generate"]


@dataclass(frozen=True, slots=True)
class Shape:
    """What generated data is confined to.

    Attributes:
        namespace: what every name of the run begins with.
        prefix: what names that are made here begin with; it begins with the namespace.
        image: the only image that may be deployed.
        subjects: names that may stand in the path.
        account_id: the account id of the subject, for bodies that repeat it.
    """

    namespace: str
    prefix: str
    image: str
    subjects: tuple[str, ...] = ()
    account_id: str | None = None


@dataclass(frozen=True, slots=True)
class GeneratedRequest:
    """One generated request.

    Attributes:
        names: values of the path parameters in order.
        query: query parameters.
        body: decoded body, or bytes for one that is no JSON; None where the operation takes none.
    """

    names: tuple[str, ...]
    query: Mapping[str, Any]
    body: Any


def generate(
    operation: Operation,
    shape: Shape,
    judge: Callable[[GeneratedRequest], None],
    *,
    valid: bool,
    seed: int,
    examples: int,
) -> None:
    """Generate requests and have each one judged.

    Args:
        operation: the operation.
        shape: what the data is confined to.
        judge: sends a request and raises when the answer breaks the contract; a failing request is made smaller
            before the error leaves.
        valid: whether requests keep the contract; otherwise each breaks it in the body.
        seed: of the generation; the same seed gives the same requests.
        examples: at most so many.
    """
    schema = schemathesis.openapi.from_dict(_document(operation, shape))
    mode = schemathesis.GenerationMode.POSITIVE if valid else schemathesis.GenerationMode.NEGATIVE
    cases: st.SearchStrategy[Any] = schema[operation.path][operation.method].as_strategy(generation_mode=mode)

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=examples,
        database=None,
        deadline=None,
        print_blob=False,
        phases=[hypothesis.Phase.generate, hypothesis.Phase.shrink],
        suppress_health_check=list(hypothesis.HealthCheck),
        report_multiple_bugs=False,
    )
    @hypothesis.given(case=cases)
    def each(case: Any) -> None:
        request = _request(operation, shape, case)
        if operation.request_schema is not None and not isinstance(request.body, bytes):
            # Shaping may have mended what was broken, or the other way round: the contract decides which it is.
            hypothesis.assume(bool(operation.request_problems(request.body)) != valid)
        judge(request)

    with warnings.catch_warnings():
        # Advice about how strategies are written, which the user of this suite cannot follow.
        warnings.simplefilter("ignore")
        try:
            each()
        except hypothesis.errors.FlakyFailure as flaky:
            # The target answered the same request in two ways; the first one is what broke the contract.
            violations, _others = flaky.split(ClauseViolatedError)
            if violations is None:
                raise
            raise violations.exceptions[0] from None


def _request(operation: Operation, shape: Shape, case: Any) -> GeneratedRequest:
    parameters = [part.strip("{}") for part in operation.path.split("/") if part.startswith("{")]
    names = tuple(_namespaced(str(case.path_parameters[name]), shape) for name in parameters)
    body = case.body if operation.request_schema is not None else None
    if isinstance(body, schemathesis.core.NotSet):
        body = b""
    return GeneratedRequest(names, dict(case.query or {}), _shaped(body, shape))


def _namespaced(name: str, shape: Shape) -> str:
    return name if name.startswith(shape.namespace) else shape.prefix + name


def _shaped(node: Any, shape: Shape) -> Any:
    """Return a body whose names are the run's own, and whose images are the probe image or cannot be pulled."""
    if isinstance(node, Mapping):
        return {key: _shaped_member(key, value, shape) for key, value in node.items()}
    return [_shaped(item, shape) for item in node] if isinstance(node, list) else node


def _shaped_member(key: str, value: Any, shape: Shape) -> Any:
    if key in {"instanceNameOnToolbox", "instanceName", "groupId"} and isinstance(value, str) and value:
        return _namespaced(value, shape)
    if key == "dockerImageUrl" and isinstance(value, str) and value and value != shape.image:
        return UNRESOLVABLE_IMAGE
    if key == "HostConfig" and isinstance(value, Mapping):
        # Published ports, volumes and privileges of a fuzzer have no place on a customer's host.
        return {}
    return _shaped(value, shape)


def _document(operation: Operation, shape: Shape) -> dict[str, Any]:
    """Return a document of this operation alone, overlaid for the run."""
    source = operation.contract.document
    node = copy.deepcopy(dict(operation.document))
    for extra in [key for key in node if key.startswith("x-") or key in {"security", "tags", "links"}]:
        del node[extra]
    node["parameters"] = [_parameter(operation.contract.resolve(item), shape) for item in node.get("parameters", [])]
    node["responses"] = {"default": {"description": "judged elsewhere"}}
    body = operation.contract.resolve(node.get("requestBody", {}))
    if body:
        schema = _inlined(operation.request_schema, operation, shape)
        node["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return {
        "openapi": source["openapi"],
        "info": {"title": "overlay", "version": "1"},
        "paths": {operation.path: {operation.method.lower(): node}},
    }


def _parameter(parameter: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
    kept = {key: value for key, value in parameter.items() if key not in {"example", "examples", "description"}}
    if parameter["in"] == "path":
        kept["schema"] = {"type": "string", "enum": list(shape.subjects)}
    return kept


def _inlined(schema: Any, operation: Operation, shape: Shape) -> Any:
    """Return a schema without references, examples and room for fields of any name, its names and images confined."""
    node = operation.contract.resolve(schema)
    if isinstance(node, list):
        return [_inlined(item, operation, shape) for item in node]
    if not isinstance(node, Mapping):
        return node
    inlined = {
        key: _inlined(value, operation, shape)
        for key, value in node.items()
        if key not in {"example", "examples", "description", "title", "properties"}
    }
    if "properties" in node:
        inlined["properties"] = {
            name: _confined(name, _inlined(value, operation, shape), shape)
            for name, value in node["properties"].items()
        }
        # Unknown fields are allowed and say nothing; left open, they are nearly all that is generated.
        inlined.setdefault("additionalProperties", False)
    return inlined


def _confined(name: str, schema: Any, shape: Shape) -> Any:
    confined = {
        "instanceNameOnToolbox": {"type": "string", "pattern": f"^{shape.prefix}[a-z0-9]{{6,12}}$"},
        "dockerImageUrl": {"type": "string", "enum": [shape.image, UNRESOLVABLE_IMAGE]},
        "HostConfig": {"type": "object", "maxProperties": 0, "additionalProperties": False},
        "Env": {"type": "array", "maxItems": 3, "items": {"type": "string", "pattern": "^[A-Z_]{1,12}=[ -~]{0,20}$"}},
        # A command that runs out of time says nothing of the agent.
        "timeout": {"type": "integer", "minimum": 10_000, "maximum": 60_000},
        # The only commands that the fence sends to a host's shell.
        "command": {"type": "string", "enum": ["true", "false", f"echo {shape.namespace}says"]},
    }
    confined["instanceName"] = confined["groupId"] = confined["instanceNameOnToolbox"]
    if shape.account_id is not None:
        confined["accountToolInstanceId"] = {"type": "string", "enum": [shape.account_id]}
    if name == "servers":
        # Where the contract takes whatever it is given, something like a server says more than anything else.
        named = {"instanceName": confined["instanceName"], "dockerImageUrl": confined["dockerImageUrl"]}
        anything = schema.get("items") in ({}, True, None)
        server = {"type": "object", "properties": named, "additionalProperties": False} if anything else schema["items"]
        return {**schema, "items": server, "maxItems": 2}
    return confined.get(name, schema)
