"""Flaws of how request bodies are read."""

from typing import Any, cast

from pydantic import Field

from dtma_reference.bodies import Bodies, DeployRequest, Model, Word
from dtma_reference.errors import BadRequestError, FailureError

__all__ = ["FaultyBodies"]

_NOBODY = "00000000-0000-0000-0000-000000000000"


class _AnyNameRequest(DeployRequest):
    """A deployment whose name is left to the engine to judge."""

    name: Word = Field(alias="instanceNameOnToolbox")


class FaultyBodies(Bodies):
    """Reads bodies wrongly in the respects that were asked for.

    Args:
        faults: the faults that are on.
    """

    def __init__(self, faults: frozenset[str]) -> None:
        self._faults = faults

    def _json(self, body: bytes) -> Any:
        try:
            return super()._json(body)
        except BadRequestError:
            if "malformed-json-is-500" in self._faults:
                raise FailureError("Unexpected token in JSON") from None
            raise

    def _object(self, value: Any) -> dict[str, Any]:
        try:
            return super()._object(value)
        except BadRequestError:
            if "non-object-body-is-500" in self._faults:
                raise FailureError("Cannot read properties of the request body") from None
            raise

    def _check(self, body: dict[str, Any], model: type[Model]) -> Model:
        if issubclass(model, DeployRequest):
            if "missing-field-accepted" in self._faults:
                body = {"accountToolInstanceId": _NOBODY, **body}
            if "invalid-name-is-500" in self._faults and issubclass(_AnyNameRequest, model):
                return cast("Model", super()._check(body, _AnyNameRequest))
        return super()._check(body, model)
