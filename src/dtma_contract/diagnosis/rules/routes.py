"""Rules on routes that do not answer, or answer in another's place; what the code says decides which. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dtma_contract.diagnosis.code import CodeFacts, CodeFinding, CodeRoute
from dtma_contract.diagnosis.facts import Answer, Facts, Question, RouteState
from dtma_contract.diagnosis.reading import answered, is_agent, is_success, missing_routes, named
from dtma_contract.diagnosis.suspicion import Evidence, Suspicion, of_answer, of_container
from dtma_contract.routes import Cell, canonical_path

__all__ = ["missing", "route_shadowed", "stale_container", "stub_deployment"]

_PROBES = "http: probes of the routes"
# What only looks absent may be a handler that answers unknown names like unknown paths.
_LOOKS_ABSENT = 0.8
# Of many routes, so many of the code's words suffice.
_MOST_SAID = 3


@dataclass(frozen=True, slots=True)
class _Explained:
    """Missing routes with one explanation."""

    cause: str
    confidence: float
    said: str
    source: str
    # Whether it speaks of the one route.
    is_own: bool = True


def missing(facts: Facts) -> Iterator[Suspicion]:
    """Every route that the target lacks, by what the code says of it."""
    absent = (*missing_routes(facts), *_written_and_out_of_reach(facts))
    if not absent or not is_agent(facts):
        return
    groups: dict[str, list[tuple[RouteState, _Explained]]] = {}
    caught = _caught_prefixes(facts)
    for route in absent:
        prefix = f"/{route.path.split('/')[1]}/"
        explained = _explained(route, facts)
        is_caught = prefix in caught or _is_caught(route, facts)
        if not facts.code and (is_caught or _is_taken_for_a_name(route, facts)):
            explained = _Explained(*(_CAUGHT if is_caught else _NAMED), _PROBES)
        groups.setdefault(explained.cause, []).append((route, explained))
    for cause, members in groups.items():
        routes = [route for route, _ in members]
        said = dict.fromkeys(
            Evidence(f"{route.name}: {told.said}" if told.is_own else told.said, told.source)
            for route, told in members
            if told.said
        )
        evidence = [_seen(routes), *list(said)[:_MOST_SAID], *_received(facts, routes)]
        yield Suspicion(
            cause,
            _confidence(members),
            (*evidence, *_lag(facts)) if cause in {"stale-image", "route-not-mounted"} else tuple(evidence),
            title=_title(cause, routes),
            would_tell=_would_tell(cause, facts),
        )


_CAUGHT = "route-shadowed", 0.85, "a path that no agent has is answered with success there, and by 404 elsewhere"


# What a probe says of a route that is answered like a path which does not exist, and well.
_ANSWERED_WELL = re.compile(r"surely does not exist: 2\d\d application/json")

_NAMED = "route-shadowed", 0.85, "its last word is taken for the name of an instance"


def _is_taken_for_a_name(route: RouteState, facts: Facts) -> bool:
    """Return whether a route that reads an instance answers in its place, as it does for a name that nobody has."""
    for answer in answered(facts, Question.TOOLS_STATUS) if route.name == "GET /tools/status" else ():
        for other in answered(facts, Question.NOWHERE):
            name = other.path.rpartition("/")[2]
            is_handlers = "instance" in other.body and other.path == f"/tools/{name}"
            if is_handlers and other.body.replace(name, "status") == answer.body != other.body:
                return True
    return False


def _is_caught(route: RouteState, facts: Facts) -> bool:
    """Return whether a path beside a route that no agent has is answered with success, as the route is."""
    return bool(_ANSWERED_WELL.search(route.detail)) and _knows_unknown_paths(facts)


def _knows_unknown_paths(facts: Facts) -> bool:
    nowhere = answered(facts, Question.NOWHERE)
    return any(answer.status == 404 and answer.path.count("/") == 1 for answer in nowhere)  # noqa: PLR2004 - RFC 9110 section 15.5.5


def _caught_prefixes(facts: Facts) -> frozenset[str]:
    """Return the prefixes below which one handler takes whatever is asked; a page for every path is no handler."""
    nowhere = answered(facts, Question.NOWHERE)
    if not _knows_unknown_paths(facts):
        return frozenset()
    return frozenset(
        f"/{answer.path.split('/')[1]}/"
        for answer in nowhere
        if answer.path.count("/") > 1 and is_success(answer) and answer.json is not None
    )


def _written_and_out_of_reach(facts: Facts) -> Iterator[RouteState]:
    """Routes of optional profiles that the target lacks altogether, although its code was to have them.

    A profile that no code writes, or that stands behind a switch, is one that the build does without.
    """
    lacked = missing_routes(facts)
    kinds = {"declared-not-mounted", "prefix-differs", "shadowed"}
    findings = [finding for finding in (facts.code.findings if facts.code else ()) if finding.kind in kinds]
    for route in facts.routes_in(Cell.ABSENT):
        if route not in lacked and any(_is_about(finding, route) for finding in findings):
            yield route


def _confidence(members: Sequence[tuple[RouteState, _Explained]]) -> float:
    surest = max(told.confidence for _, told in members)
    return surest if any(route.state is Cell.ABSENT for route, _ in members) else min(surest, _LOOKS_ABSENT)


def _seen(routes: Sequence[RouteState]) -> Evidence:
    # What proves it is enough here; what proves it twice stands in the facts.
    shown = routes[0].detail.partition("; ")[0]
    if len(routes) == 1:
        return Evidence(shown, _PROBES)
    return Evidence(f"{len(routes)} routes answer like paths that do not exist: {named(routes)}; {shown}", _PROBES)


def _title(cause: str, routes: Sequence[RouteState]) -> str:
    what = f"{len(routes)} routes" if len(routes) > 1 else routes[0].name
    return {
        "route-not-mounted": f"The code declares {what}, and nothing mounts them where callers ask.",
        "stale-image": f"What runs was built from an older state of the source: it lacks {what}.",
        "route-missing": f"The agent does not have {what}.",
        "route-shadowed": f"Another handler answers in place of {what}.",
    }[cause].replace(f"{what}, and nothing mounts them", f"{what}, and nothing mounts {_them(routes)}")


def _them(routes: Sequence[RouteState]) -> str:
    return "them" if len(routes) > 1 else "it"


def _explained(route: RouteState, facts: Facts) -> _Explained:
    code = facts.code
    told = code.route(route.method, route.path) if code else None
    if code is None or told is None:
        return _Explained("route-missing", 0.9, "", "")
    return _by_finding(route, code) or _by_image(told, code, facts) or _by_source(told, code, facts)


def _by_finding(route: RouteState, code: CodeFacts) -> _Explained | None:
    """Findings of drift that name the route's own trouble."""
    words = {
        "declared-not-mounted": ("route-not-mounted", 0.95),
        "prefix-differs": ("route-not-mounted", 0.94),
        "conditional": ("route-not-mounted", 0.85),
        "shadowed": ("route-shadowed", 0.93),
    }
    # What the image shows is nearer to what runs than its source.
    for where in ("image", "source"):
        for finding in code.findings:
            if finding.where == where and finding.kind in words and _is_about(finding, route):
                if where == "source" and code.image and _image_cell(code, route) is Cell.ABSENT:
                    continue
                cause, confidence = words[finding.kind]
                return _Explained(cause, confidence, _sentence(finding), f"{where}: drift", is_own=False)
    return None


