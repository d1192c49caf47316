"""The schemas of a document: how a value deviates from one, and whether it is one. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, SchemaError, ValidationError
from jsonschema.validators import extend
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

__all__ = ["Schemas", "first_mistake"]

_DOCUMENT_URI = "urn:dtma-contract:document"


class Schemas:
    """Judges values by schemas that stand in one document.

    Args:
        document: an OpenAPI 3.1 document, references unresolved.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        resource = Resource.from_contents(dict(document), default_specification=DRAFT202012)
        self._registry: Registry[Any] = Registry().with_resource(_DOCUMENT_URI, resource)
        self._validators: dict[int, tuple[Any, Any]] = {}

    def problems(self, schema: Any, value: Any) -> tuple[str, ...]:
        """Return how a value deviates from a schema of the document, formats included, one sentence each."""
        errors = sorted(
            self._validator(schema).iter_errors(value), key=lambda error: list(map(str, error.absolute_path))
        )
        return tuple(f"{error.json_path}: {error.message[:300]}" for error in errors)

    def _validator(self, schema: Any) -> Any:
        # The schemas are nodes of the document, so that their identity is stable; each is kept with its validator.
        known = self._validators.get(id(schema))
        if known is None:
            formats = FormatChecker(["date-time", "uuid"])
            validator = _Validator(_absolute(schema), registry=self._registry, format_checker=formats)
            known = self._validators[id(schema)] = (schema, validator)
        return known[1]


def first_mistake(schemas: Iterable[Any]) -> str | None:
    """Return what is wrong with the first that is no JSON schema by its own metaschema, or None."""
    try:
        for schema in schemas:
            Draft202012Validator.check_schema(schema)
    except SchemaError as problem:
        return problem.message[:300]
    return None


def _pattern_problems(_validator: Any, pattern: str, value: Any, _schema: Any) -> Iterator[ValidationError]:
    # A pattern is an ECMA-262 expression (JSON Schema Validation 6.3.3): `$` is the very end. Python's `$` also stands
    # before a final line feed, and a name with one would pass.
    if isinstance(value, str) and not re.search(re.sub(r"(?<!\\)\$\Z", r"\\Z", pattern), value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


_Validator: Any = extend(Draft202012Validator, {"pattern": _pattern_problems})  # type: ignore[no-untyped-call] # it has none


def _absolute(node: Any) -> Any:
    """Return a schema whose local references name the document, so that it can be validated on its own."""
    if isinstance(node, Mapping):
        return {
            key: _DOCUMENT_URI + value
            if key == "$ref" and isinstance(value, str) and value.startswith("#")
            else _absolute(value)
            for key, value in node.items()
        }
    if isinstance(node, list):
        return [_absolute(item) for item in node]
    return node
