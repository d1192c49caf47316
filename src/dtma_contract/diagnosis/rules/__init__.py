"""All rules: from facts to suspicions. Pure.

A rule looks at the facts alone and yields what it suspects, with the evidence; none knows of another. What follows
from what is said in the catalogue of causes, and the order of the table has no meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from dtma_contract.diagnosis.facts import Facts
from dtma_contract.diagnosis.rules import (
    authentication,
    connection,
    engine,
    experiments,
    instances,
    responses,
    routes,
)
from dtma_contract.diagnosis.rules import standing_before as before
from dtma_contract.diagnosis.suspicion import Suspicion

__all__ = ["RULES", "Rule"]

Rule = Callable[[Facts], Iterator[Suspicion]]

RULES: Final[tuple[Rule, ...]] = (
    # Below HTTP
    connection.name_unresolvable,
    connection.port_refuses,
    connection.connection_timeout,
    connection.tls_failure,
    connection.agent_crash_loop,
    # In the agent's place
    before.not_a_dtma,
    before.proxy_no_upstream,
    before.proxy_path_rewrite,
    # Who is let in
    authentication.token_rejected,
    authentication.token_not_configured,
    authentication.authentication_open,
    # Which routes answer, and by whom
    routes.missing,
    routes.route_shadowed,
    routes.stub_deployment,
    routes.stale_container,
    responses.response_drift,
    # The Engine and its containers
    engine.engine_unavailable,
    engine.image_unpullable,
    engine.port_conflict,
    instances.instance_name_invalid,
    instances.container_name_taken,
    instances.state_lost,
    instances.instance_unknown,
    # What a verification has tried
    experiments.shown_by_experiment,
)