def _image_cell(code: CodeFacts, route: RouteState) -> Cell | None:
    told = code.route(route.method, route.path)
    return told.image if told else None


def _is_about(finding: CodeFinding, route: RouteState) -> bool:
    wanted = (route.method, canonical_path(route.path))
    for name in finding.routes:
        method, _, path = name.partition(" ")
        if (method, canonical_path(path)) == wanted:
            return True
    return False


def _sentence(finding: CodeFinding) -> str:
    return f"{finding.title.rstrip('.')}{f' ({finding.place})' if finding.place else ''}"


def _by_image(told: CodeRoute, code: CodeFacts, facts: Facts) -> _Explained | None:
    place = f" ({told.image_place})" if told.image_place else ""
    by_image = "image: its code"
    match told.image:
        case Cell.DECLARED:
            said = f"the image declares it{place} and mounts it nowhere"
            return _Explained("route-not-mounted", 0.93, said, by_image)
        case Cell.CONDITIONAL:
            said = f"the image mounts it{place} only under a condition"
            return _Explained("route-not-mounted", 0.85, said, by_image)
        case Cell.SHADOWED:
            said = f"in the image another route answers in its place{place}"
            return _Explained("route-shadowed", 0.9, said, by_image)
        case Cell.ABSENT:
            return _Explained(*_NOT_IN_IMAGE.get(told.source, _NOT_IN_EITHER), "source and image: their code")
        case Cell.MOUNTED:
            said = f"the image {code.image} has it{place}: what runs is not that image"
            return _Explained("stale-image", 0.92 if _runs_another_image(facts) else 0.75, said, by_image)
        case _:
            return None


