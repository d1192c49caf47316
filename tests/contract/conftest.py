"""How an operation is asked in the way that cannot have an effect."""

from collections.abc import Callable
from typing import Any

import pytest

from dtma_contract.agent import VALID, Agent
from dtma_contract.bodies import UNRESOLVABLE_IMAGE, valid_body
from dtma_contract.contract import Effect, Operation
from dtma_contract.evidence import Exchange
from dtma_contract.run_identity import RunIdentity

Ask = Callable[..., Exchange]


@pytest.fixture
def ask(agent: Agent, operation: Operation, identity: RunIdentity) -> Ask:
    """Ask the clause's operation with names that nothing has; ``auth`` and ``json`` may be given."""
    absent = identity.name("absent")

    def send(auth: str | None = VALID, **arguments: Any) -> Exchange:
        names = [absent for part in operation.path.split("/") if part.startswith("{")]
        if operation.request_schema is not None and not arguments.keys() & {"json", "content"}:
            # Complete, so that the token is all that is wrong; what would make something names an image that no
            # engine can pull.
            makes = operation.effect == Effect.CREATE
            arguments["json"] = (
                valid_body(operation, absent, UNRESOLVABLE_IMAGE)
                if makes
                else valid_body(operation, absent, "nginx:latest")
            )
        return agent.call(operation, *names, auth=auth, **arguments)

    return send
