"""What a fence was asked to do, as one frozen value that can cross a process boundary. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from dtma_contract.contract import Contract, EffectLevel
from dtma_contract.fence.limits import Limits
from dtma_contract.fence.policy import Policy
from dtma_contract.run_identity import RunIdentity

__all__ = ["FenceSettings"]


@dataclass(frozen=True, eq=False)
class FenceSettings:
    """A fence around one target for one run. It never holds the token.

    Attributes:
        target: URL of the target.
        identity: the run.
        contract: the operations and their effects.
        folder: of the run; the ledger and the record of exchanges go there.
        effects: how far the run may go.
        probe_image: the one image that may be deployed.
        token_env: environment variable that holds the token, for clean-up after a crash.
        docker: endpoint of the target's Docker Engine, or None.
        limits: the bounds.
        host: address to listen on.
        port: port to listen on; 0 for any free one.
        authenticate_all: whether requests without Authorization get the token, for clients that know nothing of it.
        is_temporary: whether the fence's own process removes the folder at its end, since whoever made it may be gone.
    """

    target: str
    identity: RunIdentity
    contract: Contract
    folder: Path
    effects: EffectLevel = EffectLevel.LIFECYCLE
    probe_image: str = "nginx:latest"
    token_env: str = "DTMA_BEARER_TOKEN"  # noqa: S105 - the name of a variable
    docker: str | None = None
    limits: Limits = field(default_factory=Limits)
    host: str = "127.0.0.1"
    port: int = 0
    authenticate_all: bool = False
    is_temporary: bool = False

    @property
    def policy(self) -> Policy:
        """What the run may do."""
        return Policy(self.contract, self.identity.namespace, self.effects, self.probe_image)

    def to_json(self) -> dict[str, Any]:
        """Return the settings as JSON data."""
        plain = {name: getattr(self, name) for name in _PLAIN}
        # Dates in a YAML document stand in examples only.
        document = json.loads(json.dumps(self.contract.document, default=str))
        return plain | {
            "identity": asdict(self.identity),
            "contract": document,
            "folder": str(self.folder),
            "effects": str(self.effects),
            "limits": asdict(self.limits),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Return the settings of JSON data.

        Raises:
            UsageError: the contract cannot be read.
        """
        return cls(
            **{name: data[name] for name in _PLAIN},
            identity=RunIdentity(**data["identity"]),
            contract=Contract.from_document(data["contract"]),
            folder=Path(data["folder"]),
            effects=EffectLevel.from_text(data["effects"]),
            limits=Limits(**data["limits"]),
        )


_PLAIN = ("target", "probe_image", "token_env", "docker", "host", "port", "authenticate_all", "is_temporary")
