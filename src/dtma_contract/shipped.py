"""Where the contract, its clauses and the suite lie: inside an installed wheel, or in a checkout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from dtma_contract.clauses import clauses_of
from dtma_contract.contract import Contract
from dtma_contract.errors import UsageError
from dtma_contract.verdict import Clause

__all__ = ["contract_path", "load_clauses", "load_contract", "load_yaml", "suite_folder"]

_PACKAGE = Path(__file__).resolve().parent
_SHIPPED = _PACKAGE / "_shipped"
# An editable install runs from src/dtma_contract of the checkout.
_ROOT = _SHIPPED if _SHIPPED.is_dir() else _PACKAGE.parent.parent


# A contract of a hundred times the operations is smaller; a device has no end.
_MOST_BYTES = 16 * 1024 * 1024

# The one in C is ten times as fast; it comes with most builds of PyYAML.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def contract_path() -> Path:
    """Return the path of the contract that this version ships."""
    return _ROOT / "contracts" / "dtma.openapi.yaml"


def suite_folder() -> Path:
    """Return the folder that holds the suite's ``contract`` and ``lifecycle``."""
    return _ROOT / "tests"


def load_yaml(path: Path, what: str) -> Any:
    """Return a decoded YAML or JSON file.

    Args:
        path: the file.
        what: how error messages name it, such as ``the contract``.

    Raises:
        UsageError: it cannot be read or decoded.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES + 1).decode()
        if len(text) > _MOST_BYTES:
            raise UsageError(f"{what} {path} has more than {_MOST_BYTES >> 20} MiB.", "Check the path.")
        return yaml.load(text, Loader=_LOADER)  # noqa: S506 - both are safe loaders
    except (OSError, UnicodeDecodeError) as problem:
        why = problem.strerror if isinstance(problem, OSError) and problem.strerror else problem
        raise UsageError(f"{what} {path} cannot be read: {why}.", "Check the path and its permissions.") from None
    except (yaml.YAMLError, ValueError, RecursionError) as problem:
        where = " ".join(str(problem).split())
        raise UsageError(
            f"{what} {path} is no valid YAML: {where}.", "Mend the file, or leave the option out."
        ) from None


def load_contract(path: Path | None = None) -> Contract:
    """Return the contract of a file, or the one that this version ships."""
    chosen = path or contract_path()
    contract = Contract.from_document(load_yaml(chosen, "The contract"), str(chosen))
    if path is not None:
        # The selfchecks have looked at the one that is shipped.
        contract.require_schemas(str(chosen))
    return contract


def load_clauses(contract: Contract) -> tuple[Clause, ...]:
    """Return all clauses that are judged of a contract."""
    path = _ROOT / "contracts" / "dtma.clauses.yaml"
    return clauses_of(contract, load_yaml(path, "The list of clauses"), str(path))
