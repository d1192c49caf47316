"""Flaws of the authentication."""

from __future__ import annotations

from dtma_reference.actors import ANYBODY
from dtma_reference.auth import Authentication
from dtma_reference.errors import ForbiddenError, UnauthorizedError
from dtma_reference.tokens import Secrets

__all__ = ["FaultyAuthentication"]

# A token that has fewer characters in common with the right one is refused all the same.
_SHORTEST_PREFIX = 4
# Operations that a fault leaves open to everyone; None stands for all.
_OPEN = {"auth-off": None, "auth-off-start": "core.tools.start", "mcp-status-open": "mcp.status"}


class FaultyAuthentication(Authentication):
    """Lets callers in, or refuses them, wrongly in the respects that were asked for.

    Args:
        secrets: the tokens that let a caller in.
        faults: the faults that are on.
    """

    def __init__(self, secrets: Secrets, faults: frozenset[str]) -> None:
        super().__init__(secrets)
        self._faults = faults

    def check(self, operation: str, header: bytes | None) -> str:
        """Let the caller pass, or refuse."""
        if any(fault in self._faults and only in {None, operation} for fault, only in _OPEN.items()):
            return ANYBODY
        if "bearer-case-sensitive" in self._faults and header is not None and not header.startswith(b"Bearer "):
            header = None
        try:
            return super().check(operation, header)
        except UnauthorizedError as refusal:
            if "auth-statuses-swapped" in self._faults:
                raise ForbiddenError(refusal.error) from None
            raise
        except ForbiddenError as refusal:
            if "auth-statuses-swapped" in self._faults:
                raise UnauthorizedError(refusal.error) from None
            raise

    def _holder(self, given: bytes) -> str | None:
        if "wrong-token-accepted" in self._faults:
            return ANYBODY
        if "token-compared-by-prefix" in self._faults and len(given) >= _SHORTEST_PREFIX:
            return next(
                (
                    name
                    for name, expected in self._expected.items()
                    if expected.startswith(given) or given.startswith(expected)
                ),
                None,
            )
        return super()._holder(given)
