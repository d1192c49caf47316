"""Who is let in: the bearer token, compared whole and in constant time."""

from __future__ import annotations

import hmac

from dtma_reference.errors import ConfigurationError, ForbiddenError, UnauthorizedError
from dtma_reference.tokens import SECRET_VARIABLES, Secrets

__all__ = ["Authentication"]


class Authentication:
    """Judges ``Authorization`` headers.

    Args:
        secrets: the tokens that let a caller in.
    """

    def __init__(self, secrets: Secrets) -> None:
        configured = zip(SECRET_VARIABLES, (secrets.bearer_token, secrets.api_key), strict=True)
        self._expected = {name: value.encode() for name, value in configured if value}

    def check(self, operation: str, header: bytes | None) -> str:  # noqa: ARG002 - a build may differ by operation
        """Let the caller pass, or refuse; return the name of the variable whose secret it is.

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
        holder = self._holder(given)
        if holder is None:
            raise ForbiddenError("the token is not this agent's.")
        return holder

    def _holder(self, given: bytes) -> str | None:
        """Return the variable that has these credentials, or None; all are compared, whichever it is."""
        known = [name for name, expected in self._expected.items() if hmac.compare_digest(given, expected)]
        return known[0] if known else None

    @staticmethod
    def _credentials(header: bytes | None) -> bytes:
        """Return the credentials of the Bearer scheme, whose name has no case (RFC 9110 section 11.1)."""
        scheme, _, credentials = (header or b"").partition(b" ")
        return credentials.strip(b" ") if scheme.lower() == b"bearer" else b""
