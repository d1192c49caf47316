"""The OpenAPI document as operations with profiles, effects and response schemas. Pure.

The document is the judge. What it says in extensions:

* ``x-dtma-profile`` of an operation: ``core``, ``execute``, ``console``, ``diagnostics``, ``ssh`` or ``mcp``;
* ``x-dtma-effect`` of an operation: an :class:`Effect`;
* ``x-dtma-subject``: ``{kind: instance|group, parameter: <path parameter>}`` where it acts on something named;
* ``x-dtma-creates``: ``instance`` or ``group`` where a request makes something.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dtma_contract.errors import UsageError, closest

if TYPE_CHECKING:
    from dtma_contract.schemas import Schemas

__all__ = ["Contract", "Effect", "EffectLevel", "Operation", "Subject"]

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


class EffectLevel(enum.IntEnum):
    """How far a run may go; each level includes the ones before it."""

    READ = 0
    LIFECYCLE = 1
    RESTART = 2

    @classmethod
    def from_text(cls, text: str) -> EffectLevel:
        """Return the level of that name.

        Raises:
            UsageError: there is no such level.
        """
        try:
            return cls[text.upper()]
        except KeyError:
            known = [level.name.lower() for level in cls]
            hint = closest(text, known) or f"The levels are {', '.join(known)}."
            raise UsageError(f'Unknown effect level "{text}".', hint) from None

    def __str__(self) -> str:
        return self.name.lower()


class Effect(enum.StrEnum):
    """What a request does to the host when the agent carries it out."""

    READ = "read"
    CREATE = "create"
    CHANGE = "change"
    REMOVE = "remove"
    EXECUTE = "execute"
    RESTART = "restart"
    REDEPLOY = "redeploy"
    SHELL = "shell"

    @property
    def level(self) -> EffectLevel:
        """The lowest level that a run needs for it."""
        if self is Effect.READ:
            return EffectLevel.READ
        if self in {Effect.RESTART, Effect.REDEPLOY, Effect.SHELL}:
            return EffectLevel.RESTART
        return EffectLevel.LIFECYCLE


@dataclass(frozen=True, slots=True)
class Subject:
    """The thing that an operation acts on, and the path parameter that names it.

    Attributes:
        kind: ``instance`` or ``group``.
        parameter: name of the path parameter.
    """

    kind: str
    parameter: str


@dataclass(frozen=True, eq=False)
class Operation:
    """One operation of the contract.

    Attributes:
        id: such as ``core.tools.start``; the operationId.
        method: upper case.
        path: path template, such as ``/tools/{instanceNameOnToolbox}/start``.
        profile: the profile that it belongs to.
        effect: what it does to the host.
        subject: what it acts on, where a path parameter names it.
        creates: ``instance`` or ``group``, or None.
        secured: whether it asks for the bearer token.
        document: the Operation Object, references unresolved.
        contract: the contract that it belongs to.
    """

    id: str
    method: str
    path: str
    profile: str
    effect: Effect
    subject: Subject | None
    creates: str | None
    secured: bool
    document: Mapping[str, Any]
    contract: Contract

    @cached_property
    def statuses(self) -> frozenset[int]:
        """All documented status codes."""
        return frozenset(int(code) for code in self.document["responses"])

    @property
    def success(self) -> int:
        """The documented success status; each operation has exactly one."""
        return next(code for code in sorted(self.statuses) if 200 <= code < 300)  # noqa: PLR2004 - RFC 9110 section 15.3

    @property
    def refusals(self) -> frozenset[int]:
        """The documented client errors."""
        return frozenset(code for code in self.statuses if 400 <= code < 500)  # noqa: PLR2004 - RFC 9110 section 15.5

    def media_types(self, status: int) -> tuple[str, ...]:
        """Return the documented media types of a response, lower case."""
        response = self.contract.resolve(self.document["responses"][str(status)])
        return tuple(str(name).lower() for name in response.get("content", {}))

    def response_problems(self, status: int, media_type: str, body: Any) -> tuple[str, ...]:
        """Return how a decoded body deviates from the documented schema.

        Args:
            status: a documented status.
            media_type: the response's media type without parameters.
            body: decoded JSON, or text for another media type.

        Returns:
            One sentence a deviation, such as ``$.data.state: 'Status' is a required property``; empty when it conforms.
        """
        response = self.contract.resolve(self.document["responses"][str(status)])
        content = {str(name).lower(): value for name, value in response.get("content", {}).items()}
        if media_type.lower() not in content:
            return (f"the media type is {media_type or 'absent'}, documented is {' or '.join(content) or 'none'}",)
        schema = content[media_type.lower()].get("schema")
        return self.contract.problems(schema, body) if schema is not None else ()

    @property
    def request_schema(self) -> Any:
        """The JSON schema of the request body, or None where the operation takes none."""
        body = self.contract.resolve(self.document.get("requestBody", {}))
        return body.get("content", {}).get("application/json", {}).get("schema")

    def request_problems(self, body: Any) -> tuple[str, ...]:
        """Return how a decoded request body deviates from the documented schema."""
        return self.contract.problems(self.request_schema, body)

    @cached_property
    def required_fields(self) -> tuple[str, ...]:
        """The required top-level fields of the request body."""
        schema = self.contract.resolve(self.request_schema or {})
        return tuple(schema.get("required", ()))

    @cached_property
    def example(self) -> Any:
        """The documented example of the request body, or None."""
        body = self.contract.resolve(self.document.get("requestBody", {}))
        return body.get("content", {}).get("application/json", {}).get("example")


@dataclass(frozen=True, eq=False)
class Contract:
    """An OpenAPI 3.1 document with the extensions that this suite needs.

    Attributes:
        document: the document, references unresolved.
    """

    document: Mapping[str, Any]

    @classmethod
    def from_document(cls, document: Any, origin: str = "the contract") -> Contract:
        """Return the contract that a decoded document states.

        Args:
            document: decoded YAML or JSON.
            origin: how error messages name it, such as its path.

        Raises:
            UsageError: it is no OpenAPI 3.1 document, or an operation lacks what the suite needs.
        """
        if not isinstance(document, Mapping) or not str(document.get("openapi", "")).startswith("3.1"):
            raise UsageError(f"{origin} is no OpenAPI 3.1 document.", "Its first line should be `openapi: 3.1.0`.")
        contract = cls(document)
        try:
            contract._check()
        except (KeyError, TypeError, ValueError, AttributeError, StopIteration) as problem:
            raise UsageError(
                f"{origin} cannot be read as a contract: {type(problem).__name__}: {problem}.",
                "Check it with `openapi-spec-validator`; each operation needs operationId, x-dtma-profile and "
                "x-dtma-effect.",
            ) from problem
        if not contract.operations:
            raise UsageError(f"{origin} has no operation.", "Name the document that has the paths in it.")
        return contract

    @property
    def version(self) -> str:
        """The version that the document gives itself."""
        return str(self.document.get("info", {}).get("version", ""))

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """All operations, in the order of the document."""
        return tuple(self._read_operations())

    @cached_property
    def profiles(self) -> tuple[str, ...]:
        """All profiles, in the order of the document."""
        return tuple(dict.fromkeys(operation.profile for operation in self.operations))

    def operation(self, operation_id: str) -> Operation:
        """Return the operation of that id.

        Raises:
            UsageError: there is none.
        """
        for operation in self.operations:
            if operation.id == operation_id:
                return operation
        raise UsageError(
            f'Unknown operation "{operation_id}".', closest(operation_id, [known.id for known in self.operations])
        )

    def resolve(self, node: Any) -> Any:
        """Return the node that a local ``$ref`` points to, or the node itself."""
        followed = set()
        while isinstance(node, Mapping) and "$ref" in node:
            reference = str(node["$ref"])
            if reference in followed:
                raise ValueError(f"{reference} leads back to itself")
            followed.add(reference)
            target: Any = self.document
            for part in reference.removeprefix("#/").split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            node = target
        return node

    def problems(self, schema: Any, value: Any) -> tuple[str, ...]:
        """Return how a value deviates from a schema of this document, formats included, one sentence each."""
        return self._validation.problems(schema, value)

    @cached_property
    def _validation(self) -> Schemas:
        from dtma_contract.schemas import Schemas  # noqa: PLC0415 - slow to import, and the fence judges no answer

        return Schemas(self.document)

    def _check(self) -> None:
        """Read everything that a run would read, so that a mistake is told before anything is sent."""
        _ = self.version
        ids: set[str] = set()
        for operation in self.operations:
            if not isinstance(operation.id, str) or operation.id in ids:
                raise ValueError(f"the operationId {operation.id!r} is no text, or stands twice")
            ids.add(operation.id)
            if operation.subject and f"{{{operation.subject.parameter}}}" not in operation.path.split("/"):
                raise ValueError(f"{operation.path} has no parameter {operation.subject.parameter!r}")
            _ = operation.success, operation.refusals, operation.required_fields, operation.example
            for parameter in operation.document["parameters"]:
                _ = self.resolve(parameter)["in"]
            for status in operation.statuses:
                _ = operation.media_types(status)
        for schema in self._schemas():
            for node in _mappings(schema):
                self.resolve(node)

    def require_schemas(self, origin: str) -> None:
        """Check every schema against its own metaschema, which takes a second.

        Args:
            origin: how the error message names the document.

        Raises:
            UsageError: one of them is no JSON schema.
        """
        from dtma_contract.schemas import first_mistake  # noqa: PLC0415 - as above

        problem = first_mistake(self._schemas())
        if problem is not None:
            raise UsageError(
                f"{origin} holds what is no JSON schema: {problem}.", "Check it with `openapi-spec-validator`."
            )

    def _schemas(self) -> Iterator[Any]:
        """Every schema of the document that a run might validate against, references unresolved."""
        yield from self.document.get("components", {}).get("schemas", {}).values()
        for operation in self.operations:
            bodies = [operation.document.get("requestBody", {}), *operation.document["responses"].values()]
            for content in (self.resolve(body).get("content", {}) for body in bodies):
                yield from (media["schema"] for media in content.values() if "schema" in media)

    def _read_operations(self) -> Iterator[Operation]:
        default_security = self.document.get("security", [])
        for path, item in self.document.get("paths", {}).items():
            for method in _METHODS:
                if method not in item:
                    continue
                # Parameters may stand on the path item; the operation sees the sum (OpenAPI 3.1.0, Path Item Object).
                node = {
                    **item[method],
                    "parameters": [*item.get("parameters", []), *item[method].get("parameters", [])],
                }
                subject = node.get("x-dtma-subject")
                yield Operation(
                    id=node["operationId"],
                    method=method.upper(),
                    path=path,
                    profile=node["x-dtma-profile"],
                    effect=Effect(node["x-dtma-effect"]),
                    subject=Subject(subject["kind"], subject["parameter"]) if subject else None,
                    creates=node.get("x-dtma-creates"),
                    secured=bool(node.get("security", default_security)),
                    document=node,
                    contract=self,
                )


def _mappings(node: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(node, Mapping):
        yield node
    children = node.values() if isinstance(node, Mapping) else node if isinstance(node, list) else ()
    for child in children:
        yield from _mappings(child)
