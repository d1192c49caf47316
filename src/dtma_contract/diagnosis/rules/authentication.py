"""Rules on who is let in. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dtma_contract.diagnosis.facts import Answer, Facts, Question
from dtma_contract.diagnosis.reading import (
    NO_ENGINE,
    answered,
    is_agent,
    is_behind_a_proxy,
    is_success,
    named,
    refused_oddly,
    says_not_configured,
)
from dtma_contract.diagnosis.suspicion import Evidence, Suspicion, of_answer, of_container

__all__ = ["authentication_open", "token_not_configured", "token_rejected"]

_PROBES = "http: probes of the routes"
_REFUSING = {401, 403}
_SECRETS = ("DTMA_BEARER_TOKEN", "BACKEND_TO_DTMA_API_KEY")
# Names by which the agent says in its status whether it has them.
_SAID = ("hasAuthToken", "hasApiKey")


def token_rejected(facts: Facts) -> Iterator[Suspicion]:
    """What needs the token refuses it, on every route or on some."""
    if facts.token_problem and is_agent(facts):
        yield Suspicion(
            "token-rejected",
            0.95,
            (Evidence(facts.token_problem.rstrip("."), f"the environment: {facts.token_env}"),),
            title=f"The token in {facts.token_env} is none that a request can carry.",
            fields={"token_env": facts.token_env},
        )
    if not facts.has_token:
        return
    refused = [a for a in answered(facts, Question.TOOLS, Question.TOOLS_STATUS) if a.status in _REFUSING]
    let_in = [a for a in _protected(facts) if is_success(a) and not _is_open_to_all(a, facts)]
    if not is_agent(facts):
        return
    if let_in:
        yield from _rejected_in_part(refused, let_in[0], facts)
        return
    if not refused:
        return
    answer = next((a for a in refused if a.question is Question.TOOLS), refused[0])
    evidence = [of_answer(answer)]
    without = facts.answer(Question.TOOLS_WITHOUT_TOKEN)
    if without is not None and without.status in _REFUSING:
        evidence.append(of_answer(without))
    by_proxy = answer.json is None
    yield Suspicion(
        "token-rejected",
        0.65 if by_proxy else 0.93,
        tuple(evidence),
        title=f"The agent refuses the token in {facts.token_env}.",
        fields={"token_env": facts.token_env},
    )


def _rejected_in_part(refused: Sequence[Answer], let_in: Answer, facts: Facts) -> Iterator[Suspicion]:
    """Some routes take the token and others refuse it, as where two agents of different secrets answer in turn."""
    routes = tuple(route for route in refused_oddly(facts) if not (route.secured is None and is_behind_a_proxy(facts)))
    if not routes and not refused:
        return
    evidence = [of_answer(answer) for answer in (*refused, let_in)]
    if routes:
        evidence.insert(0, Evidence(f"these refuse the token: {named(routes)}; {routes[0].detail}", _PROBES))
    what = f"{refused[0].method} {refused[0].path}" if refused else named(routes, 1)
    yield Suspicion(
        "token-rejected",
        0.6,
        tuple(evidence),
        title=f"{what} refuses the token that {let_in.method} {let_in.path} takes.",
        remedy="Behind a load balancer, give all agents the same secrets; else compare how the two "
        "routes check the token.",
        fields={"token_env": facts.token_env},
    )


def _is_open_to_all(answer: Answer, facts: Facts) -> bool:
    """Return whether a route asks for no token, so that its success says nothing of the one that was sent."""
    path = answer.path.partition("?")[0]
    return any(route.secured is False and route.name == f"{answer.method} {path}" for route in facts.routes)


def token_not_configured(facts: Facts) -> Iterator[Suspicion]:
    """Protected routes answer with a configuration error, or refuse everyone while the agent says that it has none."""
    evidence: list[Evidence] = []
    confidence = 0.0
    for answer in answered(facts, Question.TOOLS, Question.TOOLS_STATUS, Question.TOOLS_WITHOUT_TOKEN):
        if says_not_configured(answer):
            evidence, confidence = [of_answer(answer)], 0.95
            break
    says_none = _says_it_has_none(facts)
    refused = [a for a in _protected(facts) if a.status in _REFUSING or _fails_by_itself(a)]
    if says_none is not None and refused and not any(is_success(a) for a in _protected(facts)):
        evidence = [*evidence, of_answer(says_none, "the agent's status says hasAuthToken: false, hasApiKey: false")]
        if not confidence:
            evidence.append(of_answer(refused[0]))
            confidence = 0.85
    environment = tuple(_environment(facts))
    without = facts.answer(Question.TOOLS_WITHOUT_TOKEN)
    if not confidence and environment and without is not None and _fails_before_the_token(without, facts):
        evidence, confidence = [of_answer(without)], 0.9
    if confidence:
        yield Suspicion("token-not-configured", confidence, (*evidence, *environment), explains=("engine-unavailable",))


def _fails_before_the_token(without: Answer, facts: Facts) -> bool:
    """Return whether the agent fails alike with a token and without; one that lacks its Engine asks for it first."""
    listing = facts.answer(Question.TOOLS)
    fails = _fails_by_itself(without) and not without.failure and without.json is not None
    return fails and (listing is None or (listing.status, listing.body) == (without.status, without.body))


def _fails_by_itself(answer: Answer) -> bool:
    """Return whether an answer is an error that is not for want of an Engine: what asks it stands behind the token."""
    return answer.status >= 500 and not NO_ENGINE.search(answer.body)  # noqa: PLR2004 - RFC 9110 section 15.6


def authentication_open(facts: Facts) -> Iterator[Suspicion]:
    """Everyone is let in to what asks for a token."""
    without = facts.answer(Question.TOOLS_WITHOUT_TOKEN)
    wrong = facts.answer(Question.TOOLS_WRONG_TOKEN)
    open_to_all = without is not None and is_success(without) and without.member("tools") is not None
    open_to_any = wrong is not None and is_success(wrong) and wrong.member("tools") is not None
    if not (open_to_all or open_to_any):
        yield from _open_and_failing(facts)
        return
    evidence = [of_answer(answer) for answer in (without, wrong) if answer is not None and is_success(answer)]
    closed = [route for route in facts.routes if route.secured and route.path.startswith("/tools/")]
    if closed and open_to_all:
        # One route without its authentication is not everyone let in everywhere.
        evidence.append(Evidence(f"{closed[0].name} asks for a token", "http: probes of the routes"))
    says_none = _says_it_has_none(facts)
    if says_none is not None:
        evidence.append(of_answer(says_none, "the agent's status says hasAuthToken: false, hasApiKey: false"))
    yield Suspicion(
        "authentication-open",
        0.6 if closed and open_to_all else 0.96,
        (*evidence, *_environment(facts)),
        title="" if open_to_all else "Any bearer token is let in.",
    )


def _open_and_failing(facts: Facts) -> Iterator[Suspicion]:
    """An agent without a secret asks its Engine for whoever comes, and there is none."""
    without, says_none = facts.answer(Question.TOOLS_WITHOUT_TOKEN), _says_it_has_none(facts)
    if without is None or without.status < 500 or not NO_ENGINE.search(without.body):  # noqa: PLR2004 - RFC 9110 section 15.6
        return
    evidence = [of_answer(without)]
    if says_none is not None:
        evidence.append(of_answer(says_none, "the agent's status says hasAuthToken: false, hasApiKey: false"))
    evidence += _environment(facts)
    if len(evidence) > 1:
        yield Suspicion("authentication-open", 0.85, tuple(evidence))


def _protected(facts: Facts) -> tuple[Answer, ...]:
    return answered(facts, Question.TOOLS, Question.TOOLS_STATUS, Question.SYSTEM, Question.MCP_STATUS)


def _says_it_has_none(facts: Facts) -> Answer | None:
    for answer in answered(facts, Question.STATUS, Question.TOOLS_STATUS):
        said = [answer.member("environment", name) for name in _SAID]
        if all(value is False for value in said):
            return answer
    return None


def _environment(facts: Facts) -> Iterator[Evidence]:
    docker = facts.docker
    container = docker.agent_container if docker else None
    if docker is None or container is None:
        return
    unset = [name for name in _SECRETS if container.environment.get(name, True)]
    if len(unset) == len(_SECRETS):
        how = [f"{name} is {'empty' if name in container.environment else 'not set'}" for name in unset]
        yield of_container(container, docker, f"in the container {container.name} {' and '.join(how)}")
