"""What a run was asked to do, as one frozen value. Pure.

Precedence, one rule for every setting: a flag beats the environment (``DTMA_CONTRACT_<NAME>``), the environment
beats the file (``dtma-contract.toml``), the file beats the default.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dtma_contract.contract import EffectLevel
from dtma_contract.errors import UsageError, closest

__all__ = ["REFERENCE", "Depth", "Settings", "merge"]

# The word that stands for the embedded reference agent in the place of a URL.
REFERENCE = "reference"


class Depth(enum.IntEnum):
    """How much is generated."""

    SMOKE = 0
    STANDARD = 1
    DEEP = 2

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Settings:
    """A verification run.

    Attributes:
        target: URL of the agent, or ``reference``.
        token_env: environment variable that holds the token.
        profiles: optional profiles to judge even when the target offers none of their routes; ``all`` for all.
        effects: how far the run may go.
        depth: how much is generated.
        probe_image: the image that is deployed.
        only: selectors of clauses; none judges all.
        baseline: file with accepted deviations, or None.
        strict: whether a ``should`` and an unexpected not-judged block as well.
        seed: of everything random, or None to choose one.
        docker: endpoint of the target's Docker Engine, or None.
        reports: folder under which each run makes its own.
        contract: another contract than the one shipped, or None.
    """

    target: str
    token_env: str = "DTMA_BEARER_TOKEN"  # noqa: S105 - the name of a variable
    profiles: tuple[str, ...] = ()
    effects: EffectLevel = EffectLevel.LIFECYCLE
    depth: Depth = Depth.STANDARD
    probe_image: str = "nginx:latest"
    only: tuple[str, ...] = ()
    baseline: Path | None = None
    strict: bool = False
    seed: int | None = None
    docker: str | None = None
    reports: Path = Path("reports")
    contract: Path | None = None

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Settings:
        """Return the settings that merged raw values state.

        Args:
            values: by field name; text, numbers, booleans or lists of text, as flags, variables and files have them.

        Raises:
            UsageError: the target is missing, or a value is malformed.
        """
        target = values.get("target")
        if not target:
            raise UsageError(
                "No target is named.",
                "Give `--target http://HOST:30000`, or `--target reference` for the embedded reference agent.",
            )
        readers: dict[str, Callable[[Any], Any]] = {
            "target": _target,
            "profiles": _words,
            "only": _words,
            "effects": lambda value: EffectLevel.from_text(str(value)),
            "depth": _depth,
            "baseline": lambda value: Path(value) if value else None,
            "contract": lambda value: Path(value) if value else None,
            "reports": Path,
            "strict": _flag,
            "seed": _seed,
        }
        read: dict[str, Any] = {
            name: readers.get(name, str)(value) for name, value in values.items() if value is not None
        }
        return cls(**read)

    def to_json(self) -> dict[str, Any]:
        """Return the settings as JSON data that :meth:`from_values` reads again."""
        return {field.name: _plain(getattr(self, field.name)) for field in fields(self)}


def merge(flags: Mapping[str, Any], environment: Mapping[str, str], file: Mapping[str, Any]) -> dict[str, Any]:
    """Return raw values by precedence: flag, then environment, then file.

    Args:
        flags: by field name; None or an empty list for a flag that was not given.
        environment: all environment variables.
        file: the decoded file, keys as the flags are written, dashes allowed.

    Raises:
        UsageError: the file has a key that is no setting.
    """
    known = [field.name for field in fields(Settings)]
    merged: dict[str, Any] = {}
    for key, value in file.items():
        name = key.replace("-", "_")
        if name not in known:
            raise UsageError(f'dtma-contract.toml: unknown key "{key}".', closest(name, known))
        merged[name] = value
    for name in known:
        variable = environment.get(f"DTMA_CONTRACT_{name.upper()}", "")
        if variable:
            merged[name] = variable
        if flags.get(name) not in (None, (), [], False):
            merged[name] = flags[name]
    return merged


def _plain(value: Any) -> Any:
    if isinstance(value, EffectLevel | Depth | Path):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def _target(value: Any) -> str:
    text = str(value)
    if text == REFERENCE:
        return text
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError(
            f'The target "{text}" is no URL.', f"Write it with its scheme, such as `http://{_host(text)}`."
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise UsageError("The target URL has more than scheme, host, port and path.", "Leave the rest out.")
    try:
        _ = parts.port
    except ValueError:
        raise UsageError(
            f'The target "{text}" has no valid port.', "Ports are 1 to 65535; the agent's is 30000."
        ) from None
    return text.rstrip("/")


def _host(text: str) -> str:
    bare = text.partition("://")[2] or text
    return bare if ":" in bare else f"{bare or 'HOST'}:30000"


def _words(value: Any) -> tuple[str, ...]:
    listed = [value] if isinstance(value, str) else list(value)
    return tuple(word.strip() for text in listed for word in str(text).split(",") if word.strip())


def _depth(value: Any) -> Depth:
    try:
        return Depth[str(value).upper()]
    except KeyError:
        raise UsageError(f'Unknown depth "{value}".', closest(str(value), map(str, Depth))) from None


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() in {"1", "true", "yes", "on"}:
        return True
    if str(value).lower() in {"0", "false", "no", "off"}:
        return False
    raise UsageError(f'"{value}" is neither true nor false.', "Write `true` or `false`.")


def _seed(value: Any) -> int:
    try:
        return int(value)
    except ValueError:
        raise UsageError(
            f'The seed "{value}" is no whole number.', "Give the number that an earlier run printed."
        ) from None
