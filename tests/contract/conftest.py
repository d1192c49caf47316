"""How an operation is asked in the way that cannot have an effect."""

from collections.abc import Callable
from typing import Any

import pytest

from dtma_contract.agent import VALID, Agent
from dtma_contract.bodies import UNRESOLVABLE_IMAGE, valid_body
from dtma_contract.contract import Effect, EffectLevel, Operation
from dtma_contract.evidence import Exchange
from dtma_contract.run_identity import RunIdentity
from dtma_contract.settings import Settings

Ask = Callable[..., Exchange]


@pytest.fixture
def ask(agent: Agent, operation: Operation, identity: RunIdentity, settings: Settings) -> Ask:
    """Ask the clause's operation with names that nothing has; ``auth`` and ``json`` may be given."""
    absent = identity.name("absent")

    def send(auth: str | None = VALID, **arguments: Any) -> Exchange:
        names = [absent for part in operation.path.split("/") if part.startswith("{")]
        if operation.request_schema is not None and not arguments.keys() & {"json", "content"}:
            arguments["json"] = body()
        return agent.call(operation, *names, auth=auth, **arguments)

    def body() -> Any:
        if operation.effect != Effect.CREATE:
            return valid_body(operation, absent, settings.probe_image)
        # Complete, so that the token is all that is wrong, and of an image that no engine can pull. Even that is too
        # much for a run that only reads: an agent might keep the name. The name is one that nothing else asks for.
        reads = settings.effects == EffectLevel.READ
        return {} if reads else valid_body(operation, identity.name("unmade"), UNRESOLVABLE_IMAGE)

    return send