_NOT_IN_EITHER = "route-missing", 0.92, "the image does not have it"
_NOT_IN_IMAGE: Mapping[Cell | None, tuple[str, float, str]] = {
    Cell.MOUNTED: ("stale-image", 0.95, "the source mounts it, the image does not have it"),
    Cell.CONDITIONAL: ("stale-image", 0.85, "the source mounts it under a condition, the image does not have it"),
    Cell.SHADOWED: ("stale-image", 0.85, "the source has it, though shadowed, and the image does not"),
    Cell.DECLARED: ("route-not-mounted", 0.9, "the source declares it and mounts it nowhere; the image lacks it"),
}

_IN_SOURCE: Mapping[Cell | None, tuple[str, float, str]] = {
    Cell.DECLARED: ("route-not-mounted", 0.92, "the source declares it{place} and mounts it nowhere"),
    Cell.CONDITIONAL: ("route-not-mounted", 0.82, "the source mounts it{place} only under a condition"),
    Cell.SHADOWED: ("route-shadowed", 0.9, "in the source another route answers in its place{place}"),
    Cell.MOUNTED: ("stale-image", 0.85, "the source mounts it{place}: what runs is no build of this source"),
    Cell.ABSENT: ("route-missing", 0.9, "the source does not have it either"),
}


def _by_source(told: CodeRoute, code: CodeFacts, facts: Facts) -> _Explained:
    place = f" ({told.source_place})" if told.source_place else ""
    unknown = f"whether the code has it is not known: {code.problems[0] if code.problems else 'it could not be told'}"
    cause, confidence, said = _IN_SOURCE.get(told.source, ("route-missing", 0.85, unknown))
    surer = 0.95 if cause == "stale-image" and any(_lag(facts)) else confidence
    return _Explained(cause, surer, said.replace("{place}", place), "source: its code")


def _received(facts: Facts, routes: Sequence[RouteState]) -> Iterator[Evidence]:
    """The log shows the failing requests: they reach the agent, and its routing is what fails."""
    if not facts.log_lines:
        return
    fixed = [route.path.partition("{")[0].rstrip("/") for route in routes]
    for line in reversed(facts.log_lines):
        if " 404" in line.text and "dtmac-" in line.text and any(path in line.text for path in fixed):
            yield Evidence(
                f"the agent's log shows that such requests reach it: {line.text.strip()}", "log: of the agent"
            )
            return


def _would_tell(cause: str, facts: Facts) -> tuple[str, ...]:
    if cause == "route-missing" and (facts.code is None or not (facts.code.source or facts.code.image)):
        return ("--source and --image would tell whether they are written, mounted by nothing, or not in the image",)
    if cause in {"stale-image", "route-not-mounted"} and facts.code is not None and not facts.code.image:
        return ("--image would show what was shipped",)
    return ()


def _lag(facts: Facts) -> Iterator[Evidence]:
    code = facts.code
    if code is None:
        return
    if code.commits_behind:
        yield Evidence(
            f"the image was built from {code.image_revision[:12] or 'an older commit'}, {code.commits_behind} commits "
            f"behind the source's {code.source_commit[:12]}",
            "image: label org.opencontainers.image.revision",
        )
    docker = facts.docker
    container = docker.agent_container if docker else None
    if docker is None or container is None:
        return
    if container.revision and code.source_commit and not _same_commit(container.revision, code.source_commit):
        yield of_container(
            container,
            docker,
            f"the image that runs was built from {container.revision[:12]}, the source is at {code.source_commit[:12]}",
        )
    if _runs_another_image(facts):
        yield of_container(
            container, docker, f"the container runs {container.image_id[:19]}, not {code.image} ({code.image_id[:19]})"
        )


