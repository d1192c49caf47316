"""The refusals of the agent, each with its status and its documented JSON.

* AgentError
  x BadRequestError              400   the body, or a name, is malformed
  x UnauthorizedError            401   no usable bearer token
  x ForbiddenError               403   another token, or something that is switched off
  x InstanceUnknownError         404   no such instance
  x GroupUnknownError            404   no such MCP group
  x ConflictError                409   a name or a host port is taken
  x BodyTooLargeError            413   more than the agent reads
  x ConfigurationError           500   the agent has no token
  x FailureError                 500   something went wrong here
  x ImageUnavailableError        502   something went wrong at the registry of images
  x StateUnavailableError        503   the registry of instances cannot be used now
"""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from dtma_reference.answers import Answer
from dtma_reference.engines.protocol import EngineError, PullFailedError
from dtma_reference.registry.store import StoreUnavailableError

__all__ = [
    "AgentError",
    "BadRequestError",
    "BodyTooLargeError",
    "ConfigurationError",
    "ConflictError",
    "FailureError",
    "ForbiddenError",
    "GroupUnknownError",
    "ImageUnavailableError",
    "InstanceUnknownError",
    "StateUnavailableError",
    "UnauthorizedError",
    "from_engine",
    "from_store",
]


class AgentError(Exception):
    """A refusal.

    Args:
        error: one sentence for the caller.
        message: details, or empty.
    """

    status: ClassVar[int] = 500

    def __init__(self, error: str, message: str = "") -> None:
        super().__init__(error, message)
        self.error = error
        self.message = message

    def answer(self) -> Answer:
        """Return the documented answer."""
        body: dict[str, Any] = {"success": False, "error": self.error}
        if self.message:
            body["message"] = self.message
        return Answer(self.status, body)


class BadRequestError(AgentError):
    """The request is malformed."""

    status = 400


class UnauthorizedError(AgentError):
    """There is no usable bearer token."""

    status = 401

    def answer(self) -> Answer:
        """Return the documented answer, with the challenge that RFC 9110 section 11.6.1 asks for."""
        return Answer(self.status, {"error": f"Unauthorized: {self.error}"}, headers={"WWW-Authenticate": "Bearer"})


class ForbiddenError(AgentError):
    """The token is another one, or the thing is switched off."""

    status = 403

    def answer(self) -> Answer:
        """Return the documented answer."""
        return Answer(self.status, {"error": f"Forbidden: {self.error}"})


class InstanceUnknownError(AgentError):
    """The agent manages no instance of that name."""

    status = 404

    def __init__(self, name: str) -> None:
        super().__init__(f"Tool instance '{name}' not found or not managed by this DTMA.")


class GroupUnknownError(AgentError):
    """The agent manages no MCP group of that id."""

    status = 404

    def __init__(self, group_id: str) -> None:
        super().__init__(f"MCP group '{group_id}' not found")


class ConflictError(AgentError):
    """A name or a host port is taken."""

    status = 409


class BodyTooLargeError(AgentError):
    """The body is larger than the agent reads."""

    status = 413


class ConfigurationError(AgentError):
    """No token is configured, so nobody can be let in."""

    def __init__(self) -> None:
        super().__init__("DTMA configuration error")

    def answer(self) -> Answer:
        """Return the documented answer."""
        return Answer(self.status, {"error": self.error})


class FailureError(AgentError):
    """The agent, or the engine, failed."""


class ImageUnavailableError(AgentError):
    """The registry does not give the image."""

    status = 502


class StateUnavailableError(AgentError):
    """The registry of instances cannot be used now; the same request may succeed a moment later."""

    status = 503

    def answer(self) -> Answer:
        """Return the documented answer, with the header that RFC 9110 section 10.2.3 offers for it."""
        return dataclasses.replace(super().answer(), headers={"Retry-After": "1"})


def from_engine(error: EngineError) -> AgentError:
    """Return the refusal that an engine's failure leads to, where no more is known about it."""
    if isinstance(error, PullFailedError):
        return ImageUnavailableError("The image could not be pulled.", str(error))
    return FailureError("The container engine refused or failed.", str(error))


def from_store(error: StoreUnavailableError) -> AgentError:
    """Return the refusal that the registry's trouble leads to."""
    return StateUnavailableError("The registry of instances cannot be used now.", f"The registry: {error}.")
