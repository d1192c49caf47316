"""What the fence says about a request: values that policy, wire and record share. Pure."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

__all__ = ["Allow", "Failure", "FenceRequest", "Reason", "Refuse", "Thing", "header_values", "sentence"]


class Reason(enum.StrEnum):
    """Why a request was not sent. The ids are stable."""

    NOT_OWNED = "not-owned"
    EFFECT_LEVEL = "effect-level"
    IMAGE_NOT_ALLOWED = "image-not-allowed"
    UNDOCUMENTED_EFFECT = "undocumented-effect"
    AMBIGUOUS_REQUEST = "ambiguous-request"
    HOST_CONFIG = "host-config"
    RUN_OVER = "run-over"


_HINTS: Final = {
    Reason.NOT_OWNED: "Use names that begin with the run's namespace.",
    Reason.EFFECT_LEVEL: "Raise the effect level with --effects if the host may bear it.",
    Reason.IMAGE_NOT_ALLOWED: "Deploy the probe image, or a reference that cannot resolve, such as registry.invalid/x.",
    Reason.UNDOCUMENTED_EFFECT: "Only documented operations, or paths made of the run's own names, may have an effect.",
    Reason.AMBIGUOUS_REQUEST: "Send it in a form that every server reads in the same way.",
    Reason.HOST_CONFIG: "Only Env and HostConfig.PortBindings with host ports from 1024 may be set.",
    Reason.RUN_OVER: "Start another run.",
}


class Failure(enum.StrEnum):
    """Why a request that was sent, or should have been, got no answer. The ids are stable."""

    NAME_UNRESOLVABLE = "name-unresolvable"
    CONNECTION_REFUSED = "connection-refused"
    CONNECTION_TIMEOUT = "connection-timeout"
    TLS_FAILURE = "tls-failure"
    CONNECTION_RESET = "connection-reset"
    RESPONSE_TIMEOUT = "response-timeout"
    RESPONSE_TOO_LARGE = "response-too-large"
    RESPONSE_MALFORMED = "response-malformed"
    TARGET_GONE = "target-gone"

    @property
    def is_connect(self) -> bool:
        """Whether nothing of the request can have reached the target."""
        return self in {
            Failure.NAME_UNRESOLVABLE,
            Failure.CONNECTION_REFUSED,
            Failure.CONNECTION_TIMEOUT,
            Failure.TLS_FAILURE,
            Failure.TARGET_GONE,
        }

    @property
    def status(self) -> int:
        """The status of the fence's own answer."""
        timed_out = self in {Failure.CONNECTION_TIMEOUT, Failure.RESPONSE_TIMEOUT}
        return 504 if timed_out else 502

    @property
    def hint(self) -> str:
        """What to do next."""
        if self.is_connect:
            return "Check that the agent runs and can be reached; `dtma-contract diagnose` looks into it."
        return "Look into the agent's log at the time of the request."


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that a run creates.

    Attributes:
        kind: ``instance`` or ``group``.
        name: its name; it begins with the run's namespace.
    """

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class FenceRequest:
    """A request as it came over the wire.

    Attributes:
        method: as sent.
        target: the request target's bytes, as sent.
        headers: names and values, as sent and in order.
        body: decoded from its transfer coding.
    """

    method: str
    target: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Allow:
    """The request may be sent.

    Attributes:
        things: what it may create; they stand in the ledger before it is sent.
    """

    things: tuple[Thing, ...] = ()


@dataclass(frozen=True, slots=True)
class Refuse:
    """The request is not sent.

    Attributes:
        reason: stable id.
        detail: what is wrong with this request, one sentence.
    """

    reason: Reason
    detail: str

    @property
    def hint(self) -> str:
        """What to do next, one sentence."""
        return _HINTS[self.reason]


def header_values(request: FenceRequest, name: str) -> list[str]:
    """Return all values of a header; case and ``_`` for ``-`` do not count, as in gateways that build variables."""
    wanted = name.lower().encode().replace(b"_", b"-")
    return [
        value.strip().decode("latin-1") for key, value in request.headers if key.lower().replace(b"_", b"-") == wanted
    ]


def sentence(detail: object) -> str:
    """Return a detail as a sentence, its case kept but for the first letter."""
    text = str(detail)
    return f"{text[:1].upper()}{text[1:]}."
