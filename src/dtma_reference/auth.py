"""Who is let in: the bearer token, compared whole and in constant time."""

from __future__ import annotations

import hmac

from dtma_reference.errors import ConfigurationError, ForbiddenError, UnauthorizedError
from dtma_reference.tokens import Secrets

__all__ = ["Authentication"]


class Authentication:
    """Judges ``Authorization`` headers.

    Args:
        secrets: the tokens that let a caller in.
    """

    def __init__(self, secrets: Secrets) -> None:
        self._expected = tuple(value.encode() for value in secrets.values)

    def check(self, operation: str, header: bytes | None) -> None:  # noqa: ARG002 - a build may differ by operation
        """Let the caller pass, or refuse.

        Args:
            operation: id of the operation, such as ``core.tools.start``; all ask for the same tokens.
            header: the value of ``Authorization`` as sent, or None.

        Raises:
            ConfigurationError: no token is configured.
            UnauthorizedError: no bearer token was sent.
            ForbiddenError: it is another token.
        """
        if not self._expected:
            raise ConfigurationError
        given = self._credentials(header)
        if not given:
            raise UnauthorizedError("a bearer token is required.")
        if not self._is_known(given):
            raise ForbiddenError("the token is not this agent's.")

    def _is_known(self, given: bytes) -> bool:
        return any(hmac.compare_digest(given, expected) for expected in self._expected)

    @staticmethod
    def _credentials(header: bytes | None) -> bytes:
        """Return the credentials of the Bearer scheme, whose name has no case (RFC 9110 section 11.1)."""
        scheme, _, credentials = (header or b"").partition(b" ")
        return credentials.strip(b" ") if scheme.lower() == b"bearer" else b""
