"""What a run was asked to do, as one frozen value. Pure.

Precedence, one rule for every setting: a flag beats the environment (``DTMA_CONTRACT_<NAME>``), the environment
beats the file (``dtma-contract.toml``), the file beats the default.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dtma_contract.contract import EffectLevel
from dtma_contract.engine_address import read_engine_address
from dtma_contract.errors import UsageError, closest

__all__ = ["REFERENCE", "Depth", "Settings", "merge"]

# The word that stands for the embedded reference agent in the place of a URL.
REFERENCE = "reference"


# What a setting may be before it is read; a file has numbers and truth values as well as text.
_KINDS: Mapping[str, tuple[type, ...]] = {"strict": (bool, str), "seed": (int, str)}
_LISTED = {"profiles", "only", "consumers"}

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# The grammar of distribution/reference: [host[:port]/]path[:tag][@digest].
_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_IMAGE = re.compile(
    rf"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{{1,5}})?/)?{_COMPONENT}(?:/{_COMPONENT})*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@[a-z0-9+._-]+:[0-9a-fA-F]{32,})?"
)


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
        target: URL of the agent, or ``reference``; empty where only code is compared.
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
        container: name of the agent's container there, which may be restarted at the level ``restart``; empty for none.
        restart_command: command line that restarts the agent; empty for none.
        reports: folder under which each run makes its own.
        contract: another contract than the one shipped, or None.
        source: folder of the agent's source, to be compared with the contract, or None.
        image: reference or archive of its image, likewise.
        consumers: folders of callers, likewise.
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
    container: str = ""
    restart_command: str = ""
    reports: Path = Path("reports")
    contract: Path | None = None
    source: Path | None = None
    image: str | None = None
    consumers: tuple[str, ...] = ()

    @property
    def compares(self) -> bool:
        """Whether code is compared with the contract."""
        return bool(self.source or self.image or self.consumers)

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Settings:
        """Return the settings that merged raw values state.

        Args:
            values: by field name; text, numbers, booleans or lists of text, as flags, variables and files have them.

        Raises:
            UsageError: there is neither a target nor code, or a value is malformed.
        """
        if not any(values.get(name) for name in ("target", "source", "image", "consumers")):
            raise UsageError(
                "No target is named.",
                "Give `--target http://HOST:30000`, or `--target reference` for the embedded reference agent.",
            )
        readers: dict[str, Callable[[Any], Any]] = {
            "target": _target,
            "token_env": _variable,
            "probe_image": _image,
            "profiles": _words,
            "only": _words,
            "effects": lambda value: EffectLevel.from_text(str(value)),
            "depth": _depth,
            "baseline": lambda value: Path(value) if value else None,
            "contract": lambda value: Path(value) if value else None,
            "source": lambda value: Path(value) if value else None,
            "image": lambda value: str(value) or None,
            "consumers": _words,
            "docker": lambda value: read_engine_address(str(value)) if value else None,
            "reports": Path,
            "strict": _flag,
            "seed": _seed,
        }
        given = {name: value for name, value in values.items() if value is not None}
        for name, value in given.items():
            _check_kind(name, value)
        read: dict[str, Any] = {name: readers.get(name, str)(value) for name, value in given.items()}
        return cls(**({"target": ""} | read))

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


def _check_kind(name: str, value: Any) -> None:
    kinds = _KINDS.get(name, (str, Path))
    listed = value if name in _LISTED and isinstance(value, list | tuple) else [value]
    if not all(isinstance(item, kinds) and (bool in kinds or not isinstance(item, bool)) for item in listed):
        raise UsageError(
            f'The setting "{name}" cannot be {value!r}.',
            "Write it as text, or as a list of texts." if name in _LISTED else "See `dtma-contract verify --help`.",
        )


def _target(value: Any) -> str:
    text = str(value)
    if text in {"", REFERENCE}:
        return text
    # A password must not be repeated in a message.
    if "@" in (text.partition("://")[2] or text).partition("/")[0]:
        raise UsageError("The target URL holds a user or a password.", "Leave them out; --token-env names the token.")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as problem:
        raise UsageError(
            f'The target "{text}" is no URL: {str(problem).rstrip(".")}.', "Write it as http://HOST:30000."
        ) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError(
            f'The target "{text}" is no URL.', f"Write it with its scheme, such as `http://{_host(text)}`."
        )
    if not text.isascii() or any(letter <= " " for letter in text):
        raise UsageError(f'The target "{text}" holds letters that stand in no URL.', "Write it as http://HOST:30000.")
    if parts.query or parts.fragment:
        raise UsageError("The target URL has more than scheme, host, port and path.", "Leave the rest out.")
    if port == 0:
        raise UsageError(f'The target "{text}" has no valid port.', "Ports are 1 to 65535; the agent's is 30000.")
    return text.rstrip("/")


def _host(text: str) -> str:
    bare = text.rpartition("://")[2].partition("/")[0]
    return bare if ":" in bare else f"{bare or 'HOST'}:30000"


def _variable(value: Any) -> str:
    text = str(value)
    if not _VARIABLE.fullmatch(text):
        # It may be the token itself, which must not be repeated in a message.
        raise UsageError(
            "What --token-env names is no environment variable.",
            "Give the variable's name, such as DTMA_BEARER_TOKEN, never the token.",
        )
    return text


def _image(value: Any) -> str:
    text = str(value)
    if not _IMAGE.fullmatch(text):
        raise UsageError(f'The probe image "{text}" is no image reference.', "Write it as nginx:latest.")
    return text


def _words(value: Any) -> tuple[str, ...]:
    listed = [value] if isinstance(value, str) else list(value)
    return tuple(word.strip() for text in listed for word in str(text).split(",") if word.strip())


def _depth(value: Any) -> Depth:
    try:
        return Depth[str(value).upper()]
    except KeyError:
        known = [str(depth) for depth in Depth]
        hint = closest(str(value), known) or f"The depths are {', '.join(known)}."
        raise UsageError(f'Unknown depth "{value}".', hint) from None


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
        return int(str(value))
    except ValueError:
        raise UsageError(
            f'The seed "{value}" is no whole number.', "Give the number that an earlier run printed."
        ) from None
