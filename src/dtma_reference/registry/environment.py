"""Environment values at rest: encrypted, or not kept at all.

The keys are in ``DTMA_REGISTRY_KEY``, separated by commas: the first encrypts, each decrypts. Without one, names are
kept and values are not. A key that the agent made itself would have to lie beside the database, where whoever can read
the one can read the other; and nothing in the agent needs the values, because the engine has them.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

__all__ = ["KEY_VARIABLE", "KeyProblemError", "Vault", "new_key"]

KEY_VARIABLE = "DTMA_REGISTRY_KEY"

_KEY_BYTES = 32


class KeyProblemError(Exception):
    """A key is malformed, or none of the keys fits."""


class Vault:
    """Encrypts and decrypts environments.

    Args:
        keys: Fernet keys; the first encrypts.

    Raises:
        KeyProblemError: one of them is no Fernet key.
    """

    def __init__(self, keys: tuple[str, ...] = ()) -> None:
        for key in keys:
            _require_key(key)
        self._keys = keys
        self._fernet: MultiFernet | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Vault:
        """Return the vault of the keys in ``DTMA_REGISTRY_KEY``."""
        words = environment.get(KEY_VARIABLE, "").split(",")
        return cls(tuple(word.strip() for word in words if word.strip()))

    @property
    def has_key(self) -> bool:
        """Whether values are kept."""
        return bool(self._keys)

    def seal(self, environment: tuple[str, ...]) -> list[dict[str, str | None]]:
        """Return ``K=V`` entries as they are kept: name and encrypted value."""
        split = [entry.partition("=") for entry in environment]
        return [{"name": name, "value": self._encrypted(value)} for name, _, value in split]

    def open(self, kept: list[dict[str, str | None]]) -> tuple[str, ...]:
        """Return the entries whose values were kept.

        Raises:
            KeyProblemError: none of the keys fits.
        """
        values = [(item["name"], item["value"]) for item in kept]
        return tuple(f"{name}={self._decrypted(value)}" for name, value in values if value is not None)

    def reseal(self, kept: list[dict[str, str | None]]) -> list[dict[str, str | None]]:
        """Return the same, encrypted with the first key.

        Raises:
            KeyProblemError: none of the keys fits.
        """
        return [
            {**item, "value": None if item["value"] is None else self._encrypted(self._decrypted(item["value"]))}
            for item in kept
        ]

    def _encrypted(self, value: str) -> str | None:
        return self._multi().encrypt(value.encode(errors="surrogatepass")).decode() if self._keys else None

    def _decrypted(self, token: str) -> str:
        from cryptography.fernet import InvalidToken  # noqa: PLC0415 - only where there is something to decrypt

        if not self._keys:
            raise KeyProblemError(f"A value is encrypted, and {KEY_VARIABLE} has no key.")
        try:
            return self._multi().decrypt(token.encode()).decode(errors="surrogatepass")
        except InvalidToken:
            raise KeyProblemError(f"A value is encrypted with none of the keys in {KEY_VARIABLE}.") from None

    def _multi(self) -> MultiFernet:
        if self._fernet is None:
            from cryptography.fernet import Fernet, MultiFernet  # noqa: PLC0415 - only where there are keys

            self._fernet = MultiFernet([Fernet(key) for key in self._keys])
        return self._fernet


def new_key() -> str:
    """Return a fresh key."""
    from cryptography.fernet import Fernet  # noqa: PLC0415 - only where it is asked for

    return Fernet.generate_key().decode()


def _require_key(key: str) -> None:
    try:
        decoded = base64.b64decode(key.encode(), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        decoded = b""
    if len(decoded) != _KEY_BYTES:
        # The key itself is not repeated: it may be a real one with a slip.
        raise KeyProblemError(
            f"{KEY_VARIABLE} holds what is no Fernet key (32 bytes in URL-safe base64). "
            "`dtma-reference generate-key` makes one."
        )
