"""What a target shows of the contract's routes, core first, within what is left of the budget."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from dtma_contract.contract import Contract, EffectLevel, Operation
from dtma_contract.diagnosis.facts import RouteState
from dtma_contract.discovery.live_target import judge_routes
from dtma_contract.discovery.route_probing import RouteProbing
from dtma_contract.discovery.route_questions import question_of_operation
from dtma_contract.discovery.target_evidence import Habits, Observed, judge_route, judge_secured
from dtma_contract.evidence import Exchange
from dtma_contract.judgement import conforms
from dtma_contract.mounting import Probe, compare
from dtma_contract.routes import Cell
from dtma_contract.run_identity import RunIdentity

__all__ = ["observe_routes"]

# `execute` acts on a named instance as core does: where it is there, it shows how an absent neighbour would differ.
_FIRST_PROFILES: Final = ("core", "execute")

# Asked to see whether something strips the prefix, and no agent has them.
_NOWHERE_BELOW: Final = frozenset({"/mcp/health", "/diagnostics/health", "/diagnostics/status"})

_REFUSING: Final = frozenset({401, 403})


def observe_routes(
    contract: Contract,
    probing: RouteProbing,
    run: RunIdentity,
    seen: Sequence[Exchange],
    *,
    has_token: bool,
    note: Callable[[Iterable[RouteState]], None],
    hurry: Callable[[], None],
) -> None:
    """Ask about the routes and hand out what is known of them, group by group.

    Args:
        contract: the contract.
        probing: asks.
        run: whose names are used.
        seen: answers to the questions before, those to paths that do not exist among them.
        has_token: whether the fence has a token that the target accepts.
        note: takes in what is known, so that it stays known when the target stops answering.
        hurry: called once the core is told: the rest is asked about only as far as time is left.

    Raises:
        TargetGoneError: the target stopped answering.
    """

    def ask(operations: Sequence[Operation]) -> list[RouteState]:
        questions = [question_of_operation(operation) for operation in operations]
        routes = judge_routes(probing, questions, has_token=has_token)
        states = [
            RouteState(
                operation.id,
                route.method,
                route.path,
                route.state,
                route.secured,
                # The same target gives the same facts: the random part of the run's names is left out.
                route.detail.replace(run.namespace, "dtmac-"),
            )
            for operation, route in zip(operations, routes, strict=True)
        ]
        note(states)
        return states

    first = [operation for operation in contract.operations if operation.profile in _FIRST_PROFILES]
    ask([one for one in first if one.profile == "core" or probing.seems_mounted(question_of_operation(one))])
    hurry()
    listings = _Listings(contract, run, seen)
    note(listings.mounted)
    note(listings.absent)
    others = [
        operation
        for operation in contract.operations
        if operation.profile not in {*_FIRST_PROFILES, *listings.unoffered} and operation.id not in listings.told
    ]
    # What can be asked for as it is comes first: it tells most for a request.
    ask([operation for operation in others if operation.effect.level is EffectLevel.READ])
    ask([operation for operation in others if operation.effect.level is not EffectLevel.READ])


class _Listings:
    """What the questions before tell of the optional profiles, without a further request.

    Attributes:
        mounted: listings that answered as the contract promises, where paths that do not exist are answered otherwise.
        absent: listings that are not there, of profiles of which none is.
        unoffered: those profiles; nothing more of them need be asked.
    """

    def __init__(self, contract: Contract, run: RunIdentity, seen: Sequence[Exchange]) -> None:
        self.mounted: list[RouteState] = []
        self.absent: list[RouteState] = []
        self.unoffered: set[str] = set()
        self._run = run
        self._seen = seen
        self._controls = [exchange for exchange in seen if exchange.target.endswith(f"/{run.name('nowhere')}")]
        # No agent has a health of its own below a prefix, so that it is one more path that does not exist.
        self._siblings = {
            exchange.target.split("/")[1]: exchange for exchange in seen if exchange.target in _NOWHERE_BELOW
        }
        others = [operation for operation in contract.operations if operation.profile not in _FIRST_PROFILES]
        for profile in dict.fromkeys(operation.profile for operation in others if self._controls):
            states = [
                state
                for operation in others
                if operation.profile == profile and operation.method == "GET"
                for state in self._judge(operation)
            ]
            self.mounted += [state for state in states if state.state is Cell.MOUNTED]
            if states and all(state.state is Cell.ABSENT for state in states):
                self.absent += states
                self.unoffered.add(profile)

    @property
    def told(self) -> frozenset[str]:
        """The operations of which all is told."""
        return frozenset(state.operation for state in (*self.mounted, *self.absent))

    def _judge(self, operation: Operation) -> list[RouteState]:
        """Return what is known of a listing, or nothing where it was not asked for."""
        answers = [exchange for exchange in self._seen if exchange.target.partition("?")[0] == operation.path]
        with_token = next((answer for answer in answers if "Authorization" in answer.request_headers), None)
        bare = next((answer for answer in answers if "Authorization" not in answer.request_headers), None)
        answer = with_token or bare
        if answer is None:
            return []
        is_top = operation.path.count("/") == 1
        sibling = None if is_top else self._siblings.get(operation.path.split("/")[1])
        controls = [*self._controls, sibling] if sibling else self._controls
        look = compare(answer, controls, [self._run.name("nowhere")])
        observed = Observed(
            Probe.of(operation),
            answer,
            look,
            fallback=self._controls[0].status,
            documented=answer.status == operation.success and not conforms(operation, answer),
            bare=bare if with_token else None,
        )
        judged = judge_route(observed, Habits())
        # What stands before the whole prefix would refuse its other paths as well.
        compared = is_top or (sibling is not None and sibling.status not in _REFUSING)
        is_sure = judged.cell is Cell.ABSENT or (judged.cell is Cell.MOUNTED and (compared or observed.documented))
        secured = judge_secured(observed, with_token=with_token is not None) if judged.cell is Cell.MOUNTED else None
        state = judged.cell if is_sure else Cell.UNKNOWN
        detail = judged.detail.replace(self._run.namespace, "dtmac-")
        return [RouteState(operation.id, operation.method, operation.path, state, secured, detail)]
