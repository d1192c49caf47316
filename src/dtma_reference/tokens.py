"""The two tokens that let a caller in, and the one place that takes them out of texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["PRIVATE_VARIABLES", "SECRET_VARIABLES", "Secrets"]

SECRET_VARIABLES = ("DTMA_BEARER_TOKEN", "BACKEND_TO_DTMA_API_KEY")
# What no command that the agent runs for a caller finds in its environment; the registry's URL may hold a password.
PRIVATE_VARIABLES = (*SECRET_VARIABLES, "DTMA_REGISTRY", "DTMA_REGISTRY_KEY")


@dataclass(frozen=True, slots=True)
class Secrets:
    """The configured tokens; either lets a caller in.

    Attributes:
        bearer_token: of DTMA_BEARER_TOKEN, empty where there is none.
        api_key: of BACKEND_TO_DTMA_API_KEY, empty where there is none.
    """

    bearer_token: str = field(default="", repr=False)
    api_key: str = field(default="", repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Secrets:
        """Return the tokens that the environment has; an empty variable is none."""
        return cls(*(environment.get(name, "") for name in SECRET_VARIABLES))

    @property
    def values(self) -> tuple[str, ...]:
        """The tokens that are configured."""
        return tuple(value for value in (self.bearer_token, self.api_key) if value)

    def scrub(self, text: str) -> str:
        """Return the text without any token's value."""
        for value in self.values:
            text = text.replace(value, "[redacted]")
        return text