def _same_commit(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _runs_another_image(facts: Facts) -> bool:
    container = facts.docker.agent_container if facts.docker else None
    code = facts.code
    return bool(code and container and code.image_id and container.image_id and code.image_id != container.image_id)


def stale_container(facts: Facts) -> Iterator[Suspicion]:
    """Answers of another shape, from an image that lies behind its source."""
    if missing_routes(facts) or not facts.broken_promises or not is_agent(facts):
        return
    evidence = tuple(_lag(facts))
    if evidence:
        first = next(iter(facts.broken_promises.values()))
        yield Suspicion("stale-image", 0.7, (*evidence, Evidence(first, "http: answers against the contract")))


def route_shadowed(facts: Facts) -> Iterator[Suspicion]:
    """A route that answers, but not by its own handler."""
    if not is_agent(facts):
        return
    wrong = {route.operation: route for route in facts.routes if _is_open(route, facts)}
    odd = {r.operation: r for r in facts.routes_in(Cell.MOUNTED) if r.operation in facts.broken_promises}
    for finding in facts.code.findings if facts.code else ():
        if finding.kind != "shadowed":
            continue
        hit = [route for route in (*wrong.values(), *odd.values()) if _is_about(finding, route)]
        if hit:
            said = f"{hit[0].name} {'lets everyone in' if hit[0].operation in wrong else 'answers in another shape'}"
            yield Suspicion(
                "route-shadowed",
                0.95,
                (
                    Evidence(f"{said}; {hit[0].detail}", _PROBES),
                    Evidence(_sentence(finding), f"{finding.where}: drift"),
                ),
                title=f"Another handler answers in place of {hit[0].name}.",
                remedy=finding.remedy,
            )
            return
    if wrong:
        first = next(iter(wrong.values()))
        said = f"without a token, {named(wrong.values())} is answered by a handler, where others refuse"
        evidence = [Evidence(said, _PROBES)]
        status = facts.answer(Question.MCP_STATUS_WITHOUT_TOKEN)
        if status is not None and is_success(status) and first.path == status.path:
            evidence.insert(0, of_answer(status))
        yield Suspicion(
            "route-shadowed",
            0.7,
            tuple(evidence),
            title=f"{first.name} lets everyone in, as where another handler is registered before its router.",
            would_tell=("--source would show what is registered first",) if facts.code is None else (),
        )


def _is_open(route: RouteState, facts: Facts) -> bool:
    """Return whether a route lets everyone in that asks for a token by contract, while others do ask."""
    if route.state is not Cell.MOUNTED or route.secured is not False:
        return False
    if route.operation in _PUBLIC:
        return False
    return any(other.secured for other in facts.routes)


_PUBLIC = {"core.service", "core.health", "core.status"}


def _accepts(answer: Answer) -> bool:
    """Return whether a deploy is accepted; some agents refuse it in the body of a success."""
    refuses = answer.member("success") is False or bool(answer.member("error"))
    return is_success(answer) and not refuses


def stub_deployment(facts: Facts) -> Iterator[Suspicion]:
    """A deploy of an image that cannot resolve is accepted."""
    accepted = [answer for answer in answered(facts, Question.UNRESOLVABLE_DEPLOY) if _accepts(answer)]
    if not accepted or not is_agent(facts):
        return
    answer = accepted[0]
    said = f"a deploy of an image that no registry has is answered {answer.describe(120)}"
    evidence = [of_answer(answer, said)]
    docker = facts.docker
    if docker and not docker.problem and not any(each.name.startswith("dtmac-") for each in docker.containers):
        evidence.append(Evidence("no container came of it", f"docker: list of {docker.endpoint}"))
    # Where routes are gone with it, the code that asks for the token is too; a whole agent may lack only its secrets.
    explains = ("authentication-open",) if missing_routes(facts) else ()
    yield Suspicion("stub-deployment", 0.97, tuple(evidence), explains=explains)
